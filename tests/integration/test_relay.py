"""coach send --connect: what a recogniser's WebSocket server says, to the daemon."""

import json
import socket
import subprocess
import tempfile

import coachtest
from coachtest import BUILD, Daemon, wait_for
from wsserver import BINARY, CLOSE, PING, PONG, TEXT, Server

COACH = str(BUILD / "bin" / "coach")
CALM = '{\n  "text" : "well you need to calm down"\n}'
ONE = ("--format", "vosk", "--call", "c1", "--agent", "sam", "--role", "agent")


def relay(d, url, *args, code=0, stdin=b""):
    p = subprocess.run([COACH, "send", "--runtime-dir", str(d.run), "--connect", url, *args], input=stdin, capture_output=True, timeout=60)
    assert p.returncode == code, f"{p.returncode}\n{p.stderr.decode()}"
    return p.stderr.decode()


def test_messages_of_a_server_become_nudges():
    """What the server says reaches the daemon; the connection's end ends the call."""
    def serve(c):
        request, headers = c.shake_hands()
        assert request == "GET /listen?model=a HTTP/1.1" and headers["host"].endswith(str(server.port)), (request, headers)
        for text in ('{"partial" : "well you need"}', CALM, '{"text" : ""}'):
            c.text(text)
        c.close()
    with Daemon() as d, d.agent("sam") as sam, Server(serve) as server:
        relay(d, server.url + "/listen?model=a", *ONE)
        assert sam.skip_to("nudge")["rule"] == "test-calm"
        assert sam.skip_to("call_ended")["call_id"] == "c1"


def test_frames_of_every_kind():
    """Messages in several frames, long ones, binary ones, empty ones, pings between them: each is taken for what it is."""
    def serve(c):
        c.shake_hands()
        c.frame(TEXT, CALM[:10], fin=False)
        c.frame(PING, b"are you there")
        c.frame(0, CALM[10:20], fin=False)
        c.frame(0, CALM[20:])
        assert c.receive() == (PONG, b"are you there")
        c.frame(BINARY, b"\xff\x00" * 40000)
        c.text("")
        c.text(json.dumps({"partial": "so " * 1000}))
        c.text(json.dumps({"text": "so " * 30000}))
        c.text('{"text": "the end"}')
        c.close()
    with Daemon() as d, Server(serve) as server:
        err = relay(d, server.url, *ONE, code=1)
        assert err == "coach send: message 4: too_long: the message is longer than 64 KiB\n", err
        assert d.status()["lines"]["ok"] == 1 + 3


def hears_vosk(heard):
    """A server that answers sound as Vosk's does: with words after each piece, and for the last time after eof."""
    def serve(c):
        c.shake_hands()
        while True:
            op, data = c.receive()
            if op == TEXT:
                heard.append(json.loads(data))
                if "eof" in heard[-1]:
                    break
            elif op == BINARY:
                heard.append(data)
                c.text('{"partial" : "well"}')
        c.text(CALM)
        c.close()
    return serve


def test_sound_is_sent_along():
    """A Vosk server answers who sends it the sound: --audio tells it the rate, sends all of it in whole samples, and says
    when it is over."""
    sound = bytes(range(250)) * 100 + b"odd"
    for args, stdin in ((("--audio", "-"), sound), (("--audio", "FILE"), b"")):
        heard = []
        with Daemon() as d, d.agent("sam") as sam, Server(hears_vosk(heard)) as server, tempfile.NamedTemporaryFile() as file:
            file.write(sound)
            file.flush()
            relay(d, server.url, *ONE, "--fast", "--rate", "8000", *(file.name if a == "FILE" else a for a in args), stdin=stdin)
            assert sam.skip_to("nudge")["rule"] == "test-calm"
        assert heard[0] == {"config": {"sample_rate": 8000}} and heard[-1] == {"eof": 1}, (heard[0], heard[-1])
        assert all(len(piece) % 2 == 0 for piece in heard[1:-1]) and b"".join(heard[1:-1]) == sound[:-1]


