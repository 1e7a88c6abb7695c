#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Days when something is wrong: broker, store or PAM stack away, configuration read again in the middle of logins, and somebody who sends thousands of answers that no key made.
A login is refused with a page that says so, what needs nobody is served all the same, and afterwards everybody gets in."""
import concurrent.futures
import os
import secrets
import signal
import threading
import unittest
import urllib.parse

from browser import base64url
import skip
from parts import wait_for
from environment import PASSWORDS, Environment
from touch import Touch
from visitor import Visitor

BACK = "https://other.localhost/back"


class BadDaysTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = Environment(synapse=False)
        cls.addClassCleanup(cls.house.stop)
        cls.touches = {name: Touch(cls.house.folder, cls.house.organisation.browser_credential(name)) for name in ("alice", "carol")}
        cls.signing = threading.Lock()

    def address(self):
        return self.house.issuer + "/authorize?" + urllib.parse.urlencode({
            "client_id": "other", "redirect_uri": BACK, "response_type": "code", "scope": "openid", "state": "s", "nonce": "n",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"})

    def login(self, name="alice"):
        """(where it leads or None, the page's words) of a whole login."""
        with self.signing:  # one counter
            visitor = Visitor(self.house.agent(), self.house.issuer, self.touches[name])
            where = visitor.login(self.address(), PASSWORDS[name])
        return where, visitor.headline() if where is None else None

    def assert_in(self):
        # The gateway looks for the broker four times a second.
        wait_for(lambda: self.login()[0], 2)
        where, said = self.login()
        self.assertIsNotNone(where, said)
        self.assertTrue(where.startswith(BACK + "?"), where)

    def assert_out(self, code):
        where, said = self.login()
        self.assertIsNone(where)
        self.assertIn(code, said)
        for path in ("/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"):
            self.assertEqual(self.house.agent().get(self.house.issuer + path).status, 200, path)

    def test_broker_away(self):
        self.house.organisation.stop()
        self.assert_out("unavailable")
        self.house.organisation.start()
        self.assert_in()

    def test_store_gone(self):
        """The broker runs with an empty folder in its place, and lets nobody in."""
        organisation, folder = self.house.organisation, self.house.folder
        organisation.stop()
        os.rename(folder("state"), folder("state.away"))
        folder.make("state")
        organisation.start()
        self.assert_out("E_")
        organisation.stop()
        os.rename(folder("state"), folder("state.empty"))
        os.rename(folder("state.away"), folder("state"))
        organisation.start()
        self.assert_in()

    def test_stack_gone(self):
        path = self.house.folder("pam.d/latchkey-sso")
        os.rename(path, path + ".away")
        self.assert_out("E_STACK")
        os.rename(path + ".away", path)
        self.assert_in()

    def test_read_again_amid_logins(self):
        """Everything is told to read its configuration again, at another moment of each login: each leads to a code."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            for moment in range(8):
                running = pool.submit(self.login, "carol")
                concurrent.futures.wait([running], moment * 0.02)
                for process in (self.house.gateway, self.house.organisation.broker):
                    process.process.send_signal(signal.SIGHUP)
                where, said = running.result()
                self.assertIsNotNone(where, said)

    def sizes(self):
        total = 0
        for folder, _, files in os.walk(self.house.folder("state")):
            total += sum(os.path.getsize(os.path.join(folder, file)) for file in files)
        return total, os.path.getsize(self.house.folder("gateway.out")), os.path.getsize(self.house.folder("broker.log"))

    def garbage(self, page, number):
        """Everything of an answer but the signature, some with a credential that exists."""
        touch = self.touches["carol"]
        ident, data, signature, handle, client = touch.form(page.challenge, self.house.issuer)
        if number % 2:
            ident, handle = base64url(secrets.token_bytes(32)), base64url(secrets.token_bytes(16))
        signature = base64url(b"\x30\x44\x02\x20" + secrets.token_bytes(32) + b"\x02\x20" + secrets.token_bytes(32))
        return ident, data, signature, handle, client

    def test_storm_of_garbage(self):
        """1,000 answers from four connections at a time. Nobody who owns one of these credentials is barred, and what is written down does not grow with their number."""
        before, asked = self.sizes(), 1000
        page = Visitor(self.house.agent(), self.house.issuer, self.touches["carol"])
        page.open(self.address())
        prepared = [self.garbage(page, number) for number in range(20)]

        def storm(count):
            visitor, codes = Visitor(self.house.agent(), self.house.issuer, self.touches["carol"]), set()
            for number in range(count):
                visitor.open(self.address())
                ident, data, signature, handle, _ = prepared[number % len(prepared)]
                client = f'{{"type":"webauthn.get","challenge":"{visitor.challenge}","origin":"{self.house.issuer}","crossOrigin":false}}'
                visitor.press((ident, data, signature, handle, base64url(client.encode())))
                codes.add((visitor.answer.status, visitor.headline()))
            return codes

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            storms = [pool.submit(storm, asked // 4) for _ in range(4)]
            meanwhile = 0
            while not all(one.done() for one in storms):
                where, said = self.login("carol")
                self.assertIsNotNone(where, said)
                meanwhile += 1
            codes = set().union(*(one.result() for one in storms))
        after = self.sizes()
        grown = [now - then for now, then in zip(after, before)]
        print(f"{meanwhile} logins amid {asked} answers without a key: state, gateway's and broker's lines grew by {grown} bytes; {codes}")
        self.assertGreater(meanwhile, 3)
        # Logins are written down, answers without a key are not: far less than what one short line for each would take.
        self.assertLess(grown[1] + grown[2], 20 * asked + 350 * meanwhile)
        self.assertEqual(len(codes), 1, "known and unknown credentials are told apart")
        self.assert_in()


if __name__ == "__main__":
    skip.main()
