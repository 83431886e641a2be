"""Calls that come over the network: a webhook, a WebSocket, and what becomes of them at the agent's desk."""
import asyncio
import json
import os
import socket
import subprocess
import tempfile
import threading
import time

import coachtest
import gatewaytest
from coachtest import Daemon, say, skip, wait_for
from gatewaytest import Gateway

CALM = "you need to calm down"
INGEST = "/v1/ingest/coachd"


def nudge_of(agent, call):
    """The next nudge, which must be of this call."""
    nudge = agent.skip_to("nudge")
    assert nudge["call_id"] == call, nudge
    return nudge


def test_webhook():
    """A line that was posted reaches the agent as a nudge, and the answer says that it took effect."""
    with Daemon() as d, Gateway(d) as g:
        g.ready()
        with d.agent("sam") as agent:
            answer = g.post(INGEST, say("c1", CALM, agent_id="sam"))
            assert (answer.status, answer.json()) == (200, {"accepted": 1}), answer.body
            assert d.status()["calls"]["live"] == 1, "answered before it took effect"
            assert nudge_of(agent, "c1")["said"] == CALM


def test_websocket():
    """A call over a WebSocket, bound by its query, is coached, and ends with the connection."""
    with Daemon() as d, Gateway(d) as g:
        with d.agent("sam") as agent:
            with g.websocket(INGEST + "?call_id=c%201&agent_id=sam&channels=0:customer,1:agent") as w:
                w.send({"channel": 0, "text": CALM}, {"channel": 1, "text": "well " + CALM})
                assert nudge_of(agent, "c 1")["said"] == CALM
                w.close()
            ended = agent.skip_to("call_ended")
            assert ended["call_id"] == "c 1", ended
        assert d.status()["calls"]["live"] == 0


def test_a_side_each():
    """Of two WebSockets of one call, one for each side, the first that ends leaves the call, the last one ends it."""
    with Daemon() as d, Gateway(d) as g, d.agent("sam") as agent:
        customer = g.websocket(INGEST + "?call_id=c1&agent_id=sam")
        with g.websocket(INGEST + "?call_id=c1&agent_id=sam") as w:
            customer.send({"role": "customer", "text": "good morning"})
            agent.skip_to("call_started")
            customer.close()
            g.metrics()  # a turn of the loop later
            w.send({"role": "agent", "text": CALM})
            assert nudge_of(agent, "c1")["said"] == CALM
            assert d.status()["calls"]["live"] == 1
            w.close()
        assert agent.skip_to("call_ended")["call_id"] == "c1"
        assert d.status()["calls"]["started"] == 1, d.status()["calls"]


def test_end_without_goodbye():
    """A WebSocket that breaks ends its call too; one that said call_end does not end it twice."""
    with Daemon() as d, Gateway(d) as g:
        with d.agent("sam") as agent:
            w = g.websocket(INGEST + "?call_id=c1&agent_id=sam")
            w.send({"role": "agent", "text": "hello"})
            agent.skip_to("call_started")
            w.socket.close()
            assert agent.skip_to("call_ended")["call_id"] == "c1"
            with g.websocket(INGEST + "?call_id=c2&agent_id=sam") as w:
                w.send({"role": "agent", "text": "hello"}, {"type": "call_end", "reason": "hangup"})
                assert agent.skip_to("call_ended")["call_id"] == "c2"
                w.close()
            assert g.metrics()["events_total"] == 4


def test_problems():
    """What cannot be used is told with its code, never with what was said, and the rest is used."""
    with Daemon() as d, Gateway(d) as g:
        g.ready()
        secret = "xyzzy"
        answer = g.post(INGEST, {"call_id": "c1", "text": secret})
        assert (answer.status, answer.json()["code"]) == (400, "missing_field"), answer.body
        assert secret not in answer.body.decode()
        answer = g.post(INGEST, [{"call_id": "c1", "text": secret}, say("c1", "hello")])
        assert answer.status == 200, answer.body
        told = answer.json()
        assert (told["accepted"], told["refused"], told["problems"][0]["code"]) == (1, 1, "missing_field"), told
        answer = g.post(INGEST, "{" + secret)
        assert (answer.status, answer.json()["code"]) == (400, "bad_json"), answer.body
        with g.websocket(INGEST) as w:
            w.send("{" + secret, say("c1", "still here"), {"call_id": "c1", "text": secret})
            for line, code in ((1, "bad_json"), (3, "missing_field")):
                opcode, payload = w.receive()
                message = json.loads(payload)
                coachtest.validate(message, "error")
                assert (opcode, message["line"], message["code"]) == (gatewaytest.TEXT, line, code), message
                assert secret not in payload.decode()
        metrics = g.metrics()
        assert metrics['problems_total{code="missing_field"}'] == 3, metrics
        assert metrics['problems_total{code="bad_json"}'] == 2, metrics
        assert secret not in g.log()


