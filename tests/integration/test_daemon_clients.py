"""Who may be which agent, and what happens to those that do not read."""

import json
import os
import pwd
import random
import signal
import time

import coachtest
from coachtest import Daemon, Lines, as_user, say

CALM = "well you need to calm down sir"
USER = "daemon"  # a user that every system has


def hello_as(daemon, uid, hello):
    """The answer to a hello of another user."""
    def talk():
        with Lines(daemon.run / "agent.sock") as c:
            c.send({"type": "hello", **hello})
            return c.receive()
    return as_user(uid, talk)


def test_a_user_is_the_agent_of_its_name():
    """A peer of another user is welcomed as its user name, with and without saying so."""
    uid = pwd.getpwnam(USER).pw_uid
    with Daemon() as d:
        os.chmod(d.run / "agent.sock", 0o666)
        for hello in ({}, {"agent_id": USER}):
            answer = hello_as(d, uid, hello)
            assert answer["type"] == "welcome" and answer["agent_id"] == USER, answer


def test_a_user_is_nobody_else():
    """A peer of another user cannot be another agent, and is hung up on."""
    uid = pwd.getpwnam(USER).pw_uid

    def talk():
        with Lines(d.run / "agent.sock") as c:
            c.send({"type": "hello", "agent_id": "sam"}, {"type": "mute", "rule": "test-calm", "call_id": "c-1"})
            answer = c.receive()
            c.expect_end()
            return answer
    with Daemon() as d, d.agent("sam") as sam, d.ingest() as w:
        os.chmod(d.run / "agent.sock", 0o666)
        w.send(say("c-1", "hello", agent_id="sam"))
        answer = as_user(uid, talk)
        assert answer["type"] == "error" and answer["code"] == "forbidden", answer
        w.send(say("c-1", CALM))
        sam.skip_to("nudge")


def test_a_user_without_a_name_is_refused():
    """A peer whose user has no name is no agent."""
    with Daemon() as d:
        os.chmod(d.run / "agent.sock", 0o666)
        assert hello_as(d, 54321, {"agent_id": "54321"})["code"] == "forbidden"


def test_strangers_cannot_write():
    """A user outside the group cannot connect to the ingest and control sockets."""
    def attempt():
        refused = []
        for name in ("ingest.sock", "agent.sock", "control.sock"):
            try:
                Lines(d.run / name)
            except PermissionError:
                refused.append(name)
        return refused
    with Daemon() as d:
        assert as_user(pwd.getpwnam(USER).pw_uid, attempt) == ["ingest.sock", "agent.sock", "control.sock"]


def test_the_own_user_is_anyone_only_if_allowed():
    """With --no-allow-own-uid the daemon's own user is the agent of its name and no other."""
    name = pwd.getpwuid(os.geteuid()).pw_name
    with Daemon("--no-allow-own-uid") as d:
        with d.agent(name):
            pass
        with Lines(d.run / "agent.sock") as c:
            c.send({"type": "hello", "agent_id": "sam"})
            assert c.expect("error")["code"] == "forbidden"
            c.expect_end()


def test_hello_comes_first_and_soon():
    """A client that says something else first, a hello without an id, or nothing in time is told and hung up on."""
    with Daemon("--hello-timeout", "1s") as d:
        for message, code in (({"type": "ping"}, "hello_first"), ({"type": "hello"}, "missing_field"),
                              ({"type": "hello", "agent_id": ""}, "bad_field"),
                              ({"type": "hello", "agent_id": "x" * 129}, "bad_field"),
                              ({"type": "hello", "agent_id": "a\nb"}, "bad_field"),
                              ({"type": "hello", "agent_id": "a\u009bb"}, "bad_field"), (None, "hello_first")):
            with Lines(d.run / "agent.sock") as c:
                if message is not None:
                    c.send(message)
                assert c.expect("error", 5)["code"] == code, message
                c.expect_end()
        with d.agent("sam") as sam:
            time.sleep(2.5)
            sam.send({"type": "ping"})
            sam.expect("pong")


