"""A short session with the daemon that `COMMAND...` starts (such as valgrind and the path of coachd): a writer, an
agent's desktop and a control client, good and bad lines, a reload, then SIGTERM. Fails unless the nudge
arrives, every peer gets its answer and the daemon ends with status 0.

    python3 session.py COMMAND..."""
import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 120  # seconds; under valgrind everything is slow

RULES = """format: 1
pack: session
version: 1.0
language: en
rules:
  - id: dismissive-calm-down
    category: dismissive
    severity: critical
    says:
      - (calm | settle) down
    message: Name what went wrong for them, then say your next step.
    match:
      - You need to calm down.
      - Please settle down.
    no_match:
      - A calm sea lay down there.
"""


class Peer:
    """One connection that speaks lines of JSON."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("rb")

    def say(self, *messages):
        for message in messages:
            self.socket.sendall((message if isinstance(message, bytes) else json.dumps(message).encode()) + b"\n")

    def hear(self, kind):
        """The next message of that type; others are passed over."""
        for line in self.lines:
            message = json.loads(line)
            if message.get("type") == kind:
                return message
        raise AssertionError(f"the daemon hung up before it sent {kind}")

    def ask(self, command):
        """One command to control.sock and everything it answers."""
        self.say({"command": command})
        answer = self.lines.read()
        assert answer, f"no answer to {command}"
        return answer


def wait_for(paths, daemon):
    deadline = time.monotonic() + PATIENCE
    while not all(path.exists() for path in paths):
        assert daemon.poll() is None, f"the daemon ended with {daemon.returncode}"
        assert time.monotonic() < deadline, "the sockets did not appear"
        time.sleep(0.1)


def talk(run):
    desktop = Peer(run / "agent.sock")
    desktop.say({"type": "hello", "agent_id": "sam"})
    desktop.hear("welcome")
    writer = Peer(run / "ingest.sock")
    writer.say({"type": "hello", "call_id": "c-1", "agent_id": "sam", "ack": True}, b"no json", b"[" * 100, b"\xff\xfe",
               {"type": "transcript", "role": "customer", "text": "It is the third time that I ring.", "seq": 1},
               b"x" * 100_000,
               {"type": "transcript", "role": "agent", "text": "You need to calm down.", "seq": 2})
    nudge = desktop.hear("nudge")
    assert nudge["rule"] == "dismissive-calm-down", nudge
    assert nudge["said"].lower() == "calm down", nudge
    while writer.hear("ack")["seq"] != 2:
        pass
    for command in ("status", "stats", "calls", "reload", "metrics"):
        Peer(run / "control.sock").ask(command)
    Peer(run / "agent.sock").say(b"{")
    writer.say({"type": "call_end", "call_id": "c-1", "reason": "hangup"})
    desktop.hear("call_ended")


def main():
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder)
        (run / "rules.yaml").write_text(RULES, encoding="utf-8")
        daemon = subprocess.Popen([*sys.argv[1:], "--runtime-dir", run, "--rules", run / "rules.yaml",
                                   "--languages", ROOT / "rules/languages"])
        try:
            wait_for([run / name for name in ("ingest.sock", "agent.sock", "control.sock")], daemon)
            talk(run)
            daemon.send_signal(signal.SIGTERM)
            return daemon.wait(PATIENCE)
        finally:
            daemon.kill()


if __name__ == "__main__":
    sys.exit(main())
