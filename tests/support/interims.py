"""Interim results for recorded calls, invented from their finals: what a recogniser would have said on the way.

    python3 tests/support/interims.py --seed 7 call.ndjson > with-interims.ndjson

Canonical events in, canonical events out, the call's own interim results replaced. The words of a final are spread evenly
over its time; every 300 to 700 ms of it an interim result says those spoken so far, bare as recognisers give them. How
each segment is told is drawn from STYLES, and a few are disturbed on the way (see DISTURBANCES). Finals keep their order
and their text. The same seed gives the same bytes."""

import argparse
import json
import random
import re
import sys

STYLES = ("plain", "revised", "mistaken", "stability", "stable_len", "seq", "append", "tail", "none")
DISTURBANCES = ("late", "again", "older", "final again")
DISTURBED = 0.3  # of the segments

# What a recogniser hears at the tip of a line and takes back with the next revision.
TIPS = ("the", "down", "colm", "nor", "policy", "sorry to", "because", "no why", "upset")
# What it believes for two revisions and more, and which was never said.
MISTAKES = ("you need to calm down now", "that is not my fault at all", "it is our policy okay",
            "i am so sorry about that now", "i will raise an r m a now", "whatever you say then")


def bare(text):
    """The words as a hypothesis has them: lower case, no punctuation but the apostrophes within."""
    words = re.sub(r"[^\w' ]+", " ", text.lower().replace("\u2019", "'")).split()
    return [w for w in (word.strip("'") for word in words) if w]


def is_line(event):
    return event.get("type", "transcript") == "transcript"


def is_final(event):
    return event.get("is_final", True)


def told(final, words, start, end, **more):
    """One interim result of the segment of `final`."""
    event = {key: final[key] for key in ("type", "call_id", "role", "channel", "segment_id") if key in final}
    return {**event, "is_final": False, "text": words, "start_ms": start, "end_ms": end, **more}


def moments(random_, start, end, count):
    """(words spoken so far, when the last of them ended), at steps of a recogniser; the last word is the final's."""
    at, said = start, 0
    while (at := at + random_.randrange(300, 701)) < end:
        k = count * (at - start) // (end - start)
        if said < k < count:
            said = k
            yield k, start + (end - start) * k // count


def tell(random_, style, final):
    """The interim results of one final, in their order."""
    words, start, end = bare(final["text"]), final["start_ms"], final["end_ms"]
    if style == "none" or end <= start or not words:
        return []
    events, sent = [], 0
    wrong = random_.choice(MISTAKES) if style == "mistaken" else ""
    steps = list(moments(random_, start, end, len(words)))
    for i, (k, at) in enumerate(steps):
        text = " ".join(words[:k])
        more = {}
        if style == "revised" and i % 2 == 0:
            text = " ".join(words[:max(0, k - random_.randrange(1, 3))] + [random_.choice(TIPS)])
        elif style == "mistaken" and i >= len(steps) - 3:
            text += " " + wrong
        elif style == "stability":
            more["stability"] = random_.randrange(0, 10) / 10
        elif style == "stable_len":
            more["stable_len"] = len(" ".join(words[:max(0, k - 2)]).encode())
        elif style == "append":
            more["append"] = True
            text = (" " if sent else "") + " ".join(words[sent:k])
        elif style == "tail":
            settled = " ".join(words[:max(1, k - 2)])
            events.append(told(final, settled, start, at, stability=0.9))
            more["stability"] = 0.1
        sent = k
        events.append(told(final, text, start, at, **more))
    return events


def disturb(random_, style, events, final):
    """[(how much later than in turn, event)] of a segment: its interim results, the final, and what goes wrong."""
    lines = [(0, e) for e in events] + [(0, final)]
    if random_.random() >= DISTURBED:
        return lines
    what = random_.choice(DISTURBANCES)
    if what == "final again":
        lines.append((random_.randrange(0, 900), dict(final)))
    elif what == "late" and events:
        lines.append((random_.randrange(1, 900), dict(events[-1])))
    elif what == "again" and events and style != "append":  # an added piece that came twice would be said twice
        i = random_.randrange(len(events))
        lines.insert(i + 1, (0, dict(events[i])))
    elif what == "older" and len(events) > 1 and style != "append":
        i = random_.randrange(1, len(events))
        lines.insert(i + 1, (0, dict(events[i - 1])))
    return lines


def with_interims(events, seed, style=None, recv=False):
    """The events of one call with interim results for its finals, in order of arrival. `style` is one of STYLES for all
    segments, else each has its own; with `recv` every line carries recv_ms, and finals come up to 400 ms after their
    words."""
    events = list(events)
    random_ = random.Random(f"{seed} {events[0]['call_id'] if events else ''}")
    lines = []  # (arrival, place in the file, event)
    last = 0
    for event in events:
        if not is_line(event):
            ends = event["type"] == "call_end"  # nothing comes after it, late or not
            lines.append((float("inf") if ends else last, len(lines), dict(event)))
            continue
        if not is_final(event):
            continue
        last = max(last, event.get("end_ms", last))
        if not all(key in event for key in ("start_ms", "end_ms", "segment_id")):
            lines.append((last, len(lines), dict(event)))
            continue
        own = style or random_.choice(STYLES)
        delay = random_.randrange(0, 401) if recv else 0
        for late, e in disturb(random_, own, tell(random_, own, event), dict(event)):
            arrival = e["end_ms"] + (delay if is_final(e) else 0)
            if late:
                arrival = event["end_ms"] + delay + late
            elif not is_final(e) and lines and lines[-1][2].get("segment_id") == event["segment_id"]:
                arrival = max(arrival, lines[-1][0])  # older ones and doubles come where they stand
            lines.append((arrival, len(lines), {**e, "_style": own}))
    lines.sort(key=lambda line: line[:2])
    out = []
    for seq, (arrival, _, event) in enumerate(lines):
        if event.pop("_style", None) == "seq":
            event["seq"] = seq
        if recv and is_line(event):
            event["recv_ms"] = arrival
        out.append(event)
    return out


def read(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def ndjson(events):
    return "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in events)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--style", choices=STYLES, help="of all segments; unless given, each has its own")
    parser.add_argument("--recv", action="store_true", help="give every line its time of arrival (recv_ms)")
    parser.add_argument("file", nargs="+", help="a call each")
    given = parser.parse_args()
    for path in given.file:
        sys.stdout.write(ndjson(with_interims(read(path), given.seed, given.style, given.recv)))


if __name__ == "__main__":
    main()
