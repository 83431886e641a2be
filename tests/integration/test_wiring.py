"""coachd-wiring(7): every block of the page is run, against a small fake of the vendor's side, and must end in a nudge."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.parse
import xml.etree.ElementTree

import yaml

import coachtest
import wsserver
from coachtest import BUILD, COACHD, RULES, SOURCE, Daemon, skip
from gatewaytest import Gateway, token
from test_ingest_esl import Switch

PAGE = SOURCE / "packaging" / "man" / "coachd-wiring.7"
EXAMPLES = SOURCE / "packaging" / "examples"
CALM = "well you need to calm down"
THIRD = "this is the third time i call"
BOTH = RULES + """\
  - id: test-third
    category: escalation
    severity: important
    title: Own it
    speaker: customer
    says:
      - this is the third time
    message: Say that you see it is the third time.
    match:
      - this is the third time i call
    no_match:
      - it is the third house
"""


def plain(line):
    """A line of roff as it is seen."""
    for escape, text in ((r"\(aq", "'"), (r"\(ha", "^"), (r"\(ti", "~"), (r"\(ga", "`"), (r"\-", "-"), (r"\&", ""), (r"\e", "\\")):
        line = line.replace(escape, text)
    return line


def blocks():
    """{name: (kind, text)} of the page."""
    found = re.findall(r'^\.\\" (\w+): ([\w-]+)\n\.EX\n(.*?)^\.EE\n', PAGE.read_text(), re.S | re.M)
    assert len(found) == len({name for _, name, _ in found}) == PAGE.read_text().count("\n.EX\n"), "a block without a name of its own"
    return {name: (kind, "".join(plain(line) + "\n" for line in text.splitlines())) for kind, name, text in found}


def block(name, kind):
    got, text = blocks()[name]
    assert got == kind, (name, got)
    return text


class Site:
    """A daemon, the agent sam, and a folder of programs that come first: `coach` for this daemon, and fakes."""

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.folder = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.d = self.stack.enter_context(Daemon(rules=BOTH))
        self.sam = self.stack.enter_context(self.d.agent("sam"))
        self.program("coach", f'c=$1; shift\n[ $c = decode ] || set -- --runtime-dir {self.d.run} "$@"\nexec {BUILD}/bin/coach $c "$@"\n')
        self.env = {**os.environ, "PATH": f"{self.folder}:{EXAMPLES}:{EXAMPLES}/asterisk:{os.environ['PATH']}", "PYTHONPATH": str(self.folder),
                    "COACH_INGEST": f"{self.d.run}/ingest.sock"}
        return self

    def __exit__(self, *exception):
        return self.stack.__exit__(*exception)

    def program(self, name, text):
        """A shell program in the folder."""
        (self.folder / name).write_text("#!/bin/sh\n" + text)
        (self.folder / name).chmod(0o755)

    def says(self, name, *messages, indent=None):
        """A program that prints messages, or lines, and ends."""
        lines = [m if isinstance(m, str) else json.dumps(m, indent=indent) for m in messages]
        (self.folder / f"{name}.out").write_text("\n".join(lines) + "\n")
        self.program(name, f"cat {self.folder}/{name}.out\n")

    def secret(self, name, text):
        """A file that only its owner may read."""
        path = self.folder / name
        path.touch(0o600)
        path.write_text(text)
        return path

    def at_home(self, text, **instead):
        """The block with this site's folders, and other places instead of those named."""
        for here, there in {"/run/coachd": self.d.run, "/etc/coachd": self.folder, **instead}.items():
            text = text.replace(here, str(there))
        return text

    def shell(self, name, **instead):
        """Runs a block; it must succeed."""
        p = subprocess.run(["bash", "-euo", "pipefail", "-c", self.at_home(block(name, "sh"), **instead)], env=self.env, cwd=self.folder,
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        assert p.returncode == 0, f"{name}: {p.returncode}\n{p.stdout}{p.stderr}"
        return p.stdout

    def program_of(self, language, name, before="", after=""):
        """Runs a block with what is there before it in such a program, and what happens after it."""
        interpreter = "node" if language == "node" else "/usr/bin/python3"
        text = before + self.at_home(block(name, language)) + after
        if language == "node":
            text = f'(async () => {{ const callId = "c1", agent = "sam";\n{text}\n}})();\n'
        else:
            text = f'call_id, agent = "c1", "sam"\n{text}'
        p = subprocess.run([need(interpreter), "-"], input=text, env=self.env, cwd=self.folder, capture_output=True, text=True, timeout=60)
        assert p.returncode == 0 and not p.stderr, f"{name}: {p.returncode}\n{p.stdout}{p.stderr}"

    def nudge(self, rule="test-calm", call="c1"):
        n = self.sam.skip_to("nudge")
        assert (n["rule"], n["call_id"]) == (rule, call), n


def need(program, package=""):
    if shutil.which(program) is None:
        skip(f"{program} is not installed ({package or program})")
    return program


# --- the page itself ---

def test_every_block_is_run():
    """Each block of the page is named in a test of this file."""
    text = pathlib.Path(__file__).read_text()
    missing = [name for name in blocks() if f'"{name}"' not in text]
    assert not missing, missing


def test_it_is_a_good_page():
    """man shows it without a warning, and each block as it is written: minus signs, apostrophes and backslashes too."""
    need("man", "man-db")
    need("groff", "groff")
    p = subprocess.run(["man", "--warnings", "-l", str(PAGE)], capture_output=True, text=True, timeout=60,
                       env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "140", "MANROFFOPT": ""})
    assert p.returncode == 0 and not p.stderr, p.stderr
    shown = [line.strip() for line in p.stdout.splitlines()]
    lost = [line for _, text in blocks().values() for line in text.splitlines() if line.strip() and line.strip() not in shown]
    assert not lost, lost


