#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A web process in other hands, before the real issuer, the real broker with its store and the real workers with PAM: it has the web process's link and everything that has passed
through it, whole logins of alice and carol with their passwords among it, and carol's key in its hand. What it never gets is a code, a token or a session of alice, or an answer to
a message that is not the web process's. Frames are those of docs/PROTOCOL.md 5, written here once more (web_issuer.py).

tests/sso/test_issuer_hostile.c does the same with neighbours that are played, some thousand times as often."""
import hashlib
import random
import re
import socket
import struct
import unittest

import skip
import web_issuer as web
from browser import base64url
from environment import PASSWORDS, Environment
from touch import Touch

BACK, CLIENT = "https://other.localhost/back", "other"
WEB, VERIFIER = 8, "dBjftJeZ4CVP-mBbnWxWzA1pKVBFNYZNh8QZrcVxYsw"
CHALLENGE = base64url(hashlib.sha256(VERIFIER.encode()).digest())
ROUNDS = 1500


class Link:
    """The web process's connection, in the hands of the test."""

    def __init__(self, path, role=WEB):
        self.peer, self.number = socket.socket(socket.AF_UNIX), 0
        self.peer.settimeout(40)
        self.peer.connect(path)
        self.peer.sendall(struct.pack(">IHI", 11, 1, 0) + struct.pack(">HHB", 1, 1, role))

    def take(self, size):
        got = b""
        while len(got) < size:
            part = self.peer.recv(size - len(got))
            if not part:
                raise ConnectionError("closed")
            got += part
        return got

    def receive(self):
        size, kind, request = struct.unpack(">IHI", self.take(10))
        return kind, request, self.take(size - 6)

    def send(self, kind, payload):
        self.number += 1
        self.peer.sendall(struct.pack(">IHI", len(payload) + 6, kind, self.number) + payload)

    def ask(self, kind, payload):
        """The answer of the issuer to this very question."""
        self.send(kind, payload)
        while True:
            got, request, answer = self.receive()
            if request == self.number:
                return got, answer

    def closed(self):
        try:
            while True:
                self.receive()
        except ConnectionError:
            return True
        except TimeoutError:
            return False


def encode(kind, **fields):
    return (struct.pack(">I", fields.pop("flags", 0)) if kind in web.FLAGS else b"") + b"".join(web.data(fields.pop(name, b"")) for name in web.NAMES[kind])


def page(payload):
    kind, reason, _ = struct.unpack_from(">BIB", payload)
    fields, at = {"kind": kind, "reason": reason}, 6
    for name in ("sealed", "challenge", "cookie", "location", "name", "full_name", "client", "detail"):
        size = struct.unpack_from(">H", payload, at)[0]
        fields[name], at = payload[at + 2:at + 2 + size], at + 2 + size
    assert at == len(payload)
    return fields


