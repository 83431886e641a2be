"""Who may write through the gateway: tokens, passwords, Twilio's signature, hosts and origins; and what is refused at
the start."""
import base64
import hashlib
import hmac
import os
import pathlib
import subprocess
import tempfile
import time

import coachtest
import gatewaytest
from coachtest import Daemon, say, wait_for
from gatewaytest import GATEWAY, Gateway, need, token

INGEST = "/v1/ingest/coachd"
SECRET = b"0123456789abcdef0123456789abcdef"
LINE = say("c1", "hello")


class Secrets:
    """Files of secrets in a folder of their own."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="coach-secrets-")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def write(self, name, text, mode=0o600):
        path = pathlib.Path(self.folder.name) / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path


def bearer(*args, **claims):
    return {"Authorization": "Bearer " + token(*args, **claims)}


def test_tokens():
    """A token that is right lets its holder write by either way; any other is refused, counted, and never logged."""
    with Secrets() as s, Daemon() as d, Gateway(d, "--token-keys", s.write("main.key", SECRET),
                                                anonymous=False) as g:
        g.ready()
        assert g.post(INGEST, LINE, **bearer(SECRET)).status == 200
        with g.websocket(INGEST, **bearer(SECRET, kid="main")) as w:
            assert w.status == 101
        wrong = [bearer(b"x" * 32), bearer(SECRET, kid="other"), bearer(SECRET, exp=int(time.time()) - 1),
                 bearer(SECRET, exp=None), bearer(SECRET, exp="2000000000"), bearer(SECRET, role="agent"),
                 bearer(SECRET, sub=None), bearer(SECRET, "HS512"), bearer(SECRET, "none"),
                 bearer(SECRET, nbf=int(time.time()) + 3600), bearer(SECRET, nbf="1"), {"Authorization": "Bearer x"},
                 {"Authorization": "Digest x"}, {"Authorization": "Basic eDp5"}, {}]
        for headers in wrong:
            answer = g.post(INGEST, LINE, **headers)
            assert answer.status == 401 and "www-authenticate" in answer.headers, (headers, answer.status)
            assert answer.json()["code"] == "unauthorized" and len(answer.json()["message"]) > 10
            with g.websocket(INGEST, **headers) as w:
                assert w.status == 401
            given = headers.get("Authorization", "").split()[-1:]
            assert not any(len(part) > 10 and part in g.log() for part in given), "a token was logged"
        metrics = g.metrics()
        assert metrics['access_total{outcome="token"}'] == 2, metrics
        assert metrics['access_total{outcome="wrong_credentials"}'] == 2 * len(wrong) - 2, metrics
        assert metrics['access_total{outcome="no_credentials"}'] == 2, metrics
        assert SECRET.decode() not in g.log()


def test_token_expires():
    """A WebSocket ends when its token does."""
    with Secrets() as s, Daemon() as d, Gateway(d, "--token-keys", s.write("main.key", SECRET),
                                                anonymous=False) as g:
        with g.websocket(INGEST, **bearer(SECRET, exp=int(time.time()) + 2)) as w:
            assert "expired" in w.expect_close(1008)


def test_keys_are_read_again():
    """A hangup signal brings new keys into force; keys that do not read leave the old ones."""
    with Secrets() as s, Daemon() as d:
        path = s.write("main.key", SECRET)
        with Gateway(d, "--token-keys", path, anonymous=False) as g:
            g.ready()
            s.write("main.key", "short")
            g.process.send_signal(1)
            wait_for("the reload", lambda: "reload: failed" in g.log())
            assert g.post(INGEST, LINE, **bearer(SECRET)).status == 200
            s.write("main.key", b"y" * 32)
            g.process.send_signal(1)
            wait_for("the reload", lambda: "were read again" in g.log())
            assert g.post(INGEST, LINE, **bearer(SECRET)).status == 401
            assert g.post(INGEST, LINE, **bearer(b"y" * 32)).status == 200


def test_public_keys():
    """A token may be signed with a private key whose public half is all that the gateway has."""
    with Secrets() as s, Daemon() as d:
        private = s.write("private.pem", "")
        public = s.write("main.pem", "", 0o644)
        try:
            subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-out", private], check=True,
                           capture_output=True)
            subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True,
                           capture_output=True)
        except FileNotFoundError:
            coachtest.skip("the openssl program is not installed")
        with Gateway(d, "--token-keys", public, "--token-algorithm", "RS256", anonymous=False) as g:
            g.ready()
            unsigned = token(b"", "RS256").rstrip(".")
            signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", private], input=unsigned.encode(),
                                       check=True, capture_output=True).stdout
            good = unsigned + "." + base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
            assert g.post(INGEST, LINE, Authorization="Bearer " + good).status == 200
            # signed with the public key as if it were a shared secret
            confused = token(public.read_bytes().rstrip(b"\n"), "HS256")
            assert g.post(INGEST, LINE, Authorization="Bearer " + confused).status == 401


def test_passwords():
    """A webhook with the right user and password is let in."""
    with Secrets() as s, Daemon() as d:
        users = s.write("users", "hook:sha256:" + hashlib.sha256(b"open sesame").hexdigest() + "\n")
        with Gateway(d, "--basic-users", users, anonymous=False) as g:
            g.ready()
            for text, status in ((b"hook:open sesame", 200), (b"hook:open", 401), (b"x:open sesame", 401)):
                basic = "Basic " + base64.b64encode(text).decode()
                assert g.post(INGEST, LINE, Authorization=basic).status == status, text
                with g.websocket(INGEST, Authorization=basic) as w:
                    assert (w.status == 101) == (status == 200)


def test_twilio_signature():
    """A request that Twilio signed is let in, whether its body is a form or JSON; one that was changed is not."""
    with Secrets() as s, Daemon() as d:
        secret = s.write("twilio", "our-auth-token\n")
        public = "https://coach.example"

        def sign(target, parameters=""):
            mac = hmac.new(b"our-auth-token", (public + target + parameters).encode(), hashlib.sha1)
            return base64.b64encode(mac.digest()).decode()
        with Gateway(d, "--twilio-secret", secret, "--public-url", public + "/", anonymous=False) as g:
            g.ready()
            form = "text=you+need&call_id=c1&role=agent"
            signed = sign(INGEST, "call_idc1roleagenttextyou need")
            kind = {"Content_Type": "application/x-www-form-urlencoded"}
            assert g.post(INGEST, form, X_Twilio_Signature=signed, **kind).status != 401
            assert g.post(INGEST, form + "&x=1", X_Twilio_Signature=signed, **kind).status == 401
            assert g.post(INGEST + "?call_id=c1", form, X_Twilio_Signature=signed, **kind).status == 401
            body = '{"call_id":"c1","role":"agent","text":"x"}'
            target = INGEST + "?bodySHA256=" + hashlib.sha256(body.encode()).hexdigest()
            kind = {"Content_Type": "application/json"}
            assert g.post(target, body, X_Twilio_Signature=sign(target), **kind).status == 200
            assert g.post(target, body + " ", X_Twilio_Signature=sign(target), **kind).status == 401
            assert g.post(INGEST, body, X_Twilio_Signature=sign(INGEST), **kind).status == 401
            assert g.post(INGEST, body, **kind).status == 401
            assert g.metrics()['access_total{outcome="signature"}'] == 2


def test_hosts_and_origins():
    """A request must be for one of the gateway's names, and from a page only if its origin is listed."""
    with Daemon() as d, Gateway(d, "--hosts", "coach.example", "--origins", "https://desk.example") as g:
        rows = [("coach.example", None, 200), ("COACH.example:443", None, 200), ("evil.example", None, 421),
                ("localhost", None, 421), ("coach.example", "https://desk.example", 200),
                ("coach.example", "https://evil.example", 403)]
        for host, origin, status in rows:
            headers = {"Origin": origin} if origin else {}
            assert g.request("GET", "/healthz", host=host, **headers).status == status, (host, origin)
            with g.websocket(INGEST, host=host, **headers) as w:
                assert w.status == (101 if status == 200 else status), (host, origin)