def test_it_speaks_of_every_format():
    """Each shipped format is named on the page."""
    listed = subprocess.run([BUILD / "bin" / "coach", "decode", "--list"], capture_output=True, text=True, check=True).stdout
    page = PAGE.read_text().replace("\\-", "-")
    missing = [line.split()[0] for line in listed.splitlines() if line.split()[0].removesuffix("-cli") not in page]
    assert not missing, missing


def test_settings():
    """The settings of the page are ones that the daemon takes."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(block("defaults", "coachd"))
        file.flush()
        p = subprocess.run([COACHD, "--config", file.name, "--check-config"], capture_output=True, text=True, timeout=60)
        assert p.returncode == 0 and "1=agent" in p.stdout, p.stdout + p.stderr


def deepgram(text, channel):
    return {"type": "Results", "channel_index": [channel, 2], "start": 1.5, "duration": 1.0, "is_final": True, "speech_final": True,
            "channel": {"alternatives": [{"transcript": text, "confidence": 0.9, "words": []}]}}


def test_seeing_that_it_works():
    """decode shows a recording's events; status shows the connections."""
    with Site() as s:
        (s.folder / "captured.ndjson").write_text(json.dumps(deepgram(CALM, 1)) + "\n")
        event = json.loads(s.shell("decode"))
        assert (event["role"], event["text"]) == ("agent", CALM)
        with s.d.ingest(call_id="c9"):
            coachtest.wait_for("the connection", lambda: s.d.status()["connections"]["ingest"])
            assert "coachd" in s.shell("status")


# --- recognisers in the cloud ---

def test_amazon_transcribe():
    """Amazon Transcribe and Call Analytics: the events of their SDK, as Node has them."""
    event = {"TranscriptEvent": {"Transcript": {"Results": [{"ResultId": "r1", "ChannelId": "ch_1", "IsPartial": False, "StartTime": 1.0, "EndTime": 2.5,
                                                              "Alternatives": [{"Transcript": CALM, "Items": []}]}]}}}
    analytics = {"UtteranceEvent": {"UtteranceId": "u1", "ParticipantRole": "AGENT", "IsPartial": False, "Transcript": CALM,
                                    "BeginOffsetMillis": 1000, "EndOffsetMillis": 2500, "Items": []}}
    for name, stream, message in (("amazon-transcribe", "TranscriptResultStream", event),
                                  ("amazon-transcribe-call-analytics", "CallAnalyticsTranscriptResultStream", analytics)):
        with Site() as s:
            s.program_of("node", name, f"const response = {{ {stream}: (async function* () {{ yield {json.dumps(message)}; }})() }};\n")
            s.nudge()


