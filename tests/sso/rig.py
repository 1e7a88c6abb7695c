# SPDX-License-Identifier: EUPL-1.2
"""What tests of gateway and Synapse share that need no browser: logins by visitors, and a third application whose tokens the test sees."""
import base64
import hashlib
import secrets
import subprocess
import unittest
import urllib.parse

from environment import PASSWORDS, Environment
from touch import Touch
from visitor import Visitor

BACK = "https://third.localhost/back"
# Its secret is that of the client `other`.
THIRD = f"[client third]\nredirect_uri = {BACK}\nsecret_file = {{folder}}/other.secret\nserves = everybody\n"


class Rig(unittest.TestCase):
    agents = ("alice", "carol")

    @classmethod
    def setUpClass(cls):
        cls.house = Environment(agents=cls.agents, more=THIRD)
        cls.addClassCleanup(cls.house.stop)
        cls.matrix, cls.issuer = cls.house.matrix, cls.house.issuer
        cls.credentials = {name: cls.house.organisation.browser_credential(name) for name in cls.agents}
        cls.touches = {name: Touch(cls.house.folder, one) for name, one in cls.credentials.items()}

    def visitor(self, name):
        return Visitor(self.house.agent(), self.issuer, self.touches[name])

    def begin(self, name):
        """A visitor before the page that Synapse sent her to."""
        visitor = self.visitor(name)
        visitor.open(self.matrix.sso_start(visitor.agent).location)
        self.assertEqual(visitor.answer.status, 200, visitor.answer)
        return visitor

    def code(self, visitor, name):
        """Key and password: the address, with a code, that her browser is sent to."""
        visitor.press()
        visitor.password(PASSWORDS[name])
        self.assertIn("code=", visitor.answer.location or "", visitor.answer)
        return visitor.answer.location

    def end(self, visitor, where):
        """(session or None, what Synapse said)"""
        token, answer = self.matrix.sso_finish(visitor.agent, where)
        return self.matrix.token_login(token) if token else (None, answer)

    def login(self, name):
        visitor = self.begin(name)
        session, answer = self.end(visitor, self.code(visitor, name))
        self.assertIsNotNone(session, answer)
        self.assertEqual(session.whoami(), f"@{name}:chat.localhost")
        return session

    def to_third(self, name):
        """(code, verifier) of a login at another client of the gateway, whose tokens the test sees."""
        verifier, visitor = secrets.token_urlsafe(32), self.visitor(name)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        visitor.open(self.issuer + "/authorize?" + urllib.parse.urlencode({
            "client_id": "third", "redirect_uri": BACK, "response_type": "code", "scope": "openid", "state": "s", "nonce": "n",
            "code_challenge": challenge, "code_challenge_method": "S256"}))
        where = self.code(visitor, name)
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(where).query))["code"], verifier

    def redeem(self, code, verifier):
        basic = base64.b64encode(f"third:{self.house.other_secret}".encode()).decode()
        return self.house.agent().post(self.issuer + "/token", {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": verifier},
                                       headers={"Authorization": "Basic " + basic})

    def status(self, name):
        return str(self.house.status()["status"].get(name))

    def status_code(self):
        """The exit status of `latchkey status`."""
        return subprocess.run([f"{self.house.organisation.build}/bin/latchkey", "--socket", self.house.folder("run/desk"), "--config", self.house.folder("latchkey.conf"),
                               "--state", self.house.folder("desk"), "status"], capture_output=True, check=False, timeout=30).returncode
