"""What the integration tests share: a daemon in a folder of its own, clients of its three sockets, a runner.

A test file defines functions called test_..., each with its sentence as its docstring, and ends with
`coachtest.main(globals())`. Every line that the daemon sends is checked against its JSON Schema on arrival."""

import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

import jsonschema

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("COACH_BUILD", SOURCE / "build")).resolve()
COACHD = BUILD / "bin" / "coachd"
LANGUAGES = SOURCE / "rules" / "languages"
# Seconds that anything may take on a busy machine before a test gives up.
PATIENCE = float(os.environ.get("COACH_PATIENCE", "20"))

RULES = """\
format: 1
pack: test
version: 2026.1
language: en
rules:
  - id: test-calm
    category: dismissive
    severity: important
    title: Acknowledge first
    says:
      - you need to calm down
    message: Being told to stay calm rarely helps.
    suggest:
      - I can hear how much trouble this has caused.
    match:
      - well you need to calm down now
    no_match:
      - the weather will calm down tomorrow
  - id: test-policy
    category: defensive
    severity: hint
    title: Say what you can do
    says:
      - that is our policy
    message: Policy is no reason to a customer.
    match:
      - sorry but that is our policy
    no_match:
      - that is our house
"""

# A rule about words that never tires, and one about what is missing a second later.
CONVERSATION = """\
format: 1
pack: test
version: 2026.1
language: en
signals:
  - id: fed-up
    speaker: customer
    says:
      - i am fed up
  - id: apology
    says:
      - i am very sorry
rules:
  - id: test-calm
    category: dismissive
    severity: critical
    cooldown: 0s
    per_call: 100
    title: Acknowledge first
    says:
      - you need to calm down
    message: Being told to stay calm rarely helps.
    match:
      - well you need to calm down now
    no_match:
      - the weather will calm down tomorrow
  - id: test-no-apology
    category: empathy
    severity: important
    title: Say that you are sorry
    when:
      after: fed-up
      without: apology
      within: 1s
    message: The customer is fed up and nobody has said sorry.
"""

# The first rule fires on each line that holds it, a hundred times in a call.
TIRELESS = RULES.replace("severity: important", "severity: critical\n    cooldown: 0s\n    per_call: 100")


class Skipped(Exception):
    pass


def skip(why):
    """Leaves the test, visibly."""
    raise Skipped(why)


def sanitized():
    """Whether the daemon was built with a sanitizer: memory figures then mean nothing."""
    if os.environ.get("COACH_SANITIZED"):
        return True
    return b"__asan_init" in COACHD.read_bytes() or b"__tsan_init" in COACHD.read_bytes()


def wait_for(what, condition, timeout=PATIENCE):
    """Asks `condition` until it is true; returns what it returned."""
    end = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout:g} s: {what}")
        time.sleep(0.01)


_validators = {}


def validate(message, name):
    """Checks a message against packaging/schema/<name>.schema.json."""
    if name not in _validators:
        path = SOURCE / "packaging" / "schema" / f"{name}.schema.json"
        schema = json.loads(path.read_text())
        jsonschema.Draft7Validator.check_schema(schema)
        _validators[name] = jsonschema.Draft7Validator(schema)
    _validators[name].validate(message)


class Rules:
    """A rule file in a folder of its own."""

    def __init__(self, text=RULES):
        self.folder = tempfile.TemporaryDirectory(prefix="coach-")
        self.path = pathlib.Path(self.folder.name) / "rules.yaml"
        self.path.write_text(text)

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        self.folder.cleanup()


