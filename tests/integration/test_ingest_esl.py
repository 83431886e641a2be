"""coach ingest-esl: FreeSWITCH's event socket, as it frames what it says, to the daemon."""

import contextlib
import json
import os
import pathlib
import queue
import socket
import subprocess
import tempfile
import threading

import coachtest
from coachtest import BUILD, Daemon, wait_for

COACH = str(BUILD / "bin" / "coach")
PASSWORD = "Clue Cön"
MAPPING = """\
mapping: freeswitch
about: A switch for tests
messages:
  - when:
      Event-Name: CUSTOM
    gives: transcript
    call: Unique-ID
    channel: Call-Direction
    text: _body.alternatives.0.transcript
    final: _body.is_final
  - when:
      Event-Name: CHANNEL_HANGUP_COMPLETE
    gives: call_end
    call: Unique-ID
samples:
  - message: |
      {"Event-Name": "CHANNEL_HANGUP_COMPLETE", "Unique-ID": "a"}
    gives: |
      {"type": "call_end", "call_id": "a"}
"""


def said(text, call="c1", final=True, pad=""):
    body = json.dumps({"is_final": final, "alternatives": [{"confidence": 0.9, "transcript": text}]}, ensure_ascii=False)
    return {"Event-Name": "CUSTOM", "Event-Subclass": "google_transcribe::transcription", "Unique-ID": call,
            "Call-Direction": "inbound", "variable_pad": pad, "Content-Length": str(len(body)), "_body": body}


def hangup(call="c1"):
    return {"Event-Name": "CHANNEL_HANGUP_COMPLETE", "Unique-ID": call}


