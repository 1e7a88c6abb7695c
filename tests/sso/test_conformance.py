#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What the standards say of each request, by hand, before the running gateway: OpenID Connect Core 1.0 (3.1.2, 3.1.3, 5.3), RFC 6749 (5.1, 5.2), RFC 6750, RFC 7636,
RFC 9207, RFC 8414, RP-Initiated Logout 1.0. A row is a request and its answer."""
import base64
import hashlib
import json
import secrets
import unittest
import urllib.parse

import skip
from environment import PASSWORDS, Environment
from touch import Touch
from visitor import Visitor

BACK, BYE, CLIENT, FORM = "https://other.localhost/back", "https://other.localhost/bye", "other", "application/x-www-form-urlencoded"
ACR = '{"id_token":{"acr":{"essential":true,"values":["%s"]}}}'
PAGE, OUR_ERROR = 200, 400
# What is added to a request that is right, and the error that goes back to the application; PAGE: it is as right as before, OUR_ERROR: no redirect at all.
AUTHORIZE = (
    ({}, PAGE), ({"foo": "bar"}, PAGE), ({"nonce": None}, PAGE), ({"state": None}, PAGE), ({"display": "popup"}, PAGE), ({"ui_locales": "fr-CA fr en"}, PAGE),
    ({"claims_locales": "fr"}, PAGE), ({"login_hint": "alice"}, PAGE), ({"login_hint": "a" * 4000}, PAGE), ({"scope": "openid foo offline_access"}, PAGE),
    ({"acr_values": "loa9"}, PAGE), ({"max_age": "0"}, PAGE), ({"max_age": ""}, PAGE), ({"prompt": "login"}, PAGE), ({"prompt": "login consent"}, PAGE),
    ({"prompt": "select_account"}, PAGE), ({"id_token_hint": "a.b.c"}, PAGE), ({"response_mode": "query"}, PAGE), ({"state": "s" * 1024}, PAGE),
    ({"claims": '{"userinfo":{"given_name":null},"id_token":{"auth_time":{"essential":true}}}'}, PAGE), ({"claims": ACR % "phrh"}, PAGE),
    ({"prompt": "none"}, "login_required"), ({"prompt": "none", "id_token_hint": "a.b.c"}, "login_required"), ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "create"}, "invalid_request"), ({"max_age": "-1"}, "invalid_request"), ({"max_age": "x"}, "invalid_request"),
    ({"request": "x.y.z"}, "request_not_supported"), ({"request": "x" * 3000}, "request_not_supported"),
    ({"request_uri": "https://a.example/b"}, "request_uri_not_supported"), ({"request_uri": "https://a.example/" + "b" * 400}, "request_uri_not_supported"),
    ({"registration": "{}"}, "registration_not_supported"), ({"registration": "r" * 3000}, "registration_not_supported"),
    ({"response_mode": "form_post"}, "invalid_request"), ({"response_mode": "fragment"}, "invalid_request"), ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"), ({"response_type": "id_token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"), ({"scope": None}, "invalid_scope"), ({"scope": "profile"}, "invalid_scope"),
    ({"code_challenge": None}, "invalid_request"), ({"code_challenge_method": "plain"}, "invalid_request"), ({"code_challenge_method": None}, "invalid_request"),
    ({"claims": "{"}, "invalid_request"), ({"claims": ACR % "loa9"}, "access_denied"), ({"nonce": "n" * 257}, "invalid_request"),
    ({"client_id": "nobody"}, OUR_ERROR), ({"client_id": None}, OUR_ERROR), ({"redirect_uri": BACK + "/"}, OUR_ERROR), ({"redirect_uri": BACK + "?a=b"}, OUR_ERROR),
    ({"redirect_uri": None}, OUR_ERROR), ({"state": "s" * 1025}, OUR_ERROR), ({"state": "s" * 2049}, OUR_ERROR), ({"state": "s" * 6000}, OUR_ERROR))
# Twice: the same rules by query and by form.
TWICE = (("state", "invalid_request"), ("scope", "invalid_request"), ("foo", PAGE), ("redirect_uri", OUR_ERROR), ("client_id", OUR_ERROR))
RIGHT, WRONG, NOBODY, NONE = "right", "wrong", "nobody", None
# Client authentication, what is added to the form, status and error.
TOKEN = (
    (NONE, {}, 401, "invalid_client"), (WRONG, {}, 401, "invalid_client"), (NOBODY, {}, 401, "invalid_client"),
    (NONE, {"client_id": CLIENT, "client_secret": "no"}, 401, "invalid_client"), (NONE, {"client_id": CLIENT}, 401, "invalid_client"),
    (RIGHT, {"client_secret": "x"}, 400, "invalid_request"), (RIGHT, {"client_id": "synapse"}, 400, "invalid_request"),
    (RIGHT, {"grant_type": None}, 400, "invalid_request"), (RIGHT, {"grant_type": "password"}, 400, "unsupported_grant_type"),
    (RIGHT, {"grant_type": "refresh_token"}, 400, "unsupported_grant_type"), (RIGHT, {"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}, 400, "unsupported_grant_type"),
    (RIGHT, {"code": None}, 400, "invalid_request"), (RIGHT, {"redirect_uri": None}, 400, "invalid_request"), (RIGHT, {"code_verifier": None}, 400, "invalid_request"),
    (RIGHT, {}, 400, "invalid_grant"), (RIGHT, {"foo": "bar"}, 400, "invalid_grant"), (RIGHT, {"code_verifier": "short"}, 400, "invalid_grant"))


class Conformance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = Environment(synapse=False)
        cls.addClassCleanup(cls.house.stop)
        cls.touches = {name: Touch(cls.house.folder, cls.house.organisation.browser_credential(name)) for name in ("alice", "carol")}
        cls.verifier = secrets.token_urlsafe(32)
        cls.request = {"client_id": CLIENT, "redirect_uri": BACK, "response_type": "code", "scope": "openid", "state": "s", "nonce": "n", "code_challenge_method": "S256",
                       "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(cls.verifier.encode()).digest()).rstrip(b"=").decode()}

    @staticmethod
    def changed(form, changes):
        return {name: value for name, value in {**form, **changes}.items() if value is not None}

    def judge(self, answer, wanted, state):
        if wanted == PAGE:
            self.assertEqual((answer.status, answer.location), (200, None))
            self.assertIn("data-challenge", answer.text)
        elif wanted == OUR_ERROR:
            self.assertEqual((answer.status, answer.location), (400, None))
        else:
            self.assertEqual(answer.status, 303)
            self.assertTrue(answer.location.startswith(BACK + "?"), answer)
            self.assertEqual((answer.query("error"), answer.query("state"), answer.query("iss"), answer.query("code")), (wanted, state, self.house.issuer, None))

    def test_authorize(self):
        agent = self.house.agent()
        for changes, wanted in AUTHORIZE:
            form = self.changed(self.request, changes)
            with self.subTest(str(changes)[:80]):
                self.judge(agent.get(self.house.issuer + "/authorize?" + urllib.parse.urlencode(form)), wanted, form.get("state"))
                self.judge(agent.post(self.house.issuer + "/authorize", form), wanted, form.get("state"))
        for name, wanted in TWICE:
            with self.subTest(name):
                text = urllib.parse.urlencode(self.request) + f"&{name}=x&{name}=x"
                self.judge(agent.get(self.house.issuer + "/authorize?" + text), wanted, None if name == "state" else "s")

    def test_methods(self):
        for path, allow in (("/authorize", "GET, HEAD, POST"), ("/token", "POST"), ("/userinfo", "GET, HEAD, POST"), ("/jwks", "GET, HEAD"), ("/logout", "GET, HEAD, POST"),
                            ("/.well-known/openid-configuration", "GET, HEAD"), ("/.well-known/oauth-authorization-server", "GET, HEAD")):
            for method in ("OPTIONS", "PUT", "DELETE"):
                answer = self.house.agent().open(method, self.house.issuer + path)
                self.assertEqual((answer.status, answer.headers["Allow"]), (405, allow), (method, path))
            answer = self.house.agent().open("HEAD", self.house.issuer + path + "?" + urllib.parse.urlencode(self.request if path == "/authorize" else {}))
            self.assertEqual((answer.status, answer.body), ({"/token": 405, "/userinfo": 401}.get(path, 200), b""), path)

    def token(self, who, form):
        names = {RIGHT: f"{CLIENT}:{self.house.other_secret}", WRONG: f"{CLIENT}:{'x' * 43}", NOBODY: f"nobody:{'x' * 43}"}
        headers = {"Authorization": "Basic " + base64.b64encode(names[who].encode()).decode()} if who else {}
        answer = self.house.agent().post(self.house.issuer + "/token", form, headers=headers)
        self.assertEqual((answer.headers["Content-Type"], answer.headers["Cache-Control"], answer.headers["Pragma"]), ("application/json", "no-store", "no-cache"))
        self.assertEqual((answer.headers["WWW-Authenticate"] or "").split(" ")[0], "Basic" if answer.status == 401 else "")
        return answer

    def code(self, name="alice", **changes):
        address = self.house.issuer + "/authorize?" + urllib.parse.urlencode(self.changed(self.request, changes))
        where = Visitor(self.house.agent(), self.house.issuer, self.touches[name]).login(address, PASSWORDS[name])
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(where).query))

    def form(self, code="x" * 43, **changes):
        return self.changed({"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": self.verifier}, changes)

    def test_token(self):
        for who, changes, status, error in TOKEN:
            with self.subTest(f"{who} {changes}"):
                answer = self.token(who, self.form(**changes))
                self.assertEqual((answer.status, answer.json()["error"]), (status, error))
        for wrong in ({"redirect_uri": BACK + "/"}, {"code_verifier": "z" * 43}):
            code = self.code()["code"]
            self.assertEqual(self.token(RIGHT, self.form(code, **wrong)).json(), {"error": "invalid_grant"})
            # And used up.
            self.assertEqual(self.token(RIGHT, self.form(code)).json(), {"error": "invalid_grant"})

    def userinfo(self, headers, method="GET", query="", body=None):
        answer = self.house.agent().open(method, self.house.issuer + "/userinfo" + query, body, headers)
        self.assertEqual((answer.headers["Content-Type"], answer.headers["Cache-Control"]), ("application/json", "no-store"))
        return answer

    @staticmethod
    def claims(token):
        return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))

    def test_tokens_and_userinfo(self):
        self.house.organisation.desk("agent", "set", "alice", "--full-name", "Alice Durand", "--email", "alice@example.org")
        answer = self.token(RIGHT, self.form(self.code()["code"]))
        got = answer.json()
        self.assertEqual((answer.status, got["token_type"], got["expires_in"]), (200, "Bearer", 300))
        claims = self.claims(got["id_token"])
        self.assertEqual((claims["iss"], claims["aud"], claims["nonce"], claims["name"], claims["email"]),
                         (self.house.issuer, CLIENT, "n", "Alice Durand", "alice@example.org"))
        digest = hashlib.sha256(got["access_token"].encode()).digest()[:16]
        self.assertEqual(claims["at_hash"], base64.urlsafe_b64encode(digest).rstrip(b"=").decode())
        bearer = {"Authorization": "Bearer " + got["access_token"]}
        for answer in (self.userinfo(bearer), self.userinfo({**bearer, "Content-Type": FORM}, "POST", body=b"")):
            self.assertEqual(answer.status, 200)
            said = answer.json()
            self.assertEqual(said, {name: claims[name] for name in ("sub", "preferred_username", "name", "email")})
        # RFC 6750 section 3.1: an error code only for a token that is wrong.
        for headers, query, error in (({}, "", False), ({}, "?access_token=" + got["access_token"], False), ({"Authorization": "Basic YTpi"}, "", False),
                                      ({"Authorization": "Bearer junk"}, "", True)):
            answer = self.userinfo(headers, query=query)
            self.assertEqual((answer.status, answer.headers["WWW-Authenticate"]), (401, 'Bearer realm="latchkey"' + (', error="invalid_token"' if error else "")))
        self.assertNotIn("nonce", self.claims(self.token(RIGHT, self.form(self.code(nonce=None)["code"])).json()["id_token"]))
        self.assertNotIn("state", self.code(state=None))
        # The hint names the only agent who will do.
        other = self.code("carol", id_token_hint=got["id_token"])
        self.assertEqual((other["error"], other["iss"], "code" in other), ("access_denied", self.house.issuer, False))
        self.logout(got["id_token"], bearer)

    def logout(self, hint, bearer):
        ask = lambda **form: self.house.agent().get(self.house.issuer + "/logout?" + urllib.parse.urlencode(form))  # noqa: E731
        for form in ({}, {"post_logout_redirect_uri": BYE}, {"post_logout_redirect_uri": BYE, "client_id": CLIENT}):
            self.assertEqual((ask(**form).status, ask(**form).location), (200, None), form)
        for form in ({"post_logout_redirect_uri": BYE + "/"}, {"client_id": "synapse"}, {"id_token_hint": hint[:-8] + "AAAAAAAA"}):
            answer = ask(**{"id_token_hint": hint, "post_logout_redirect_uri": BYE, **form})
            self.assertEqual((answer.status, answer.location), (400, None), form)
        self.assertEqual(self.userinfo(bearer).status, 200)
        answer = self.house.agent().post(self.house.issuer + "/logout", {"id_token_hint": hint, "post_logout_redirect_uri": BYE, "state": "a b", "ui_locales": "fr", "logout_hint": "x"})
        self.assertEqual((answer.status, answer.location), (303, BYE + "?state=a%20b"))
        self.assertEqual(self.userinfo(bearer).status, 401)

    def test_documents(self):
        openid, oauth, keys = (self.house.agent().get(self.house.issuer + path) for path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks"))
        said = openid.json()
        self.assertEqual(said, oauth.json())
        self.assertEqual(said["issuer"], self.house.issuer)
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported",
                     "userinfo_endpoint", "scopes_supported", "claims_supported", "end_session_endpoint"):
            self.assertTrue(said[name], name)
        self.assertIn("RS256", said["id_token_signing_alg_values_supported"])
        self.assertTrue(said["authorization_response_iss_parameter_supported"] and not said["request_parameter_supported"] and not said["request_uri_parameter_supported"])
        # The page follows the browser's language.
        self.assertNotIn("ui_locales_supported", said)
        # What is promised is there to be checked with.
        self.assertEqual({key["alg"] for key in keys.json()["keys"]}, set(said["id_token_signing_alg_values_supported"]))


if __name__ == "__main__":
    skip.main()
