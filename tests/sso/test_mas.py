#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Matrix Authentication Service and Synapse behind it, with what is shipped for them: a login with a key, the ways round it, and what becomes of a session whose key is
reported lost. Skipped where LK_MAS names no MAS."""
import os
import secrets
import unittest

import skip
from agent import Agent
from authority import Authority
from environment import CHAT, PASSWORDS, Environment
from homeserver import Homeserver
from mas import CLIENT, NAME, PROVIDER, Mas, release
from mas_login import Client
from parts import Folder, free_ports, wait_for
from plain_provider import Provider
from test_claim_gate import WEAK
from touch import Touch
from visitor import Visitor

MAS = f"""[client mas]
title = Chat
redirect_uri = https://{NAME}:{{port}}/upstream/callback/{PROVIDER}
secret_file = {{{{folder}}}}/other.secret
backchannel_logout_uri = https://{NAME}:{{port}}/upstream/backchannel-logout/{PROVIDER}
backchannel_connect = 127.0.0.1:{{port}}
backchannel_ca = {{{{folder}}}}/ca.pem
serves = everybody
"""


class Login(unittest.TestCase):
    """The gateway before MAS."""

    @classmethod
    def setUpClass(cls):
        release()
        port, own = free_ports(2)
        cls.house = Environment(agents=("alice", "carol"), synapse=False, more=MAS.format(port=port))
        cls.addClassCleanup(cls.house.stop)
        house = cls.house
        cls.homeserver = Homeserver(house.folder, CHAT, house.port, own, house.authority.pem, house.issuer, "unused")
        cls.mas = Mas(house.folder, house.authority, cls.homeserver, house.issuer, house.other_secret, port)
        cls.addClassCleanup(cls.mas.end)
        cls.addClassCleanup(cls.homeserver.stop)
        cls.homeserver.start("synapse-mas.yaml")
        cls.mas.start()
        # alice has an account from before, carol none.
        cls.alice = cls.mas.account("alice")
        cls.linked = cls.mas.link(house, {f"@alice:{CHAT}": "alice"})
        cls.touches = {name: Touch(house.folder, house.organisation.browser_credential(name)) for name in ("alice", "carol")}

    def login(self, name, key=None):
        """With the key of that name or another of that person's: (client, its tokens, the browser)."""
        client, visitor = Client(self.mas, self.homeserver), Visitor(self.house.agent(), self.house.issuer, self.touches[key or name])
        where = visitor.login(client.begin(visitor.agent), PASSWORDS[name])
        self.assertIn("code=", where or "", visitor.answer)
        tokens, answer = client.end(visitor.agent, where)
        self.assertIsNotNone(tokens, answer)
        self.assertEqual(client.whoami(tokens), f"@{name}:{CHAT}")
        return client, tokens, visitor.agent

    def over(self, client, tokens):
        """Homeserver and MAS both know nothing of it any more."""
        return client.whoami(tokens) is None and client.refresh(tokens).status != 200

    def test_login(self):
        # An account from before, tied to its agent by the administrator's list, and one that this login makes.
        self.assertIn("alice  linked", self.linked.stdout, self.linked)
        for name in ("alice", "carol", "alice"):
            with self.subTest(name):
                self.login(name)

    def test_linking(self):
        for account, agent, says in ((f"@alice:{CHAT}", "carol", "is linked to somebody else"), (f"@nobody:{CHAT}", "carol", "there is no such account"),
                                     ("@alice:chat.example.org", "alice", f"MAS is that of {CHAT}")):
            with self.subTest(says):
                done = self.mas.link(self.house, {account: agent})
                self.assertEqual(done.returncode, 1, done)
                self.assertIn(says, done.stdout)
        # What is right already stays; a client that is no administrator's is told so.
        os.remove(self.house.folder("linked.journal"))
        done = self.mas.link(self.house, {f"@alice:{CHAT}": "alice"})
        self.assertEqual((done.returncode, done.stdout.count("is linked already")), (0, 1), done)
        right, self.mas.admin_secret = self.mas.admin_secret, "wrong"
        self.addCleanup(setattr, self.mas, "admin_secret", right)
        self.assertEqual(self.mas.link(self.house, {f"@carol:{CHAT}": "carol"}).returncode, 2)

    def test_a_name_makes_nobody_the_owner(self):
        """An account of the same name that nobody linked stays its owner's."""
        self.house.organisation.enroll("dora")
        self.mas.account("dora")
        touch, client = Touch(self.house.folder, self.house.organisation.browser_credential("dora")), Client(self.mas, self.homeserver)
        visitor = Visitor(self.house.agent(), self.house.issuer, touch)
        where = visitor.login(client.begin(visitor.agent), PASSWORDS["dora"])
        self.assertIn("code=", where or "", visitor.answer)
        tokens, answer = client.end(visitor.agent, where)
        self.assertIsNone(tokens, answer)
        self.assertIn("existing account", answer.text)

    def test_other_doors(self):
        agent = self.house.agent()
        metadata = agent.get(self.mas.base + "/.well-known/openid-configuration").json()
        self.assertNotIn("device_authorization_endpoint", metadata)
        self.assertNotEqual(agent.post(self.mas.base + "/oauth2/device", {"client_id": CLIENT, "scope": "openid"}).status, 200)
        flows = [flow["type"] for flow in agent.get(self.mas.base + "/_matrix/client/v3/login").json()["flows"]]
        self.assertNotIn("m.login.password", flows)
        answer = agent.send("POST", self.mas.base + "/_matrix/client/v3/login", {
            "type": "m.login.password", "identifier": {"type": "m.id.user", "user": "alice"}, "password": PASSWORDS["alice"]})
        self.assertNotEqual(answer.status, 200, answer)
        # The admin API does not stand at the public address.
        self.assertEqual(agent.get(self.mas.base + "/api/admin/v1/users").status, 404)
        for path in ("/register", "/register/password", "/recover"):
            with self.subTest(path):
                self.assertNotIn('type="password"', agent.get(self.mas.base + path).text)

    def test_lost_key_ends_it(self):
        client, tokens, _ = self.login("carol")
        other, others, _ = self.login("alice")
        self.house.organisation.desk("report-lost", "carol", plugged=["operator"])
        self.assertTrue(wait_for(lambda: self.over(client, tokens), 30), self.mas.process.said())
        # Not those of others.
        self.assertEqual(other.whoami(others), f"@alice:{CHAT}")

    def test_its_browser_session_ends_and_logout_reaches_all_the_same(self):
        """docs/MAS.md has the browser session of MAS ended after a login: the client's stays, and a later logout still finds it."""
        desk = self.house.organisation
        before = {row["id"] for row in desk.show("alice")["credentials"]}
        desk.enroll("alice", "spare")
        self.touches["spare"] = Touch(self.house.folder, desk.browser_credential("spare"))
        first, firsts, _ = self.login("alice")
        client, tokens, agent = self.login("alice", "spare")
        # Without that a second application opens with nobody touching anything.
        second = Client(self.mas, self.homeserver)
        silent, answer = second.end(agent, second.address())
        self.assertIsNotNone(silent, answer)
        for row in self.mas.admin("GET", f"/user-sessions?filter[user]={self.alice}&filter[status]=active")["data"]:
            self.mas.admin("POST", f"/user-sessions/{row['id']}/finish")
        self.assertTrue(Client(self.mas, self.homeserver).begin(agent).startswith(self.house.issuer + "/authorize?"))
        self.assertEqual([one.whoami(given) for one, given in ((client, tokens), (second, silent))], [f"@alice:{CHAT}"] * 2)
        desk.desk("report-lost", "alice", *(row["id"] for row in desk.show("alice")["credentials"] if row["id"] not in before), plugged=["operator"])
        # All that the agent has open, also what the other key opened.
        self.assertTrue(wait_for(lambda: all(self.over(one, given) for one, given in ((client, tokens), (second, silent), (first, firsts))), 30), self.mas.process.said())