class Switch:
    """FreeSWITCH's side of the event socket: asks for the password, then sends what tests put into its queue, a dict as an
    event, bytes as they are, None for the end of the connection."""

    def __init__(self, password=PASSWORD, known=True):
        self.password, self.known = password, known
        self.queue = queue.Queue()
        self.asked = []
        self.logins = 0
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                with self.listening.accept()[0] as c, contextlib.suppress(OSError):
                    self.serve(c)

    @staticmethod
    def command(stream):
        line = stream.readline().decode().rstrip("\n")
        assert stream.readline() == b"\n"
        return line

    def serve(self, c):
        stream = c.makefile("rb")
        c.sendall(b"Content-Type: auth/request\n\n")
        if self.command(stream) != f"auth {self.password}":
            c.sendall(b"Content-Type: command/reply\nReply-Text: -ERR invalid\n\nContent-Type: text/disconnect-notice\nContent-Length: 5\n\nBye.\n")
            return
        c.sendall(b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n")
        self.asked.append(self.command(stream))
        if not self.known:
            c.sendall(b"Content-Type: command/reply\nReply-Text: -ERR no keywords supplied\n\n")
            return
        c.sendall(b"Content-Type: command/reply\nReply-Text: +OK event listener enabled json\n\n")
        self.logins += 1
        while (event := self.queue.get()) is not None:
            c.sendall(event if isinstance(event, bytes) else self.block(event))

    @staticmethod
    def block(event):
        text = json.dumps(event, ensure_ascii=False).encode()
        return b"Content-Length: %d\nContent-Type: text/event-json\n\n" % len(text) + text

    def say(self, *events):
        for e in events:
            self.queue.put(e)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.say(None)
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.thread.join(20)


@contextlib.contextmanager
def relaying(d, port, *args, password=PASSWORD, mode=0o600):
    """The relay running, with what it says on stderr in a file."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "password").touch(mode)
        (folder / "password").write_text(password + "\nnot this\n")
        (folder / "freeswitch.yaml").write_text(MAPPING)
        with open(folder / "stderr", "wb") as err:
            p = subprocess.Popen([COACH, "ingest-esl", "--runtime-dir", str(d.run), "--port", str(port), "--password-file", folder / "password",
                                  "--formats", folder / "freeswitch.yaml", "--agent", "sam", "--channel", "inbound=agent", *args], stderr=err)
        p.said = lambda: (folder / "stderr").read_text()
        try:
            yield p
        finally:
            if p.poll() is None:
                p.kill()
            p.wait()
        assert not password or password not in p.said()


def test_what_a_switch_recognises_becomes_nudges():
    """Events of two calls, cut anywhere on their way, with words beyond ASCII and a body counted in bytes: nudges, and the
    end of a call at its hangup."""
    blocks = b"".join(map(Switch.block, (said("grüß gott", "c2"), said("well you need to calm", final=False), said("well you need to calm down"))))
    with Daemon() as d, d.agent("sam") as sam, Switch() as switch, relaying(d, switch.port) as p:
        switch.say(*(blocks[i:i + 7] for i in range(0, len(blocks), 7)))
        n = sam.skip_to("nudge")
        assert (n["call_id"], n["said"]) == ("c1", "you need to calm down"), n
        late = Switch.block(said("and another thing"))
        switch.say(late[:-1])
        coachtest.time.sleep(0.1)  # long enough for a relay that does not wait for the last byte to go wrong
        switch.say(late[-1:], hangup(), said("you need to calm down", "c2"))
        assert sam.skip_to("call_ended")["call_id"] == "c1"
        assert sam.skip_to("nudge")["call_id"] == "c2"
        assert switch.asked == ["event json DETECTED_SPEECH CHANNEL_HANGUP_COMPLETE CUSTOM google_transcribe::transcription "
                                "aws_transcribe::transcription azure_transcribe::transcription deepgram_transcribe::transcription"]
        assert p.said() == "", p.said()


def test_events_can_be_chosen():
    """--event asks for others: those of a module as subclasses of CUSTOM, wherever they are named."""
    with Daemon() as d, Switch() as switch, relaying(d, switch.port, "--event", "my::words", "--event", "DETECTED_SPEECH", "--event", "my::ends"):
        wait_for("the subscription", lambda: switch.logins)
        assert switch.asked == ["event json DETECTED_SPEECH CUSTOM my::words my::ends"]


def test_bad_events_are_said_and_nothing_else_is_lost():
    """Events that are too long, no JSON, or of nobody's concern: each is said with its number, but not
    more than ten a minute, and the next counts."""
    broken = b"Content-Type: text/event-json\nContent-Length: 9\n\n{\"broken\""
    other = b"content-type: log/data\r\ncontent-length: 4\r\n\r\nhi\n\n\n\n"
    long = b"Content-Length: 300000\nContent-Type: text/event-json\n\n" + b"x" * 300000
    with Daemon() as d, d.agent("sam") as sam, Switch() as switch, relaying(d, switch.port) as p:
        switch.say(broken, other, long, said("hello there", pad="x" * 100000), {"Event-Name": "HEARTBEAT"}, said("well you need to calm down"))
        assert sam.skip_to("nudge")["call_id"] == "c1"
        lines = p.said().splitlines()
        assert [line.split(": ")[1:3] for line in lines] == [["event 1", "bad_json"], ["event 2", "too_long"], ["event 4", "unknown_type"]], lines
        switch.say(*[broken] * 50, said("sorry but that is our policy"))
        wait_for("the last of them", lambda: d.status()["lines"]["ok"] == 1 + 3)
        assert len(p.said().splitlines()) == 10, p.said()


def test_both_sides_may_come_back():
    """A switch that goes away is tried again; a killed daemon gets what it had not acknowledged, once."""
    with Daemon() as d, Switch() as switch, relaying(d, switch.port) as p:
        switch.say(said("hello"), None)
        wait_for("the second login", lambda: switch.logins == 2)
        switch.say(None)
        wait_for("the third login", lambda: switch.logins == 3)
        wait_for("the first line", lambda: d.status()["lines"]["ok"] == 2)
        d.kill()
        switch.say(said("well you need to calm down"))
        wait_for("the daemon to be missed", lambda: "cannot connect" in p.said())
        d.start()
        with d.agent("sam") as sam:
            switch.say(said("and then"))
            assert sam.skip_to("nudge")["call_id"] == "c1"
        wait_for("all lines", lambda: d.status()["lines"]["ok"] == 1 + 2)
        assert p.said().count("ended the connection; trying again") == 2, p.said()


def test_it_keeps_little_while_the_daemon_is_away():
    """Without a daemon the switch is held up instead of memory being filled."""
    if coachtest.sanitized():
        coachtest.skip("memory figures mean nothing under a sanitizer")
    with tempfile.TemporaryDirectory() as folder, Switch() as switch:
        class Absent:
            run = pathlib.Path(folder)
        with relaying(Absent, switch.port) as p:
            wait_for("the login", lambda: switch.logins)
            switch.say(*[said("hello", pad="x" * 60000)] * 2000)
            left = [-1, switch.queue.qsize()]

            def stands_still():
                left.append(switch.queue.qsize())
                return left[-1] == left[-15:][0] and len(left) > 20
            wait_for("the switch to be held up", lambda: not coachtest.time.sleep(0.05) and stands_still())
            assert left[-1] > 500, left
            rss = next(int(line.split()[1]) for line in pathlib.Path(f"/proc/{p.pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
            assert rss < 16384, rss
            p.kill()
        with contextlib.suppress(queue.Empty):
            while True:
                switch.queue.get_nowait()


def test_what_cannot_work_says_so():
    """No password, a wrong one, no event socket, unknown events, nobody there: exit 2, what to do, and never the password."""
    def ends(p):
        assert p.wait(30) == 2
        return p.said()
    clean = {k: v for k, v in os.environ.items() if k != "COACH_ESL_PASSWORD"}
    p = subprocess.run([COACH, "ingest-esl"], capture_output=True, text=True, timeout=60, env=clean)
    assert p.returncode == 2 and "--password-file" in p.stderr, p.stderr
    with Daemon() as d:
        with Switch() as switch, relaying(d, switch.port, password="something else") as p:
            assert "does not take the password" in ends(p)
        with Switch(known=False) as switch, relaying(d, switch.port) as p:
            assert "--event" in ends(p)
        with Switch() as switch, relaying(d, switch.port, password="") as p:
            p.wait(30)
            assert "a password of" in p.said()
        with relaying(d, 1, mode=0o604) as p:
            p.wait(30)
            assert "chmod o=" in p.said(), p.said()
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            with relaying(d, port, "--give-up", "300ms") as p:
                c = other.accept()[0]
                c.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")
                wait_for("the complaint", lambda: "no event socket" in p.said())
                c.close()
                p.kill()
        with relaying(d, port, "--give-up", "300ms") as p:
            assert f"port {port}" in ends(p) and "gave up" in p.said()


if __name__ == "__main__":
    coachtest.main(globals())
