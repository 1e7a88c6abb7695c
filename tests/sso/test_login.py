#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Chromium, the real page, the agent's own key in a virtual authenticator, a real Synapse: the login that all of this is for, and the ways in that are none."""
import os
import unittest

import skip
from environment import FORMER, PASSWORDS, Environment
from matrix import login_token
from parts import wait_for

BUTTON, FIELD, SUBMIT = "[data-do=ask]", "#password", "button[type=submit]"
PICTURES = os.environ.get("LK_SSO_PICTURES")


class Rig(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = Environment()
        cls.addClassCleanup(cls.house.stop)
        cls.matrix, cls.issuer = cls.house.matrix, cls.house.issuer
        cls.browser = cls.house.browser()
        cls.keys = {name: cls.house.organisation.browser_credential(name) for name in ("alice", "carol")}

    def setUp(self):
        self.browser.clear()
        self.plugged = None
        self.addCleanup(self.unplug)

    def plug(self, name, **options):
        self.unplug()
        self.plugged = (name, self.browser.plug(self.keys[name], **options))

    def unplug(self):
        """The counter of the virtual key goes on where it was when it is plugged in again."""
        if self.plugged:
            name, authenticator = self.plugged
            self.keys[name].counter = max([self.keys[name].counter] + [row["signCount"] for row in self.browser.credentials(authenticator)])
            self.browser.unplug(authenticator)
            self.plugged = None

    def picture(self, name):
        if PICTURES:
            self.browser.screenshot(os.path.join(PICTURES, name + ".png"))

    def state(self):
        """Which view of the page is shown."""
        return self.browser.find("main").attribute("data-state")

    def becomes(self, wanted):
        self.assertTrue(wait_for(lambda: self.state() == wanted, 15), f"{self.state()} is not {wanted}: {self.browser.text()}")

    def press(self):
        """From the homeserver's own link to the page, and the button."""
        self.browser.open(self.matrix.sso_address())
        self.browser.wait_address("^" + self.issuer)
        self.picture("1-key")
        self.browser.find(BUTTON).click()

    def password(self, word):
        field = self.browser.find(FIELD, 20)
        self.picture("2-password")
        field.type(word)
        self.browser.find(SUBMIT).click()

    def login(self, name):
        """A session of that agent, by browser, key and password."""
        self.plug(name)
        self.press()
        self.password(PASSWORDS[name])
        self.browser.wait_address("loginToken=", 20)
        return self.matrix.token_login(self.browser.address.split("loginToken=")[1].split("&")[0])


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
        self.plug("alice")
        self.press()
        self.password("not the password")
        self.browser.find("#wrong", 20)
        self.assertNotIn("loginToken", self.browser.address)
        # What was wrong can be put right without another touch.
        self.password(PASSWORDS["alice"])
        self.browser.wait_address("loginToken=", 20)

    def test_each_login_is_a_touch(self):
        session, _ = self.login("alice")
        self.assertIsNotNone(session)
        # The same browser a second time, cookies and all: the button, and without the key nothing follows it. WebDriver has no "no key at hand", so the one that is plugged in
        # is nobody's.
        self.unplug()
        self.plugged = ("nobody", self.browser.plug())
        self.keys["nobody"] = self.keys["carol"]
        self.press()
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
        self.plug("alice")
        self.press()
        self.becomes("refused")
        self.browser.wait_text("Your key is revoked")
        self.assertFalse(self.browser.has(FIELD))


if __name__ == "__main__":
    skip.main()
