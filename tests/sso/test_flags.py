#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Every value that the flags of the authenticator data can have (WebAuthn L3 section 6.1), signed by the enrolled key and sent through nginx, web process, issuer and broker: what
comes of each is written down once, here, as rules over the bits, and nothing of core/ is asked."""
import collections
import json
import signal
import unittest
import urllib.parse

import skip
from environment import PASSWORDS, Environment
from parts import wait_for
from touch import AT, BE, BS, ED, UP, UV, Touch
from visitor import Visitor

RESERVED = 0x02 | 0x20
ALLOWED, HELD = "password", "E_WRONG_KEY"
# Attested credential data and an extension map as a key would send them: AAGUID, the length of an identifier, the identifier, a COSE key; {"x": true}.
ATTESTED = bytes(16) + (16).to_bytes(2, "big") + bytes(range(16)) + bytes.fromhex("a5010203262001215820" + "11" * 32 + "225820" + "22" * 32)
EXTENSIONS = bytes.fromhex("a16178f5")


def behind(flags):
    """What stands behind the counter where AT and ED say so."""
    return (ATTESTED if flags & AT else b"") + (EXTENSIONS if flags & ED else b"")


def logged(flags, rest):
    """The reason in the broker's log. Malformed comes before missing, missing before copied."""
    if flags & RESERVED or (flags & BS and not flags & BE) or rest != behind(flags):
        return "E_AUTHENTICATOR_DATA"
    if flags & AT:  # an assertion has none
        return "E_AUTHENTICATOR_DATA"
    if not flags & UP:
        return "E_USER_PRESENCE"
    if not flags & UV:
        return "E_USER_VERIFICATION"
    return "E_SYNCED" if flags & BE else "OK"


def shown(reason):
    """What the page says: whose signature was looked at is told what is wrong, all others hear the same."""
    return {"OK": ALLOWED, "E_AUTHENTICATOR_DATA": HELD}.get(reason, reason)


class Flags(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Refused answers that were signed count against the key; here they are the point.
        cls.house = Environment(agents=("alice",), synapse=False, policy="failures_per_credential = 0\n")
        cls.addClassCleanup(cls.house.stop)
        cls.touch = Touch(cls.house.folder, cls.house.organisation.browser_credential("alice"))
        cls.address = cls.house.issuer + "/authorize?" + urllib.parse.urlencode({
            "client_id": "other", "redirect_uri": "https://other.localhost/back", "response_type": "code", "scope": "openid", "state": "s", "nonce": "n",
            "code_challenge": "A" * 43, "code_challenge_method": "S256"})

    def outcome(self, flags, rest):
        visitor = Visitor(self.house.agent(), self.house.issuer, self.touch)
        visitor.open(self.address)
        visitor.press(flags=flags, rest=rest)
        self.assertIsNone(visitor.answer.location)
        if "password" in visitor.form.fields:
            return ALLOWED, visitor
        code = visitor.headline().rpartition("(")[2].rstrip(")")
        return code, visitor

    def records(self):
        return json.loads(self.house.organisation.desk("--json", "log", "--most", "1000"))["records"]

    def test_all(self):
        """All 256 with what they announce; and those that announce something, without it."""
        vectors = [(flags, behind(flags)) for flags in range(256)] + [(flags, b"") for flags in range(256) if flags & (AT | ED)]
        vectors += [(UP | UV, EXTENSIONS), (UP | UV, b"\0"), (UP | UV | ED, EXTENSIONS + b"\0")]
        before, expected, allowed = max((row["number"] for row in self.records()), default=0), collections.Counter(), []
        for flags, rest in vectors:
            reason = logged(flags, rest)
            expected[reason] += 1
            with self.subTest(f"{flags:#04x} and {len(rest)} bytes"):
                came, visitor = self.outcome(flags, rest)
                self.assertEqual(came, shown(reason))
                if came == ALLOWED:
                    allowed.append((flags, visitor))
        # The table above says it too; here once more by hand.
        self.assertEqual([flags for flags, _ in allowed], [UP | UV, UP | UV | ED])
        for _, visitor in allowed:
            visitor.password(PASSWORDS["alice"])
            self.assertTrue(visitor.answer.location.startswith("https://other.localhost/back?"), visitor.answer)
            self.assertIn("code=", visitor.answer.location)
        self.told_apart(before, expected)

    def told_apart(self, before, expected):
        """Each signed answer is a record of its own; the others are gathered, and what is gathered is written at the latest when the broker ends."""
        self.house.organisation.broker.process.send_signal(signal.SIGTERM)
        self.assertTrue(wait_for(lambda: not self.house.organisation.broker.running(), 15))
        self.house.organisation.start()
        found = collections.Counter()
        for row in [row for row in self.records() if row["number"] > before]:
            self.assertEqual(row["agent"], "" if row["reason"] == "E_AUTHENTICATOR_DATA" else "alice")
            found[row["reason"]] += row["count"]
        self.assertEqual(found, expected)


if __name__ == "__main__":
    skip.main()