class HostileWeb(unittest.TestCase):
    def setUp(self):
        self.house = Environment(synapse=False)
        self.addCleanup(self.house.stop)
        self.touches = {name: Touch(self.house.folder, self.house.organisation.browser_credential(name)) for name in ("alice", "carol")}
        self.link, self.seen = self.connect(), []
        # What it has collected: name of a field -> values.
        self.pool = {}

    def connect(self, role=WEB):
        link = Link(self.house.folder("run/sso/web"), role)
        self.addCleanup(link.peer.close)
        return link

    def authorize(self, cookie=b""):
        got = page(self.link.ask(web.AUTHORIZE, encode(
            web.AUTHORIZE, cookie=cookie, client_id=CLIENT, redirect_uri=BACK, response_type="code", scope="openid", state="s", nonce="n",
            code_challenge=CHALLENGE, code_challenge_method="S256"))[1])
        self.assertEqual(got["kind"], web.KEY)
        return got

    def assertion(self, name, challenge, **options):
        ident, data, signature, user, client = self.touches[name].answer(base64url(challenge), self.house.issuer, **options)
        return {"credential_id": ident, "authenticator_data": data, "signature": signature, "user_handle": user, "client_data": client}

    def collect(self, **fields):
        for name, value in fields.items():
            if value:
                self.pool.setdefault(name, []).append(value if isinstance(value, bytes) else value.encode())

    def login(self, name):
        """An honest login through this process: it sees and keeps all of it. The code's redemption, too."""
        first = self.authorize()
        answer = self.assertion(name, first["challenge"])
        greeting = page(self.link.ask(web.ASSERT, encode(web.ASSERT, sealed=first["sealed"], cookie=first["cookie"], language="en", remote="192.0.2.7", **answer))[1])
        self.assertEqual((greeting["kind"], greeting["name"].decode()), (web.ASK_PASSWORD, name))
        end = page(self.link.ask(web.PASSWORD, encode(web.PASSWORD, sealed=greeting["sealed"], cookie=first["cookie"], password=PASSWORDS[name], language="en"))[1])
        self.assertEqual(end["kind"], web.REDIRECT)
        code = re.search(rb"[?&]code=([^&]+)", end["location"]).group(1)
        _, told = self.token(code)
        self.assertTrue(told)
        self.collect(sealed=first["sealed"], cookie=first["cookie"], password=PASSWORDS[name], code=code, access=told["access_token"], hint=told["id_token"], **answer)
        self.collect(sealed=greeting["sealed"])
        return told

    def token(self, code, **more):
        """(status, what the token endpoint gave: None if nothing). The application's secret passes through the web process as well."""
        fields = {"client_id": CLIENT, "client_secret": self.house.other_secret, "grant_type": "authorization_code", "code": code, "redirect_uri": BACK,
                  "code_verifier": VERIFIER, **more}
        payload = self.link.ask(web.TOKEN, encode(web.TOKEN, **fields))[1]
        status = struct.unpack_from(">H", payload)[0]
        text = payload.decode(errors="replace")
        found = {name: re.search(rf'"{name}":\s*"([^"]+)"', text) for name in ("access_token", "id_token")}
        return status, {name: match.group(1) for name, match in found.items()} if all(found.values()) else None

    def logins(self, name):
        """How many codes were made for an agent, as the issuer's log has it."""
        subject = self.house.organisation.show(name)["credentials"][0]["subject"]
        return len([line for line in self.house.folder.read("gateway.out").splitlines() if subject in line and "reason=OK" in line])

    def test_table(self):
        """Whatever is not the web process's to say ends its link, and the next link is answered as ever."""
        mine = {web.AUTHORIZE, web.ASSERT, web.PASSWORD, web.TOKEN, web.USERINFO, web.LOGOUT, web.METRICS}
        for kind in [*range(256), 1000, 65535]:
            if kind in mine:
                continue
            link = self.connect()
            link.send(kind, bytes(64))
            self.assertTrue(link.closed(), kind)
        for role in (*range(8), 9, 10, 255):
            self.assertTrue(self.connect(role).closed(), role)
        self.assertEqual(page(self.connect().ask(web.AUTHORIZE, encode(web.AUTHORIZE, client_id="nobody"))[1])["kind"], web.ERROR)

    def test_everything_again(self):
        """What was right once, whole and in every part, and with carol's fresh touch in front."""
        self.login("alice")
        self.assertEqual(self.logins("alice"), 1)
        old = {name: values[0] for name, values in self.pool.items()}
        answer = {name: old[name] for name in ("credential_id", "authenticator_data", "signature", "user_handle", "client_data")}
        own = self.authorize()
        greeting = page(self.link.ask(web.ASSERT, encode(web.ASSERT, sealed=own["sealed"], cookie=own["cookie"], language="en",
                                                         **self.assertion("carol", own["challenge"])))[1])
        self.assertEqual((greeting["kind"], greeting["name"]), (web.ASK_PASSWORD, b"carol"))
        before = self.authorize()
        for sealed in (old["sealed"], self.pool["sealed"][1], own["sealed"], greeting["sealed"], before["sealed"]):
            for cookie in (old["cookie"], own["cookie"], before["cookie"]):
                got = page(self.link.ask(web.ASSERT, encode(web.ASSERT, sealed=sealed, cookie=cookie, language="en", **answer))[1])
                self.assertNotIn(got["kind"], (web.ASK_PASSWORD, web.REDIRECT))
                got = page(self.link.ask(web.PASSWORD, encode(web.PASSWORD, sealed=sealed, cookie=cookie, password=old["password"], language="en"))[1])
                self.assertNotEqual(got["kind"], web.REDIRECT)
        # A fresh touch of carol's, said to be alice's.
        fresh = self.authorize()
        mixed = {**self.assertion("carol", fresh["challenge"]), "user_handle": answer["user_handle"]}
        for change in (mixed, {**mixed, "credential_id": answer["credential_id"]}):
            got = page(self.link.ask(web.ASSERT, encode(web.ASSERT, sealed=fresh["sealed"], cookie=fresh["cookie"], language="en", **change))[1])
            self.assertEqual(got["kind"], web.REFUSED)
        self.assertEqual(self.token(old["code"])[1], None)
        self.assertEqual(self.logins("alice"), 1)

    def value(self, name, dice):
        """One of those collected, sometimes with a bit turned, cut, or of another field."""
        value = dice.choice(self.pool.get(name) or [b""])
        roll = dice.random()
        if roll < 0.15 and value:
            at = dice.randrange(len(value))
            return value[:at] + bytes([value[at] ^ 1 << dice.randrange(8)]) + value[at + 1:]
        if roll < 0.2:
            return value[:dice.randrange(len(value) + 1)]
        return value

    def round(self, dice):
        """One message of what was collected."""
        kind = dice.choice((web.ASSERT, web.PASSWORD, web.PASSWORD, web.TOKEN, web.USERINFO))
        if kind == web.ASSERT:
            fields = {name: self.value(name, dice) for name in ("sealed", "cookie", "credential_id", "authenticator_data", "signature", "user_handle", "client_data")}
            if dice.random() < 0.3:
                own = self.authorize()
                self.collect(sealed=own["sealed"], cookie=own["cookie"])
                fields.update(sealed=own["sealed"], cookie=own["cookie"])
            if any(not fields[name] for name in ("sealed", "credential_id", "authenticator_data", "signature", "client_data")):
                return
        elif kind == web.PASSWORD:
            fields = {"sealed": self.value("sealed", dice), "cookie": self.value("cookie", dice), "password": PASSWORDS[dice.choice(("alice", "carol"))]}
            if not fields["sealed"]:
                return
        elif kind == web.TOKEN:
            self.assertIsNone(self.token(self.value("code", dice))[1])
            return
        else:
            self.link.ask(kind, encode(kind, authorization=b"Bearer " + self.value("access", dice)))
            return
        got = page(self.link.ask(kind, encode(kind, language="en", **fields))[1])
        self.assertNotEqual(got["kind"], web.REDIRECT, fields)
        self.assertFalse(got["kind"] == web.ASK_PASSWORD and kind == web.ASSERT, fields)
        self.collect(sealed=got["sealed"], cookie=got["cookie"])

    def test_at_random(self):
        self.login("alice")
        self.login("carol")
        dice = random.Random(20261124)
        for _ in range(ROUNDS):
            self.round(dice)
        self.assertEqual((self.logins("alice"), self.logins("carol")), (1, 1))
        # And whoever is honest gets in as before.
        self.link = self.connect()
        self.login("alice")
        self.assertEqual(self.logins("alice"), 2)

    def test_signatures(self):
        """The only signing operations it reaches are the ID token of a code and nothing else: no message takes bytes to be signed, and no answer to one of its own has a token in it."""
        told = self.login("carol")
        for kind, fields in ((web.USERINFO, {"authorization": b"Bearer " + told["access_token"].encode()}), (web.LOGOUT, {"id_token_hint": told["id_token"]}), (web.METRICS, {})):
            _, payload = self.link.ask(kind, encode(kind, **fields))
            self.assertNotRegex(payload, rb"eyJ[A-Za-z0-9_-]+\.")


if __name__ == "__main__":
    skip.main()