def test_paths():
    """Each path and method gets the answer that is its own."""
    with Daemon() as d, Gateway(d) as g:
        g.ready()
        rows = [("GET", "/healthz", None, 200), ("HEAD", "/healthz", None, 200), ("POST", "/healthz", "", 405),
                ("GET", "/", None, 404), ("GET", "/v1/ingest/", None, 404), ("POST", "/v1/ingest/Coachd", "", 404), ("POST", "/v2/ingest/coachd", "{}", 404),
                ("POST", "/v1/ingest/../x", "", 404), ("GET", INGEST, None, 426), ("HEAD", INGEST, None, 405),
                ("PUT", INGEST, "", 405), ("POST", "/v1/ingest/nosuch", "{}", 404), ("POST", INGEST, "", 200),
                ("POST", INGEST + "?nosuch=1", "{}", 400), ("POST", INGEST + "?call_id=%zz", "{}", 400),
                ("POST", INGEST + "?call_id=a&call_id=b", "{}", 400),
                ("POST", INGEST + "?channels=0:nobody", "{}", 400), ("POST", INGEST + "?channels=0", "{}", 400)]
        for method, target, body, status in rows:
            answer = g.request(method, target, body)
            assert answer.status == status, (method, target, answer.status, answer.body)
            if method == "HEAD":
                assert answer.body == b""
        assert g.post(INGEST, "x", Content_Type="multipart/form-data").status == 415
        assert g.post(INGEST, "x", Content_Encoding="gzip").status == 415
        with g.websocket("/v1/ingest/nosuch") as w:
            assert w.status == 404
        with g.websocket("/healthz") as w:
            assert w.status == 405


def test_configured_channels():
    """Who speaks on which channel may stand in the configuration, for one format."""
    with Daemon() as d, Gateway(d, "--channels", "coachd/left=customer", "--channels", "coachd/right=agent",
                                "--channels", "other/right=customer") as g:
        g.ready()
        with d.agent("sam") as agent:
            line = {"call_id": "c1", "agent_id": "sam", "channel": "right", "text": CALM}
            assert g.post(INGEST, line).status == 200
            nudge_of(agent, "c1")
            assert g.post(INGEST, {**line, "channel": "middle"}).json()["code"] == "unmapped_channel"
            assert g.post(INGEST + "?channels=middle:agent", {**line, "channel": "middle"}).status == 200


def test_hello_of_a_webhook():
    """A hello in one request binds nothing for the next."""
    with Daemon() as d, Gateway(d) as g:
        g.ready()
        hello = {"type": "hello", "call_id": "c1", "channels": {"0": "agent"}}
        assert g.post(INGEST, [hello, {"channel": 0, "text": "x"}]).json()["accepted"] == 1
        assert g.post(INGEST, {"channel": 0, "text": "x"}).json()["code"] == "missing_field"


def test_impatient_websocket():
    """A peer that sends its first messages together with the handshake loses none of them."""
    with Daemon() as d, Gateway(d) as g:
        with d.agent("sam") as agent, g.connect() as s:
            line = json.dumps(say("c1", CALM, agent_id="sam")).encode()
            head = gatewaytest.request("GET", INGEST, Upgrade="websocket", Connection="Upgrade",
                                       Sec_WebSocket_Key=gatewaytest.KEY.decode(), Sec_WebSocket_Version="13")
            s.sendall(head + gatewaytest.frame(gatewaytest.TEXT, line) + gatewaytest.frame(gatewaytest.PING, b"x"))
            nudge_of(agent, "c1")
            data = b""
            while not data.endswith(b"\r\n\r\n\x8a\x01x"):
                piece = s.recv(65536)
                assert piece, data
                data += piece


def test_hesitant_webhook():
    """A peer that asks before it sends a body is told to go on."""
    with Daemon() as d, Gateway(d) as g:
        g.ready()
        with g.connect() as s:
            body = json.dumps(say("c1", "hello")).encode()
            head = gatewaytest.request("POST", INGEST, body, Expect="100-continue")[:-len(body)]
            s.sendall(head)
            assert s.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
            s.sendall(body)
            assert gatewaytest.Answer.read(s).status == 200