class Lines:
    """A connection that speaks JSON lines."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(path))
        self.rest = b""
        self.poll = select.poll()
        self.poll.register(self.socket, select.POLLIN)

    def fileno(self):
        return self.socket.fileno()

    def send(self, *messages):
        """Each a dict, or bytes that are sent as they are."""
        out = b"".join(m if isinstance(m, bytes) else json.dumps(m).encode() + b"\n" for m in messages)
        self.socket.sendall(out)

    def receive_line(self, timeout=PATIENCE):
        """The next line without its newline, or None at the end of the stream."""
        end = time.monotonic() + timeout
        while b"\n" not in self.rest:
            left = end - time.monotonic()
            if left <= 0 or not self.poll.poll(left * 1000):
                raise TimeoutError(f"no line within {timeout:g} s")
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                piece = b""
            if not piece:
                return None
            self.rest += piece
        line, _, self.rest = self.rest.partition(b"\n")
        return line

    def receive(self, timeout=PATIENCE):
        """The next message, checked against its schema; None at the end of the stream."""
        line = self.receive_line(timeout)
        if line is None:
            return None
        message = json.loads(line)
        validate(message, message["type"])
        return message

    def expect(self, kind, timeout=PATIENCE):
        """The next message, which must be of type `kind`."""
        message = self.receive(timeout)
        assert message is not None and message["type"] == kind, f"expected {kind}, got {message}"
        return message

    def skip_to(self, kind, timeout=PATIENCE):
        """The next message of type `kind`, whatever comes before it."""
        end = time.monotonic() + timeout
        while True:
            message = self.receive(max(0.01, end - time.monotonic()))
            assert message is not None, f"the stream ended before {kind}"
            if message["type"] == kind:
                return message

    def expect_end(self, timeout=PATIENCE):
        line = self.receive_line(timeout)
        assert line is None, f"expected the end, got {line}"

    def expect_silence(self, seconds=0.3):
        try:
            line = self.receive_line(seconds)
        except TimeoutError:
            return
        raise AssertionError(f"expected silence, got {line}")

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Daemon:
    """coachd in a temporary folder, stopped and cleaned up at the end of a `with`."""

    def __init__(self, *args, rules=RULES, env=None, start=True):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="coachd-"))
        self.folder.chmod(0o755)
        self.run = self.folder / "run"
        self.rules = self.folder / "rules"
        self.rules.mkdir()
        (self.rules / "test.yaml").write_text(rules)
        self.args = list(args)
        self.env = env or {}
        self.process = None
        self.log_path = self.folder / "stderr"
        self.log_path.touch()
        if start:
            self.start()

    def command(self, *more):
        return [str(COACHD), "--runtime-dir", str(self.run), "--rules", str(self.rules), "--languages",
                str(LANGUAGES), *self.args, *more]

    def environment(self):
        kept = {k: v for k, v in os.environ.items()
                if k not in ("NOTIFY_SOCKET", "JOURNAL_STREAM") and not k.startswith("COACHD_")}
        return {**kept, **self.env}

    def start(self, **popen):
        """Starts it and waits until it says that it is ready."""
        with open(self.log_path, "ab") as log:
            begin = log.tell()
            self.process = subprocess.Popen(self.command(), stderr=log, stdout=subprocess.DEVNULL,
                                            env=self.environment(), **popen)
        wait_for("the readiness line", lambda: self.process.poll() is not None or
                 b"ready: " in self.log_path.read_bytes()[begin:])
        assert self.process.poll() is None, f"coachd ended with {self.process.returncode}:\n{self.log()}"

    def log(self):
        return self.log_path.read_text(errors="replace")

    def ingest(self, **hello):
        """A writer; with keywords it says hello first."""
        c = Lines(self.run / "ingest.sock")
        if hello:
            c.send({"type": "hello", **hello})
        return c

    def agent(self, agent_id, **hello):
        """A desktop that was welcomed."""
        c = Lines(self.run / "agent.sock")
        c.send({"type": "hello", "agent_id": agent_id, **hello})
        assert c.expect("welcome")["agent_id"] == agent_id
        return c

    def control(self, command, timeout=PATIENCE, **more):
        """The reply to a control command."""
        with Lines(self.run / "control.sock") as c:
            c.send({"command": command, **more})
            reply = c.receive(timeout)
            c.expect_end()
        return reply

    def status(self):
        return self.control("status")

    def rss_kib(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS")

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=PATIENCE):
        """The exit status."""
        return self.process.wait(timeout)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Asks it to end, which must work; only a process that hangs is killed, and that is a failure."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("coachd did not stop:\n" + self.log()) from None
        assert code == 0, f"coachd ended with {code}:\n{self.log()}"

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            self.stop()
        except AssertionError:
            if kind is None:
                raise
        finally:
            if kind is not None:
                sys.stdout.write("".join(f"    | {line}\n" for line in self.log().splitlines()[-30:]))
            shutil.rmtree(self.folder, ignore_errors=True)


def say(call, text, role="agent", **more):
    """A transcript line."""
    return {"type": "transcript", "call_id": call, "role": role, "text": text, **more}


def as_user(uid, function):
    """Runs `function` in a child process as another user and returns what it returned, which must be JSON."""
    if os.geteuid() != 0:
        skip("only root can be another user")
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            result = json.dumps({"ok": function()})
        except BaseException as e:  # the parent is told and fails
            result = json.dumps({"error": repr(e)})
        os.write(writing, result.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as f:
        result = json.loads(f.read())
    os.waitpid(pid, 0)
    assert "error" not in result, result
    return result["ok"]


def main(names):
    """Runs every test_... of `names`, those named on the command line if any are."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    tests = [(n, f) for n, f in names.items() if n.startswith("test_") and callable(f)]
    if len(sys.argv) > 1:
        tests = [t for t in tests if t[0] in sys.argv[1:]]
    failed = skipped = 0
    for name, test in tests:
        sentence = " ".join((test.__doc__ or name).split())
        try:
            test()
            print(f"ok       {sentence}", flush=True)
        except Skipped as why:
            skipped += 1
            print(f"skipped  {sentence}: {why}", flush=True)
        except Exception:  # reported, and the others still run
            failed += 1
            print(f"FAILED   {sentence} ({name})\n{traceback.format_exc()}", flush=True)
    if not tests or failed:
        sys.exit(1)
    sys.exit(77 if skipped == len(tests) else 0)
