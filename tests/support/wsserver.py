"""A WebSocket server for one connection at a time, in a thread, by hand: tests decide what goes over the wire."""

import base64
import hashlib
import socket
import struct
import threading

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Connection:
    """The server's side of one connection."""

    def __init__(self, sock):
        self.socket = sock
        self.stream = sock.makefile("rb")

    def shake_hands(self, accept=None, status="101 Switching Protocols"):
        """Reads the request, which is returned, and answers it."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.stream.readline()
            assert line, head
            head += line
        headers = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:] if line)
        key = next(line.split(": ", 1)[1] for line in head.decode().split("\r\n") if line.lower().startswith("sec-websocket-key"))
        digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        self.socket.sendall(f"HTTP/1.1 {status}\r\nServer: test\r\nUPGRADE: WebSocket\r\nconnection: Upgrade\r\n"
                            f"Sec-WebSocket-Accept: {accept or base64.b64encode(digest).decode()}\r\n\r\n".encode())
        return head.decode().split("\r\n")[0], headers

    def frame(self, op, data=b"", fin=True):
        """Sends one frame."""
        data = data.encode() if isinstance(data, str) else data
        size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + struct.pack(">H", len(data)) if len(data) < 65536 \
            else b"\x7f" + struct.pack(">Q", len(data))
        self.socket.sendall(bytes([op | (0x80 if fin else 0)]) + size + data)

    def text(self, data):
        self.frame(TEXT, data)

    def receive(self):
        """The next frame, which must be masked as a client's are: its kind and data; (None, b"") at the end."""
        head = self.stream.read(2)
        if len(head) < 2:
            return None, b""
        assert head[0] & 0xf0 == 0x80 and head[1] & 0x80, head
        n = head[1] & 127
        if n > 125:
            n = int.from_bytes(self.stream.read(2 if n == 126 else 8), "big")
        mask = self.stream.read(4)
        data = self.stream.read(n)
        return head[0] & 15, bytes(b ^ mask[i % 4] for i, b in enumerate(data))

    def close(self):
        """Ends it as the protocol wants; returns when the client has answered."""
        self.frame(CLOSE, b"\x03\xe8")
        while self.receive()[0] not in (CLOSE, None):
            pass


class Server:
    """Runs `serve` with each Connection, one after the other, until the end of the `with`."""

    def __init__(self, serve):
        self.serve = serve
        self.failure = None
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.url = f"ws://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                sock = self.listening.accept()[0]
            except OSError:
                return
            try:
                with sock:
                    sock.settimeout(60)
                    self.serve(Connection(sock))
            except Exception as e:  # the test is told at its end
                self.failure = e

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.thread.join(20)
        if kind is None and self.failure is not None:
            raise self.failure
