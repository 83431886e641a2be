"""How the daemon starts, reloads, is watched, and stops."""

import os
import pathlib
import signal
import socket
import stat
import subprocess
import time

import coachtest
from coachtest import Daemon, Lines, say

CALM = "well you need to calm down sir"
BROKEN = coachtest.RULES.replace("severity: hint", "severity: loud")
WHERE = f"test.yaml:{BROKEN[:BROKEN.index('loud')].count(chr(10)) + 1}:15: "
MORE = coachtest.RULES + """\
  - id: test-hold
    category: defensive
    severity: hint
    title: Say why
    says:
      - hold the line please
    message: Say why and how long.
    match:
      - could you hold the line please
    no_match:
      - the line will hold
"""


def run(*args, env=None, **more):
    """A coachd that is expected to end by itself."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("COACHD_")}
    return subprocess.run([str(coachtest.COACHD), *map(str, args)], capture_output=True, text=True,
                          timeout=coachtest.PATIENCE, env={**clean, **(env or {})}, **more)


def test_help_and_version():
    """--help shows every option and examples, --version the version; both exit 0."""
    r = run("--help")
    assert r.returncode == 0 and "--idle-timeout DURATION" in r.stdout and "Examples:" in r.stdout, r
    r = run("--version")
    assert r.returncode == 0 and r.stdout == "coachd 0.1.0\n", r


def test_usage_errors():
    """A wrong flag exits 64 and says which one was meant."""
    for args, says in ((["--idle-timout", "1m"], "did you mean '--idle-timeout'?"), (["extra"], "'extra'"),
                       (["--max-calls", "0"], "must be 1 to 1000000"), (["--config"], "needs a value")):
        r = run(*args)
        assert r.returncode == 64 and says in r.stderr, (args, r)


def test_check_config():
    """--check-config prints the settings in effect with their origins, or what is wrong, and exits 0 or 78."""
    with Daemon(start=False) as d:
        config = d.folder / "coachd.yaml"
        config.write_text(f"rules:\n  - {d.rules}\nlanguages: {coachtest.LANGUAGES}\nidle_timeout: 7m\n"
                          "max_calls: 5\nlog_level: error\nmax_line: 2KiB\n")
        r = run("--config", config, "--check-config", "--max-calls", "9", "--max-line", "3KiB",
                env={"COACHD_LOG_LEVEL": "debug", "COACHD_MAX_CALLS": "6"})
        assert r.returncode == 0, r
        lines = {line.split(":")[0]: line for line in r.stdout.splitlines()}
        assert lines["idle_timeout"].split() == ["idle_timeout:", "7m", "#", f"{config}:4"], r.stdout
        assert lines["max_calls"].split() == ["max_calls:", "9", "#", "flag"], r.stdout
        assert lines["max_line"].split() == ["max_line:", "3KiB", "#", "flag"], r.stdout
        assert lines["log_level"].split() == ["log_level:", "debug", "#", "environment"], r.stdout
        assert lines["line_timeout"].endswith("# default") and "# rules: 2, phrases: 2" in r.stdout
        again = d.folder / "again.yaml"
        again.write_text(r.stdout)
        r = run("--config", again, "--check-config")
        assert r.returncode == 0 and "idle_timeout: 7m" in r.stdout, r
        for text, says in (("idle_timout: 7m\n", f"{config}:1:1: unknown setting 'idle_timout'; did you mean"),
                           ("max_calls: many\n", f"{config}:1:12: max_calls: takes a whole number"),
                           ("rules: [a]\n", f"{config}:1:8: ")):
            config.write_text(text)
            r = run("--config", config, "--check-config")
            assert r.returncode == 78 and says in r.stderr, (text, r)
        r = run("--config", d.folder / "missing.yaml", "--check-config")
        assert r.returncode == 78 and "missing.yaml: No such file" in r.stderr, r
        assert not d.run.exists()


def test_broken_rules_at_the_start():
    """Broken rules exit 78 before any socket is made, with every problem and its place."""
    with Daemon(rules=BROKEN, start=False) as d:
        (d.rules / "b.yaml").write_text("format: 1\nrules: - x\n")
        for more in ([], ["--check-config"]):
            r = subprocess.run(d.command(*more), capture_output=True, text=True, timeout=coachtest.PATIENCE)
            assert r.returncode == 78, r
            assert f"{d.rules}/{WHERE}error: " in r.stderr and f"{d.rules}/b.yaml:2:" in r.stderr, r.stderr
            assert "severity: loud" in r.stderr and "errors in the rule files" in r.stderr, r.stderr
        assert not d.run.exists()


def test_rules_that_cannot_be_read():
    """A rules path that is missing or holds no rule file exits 78 and names it."""
    with Daemon(start=False) as d:
        (d.folder / "empty").mkdir()
        for path, says in (("missing", "No such file"), ("empty", "no file named *.yaml")):
            r = run("--runtime-dir", d.run, "--rules", d.folder / path)
            assert r.returncode == 78 and f"{d.folder}/{path}: {says}" in r.stderr, r


def test_rules_are_read_from_folders_below():
    """A rules folder is read with all below it; languages, formats and schema in it are passed over."""
    with Daemon(start=False) as d:
        deep = d.rules / "site" / "billing"
        deep.mkdir(parents=True)
        (deep / "more.yaml").write_text(MORE[MORE.index("  - id: test-hold"):].join(
            ["format: 1\npack: test\nlanguage: en\nrules:\n", ""]))
        (d.rules / "languages").mkdir()
        (d.rules / "languages" / "xx.yaml").write_text("nothing: of this\n")
        (d.rules / ".hidden.yaml").write_text("nothing: of this\n")
        os.symlink("..", d.rules / "site" / "loop")
        r = subprocess.run(d.command("--check-config"), capture_output=True, text=True, timeout=coachtest.PATIENCE)
        assert r.returncode == 0 and "# rules: 3," in r.stdout, r
        assert f"{d.rules}/site/loop: warning: this link leads back" in r.stderr, r.stderr


def test_sockets_have_exact_modes():
    """Whatever the umask, the folder is 0755 and the sockets are 0660, 0660 and 0600."""
    for umask in (0o000, 0o077):
        with Daemon(start=False) as d:
            d.start(umask=umask)
            modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in d.run.iterdir() if p.is_socket()}
            assert modes == {"ingest.sock": 0o660, "agent.sock": 0o660, "control.sock": 0o600}, modes
            assert stat.S_IMODE(d.run.stat().st_mode) == 0o755


def test_sockets_are_given_to_their_groups():
    """The ingest and agent sockets belong to the groups that were named, if those exist."""
    if os.geteuid() != 0:
        coachtest.skip("only root can give files away")
    with Daemon("--ingest-group", "daemon", "--agent-group", "no-such-group-here") as d:
        import grp
        assert (d.run / "ingest.sock").stat().st_gid == grp.getgrnam("daemon").gr_gid
        assert "no group no-such-group-here" in d.log()


def test_a_path_too_long_for_a_socket():
    """A runtime folder whose sockets would have too long a path is refused, not cut."""
    with Daemon(start=False) as d:
        d.run = d.folder / ("x" * 120)
        r = subprocess.run(d.command(), capture_output=True, text=True, timeout=coachtest.PATIENCE)
        assert r.returncode == 71 and "at most 107 bytes" in r.stderr and "--runtime-dir" in r.stderr, r


def test_stale_sockets_are_replaced():
    """After kill -9 the next start takes over the socket files left behind."""
    with Daemon() as d:
        d.kill()
        assert (d.run / "ingest.sock").is_socket()
        d.start()
        with d.agent("sam") as sam, d.ingest() as w:
            w.send(say("c-1", CALM, agent_id="sam"))
            sam.skip_to("nudge")


def test_a_second_instance_is_refused():
    """A second daemon on the same folder exits 75 and harms nothing."""
    with Daemon() as d, d.agent("sam") as sam, d.ingest() as w:
        r = subprocess.run(d.command(), capture_output=True, text=True, timeout=coachtest.PATIENCE)
        assert r.returncode == 75 and "another coachd is running" in r.stderr, r
        w.send(say("c-1", CALM, agent_id="sam"))
        sam.skip_to("nudge")


def test_a_socket_served_by_another_program_is_left_alone():
    """A socket that somebody else serves is not taken over: exit 75."""
    with Daemon(start=False) as d:
        d.run.mkdir()
        other = socket.socket(socket.AF_UNIX)
        other.bind(str(d.run / "agent.sock"))
        other.listen()
        r = subprocess.run(d.command(), capture_output=True, text=True, timeout=coachtest.PATIENCE)
        assert r.returncode == 75 and "another process serves" in r.stderr, r
        assert (d.run / "agent.sock").is_socket() and not (d.run / "ingest.sock").exists()
        other.close()


def test_a_file_that_is_no_socket_is_left_alone():
    """A file where a socket should be is never removed."""
    with Daemon(start=False) as d:
        d.run.mkdir()
        (d.run / "ingest.sock").write_text("mine")
        r = subprocess.run(d.command(), capture_output=True, text=True, timeout=coachtest.PATIENCE)
        assert r.returncode == 71 and "is no socket" in r.stderr, r
        assert (d.run / "ingest.sock").read_text() == "mine"


def test_stopping_takes_what_was_sent():
    """SIGTERM: lines already sent are run, also of callers who still wait; nudges and acks arrive; then exit 0."""
    with Daemon() as d:
        sam, w = d.agent("sam"), d.ingest(ack=True)
        d.signal(signal.SIGSTOP)
        w.send(*(say(f"c-{i}", CALM, agent_id="sam", seq=i) for i in range(40)))
        late = [Lines(d.run / "ingest.sock") for _ in range(200)]
        for i, caller in enumerate(late):
            caller.send({"type": "hello", "ack": True}, say(f"late-{i}", "hello", seq=i))
        d.signal(signal.SIGTERM)
        d.signal(signal.SIGCONT)
        got = []
        while (message := sam.receive()) is not None:
            if message["type"] == "nudge":
                got.append(message["call_id"])
        assert sorted(got) == sorted([f"c-{i}" for i in range(40)]), got
        for i, caller in enumerate(late):
            assert caller.expect("ack")["seq"] == i
            caller.expect_end()
        last = None
        while (message := w.receive()) is not None:
            last = message
        assert last == {"type": "ack", "seq": 39}, last
        assert d.wait() == 0, d.log()
        assert sorted(p.name for p in d.run.iterdir()) == ["coachd.lock"]
        assert "stopped" in d.log()


def test_a_slow_reader_gets_what_waits():
    """What waits for a desktop when stopping begins is delivered if it reads now."""
    with Daemon(rules=coachtest.TIRELESS) as d:
        sam, w = d.agent("sam"), d.ingest()
        for i in range(400):
            w.send(say(f"c-{i // 100}", CALM, agent_id="sam", segment_id=f"s{i}"))
            nudges = coachtest.wait_for("the line", lambda: (n := d.status()["nudges"])["shown"] > i and n)
            if nudges["delivered"] < nudges["shown"]:
                break
        assert nudges["delivered"] < nudges["shown"], nudges
        d.signal(signal.SIGTERM)
        coachtest.wait_for("stopping", lambda: "stopping" in d.log())
        time.sleep(0.1)
        got = 0
        while (message := sam.receive()) is not None:
            got += message["type"] == "nudge"
        assert got == nudges["shown"], (got, nudges)
        assert d.wait() == 0, d.log()


def test_stopping_waits_for_readers_but_not_for_ever():
    """A desktop that does not read delays stopping by the drain timeout and no more; a second signal ends it."""
    for again in (False, True):
        with Daemon("--drain-timeout", "1s" if not again else "100s", rules=coachtest.TIRELESS) as d:
            sam, w = d.agent("sam"), d.ingest()
            w.send(*(say(f"c-{i % 4}", CALM, agent_id="sam", segment_id=f"s{i}") for i in range(400)))
            coachtest.wait_for("the lines", lambda: d.status()["lines"]["ok"] == 400)
            begin = time.monotonic()
            d.signal(signal.SIGTERM)
            coachtest.wait_for("stopping", lambda: "stopping" in d.log())
            if again:
                time.sleep(0.3)
                d.signal(signal.SIGINT)
            assert d.wait() == 0, d.log()
            took = time.monotonic() - begin
            assert took < 6 and (again or took > 0.9), took
            sam.close()


def test_the_control_socket_can_stop_it():
    """drain answers and then stops like SIGTERM."""
    with Daemon() as d:
        assert d.control("drain") == {"type": "drain", "ok": True}
        assert d.wait() == 0


def test_reload_by_signal():
    """SIGHUP puts new rules in use for calls that go on, with a new hash."""
    with Daemon() as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(say("c-1", "could you hold the line please", agent_id="sam"))
        sam.expect("call_started")
        before = d.status()["rules"]
        (d.rules / "test.yaml").write_text(MORE)
        d.signal(signal.SIGHUP)
        after = coachtest.wait_for("the reload", lambda: (r := d.status()["rules"])["generation"] == 2 and r)
        assert after["hash"] != before["hash"] and after["rules"] == 3 and after["last_reload"] == {"ok": True}, after
        assert f"reload: 3 rules, 3 phrases, hash {after['hash']}" in d.log()
        w.send(say("c-1", "could you hold the line please"))
        assert sam.expect("nudge")["rules_hash"] == after["hash"]


def test_a_broken_reload_changes_nothing():
    """A broken set leaves the old one at work; log and status say where the error is."""
    with Daemon() as d, d.agent("sam") as sam, d.ingest() as w:
        before = d.status()["rules"]
        (d.rules / "test.yaml").write_text(BROKEN)
        reply = d.control("reload")
        where = f"{d.rules}/{WHERE}"
        assert reply["ok"] is False and reply["error"].startswith(where) and reply["hash"] == before["hash"], reply
        after = d.status()["rules"]
        assert after["last_reload"]["ok"] is False and after["last_reload"]["error"].startswith(where), after
        assert (after["generation"], after["reloads_failed"]) == (1, 1) and where in d.log()
        w.send(say("c-1", CALM, agent_id="sam"))
        assert sam.skip_to("nudge")["rules_hash"] == before["hash"]
        (d.rules / "test.yaml").write_text(MORE)
        reply = d.control("reload")
        assert reply["ok"] and reply["rules"] == 3 and "error" not in reply, reply
        assert d.status()["rules"]["last_reload"] == {"ok": True}


def test_a_storm_of_reloads_is_coalesced():
    """Three hundred requests at once cost a handful of reloads; each is answered, and lines go on being run."""
    with Daemon() as d, d.agent("sam") as sam, d.ingest() as w:
        for i in range(1000):
            d.signal(signal.SIGHUP)
            if i % 100 == 0:
                w.send(say(f"c-{i}", CALM, agent_id="sam"))
                sam.skip_to("nudge")
        before = d.control("reload")["generation"]
        d.signal(signal.SIGSTOP)
        asking = [Lines(d.run / "control.sock") for _ in range(300)]
        for c in asking:
            c.send({"command": "reload"})
        d.signal(signal.SIGCONT)
        for c in asking:
            assert c.expect("reload")["ok"]
            c.close()
        after = d.control("reload")["generation"]
        print(f"         {before - 1} reloads for 1,000 signals, {after - before} for 301 requests")
        assert after - before < 100


def test_a_reload_asked_for_sees_the_files_as_they_are():
    """The reply to reload is of a set that was read after the request, even while another one is being built."""
    with Daemon() as d:
        for i in range(10):
            d.signal(signal.SIGHUP)
            (d.rules / "test.yaml").write_text(MORE if i % 2 == 0 else coachtest.RULES)
            assert d.control("reload")["rules"] == (3 if i % 2 == 0 else 2)


def test_an_idle_call_ends():
    """A call without lines for the idle timeout ends and its agent is told; one that goes on does not."""
    with Daemon("--idle-timeout", "2s") as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(say("quiet", "hello", agent_id="sam"), say("busy", "hello", agent_id="sam"))
        sam.expect("call_started"), sam.expect("call_started")
        for _ in range(8):
            time.sleep(0.5)
            w.send(say("busy", "hello"))
        ended = sam.expect("call_ended")
        assert (ended["call_id"], ended["reason"]) == ("quiet", "idle"), ended
        sam.expect_silence()
        assert [c["call_id"] for c in d.control("calls")["calls"]] == ["busy"]


def test_a_call_does_not_go_on_for_ever():
    """A call older than the limit ends however busy it is."""
    with Daemon("--max-call-age", "2s") as d, d.agent("sam") as sam, d.ingest() as w:
        for _ in range(8):
            w.send(say("c-1", "hello", agent_id="sam"))
            time.sleep(0.4)
        sam.expect("call_started")
        assert sam.expect("call_ended")["reason"] == "too_old"


def test_control_requests():
    """Unknown and malformed requests are answered with what is known; log-level takes effect."""
    with Daemon() as d:
        reply = d.control("statsu")
        assert reply["code"] == "unknown_command" and "did you mean 'status'?" in reply["message"], reply
        for name in ("calls", "connections", "drain", "log-level", "metrics", "reload", "status"):
            assert name in reply["message"]
        for raw, code in ((b"{oops\n", "bad_json"), (b"[]\n", "missing_field"), (b'{"command":5}\n', "missing_field"),
                          (b"x" * 5000 + b"\n", "too_long"), (b'{"command":"log-level","level":"x"}\n', "bad_field")):
            with Lines(d.run / "control.sock") as c:
                c.send(raw)
                assert c.expect("error")["code"] == code, raw
                c.expect_end()
        assert d.control("log-level")["level"] == "info"
        assert d.control("log-level", level="debug")["level"] == "debug"
        assert d.status()["log_level"] == "debug"


def test_one_answer_for_two_requests():
    """A connection gets one reply, whatever else it asks."""
    with Daemon() as d, Lines(d.run / "control.sock") as c:
        c.send({"command": "status"}, {"command": "drain"})
        c.expect("status")
        c.expect_end()
        d.status()


def test_metrics_are_openmetrics():
    """metrics is OpenMetrics text: families with type and help, counters ending in _total, # EOF at the end."""
    with Daemon() as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(b"oops\n", say("c-1", CALM, agent_id="sam"))
        sam.skip_to("nudge")
        text = d.control("metrics")["metrics"]
        assert text.endswith("# EOF\n")
        kinds, samples = {}, {}
        for line in text.splitlines()[:-1]:
            if line.startswith("# TYPE "):
                name, kind = line.split()[2:]
                assert name not in kinds
                kinds[name] = kind
            elif not line.startswith("# HELP "):
                name, value = line.rsplit(" ", 1)
                family = name.split("{")[0].removesuffix("_total")
                assert (kinds[family] == "counter") == name.split("{")[0].endswith("_total"), line
                samples[name] = float(value)
        assert samples['coachd_lines_total{result="bad_json"}'] == 1
        assert samples["coachd_nudges_total"] == 1 and samples["coachd_agents"] == 1, text


