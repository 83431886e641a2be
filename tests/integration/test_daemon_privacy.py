"""What is said in a call stays out of everything but the nudges of its agent."""

import secrets

import coachtest
from coachtest import Daemon, say

CALM = "well you need to calm down"


def test_no_text_reaches_log_status_or_metrics():
    """A thousand unique texts, good and bad, at log level debug: none in the log, status, calls, connections or metrics."""
    marks = [f"zq{secrets.token_hex(6)}" for _ in range(1000)]
    with Daemon("--log-level", "debug") as d, d.agent("sam") as sam, d.ingest() as w:
        for i, mark in enumerate(marks):
            shapes = (
                say(f"c-{i}", f"{CALM} {mark}", agent_id="sam"),
                say(f"c-{i}", mark, role="customer"),
                b'{"call_id":"c","role":"agent","text":"%s\n' % mark.encode(),
                b'%s\n' % mark.encode(),
                b'{"call_id":"c","role":"agent","text":"%s \xff"}\n' % mark.encode(),
                b'{"call_id":"c","role":"%s","text":"x"}\n' % mark.encode(),
                {"type": mark, "call_id": "c"},
                say("c", mark * 9000),
                {"call_id": "c", "role": "agent", "text": [mark]},
                {"call_id": "c", mark: 1, "role": "agent", "text": "x"},
                b'{"call_id":"c","%s":1,"%s":2}\n' % (mark.encode(), mark.encode()),
                {"type": "call_end", "call_id": f"c-{i}", "reason": mark},
                {"type": "hello", "format": mark},
                {"type": "hello", "channels": {mark: mark}},
            )
            w.send(shapes[i % len(shapes)])
        sam.send(*({"type": marks[i]} for i in range(10)), b"%s\n" % marks[11].encode(),
                 {"type": "feedback", "nudge_id": marks[12], "verdict": marks[13]},
                 {"type": "mute", "rule": marks[14], "call_id": marks[15]})
        coachtest.wait_for("the last line", lambda: sum(d.status()["errors"].values()) + d.status()["lines"]["ok"] >= 1000)
        # "you need to calm down" is a rule's own phrase; what a nudge quotes is checked here to have been sent
        assert sam.skip_to("nudge")["said"] == "you need to calm down"
        d.signal(1)
        d.control("reload")
        said = {"the status": repr(d.status()), "the calls": repr(d.control("calls")),
                "the connections": repr(d.control("connections")),
                "the metrics": d.control("metrics")["metrics"]}
        d.stop()
        said["the log"] = d.log()
        assert "refused code=" in said["the log"]
        for where, text in said.items():
            found = [m for m in marks if m in text]
            assert not found, (where, found[:3])
            assert "calm down" not in text, where


def test_error_lines_do_not_quote():
    """The error line that goes back to a writer names the field or the byte, never what was said."""
    mark = f"zq{secrets.token_hex(6)}"
    with Daemon() as d:
        for bad in (b'{"call_id":"c","role":"agent","text":"%s\n', b'%s\n', b'{"text":"%s \xff"}\n',
                    b'{"role":"%s","call_id":"c","text":"x"}\n', b'{"type":"%s"}\n', b'{"call_id":"c","text":"%s","text":"a"}\n'):
            with d.ingest() as w:
                w.send(bad % mark.encode())
                e = w.expect("error")
                assert mark not in repr(e), e


coachtest.main(globals())