def test_daemon_restarted():
    """Lines that come while the daemon is away reach the one that is started next; webhooks are told to wait."""
    with Daemon() as d, Gateway(d) as g:
        g.ready()
        with g.websocket(INGEST + "?call_id=c1&agent_id=sam") as w:
            w.send({"role": "agent", "text": "hello"})
            wait_for("the call", lambda: d.status()["calls"]["live"] == 1)
            d.kill()
            wait_for("the gateway to notice", lambda: g.request("GET", "/readyz").status == 503)
            assert g.request("GET", "/healthz").status == 200
            answer = g.post(INGEST, say("c2", "hello"))
            assert answer.status == 503 and "retry-after" in answer.headers, answer.body
            w.send({"role": "agent", "text": CALM})
            d.start()
            with d.agent("sam") as agent:
                g.ready()
                wait_for("the call", lambda: d.status()["calls"]["live"] == 1)
                metrics = wait_for("the acknowledgement", lambda: (m := g.metrics())["queue_bytes"] == 0 and m)
                assert metrics["upstream_connects_total"] == 2, metrics
                w.send({"role": "agent", "text": "that is our policy"})
                nudges = [agent.skip_to("nudge")["rule"]]
                agent.expect_silence()
                assert len(nudges) == 1, nudges


def test_unacknowledged_lines_are_sent_again():
    """What a daemon took without acknowledging it goes to the next one, once and in order."""
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/ingest.sock"

        def serve():
            listening = socket.socket(socket.AF_UNIX)
            listening.settimeout(coachtest.PATIENCE)
            listening.bind(path)
            listening.listen()
            return listening

        def lines(connection, n):
            data = b""
            connection.settimeout(coachtest.PATIENCE)
            while data.count(b"\n") < n:
                piece = connection.recv(65536)
                assert piece, data
                data += piece
            assert data.count(b"\n") == n, data
            return [json.loads(line) for line in data.splitlines()]

        first = serve()
        with Gateway(folder) as g:
            connection, _ = first.accept()
            with g.websocket(INGEST + "?call_id=c1") as w:
                w.send(*({"role": "agent", "text": f"line {i}", "segment_id": i} for i in range(5)))
                hello, *sent = lines(connection, 6)
                assert hello["ack"] and [line["seq"] for line in sent] == [1, 2, 3, 4, 5], (hello, sent)
                connection.sendall(b'{"type":"ack","seq":2}\n')
                wait_for("the ack", lambda: g.metrics()["queue_bytes"] > 0)
                time.sleep(0.1)
                connection.close()
                first.close()
                os.unlink(path)
                second = serve()
                connection, _ = second.accept()
                _, *again = lines(connection, 4)
                assert again == sent[2:], again
                connection.sendall(b'{"type":"ack","seq":5}\n')
                wait_for("the ack", lambda: g.metrics()["queue_bytes"] == 0)
                assert g.metrics()["upstream_resent_total"] == 3
            connection.close()
            second.close()


def test_daemon_away():
    """WebSockets are told to come back when the daemon stays away."""
    with tempfile.TemporaryDirectory() as folder, Gateway(folder, "--away-timeout", "1s") as g:
        with g.websocket(INGEST) as w:
            w.expect_close(1013)
        with g.websocket(INGEST) as w:
            assert w.status == 503


def test_full_queue():
    """A queue that coachd does not empty makes WebSockets wait, and webhooks are turned away; then both go on."""
    with tempfile.TemporaryDirectory() as folder:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(folder + "/ingest.sock")
        listening.listen()
        with Gateway(folder, "--queue", "64KiB") as g, g.websocket(INGEST + "?call_id=c1") as w:
            connection, _ = listening.accept()
            w.socket.settimeout(1)
            text = json.dumps({"role": "agent", "text": "x" * 8000}).encode()
            sent = 0
            try:
                while sent < 4000:
                    w.socket.sendall(gatewaytest.frame(gatewaytest.TEXT, text))
                    sent += 1
            except socket.timeout:
                pass
            assert sent < 4000, "nothing held the writer back"
            assert g.post(INGEST, say("c2", "x")).status == 503
            queue = g.metrics()["queue_bytes"]
            assert 64 * 1024 <= queue < 200 * 1024, queue
            connection.settimeout(coachtest.PATIENCE)
            seen = seq = 0
            w.socket.setblocking(False)
            while seq < sent:
                data = connection.recv(1 << 20)
                seen += data.count(b"\n")
                seq = seen - 1
                connection.sendall(b'{"type":"ack","seq":%d}\n' % seq)
            assert g.request("GET", "/healthz").status == 200
            connection.close()
        listening.close()


