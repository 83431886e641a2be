"""What the gateway spends on peers that have not shown who they are, and what senders are told when coachd refuses."""
import base64
import hmac
import json
import pathlib
import socket
import tempfile

import coachtest
from coachtest import Daemon, say, wait_for
from gatewaytest import Answer, Gateway, request, token

INGEST = "/v1/ingest/coachd"
SECRET = b"0123456789abcdef0123456789abcdef"


def write(folder, name):
    path = pathlib.Path(folder) / name
    path.write_bytes(SECRET)
    path.chmod(0o600)
    return path


def head(target, length, **headers):
    return request("POST", target, Content_Length=length, **headers)


def test_credentials_before_body():
    """Who may not write, or writes where nothing is, is told when the head has come and not a byte of the body."""
    with Daemon() as d, tempfile.TemporaryDirectory() as folder, \
            Gateway(d, "--token-keys", write(folder, "main.key"), "--request-timeout", "300s", anonymous=False) as g:
        g.ready()
        right = {"Authorization": "Bearer " + token(SECRET)}
        rows = [(INGEST, {}, 401), (INGEST, {"Expect": "100-continue"}, 401), (INGEST, {"Authorization": "Basic eDp5"}, 401),
                (INGEST, {"X_Twilio_Signature": "x"}, 401), ("/none", right, 404), ("/metrics", right, 405),
                (INGEST, {"Origin": "https://evil.example", **right}, 403)]
        for target, headers, status in rows:
            with g.connect() as s:
                s.sendall(head(target, 60000, **headers))
                assert Answer.read(s).status == status, (target, headers)
        body = json.dumps(say("c1", "hello")).encode()
        with g.connect() as s:
            s.sendall(head(INGEST, len(body), **right))
            for i in range(len(body)):
                s.sendall(body[i:i + 1])
            assert Answer.read(s).status == 200
        assert g.metrics()['access_total{outcome="token"}'] == 1


def test_bodies_without_proof():
    """Bodies whose signature can only be checked when they are whole are read while they are few; then others wait."""
    with Daemon() as d, tempfile.TemporaryDirectory() as folder, \
            Gateway(d, "--twilio-secret", write(folder, "twilio"), "--public-url", "https://coach.example",
                    "--request-timeout", "300s", anonymous=False) as g:
        g.ready()
        kind = {"Content_Type": "application/x-www-form-urlencoded"}
        held = [g.connect() for _ in range(64)]
        for s in held:
            s.sendall(head(INGEST, 65536, X_Twilio_Signature="x", **kind) + b"x")
        wait_for("all to be read", lambda: g.post(INGEST, b"x", X_Twilio_Signature="x", **kind).status == 503)
        for s in held[:32]:
            s.close()
        signed = base64.b64encode(hmac.digest(SECRET, b"https://coach.example" + INGEST.encode() + b"textx", "sha1"))
        wait_for("room", lambda: g.post(INGEST, b"text=x", X_Twilio_Signature=signed.decode(), **kind).status != 503)
        assert g.metrics()['access_total{outcome="signature"}'] == 1
        for s in held:
            s.close()


def test_refused_by_the_daemon():
    """A webhook is told of the lines that coachd had no room for."""
    with Daemon("--max-calls", "1") as d, Gateway(d) as g:
        g.ready()
        assert g.post(INGEST, say("c1", "hello")).status == 200
        for _ in range(3):
            answer = g.post(INGEST, say("c2", "hello"))
            assert answer.status == 503 and b"too many calls" in answer.body, (answer.status, answer.body)
            assert "retry-after" in answer.headers
        answer = g.post(INGEST, [say("c2", "a"), say("c1", "b"), say("c3", "c")])
        told = json.loads(answer.body)
        assert (answer.status, told["accepted"], told["refused"]) == (200, 1, 2), told
        assert [p["code"] for p in told["problems"]] == ["limit_calls"] * 2, told
        assert g.post(INGEST, say("c1", "still here")).status == 200
        assert d.status()["formats"]["coachd"]["errors"]["limit_calls"] == 5


def test_lines_that_grow():
    """A message that is longer as a line of coachd's than one may be is refused, and nothing waits for it."""
    with Daemon() as d, Gateway(d) as g:
        g.ready()
        answer = g.post(INGEST, b'{"call_id":"c1","role":"agent","text":"' + b"\x7f" * 20000 + b'"}')
        assert answer.status == 400 and b"too long" in answer.body, (answer.status, answer.body)
        assert g.metrics()["queue_bytes"] == 0
        assert d.status()["calls"]["live"] == 0


def lines(connection, n):
    data = b""
    connection.settimeout(coachtest.PATIENCE)
    while data.count(b"\n") < n:
        piece = connection.recv(65536)
        assert piece, data
        data += piece
    return [json.loads(line) for line in data.splitlines()]


def test_lines_without_segments():
    """Lines that name no utterance are given one, the same when they are sent again, so that they count once."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        listening.settimeout(coachtest.PATIENCE)
        listening.bind(folder + "/ingest.sock")
        listening.listen()
        with Gateway(folder) as g:
            first, _ = listening.accept()
            with g.websocket(INGEST + "?call_id=c1") as w:
                w.send({"role": "agent", "text": "so", "is_final": False}, {"role": "agent", "text": "so it is"},
                       {"role": "agent", "text": "no"}, {"role": "customer", "text": "no"},
                       {"role": "agent", "text": "named", "segment_id": "s1"}, {"type": "call_end"},
                       {"role": "agent", "text": "anew"})
                _, *sent = lines(first, 8)
                ids = [line.get("segment_id") for line in sent]
                assert ids[0] == ids[1] and ids[4] == "s1" and ids[5] is None, ids
                assert len({*ids}) == 6, ids
                first.close()
                second, _ = listening.accept()
                _, *again = lines(second, 8)
                assert again == sent, again
                second.sendall(b'{"type":"ack","seq":7}\n')
                wait_for("the ack", lambda: g.metrics()["queue_bytes"] == 0)
                second.sendall(b'{"type":"ack","seq":7}\n{"type":"error","seq":3,"code":"x","message":"y"}\n')
                w.send({"role": "agent", "text": "more"})
                lines(second, 1)
                second.close()


if __name__ == "__main__":
    coachtest.main(globals())
