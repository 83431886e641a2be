"""A short session with a daemon that runs under another program, such as valgrind: a writer, an agent's desktop
and a control client, good and bad lines, a reload, then SIGTERM, which must end it with status 0.

    python3 session.py valgrind --error-exitcode=99"""
import sys

import coachtest


class Wrapped(coachtest.Daemon):
    def command(self, *more):
        return [*sys.argv[1:], *super().command(*more)]


def main():
    with Wrapped() as daemon:
        desktop = daemon.agent("sam")
        writer = daemon.ingest(call_id="c-1", agent_id="sam", ack=True)
        writer.send(b"no json\n", b"[" * 100 + b"\n", b"\xff\xfe\n", b"x" * 100_000 + b"\n",
                    coachtest.say("c-1", "It is the third time that I ring.", role="customer"),
                    coachtest.say("c-1", "Well, you need to calm down now.", seq=1))
        assert desktop.skip_to("nudge")["rule"] == "test-calm"
        assert writer.skip_to("ack")["seq"] == 1
        for command in ("status", "calls", "connections", "reload", "metrics"):
            daemon.control(command)
        with coachtest.Lines(daemon.run / "agent.sock") as stranger:
            stranger.send(b"{\n")
        writer.send({"type": "call_end", "call_id": "c-1", "reason": "hangup"})
        desktop.skip_to("call_ended")
        daemon.stop()
        print(daemon.log())


if __name__ == "__main__":
    main()