BOTO3 = """\
import json
RECORDS = json.load(open({path!r}))
class Kinesis:
    def list_shards(self, StreamName):
        assert StreamName == {stream!r}
        return {{"Shards": [{{"ShardId": "s0"}}, {{"ShardId": "s1"}}]}}
    def get_shard_iterator(self, StreamName, ShardId, ShardIteratorType):
        assert ShardIteratorType == "LATEST"
        return {{"ShardIterator": ShardId}}
    def get_records(self, ShardIterator):
        mine = RECORDS if ShardIterator == "s1" else []
        return {{"Records": [{{"Data": json.dumps(r, indent=1).encode()}} for r in mine]}}
def client(name, region_name):
    return Kinesis()
"""


def test_kinesis():
    """Contact Lens and Live Call Analytics: records of a Kinesis stream."""
    lens = {"Version": "1.0.0", "ContactId": "c1", "EventType": "SEGMENTS", "Segments": [
        {"Transcript": {"Id": "t1", "ParticipantId": "AGENT", "ParticipantRole": "AGENT", "Content": CALM, "BeginOffsetMillis": 1000, "EndOffsetMillis": 2500}}]}
    lca = {"EventType": "ADD_TRANSCRIPT_SEGMENT", "CallId": "c1", "Channel": "AGENT", "SegmentId": "s1", "StartTime": "1.0", "EndTime": "2.5",
           "Transcript": CALM, "IsPartial": False}
    for name, stream, message in (("amazon-contact-lens", "contact-lens-segments", lens), ("aws-lca", "CallDataStream", lca)):
        with Site() as s:
            (s.folder / "records.json").write_text(json.dumps([message]))
            (s.folder / "boto3.py").write_text(BOTO3.format(path=str(s.folder / "records.json"), stream=stream))
            s.d.ingest().send({"type": "call_start", "call_id": "c1", "agent_id": "sam"})
            s.sam.skip_to("call_started")
            s.shell(name)
            s.nudge()


ENDS = "coach.stdin.close()\nassert coach.wait(60) == 0\n"


def test_google():
    """Google Speech-to-Text: responses as the client library writes them, over several lines."""
    message = {"results": [{"alternatives": [{"transcript": CALM, "confidence": 0.9}], "isFinal": True, "channelTag": 2, "languageCode": "en-us"}]}
    fake = f"import json\nclass Response:\n    def to_json(self):\n        return json.dumps({message!r}, indent=2)\nresponses = [Response()]\n"
    with Site() as s:
        s.program_of("python", "google-stt", fake, "assert coach.wait(60) == 0\n")
        s.nudge()


def test_azure():
    """Azure Speech: the JSON of the results that its events carry."""
    fake = """
import json, types
class Signal:
    def connect(self, f): self.f = f
    def fire(self, message): self.f(types.SimpleNamespace(result=types.SimpleNamespace(json=json.dumps(message))))
recognizer = types.SimpleNamespace(recognizing=Signal(), recognized=Signal())
"""
    hypothesis = {"Id": "a", "Text": "this is the", "Offset": 1000000, "Duration": 5000000, "Channel": 0}
    phrase = {"Id": "b", "RecognitionStatus": "Success", "Offset": 1000000, "Duration": 9000000, "Channel": 0, "DisplayText": "This is the 3rd time I call.",
              "NBest": [{"Confidence": 0.9, "Lexical": THIRD, "ITN": THIRD, "MaskedITN": THIRD, "Display": "This is the 3rd time I call."}]}
    with Site() as s:
        s.program_of("python", "azure-speech", fake, f"recognizer.recognizing.fire({hypothesis!r})\nrecognizer.recognized.fire({phrase!r})\n" + ENDS)
        s.nudge("test-third")


def test_deepgram():
    """Deepgram: the messages of its SDK's connection, as Node has them."""
    after = f'live.emit("Results", {json.dumps(deepgram(CALM, 1))}); live.emit("close");'
    with Site() as s:
        s.program_of("node", "deepgram", 'const live = new (require("events"))();\n', after)
        s.nudge()


