"""What a running daemon says of its writers: coach status --connections, status by format, metrics."""

import datetime
import json
import re
import subprocess
import threading

import coachtest
from coachtest import BUILD, TIRELESS, Daemon, say, wait_for

CALM = "well you need to calm down sir"
COACH = BUILD / "bin" / "coach"


def connections(daemon, **more):
    reply = daemon.control("connections", **more)
    assert len(reply["connections"]) + reply["left_out"] == reply["open"], reply
    return reply["connections"]


def metrics(daemon):
    """{family: {labels: value}} of the samples."""
    found = {}
    for name, labels, value in re.findall(r"^(\w+?)(?:_total)?(?:{(.*)})? (\d+)$", daemon.control("metrics")["metrics"], re.M):
        found.setdefault(name, {})[labels] = int(value)
    return found


def by_code(samples, coder):
    """The samples above 0, by their code."""
    return {re.search(coder, labels).group(1): n for labels, n in samples.items() if n > 0 and re.search(coder, labels)}


def settled(daemon, lines):
    """Waits until so many lines were counted, whatever became of them."""
    count = lambda: sum(t["lines"] for t in daemon.status()["formats"].values())
    wait_for(f"{lines} lines, seen {count()}", lambda: count() == lines, 60)


def test_a_connection_tells_what_it_sends():
    """Each connection is listed with its format, lines, events, interim results and finals, and errors by code."""
    with Daemon() as d, d.ingest(call_id="c-1", agent_id="sam") as w:
        w.send(say("c-1", "hello", is_final=False), say("c-1", "hello there", is_final=False), say("c-1", "hello there"),
               [say("c-1", "one"), say("c-1", "two")], b"oops\n", b'{"call_id":"c-1"}\n' * 2, {"type": "hop"},
               {"type": "call_end", "call_id": "c-1", "colour": "red"}, b"\n")
        settled(d, 11)
        [c] = connections(d)
        assert c["format"] == "coachd" and c["call_id"] == "c-1", c
        assert (c["lines"], c["ok"], c["events"], c["interim"], c["final"]) == (11, 7, 7, 2, 3), c
        assert c["errors"] == {"bad_json": 1, "missing_field": 2, "unknown_type": 1} and c["ignored"] == 0, c
        assert c["unknown_fields"] == 1 and "lag" not in c, c
        assert c["pid"] > 0 and c["idle_ms"] <= c["age_ms"], c


def test_lag_is_beyond_the_quickest_line_or_after_its_ts():
    """Without a wall clock lag counts from the quickest line, with ts from that; skew tells the two sides apart."""
    now = lambda: datetime.datetime.now(datetime.timezone.utc)
    with Daemon() as d, d.ingest() as w, d.ingest() as dated:
        w.send(*(say("c-1", f"line {i}", end_ms=e) for i, e in enumerate((90000, 89000, 60000))),
               say("c-1", "hello", role="customer", end_ms=85000))
        dated.send(say("c-2", "hello", end_ms=1, ts=(now() - datetime.timedelta(seconds=1000)).isoformat()))
        settled(d, 5)
        relative, absolute = (c["lag"] for c in connections(d))
        assert relative["basis"] == "quickest_line" and relative["finals"] == 4, relative
        assert abs(relative["p50_ms"] - 1000) < 500 and abs(relative["max_ms"] - 30000) < 500, relative
        assert abs(relative["skew_ms"] - 5000) < 500, relative
        assert absolute["basis"] == "ts" and 1000 * 1000 <= absolute["p50_ms"] == absolute["max_ms"], absolute
        assert "skew_ms" not in absolute, absolute


def test_the_worst_connections_come_first():
    """Connections with most errors come first, then the busiest; those beyond the limit are counted."""
    with Daemon() as d:
        writers = {name: d.ingest(call_id=name) for name in ("quiet", "busy", "faulty", "worst")}
        writers["busy"].send(*(say("busy", "hello") for _ in range(50)))
        writers["faulty"].send(b"oops\n")
        writers["worst"].send(b"oops\n", b'{"type":"hop"}\n')
        settled(d, 57)
        names = lambda **more: [c["call_id"] for c in connections(d, **more)]
        assert names() == ["worst", "faulty", "busy", "quiet"]
        assert names(limit=2) == ["worst", "faulty"]
        assert names(limit=0) == [] and names(limit=-1) == []
        for w in writers.values():
            w.close()
        wait_for("the end", lambda: d.control("connections")["open"] == 0)