class Gate(unittest.TestCase):
    """MAS and a provider that is honest about a weak login."""

    @classmethod
    def setUpClass(cls):
        release()
        cls.folder = Folder()
        cls.addClassCleanup(cls.folder.remove)
        authority, (issuer, own, public) = Authority(cls.folder), free_ports(3)
        secret, cls.subject = secrets.token_urlsafe(32), secrets.token_hex(16)
        cls.provider = Provider(cls.folder, "key.localhost", issuer, *authority.certificate("key.localhost"), "mas", secret).start()
        cls.addClassCleanup(cls.provider.stop)
        cls.homeserver = Homeserver(cls.folder, CHAT, public, own, authority.pem, cls.provider.issuer, "unused")
        cls.mas = Mas(cls.folder, authority, cls.homeserver, cls.provider.issuer, secret)
        cls.addClassCleanup(cls.mas.end)
        cls.addClassCleanup(cls.homeserver.stop)
        cls.homeserver.start("synapse-mas.yaml")
        cls.mas.start()
        cls.authority = authority

    def login(self, claims, subject=None, name="alice"):
        """(tokens or None, last answer)"""
        self.provider.claims = {"sub": subject or self.subject, "sid": secrets.token_hex(16), "preferred_username": name, **claims}
        agent, client = Agent(self.authority.pem), Client(self.mas, self.homeserver)
        return client.end(agent, agent.get(client.begin(agent)).location)

    def test_gate(self):
        tokens, answer = self.login({"acr": "phrh"})
        self.assertIsNotNone(tokens, answer)
        asked = self.provider.asked[-1]
        self.assertEqual((asked["acr_values"], asked["prompt"], asked["max_age"], asked["code_challenge_method"], asked["scope"]), ("phrh", "login", "0", "S256", "openid"))
        for name, claims in WEAK.items():
            # Neither for an agent who is known nor for a new one.
            for subject, person in ((self.subject, "alice"), (secrets.token_hex(16), "n" + secrets.token_hex(4))):
                with self.subTest(name, person=person):
                    tokens, answer = self.login(claims, subject, person)
                    self.assertIsNone(tokens)
                    self.assertNotIn("/link/", answer.url)

    def test_without_the_template(self):
        """The test above would notice."""
        text = self.mas.shipped(self.provider.issuer)
        template = "{% if id_token_claims.acr == 'phrh' %}{{ id_token_claims.sub }}{% endif %}"
        self.assertIn(template, text)
        self.mas.stop()
        self.addCleanup(self.mas.start)
        self.addCleanup(self.mas.stop)
        self.mas.start(text.replace(template, "{{ id_token_claims.sub }}"))
        tokens, answer = self.login({"acr": "phr"})
        self.assertIsNotNone(tokens, answer)


if __name__ == "__main__":
    skip.main()