def test_assemblyai():
    """AssemblyAI: the turns that its SDK hands to a function."""
    turn = {"type": "Turn", "turn_order": 0, "turn_is_formatted": False, "end_of_turn": True, "transcript": THIRD, "end_of_turn_confidence": 0.7,
            "words": [{"text": w, "word_is_final": True, "start": 100, "end": 200, "confidence": 0.9} for w in THIRD.split()]}
    fake = "import types\nStreamingEvents = types.SimpleNamespace(Turn='Turn')\nhandlers = {}\nclient = types.SimpleNamespace(on=handlers.__setitem__)\n"
    with Site() as s:
        s.program_of("python", "assemblyai-v3", fake, f"import json\nhandlers['Turn'](client, types.SimpleNamespace(json=lambda: json.dumps({turn!r})))\n" + ENDS)
        s.nudge("test-third")


def test_speechmatics():
    """Speechmatics: the messages that its SDK hands to a function."""
    fake = """
import types
ServerMessageType = types.SimpleNamespace(AddPartialTranscript="AddPartialTranscript", AddTranscript="AddTranscript")
handlers = {}
sm_client = types.SimpleNamespace(add_event_handler=lambda event_name, event_handler: handlers.update({event_name: event_handler}))
"""
    partial, final = ({"message": m, "metadata": {"start_time": 0.5, "end_time": 2.0, "transcript": t}, "results": []}
                      for m, t in (("AddPartialTranscript", "this is"), ("AddTranscript", THIRD + " ")))
    with Site() as s:
        s.program_of("python", "speechmatics", fake, f"handlers['AddPartialTranscript']({partial!r})\nhandlers['AddTranscript']({final!r})\n" + ENDS)
        s.nudge("test-third")


# --- recognisers of one's own ---

def test_vosk():
    """Vosk: its server, which answers whoever sends the sound; and a client that prints the server's answers."""
    def serve(c):
        c.shake_hands()
        assert json.loads(c.receive()[1]) == {"config": {"sample_rate": 16000}}
        while (frame := c.receive())[0] == wsserver.BINARY:
            c.text('{\n  "partial" : "this is the"\n}')
        assert json.loads(frame[1]) == {"eof": 1}
        c.text('{\n  "text" : "%s"\n}' % THIRD)
        c.close()
    with Site() as s, wsserver.Server(serve) as server:
        s.program("arecord", "head -c 16000 /dev/zero\n")
        s.shell("vosk", **{"ws://127.0.0.1:2700": server.url})
        s.nudge("test-third")
    with Site() as s:
        s.says("my-vosk-client", {"partial": "this is the"}, {"text": THIRD}, indent=2)
        s.shell("vosk-client")
        s.nudge("test-third")


def test_whisperlive():
    """WhisperLive: the segments that its client hands to a function, repeated as they are."""
    fake = "class TranscriptionClient:\n    def __init__(self, host, port, lang, transcription_callback):\n        self.tell = transcription_callback\n"
    segments = [{"start": "0.500", "end": "2.000", "text": " This is the third time I call.", "completed": True}]
    with Site() as s:
        s.program_of("python", "whisperlive", fake, f"for _ in range(3):\n    client.tell('...', {segments!r})\n" + ENDS)
        s.nudge("test-third")
        assert s.d.status()["nudges"]["shown"] == 1


def test_whisper_streaming():
    """whisper_streaming: lines on the connection that brings the sound."""
    need("socat")
    heard = []

    def serve():
        with listening.accept()[0] as c:
            heard.append(c.recv(100000))
            c.sendall(f"0 900 this is the\n900 2000 third time i call\n2100 3000 {THIRD}\n".encode())
            c.shutdown(socket.SHUT_WR)
            while c.recv(100000):
                pass
    with Site() as s, socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        s.program("arecord", "head -c 16000 /dev/zero\n")
        s.shell("whisper-streaming", **{"127.0.0.1:43007": f"127.0.0.1:{listening.getsockname()[1]}"})
        s.nudge("test-third")
    assert heard[0]


# --- telephony ---

def gateway_file(s):
    """The settings of the page at home, with the secrets that they name."""
    s.secret("twilio-secret", "an auth token\n")
    s.secret("gateway-users", f"sam:sha256:{hashlib.sha256(b'a password').hexdigest()}\n")
    s.secret("gateway-netrc", 'machine 127.0.0.1 login sam password "a password"\n')
    (s.folder / "gateway.yaml").write_text(s.at_home(block("gateway", "gateway")))
    return s.folder / "gateway.yaml"


