"""packaging/quickstart shows a call being coached, for real."""

import json
import os
import re
import signal
import subprocess
import time

import coachtest
from coachtest import BUILD, SOURCE, validate

QUICKSTART = SOURCE / "packaging" / "quickstart"
CALL = SOURCE / "tests" / "cases" / "broadband.ndjson"


def replayed():
    """(rule, time) of each nudge that `coach replay --json` finds in the call."""
    out = subprocess.run([BUILD / "bin/coach", "replay", "--json", "--rules", SOURCE / "rules/core-en", CALL],
                         capture_output=True, text=True, check=True).stdout
    nudges = [json.loads(l) for l in out.splitlines()]
    for n in nudges:
        validate(n, "nudge")
    return [(n["rule"], f'{n["at_ms"] // 60000:02}:{n["at_ms"] // 1000 % 60:02}') for n in nudges]


def test_it_shows_the_nudges_of_the_call():
    """The quick start shows exactly the nudges of `coach replay --json`, both sides talking, and ends well."""
    p = subprocess.run([QUICKSTART, "--build", BUILD, "--speed", "40"], capture_output=True, text=True, timeout=400)
    assert p.returncode == 0, p.stdout + p.stderr
    shown = re.findall(r"╰─ (\S+) ─+ (\d\d:\d\d) ─╯", p.stdout)
    assert shown == replayed() and len(shown) >= 3, (shown, replayed())
    said = [json.loads(l)["text"] for l in CALL.read_text().splitlines() if '"text"' in l]
    flat = re.sub(r"\s+", " ", p.stdout)
    missing = [t for t in said if re.sub(r"\s+", " ", t) not in flat]
    assert not missing, missing
    assert f"{len(shown)} nudges" in p.stdout and "What to try next" in p.stdout
    vendor = p.stdout[p.stdout.index("The same from a recogniser"):]
    assert "00:08 important dismissive-calm-down" in vendor, vendor


def test_serve_keeps_the_daemon():
    """--serve keeps the daemon running, prints how to send a line by hand, and ends with Ctrl-C, leaving nothing behind."""
    p = subprocess.Popen([QUICKSTART, "--build", BUILD, "--speed", "100", "--serve"], stdout=subprocess.PIPE, text=True,
                         start_new_session=True)
    try:
        out = ""
        while "status --runtime-dir" not in out:
            line = p.stdout.readline()
            assert line, out
            out += line
        folder = re.search(r"status --runtime-dir (\S+)", out).group(1)
        by_hand = re.search(r"echo '(\{.*?\})'", out).group(1)
        sent = subprocess.run([BUILD / "bin/coach", "send", "--runtime-dir", folder], input=by_hand + "\n", text=True, timeout=60)
        assert sent.returncode == 0
        status = subprocess.run([BUILD / "bin/coach", "status", "--json", "--runtime-dir", folder], capture_output=True, text=True)
        assert json.loads(status.stdout)["nudges"]["shown"] == len(replayed()) + 2, status.stdout
        os.killpg(p.pid, signal.SIGINT)
        assert p.wait(60) in (0, 130)
        for _ in range(100):
            if not os.path.exists(folder):
                break
            time.sleep(0.05)
        assert not os.path.exists(folder)
    finally:
        if p.poll() is None:
            os.killpg(p.pid, signal.SIGKILL)
        p.wait()
        p.stdout.close()


if __name__ == "__main__":
    coachtest.main(globals())