def test_refused_at_the_start():
    """What cannot be right ends the gateway with 78 and says what to do, and so does --check-config."""
    need()
    with Secrets() as s:
        keys = s.write("main.key", SECRET)
        readable = s.write("open.key", SECRET, 0o644)
        rows = [([], "--allow-anonymous"), (["--listen", "0.0.0.0:8765", "--token-keys", keys], "TLS front"),
                (["--listen", "[::]:8765", "--token-keys", keys], "TLS front"),
                (["--listen", "192.0.2.1:8765", "--token-keys", keys], "TLS front"),
                (["--listen", "8765", "--token-keys", keys], "127.0.0.1:8765"),
                (["--token-keys", readable], "chmod o="), (["--token-keys", "/none"], "/none"),
                (["--token-keys", keys, "--token-algorithm", "RS256"], "PEM"),
                (["--listen", "/tmp/x.sock", "--allow-anonymous"], "Unix socket"),
                (["--twilio-secret", keys], "public_url"),
                (["--allow-anonymous", "--channels", "twilio/inbound"], "inbound_track=customer"),
                (["--allow-anonymous", "--channels", "twilio/a=caller"], "agent, customer")]
        for args, said in rows:
            for more in ([], ["--check-config"]):
                done = subprocess.run([GATEWAY, "--runtime-dir", s.folder.name, *args, *more], capture_output=True,
                                      text=True, timeout=coachtest.PATIENCE)
                assert (done.returncode, said in done.stderr) == (78, True), (args, more, done)
                assert SECRET.decode() not in done.stdout + done.stderr
        good = subprocess.run([GATEWAY, "--token-keys", keys, "--check-config"], capture_output=True, text=True)
        assert good.returncode == 0 and "token_keys:" in good.stdout, good
        wrong = subprocess.run([GATEWAY, "--no-such"], capture_output=True, text=True)
        assert wrong.returncode == 64 and "--help" in wrong.stderr, wrong
        environment = {**os.environ, "COACH_GATEWAY_QUEUE": "x"}
        wrong = subprocess.run([GATEWAY, "--check-config"], capture_output=True, text=True, env=environment)
        assert wrong.returncode == 78 and "COACH_GATEWAY_QUEUE" in wrong.stderr, wrong


if __name__ == "__main__":
    coachtest.main(globals())