def test_gateway():
    """The gateway takes the page's settings; the addresses in what vendors are told to call are ones that it serves."""
    for name, kind in (("twilio", "xml"), ("jambonz", "json")):
        text = block(name, kind)
        url = xml.etree.ElementTree.fromstring(text).find(".//Transcription").get("statusCallbackUrl") if kind == "xml" \
            else json.loads(text)["transcribe"]["transcriptionHook"]
        assert urllib.parse.urlsplit(url).path == f"/v1/ingest/{name}" and url.startswith(yaml.safe_load(block("gateway", "gateway"))["public_url"]), url
    with Site() as s, Gateway(s.d, "--config", gateway_file(s), anonymous=False) as g:
        assert g.ready()


def test_twilio():
    """Twilio: a form, signed as Twilio signs, through the gateway."""
    fields = {"TranscriptionEvent": "transcription-content", "CallSid": "c1", "Track": "outbound_track", "SequenceId": "3", "Final": "true",
              "LanguageCode": "en-US", "Timestamp": "2026-01-05T10:00:00.5Z", "TranscriptionData": json.dumps({"transcript": CALM, "confidence": 0.9})}
    target = "/v1/ingest/twilio?agent_id=sam"
    signed = "https://coach.example" + target + "".join(k + fields[k] for k in sorted(fields))
    signature = base64.b64encode(hmac.new(b"an auth token", signed.encode(), hashlib.sha1).digest()).decode()
    with Site() as s, Gateway(s.d, "--config", gateway_file(s), anonymous=False) as g:
        g.ready()
        how = {"Content_Type": "application/x-www-form-urlencoded"}
        assert g.post(target, urllib.parse.urlencode(fields), **how).status == 401
        assert g.post(target, urllib.parse.urlencode(fields), X_Twilio_Signature=signature, **how).status == 200
        s.nudge()


def test_jambonz():
    """jambonz: its transcription hook through the gateway, with a password."""
    message = {"call_sid": "c1", "call_id": "sip", "direction": "inbound", "speech": {"language_code": "en-US", "channel_tag": 2, "is_final": True,
               "alternatives": [{"confidence": 0.9, "transcript": CALM}], "vendor": {"name": "google", "evt": {}}}}
    with Site() as s, Gateway(s.d, "--config", gateway_file(s), anonymous=False) as g:
        g.ready()
        basic = "Basic " + base64.b64encode(b"sam:a password").decode()
        assert g.post("/v1/ingest/jambonz?agent_id=sam", message, Authorization=basic, Content_Type="application/json").status == 200
        s.nudge()


def test_posts():
    """Genesys and Salesforce: what they post, sent by curl with a password."""
    need("curl")
    genesys = {"detail-type": "v2.conversations.{id}.transcription", "detail": {"topicName": "v2.conversations.c1.transcription", "eventBody": {
        "conversationId": "c1", "transcripts": [{"utteranceId": "u1", "isFinal": True, "channel": "INTERNAL", "alternatives": [
            {"confidence": 0.9, "offsetMs": 1000, "durationMs": 900, "transcript": CALM}]}]}}}
    salesforce = {"entries": [{"vendorCallKey": "c1", "messages": [{"messageId": "m1", "senderType": "HUMAN_AGENT", "content": CALM,
                                                                    "startTime": 1767607200000, "endTime": 1767607201000, "participantId": "p"}]}]}
    for name, file, message in (("genesys", "event.json", genesys), ("salesforce", "transcripts.json", salesforce)):
        with Site() as s, Gateway(s.d, "--config", gateway_file(s), anonymous=False) as g:
            g.ready()
            (s.folder / file).write_text(json.dumps(message))
            with s.d.ingest() as w:
                w.send({"type": "call_start", "call_id": "c1", "agent_id": "sam"})
                s.sam.skip_to("call_started")
                s.shell(name, **{"127.0.0.1:8765": f"127.0.0.1:{g.port}"})
                s.nudge()


