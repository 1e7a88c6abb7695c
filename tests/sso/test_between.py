#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What happens between the touch and the code: a key that is suspended or lost meanwhile, a page of before that is sent again, five wrong passwords, an application that does
not serve the agent. What the person is told is true, and what helps at once is not called a wait."""
import unittest
import urllib.parse

import skip
from environment import PASSWORDS, Environment
from touch import Touch
from visitor import Visitor

BACK = "https://other.localhost/back"
AGENTS = ("alice", "carol", "dora")
MORE = """[client nobodys]
title = An application that says nothing of whom it serves
redirect_uri = https://nobodys.localhost/back
secret_file = {folder}/other.secret
[client staff]
title = Staff
redirect_uri = https://staff.localhost/back
secret_file = {folder}/other.secret
serves = staff
"""


class Between(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = Environment(agents=AGENTS, synapse=False, more=MORE)
        cls.addClassCleanup(cls.house.stop)
        cls.touches = {name: Touch(cls.house.folder, cls.house.organisation.browser_credential(name)) for name in AGENTS}

    def visitor(self, name, client="other", back=BACK):
        """Somebody who has touched her key."""
        visitor = Visitor(self.house.agent(), self.house.issuer, self.touches[name])
        visitor.open(self.house.issuer + "/authorize?" + urllib.parse.urlencode({
            "client_id": client, "redirect_uri": back, "response_type": "code", "scope": "openid", "state": "s", "nonce": "n",
            "code_challenge": "A" * 43, "code_challenge_method": "S256"}))
        visitor.press()
        return visitor

    def assert_stopped(self, name, act, then):
        desk = self.house.organisation
        before, typed = self.visitor(name), self.visitor(name)
        self.assertIn("password", before.form.fields)
        typed.password("not this one")
        self.assertIn("password", typed.form.fields)
        desk.desk(act, name, plugged=["operator"])
        for visitor in (before, typed):
            visitor.password(PASSWORDS[name])
            self.assertIsNone(visitor.answer.location)
            self.assertEqual(visitor.headline(), "The key is asked for again (E_PROOF)")
            self.assertNotIn("password is wrong", visitor.answer.text)
            # The button on that page leads to what is the matter.
            visitor.press()
            self.assertIn(f"({then})", visitor.headline())
        self.assertIn('reason=E_PROOF', self.house.folder.read("gateway.out"))

    def test_suspended_meanwhile(self):
        self.assert_stopped("carol", "suspend", "E_SUSPENDED")

    def test_lost_meanwhile(self):
        self.assert_stopped("dora", "report-lost", "E_REVOKED")

    def test_page_of_before(self):
        """The browser's way back after a login that is over: the password is right, and opens nothing a second time."""
        visitor = self.visitor("alice")
        form = visitor.form
        visitor.password(PASSWORDS["alice"])
        self.assertIn("code=", visitor.answer.location)
        visitor.send(form, password=PASSWORDS["alice"])
        self.assertIsNone(visitor.answer.location)
        self.assertEqual(visitor.headline(), "The key is asked for again (E_PROOF)")
        visitor.press()
        self.assertIn("code=", visitor.password(PASSWORDS["alice"]).location)

    def test_five_wrong_passwords(self):
        visitor = self.visitor("alice")
        for _ in range(5):
            self.assertIn("password", visitor.form.fields)
            visitor.password("not this one")
        self.assertEqual(visitor.headline(), "Five wrong passwords (E_PASSWORDS)")
        self.assertNotIn("Wait", visitor.answer.text)
        # A touch helps at once.
        visitor.press()
        self.assertIn("code=", visitor.password(PASSWORDS["alice"]).location)

    def test_a_password_that_is_too_long(self):
        visitor = self.visitor("alice")
        visitor.password("x" * 600)
        self.assertIn("password", visitor.form.fields)
        self.assertIn("The password is wrong", visitor.answer.text)
        self.assertIn("code=", visitor.password(PASSWORDS["alice"]).location)

    def test_whom_an_application_serves(self):
        """Nobody, where it says nothing; a group, where the agent is not in it."""
        for client in ("nobodys", "staff"):
            back = f"https://{client}.localhost/back"
            answer = self.visitor("alice", client, back).answer
            self.assertTrue(answer.location.startswith(back + "?"), answer)
            self.assertEqual((answer.query("error"), answer.query("state"), answer.query("code")), ("access_denied", "s", None))


if __name__ == "__main__":
    skip.main()