def test_a_second_hello_changes_nothing():
    """A client cannot become another agent later on."""
    with Daemon() as d, d.agent("sam") as sam, d.ingest() as w:
        sam.send({"type": "hello", "agent_id": "kim"})
        assert sam.expect("error")["code"] == "bad_field"
        w.send(say("c-1", CALM, agent_id="kim"), say("c-2", CALM, agent_id="sam"))
        sam.expect("call_started")
        assert sam.expect("nudge")["call_id"] == "c-2"


def test_what_arrives_with_the_hello_waits_for_the_welcome():
    """Messages sent along with the hello are heard after the welcome, also while the user's name is looked up."""
    for args in ((), ("--no-allow-own-uid",)):
        with Daemon(*args) as d, Lines(d.run / "agent.sock") as c:
            c.send({"type": "hello", "agent_id": pwd.getpwuid(os.geteuid()).pw_name}, *[{"type": "ping"}] * 20)
            c.expect("welcome")
            for _ in range(20):
                c.expect("pong")


def test_a_client_that_goes_while_its_name_is_looked_up():
    """Clients that vanish right after their hello harm nothing."""
    with Daemon("--no-allow-own-uid") as d:
        for _ in range(100):
            with Lines(d.run / "agent.sock") as c:
                c.send({"type": "hello"})
        coachtest.wait_for("them to go", lambda: d.status()["connections"]["agent"] == 0)


def test_stopping_while_names_are_looked_up():
    """The daemon can stop between a hello and the answer of the user database."""
    for _ in range(5):
        with Daemon("--no-allow-own-uid", "--drain-timeout", "0s") as d:
            d.signal(signal.SIGSTOP)
            clients = [Lines(d.run / "agent.sock") for _ in range(50)]
            for c in clients:
                c.send({"type": "hello"})
            d.signal(signal.SIGTERM)
            d.signal(signal.SIGCONT)
            assert d.wait() == 0, d.log()
            for c in clients:
                c.close()


def flood(writer, calls, lines=100):
    """Makes `lines` nudges for the agent sam in each of the calls."""
    for c in calls:
        writer.send(*(say(c, CALM, agent_id="sam", segment_id=f"s{i}") for i in range(lines)))


def test_a_stopped_reader_never_slows_writers():
    """With 50 desktops that do not read, lines are run as fast as without; memory stays bounded."""
    def timed(d, name):
        begin = time.monotonic()
        with d.ingest(ack=True) as w:
            w.send(*(say(f"{name}-{i // 100}", CALM, agent_id="sam", segment_id=f"s{i}", seq=i + 1)
                     for i in range(3000)))
            while w.expect("ack")["seq"] < 3000:
                pass
        return time.monotonic() - begin

    with Daemon(rules=coachtest.TIRELESS) as d:
        timed(d, "warm")
        without = min(timed(d, f"free{i}") for i in range(3))
        stuck = [d.agent("sam") for _ in range(50)]
        flood(w := d.ingest(), ["fill-1", "fill-2", "fill-3", "fill-4"])
        coachtest.wait_for("full queues", lambda: d.status()["nudges"]["dropped"]["overflowed"] > 0)
        before = d.rss_kib()
        behind = min(timed(d, f"stuck{i}") for i in range(3))
        print(f"         3,000 nudges: {without * 1000:.0f} ms alone, {behind * 1000:.0f} ms past 50 full queues; "
              f"memory grew by {d.rss_kib() - before} KiB")
        if not coachtest.sanitized():
            assert d.rss_kib() - before < 8 * 1024
        assert behind < 20 * without + 2, (without, behind)
        with d.agent("kim") as kim:
            w.send(say("k", CALM, agent_id="kim"))
            kim.skip_to("nudge")
        for c in stuck:
            c.close()
        w.close()


def test_late_nudges_are_dropped_first():
    """What a desktop did not read in time is dropped and counted; when it reads again it gets no old nudge."""
    with Daemon(rules=coachtest.TIRELESS) as d, d.agent("sam") as sam, d.ingest() as w:
        flood(w, ["a", "b", "c", "d"])
        sent = coachtest.wait_for("the nudges", lambda: (n := d.status()["nudges"])["shown"] == 400 and n)
        assert 400 - 64 <= sent["delivered"] + sent["dropped"]["overflowed"] <= 400, sent
        ttl = None
        while ttl is None:
            ttl = sam.skip_to("nudge")["ttl_ms"]
        time.sleep(ttl / 1000 + 0.2)
        w.send(say("e", CALM, agent_id="sam"))
        ids = []
        while not ids or ids[-1] != "e":
            ids.append(sam.skip_to("nudge")["call_id"])
        counts = d.status()["nudges"]
        print(f"         {len(ids)} read late, {counts['dropped']}")
        assert counts["dropped"]["expired"] > 0, counts


