"""What vendors send becomes the events that a person would expect: recorded samples beside the sources, and our own."""

import json
import re
import shlex
import subprocess
import tempfile
from pathlib import Path

import coachtest
from coachtest import BUILD, LANGUAGES, SOURCE

COACH = BUILD / "bin" / "coach"
FORMATS = SOURCE / "rules" / "formats"
OWN = SOURCE / "tests" / "cases" / "formats"
SHARED = SOURCE.parent / "shared" / "samples" / "asr"


class Decoded:
    """What coach decode makes of a file: events, problems as codes, how often it ignored something, the format."""

    def __init__(self, path, *options, formats=FORMATS):
        done = subprocess.run([COACH, "decode", "--formats", formats, *options, path], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, encoding="utf-8", timeout=60)
        assert done.returncode in (0, 1), done.stderr[:2000]
        self.events = [json.loads(line) for line in done.stdout.splitlines()]
        notes = [re.sub(r"^.*?: ", "", line) for line in done.stderr.splitlines()]
        self.ignored = [n.removeprefix("ignored: ") for n in notes if n.startswith("ignored: ")]
        named = [n.removeprefix("read as ") for n in notes if n.startswith("read as ")]
        self.format = named[0] if named else None
        self.problems = [n.split(":")[0] for n in notes if not n.startswith(("ignored: ", "read as "))]
        assert done.returncode == bool(self.problems), done.stderr[:2000]


class Case:
    """One of our own samples with its expectations, which stand in a file next to it: `with` options of decode, an event on
    each line (null: the field is absent), `problem` codes, how many messages are `ignored`."""

    def __init__(self, path):
        self.path = path
        self.format = path.name.split(".")[0]
        self.options, self.events, self.problems, self.ignored = [], [], [], 0
        for line in path.with_suffix(".expect").read_text(encoding="utf-8").splitlines():
            word, _, rest = line.partition(" ")
            if word == "with":
                self.options = shlex.split(rest)
            elif word == "problem":
                self.problems.append(rest)
            elif word == "ignored":
                self.ignored = int(rest)
            else:
                self.events.append(json.loads(line))

    def check(self, found):
        compare(self.path.name, found.events, self.events)
        assert found.problems == self.problems, (self.path.name, found.problems)
        assert len(found.ignored) == self.ignored, (self.path.name, found.ignored)


def cases():
    found = [Case(path) for path in sorted(OWN.glob("*.txt"))]
    have = {c.format for c in found}
    shipped = {path.stem for path in FORMATS.glob("*.yaml")}
    assert have == shipped, (have ^ shipped, "each format has its own samples")
    return found


def compare(name, found, expected):
    assert len(found) == len(expected), (name, f"{len(found)} events, not {len(expected)}", found)
    for n, (event, fields) in enumerate(zip(found, expected), 1):
        event = {"type": "transcript", **event}
        for key, value in fields.items():
            got = event.get(key)
            same = abs(got - value) < 1e-6 if isinstance(value, float) and isinstance(got, (int, float)) else got == value
            assert same, (name, f"event {n}: {key} is {got!r}, not {value!r}", event)


def shared(name):
    if not SHARED.is_dir():
        coachtest.skip(f"{SHARED} is not there")
    return SHARED / name


def messages(path):
    """The JSON values of a file, one after the other."""
    text, at, found = path.read_text(encoding="utf-8"), 0, []
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = json.JSONDecoder().raw_decode(text, at)
        found.append(value)
    return found


# --- own samples ---


def test_own_samples_decode_as_written_next_to_them():
    """Each of our own samples decodes to the events written next to it, its format named."""
    for case in cases():
        case.check(Decoded(case.path, "--format", case.format, *case.options))


def test_own_samples_are_recognised():
    """Each of our own samples is recognised as its own format, and decodes alike then."""
    for case in cases():
        found = Decoded(case.path, *case.options)
        assert found.format == case.format, (case.path.name, found.format)
        case.check(found)


