#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A second client library before the gateway: what it gets, what it finds wrong by itself, and what the standard wants of codes. No browser: the touch is made
with the exported credential."""
import base64
import hashlib
import json
import secrets
import time
import unittest
import urllib.parse

from relying_party import RelyingParty  # first: it changes the interpreter  # noqa: I001
import skip
from environment import PASSWORDS, Environment
from touch import UP, Touch
from visitor import Visitor

BACK, BYE = "https://other.localhost/back", "https://other.localhost/bye"
CLIENT = "other"


class RelyingPartyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = Environment(synapse=False)
        cls.addClassCleanup(cls.house.stop)
        cls.touches = {name: Touch(cls.house.folder, cls.house.organisation.browser_credential(name)) for name in ("alice", "carol")}

    def party(self, **options):
        return RelyingParty(self.house.issuer, CLIENT, self.house.other_secret, BACK, self.house.authority.pem, logout=BYE, algorithm="RS256", **options)

    def visitor(self, name="alice"):
        return Visitor(self.house.agent(), self.house.issuer, self.touches[name])

    def callback(self, party, name="alice"):
        where = self.visitor(name).login(party.begin(), PASSWORDS[name])
        self.assertIsNotNone(where)
        self.assertTrue(where.startswith(BACK + "?"), where)
        return where

    def redeem(self, code, verifier="", **others):
        """The token request by hand."""
        basic = base64.b64encode(f"{CLIENT}:{self.house.other_secret}".encode()).decode()
        return self.house.agent().post(self.house.issuer + "/token", {
            "grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": verifier, **others},
            headers={"Authorization": "Basic " + basic})

    def test_login(self):
        for method in ("client_secret_basic", "client_secret_post"):
            for name in ("alice", "carol"):
                with self.subTest(method=method, name=name):
                    began = int(time.time())
                    party = self.party(method=method, asked={"acr_values": "phrh", "max_age": 0})
                    got = party.finish(self.callback(party, name))
                    token = got["id_token"].to_dict()
                    self.assertEqual(token["acr"], "phrh")
                    self.assertEqual(token["sub"], self.house.subject(name))
                    self.assertTrue({"pwd", "hwk", "user", "pop", "mfa"} <= set(token["amr"]), token)
                    self.assertTrue(began - 2 <= token["auth_time"] <= time.time() + 2, token)
                    self.assertTrue(token["sid"] and token["nonce"])
                    self.assertEqual(got["issuer"], self.house.issuer)

    def test_the_library_notices(self):
        """What a mix-up or an injection would look like (RFC 9207, RFC 9700 section 4.5)."""
        for name, value in (("iss", "https://evil.example"), ("state", "another"), ("code", "another" * 8)):
            with self.subTest(name):
                party = self.party()
                parts = urllib.parse.urlsplit(self.callback(party))
                query = dict(urllib.parse.parse_qsl(parts.query))
                self.assertEqual(sorted(query), ["code", "iss", "state"])
                with self.assertRaises(Exception):
                    got = party.finish(parts._replace(query=urllib.parse.urlencode({**query, name: value})).geturl())
                    # Some errors are given back.
                    self.assertIn("id_token", got)

    def test_a_code_is_used_once(self):
        verifier = secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        address = self.house.issuer + "/authorize?" + urllib.parse.urlencode({
            "client_id": CLIENT, "redirect_uri": BACK, "response_type": "code", "scope": "openid", "state": "s", "nonce": "n",
            "code_challenge": challenge, "code_challenge_method": "S256"})
        where = self.visitor().login(address, PASSWORDS["alice"])
        code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(where).query))["code"]
        first = self.redeem(code, verifier)
        self.assertEqual(first.status, 200, first)
        access = first.json()["access_token"]
        headers = {"Authorization": "Bearer " + access}
        self.assertEqual(self.house.agent().get(self.house.issuer + "/userinfo", headers=headers).status, 200)
        second = self.redeem(code, verifier)
        self.assertEqual((second.status, second.json()["error"]), (400, "invalid_grant"))
        # And what came of the first one is over.
        self.assertEqual(self.house.agent().get(self.house.issuer + "/userinfo", headers=headers).status, 401)

    def test_another_browsers_page(self):
        """A page that was opened in one browser is worth nothing in another."""
        party = self.party()
        first, second = self.visitor(), self.visitor("carol")
        address = party.begin()
        first.open(address)
        form = first.form
        second.open(address)
        parts = self.touches["carol"].form(form.data["challenge"], self.house.issuer)
        ident, data, signature, handle, client = parts
        second.send(form, id=ident, authenticator_data=data, signature=signature, user_handle=handle, client_data=client)
        self.assertIsNone(second.answer.location)
        self.assertNotIn("password", second.form.fields)

    def test_touch_without_verification(self):
        visitor = self.visitor()
        visitor.open(self.party().begin())
        visitor.press(flags=UP)
        self.assertIsNone(visitor.answer.location)
        self.assertNotIn("password", visitor.form.fields)

    def test_logout(self):
        party = self.party()
        got = party.finish(self.callback(party))
        asked = party.handler.logout(got["state"], post_logout_redirect_uri=BYE)
        answer = self.house.agent().get(asked["url"])
        self.assertTrue((answer.location or "").startswith(BYE), answer)

    def test_discovery(self):
        openid, oauth = (self.house.agent().get(self.house.issuer + "/.well-known/" + name) for name in ("openid-configuration", "oauth-authorization-server"))
        self.assertEqual(openid.json(), oauth.json())
        self.assertEqual(openid.json()["issuer"], self.house.issuer)
        text = json.dumps(openid.json())
        for door in ("device_authorization", "registration_endpoint", "password", "ciba", "implicit", "refresh_token"):
            self.assertNotIn(door, text)


if __name__ == "__main__":
    skip.main()
