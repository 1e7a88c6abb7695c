#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What a person at the page is told when the stack of PAM modules does not let her in, after a true touch of her own key: each has a page of its own, and none is a way in."""
import unittest
import urllib.parse

import skip
from environment import PASSWORDS, Environment
from parts import Missing, wait_for
from touch import Touch
from visitor import Visitor

BACK = "https://other.localhost/back"
# A module's result is a number of _pam_types.h. In the account part of the stack, behind a key and a password that are right.
ACCOUNT = {"an account that has expired": ("result=13", "E_ACCOUNT_EXPIRED"), "a password that must be changed": ("result=12", "E_PASSWORD_EXPIRED"),
           "a module that made another of her": ("rename", "E_STACK"), "a module that cannot tell": ("result=9", "E_STACK_UNAVAILABLE"),
           "a module that dies": ("crash", "E_STACK_UNAVAILABLE")}


class StackPages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = Environment(agents=("alice",), synapse=False)
        cls.addClassCleanup(cls.house.stop)
        cls.odd = f"{cls.house.organisation.build}/tests/security/pam_lk_odd.so"
        cls.touch = Touch(cls.house.folder, cls.house.organisation.browser_credential("alice"))
        cls.stack = cls.house.folder.read("pam.d/latchkey-sso")
        if "account required pam_permit.so" not in cls.stack:
            raise Missing("the stack of the environment has another account line")

    def login(self):
        """(where it leads or None, what the page says) with key and password."""
        visitor = Visitor(self.house.agent(), self.house.issuer, self.touch)
        where = visitor.login(self.house.issuer + "/authorize?" + urllib.parse.urlencode({
            "client_id": "other", "redirect_uri": BACK, "response_type": "code", "scope": "openid", "state": "s", "nonce": "n",
            "code_challenge": "A" * 43, "code_challenge_method": "S256"}), PASSWORDS["alice"])
        return where, visitor.headline()

    def with_stack(self, account):
        """Workers of the old stack leave by themselves when its file is another."""
        self.house.folder.write("pam.d/latchkey-sso", self.stack.replace("account required pam_permit.so", account), 0o644)

    def until(self, code):
        def look():
            where, said = self.login()
            self.assertTrue(where is None or code is None or "code=" in where)
            return (where, said) if (code is None and where) or (code is not None and where is None and f"({code})" in said) else None
        return wait_for(look, 15, 0.2)

    def test_account(self):
        for what, (word, code) in ACCOUNT.items():
            with self.subTest(what):
                self.with_stack(f"account required {self.odd} {word}")
                found = self.until(code)
                self.assertTrue(found, self.login())
                # And so it stays: nobody slips through.
                for _ in range(3):
                    where, said = self.login()
                    self.assertIsNone(where)
                    self.assertIn(f"({code})", said)
        self.right_again()

    def test_hanging(self):
        """A module that never answers costs the person 20 seconds, and the next one nothing."""
        self.with_stack(f"account required {self.odd} hang")
        found = self.until("E_STACK_UNAVAILABLE") or self.login()
        self.assertIsNone(found[0])
        self.assertIn("(E_STACK_UNAVAILABLE)", found[1])
        self.right_again()

    def right_again(self):
        self.with_stack("account required pam_permit.so")
        found = self.until(None)
        self.assertTrue(found, self.login())
        self.assertIn("code=", found[0])


if __name__ == "__main__":
    skip.main()