def test_no_other_format_knows_a_message():
    """Each JSON message of our own samples, were it the first, is recognised as its own format, and, that format's file
    taken away, by no other."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        one, others = folder / "one.txt", folder / "others"
        for case in cases():
            others.mkdir()
            for path in FORMATS.glob("*.yaml"):
                if path.stem != case.format:
                    (others / path.name).symlink_to(path)
            for message in messages(case.path) if case.path.read_text()[0] == "{" else [None]:
                text = case.path.read_text(encoding="utf-8") if message is None else json.dumps(message)
                one.write_text(text, encoding="utf-8")
                if "Exception" in text:
                    continue  # the services of Amazon complain alike
                assert Decoded(one).format == case.format, (case.path.name, text)
                if case.format.startswith("whisper-streaming"):
                    continue  # lines of one are lines of the other but for a column
                found = Decoded(one, formats=others)
                assert found.format == "auto" and set(found.problems) <= {"unknown_format", "bad_json"}, (
                    case.path.name, found.format, text)
            for path in others.iterdir():
                path.unlink()
            others.rmdir()


# --- the vendors' samples ---

# A path of values: `at(message, "a.0.b")`; keys as they are in the sample.
def at(value, path):
    for key in path.split("."):
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def start(**fields):
    return {"type": "call_start", **fields}


def end(**fields):
    return {"type": "call_end", **fields}


def said(text, segment, final, **fields):
    return {"type": "transcript", "text": text, "segment_id": segment, "is_final": final, **fields}


def revisions(file):
    ms = messages(file)
    return [said(at(m, "Transcript.Results.0.Alternatives.0.Transcript"), "u1", n == len(ms),
                 end_ms=round(at(m, "Transcript.Results.0.EndTime") * 1000), start_ms=None) for n, m in enumerate(ms, 1)]


def contact_lens(file):
    first, middle, *_ = messages(file)
    call = first["ContactId"]
    role = ["agent", "agent", "agent", "customer"]
    times = [(19010, 22980), (23000, 24598), (19010, 24598), (19010, 22690)]
    found = []
    for n, segment in enumerate(middle["Segments"][:4]):
        part = segment.get("Utterance") or segment["Transcript"]
        final = "Transcript" in segment
        found.append(said(part["Content" if final else "PartialContent"], part["Id" if final else "TranscriptId"], final,
                          call_id=call, role=role[n], start_ms=times[n][0], end_ms=times[n][1],
                          append=None if final else True))
    return [start(call_id=call, language="en-US"), *found, end(reason="COMPLETED"), end(call_id=call, reason="FAILED")]


def call_analytics(file):
    m = messages(file)[0]
    m = m.get("CallAnalyticsTranscriptResultStream", m)
    return [said(at(m, "UtteranceEvent.Transcript"), at(m, "UtteranceEvent.UtteranceId"), True, role="customer",
                 start_ms=19010, end_ms=22690)]


def transcribed(path, final=True, **fields):
    return lambda file: [said(at(messages(file)[0], path), "u1", final, **fields)]


def assembly_universal(file):
    ms = messages(file)
    found = [start()]
    for n, m in enumerate(ms[1:-1]):
        done = m["end_of_turn"]
        text = m["transcript"] if done else m["utterance"] or " ".join(w["text"] for w in m["words"])
        settled = " ".join(w["text"] for w in m["words"] if w["word_is_final"])
        found.append(said(text, "0" if n < 6 else "1", done, end_of_turn=True if done else None,
                          stable_len=None if done else len(settled.encode()),
                          start_ms=2160 if n < 6 else 5200, end_ms=m["words"][-1]["end"]))
    return found


def assembly_u3(file):
    _, _, partial, final, _ = messages(file)
    return [start(), said(partial["transcript"], "0", False, stable_len=0, start_ms=1216, end_ms=3067),
            said(final["transcript"], "0", True, start_ms=1216, end_ms=4155, end_of_turn=True)]


def assembly_language(file):
    first, second = messages(file)
    return [said(first["utterance"], "1", False, language="es", stable_len=6, start_ms=29920, end_ms=30400),
            said(second["transcript"], "0", True, language="es", confidence=None, start_ms=1200, end_ms=3760)]


def assembly_speakers(file):
    first, second = messages(file)
    return [said(first["transcript"], "u1", True, speaker="A"), said(second["transcript"], "u2", True, speaker="UNKNOWN")]


def assembly_v2(file):
    _, partial, final, _ = messages(file)
    return [start(), said(partial["text"], "u1", False, start_ms=5310, end_ms=7540, confidence=partial["confidence"]),
            said(final["text"], "u1", True, start_ms=5310, end_ms=25580, confidence=final["confidence"])]


def lca(file):
    plain, redacted, _ = messages(file)
    return [said(m["Transcript"], m["SegmentId"], True, call_id=m["CallId"], role="customer", start_ms=27420, end_ms=30955)
            for m in (plain, redacted)]


def azure(file):
    text = file.read_text(encoding="utf-8")
    hypothesis = re.search(r'"Text": "(.*?)"', text)[1]
    phrase = re.search(r'"DisplayText": "(.*?)"', text)[1]
    return [said(hypothesis, "u1", False, start_ms=0, end_ms=2360), said(phrase, "u1", True, start_ms=0, end_ms=1230)]


def azure_measured(file):
    hypothesis, phrase = messages(file)
    return [said(hypothesis["Text"], "u1", False, start_ms=70, end_ms=1710),
            said(phrase["DisplayText"], "u1", True, start_ms=70, end_ms=1710)]


def deepgram_compatible(file):
    _, interim, final, _ = messages(file)
    return [said(at(interim, "channel.alternatives.0.transcript"), "0:420", False, channel="0", start_ms=420, end_ms=1320),
            said(at(final, "channel.alternatives.0.transcript"), "0:420", True, channel="0", end_ms=2220, end_of_turn=True)]


def genesys(file):
    body = messages(file)[0]
    body = at(body, "detail.eventBody" if "detail" in body else "eventBody")
    t = body["transcripts"][0]
    return [said(at(t, "alternatives.0.transcript"), t["utteranceId"], True, call_id=body["conversationId"], role="customer",
                 start_ms=278620, end_ms=291100, language="en-US", confidence=at(t, "alternatives.0.confidence"),
                 ts="2026-03-19T22:04:48.128Z")]


def google_series(file):
    ms = [m["results"] for m in messages(file)]
    texts = ["".join(at(r, "alternatives.0.transcript") for r in m).strip() for m in ms]
    stable = [0, 0, 5, None, 0, 7, None]
    return [said(t, "u1" if n < 4 else "u2", n in (3, 6), stable_len=stable[n]) for n, t in enumerate(texts)]


def jambonz(file):
    m = messages(file)[0]
    m = m.get("payload", m)
    return [said(at(m, "speech.alternatives.0.transcript"), "u1", True, call_id=m["call_sid"], channel="1", language="en-US",
                 start_ms=1730, end_ms=2470, confidence=at(m, "speech.alternatives.0.confidence"))]


def salesforce(file):
    first, second = messages(file)[0]["entries"]
    times = [(0, 2500), (7000, 10200)]
    found = [said(m["content"], m["messageId"], True, call_id=first["vendorCallKey"], role="customer", start_ms=a, end_ms=b)
             for m, (a, b) in zip(first["messages"], times)]
    m = second["messages"][0]
    return [*found, said(m["content"], m["messageId"], True, call_id=second["vendorCallKey"], start_ms=0, end_ms=3200)]


def speechmatics(file):
    partial, final, _ = messages(file)
    return [said(at(partial, "metadata.transcript"), "u1", False, start_ms=0, end_ms=620, confidence=0.1, speaker="S1"),
            said(at(final, "metadata.transcript"), "u1", True, start_ms=0, end_ms=920, confidence=0.96, language="en")]


def twilio_text(m):
    return json.loads(m["TranscriptionData"])["transcript"]


def twilio(file):
    first, final, partial, _, _ = messages(file)
    call = first["CallSid"]
    return [start(call_id=call, language="en-US"),
            said(twilio_text(final), "u1", True, call_id=call, role="agent", channel="outbound_track", confidence=0.9956335),
            said(twilio_text(partial), "u2", False, call_id=call, role="agent", channel="outbound_track", stability=0.9),
            end(call_id=call, reason="transcription-stopped"), end(call_id=call, reason="Provider Unavailable")]


def twilio_form(file):
    m = messages(file.with_name("twilio.ndjson"))[1]
    return [said(twilio_text(m), "u1", True, call_id=m["CallSid"], channel="outbound_track", ts=m["Timestamp"])]


def vosk(file):
    partial, result, plain, _, best = messages(file)
    return [said(partial["partial"], "u1", False), said(result["text"], "u1", True, start_ms=870, end_ms=2610, confidence=1.0),
            said(plain["text"], "u2", True), said(at(best, "alternatives.0.text"), "u3", True, confidence=0.97)]


def vosk_pretty(file):
    partial, result = messages(file)
    return [said(partial["partial"], "u1", False), said(result["text"], "u1", True, start_ms=870, end_ms=2610)]


def whisperlive(file):
    _, first, second, _ = messages(file)
    all_segments = first["segments"] + second["segments"]
    ids, finals = ["0", "1000", "0", "1000", "2000"], [True, False, True, True, True]
    return [said(s["text"], i, f, start_ms=int(i), end_ms=int(i) + 1000) for s, i, f in zip(all_segments, ids, finals)]


def columns(ncolumns):
    def expected(file):
        rows = [line.split(None, ncolumns) for line in file.read_text(encoding="utf-8").splitlines()]
        return [said(row[-1], f"u{n}", True, start_ms=int(row[-3]), end_ms=int(row[-2])) for n, row in enumerate(rows, 1)]
    return expected


# file: (the format it is recognised as, the events)
SAMPLES = {
    "amazon-connect-contact-lens.ndjson": ("amazon-contact-lens", contact_lens),
    "amazon-transcribe-call-analytics.json": ("amazon-transcribe-call-analytics", call_analytics),
    "amazon-transcribe-call-analytics.ndjson": ("amazon-transcribe-call-analytics", call_analytics),
    "amazon-transcribe-channel.json": ("amazon-transcribe", transcribed(
        "alternatives.0.transcript", channel="ch_0", start_ms=110, end_ms=660)),
    "amazon-transcribe-diarized.json": ("amazon-transcribe", transcribed(
        "Transcript.Results.0.Alternatives.0.Transcript", speaker="0", start_ms=18740, end_ms=25630)),
    "amazon-transcribe-final-pii-identified.json": ("amazon-transcribe", transcribed(
        "TranscriptResultStream.TranscriptEvent.Transcript.Results.0.Alternatives.0.Transcript", start_ms=20, end_ms=1020)),
    "amazon-transcribe-final-redacted.json": ("amazon-transcribe", transcribed(
        "TranscriptResultStream.TranscriptEvent.Transcript.Results.0.Alternatives.0.Transcript", start_ms=20, end_ms=1020)),
    "amazon-transcribe-partial-stable.json": ("amazon-transcribe", transcribed(
        "Transcript.Results.0.Alternatives.0.Transcript", final=False, stable_len=7, start_ms=1650, end_ms=4165)),
    "amazon-transcribe-revisions.ndjson": ("amazon-transcribe", revisions),
    "amazon-transcribe-revisions-stabilized.ndjson": ("amazon-transcribe", revisions),
    "assemblyai-v2.ndjson": ("assemblyai-v2", assembly_v2),
    "assemblyai-v3-language.ndjson": ("assemblyai-v3", assembly_language),
    "assemblyai-v3-speaker-label.ndjson": ("assemblyai-v3", assembly_speakers),
    "assemblyai-v3-u3pro.ndjson": ("assemblyai-v3", assembly_u3),
    "assemblyai-v3-universal.ndjson": ("assemblyai-v3", assembly_universal),
    "aws-lca-add-transcript-segment.ndjson": ("aws-lca", lca),
    "azure-speech.ndjson": ("azure-speech", azure),
    "azure-speech-detailed.json": ("azure-speech", transcribed("NBest.0.Lexical", confidence=0.87, start_ms=None)),
    "azure-speech-measured-zh.ndjson": ("azure-speech", azure_measured),
    "azure-speech-usp-frames.txt": ("azure-speech", azure),
    "cognigy-recognized-speech.json": ("jambonz", jambonz),
    "deepgram.json": ("deepgram", lambda file: [said(at(messages(file)[0], "channel.alternatives.0.transcript"), "0:0", True,
                                                     channel="0", start_ms=0, end_ms=4590, end_of_turn=True)]),
    "deepgram-compatible.ndjson": ("deepgram", deepgram_compatible),
    "freeswitch-aws-transcription-body.json": ("freeswitch", transcribed("0.alternatives.0.transcript")),
    # FreeSWITCH hands on Azure's own message: alone it is no different
    "freeswitch-azure-transcription-body.json": ("azure-speech", transcribed("DisplayText", start_ms=1440, end_ms=2660)),
    "freeswitch-detected-speech.esl.txt": ("freeswitch", lambda file: [
        said(re.search("<input>(.*)</input>", file.read_text(encoding="utf-8"))[1], "u1", True, confidence=None)]),
    "freeswitch-google-transcription-body.json": ("freeswitch", transcribed(
        "alternatives.0.transcript", confidence=0.96471, stability=None)),
    "genesys-eventbridge.json": ("genesys", genesys),
    "genesys-notification.json": ("genesys", genesys),
    "google-stt-node-interim.json": ("google-stt", transcribed(
        "results.0.alternatives.0.transcript", final=False, channel="0", end_ms=3200, confidence=None)),
    "google-stt-series.ndjson": ("google-stt", google_series),
    "jambonz-transcription-hook.json": ("jambonz", jambonz),
    "salesforce-voice-transcripts.json": ("salesforce-voice", salesforce),
    "speechmatics.ndjson": ("speechmatics", speechmatics),
    "twilio.ndjson": ("twilio", twilio),
    "twilio-content-final.form.txt": ("twilio", twilio_form),
    "vosk.ndjson": ("vosk", vosk),
    "vosk-nbest.json": ("vosk", lambda file: [said(at(messages(file)[0], "alternatives.0.text"), "u1", True, confidence=None,
                                                   start_ms=1740, end_ms=2640)]),
    "vosk-pretty-stream.txt": ("vosk", vosk_pretty),
    "whisper-streaming-cli.txt": ("whisper-streaming-cli", columns(3)),
    "whisper-streaming-server.txt": ("whisper-streaming", columns(2)),
    "whisperlive.ndjson": ("whisperlive", whisperlive),
    "whisperlive-segment-speaker.json": ("whisperlive", lambda file: [
        said(messages(file)[0]["text"], "0", True, speaker="SPEAKER_00", start_ms=0, end_ms=2500)]),
    "whisperlive-words.json": ("whisperlive", lambda file: [
        said(at(messages(file)[0], "segments.0.text"), "0", False, start_ms=0, end_ms=2500, confidence=0.915)]),
}
INVALID = "twilio-providerdata.invalid.txt"


def test_vendors_samples_decode():
    """Every sample that vendors publish is recognised, and decodes to the events a person would expect."""
    folder = shared("")
    there = {path.name for path in folder.iterdir()} - {"SOURCES.md", INVALID}
    assert there == set(SAMPLES), there ^ set(SAMPLES)
    for name, (format_name, expected) in SAMPLES.items():
        for options in ([], ["--format", format_name]):
            found = Decoded(folder / name, *options)
            assert found.format in (format_name, None), (name, found.format)
            assert not found.problems, (name, found.problems)
            compare(name, found.events, expected(folder / name))
    body = "freeswitch-azure-transcription-body.json"
    compare(body, Decoded(folder / body, "--format", "freeswitch").events, SAMPLES[body][1](folder / body))


def test_a_sample_that_is_no_json_is_one_error():
    """The vendor's sample that is no JSON gives one error, and the good message behind it is decoded."""
    text = shared(INVALID).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mixed.txt"
        path.write_text(text + "\n" + (OWN / "twilio.json.txt").read_text(encoding="utf-8"), encoding="utf-8")
        found = Decoded(path, "--format", "twilio")
        case = Case(OWN / "twilio.json.txt")
    assert found.problems == ["bad_json"], found.problems
    compare(INVALID, found.events, case.events)


