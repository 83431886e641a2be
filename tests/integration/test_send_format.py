"""coach send --format: a vendor's messages decoded where they come from, each event until it has taken effect."""

import json
import signal
import subprocess

import coachtest
from coachtest import BUILD, TIRELESS, Daemon, wait_for

COACH = str(BUILD / "bin" / "coach")
CHANNELS = ("--channel", "0=customer", "--channel", "1=agent")


def deepgram(start, text, channel=1, final=True):
    """One message, on a line."""
    return json.dumps({"type": "Results", "channel_index": [channel, 2], "start": start, "duration": 1.0, "is_final": final,
                       "speech_final": final, "channel": {"alternatives": [{"transcript": text, "confidence": 0.9}]}}) + "\n"


def vosk(text, final=True):
    """One message as the server prints it: over several lines."""
    return json.dumps({"text" if final else "partial": text}, indent=2) + "\n"


def send(d, *args, stdin="", code=0):
    p = subprocess.run([COACH, "send", "--runtime-dir", str(d.run), *args], input=stdin, capture_output=True, text=True, timeout=60)
    assert p.returncode == code, f"{p.returncode}\n{p.stderr}"
    return p.stderr


def start(d, *args):
    return subprocess.Popen([COACH, "send", "--runtime-dir", str(d.run), *args], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def nudges(sam, n):
    return [sam.skip_to("nudge") for _ in range(n)]


def test_messages_of_a_vendor_become_nudges():
    """A vendor's messages on stdin, two channels, interims and finals: the daemon has the call as if by its own lines."""
    talk = deepgram(0, "hello there", 0) + deepgram(2, "you need to calm", final=False) + deepgram(2, "You need to calm down.")
    with Daemon() as d, d.agent("sam") as sam:
        send(d, "--format", "deepgram", "--call", "c1", "--agent", "sam", *CHANNELS, stdin=talk)
        [n] = nudges(sam, 1)
        assert (n["call_id"], n["rule"], n["segment_id"]) == ("c1", "test-calm", "1:2000"), n


def test_a_format_is_recognised():
    """With --format auto the messages say what they are; coachd's own lines too, whose interims stay together."""
    own = "".join(json.dumps({"call_id": "c2", "agent_id": "sam", "role": "agent", "text": t, "is_final": f}) + "\n"
                  for t, f in (("you need to calm down", False), ("you need to calm down now please", True)))
    with Daemon() as d, d.agent("sam") as sam:
        send(d, "--format", "auto", "--call", "c1", "--agent", "sam", "--role", "agent", stdin=vosk("you need to calm down"))
        assert nudges(sam, 1)[0]["call_id"] == "c1"
        send(d, "--format", "auto", stdin=own)
        [n] = nudges(sam, 1)
        assert (n["call_id"], n["segment_id"]) == ("c2", "send-1"), n
        [call] = [c for c in d.control("calls")["calls"] if c["call_id"] == "c2"]
        assert (call["lines"], call["interim"], call["shown"]) == (1, 1, 1), call


def test_problems_name_their_line():
    """What cannot be used is said on stderr with its line and code; the rest is sent; exit 1."""
    talk = deepgram(0, "hello there", 0) + '{"nonsense\n' + deepgram(1, "who is this", 5) + deepgram(2, "you need to calm down")
    with Daemon() as d, d.agent("sam") as sam:
        err = send(d, "--format", "deepgram", "--call", "c1", "--agent", "sam", *CHANNELS, stdin=talk, code=1)
        assert "line 2: bad_json" in err and "line 3: unmapped_channel" in err and err.count("\n") == 2, err
        assert nudges(sam, 1)[0]["rule"] == "test-calm"


def test_what_cannot_begin_says_so():
    """A format that there is not, a channel written wrong, a folder without mapping files: exit 2 and what to do."""
    with Daemon() as d:
        for args, words in ((("--format", "deepgran", "--call", "c"), "unknown_format: "), (("--format", "vosk", "--channel", "0"), "0=customer"),
                            (("--channel", "0=agent"), "--format"), (("--format", "vosk", "--formats", "/no/such"), "/no/such")):
            assert words in send(d, *args, code=2), (args, words)
        assert d.status()["lines"]["ok"] == 0


def interrupted(d, p, lines):
    """Gives `p` the lines so that the daemon, stopped, has taken none of the second half; kills it; starts it again."""
    half = len(lines) // 2
    p.stdin.write("".join(lines[:half]))
    p.stdin.flush()
    wait_for("the first half", lambda: d.status()["lines"]["ok"] == 1 + half)
    d.signal(signal.SIGSTOP)
    p.stdin.write("".join(lines[half:]))
    p.stdin.flush()
    d.signal(signal.SIGKILL)
    d.wait()
    d.start()


def ids_until_the_end(sam):
    """The ids of the nudges up to the end of the call, or of the daemon."""
    ids = []
    while (m := sam.receive()) is not None and m["type"] != "call_ended":
        ids += [m["nudge_id"]] if m["type"] == "nudge" else []
    return ids


def test_nothing_counts_twice_after_a_restart():
    """After a killed and restarted daemon what was not acknowledged is sent again: no nudge is missing, and one that comes
    from both daemons, because an acknowledgement was lost, has the same id and is the same nudge."""
    lines = [deepgram(n, "well you need to calm down" if n % 10 == 9 else f"line number {n}") for n in range(60)]
    args = ("--format", "deepgram", "--call", "c1", "--agent", "sam", *CHANNELS)
    with Daemon(rules=TIRELESS) as d, d.agent("sam") as sam:
        send(d, *args, stdin="".join(lines))
        undisturbed = ids_until_the_end(sam)
    with Daemon(rules=TIRELESS) as d:
        p = start(d, *args)
        try:
            with d.agent("sam") as sam:
                interrupted(d, p, lines)
                before = ids_until_the_end(sam)
            with d.agent("sam", resume="none") as sam:  # also what was found before it came
                _, err = p.communicate(timeout=60)
                assert p.returncode == 0, err
                after = ids_until_the_end(sam)
        finally:
            p.kill()
    assert before == undisturbed[:3] and after[-3:] == undisturbed[3:] and len(undisturbed) == 6, (before, after, undisturbed)
    assert set(after[:-3]) <= set(before) and len(set(after)) == len(after), (before, after)


def test_made_up_segments_survive_a_restart():
    """A vendor without segment ids: those made up stay the same when sent again, and differ between runs."""
    lines = [vosk("you need to calm", final=False), vosk("you need to calm down sir", final=False), vosk("you need to calm down sir please")]
    seen = []
    for _ in range(2):
        with Daemon() as d:
            p = start(d, "--format", "vosk", "--call", "c1", "--agent", "sam", "--role", "agent")
            try:
                d.signal(signal.SIGSTOP)
                p.stdin.write("".join(lines))
                p.stdin.flush()
                d.signal(signal.SIGKILL)
                d.wait()
                d.start()
                with d.agent("sam", resume="none") as sam:
                    _, err = p.communicate(timeout=60)
                    assert p.returncode == 0, err
                    seen.append(nudges(sam, 1)[0]["segment_id"])
            finally:
                p.kill()
            assert d.status()["nudges"]["shown"] == 1
    assert seen[0] != seen[1] and all(s.endswith("u1") for s in seen), seen


if __name__ == "__main__":
    coachtest.main(globals())
