"""What the gateway takes from whom: sizes, deadlines, connections, and peers that mean no good. And how it starts and
stops."""
import json
import os
import pathlib
import resource
import socket
import subprocess
import tempfile
import time

import coachtest
import gatewaytest
from coachtest import Daemon, say, wait_for
from gatewaytest import GATEWAY, Gateway, frame

INGEST = "/v1/ingest/coachd"


def read_to_end(s):
    data = b""
    while True:
        try:
            piece = s.recv(65536)
        except ConnectionResetError:
            return data
        if not piece:
            return data
        data += piece


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def test_sizes():
    """What is too long gets its own answer, and what is just short enough is used."""
    with Daemon() as d, Gateway(d) as g:
        g.ready()
        text = say("c1", "x")
        body = json.dumps(text).encode()
        full = body + b" " * (65536 - len(body))
        assert g.post(INGEST, full).status == 200
        assert g.post(INGEST, full + b" ").status == 413
        assert g.request("GET", "/" + "a" * 600).status == 414
        assert g.request("GET", "/healthz", X="a" * 9000).status == 431
        assert g.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"X: 1\r\n" * 64 + b"\r\n").status == 431
        with g.websocket(INGEST) as w:
            w.socket.sendall(frame(gatewaytest.TEXT, full))
            w.socket.sendall(frame(gatewaytest.TEXT, full + b" "))
            w.expect_close(1009)
        assert g.metrics()["messages_total"] == 1


def test_hostile_requests():
    """Requests that two programs could read as two things get 400 and are never read on."""
    with Daemon() as d, Gateway(d) as g:
        host = b"Host: localhost\r\n"
        smuggled = b"GET /metrics HTTP/1.1\r\n" + host + b"\r\n"
        for data, status in ((b"POST " + INGEST.encode() + b" HTTP/1.1\r\n" + host +
                              b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, 400),
                             (b"GET /healthz HTTP/1.1\r\n" + host + b"\r\n" + smuggled, 200),
                             (b"GET /healthz HTTP/1.1\nHost: localhost\n\n", 400),
                             (b"GET /healthz HTTP/1.0\r\n" + host + b"\r\n", 505),
                             (b"\x16\x03\x01\x00\xa5\x01", 400)):
            with g.connect() as s:
                s.sendall(data)
                answer = read_to_end(s)
            assert answer.startswith(b"HTTP/1.1 %d " % status) and answer.count(b"Connection: close") == 1, answer


def test_slow_requests():
    """Peers that send their request by drops are hung up on, and others are served meanwhile."""
    with Daemon() as d, Gateway(d, "--request-timeout", "1s") as g:
        g.ready()
        slow = [g.connect() for _ in range(200)]
        for i, s in enumerate(slow):
            s.sendall([b"", b"G", b"GET / HTTP/1.1\r\nHost: a\r\nX: ",
                       gatewaytest.request("POST", INGEST, b"abcdefghi")[:-6]][i % 4])
        assert g.request("GET", "/healthz").status == 200
        for s in slow:
            assert read_to_end(s) == b""
            s.close()
        assert g.metrics()["timeouts_total"] == len(slow)


def test_silent_websockets():
    """A WebSocket that answers no ping is closed, its call ends; one that answers stays."""
    with Daemon() as d, Gateway(d, "--ping-interval", "1s") as g:
        with d.agent("sam") as agent:
            with g.websocket(INGEST + "?call_id=c1&agent_id=sam") as dead, g.websocket(INGEST) as alive:
                dead.send({"role": "agent", "text": "hello"})
                alive.socket.settimeout(0.2)
                end = time.monotonic() + coachtest.PATIENCE
                pongs = 0
                while pongs < 6:
                    assert time.monotonic() < end, "too few pings"
                    try:
                        got = alive.receive()
                    except socket.timeout:
                        continue
                    assert got == (gatewaytest.PING, b""), got
                    alive.socket.sendall(frame(gatewaytest.PONG))
                    pongs += 1
                assert g.metrics()["timeouts_total"] == 1, "the dead one was not noticed"
                assert agent.skip_to("call_ended")["call_id"] == "c1"
                alive.socket.settimeout(coachtest.PATIENCE)
                alive.close()


def test_flood_of_pings():
    """A peer that pings and never reads costs no memory."""
    with Daemon() as d, Gateway(d) as g, g.websocket(INGEST) as w:
        w.socket.settimeout(0.5)
        pings = frame(gatewaytest.PING, b"x" * 100) * 1000
        sent = 0
        try:
            while sent < 500:
                w.socket.sendall(pings)
                sent += 1
        except socket.timeout:
            pass
        assert sent < 500, "nothing held the peer back"
        rss = int(pathlib.Path(f"/proc/{g.process.pid}/statm").read_text().split()[1]) * 4
        assert coachtest.sanitized() or rss < 32 * 1024, f"{rss} KiB"
        assert g.request("GET", "/healthz").status == 200


def test_connection_limit():
    """Connections over the limit are refused at once; when others go, new ones are served."""
    with Daemon() as d, Gateway(d, "--max-connections", "20") as g:
        g.ready()
        held = [g.connect() for _ in range(20)]
        for s in held:
            s.sendall(b"G")
        with g.connect() as s:
            assert read_to_end(s) == b""
        for s in held:
            s.close()
        wait_for("room", lambda: g.request("GET", "/healthz").status == 200)
        assert g.metrics()["connections_refused_total"] >= 1