# --- interim results ---


def contact_lens_finals(ms):
    return {s["Transcript"]["Id"]: s["Transcript"]["Content"] for m in ms for s in m.get("Segments", []) if "Transcript" in s}


def transcribe_finals(ms):
    results = [r for m in ms for r in m.get("Transcript", {}).get("Results", [])]
    return dict(enumerate(at(r, "Alternatives.0.Transcript") for r in results if not r["IsPartial"]))


def assembly_finals(ms):
    return {m["turn_order"]: m["transcript"] for m in ms if m.get("end_of_turn")}


def google_finals(ms):
    finals = [r for m in ms for r in m.get("results", []) if r.get("isFinal")]
    return dict(enumerate(at(r, "alternatives.0.transcript").strip() for r in finals))


def vosk_finals(ms):
    texts = [m.get("text") or (at(m, "alternatives.0.text") if "alternatives" in m else "") for m in ms]
    return dict(enumerate(t for t in texts if t))


def whisperlive_finals(ms):
    return {float(s["start"]): s["text"] for m in ms for s in m.get("segments", []) if s["completed"]}


# (own or shared sample, format, what its vendor's last finals are, by utterance)
STREAMS = [
    (OWN / "amazon-transcribe.plain.txt", "amazon-transcribe", transcribe_finals),
    (OWN / "amazon-contact-lens.txt", "amazon-contact-lens", contact_lens_finals),
    (OWN / "assemblyai-v3.txt", "assemblyai-v3", assembly_finals),
    (OWN / "google-stt.txt", "google-stt", google_finals),
    (OWN / "vosk.txt", "vosk", vosk_finals),
    (OWN / "whisperlive.txt", "whisperlive", whisperlive_finals),
]
SHARED_STREAMS = [
    ("amazon-transcribe-revisions.ndjson", "amazon-transcribe", transcribe_finals),
    ("amazon-transcribe-revisions-stabilized.ndjson", "amazon-transcribe", transcribe_finals),
    ("amazon-connect-contact-lens.ndjson", "amazon-contact-lens", contact_lens_finals),
    ("assemblyai-v3-universal.ndjson", "assemblyai-v3", assembly_finals),
    ("assemblyai-v3-u3pro.ndjson", "assemblyai-v3", assembly_finals),
    ("google-stt-series.ndjson", "google-stt", google_finals),
    ("vosk.ndjson", "vosk", vosk_finals),
    ("whisperlive.ndjson", "whisperlive", whisperlive_finals),
]


