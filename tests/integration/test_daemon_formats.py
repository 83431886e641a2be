"""What the configuration says of writers that say nothing themselves: their format, their channels, the mapping files."""

import pathlib
import re
import signal
import subprocess
import tempfile

from coachtest import COACHD, LANGUAGES, Daemon, Rules, main, say, wait_for

CALM = "well you need to calm down sir"

MAPPING = """\
mapping: example
about: The made-up recogniser of this test.
recognise:
  - kind: words
times: s
messages:
  - when:
      kind: words
    gives: transcript
    text: result.text
    final: result.done
    segment: result.id
    channel: track
    start: result.from
    end: result.to
  - when:
      kind: keepalive
    gives: nothing
    because: it says only that the stream is alive
samples:
  - message: |
      {"kind": "words", "track": 0, "result": {"id": 7, "text": "hello there", "done": true, "from": "1.5", "to": 2}}
    gives: |
      {"channel": "0", "segment_id": "7", "text": "hello there", "is_final": true, "start_ms": 1500, "end_ms": 2000}
  - message: |
      {"kind": "keepalive"}
    gives: nothing
"""
KEEPALIVE = {"kind": "keepalive"}


def words(text, track=1, number=1, done=True):
    """A message of that recogniser."""
    return {"kind": "words", "track": track, "result": {"id": number, "text": text, "done": done, "from": number, "to": number + 1}}


