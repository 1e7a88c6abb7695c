#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The page in Chromium with a virtual key, and an issuer that the test plays: what the script asks for, what it sends, and what it shows when nothing comes of it."""
import json
import os
import subprocess
import sys
import unittest

import skip
import web_issuer as web
from authority import Authority
from browser import KEYS, Browser, base64url
from parts import Folder, Missing, program

HOST = "key.localhost"


class Credential:
    """As the software key exports one, of a key that openssl made."""

    def __init__(self, folder, name):
        self.rp, self.counter, self.id, self.user = HOST, 7, os.urandom(32), os.urandom(16)
        openssl, path = program("openssl"), folder(name + ".pem")
        subprocess.run([openssl, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path], check=True, capture_output=True)
        self.private = subprocess.run([openssl, "pkcs8", "-topk8", "-nocrypt", "-in", path, "-outform", "DER"], check=True, capture_output=True).stdout


class WebBrowserTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        build = os.environ.get("LK_BUILD")
        if not build or not os.path.exists(os.path.join(build, "bin/latchkey-sso-web")):
            raise Missing("LK_BUILD names no build with bin/latchkey-sso-web")
        cls.folder = Folder()
        cls.addClassCleanup(cls.folder.remove)
        # On a loopback name Chromium takes plain HTTP for a secure context.
        cls.web = web.Web(build, host=HOST, tcp=True)
        cls.addClassCleanup(cls.web.stop)
        cls.web.until_up()
        cls.issuer, cls.site = cls.web.issuer, f"http://{HOST}:{cls.web.port}"
        cls.browser = Browser(cls.folder, Authority(cls.folder).pem)
        cls.addClassCleanup(cls.browser.stop)
        cls.credential = Credential(cls.folder, "agent")

    def setUp(self):
        self.issuer.asked.clear()
        self.issuer.answers.update({web.AUTHORIZE: web.key_page(), web.ASSERT: web.page(web.REDIRECT, location=f"{self.site}/?came=back".encode())})

    def plug(self, *credentials, **options):
        name = self.browser.plug(*credentials, **options)
        self.addCleanup(self.browser.unplug, name)
        return name

    def open_and_ask(self):
        self.browser.open(self.site + "/authorize?client_id=a")
        self.browser.find("[data-do=ask]").click()

    def asserted(self):
        [asked] = [fields for kind, fields in self.issuer.asked if kind == web.ASSERT]
        return asked, json.loads(asked["client_data"])

    def test_key(self):
        self.plug(self.credential)
        self.open_and_ask()
        self.browser.wait_address(r"\?came=back$")
        asked, client = self.asserted()
        self.assertEqual((asked["credential_id"], asked["user_handle"], asked["sealed"], asked["cookie"]),
                         (self.credential.id, self.credential.user, web.SEALED, web.COOKIE))
        self.assertEqual((client["type"], client["challenge"], client["origin"]), ("webauthn.get", base64url(web.CHALLENGE), self.site))
        self.assertEqual(asked["authenticator_data"][32] & 5, 5, "touched and verified")
        self.assertGreater(len(asked["signature"]), 60)
        self.assertEqual(self.browser.errors(), [])

    def test_old_page_asks_for_a_new_challenge(self):
        self.plug(self.credential)
        self.browser.open(self.site + "/authorize?client_id=a")
        self.issuer.answers[web.AUTHORIZE] = web.key_page(challenge=bytes(79), sealed=b"newer")
        self.browser.script("const now = Date.now; Date.now = () => now() + 151000;")
        self.browser.find("[data-do=ask]").click()
        self.browser.wait_address(r"\?came=back$")
        asked, client = self.asserted()
        self.assertEqual((asked["sealed"], client["challenge"]), (b"newer", base64url(bytes(79))))

    def test_cancelled_and_again(self):
        name = self.plug(self.credential)
        self.browser.touched(name, False)
        self.open_and_ask()
        self.browser.find("[data-do=cancel]").click()
        self.browser.find("[data-view=cancelled] h1")
        self.assertEqual(self.browser.script("return document.activeElement.innerText"), "The key has not been used")
        self.browser.touched(name, True)
        self.browser.find("[data-view=cancelled] [data-do=ask]").click()
        self.browser.wait_address(r"\?came=back$")

    def test_key_of_somebody_else(self):
        self.plug()
        self.open_and_ask()
        self.browser.find("[data-view=cancelled] h1")
        self.assertEqual([kind for kind, _ in self.issuer.asked], [web.AUTHORIZE])

    def test_refused_then_again(self):
        self.plug(self.credential)
        answers = [web.page(web.REFUSED, 81, sealed=b"second", challenge=bytes(79)), web.page(web.REDIRECT, location=f"{self.site}/?came=back".encode())]
        self.issuer.answers[web.ASSERT] = lambda asked: answers.pop(0)
        self.open_and_ask()
        self.browser.wait_text("Your key is suspended")
        self.browser.find("[data-do=ask]").click()
        self.browser.wait_address(r"\?came=back$")
        self.assertEqual(self.issuer.asked[-1][1]["sealed"], b"second")

    def test_password(self):
        self.plug(self.credential)
        greeting = {"sealed": b"greeting", "name": "alice", "full_name": "Alice Martin"}
        self.issuer.answers[web.ASSERT] = web.page(web.ASK_PASSWORD, **greeting)
        answers = [web.page(web.ASK_PASSWORD, 147, 4, **greeting), web.page(web.REDIRECT, location=f"{self.site}/?came=back".encode())]
        self.issuer.answers[web.PASSWORD] = lambda asked: answers.pop(0)
        self.open_and_ask()
        self.browser.wait_text("Hello Alice Martin")
        self.browser.find("#password").type("wröng")
        self.browser.find("#reveal").click()
        self.assertEqual(self.browser.find("#password").attribute("type"), "text")
        self.browser.find("button[type=submit]").click()
        self.browser.wait_text("The password is wrong")
        self.browser.find("#password").type("right & <proper>")
        self.browser.find("button[type=submit]").click()
        self.browser.wait_address(r"\?came=back$")
        said = [fields["password"].decode() for kind, fields in self.issuer.asked if kind == web.PASSWORD]
        self.assertEqual(said, ["wröng", "right & <proper>"])

    def test_by_keyboard(self):
        self.plug(self.credential)
        self.browser.open(self.site + "/authorize?client_id=a")
        self.browser.find("[data-do=ask]")
        self.browser.script("document.querySelector('[data-do=ask]').focus()")
        self.browser.find("[data-do=ask]").type(KEYS["enter"])
        self.browser.wait_address(r"\?came=back$")


if __name__ == "__main__":
    sys.exit(skip.main())
