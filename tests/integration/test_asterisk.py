"""packaging/examples/asterisk: the script as Asterisk runs it, with its questions answered as Asterisk does."""

import os
import re
import subprocess
import tempfile

import coachtest
from coachtest import BUILD, SOURCE, Daemon
from wsserver import BINARY, TEXT, Server

EXAMPLES = SOURCE / "packaging" / "examples" / "asterisk"
CALM = "well you need to calm down"


def asterisk(runtime_dir, *words, variables=None, sound=None, env=None):
    """Runs the script with the words of an AGI() application; returns its commands. SPEECH_TEXT(0) and other variables are
    as given; `sound` is what EAGI puts on descriptor 3."""
    variables = variables or {}
    facts = {"agi_request": "coach-agi.py", "agi_channel": "SIP/100-1", "agi_uniqueid": "1700000000.12", "agi_callerid": "100"}
    facts.update({f"agi_arg_{n}": word for n, word in enumerate(words, 1)})
    with tempfile.NamedTemporaryFile() as heard:
        heard.write(sound or b"")
        heard.flush()
        p = subprocess.Popen(["bash", "-c", 'exec "$0" 3<"$1"', EXAMPLES / "coach-agi.py", heard.name], stdin=subprocess.PIPE, text=True,
                             stdout=subprocess.PIPE, env={**os.environ, "COACH_INGEST": f"{runtime_dir}/ingest.sock", **(env or {})})
        with p:
            p.stdin.write("".join(f"{n}: {v}\n" for n, v in facts.items()) + "\n")
            p.stdin.flush()
            commands = []
            for line in p.stdout:
                commands.append(line.rstrip("\n"))
                name = re.fullmatch(r"GET VARIABLE (.*)", commands[-1])
                value = variables.get(name[1]) if name else None
                p.stdin.write(f"200 result=1 ({value})\n" if value else "200 result=0\n" if name else "200 result=1\n")
                p.stdin.flush()
            assert p.wait(60) == 0
    return commands


def test_what_was_recognised_is_told():
    """say sends a given text, or SPEECH_TEXT(0); the call is agi_uniqueid, or COACH_CALL; end ends it."""
    with Daemon() as d, d.agent("sam") as sam:
        assert asterisk(d.run, "say", "agent", "sam", CALM)[-1] == "SET VARIABLE COACH_STATUS OK"
        assert sam.skip_to("nudge")["call_id"] == "1700000000.12"
        asterisk(d.run, "end")
        assert sam.skip_to("call_ended")["call_id"] == "1700000000.12"
        asterisk(d.run, "say", "agent", "sam", variables={"SPEECH_TEXT(0)": CALM, "COACH_CALL": "both-legs"})
        assert sam.skip_to("nudge")["call_id"] == "both-legs"
        lines = d.status()["lines"]["ok"]
        assert asterisk(d.run, "say", "agent", "sam", variables={"SPEECH_TEXT(0)": " "})[-1].endswith("OK")
        assert d.status()["lines"]["ok"] == lines


def test_a_call_goes_on_without_coachd():
    """No daemon, a word missing, an unknown word: COACH_STATUS is FAILED, Asterisk's console says why, the script ends well."""
    for words in (("say", "agent", "sam", CALM), ("say",), ("shout", "agent"), ()):
        commands = asterisk("/no/such", *words)
        assert commands[-2].startswith('VERBOSE "coach-agi: ') and commands[-1] == "SET VARIABLE COACH_STATUS FAILED", commands
        assert CALM not in commands[-2]


def test_a_caller_is_listened_to():
    """listen gives a Vosk server the caller's sound and coachd what the server says."""
    sound = bytes(range(256)) * 100
    heard = []

    def serve(c):
        c.shake_hands()
        while True:
            op, data = c.receive()
            if op == BINARY:
                heard.append(data)
            elif op == TEXT and b"eof" in data:
                break
            else:
                assert data == b'{"config":{"sample_rate":8000}}', data
        c.text('{"text" : "%s"}' % CALM)
        c.close()
    with Daemon() as d, d.agent("sam") as sam, Server(serve) as server:
        asterisk(d.run, "listen", "agent", "sam", server.url, sound=sound, env={"PATH": f"{BUILD}/bin:{os.environ['PATH']}"})
        assert sam.skip_to("nudge")["call_id"] == "1700000000.12"
    assert b"".join(heard) == sound


def test_the_dialplan_names_what_the_script_does():
    """Each AGI() and EAGI() of the sample dialplan is one of the script's ways to be called."""
    ways = re.findall(r"coach-agi\.py,(\w+)", (EXAMPLES / "extensions.conf").read_text())
    assert sorted(set(ways)) == ["end", "listen", "say"], ways


if __name__ == "__main__":
    coachtest.main(globals())
