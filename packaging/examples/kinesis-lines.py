#!/usr/bin/python3
"""Prints what comes into a Kinesis stream from now on, one record a line: kinesis-lines.py STREAM [REGION].

Needs boto3 and the right to read the stream (kinesis:ListShards, GetShardIterator, GetRecords)."""

import sys
import time

import boto3

PAUSE = 0.25  # seconds; a shard may be asked five times a second


def newest(kinesis, stream):
    """An iterator for each shard, behind its newest record."""
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        yield kinesis.get_shard_iterator(StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="LATEST")["ShardIterator"]


def main(stream, region=None):
    kinesis = boto3.client("kinesis", region_name=region)
    places = list(newest(kinesis, stream))
    while places:
        answers = [kinesis.get_records(ShardIterator=place) for place in places]
        for answer in answers:
            for record in answer["Records"]:
                print(record["Data"].decode().replace("\n", " "))
        sys.stdout.flush()
        places = [a["NextShardIterator"] for a in answers if a.get("NextShardIterator")]
        time.sleep(PAUSE)


main(*sys.argv[1:])