def test_a_desktop_that_reads_nothing_is_hung_up_on():
    """A desktop that reads nothing for the read timeout is disconnected, with the reason in the log; one that reads
    is not."""
    with Daemon("--read-timeout", "1s", rules=coachtest.TIRELESS) as d, d.agent("sam") as sam, \
            d.agent("sam") as reader, d.ingest() as w:
        flood(w, ["a", "b", "c", "d"])

        def given_up():
            try:
                while reader.receive(0.05) is not None:
                    pass
            except TimeoutError:
                pass
            return "did not read what it was sent" in d.log()
        coachtest.wait_for("the disconnect", given_up, 10)
        assert d.status()["connections"]["agent"] == 1
        reader.send({"type": "ping"})
        reader.skip_to("pong")
        sam.close()


def test_a_desktop_that_floods_is_hung_up_on():
    """A client that asks without reading the answers is disconnected and costs no memory."""
    with Daemon() as d, d.agent("sam") as sam, d.agent("kim") as kim:
        before = d.rss_kib()
        try:
            for _ in range(2000):
                sam.send(b'{"type":"ping"}\n' * 1000)
        except OSError:
            pass
        else:
            raise AssertionError("two million unread pongs")
        coachtest.wait_for("the reason", lambda: "too far behind" in d.log())
        if not coachtest.sanitized():
            assert d.rss_kib() - before < 4 * 1024
        kim.send({"type": "ping"})
        kim.expect("pong")


def test_no_agent_ever_sees_anothers_nudge():
    """Twenty thousand random steps of calls, transfers, reconnects and nudges: never one for somebody else."""
    random.seed(int(os.environ.get("COACH_SEED", "1")))
    names = [f"agent-{i}" for i in range(6)]
    got, number = 0, 0
    with Daemon(rules=coachtest.TIRELESS) as d:
        writers = [d.ingest() for _ in range(4)]
        agents = {}
        owner = {}  # call -> all agents that it was given to

        def read(name):
            nonlocal got
            for c in agents[name]:
                while True:
                    c.socket.setblocking(False)
                    try:
                        piece = c.socket.recv(65536)
                    except BlockingIOError:
                        break
                    finally:
                        c.socket.setblocking(True)
                    if not piece:
                        break
                    c.rest += piece
                while b"\n" in c.rest:
                    line, _, c.rest = c.rest.partition(b"\n")
                    message = json.loads(line)
                    if message["type"] == "nudge":
                        got += 1
                        assert message["agent_id"] == name, (name, message)
                        assert name in owner[message["call_id"]], (name, message)

        for step in range(20000):
            name = random.choice(names)
            what = random.random()
            if what < 0.02:
                agents.setdefault(name, []).append(d.agent(name, **({"resume": ""} if random.random() < 0.5 else {})))
            elif what < 0.03 and agents.get(name):
                agents[name].pop(random.randrange(len(agents[name]))).close()
            elif what < 0.05:
                number += 1
            else:
                call = f"c-{random.randrange(number + 1)}"
                line = say(call, CALM, segment_id=f"s{step}")
                if call not in owner or random.random() < 0.2:
                    owner.setdefault(call, set()).add(name)
                    line["agent_id"] = name
                # one connection per call, so that its lines are in order
                writers[int(call[2:]) % 4].send(line)
            if step % 50 == 0 and agents.get(name):
                read(name)
        for name in agents:
            read(name)
        counts = d.status()["nudges"]
        print(f"         {got} nudges read, {counts['shown']} made, {counts['dropped']}")
        assert got > 100 and counts["dropped"]["misdirected"] == 0
        for c in [*writers, *(c for cs in agents.values() for c in cs)]:
            c.close()


coachtest.main(globals())