def test_freeswitch():
    """FreeSWITCH: its event socket, both legs of a call."""
    def event(text, leg, direction):
        body = json.dumps({"is_final": True, "alternatives": [{"confidence": 0.9, "transcript": text}]})
        return {"Event-Name": "CUSTOM", "Event-Subclass": "google_transcribe::transcription", "Unique-ID": leg, "Channel-Call-UUID": "c1",
                "Call-Direction": direction, "_body": body}
    with Site() as s, Switch(password="a password") as switch:
        s.secret("esl-password", "a password\n")
        text = s.at_home(block("freeswitch", "sh")).replace("coach ", "exec coach ")
        p = subprocess.Popen(["bash", "-c", f"{text.rstrip()} --port {switch.port}"], env=s.env, stdin=subprocess.DEVNULL)
        try:
            switch.say(event("hello", "c1", "inbound"), event(CALM, "leg-2", "outbound"))
            s.nudge()
            switch.say({"Event-Name": "CHANNEL_HANGUP_COMPLETE", "Unique-ID": "c1", "Channel-Call-UUID": "c1", "Hangup-Cause": "NORMAL_CLEARING"})
            s.sam.skip_to("call_ended")
        finally:
            p.terminate()
            p.wait(20)


def test_asterisk():
    """Asterisk: the dialplan's AGI() with its words, as in the sample; test_asterisk.py speaks Asterisk's side."""
    line = block("asterisk", "dialplan").splitlines()[1]
    assert line.split("same => n,")[1] in (EXAMPLES / "asterisk" / "extensions.conf").read_text()
    words = re.search(r"AGI\(coach-agi\.py,(.*)\)", line)[1].replace("${AGENT}", "sam").split(",")
    facts = {"agi_uniqueid": "c1", **{f"agi_arg_{n}": w for n, w in enumerate(words, 1)}}
    with Site() as s:
        stdin = "".join(f"{n}: {v}\n" for n, v in facts.items()) + f"\n200 result=0\n200 result=1 ({THIRD})\n200 result=1\n"
        p = subprocess.run([EXAMPLES / "asterisk" / "coach-agi.py"], input=stdin, env=s.env, capture_output=True, text=True, timeout=60)
        assert p.stdout.splitlines() == ["GET VARIABLE COACH_CALL", "GET VARIABLE SPEECH_TEXT(0)", "SET VARIABLE COACH_STATUS OK"], p
        s.nudge("test-third")


# --- programs of one's own ---

def test_socat():
    """socat: a line, and a vendor's own messages behind a hello."""
    need("socat")
    with Site() as s:
        s.shell("socat")
        s.nudge()
    with Site() as s:
        s.says("my-vosk-client", {"text": CALM}, indent=2)
        s.shell("socat-hello")
        s.nudge()
        assert s.sam.skip_to("call_ended")["call_id"] == "c1"


def test_nc():
    """nc: a line."""
    if "-U" not in subprocess.run(["sh", "-c", "nc -h"], capture_output=True, text=True).stderr:
        skip("nc with -U is not installed (netcat-openbsd)")
    with Site() as s:
        s.shell("nc")
        s.nudge()


def test_python():
    """A Python program with nothing but its standard library."""
    with Site() as s:
        s.program_of("python", "python")
        assert {s.sam.skip_to("nudge")["rule"]} <= {"test-third", "test-calm"}
        assert s.sam.skip_to("call_ended")["call_id"] == "c1"


def test_node():
    """A Node program."""
    with Site() as s:
        s.program_of("node", "node")
        assert {s.sam.skip_to("nudge")["rule"]} <= {"test-third", "test-calm"}
        assert s.sam.skip_to("call_ended")["call_id"] == "c1"


def test_curl():
    """curl: a line through the gateway, with a token."""
    need("curl")
    with Site() as s:
        key = "AAECAwQFBgcICQoLDA0ODw==" * 2
        with Gateway(s.d, "--token-keys", s.secret("key", key + "\n"), anonymous=False) as g:
            g.ready()
            s.secret("token-header", f"Authorization: Bearer {token(key.encode(), 'HS256')}\n")
            assert json.loads(s.shell("curl", **{"127.0.0.1:8765": f"127.0.0.1:{g.port}"}))["accepted"] == 1
            s.nudge()


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    coachtest.main(globals())
