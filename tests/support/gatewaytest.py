"""What the tests of coach-gateway share: a gateway before a daemon, plain HTTP and WebSocket frames by hand."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time

from coachtest import BUILD, PATIENCE, Daemon, skip, wait_for

GATEWAY = BUILD / "bin" / "coach-gateway"
KEY = b"AAECAwQFBgcICQoLDA0ODw=="
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def need():
    """The gateway may be left out of a build."""
    if not GATEWAY.exists():
        skip("coach-gateway was not built")


class Gateway:
    """coach-gateway before a daemon's sockets, on a port of its own, stopped at the end of a `with`."""

    def __init__(self, daemon, *args, anonymous=True, listen="127.0.0.1:0", env=None, start=True, **popen):
        need()
        self.run = daemon.run if isinstance(daemon, Daemon) else pathlib.Path(daemon)
        self.args = ["--listen", str(listen), *(["--allow-anonymous"] if anonymous else []), *map(str, args)]
        self.listen = str(listen)
        self.env = env or {}
        self.popen = popen
        self.folder = tempfile.TemporaryDirectory(prefix="coach-gateway-")
        self.log_path = pathlib.Path(self.folder.name) / "stderr"
        self.log_path.touch()
        self.process = None
        if start:
            self.start()

    def environment(self):
        kept = {k: v for k, v in os.environ.items()
                if k not in ("NOTIFY_SOCKET", "JOURNAL_STREAM") and not k.startswith("COACH_GATEWAY_")}
        return {**kept, **self.env}

    def start(self):
        with open(self.log_path, "ab") as log:
            begin = log.tell()
            self.process = subprocess.Popen([GATEWAY, "--runtime-dir", self.run, *self.args], stderr=log,
                                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                            env=self.environment(), **self.popen)
        wait_for("the readiness line", lambda: self.process.poll() is not None or
                 b"ready: " in self.log_path.read_bytes()[begin:])
        assert self.process.poll() is None, f"coach-gateway ended with {self.process.returncode}:\n{self.log()}"
        found = re.findall(r"listening on 127\.0\.0\.1:(\d+)", self.log())
        self.port = int(found[-1]) if found else None

    def log(self):
        return self.log_path.read_text(errors="replace")

    def connect(self):
        if self.port is None:
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(PATIENCE)
            s.connect(self.listen)
            return s
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

    def ready(self):
        """Waits until coachd is connected."""
        wait_for("the gateway to be ready", lambda: self.request("GET", "/readyz").status == 200)
        return self

    def send(self, data):
        """Raw bytes of a request; the answer."""
        with self.connect() as s:
            s.sendall(data)
            return Answer.read(s)

    def request(self, method, target, body=None, host="localhost", **headers):
        """Header names are written with _ for -."""
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        return self.send(request(method, target, body, host, **headers))

    def post(self, target, body, **headers):
        return self.request("POST", target, body, **headers)

    def websocket(self, target, **headers):
        return WebSocket(self, target, **headers)

    def metrics(self):
        """{"name" or "name{label}": number}."""
        text = self.request("GET", "/metrics").body.decode()
        assert text.endswith("# EOF\n"), text[-100:]
        return {k: int(v) for k, v in re.findall(r"^coach_gateway_(\S+) (\d+)$", text, re.M)}

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("coach-gateway did not stop:\n" + self.log()) from None
        assert code == 0, f"coach-gateway ended with {code}:\n{self.log()}"

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            self.stop()
        except AssertionError:
            if kind is None:
                raise
        finally:
            if self.process is not None and self.process.poll() is None:
                self.process.kill()
            if kind is not None:
                sys.stdout.write("".join(f"    > {line}\n" for line in self.log().splitlines()[-30:]))
            self.folder.cleanup()


def request(method, target, body=None, host="localhost", **headers):
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


class Answer:
    """An HTTP answer: status, headers, body; every answer ends its connection."""

    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split()[1]) if data else None
        self.headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}

    @classmethod
    def read(cls, s):
        data = b""
        while True:
            try:
                piece = s.recv(65536)
            except ConnectionResetError:
                break
            if not piece:
                break
            data += piece
        answer = cls(data)
        if data and answer.status != 101:
            assert answer.headers["connection"] == "close", data
            assert "nosniff" in answer.headers["x-content-type-options"], data
        return answer

    def json(self):
        return json.loads(self.body)


def frame(opcode, payload=b"", fin=True, mask=b"\x01\x02\x03\x04", rsv=0, length=None):
    """One frame as a client sends it; `mask` None leaves it unmasked, `length` lies about it."""
    n = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    bit = 0x80 if mask else 0
    if n < 126:
        head += bytes([bit | n])
    elif n < 65536:
        head += bytes([bit | 126]) + struct.pack(">H", n)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", n)
    if mask:
        payload = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
    return head + (mask or b"") + payload


class WebSocket:
    """A WebSocket client without any library."""

    def __init__(self, gateway, target, host="localhost", **headers):
        self.socket = gateway.connect()
        lines = [f"GET {target} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Key: " + KEY.decode(), "Sec-WebSocket-Version: 13"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            piece = self.socket.recv(65536)
            assert piece, self.rest
            self.rest += piece
        self.status = int(self.rest.split()[1])
        if self.status != 101:
            self.answer = Answer(self.rest)
            return
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        wanted = base64.b64encode(hashlib.sha1(KEY + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        assert b"Sec-WebSocket-Accept: " + wanted in head, head

    def send(self, *messages):
        """Each a dict or a text, sent as one text message."""
        for m in messages:
            text = m if isinstance(m, str) else json.dumps(m)
            self.socket.sendall(frame(TEXT, text.encode()))

    def _take(self, n):
        while len(self.rest) < n:
            piece = self.socket.recv(65536)
            if not piece:
                return None
            self.rest += piece
        data, self.rest = self.rest[:n], self.rest[n:]
        return data

    def receive(self):
        """(opcode, payload) of the next frame, or None at the end."""
        head = self._take(2)
        if head is None:
            return None
        assert head[1] & 0x80 == 0, "a server does not mask"
        n = head[1] & 0x7f
        if n == 126:
            n = struct.unpack(">H", self._take(2))[0]
        elif n == 127:
            n = struct.unpack(">Q", self._take(8))[0]
        return head[0] & 0xf, self._take(n) if n else b""

    def expect_close(self, code):
        """Reads up to the goodbye, which must be `code`; None for one without a code."""
        while True:
            got = self.receive()
            assert got is not None, f"the connection ended without a goodbye, expected {code}"
            if got[0] == CLOSE:
                found = struct.unpack(">H", got[1][:2])[0] if got[1] else None
                assert found == code, f"closed with {found}, expected {code}: {got[1][2:]}"
                return got[1][2:].decode()

    def close(self, code=1000):
        self.socket.sendall(frame(CLOSE, struct.pack(">H", code)))
        self.expect_close(code)
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def token(secret, algorithm="HS256", kid=None, **claims):
    """A signed token; claims say what differs from one that lets its holder write for a minute."""
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
    claims = {"sub": "recogniser", "role": "writer", "exp": int(time.time()) + 60, **claims}
    claims = {k: v for k, v in claims.items() if v is not None}
    signed = part({"alg": algorithm, "typ": "JWT", **({"kid": kid} if kid else {})}) + b"." + part(claims)
    digest = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}.get(algorithm)
    mac = hmac.new(secret, signed, digest).digest() if digest else b""
    return (signed + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()