def texts_after(events):
    """The text of each utterance after its last event, as the engine keeps it, in the order in which they are closed."""
    texts, closed = {}, {}
    for e in events:
        if e["type"] != "transcript":
            continue
        key = (e["call_id"], e["segment_id"])
        texts[key] = f"{texts[key]} {e['text']}" if e.get("append") and key in texts else e["text"]
        if e["is_final"]:
            closed[key] = True
    return [texts[key] for key in closed if texts[key]]


def phrase_of(text):
    """What a rule may look for in it."""
    return " ".join(re.findall(r"[a-z']+", text.lower())[:5])


RULE = """\
  - id: heard-{n}
    category: dismissive
    severity: important
    title: Heard
    cooldown: 0s
    per_call: 100
    speaker: {speaker}
    says:
      - {phrase}
    message: It was said.
    match:
      - {phrase}
    no_match:
      - {backwards}
"""


def nudges(events, phrases, folder):
    """Those that the events give when a rule looks for each phrase, whoever says it."""
    rules, recorded = Path(folder) / "rules.yaml", Path(folder) / "events.ndjson"
    text = "format: 1\npack: heard\nversion: 2026.1\nlanguage: en\nrules:\n"
    for n, (speaker, phrase) in enumerate(phrases):
        text += RULE.format(n=n, speaker=speaker, phrase=phrase, backwards=" ".join(reversed(phrase.split())))
    rules.write_text(text, encoding="utf-8")
    recorded.write_text("".join(json.dumps(e) + "\n" for e in events), encoding="utf-8")
    done = subprocess.run([COACH, "replay", "--json", "--held", "--rules", rules, "--languages", LANGUAGES, recorded],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stderr[:2000]
    found = [m for m in map(json.loads, done.stdout.splitlines()) if m["type"] in ("nudge", "finding")]
    return [m for m in found if m.get("held") != "duplicate"]


def check_stream(path, format_name, finals):
    found = Decoded(path, "--format", format_name, "--role", "agent")
    expected = sorted(finals(messages(path)).values())
    assert expected, path
    assert sorted(texts_after(found.events)) == expected, (path.name, texts_after(found.events), expected)
    looked_for = {phrase_of(t) for t in expected if " " in phrase_of(t)}
    phrases = sorted((speaker, phrase) for phrase in looked_for for speaker in ("agent", "customer"))
    with tempfile.TemporaryDirectory() as folder:
        given = nudges(found.events, phrases, folder)
    seen = [(m["call_id"], m["rule"], m["segment_id"]) for m in given]
    assert seen and len(seen) == len(set(seen)), (path.name, seen)
    assert len({m["rule"] for m in given}) == len(looked_for), (path.name, seen)


def test_each_utterance_has_its_words_once():
    """Interim results of our own streams: each utterance ends as its vendor's last final has it, and no nudge comes twice."""
    for path, format_name, finals in STREAMS:
        check_stream(path, format_name, finals)


def test_each_utterance_of_the_vendors_has_its_words_once():
    """Interim results of the vendors' streams: each utterance ends as its last final has it, and no nudge comes twice."""
    for name, format_name, finals in SHARED_STREAMS:
        check_stream(shared(name), format_name, finals)


# --- other spellings ---


def words_of(key):
    """"IsPartial", "is_partial", "Event-Name" to their words; "_body" keeps its dash."""
    lead = re.match(r"_*", key)[0]
    return lead, re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|[0-9]+", key[len(lead):])


def snake(key):
    lead, words = words_of(key)
    return lead + "_".join(w.lower() for w in words)


def camel(key):
    lead, words = words_of(key)
    return lead + words[0].lower() + "".join(w.capitalize() for w in words[1:])


def shouted(key):
    return key.upper()


def rewritten(value, key, scalar):
    if isinstance(value, dict):
        return {key(k): rewritten(v, key, scalar) for k, v in value.items()}
    if isinstance(value, list):
        return [rewritten(v, key, scalar) for v in value]
    return scalar(value)


def as_string(value):
    return json.dumps(value) if isinstance(value, (bool, int, float)) else value


def as_is(value):
    return value


def test_other_spellings_decode_alike():
    """Keys in snake case, camel case and capitals, numbers and booleans in strings, decode alike, for each vendor."""
    tried = set()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "respelt.txt"
        for case in cases():
            if case.path.read_text(encoding="utf-8")[0] != "{":
                continue
            tried.add(case.format)
            for key, scalar in ((snake, as_is), (camel, as_is), (shouted, as_is), (as_is, as_string), (camel, as_string)):
                respelt = [rewritten(m, key, scalar) for m in messages(case.path)]
                path.write_text("".join(json.dumps(m) + "\n" for m in respelt), encoding="utf-8")
                try:
                    case.check(Decoded(path, "--format", case.format, *case.options))
                except AssertionError as why:
                    raise AssertionError((key.__name__, scalar.__name__, *why.args)) from why
    assert len(tried) == len(list(FORMATS.glob("*.yaml"))) - 2, tried  # all but those in columns


# --- a vendor of one's own ---

NEW_VENDOR = """\
# A vendor that nobody knew before.
mapping: babble
about: Babble Box, as our own switch forwards it
recognise:
  - legs: any
    ../box: any
unwrap:
  - box
times: ticks
roles:
  left: customer
  right: agent
every:
  call: /ref
messages:
  - each: legs[].bits[]
    when:
      kind: piece
    gives: transcript
    text: w
    append: always
    final: never
    segment: of
    role: ../side
    start: at.0
    duration: at.1
  - each: legs[].bits[]
    when:
      kind: whole
    gives: transcript
    text: w
    segment: of
    role: ../side
    start: at.0
    duration: at.1
    confidence: sure
  - each: legs[].bits[]
    when:
      kind: cough
    gives: nothing
    because: a noise
confidence_of: 100
samples:
  - message: |
      {"box": {"ref": 5, "legs": [{"side": "left", "bits": [{"kind": "piece", "of": 1, "w": "so", "at": ["10000000", "2500000"]}]}]}}
    gives: |
      {"call_id": "5", "role": "customer", "segment_id": "1", "text": "so", "append": true, "start_ms": 1000, "end_ms": 1250}
"""


def test_a_new_vendor_is_a_file():
    """A vendor with lists in lists, numbers in strings, times in ticks and pieces to append needs a mapping file and no more."""
    bit = lambda kind, of, w, start, length, **more: {"kind": kind, "of": of, "w": w, "at": [str(start * 10000), str(length * 10000)], **more}
    stream = [
        {"box": {"ref": "77", "legs": [{"side": "LEFT", "bits": [bit("piece", "8", "my boiler", 500, 400), {"kind": "cough"}]},
                                       {"side": "right", "bits": [bit("piece", "9", "mm", 700, 100)]}]}},
        {"box": {"ref": "77", "legs": [{"side": "left", "bits": [bit("piece", "8", "is cold", 900, 350)]}]}},
        {"box": {"ref": "77", "legs": [{"side": "left", "bits": [bit("whole", "8", "My boiler is cold.", 500, 750, sure="87.5")]},
                                       {"side": "right", "bits": []}]}},
        {"box": {"ref": "77", "lids": []}},
    ]
    with tempfile.TemporaryDirectory() as folder:
        formats, path = Path(folder) / "formats", Path(folder) / "stream.ndjson"
        formats.mkdir()
        (formats / "babble.yaml").write_text(NEW_VENDOR, encoding="utf-8")
        path.write_text("".join(json.dumps(m) + "\n" for m in stream), encoding="utf-8")
        found = Decoded(path, formats=formats)
        given = nudges(found.events, [("customer", "boiler is cold")], folder)
    assert found.format == "babble" and found.problems == ["unknown_type"] and found.ignored == ["a noise"], vars(found)
    compare("babble", found.events, [
        said("my boiler", "8", False, call_id="77", role="customer", append=True, start_ms=500, end_ms=900),
        said("mm", "9", False, call_id="77", role="agent", append=True, start_ms=700, end_ms=800),
        said("is cold", "8", False, role="customer", append=True, start_ms=900, end_ms=1250),
        said("My boiler is cold.", "8", True, role="customer", append=None, start_ms=500, end_ms=1250, confidence=0.875)])
    assert [(m["rule"], m["segment_id"]) for m in given] == [("heard-0", "8")], given


def test_the_page_s_example_is_a_mapping_file():
    """The example of rules/formats/README.md is a mapping file without a mistake, and each file is named in no other way."""
    page = (FORMATS / "README.md").read_text(encoding="utf-8")
    example = re.search(r"^```yaml\n(.*?)^```$", page, re.S | re.M)[1]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "example.yaml"
        file.write_text(example, encoding="utf-8")
        checked = subprocess.run([COACH, "check", file], capture_output=True, text=True, timeout=60)
        assert checked.returncode == 0 and "1 vendor format" in checked.stdout, checked.stdout + checked.stderr
        listed = subprocess.run([COACH, "decode", "--formats", FORMATS, "--list"],
                                capture_output=True, text=True, check=True, timeout=60)
    names = [line.split()[0] for line in listed.stdout.splitlines()]
    assert names == sorted(p.stem for p in FORMATS.glob("*.yaml")) and len(names) >= 20, names


if __name__ == "__main__":
    coachtest.main(globals())