def test_a_page_of_connections_is_bounded():
    """However many are open, a reply lists 500 at most and stays below 1 MiB."""
    with Daemon() as d:
        writers = [d.ingest(call_id='"' * 124 + f"{i:04}", agent_id="sam") for i in range(600)]
        for w in writers:
            w.send(say('"' * 128, "hello", end_ms=1), say('"' * 128, "hello", role="customer", end_ms=1), b"oops\n")
        settled(d, 4 * 600)
        page = d.control("connections", limit=100000)
        assert len(page["connections"]) == 500 and page["left_out"] == 100, page["left_out"]
        assert len(json.dumps(page)) < 1024 * 1024
        assert len(connections(d)) == 100
        print(f"         a page of 500: {len(json.dumps(page)) // 1024} KiB")
        for w in writers:
            w.close()


def test_people_can_read_it():
    """coach status --connections prints one line a connection and says what lag means; --json prints the reply."""
    with Daemon() as d, d.ingest(call_id="c-1", agent_id="sam") as w, d.ingest() as quiet:
        w.send(say("c-1", "hello", end_ms=5000), say("c-1", "hello", role="customer", end_ms=5000), b"oops\n" * 3)
        quiet.send(b"\n")
        settled(d, 7)
        run = lambda *a: subprocess.run([COACH, "status", "--runtime-dir", d.run, *a], capture_output=True, text=True, timeout=60)
        shown = run("--connections")
        rows = shown.stdout.splitlines()
        assert shown.returncode == 0 and "quickest line" in shown.stdout, shown
        assert re.match(r" +\d+ coachd +c-1 +\d+s +6 +3 +0 +2 +\+\d+/\+\d+ +-?\d+  bad_json 3$", rows[1]), rows[1]
        assert re.match(r" +\d+ coachd +- +\d+s +1 +0 +0 +0 +- +-  $", rows[2]), rows[2]
        coachtest.validate(json.loads(run("--connections", "--json").stdout), "connections")
        both = run("--connections", "--calls")
        assert both.returncode == 2 and "one at a time" in both.stderr, both
        assert re.search(r"formats *\n  coachd *\n    lines +7\n", run().stdout)


def test_what_has_gone_still_counts_for_its_format():
    """The totals of a format hold what connections sent that are gone; metrics and status agree."""
    with Daemon() as d:
        for _ in range(3):
            with d.ingest() as w:
                w.send(say("c-1", "hello"), b"oops\n")
        settled(d, 6)
        assert d.status()["formats"]["coachd"] == {"lines": 6, "ok": 3, "events": 3, "interim": 0, "final": 3, "ignored": 0,
                                                   "errors": {"bad_json": 3}}
        m = metrics(d)
        assert m["coachd_format_lines"] == {'format="coachd"': 6} and m["coachd_format_events"] == {'format="coachd"': 3}
        assert m["coachd_format_errors"]['format="coachd",code="bad_json"'] == 3
        assert m["coachd_format_errors"]['format="coachd",code="too_deep"'] == 0


# ---- malformed traffic at full speed ----

ROUNDS = 40000
# What one round of the flood holds, and what is to be counted of it.
FLOOD = [(b"oops\n", "bad_json"), (b'{"call_id":"x",oops}\n', "bad_json"), (b'{"call_id":"x\0y"}\n', "bad_json"),
         (b'{"call_id":"x","role":"agent","text":"caf\xe9"}\n', "bad_utf8"), (b"[" * 40 + b"]" * 40 + b"\n", "too_deep"),
         (b'{"call_id":"flood","role":"robot","text":"you need to calm down"}\n', "bad_field"),
         (b'{"call_id":"flood","role":"agent"}\n', "missing_field"), (b'{"type":"hop","call_id":"flood"}\n', "unknown_type"),
         (b'{"call_id":"flood","channel":7,"text":"you need to calm down"}\n', "unmapped_channel"),
         (b'{"type":"hello","format":"no-such"}\n', "unknown_format"),
         (b'{"call_id":"flood","role":"customer","text":"hello"}\n', "ok")]