class Manager:
    """As much of a service manager as the protocol needs: a datagram socket that collects what is said."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(coachtest.PATIENCE)

    def hear(self, what):
        """The next datagram with that variable."""
        while True:
            said = dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines() if line)
            if what in said:
                return said


def test_readiness_and_watchdog():
    """A service manager hears of readiness, reloads, the watchdog and the end, by path or abstract socket."""
    for abstract in (False, True):
        with Daemon(start=False) as d:
            path = str(d.folder / "notify")
            manager = Manager("\0" + path if abstract else path)
            d.env = {"NOTIFY_SOCKET": "@" + path if abstract else path, "WATCHDOG_USEC": "400000"}
            d.start()
            ready = manager.hear("READY")
            assert ready["READY"] == "1" and "2 rules" in ready["STATUS"], ready
            begin = time.monotonic()
            for _ in range(5):
                assert manager.hear("WATCHDOG")["WATCHDOG"] == "1"
            assert 0.5 < time.monotonic() - begin < 3
            d.signal(signal.SIGHUP)
            reloading = manager.hear("RELOADING")
            assert abs(int(reloading["MONOTONIC_USEC"]) / 1e6 - time.monotonic()) < 5, reloading
            manager.hear("READY")
            d.signal(signal.SIGTERM)
            manager.hear("STOPPING")
            assert d.wait() == 0


def test_the_watchdog_is_for_the_process_it_names():
    """WATCHDOG_PID of another process: no pings."""
    with Daemon(start=False) as d:
        manager = Manager(str(d.folder / "notify"))
        d.env = {"NOTIFY_SOCKET": str(d.folder / "notify"), "WATCHDOG_USEC": "200000", "WATCHDOG_PID": "1"}
        d.start()
        manager.hear("READY")
        manager.socket.settimeout(0.5)
        try:
            raise AssertionError(manager.socket.recv(100))
        except TimeoutError:
            pass


def activate(daemon, names, sockets, **environment):
    """Starts it with listening sockets as a service manager does: as descriptors 3 and up."""
    def prepare():
        for i, s in enumerate(sockets):
            os.dup2(os.dup(s.fileno()), 100 + i)
        for i in range(len(sockets)):
            os.dup2(100 + i, 3 + i)
            os.set_inheritable(3 + i, True)
            os.close(100 + i)
    command = ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$0" "$@"', *daemon.command()]
    with open(daemon.log_path, "ab") as log:
        daemon.process = subprocess.Popen(
            command, stderr=log, stdout=subprocess.DEVNULL, preexec_fn=prepare, pass_fds=range(3, 3 + len(sockets)),
            env={**daemon.environment(), "LISTEN_FDS": str(len(sockets)), "LISTEN_FDNAMES": ":".join(names),
                 **environment})


def test_socket_activation():
    """Sockets handed over by name are used instead of paths, and their files are not removed at the end."""
    with Daemon(start=False) as d:
        handed = {}
        for name in ("agent", "other", "ingest"):
            handed[name] = socket.socket(socket.AF_UNIX)
            handed[name].bind(str(d.folder / f"{name}.given"))
            handed[name].listen()
        early = Lines(d.folder / "ingest.given")
        early.send(say("c-0", CALM))
        activate(d, list(handed), list(handed.values()))
        coachtest.wait_for("readiness", lambda: "ready: " in d.log())
        assert sorted(p.name for p in d.run.iterdir()) == ["coachd.lock", "control.sock"]
        assert "'other' was handed over and is not used" in d.log()
        with Lines(d.folder / "agent.given") as sam, Lines(d.folder / "ingest.given") as w:
            sam.send({"type": "hello", "agent_id": "sam"})
            sam.expect("welcome")
            w.send(say("c-1", CALM, agent_id="sam"))
            sam.skip_to("nudge")
        coachtest.wait_for("the early line", lambda: d.status()["nudges"]["held"]["no_agent"] == 1)
        d.stop()
        assert (d.folder / "ingest.given").is_socket() and not (d.run / "control.sock").exists()
        for s in handed.values():
            s.close()


def test_activation_for_another_process_is_not_ours():
    """LISTEN_FDS with another LISTEN_PID is ignored."""
    with Daemon(start=False) as d:
        d.env = {"LISTEN_FDS": "3", "LISTEN_PID": "1"}
        d.start()
        assert (d.run / "ingest.sock").is_socket()


def test_activation_with_something_else():
    """A descriptor that is no listening Unix socket is refused with what to check."""
    with Daemon(start=False) as d:
        wrong = socket.socket(socket.AF_INET)
        activate(d, ["ingest"], [wrong])
        assert d.wait() == 71 and "no listening Unix stream socket" in d.log(), d.log()
        wrong.close()


def test_without_a_journal_lines_come_on_stderr():
    """When JOURNAL_STREAM names standard error, and no journal answers, lines still come on standard error."""
    with Daemon(start=False) as d:
        st = d.log_path.stat()
        d.env = {"JOURNAL_STREAM": f"{st.st_dev}:{st.st_ino}"}
        if pathlib.Path("/run/systemd/journal/socket").exists():
            coachtest.skip("a journal runs here and would get the lines")
        d.start()
        assert "<5>ready: " in d.log()


def test_a_vanishing_writer():
    """A writer that vanishes before its error line was sent harms nothing."""
    with Daemon() as d:
        for _ in range(200):
            with Lines(d.run / "ingest.sock") as w:
                w.send(b"oops\n")
        coachtest.wait_for("all lines", lambda: d.status()["errors"]["bad_json"] == 200)


coachtest.main(globals())
