"""The schemas in packaging/schema say what is on the wire: of what the daemon sends nothing more and nothing less,
of what it takes at least what it understands."""

import json

import jsonschema

import coachtest
from coachtest import Daemon

FOLDER = coachtest.SOURCE / "packaging" / "schema"
TAKEN = {"ingest_hello", "ingest_envelope", "call_start", "transcript", "call_end", "agent_hello", "agent_shown",
         "agent_feedback", "agent_mute", "agent_ping", "agent_state", "call_state", "call_mute", "control_request"}

# What clients may say, to the schema and to the daemon.
INGEST = [
    ("ingest_hello", {"type": "hello", "format": "coachd", "call_id": "c-1", "agent_id": "sam",
                      "channels": {"0": "customer", "1": "agent"}, "role": "customer", "ack": True}),
    ("ingest_envelope", {"call_id": "c-1", "agent_id": "sam", "role": "agent", "format": "vosk", "channel": 1, "seq": 0,
                         "payload": {"text": "good morning"}}),
    ("call_start", {"type": "call_start", "call_id": "c-1", "agent_id": "sam", "queue": "billing", "language": "en",
                    "ts": "2026-03-19T22:04:48.128Z", "seq": 1}),
    ("transcript", {"type": "transcript", "call_id": "c-1", "role": "customer", "segment_id": "s12", "is_final": False,
                    "text": "this is the third time i", "start_ms": 27420, "end_ms": 28955, "stability": 0.9,
                    "seq": 41}),
    ("transcript", {"channel": 1, "text": "hello", "confidence": 0.5, "stable_len": 3, "segment_id": 7,
                    "end_of_turn": True, "append": False, "speaker": "x", "recv_ms": 5}),
    ("call_state", {"type": "state", "call_id": "c-1", "state": "hold", "seq": 41}),
    ("call_mute", {"type": "mute", "rule": "some-rule"}),
    ("call_end", {"type": "call_end", "call_id": "c-1", "reason": "hangup", "seq": 42}),
]
AGENT = [
    ("agent_hello", {"type": "hello", "agent_id": "sam", "token": "t", "resume": ""}),
    ("agent_ping", {"type": "ping"}),
    ("agent_shown", {"type": "shown", "nudge_id": "0123456789abcdef"}),
    ("agent_state", {"type": "state", "state": "lookup"}),
    ("agent_feedback", {"type": "feedback", "nudge_id": "0123456789abcdef", "verdict": "helpful"}),
]
REFUSED = [
    ("transcript", {"call_id": "c", "role": "agent"}), ("transcript", {"call_id": "", "role": "agent", "text": "x"}),
    ("transcript", {"call_id": "c", "role": "robot", "text": "x"}),
    ("transcript", {"call_id": "c", "role": "agent", "text": "x", "seq": -1}),
    ("ingest_hello", {"type": "hello", "channels": {"0": "robot"}}), ("ingest_hello", {"type": "hello", "format": 5}),
    ("ingest_envelope", {"format": "vosk", "payload": 5}), ("ingest_envelope", {"format": 7, "payload": {}}),
    ("call_state", {"type": "state", "call_id": "c"}), ("call_state", {"type": "state", "call_id": "c", "state": "x"}),
    ("call_mute", {"type": "mute", "call_id": "c"}), ("call_mute", {"type": "mute", "call_id": "c", "rule": ""}),
]


def schemas():
    return {p.name.removesuffix(".schema.json"): json.loads(p.read_text()) for p in sorted(FOLDER.glob("*.json"))}


def test_every_schema_is_one():
    """Every file is a valid draft 7 schema that knows its own name and type; what is sent allows nothing else."""
    for name, schema in schemas().items():
        jsonschema.Draft7Validator.check_schema(schema)
        assert schema["$id"] == f"{name}.schema.json" and schema["title"], name
        assert schema["$schema"] == "http://json-schema.org/draft-07/schema#", name
        assert schema["additionalProperties"] is (name in TAKEN), name
        if name not in TAKEN:
            assert schema["properties"]["type"] == {"const": name} and schema["required"][0] == "type", name


def test_what_clients_may_say_is_understood():
    """Each example fits its schema, and the daemon takes it without a word and without an unknown field."""
    for name, message in INGEST + AGENT:
        coachtest.validate(message, name)
    with Daemon() as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(*(message for _, message in INGEST))
        while w.expect("ack")["seq"] < 42:
            pass
        sam.send(*(message for _, message in AGENT[1:]), {"type": "ping"})
        sam.skip_to("pong")
        sam.expect("pong")
        status = d.status()
        assert status["lines"] == {"ok": len(INGEST), "no_memory": 0, "unknown_fields": 0, "interim": 1, "late": 0,
                                   "repeated": 0}, status["lines"]
        assert sum(status["errors"].values()) == 0, status["errors"]


def test_what_the_schema_refuses_is_refused():
    """What does not fit the schema gets an error line."""
    for name, message in REFUSED:
        try:
            coachtest.validate(message, name)
        except jsonschema.ValidationError:
            pass
        else:
            raise AssertionError(f"{name}: fits {message}")
        with Daemon() as d, d.ingest() as w:
            w.send(message)
            w.expect("error")


def test_every_control_reply_has_a_schema():
    """Every command of the request's schema is known, and its reply fits its own."""
    with Daemon() as d, d.agent("sam") as sam, d.ingest(call_id="c-1", agent_id="sam") as w:
        w.send(coachtest.say("c-1", "you need to calm down"))
        about = {"explain": {"nudge_id": sam.skip_to("nudge")["nudge_id"]}}
        commands = schemas()["control_request"]["properties"]["command"]["enum"]
        for command in sorted(commands, key=lambda c: c == "drain"):
            request = {"command": command, **about.get(command, {})}
            coachtest.validate(request, "control_request")
            assert d.control(**request)["type"] != "error", command
        assert d.wait() == 0


coachtest.main(globals())
