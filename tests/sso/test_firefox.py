#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Firefox through nginx, gateway and broker: what it calls a touch is one for us too, and its pages say what they say elsewhere."""
import re
import unittest
import urllib.parse

import skip
from environment import PASSWORDS, Environment
from firefox import Firefox
from parts import Folder

BACK = "https://other.localhost/back"
BUTTON = "[data-do=ask]"


class FirefoxTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = Environment(synapse=False)
        cls.addClassCleanup(cls.house.stop)
        cls.browser = Firefox(Folder(keep=cls.house.folder.make("firefox")), cls.house.authority.pem, languages="fr")
        cls.addClassCleanup(cls.browser.stop)
        print("Firefox", cls.browser.version)

    def open(self):
        self.browser.open(self.house.issuer + "/authorize?" + urllib.parse.urlencode({
            "client_id": "other", "redirect_uri": BACK, "response_type": "code", "scope": "openid", "state": "s", "nonce": "n",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}))
        return self.browser.find(BUTTON)

    def plug(self, *names, **options):
        name = self.browser.plug(*(self.house.organisation.browser_credential(one) for one in names), **options)
        self.addCleanup(self.browser.unplug, name)
        return name

    def test_key_and_password(self):
        self.plug("alice")
        self.open().click()
        field = self.browser.find("#password", 20)
        self.assertIn("alice", self.browser.text())
        field.type(PASSWORDS["alice"])
        try:
            self.browser.find("button[type=submit]").click()
        except Exception as fault:  # pylint: disable=broad-exception-caught
            # Nobody is there under that name: Firefox calls it an error of the click.
            self.assertRegex(str(fault), r"(?i)unknown error|connection|neterror")
        self.browser.wait_address("^" + re.escape(BACK) + r"\?.*code=")

    def test_key_that_was_not_verified(self):
        self.plug("alice", verified=False)
        self.open().click()
        self.browser.wait_text("Réessayer")
        self.assertFalse(self.browser.has("#password"))

    def test_key_without_a_credential(self):
        self.plug()
        self.open().click()
        self.browser.wait_text("Réessayer")
        self.assertFalse(self.browser.has("#password"))

    def test_axe(self):
        self.open()
        self.assertEqual(self.browser.axe(), [])


if __name__ == "__main__":
    skip.main()
