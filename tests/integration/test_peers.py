"""Programs of other people deliver a call: each gives the agent the nudges that coach replay prints of it."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import coachtest
import gatewaytest
from coachtest import BUILD, TIRELESS, Daemon, say, skip

DEBIAN_NODE_MODULES = "/usr/share/nodejs"
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's modules


def call():
    """A call with interims, a nudge in every fourth utterance, words beyond ASCII and a line of 8 kB."""
    yield {"type": "call_start", "call_id": "c1", "agent_id": "sam"}
    for n in range(40):
        text = "well you need to calm down" if n % 4 == 3 else "grüß gott 你好 " * (300 if n == 20 else 1)
        times = {"start_ms": 20000 * n, "end_ms": 20000 * n + 4000, "segment_id": f"s{n}"}
        yield say("c1", text[:len(text) // 2], is_final=False, **times)
        yield say("c1", text, **times)
    yield {"type": "call_end", "call_id": "c1"}


def ids(messages):
    return [m["nudge_id"] for m in messages if m["type"] == "nudge"]


def delivers(run, needs_gateway=False):
    """Runs `run(d, file, gateway)` with the call in a file, a line each; the agent must have what replay prints."""
    with Daemon(rules=TIRELESS) as d, d.agent("sam") as sam, tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "call.ndjson"
        file.write_text("".join(json.dumps(e) + "\n" for e in call()))
        replay = subprocess.run([BUILD / "bin" / "coach", "replay", "--json", "--rules", d.rules, file], capture_output=True, text=True, check=True)
        expected = ids(map(json.loads, replay.stdout.splitlines()))
        if needs_gateway:
            with gatewaytest.Gateway(d) as g:
                run(d, file, g.ready())
                got = heard(sam)
        else:
            run(d, file, None)
            got = heard(sam)
        assert len(expected) == 10 and ids(got) == expected, (expected, ids(got))


def heard(sam):
    messages = []
    while not messages or messages[-1]["type"] != "call_ended":
        messages.append(sam.receive())
    return messages


def needs(program, package):
    if shutil.which(program) is None:
        skip(f"{program} is not installed ({package})")


def finishes(*command, **how):
    p = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=120, **how)
    assert p.returncode == 0 and not p.stderr, f"{command[0]}: {p.returncode}\n{p.stdout}{p.stderr}"


def test_socat():
    """socat, from a file to the socket."""
    needs("socat", "socat")
    delivers(lambda d, file, _: finishes("socat", "-u", f"OPEN:{file}", f"UNIX-CONNECT:{d.run}/ingest.sock"))


def test_socat_in_crumbs():
    """socat again, seven bytes at a time."""
    needs("socat", "socat")
    delivers(lambda d, file, _: finishes("socat", "-b", "7", "-u", f"OPEN:{file}", f"UNIX-CONNECT:{d.run}/ingest.sock"))


def test_python():
    """Python's standard library, with asyncio."""
    program = """
import asyncio, sys
async def main(path, file):
    _, writer = await asyncio.open_unix_connection(path)
    for line in open(file, "rb"):
        writer.write(line)
        await writer.drain()
    writer.close()
    await writer.wait_closed()
asyncio.run(main(*sys.argv[1:]))
"""
    delivers(lambda d, file, _: finishes(PYTHON, "-c", program, d.run / "ingest.sock", file))


def test_node():
    """Node, over the socket."""
    needs("node", "nodejs")
    program = """
const [path, file] = process.argv.slice(1);
const socket = require("net").createConnection(path);
require("fs").createReadStream(file, { highWaterMark: 1000 }).pipe(socket);
"""
    delivers(lambda d, file, _: finishes("node", "-e", program, d.run / "ingest.sock", file))


def test_curl():
    """curl, a request for each line through the gateway."""
    needs("curl", "curl")
    program = 'while IFS= read -r line; do curl -sS --fail-with-body -H "Content-Type: application/json" --data-binary "$line" "$0"; done < "$1"'
    delivers(lambda d, file, g: finishes("bash", "-euc", program, f"http://127.0.0.1:{g.port}/v1/ingest/coachd", file), needs_gateway=True)


def test_node_ws():
    """Node's ws, a message for each line over a WebSocket through the gateway."""
    needs("node", "nodejs")
    if not pathlib.Path(DEBIAN_NODE_MODULES, "ws").exists():
        skip("node's ws is not installed (node-ws)")
    program = """
const WebSocket = require("ws");
const [url, file] = process.argv.slice(1);
const socket = new WebSocket(url);
socket.on("message", (m) => console.error("told: " + m));
socket.on("open", () => {
  for (const line of require("fs").readFileSync(file, "utf8").trim().split("\\n"))
    socket.send(line);
  socket.close(1000);
});
"""
    env = {**os.environ, "NODE_PATH": DEBIAN_NODE_MODULES}
    delivers(lambda d, file, g: finishes("node", "-e", program, f"ws://127.0.0.1:{g.port}/v1/ingest/coachd", file, env=env), needs_gateway=True)


def has_websockets():
    return subprocess.run([PYTHON, "-c", "import websockets"], capture_output=True).returncode == 0


def test_python_websockets():
    """Debian's python3-websockets, a message for each line over a WebSocket through the gateway."""
    if not has_websockets():
        skip("python3-websockets is not installed")
    program = """
import asyncio, sys, websockets
async def main(url, file):
    async with websockets.connect(url) as socket:
        for line in open(file):
            await socket.send(line)
asyncio.run(main(*sys.argv[1:]))
"""
    delivers(lambda d, file, g: finishes(PYTHON, "-c", program, f"ws://127.0.0.1:{g.port}/v1/ingest/coachd", file), needs_gateway=True)


def test_a_websockets_server():
    """A server made with python3-websockets, as Vosk's is, is relayed by coach send --connect: fragments, pings and all."""
    if not has_websockets():
        skip("python3-websockets is not installed")
    program = """
import asyncio, json, sys, websockets
async def serve(socket):
    for line in open(sys.argv[1]):
        event = json.loads(line)
        if event["type"] == "transcript" and event.get("is_final", True):
            await socket.send([chunk for chunk in (json.dumps({"text": event["text"]})[i:i + 1000] for i in range(0, 20000, 1000)) if chunk])
            await (await socket.ping())
    await socket.close()
    stop.set_result(None)
async def main():
    global stop
    stop = asyncio.get_running_loop().create_future()
    async with websockets.serve(serve, "127.0.0.1", 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await stop
asyncio.run(main())
"""
    with Daemon(rules=TIRELESS) as d, d.agent("sam") as sam, tempfile.NamedTemporaryFile("w") as file:
        file.write("".join(json.dumps(e) + "\n" for e in call()))
        file.flush()
        with subprocess.Popen([PYTHON, "-c", program, file.name], stdout=subprocess.PIPE, text=True) as server:
            finishes(BUILD / "bin" / "coach", "send", "--runtime-dir", d.run, "--connect", f"ws://127.0.0.1:{server.stdout.readline().strip()}",
                     "--format", "vosk", "--call", "c1", "--agent", "sam", "--role", "agent")
            assert server.wait(20) == 0
        assert len(ids(heard(sam))) == 10


if __name__ == "__main__":
    coachtest.main(globals())