class FakeDaemon:
    """An ingest.sock that takes everything, acknowledges it and keeps it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="coach-fake-")
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(self.folder.name + "/ingest.sock")
        self.listening.listen()
        self.lines = []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        connection, _ = self.listening.accept()
        with connection, connection.makefile("rb") as lines:
            for line in lines:
                self.lines.append(json.loads(line))
                if "seq" in self.lines[-1]:
                    connection.sendall(b'{"type":"ack","seq":%d}\n' % self.lines[-1]["seq"])

    def events(self):
        return [line for line in self.lines if line["type"] != "hello"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listening.close()
        self.thread.join(coachtest.PATIENCE)
        self.folder.cleanup()


def test_webhooks_of_one_call():
    """What one webhook began another one goes on with: each sender and call has a reader of its own."""
    with FakeDaemon() as d:
        with Gateway(d.folder.name) as g:
            g.ready()
            calls = ["/v1/ingest/vosk?call_id=c%d&channels=0:agent" % i for i in (1, 2)]
            one = '{"channel":0,"payload":%s}'
            for text in ('{"partial":"i would"}', '{"partial":"i would like"}', '{"text":"i would like"}',
                         '{"partial":"that"}'):
                for call in calls:
                    answer = g.post(call, one % text)
                    assert (answer.status, answer.json()["accepted"]) == (200, 1), answer.body
        events = [e for e in d.events() if e["call_id"] == "c1"]
        assert [e["is_final"] for e in events] == [False, False, True, False], events
        ids = [e["segment_id"] for e in events]
        assert ids[0] == ids[1] == ids[2] != ids[3], ids
        assert not set(ids) & {e["segment_id"] for e in d.events() if e["call_id"] == "c2"}, "two readers, one id"


def test_vendor_over_a_websocket():
    """A recogniser's own messages, over a WebSocket whose query says the rest, become a nudge."""
    words = {"type": "Results", "channel_index": [1, 2], "start": 1.0, "duration": 1.5, "is_final": True,
             "speech_final": True, "channel": {"alternatives": [{"transcript": CALM, "confidence": 0.98, "words": []}]}}
    with Daemon() as d, Gateway(d) as g:
        for format in ("deepgram", "auto"):
            with d.agent("sam") as agent:
                target = f"/v1/ingest/{format}?call_id={format}&agent_id=sam&channels=0:customer,1:agent"
                with g.websocket(target) as w:
                    w.send(words)
                    assert nudge_of(agent, format)["said"] == CALM
                    w.close()


def test_own_mapping_files():
    """Mapping files of the site are read; one with a mistake ends the start with its place."""
    gatewaytest.need()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "own.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write("mapping: own\nnonsense: 1\n")
        done = subprocess.run([gatewaytest.GATEWAY, "--allow-anonymous", "--formats", path, "--check-config"],
                              capture_output=True, text=True, timeout=coachtest.PATIENCE)
        assert done.returncode == 78 and "own.yaml:2:1" in done.stderr, done


def test_curl():
    """curl delivers a call as a webhook, with its own headers."""
    with Daemon() as d, Gateway(d) as g:
        g.ready()
        with d.agent("sam") as agent:
            try:
                done = subprocess.run(["curl", "-sS", "-H", "Content-Type: application/json", "-H", "Expect: 100-continue",
                                       "-d", json.dumps(say("c1", CALM, agent_id="sam")),
                                       f"http://127.0.0.1:{g.port}{INGEST}"], capture_output=True, text=True,
                                      timeout=coachtest.PATIENCE)
            except FileNotFoundError:
                skip("curl is not installed")
            assert json.loads(done.stdout) == {"accepted": 1}, done
            nudge_of(agent, "c1")


def test_readme():
    """The README's line over the network reaches the agent."""
    readme = (coachtest.SOURCE / "README.md").read_text(encoding="utf-8")
    line = next(line for line in readme.splitlines() if line.startswith("curl ") and "/v1/ingest/" in line)
    with Daemon() as d, Gateway(d) as g:
        g.ready()
        with d.agent("sam") as agent:
            done = subprocess.run(line.replace("127.0.0.1:8765", f"127.0.0.1:{g.port}"), shell=True, capture_output=True,
                                  text=True, timeout=coachtest.PATIENCE)
            if "not found" in done.stderr:
                skip("curl is not installed")
            assert json.loads(done.stdout) == {"accepted": 1}, done
            nudge_of(agent, "c1")


def test_python_websockets():
    """Debian's python3-websockets delivers a call, is pinged and is told of a problem."""
    try:
        import websockets
    except ImportError:
        skip("python3-websockets is not installed")
    with Daemon() as d, Gateway(d) as g:
        with d.agent("sam") as agent:
            async def call():
                async with websockets.connect(f"ws://127.0.0.1:{g.port}{INGEST}?call_id=c1&agent_id=sam") as w:
                    await w.send(json.dumps({"role": "agent", "text": CALM}))
                    await w.send("[]" + "{")
                    error = json.loads(await asyncio.wait_for(w.recv(), coachtest.PATIENCE))
                    await asyncio.wait_for(await w.ping(), coachtest.PATIENCE)
                    return error
            assert asyncio.run(call())["code"] == "bad_json"
            nudge_of(agent, "c1")
            assert agent.skip_to("call_ended")["call_id"] == "c1"


if __name__ == "__main__":
    coachtest.main(globals())