def test_no_descriptors():
    """Out of descriptors the gateway neither spins nor dies, and serves again afterwards."""
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))
    with Daemon() as d, Gateway(d, "--max-connections", "1000", preexec_fn=few) as g:
        g.ready()
        held = [g.connect() for _ in range(200)]
        before = cpu_seconds(g.process)
        time.sleep(1)
        assert cpu_seconds(g.process) - before < 0.5
        assert descriptors(g.process) <= 80
        for s in held:
            s.close()
        wait_for("room", lambda: g.request("GET", "/healthz").status == 200)


def test_reset_peers():
    """Peers that vanish in the middle of anything leave nothing behind."""
    with Daemon() as d, Gateway(d) as g:
        g.ready()
        before = descriptors(g.process)
        for i in range(60):
            s = g.connect()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            s.sendall([gatewaytest.request("GET", "/metrics"), b"POST", gatewaytest.request("POST", INGEST, b"{}")][i % 3])
            s.close()
        for _ in range(20):
            w = g.websocket(INGEST + "?call_id=c1")
            w.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            w.send({"role": "agent", "text": "x"}, "{")
            w.socket.close()
        wait_for("all to be closed", lambda: descriptors(g.process) <= before)
        wait_for("the last event", lambda: g.metrics()["queue_bytes"] == 0)


def test_stopping_with_clients():
    """A stop says goodbye to WebSockets, hangs up on the rest, and ends with 0; calls go on for those who come back."""
    with Daemon() as d:
        with Gateway(d) as g:
            g.ready()
            sockets = [g.websocket(INGEST + f"?call_id=c{i}") for i in range(50)]
            for w in sockets:
                w.send({"role": "agent", "text": "hello"})
            idle = [g.connect() for _ in range(50)]
            for s in idle[::2]:
                s.sendall(b"GET / HTTP/1.1\r\n")
            wait_for("the calls", lambda: d.status()["calls"]["live"] == 50)
            g.process.terminate()
            for w in sockets:
                w.expect_close(1001)
                w.socket.close()
            for s in idle:
                assert read_to_end(s) == b""
                s.close()
            assert g.process.wait(coachtest.PATIENCE) == 0, g.log()
            assert "stopped" in g.log() and "Sanitizer" not in g.log(), g.log()
        assert d.status()["calls"]["live"] == 50


def test_stopping_with_peers_that_do_not_read():
    """A stop waits no longer than it may for those who do not read."""
    with Daemon() as d, Gateway(d, "--drain-timeout", "500ms") as g:
        g.ready()
        w = g.websocket(INGEST)
        w.socket.settimeout(0.3)
        try:
            for _ in range(500):
                w.socket.sendall(frame(gatewaytest.PING, b"x" * 100) * 1000)
        except socket.timeout:
            pass
        g.stop()
        assert "Sanitizer" not in g.log(), g.log()


def test_unix_socket():
    """On a Unix socket the gateway serves its group; a second one on it ends with 75, and it is removed at the end."""
    with Daemon() as d, tempfile.TemporaryDirectory() as folder:
        key = pathlib.Path(folder) / "main.key"
        key.write_text("0123456789abcdef0123456789abcdef")
        key.chmod(0o600)
        path = pathlib.Path(folder) / "gw.sock"
        with Gateway(d, "--token-keys", key, anonymous=False, listen=path) as g:
            assert path.stat().st_mode & 0o777 == 0o660
            assert g.request("GET", "/healthz").status == 200
            with g.websocket(INGEST, Authorization="Bearer " + gatewaytest.token(key.read_bytes())) as w:
                assert w.status == 101
                w.close()
            second = subprocess.run([GATEWAY, "--token-keys", key, "--listen", path], capture_output=True, text=True,
                                    timeout=coachtest.PATIENCE)
            assert second.returncode == 75, second
        assert not path.exists()


def test_address_in_use():
    """A second gateway on the same port ends with 75 and says so."""
    with Daemon() as d, Gateway(d) as g:
        second = subprocess.run([GATEWAY, "--allow-anonymous", "--listen", f"127.0.0.1:{g.port}"], capture_output=True,
                                text=True, timeout=coachtest.PATIENCE)
        assert second.returncode == 75 and "another coach-gateway" in second.stderr, second


def test_socket_activation():
    """A socket called http that was handed over is served; one that others could reach is refused."""
    with Daemon() as d:
        for address, status in (("127.0.0.1", 0), ("0.0.0.0", 71)):
            with socket.socket() as listening, tempfile.TemporaryFile() as log:
                listening.bind((address, 0))
                listening.listen()

                def hand_over():
                    os.dup2(listening.fileno(), 3)
                    os.set_inheritable(3, True)  # it may have been 3 before
                    os.environ["LISTEN_PID"] = str(os.getpid())
                    os.environ["LISTEN_FDS"] = "1"
                    os.environ["LISTEN_FDNAMES"] = "http"
                    os.execv(GATEWAY, [GATEWAY, "--allow-anonymous", "--runtime-dir", d.run])
                p = subprocess.Popen(["true"], preexec_fn=hand_over, stderr=log, close_fds=False)
                if status == 0:
                    with socket.create_connection(listening.getsockname(), coachtest.PATIENCE) as s:
                        s.sendall(gatewaytest.request("GET", "/healthz"))
                        assert read_to_end(s).startswith(b"HTTP/1.1 200 ")
                    p.terminate()
                assert p.wait(coachtest.PATIENCE) == status


def test_notification():
    """A service manager is told when the gateway is ready and when it stops."""
    with Daemon() as d, tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(folder + "/notify")
        s.settimeout(coachtest.PATIENCE)
        with Gateway(d, env={"NOTIFY_SOCKET": folder + "/notify"}) as g:
            assert s.recv(1000).startswith(b"READY=1\n")
            g.stop()
            assert s.recv(1000).startswith(b"STOPPING=1\n")


if __name__ == "__main__":
    coachtest.main(globals())
