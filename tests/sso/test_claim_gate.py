#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The gates of homeserver-latchkey.yaml before a real Synapse: an ID token that does not say acr=phrh opens nothing, neither a session nor a
confirmation, however true the rest of it is."""
import secrets
import unittest

import skip
from authority import Authority
from homeserver import Homeserver
from matrix import Matrix
from parts import Folder, free_ports
from plain_provider import Provider
from proxy import Proxy

WEAK = {"no acr": {}, "phr": {"acr": "phr"}, "another spelling": {"acr": "PHRH"}, "with a blank": {"acr": "phrh "}, "empty": {"acr": ""},
        "a list": {"acr": ["phr"]}, "a list that holds it": {"acr": ["phrh"]}, "a number": {"acr": 1}, "true": {"acr": True},
        "amr alone": {"amr": ["hwk", "phrh"]}}
PASSWORD = "a password from before"


class Rig(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.parts = []
        cls.addClassCleanup(cls.end)
        cls.folder = Folder()
        authority = Authority(cls.folder)
        public, own, issuer = free_ports(3)
        secret, cls.subject = secrets.token_urlsafe(32), secrets.token_hex(16)
        cls.provider = Provider(cls.folder, "key.localhost", issuer, *authority.certificate("key.localhost"), "synapse", secret).start()
        cls.parts.append(cls.provider)
        cls.homeserver = Homeserver(cls.folder, "chat.localhost", public, own, authority.pem, cls.provider.issuer, secret)
        cls.parts.append(cls.homeserver)
        cls.proxy = Proxy(cls.folder, public, homeserver=("chat.localhost", *authority.certificate("chat.localhost"), own)).start()
        cls.parts.append(cls.proxy)
        cls.matrix = Matrix(cls.homeserver.base, authority.pem)
        cls.homeserver.start("setup.yaml")
        admin = cls.homeserver.register("root", PASSWORD, admin=True)
        cls.homeserver.register("alice", PASSWORD)
        cls.homeserver.link("alice", cls.subject, admin)
        cls.old = cls.matrix.password_login("alice", PASSWORD)[0]
        cls.homeserver.stop()
        cls.homeserver.start()

    @classmethod
    def end(cls):
        for part in reversed(cls.parts):
            part.stop()
        cls.folder.remove()

    def says(self, claims):
        self.provider.claims = {"sub": self.subject, "sid": secrets.token_hex(16), "preferred_username": "alice", **claims}

    def login(self, claims):
        """(session or None, last answer)"""
        self.says(claims)
        agent = self.matrix.agent()
        start = self.matrix.sso_start(agent)
        self.assertEqual(start.status, 302, start)
        token, answer = self.matrix.sso_finish(agent, agent.get(start.location).location)
        return (self.matrix.token_login(token) if token else (None, answer))

    def confirm(self, claims):
        """Deletes a device that another login made; (answer, whether it is still there)."""
        keeper, other = self.login({"acr": "phrh"})[0], self.login({"acr": "phrh"})[0]
        name, answer = self.matrix.confirm_start(keeper, other.device)
        self.assertIsNotNone(name, answer)
        self.assertEqual([flow["stages"] for flow in answer.json()["flows"]], [["m.login.sso"]])
        self.says(claims)
        agent = self.matrix.agent()
        address, page = self.matrix.confirm_page(agent, name)
        self.assertIsNotNone(address, page)
        agent.get(agent.get(address).location)
        answer = self.matrix.confirm_finish(keeper, other.device, name)
        return answer, other.device in keeper.devices()


class Gate(Rig):
    def test_only_keys_are_offered(self):
        flows = self.matrix.flows()
        self.assertEqual(sorted(flow["type"] for flow in flows), ["m.login.application_service", "m.login.sso", "m.login.token"])
        [sso] = [flow for flow in flows if flow["type"] == "m.login.sso"]
        self.assertEqual([row["id"] for row in sso["identity_providers"]], ["oidc-latchkey"])
        self.assertFalse(any(flow.get("get_login_token") for flow in flows))

    def test_password_is_worth_nothing(self):
        self.assertEqual(self.old.whoami(), "@alice:chat.localhost")
        for password in (PASSWORD, "another"):
            session, answer = self.matrix.password_login("alice", password)
            self.assertIsNone(session)
            self.assertEqual((answer.status, answer.json()["error"]), (400, "Password login has been disabled."), answer)
        # Neither to confirm something, for a session that a password opened.
        name, answer = self.matrix.confirm_start(self.old, self.old.device)
        self.assertEqual([flow["stages"] for flow in answer.json()["flows"]], [["m.login.sso"]])
        answer = self.old.call("DELETE", f"/_matrix/client/v3/devices/{self.old.device}", {"auth": {
            "type": "m.login.password", "session": name, "identifier": {"type": "m.id.user", "user": "alice"}, "password": PASSWORD}})
        self.assertIn(answer.status, (400, 401))
        self.assertEqual(self.old.whoami(), "@alice:chat.localhost")

    def test_login_with_phrh(self):
        session, answer = self.login({"acr": "phrh"})
        self.assertIsNotNone(session, answer)
        self.assertEqual(session.whoami(), "@alice:chat.localhost")
        asked = self.provider.asked[-1]
        self.assertEqual((asked["acr_values"], asked["prompt"], asked["max_age"], asked["code_challenge_method"], asked["scope"]),
                         ("phrh", "login", "0", "S256", "openid"))

    def test_login_without(self):
        before = self.old.devices()
        for name, claims in WEAK.items():
            with self.subTest(name):
                session, answer = self.login(claims)
                self.assertIsNone(session, answer)
                self.assertIn(answer.status, (400, 403, 500), answer)
        self.assertEqual(self.old.devices(), before)

    def test_a_subject_that_nobody_linked(self):
        for claims in ({"sub": secrets.token_hex(16)}, {"sub": "alice"}, {"sub": "@alice:chat.localhost"}, {"sub": ""}):
            with self.subTest(claims):
                session, answer = self.login({"acr": "phrh", **claims})
                self.assertIsNone(session, answer)

    def test_confirm_with_phrh(self):
        answer, there = self.confirm({"acr": "phrh"})
        self.assertEqual((answer.status, there), (200, False), answer)

    def test_confirm_without(self):
        for name, claims in (*WEAK.items(), ("another subject", {"acr": "phrh", "sub": secrets.token_hex(16)})):
            with self.subTest(name):
                answer, there = self.confirm(claims)
                self.assertEqual((answer.status, there), (403, True), answer)

    def test_logout_reaches_the_session(self):
        session, other = self.login({"acr": "phrh", "sid": "one"})[0], self.login({"acr": "phrh", "sid": "two"})[0]
        address = self.matrix.base + "/_synapse/client/oidc/backchannel_logout"
        answer = self.matrix.agent().post(address, {"logout_token": self.provider.logout_token("one", self.subject)})
        self.assertEqual(answer.status, 200, answer)
        self.assertIsNone(session.whoami())
        self.assertEqual(other.whoami(), "@alice:chat.localhost")
        # A nonce makes it an ID token, and one of somebody else's must not log anybody out.
        for others in ({"nonce": "n"}, {"iss": self.provider.issuer + "/"}, {"aud": "another"}):
            with self.subTest(others):
                token = self.provider.logout_token("two", self.subject, **others)
                self.assertEqual(self.matrix.agent().post(address, {"logout_token": token}).status, 400)
        self.assertEqual(other.whoami(), "@alice:chat.localhost")


class EachGate(Rig):
    """Why there are two. Without the template a weak login confirms; this also shows that the tests above would notice."""
    def with_changed(self, old, new):
        text = self.homeserver.shipped(self.provider.issuer)
        self.assertIn(old, text)
        self.folder.write("changed.yaml", text.replace(old, new))
        self.homeserver.stop()
        self.homeserver.start("changed.yaml")
        self.addCleanup(self.homeserver.start)
        self.addCleanup(self.homeserver.stop)

    def test_without_the_template(self):
        self.with_changed("\"{% if user.acr == 'phrh' %}{{ user.sub }}{% endif %}\"", '"{{ user.sub }}"')
        self.assertIsNone(self.login({"acr": "phr"})[0])
        answer, there = self.confirm({"acr": "phr"})
        self.assertEqual((answer.status, there), (200, False), "Synapse now asks attribute_requirements there as well")

    def test_without_the_requirement(self):
        self.with_changed("      - attribute: acr\n        value: phrh\n", "      - attribute: sub\n")
        for name, claims in WEAK.items():
            with self.subTest(name):
                self.assertIsNone(self.login(claims)[0])
                self.assertEqual(self.confirm(claims)[0].status, 403)


if __name__ == "__main__":
    skip.main()
