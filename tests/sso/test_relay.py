#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A look-alike origin that relays everything, both ways, before the agent's own browser and own key. First against a provider that asks for no key: there it
steals the login, so it does relay. Then against the gateway."""
import copy
import secrets
import unittest

import skip
from agent import Agent
from authority import Authority
from environment import Environment
from homeserver import Homeserver
from matrix import Matrix
from parts import Folder, free_ports, wait_for
from plain_provider import Provider
from proxy import Proxy
from relay import CHAT, KEY, Relay, look_alike


class WithoutKeys(unittest.TestCase):
    def test_the_relay_steals_a_login(self):
        folder = Folder()
        self.addCleanup(folder.remove)
        authority = Authority(folder)
        public, own, issuer, evil, evil_issuer = free_ports(5)
        secret, subject = secrets.token_urlsafe(32), secrets.token_hex(16)
        provider = Provider(folder, "key.localhost", issuer, *authority.certificate("key.localhost"), "synapse", secret).start()
        self.addCleanup(provider.stop)
        provider.claims = {"sub": subject, "acr": "phrh", "sid": "s"}
        homeserver = Homeserver(folder, "chat.localhost", public, own, authority.pem, provider.issuer, secret)
        self.addCleanup(homeserver.stop)
        proxy = Proxy(folder, public, homeserver=("chat.localhost", *authority.certificate("chat.localhost"), own)).start()
        self.addCleanup(proxy.stop)
        homeserver.start("setup.yaml")
        admin = homeserver.register("root", "the administrator", admin=True)
        homeserver.register("alice", "a password from before")
        homeserver.link("alice", subject, admin)
        homeserver.stop()
        homeserver.start()

        certificate = authority.certificate(KEY, CHAT)
        chat = Relay({CHAT: "chat.localhost"}, evil, public, certificate, authority.pem)
        key = Relay({KEY: "key.localhost"}, evil_issuer, issuer, certificate, authority.pem)
        # Each must know the other's name too.
        chat.pairs += key.pairs
        key.pairs += chat.pairs
        for relay in (chat, key):
            relay.start()
            self.addCleanup(relay.stop)

        # The victim sees nothing but look-alikes.
        victim = Agent(authority.pem)
        matrix = Matrix(f"https://{CHAT}:{evil}", authority.pem)
        answer = victim.get(matrix.sso_address())
        for _ in range(3):
            self.assertIn(answer.status, (302, 303), answer)
            self.assertIn(".evil.localhost", answer.location.split("/")[2])
            if "loginToken=" in answer.location:
                break
            answer = victim.get(answer.location)
        self.assertTrue(chat.taken)
        # The phisher goes to the true homeserver with it.
        session, answer = Matrix(homeserver.base, authority.pem).token_login(chat.taken[-1])
        self.assertIsNotNone(session, answer)
        self.assertEqual(session.whoami(), "@alice:chat.localhost")


class WithKeys(unittest.TestCase):
    def test_the_relay_gets_nothing(self):
        house = Environment(agents=("alice",))
        self.addCleanup(house.stop)
        browser, credential = house.browser(), house.organisation.browser_credential("alice")
        true, evil = 'relying-party="key.localhost"', f'relying-party="{KEY}"'
        anything = copy.copy(credential)
        anything.rp = KEY
        # The key of the agent; the same with the true name left in the page; and one that signs for any name, as no key does.
        for what, change, one in (("its own name", lambda body: body, credential), ("the true name", lambda body: body.replace(evil, true), credential),
                                  ("a key that signs for anything", lambda body: body, anything)):
            with self.subTest(what):
                relay = look_alike(house, change)
                self.addCleanup(relay.stop)
                authenticator = browser.plug(one)
                browser.open(Matrix(f"https://{CHAT}:{relay.port}", house.authority.pem).sso_address())
                browser.wait_address(f"^https://{KEY}:{relay.port}/authorize")
                browser.find("[data-do=ask]").click()
                state = wait_for(lambda: browser.find("main").attribute("data-state") in ("unsupported", "cancelled", "failed", "refused"), 30)
                self.assertTrue(state, browser.text())
                self.assertFalse(browser.has("#password"))
                self.assertEqual(relay.taken, [])
                posts = [row for row in relay.seen if row[0] == "POST" and row[2] == "/key"]
                self.assertEqual([row[3] for row in posts], [403] if one is anything else [])
                browser.unplug(authenticator)


if __name__ == "__main__":
    skip.main()
