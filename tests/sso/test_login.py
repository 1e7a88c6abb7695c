#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Chromium, the real page, the agent's own key in a virtual authenticator, a real Synapse: the login that all of this is for, and the ways in that are none."""
import os
import unittest

import skip
from environment import FORMER, PASSWORDS, Environment
from matrix import login_token
from parts import wait_for
from person import FIELD, Person

PICTURES = os.environ.get("LK_SSO_PICTURES")


class Rig(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = Environment()
        cls.addClassCleanup(cls.house.stop)
        cls.matrix, cls.issuer = cls.house.matrix, cls.house.issuer
        cls.browser = cls.house.browser()
        cls.person = Person(cls.house, cls.browser, picture=cls.picture)

    def setUp(self):
        self.browser.clear()
        self.addCleanup(self.person.unplug)

    @classmethod
    def picture(cls, name):
        if PICTURES:
            cls.browser.screenshot(os.path.join(PICTURES, name + ".png"))

    def becomes(self, wanted):
        self.assertTrue(wait_for(lambda: self.person.state() == wanted, 15), f"{self.person.state()} is not {wanted}: {self.browser.text()}")

    def login(self, name):
        """A session of that agent, by browser, key and password."""
        return self.person.login(name, PASSWORDS[name])


class Login(Rig):
    def test_key_and_password(self):
        self.browser.errors()
        for name in ("alice", "carol"):
            with self.subTest(name):
                session, answer = self.login(name)
                self.assertIsNotNone(session, answer)
                self.assertEqual(session.whoami(), f"@{name}:chat.localhost")
                self.assertEqual([line for line in self.browser.errors() if self.issuer in line], [])

    def test_password_at_the_homeserver(self):
        for word in (FORMER, PASSWORDS["alice"]):
            session, answer = self.matrix.password_login("alice", word)
            self.assertIsNone(session)
            self.assertEqual(answer.status, 400, answer)

    def test_wrong_password(self):
        self.person.plug("alice")
        self.person.press()
        self.person.password("not the password")
        self.browser.find("#wrong", 20)
        self.assertNotIn("loginToken", self.browser.address)
        # What was wrong can be put right without another touch.
        self.person.password(PASSWORDS["alice"])
        self.browser.wait_address("loginToken=", 20)

    def test_each_login_is_a_touch(self):
        session, _ = self.login("alice")
        self.assertIsNotNone(session)
        # The same browser a second time, cookies and all: the button, and without the key nothing follows it. WebDriver has no "no key at hand", so the one that is plugged in
        # is nobody's.
        self.person.unplug()
        self.person.plugged = ("nobody", self.browser.plug())
        self.person.press()
        self.becomes("cancelled")
        self.assertFalse(self.browser.has(FIELD))
        self.assertTrue(self.browser.address.startswith(self.issuer))

    def test_without_a_key(self):
        answer = self.house.agent().get(self.matrix.sso_address())
        page = self.house.agent().get(answer.location)
        self.assertEqual(page.status, 200, page)
        self.assertIsNone(login_token(page))
        self.assertNotIn("alice", page.text)


class Lost(Rig):
    def test_sessions_end_with_the_key(self):
        other, _ = self.login("carol")
        session, answer = self.login("alice")
        self.assertIsNotNone(session, answer)
        self.house.organisation.desk("report-lost", "alice", plugged=["operator"])
        self.assertTrue(wait_for(lambda: session.whoami() is None, 60))
        self.assertEqual(other.whoami(), "@carol:chat.localhost")
        self.person.plug("alice")
        self.person.press()
        self.becomes("refused")
        self.browser.wait_text("Your key is revoked")
        self.assertFalse(self.browser.has(FIELD))


if __name__ == "__main__":
    skip.main()
