#!/usr/bin/python3
"""Tells coachd what Asterisk recognised. Needs nothing but Python's standard library; see extensions.conf beside it.

    AGI(coach-agi.py,say,ROLE[,AGENT[,TEXT]])       one utterance: TEXT, or SPEECH_TEXT(0) when it is left out
    EAGI(coach-agi.py,listen,ROLE,AGENT,ws://...)   all that the caller says, heard by a Vosk server
    AGI(coach-agi.py,end)                           the call is over; in the extension h

The call is known by its agi_uniqueid, or by the variable COACH_CALL where two channels belong to one call. The variable
COACH_STATUS is OK or FAILED afterwards; the call itself goes on in any case."""

import json
import os
import signal
import socket
import sys

SOCKET = os.environ.get("COACH_INGEST", "/run/coachd/ingest.sock")
PATIENCE = 2  # seconds that a call may wait for coachd
HEARD_HZ = 8000  # of the sound that EAGI gives a script


def command(text):
    """Gives Asterisk one command; returns its answer, or what is in brackets behind it."""
    print(text, flush=True)
    answer = sys.stdin.readline().strip()
    if answer.startswith("200 result=1 ("):
        return answer[len("200 result=1 ("):].rstrip(")")
    return ""


def environment():
    """What Asterisk says first: agi_uniqueid and the rest."""
    facts = {}
    for line in iter(sys.stdin.readline, "\n"):
        if not line:
            break
        name, _, value = line.rstrip("\n").partition(": ")
        facts[name] = value
    return facts


def send(event):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(PATIENCE)
        s.connect(SOCKET)
        s.sendall(json.dumps(event).encode() + b"\n")


def say(call, role, agent="", text=""):
    event = {"call_id": call, "role": role, "text": text or command("GET VARIABLE SPEECH_TEXT(0)")}
    if agent:
        event["agent_id"] = agent
    if event["text"].strip():
        send(event)


def listen(call, role, agent, url):
    """Becomes coach send, which gives the recogniser the sound that EAGI puts on descriptor 3."""
    os.execlp("coach", "coach", "send", "--runtime-dir", os.path.dirname(SOCKET), "--connect", url, "--format", "vosk",
              "--audio", "/dev/fd/3", "--rate", str(HEARD_HZ), "--fast", "--call", call, "--agent", agent, "--role", role)


def end(call):
    send({"type": "call_end", "call_id": call, "reason": "hangup"})


def main():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # Asterisk's way to say that the caller hung up
    facts = environment()
    words = [facts[f"agi_arg_{n}"] for n in range(1, 6) if f"agi_arg_{n}" in facts]
    try:
        call = command("GET VARIABLE COACH_CALL") or facts["agi_uniqueid"]
        {"say": say, "listen": listen, "end": end}[words[0]](call, *words[1:])
        status = "OK"
    except (OSError, LookupError, TypeError) as e:
        command(f'VERBOSE "coach-agi: {type(e).__name__}: {e}" 1')
        status = "FAILED"
    command(f"SET VARIABLE COACH_STATUS {status}")


main()
