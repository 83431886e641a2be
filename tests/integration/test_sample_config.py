"""packaging/coachd.yaml says what coachd does, and packaging/coach-gateway.yaml what coach-gateway does: each is
accepted, names every setting, and every value in it is the default."""
import re
import subprocess
import tempfile
import unittest

import coachtest

SAMPLE = coachtest.SOURCE / "packaging/coachd.yaml"


def checked(*arguments):
    """What --check-config prints, and its exit status."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as rules:
        rules.write(coachtest.RULES)
        rules.flush()
        done = subprocess.run([coachtest.COACHD, "--check-config", "--rules", rules.name, "--languages",
                               coachtest.LANGUAGES, *arguments], capture_output=True, text=True)
    return done.stdout + done.stderr, done.returncode


def values(printed):
    """{setting: value}, without the lists and the remarks on where a value came from."""
    return dict(re.findall(r"^(\w+): +(\S+)", printed, re.M))


class SampleConfig(unittest.TestCase):
    def test_every_value_in_it_is_the_default(self):
        defaults, status = checked()
        self.assertEqual(status, 0, defaults)
        sample, status = checked("--config", SAMPLE)
        self.assertEqual(status, 0, sample)
        own = {"rules", "languages"}  # given by this test, under a name of its own each time
        self.assertEqual({k: v for k, v in values(sample).items() if k not in own},
                         {k: v for k, v in values(defaults).items() if k not in own})
        self.assertIn("coachd.yaml:", sample, "no value was read from the sample")

    def test_it_names_every_setting(self):
        known = set(re.findall(r"^(?:# )?(\w+):", checked()[0], re.M))
        named = set(re.findall(r"^(?:# )?(\w+):", SAMPLE.read_text(encoding="utf-8"), re.M))
        self.assertGreater(len(known), 10)
        self.assertEqual(sorted(known - named), [])

    def test_a_setting_that_does_not_exist_is_refused(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as wrong:
            wrong.write(SAMPLE.read_text(encoding="utf-8") + "idle_timout: 5m\n")
            wrong.flush()
            printed, status = checked("--config", wrong.name)
        self.assertEqual(status, 78)
        self.assertIn("idle_timout", printed)
        self.assertIn("idle_timeout", printed)


GATEWAY = coachtest.BUILD / "bin/coach-gateway"
GATEWAY_SAMPLE = coachtest.SOURCE / "packaging/coach-gateway.yaml"


def gateway_checked(*arguments):
    """What its --check-config prints, and its exit status."""
    done = subprocess.run([GATEWAY, "--check-config", *arguments], capture_output=True, text=True)
    return done.stdout + done.stderr, done.returncode


@unittest.skipUnless(GATEWAY.exists(), "coach-gateway was not built")
class GatewaySampleConfig(unittest.TestCase):
    def test_every_value_in_it_is_the_default(self):
        defaults, status = gateway_checked("--allow-anonymous")
        self.assertEqual(status, 0, defaults)
        sample, status = gateway_checked("--allow-anonymous", "--config", GATEWAY_SAMPLE)
        self.assertEqual(status, 0, sample)
        self.assertEqual(values(sample), values(defaults))
        self.assertIn("coach-gateway.yaml:", sample, "no value was read from the sample")

    def test_it_names_every_setting(self):
        known = set(re.findall(r"^(?:# )?(\w+):", gateway_checked("--allow-anonymous")[0], re.M))
        named = set(re.findall(r"^(?:# )?(\w+):", GATEWAY_SAMPLE.read_text(encoding="utf-8"), re.M))
        self.assertGreater(len(known), 15)
        self.assertEqual(sorted(known - named), [])

    def test_as_it_stands_it_lets_nobody_in_and_says_so(self):
        printed, status = gateway_checked("--config", GATEWAY_SAMPLE)
        self.assertEqual(status, 78)
        self.assertIn("token_keys", printed)


if __name__ == "__main__":
    unittest.main()