LONG_EVERY = 100
LONG = b"x" * 70000 + b"\n"


def flood(writer, told):
    """Sends the whole flood, and keeps every error line that comes back."""
    reader = threading.Thread(target=lambda: told.extend(iter(writer.receive, None)))
    reader.start()
    writer.socket.settimeout(120)
    piece = b"".join(line for line, _ in FLOOD)
    for _ in range(ROUNDS // LONG_EVERY):
        writer.send(piece * LONG_EVERY, LONG)
    return reader


def flooded():
    """{result: lines}."""
    sent = {"too_long": ROUNDS // LONG_EVERY}
    for _, result in FLOOD:
        sent[result] = sent.get(result, 0) + ROUNDS
    return sent


def good_call(daemon, agent, writer):
    """The nudges of a call that is told line by line, without what differs from run to run."""
    writer.send({"type": "call_start", "call_id": "good", "agent_id": "sam"})
    seen = []
    for i in range(40):
        writer.send(say("good", f"line {i} of the customer", role="customer", segment_id=f"c{i}"),
                    say("good", CALM, segment_id=f"a{i}", is_final=False), say("good", CALM + " now", segment_id=f"a{i}"))
        seen.append(agent.skip_to("nudge", 60))
    return [{k: v for k, v in n.items() if k not in ("ts", "timing", "at_ms")} for n in seen]


GOOD_LINES = 1 + 40 * 3


def test_a_flood_of_bad_lines_leaves_a_good_call_alone():
    """Beside a flood of every kind of bad line a good call gets the nudges that it gets alone; error lines stay few, and
    lines sent = lines ok + errors by code, in status, in the connection's own figures and in the metrics."""
    with Daemon(rules=TIRELESS) as d, d.agent("sam") as sam, d.ingest() as w:
        alone = good_call(d, sam, w)
    with Daemon(rules=TIRELESS) as d, d.agent("sam") as sam, d.ingest() as w, d.ingest() as loud:
        told, reader = [], []
        flooding = threading.Thread(target=lambda: reader.append(flood(loud, told)))
        flooding.start()
        assert good_call(d, sam, w) == alone and len(alone) == 40
        during = d.status()["formats"]["coachd"]["lines"] - GOOD_LINES
        flooding.join(120)
        sent = flooded()
        lines = sum(sent.values())
        settled(d, lines + GOOD_LINES)
        errors = {code: n for code, n in sent.items() if code != "ok"}
        status, m, listed = d.status(), metrics(d), connections(d)
        assert {k: n for k, n in status["errors"].items() if n} == errors, status["errors"]
        assert status["lines"]["ok"] == sent["ok"] + GOOD_LINES and status["lines"]["no_memory"] == 0, status["lines"]
        assert by_code(m["coachd_lines"], 'result="(.*)"') == {**errors, "ok": sent["ok"] + GOOD_LINES}, m["coachd_lines"]
        assert by_code(m["coachd_format_errors"], 'format="coachd",code="(.*)"') == errors, m["coachd_format_errors"]
        assert m["coachd_format_lines"] == {'format="coachd"': lines + GOOD_LINES}, m["coachd_format_lines"]
        assert [(c["lines"], c["ok"], c["errors"]) for c in listed] == [
            (lines, sent["ok"], errors), (GOOD_LINES, GOOD_LINES, {})], listed
        age_s = listed[0]["age_ms"] / 1000
        wait_for("the last of each run", lambda: accounted(list(told)) == errors)
        loud.socket.shutdown(2)
        reader[0].join(60)
        for code in errors:
            said = sum(e["code"] == code for e in told)
            assert said <= age_s + 3, (code, said, age_s)
        print(f"         {lines} lines of flood in {age_s:.1f} s, {during} beside the call; {len(told)} error lines")


def accounted(told):
    """{code: lines} that error lines stand for: themselves and those left out before them."""
    total = {}
    for e in told:
        total[e["code"]] = total.get(e["code"], 0) + 1 + e["dropped"]
    return total


coachtest.main(globals())