class Site:
    """A folder of mapping files."""

    def __init__(self, **files):
        self.folder = tempfile.TemporaryDirectory(prefix="coach-")
        self.path = pathlib.Path(self.folder.name)
        for name, text in (files or {"example": MAPPING}).items():
            self.put(name, text)

    def put(self, name, text):
        (self.path / f"{name}.yaml").write_text(text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()


def checked(*flags):
    """What --check-config prints, and its exit status."""
    with Rules() as rules:
        p = subprocess.run([COACHD, "--check-config", "--rules", rules, "--languages", LANGUAGES, *map(str, flags)],
                           capture_output=True, text=True, timeout=60)
    return p.stdout + p.stderr, p.returncode


def listed(daemon):
    return {c["call_id"]: c for c in daemon.control("connections")["connections"]}


def test_channels_have_a_default():
    """A channel that no hello maps is the configuration's; a hello that maps channels goes before it."""
    with Daemon("--ingest-channels", "0=customer", "--ingest-channels", "left=agent") as d, d.agent("sam") as sam:
        with d.ingest() as w, d.ingest(channels={"0": "agent"}) as own:
            w.send({"call_id": "c-1", "agent_id": "sam", "channel": 0, "text": CALM})
            w.send({"call_id": "c-1", "channel": "left", "text": CALM})
            assert sam.skip_to("nudge")["call_id"] == "c-1"
            w.send({"call_id": "c-1", "channel": "right", "text": CALM})
            e = w.expect("error")
            assert (e["code"], e["line"]) == ("unmapped_channel", 3), e
            own.send({"call_id": "c-2", "agent_id": "sam", "channel": 0, "text": CALM})
            assert sam.skip_to("nudge")["call_id"] == "c-2"
            own.send({"call_id": "c-2", "channel": "left", "text": CALM})
            assert own.expect("error")["code"] == "unmapped_channel"
        assert d.status()["nudges"]["shown"] == 2


def test_settings_that_cannot_be_meant_are_refused():
    """A setting about writers that cannot work is refused at the start, with what it takes."""
    for flags, texts in [
            (["--ingest-channels", "0"], ["ingest_channels: '0': takes CHANNEL=ROLE, such as 0=customer"]),
            (["--ingest-channels", "=agent"], ["ingest_channels: '=agent': takes CHANNEL=ROLE"]),
            (["--ingest-channels", "0=robot"], ["ingest_channels: '0=robot': ", "agent, customer"]),
            (["--ingest-channels", "0=agent", "--ingest-channels", "0=customer"], ["'0=customer': another item names this channel"]),
            (["--ingest-format", "coach"], ["ingest_format: no mapping file describes 'coach'; did you mean 'coachd'?"]),
            (["--formats", "/no/such"], ["/no/such: No such file or directory"])]:
        printed, status = checked(*flags)
        assert status == 78 and all(t in printed for t in texts), (flags, status, printed)


def test_a_format_can_be_the_default():
    """With ingest_format writers may send a vendor's messages without a hello; a hello may still say otherwise."""
    with Site() as site:
        where = ["--formats", site.path, "--ingest-channels", "1=agent"]
        printed, status = checked(*where, "--ingest-format", "example")
        assert status == 0 and "# vendor formats: 1\n" in printed, printed
        printed, status = checked(*where, "--ingest-format", "exampel")
        assert status == 78 and "did you mean 'example'?" in printed, printed
        with Daemon(*map(str, where), "--ingest-format", "example") as d, d.agent("sam") as sam:
            with d.ingest(call_id="c-1", agent_id="sam") as w, d.ingest(call_id="c-2", agent_id="sam", format="coachd") as own:
                w.send(KEEPALIVE, words("you need", done=False), words(CALM))
                assert sam.skip_to("nudge")["call_id"] == "c-1"
                own.send(say("c-2", CALM))
                assert sam.skip_to("nudge")["call_id"] == "c-2"
                seen = listed(d)
                c = seen["c-1"]
                assert (c["format"], c["lines"], c["events"], c["interim"], c["final"], c["ignored"]) == ("example", 4, 3, 1, 1, 1), c
                assert seen["c-2"]["format"] == "coachd", seen
            assert d.status()["formats"]["example"]["ignored"] == 1
            assert 'coachd_format_lines_total{format="example"} ' in d.control("metrics")["metrics"]


def test_a_format_is_recognised():
    """With ingest_format: auto a connection is auto until its messages tell, and the log says what they told."""
    with Site() as site, Daemon("--formats", str(site.path), "--ingest-format", "auto", "--ingest-channels", "1=agent") as d:
        with d.agent("sam") as sam, d.ingest(call_id="c-1", agent_id="sam") as w:
            w.send(b"\n")
            wait_for("the line", lambda: listed(d).get("c-1", {}).get("lines") == 2)
            assert listed(d)["c-1"]["format"] == "auto"
            w.send(words(CALM))
            sam.skip_to("nudge")
            assert listed(d)["c-1"]["format"] == "example"
            assert re.search(r"ingest connection=\d+ format=example$", d.log(), re.M), d.log()


def test_mapping_files_are_read_again():
    """A reload takes changed mapping files for new connections; those that are open go on as they began."""
    with Site() as site, Daemon("--formats", str(site.path), "--ingest-channels", "1=agent") as d, d.agent("sam") as sam:
        with d.ingest(call_id="old", agent_id="sam", format="example") as old:
            old.send(words("hello"))
            site.put("example", MAPPING.replace("kind: words", "kind: speech").replace('"kind": "words"', '"kind": "speech"'))
            assert d.control("reload")["ok"]
            old.send(words(CALM, number=2))
            assert sam.skip_to("nudge")["call_id"] == "old"
            with d.ingest(call_id="new", agent_id="sam", format="example") as new:
                new.send({**words(CALM), "kind": "speech"})
                assert sam.skip_to("nudge")["call_id"] == "new"
                new.send(words(CALM))
                assert new.expect("error")["line"] == 3


def test_a_broken_mapping_file_takes_nothing_down():
    """A reload with a broken mapping file fails with its place, whoever asks; formats and rules stay as they were."""
    with Site() as site, Daemon("--formats", str(site.path), "--ingest-channels", "1=agent", "--ingest-format", "example") as d:
        with d.agent("sam") as sam, d.ingest(call_id="c-1", agent_id="sam") as w:
            w.send(words("hello"))
            before = d.status()["rules"]
            site.put("example", MAPPING.replace("text: result.text", "text: result.txet"))
            reply = d.control("reload")
            assert not reply["ok"] and re.search(r"example\.yaml:\d+:\d+: ", reply["error"]), reply
            site.put("example", MAPPING.replace("mapping: example", "mapping: other"))
            reply = d.control("reload")
            assert not reply["ok"] and "ingest_format: no mapping file describes 'example'" in reply["error"], reply
            site.put("example", "oops: [\n")
            d.signal(signal.SIGHUP)
            wait_for("the third", lambda: d.status()["rules"]["reloads_failed"] == 3)
            after = d.status()["rules"]
            assert after["hash"] == before["hash"] and after["generation"] == before["generation"], after
            w.send(words(CALM, number=2))
            assert sam.skip_to("nudge")["call_id"] == "c-1"
            with d.ingest(call_id="c-2", agent_id="sam") as new:
                new.send(words(CALM))
                assert sam.skip_to("nudge")["call_id"] == "c-2"
            site.put("example", MAPPING)
            assert d.control("reload")["ok"]


def test_a_broken_mapping_file_is_refused_at_the_start():
    """--check-config and the start refuse a broken mapping file with its place; exit 78."""
    with Site(example=MAPPING.replace('"text": "hello there", "is_final"', '"text": "hello here", "is_final"')) as site:
        printed, status = checked("--formats", site.path)
        assert status == 78 and re.search(r"example\.yaml:\d+:\d+: ", printed) and "in the mapping files" in printed, printed


def test_a_message_may_run_over_lines_and_must_end():
    """A shipped format takes a message over several lines as one; one that the end of the stream cuts off is an error."""
    with Daemon() as d, d.agent("sam") as sam:
        with d.ingest(call_id="c-1", agent_id="sam", role="agent", format="vosk") as w:
            w.send(b'{\n', b'  "text" : "%s"\n' % CALM.encode(), b"}\n")
            sam.skip_to("nudge")
            w.send(b'{\n  "text" :')
        wait_for("the end", lambda: d.status()["connections"]["ingest"] == 0)
        assert d.status()["formats"]["vosk"]["errors"] == {"bad_json": 1}, d.status()["formats"]


main(globals())