def test_sound_that_comes_in_crumbs():
    """Sound that comes byte by byte is sent in whole samples, and nothing of it is lost."""
    heard = []
    with Daemon() as d, d.agent("sam") as sam, Server(hears_vosk(heard)) as server:
        with subprocess.Popen([COACH, "send", "--runtime-dir", d.run, "--connect", server.url, *ONE, "--fast", "--audio", "-"],
                              stdin=subprocess.PIPE) as p:
            for crumb, whole in ((b"abc", b"ab"), (b"d", b"abcd"), (b"efg", b"abcdef"), (b"hij", b"abcdefghij")):
                p.stdin.write(crumb)
                p.stdin.flush()
                wait_for("the whole samples", lambda: b"".join(heard[1:]) == whole)
            p.stdin.close()
            assert p.wait(60) == 0
        assert sam.skip_to("nudge")["rule"] == "test-calm"


def test_a_server_that_forgets_to_close():
    """A server that has heard the end of the sound and falls silent is left; what it said counts."""
    def serve(c):
        c.shake_hands()
        while (frame := c.receive())[1] != b'{"eof":1}':
            assert frame[0] is not None
        c.text(CALM)
        ends.append(c.receive())
    ends = []
    with Daemon() as d, d.agent("sam") as sam, Server(serve) as server:
        relay(d, server.url, *ONE, "--audio", "/dev/null")
        assert sam.skip_to("nudge")["rule"] == "test-calm"
        assert ends == [(CLOSE, b"\x03\xe8")], ends


def test_what_cannot_work_says_so():
    """A wrong URL, TLS, a server that is no WebSocket, sound for a server that hears elsewhere: exit 2 or 1 and what to do."""
    def refuse(c):
        c.shake_hands(**answers.pop())
        c.receive()
    answers = [{"accept": "bm8="}, {"status": "403 Forbidden"}]
    with Daemon() as d:
        for url, args, words in (("wss://example.org/", ONE, "socat"), ("http://coach.example/", ONE, "ws://HOST:PORT"), ("ws://:80/", ONE, "ws://HOST:PORT"),
                                 ("ws://x/", (), "--format"), ("ws://x/", ("--format", "auto", "--audio", "-"), "--audio")):
            assert words in relay(d, url, *args, code=2), (url, words)
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        err = relay(d, f"ws://127.0.0.1:{port}", *ONE, "--give-up", "300ms", code=2)
        assert f"port {port}" in err and "gave up" in err, err
        with Server(refuse) as server:
            assert "403 Forbidden" in relay(d, server.url, *ONE, code=1)
            assert "handshake" in relay(d, server.url, *ONE, code=1)


def test_a_server_that_breaks_off_is_reported():
    """A connection that ends without a close, or frames against the protocol: what came counts, exit 1."""
    def serve(c):
        c.shake_hands()
        c.text(CALM)
        c.socket.sendall(ending)
    bits, away = "bits that nobody agreed on", "went away in the middle"
    for ending, words in ((b"\x81\x85mask", bits), (b"\xf1\x00", bits), (b"\x81\x7f" + b"\xff" * 8, "a frame of"), (b"\x80\x00", "mixes up"),
                          (b"\x01\x00\x81\x00", "mixes up"), (b"\x89\x7e\x00\x80", "too long"), (b"\x09\x00", "too long"),
                          (b"\x83\x00", "of kind 3"), (b"", away), (b"\x81\x05he", away)):
        with Daemon() as d, d.agent("sam") as sam, Server(serve) as server:
            err = relay(d, server.url, *ONE, code=1)
            assert err.startswith("coach send: connection: the server ") and words in err and err.count("\n") == 1, (ending, err)
            assert sam.skip_to("nudge")["rule"] == "test-calm"


if __name__ == "__main__":
    coachtest.main(globals())
