#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The web process with an issuer that the test plays: what it passes on, what it refuses by itself, what stands in every answer, and what it does while the issuer is away."""
import base64
import html
import os
import re
import resource
import socket
import subprocess
import sys
import threading
import time
import unittest

import web_issuer as web

BUILD = os.environ["LK_BUILD_DIR"]
SOURCE = os.environ["LK_SOURCE_DIR"]
FORM = "application/x-www-form-urlencoded"
DISCOVERY, KEYS = '{"issuer":"https://key.example.org"}', '{"keys":[]}'
LOOK = '{"title":"Ministère <des> Tests","colour":"0b5d3b","help":"Appelez \\"le 17\\"","password":true}'
PARTS = "id=AQ&authenticator_data=AgI&client_data=AwMD&signature=BA&user_handle=BQ"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.web = web.Web(BUILD, documents=[web.document(1, DISCOVERY), web.document(2, KEYS, '"two"'), web.document(3, LOOK)])
        cls.addClassCleanup(cls.web.stop)
        cls.issuer = cls.web.issuer
        cls.web.until_up()

    def setUp(self):
        self.issuer.answers.clear()
        self.issuer.asked.clear()
        self.issuer.answers.update({web.AUTHORIZE: web.key_page(), web.ASSERT: web.page(web.REDIRECT, location=b"https://hs.example.org/cb?code=1"),
                                    web.METRICS: web.reply(200, "issuer_metric 1\n")})

    def tearDown(self):
        self.assertIsNone(self.web.process.poll(), "the web process ended")

    def asked(self, kind, count=1):
        """The fields of the one question that was put."""
        self.assertEqual([row[0] for row in self.issuer.asked], [kind] * count)
        return self.issuer.asked[-1][1]


class Requests(Test):
    def test_authorize(self):
        status, headers, body = self.web.ask("GET", "/authorize?client_id=a+b&state=%C3%A9%26&scope=openid&scope=&unknown=1")
        self.assertEqual(status, 200)
        asked = self.asked(web.AUTHORIZE)
        self.assertEqual((asked["client_id"], asked["state"], asked["scope"], asked["flags"], asked["cookie"]), (b"a b", "é&".encode(), b"openid", 0, b""))
        self.assertEqual(headers["set-cookie"], [f"__Host-latchkey={b64(web.COOKIE)}; Path=/; Secure; HttpOnly; SameSite=Lax"])
        self.assertIn(f'data-challenge="{b64(web.CHALLENGE)}"'.encode(), body)
        self.assertIn(b'name="request" value="' + web.SEALED + b'"', body)
        self.assertIn(b'data-relying-party="key.example.org"', body)

    def test_authorize_by_form(self):
        self.assertEqual(self.web.form("/authorize?state=query", "client_id=a&state=body")[0], 200)
        self.assertEqual(self.asked(web.AUTHORIZE)["state"], b"body")

    def test_repeated_and_long(self):
        self.web.ask("GET", "/authorize?state=1&client_id=a&state=2")
        asked = self.asked(web.AUTHORIZE)
        self.assertEqual((asked["flags"], asked["state"], asked["client_id"]), (1, b"", b"a"))
        self.web.ask("GET", "/authorize?client_id=" + "a" * 257 + "&state=" + "b" * 2048)
        asked = self.asked(web.AUTHORIZE, 2)
        self.assertEqual((asked["flags"], asked["client_id"], asked["state"]), (2, b"", b"b" * 2048))
        # Longer than any state may be: not one that was left away.
        self.web.ask("GET", "/authorize?client_id=a&state=" + "b" * 5000)
        asked = self.asked(web.AUTHORIZE, 3)
        self.assertEqual((asked["flags"], asked["client_id"], asked["state"]), (0, b"a", b"b" * 2048))

    def test_broken_parameters(self):
        for query in ("state=%", "state=%4", "state=%zz", "state=a%00b", "%", "&".join("a=1" for _ in range(65))):
            status, _, body = self.web.ask("GET", "/authorize?" + query)
            self.assertEqual(status, 400, query)
            self.assertIn(b"<h1>", body)
        self.assertEqual(self.issuer.asked, [])

    def test_cookie(self):
        own = f"__Host-latchkey={b64(web.COOKIE)}"
        for text, cookie in ((own, web.COOKIE), (f"a=b; {own}; c=d", web.COOKIE), (own + "A", b""), (own[:-1], b""), (f"{own}; {own}", b""),
                             (f"x{own}", b""), ("__Host-latchkey=", b""), ("__Host-latchkey=%%%", b"")):
            self.web.ask("GET", "/authorize", headers={"Cookie": text})
            self.assertEqual(self.issuer.asked[-1][1]["cookie"], cookie, text)

    def test_key(self):
        status, headers, _ = self.web.form("/key", "request=abc&" + PARTS, {"X-Forwarded-For": "192.0.2.9, 198.51.100.7", "Accept-Language": "fr",
                                                                           "Cookie": f"__Host-latchkey={b64(web.COOKIE)}"})
        self.assertEqual((status, headers["location"]), (303, ["https://hs.example.org/cb?code=1"]))
        self.assertEqual(self.asked(web.ASSERT), {
            "sealed": b"abc", "cookie": web.COOKIE, "credential_id": b"\1", "authenticator_data": b"\2\2", "signature": b"\4", "user_handle": b"\5",
            "client_data": b"\3\3\3", "language": b"fr", "remote": b"198.51.100.7"})

    def test_key_refused(self):
        whole = "request=abc&" + PARTS
        for text in ("", whole.replace("abc", ""), whole.replace("id=AQ&", ""), whole.replace("=AQ", "=A"), whole.replace("=AQ", "=AQ=="),
                     whole.replace("=BA", "=B%2B"), whole + "&id=AQ", whole.replace("=BQ", "=" + "BQUF" * 22), whole.replace("=AQ", "=" + "AAAA" * 342)):
            self.assertEqual(self.web.form("/key", text)[0], 400, text[:60])
        self.assertEqual(self.issuer.asked, [])

    def test_remote_is_an_address(self):
        for text, remote in (("::1", b"::1"), ("192.0.2.1 , 2001:db8::1 ", b"2001:db8::1"), ("1.2.3.4, evil", b""), ("x" * 200, b""), ("", b"")):
            self.web.form("/key", "request=abc&" + PARTS, {"X-Forwarded-For": text})
            self.assertEqual(self.issuer.asked[-1][1]["remote"], remote, text)

    def test_password(self):
        self.issuer.answers[web.PASSWORD] = web.page(web.ASK_PASSWORD, 147, 3, sealed=b"next", name="alice", full_name="Alice & <b>Bob</b>\" '")
        status, _, body = self.web.form("/password", "request=abc&password=p%C3%A9+%2B%26")
        self.assertEqual((status, self.asked(web.PASSWORD)["password"]), (200, "pé +&".encode()))
        self.assertIn(b"Hello Alice &amp; &lt;b&gt;Bob&lt;/b&gt;&quot; &#39;", body)
        self.assertNotIn("pé".encode(), body)
        self.assertIn(b"<strong>3</strong>", body)
        for text in ("request=abc", "password=x", "request=abc&password=a%00", "request=a&password=b&password=c"):
            self.assertEqual(self.web.form("/password", text)[0], 400)
        self.assertEqual(len(self.issuer.asked), 1)
        # As long as one can be, and longer: then none of it goes on, and the person hears that it is wrong.
        for text, wanted in (("x" * 512, b"x" * 512), ("x" * 513, b""), ("%C3%A9" * 257, b"")):
            self.assertEqual(self.web.form("/password", "request=abc&password=" + text)[0], 200)
            self.assertEqual(self.issuer.asked[-1][1]["password"], wanted)

    def test_token(self):
        self.issuer.answers[web.TOKEN] = web.reply(401, '{"error":"invalid_client"}', 'Basic realm="x"')
        status, headers, body = self.web.form("/token?code=query", "grant_type=authorization_code&code=c", {"Authorization": "Basic eDp5"})
        asked = self.asked(web.TOKEN)
        self.assertEqual((asked["authorization"], asked["code"], asked["grant_type"]), (b"Basic eDp5", b"c", b"authorization_code"))
        self.assertEqual((status, body, headers["www-authenticate"], headers["content-type"], headers["cache-control"]),
                         (401, b'{"error":"invalid_client"}', ['Basic realm="x"'], ["application/json"], ["no-store"]))
        self.web.form("/token", "code=a&code=b")
        self.assertEqual(self.asked(web.TOKEN, 2)["flags"], 1)
        self.assertEqual(self.web.form("/token", "code=%")[2], b'{"error":"invalid_request"}')
        self.assertEqual(self.web.form("/token", "", {"Authorization": "Bearer " + "x" * 2048})[0], 400)
        self.assertEqual(len(self.issuer.asked), 2)

    def test_header_twice(self):
        got = self.raw(b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: " + FORM.encode() +
                       b"\r\nAuthorization: Basic YTph\r\nAuthorization: Basic Yjpi\r\nContent-Length: 6\r\nConnection: close\r\n\r\ncode=a")
        self.assertTrue(got.startswith(b"HTTP/1.1 400 "), got[:40])
        self.assertEqual(self.issuer.asked, [])

    def test_userinfo_and_logout(self):
        self.issuer.answers[web.USERINFO] = web.reply(200, '{"sub":"1"}')
        for method in ("GET", "POST"):
            self.assertEqual(self.web.ask(method, "/userinfo", headers={"Authorization": "Bearer t"})[::2], (200, b'{"sub":"1"}'))
        self.issuer.answers[web.LOGOUT] = web.page(web.REFUSED, 0)
        status, headers, body = self.web.ask("GET", "/logout?state=s", headers={"Accept-Language": "fr"})
        self.assertEqual(status, 200)
        self.assertIn("Vous êtes déconnecté".encode(), body)
        self.assertIn("form-action 'none'", headers["content-security-policy"][0])
        self.issuer.answers[web.LOGOUT] = web.page(web.NOBODY)
        status, headers, body = self.web.form("/logout", "state=t")
        self.assertEqual((status, b"You are logged out" in body, b"nothing has been ended" in body), (200, False, True))
        self.assertIn("form-action 'none'", headers["content-security-policy"][0])
        self.assertEqual(self.issuer.asked[-1][1]["state"], b"t")

    def raw(self, data, wait=5):
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(wait)
        peer.connect(self.web.path)
        got = b""
        try:
            peer.sendall(data)
            while True:
                part = peer.recv(65536)
                if not part:
                    break
                got += part
        except OSError:
            pass
        peer.close()
        return got

    def test_refused_by_itself(self):
        for method, path, body, headers, status in (
                ("GET", "/none", None, {}, 404), ("GET", "/authorize/", None, {}, 404), ("GET", "/metrics", None, {}, 404), ("GET", "/health", None, {}, 404),
                ("PUT", "/authorize", "a=b", {}, 405), ("GET", "/key", None, {}, 405), ("GET", "/token", None, {}, 405), ("DELETE", "/", None, {}, 405),
                ("POST", "/jwks", "a=b", {}, 405), ("GET", "/authorize?a=" + "x" * 8192, None, {}, 414),
                ("POST", "/key", "x" * 16385, {"Content-Type": FORM}, 413), ("POST", "/token", "{}", {"Content-Type": "application/json"}, 415),
                ("POST", "/key", "a=b", {}, 415), ("POST", "/password", "a=b", {"Content-Type": "text/plain"}, 415)):
            got, names, text = self.web.ask(method, path, body, headers)
            self.assertEqual(got, status, (method, path[:40]))
            self.assertEqual(names["x-content-type-options"], ["nosniff"])
            if path in ("/token", "/jwks"):
                self.assertEqual(text, b'{"error":"invalid_request"}')
            else:
                self.assertIn(b"<h1>", text)
            if status == 405:
                self.assertIn("allow", names)
        self.assertEqual(self.web.ask("POST", "/key", iter([b"x" * 9000, b"x" * 9000]), {"Content-Type": FORM})[0], 413)
        self.assertEqual(self.issuer.asked, [])

    def test_size_of_a_token_request(self):
        """As large as one can be, to the byte; nobody else's form has to be so small."""
        self.issuer.answers[web.TOKEN] = web.reply(200, "{}")
        text = "grant_type=authorization_code&code=c&x="
        self.assertEqual(self.web.form("/token", text + "x" * (4096 - len(text)))[0], 200)
        self.assertEqual(self.asked(web.TOKEN)["code"], b"c")
        status, headers, body = self.web.form("/token", text + "x" * (4097 - len(text)))
        self.assertEqual((status, body, headers["content-type"], headers["cache-control"]),
                         (413, b'{"error":"invalid_request"}', ["application/json"], ["no-store"]))
        self.assertEqual(len(self.issuer.asked), 1)
        self.assertEqual(self.web.form("/authorize", "client_id=a&x=" + "x" * 4097)[0], 200)

    def test_largest_that_passes(self):
        self.assertEqual(self.web.ask("GET", "/authorize?a=" + "x" * (8192 - len("/authorize?a=")))[0], 200)
        self.assertEqual(self.web.form("/authorize", "a=" + "x" * 16382)[0], 200)

    def test_head(self):
        for path in ("/authorize?client_id=a", "/jwks", "/"):
            status, headers, body = self.web.ask("HEAD", path)
            self.assertEqual((status, body), (200, b""))
            self.assertGreater(int(headers["content-length"][0]), 5)

    def test_garbage(self):
        pieces = [b"\0" * 100, b"GET\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
                  b"POST /key HTTP/1.1\r\nHost: x\r\nContent-Type: " + FORM.encode() + b"\r\nContent-Length: -1\r\n\r\nabc",
                  b"POST /key HTTP/1.1\r\nHost: x\r\nContent-Type: " + FORM.encode() + b"\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
                  b"GET /authorize?" + b"a&" * 4000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                  b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"y" * 60000 + b"\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
                  b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64)]
        for piece in pieces:
            got = self.raw(piece, 0.2)
            self.assertNotRegex(got, rb"^HTTP/1.1 20[01] .*\r\n\r\n<!doctype html>\n<html lang=\"..\">.*Log in with", piece[:40])
        self.assertEqual(self.web.ask("GET", "/")[0], 200)


class Answers(Test):
    def test_headers_everywhere(self):
        wanted = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "strict-transport-security": "max-age=63072000",
                  "permissions-policy": "publickey-credentials-get=(self)", "cross-origin-resource-policy": "same-origin"}
        self.issuer.answers[web.TOKEN] = web.reply(200, "{}")
        for path in ("/authorize", "/", "/none", "/jwks", "/.well-known/openid-configuration", "/static/latchkey.css", "/static/latchkey.js", "/token"):
            _, headers, _ = self.web.form(path, "") if path == "/token" else self.web.ask("GET", path)
            for name, value in wanted.items():
                self.assertEqual(headers[name], [value], path)
            self.assertRegex(headers["content-security-policy"][0], r"^default-src 'none';.*frame-ancestors 'none'")
            self.assertNotIn("unsafe", headers["content-security-policy"][0])
            personal = not path.startswith(("/jwks", "/.well", "/static"))
            self.assertEqual("no-store" in headers["cache-control"], personal, path)

    def test_every_reason(self):
        """Each has a page in both languages; those the issuer may send have a text of their own."""
        with open(os.path.join(SOURCE, "core/model/reason.h"), encoding="utf-8") as file:
            numbers = [(name, int(number)) for name, number in re.findall(r"LK_REASON_([A-Z_]+)\s*=\s*(\d+)", file.read())]
        self.assertGreater(len(numbers), 80)
        titles = {}
        for name, number in numbers[1:]:
            for language in ("en", "fr"):
                self.issuer.answers[web.AUTHORIZE] = web.page(web.REFUSED, number, sealed=b"s", challenge=web.CHALLENGE, client="A<B")
                status, headers, body = self.web.ask("GET", "/authorize", headers={"Accept-Language": language})
                text = body.decode()
                self.assertIn(status, (403, 503), name)
                self.assertIn(f"<code>E_{name}</code>", text)
                self.assertIn("A&lt;B", text)
                self.assertIn(f'<html lang="{language}">', text)
                self.assertEqual(headers["content-language"], [language])
                self.assertNotIn("form-action", headers["content-security-policy"][0])
                titles[name, language] = re.search(r'<h1 tabindex="-1">([^<]+)</h1>', text).group(1)
        for name in ("CREDENTIAL_UNKNOWN", "SUSPENDED", "REVOKED", "EXPIRED", "PENDING", "SYNCED", "ORIGIN", "COUNTER", "EXPIRED_CHALLENGE", "LIMIT", "PASSWORD", "PASSWORDS",
                     "PASSWORD_EXPIRED", "ACCOUNT_EXPIRED", "CODE", "PROOF", "USER_VERIFICATION", "SIGNATURE", "REPLAY"):
            for language in ("en", "fr"):
                self.assertNotEqual(titles[name, language], titles["INTERNAL", language], name)
            self.assertNotEqual(titles[name, "en"], titles[name, "fr"])

    def test_language(self):
        for text, language in ((None, "en"), ("de", "en"), ("fr", "fr"), ("FR-ca", "fr"), ("en-GB,en;q=0.9,fr;q=0.8", "en"), ("de,fr;q=0.5,en;q=0.4", "fr"),
                               ("fr;q=0,en;q=0.1", "en"), ("fro", "en"), (",,;q=,fr", "fr"), ("en;q=0.3, fr;q=0.31", "fr")):
            _, headers, _ = self.web.ask("GET", "/", headers={"Accept-Language": text} if text else {})
            self.assertEqual(headers["content-language"], [language], text)

    def test_escaping(self):
        evil = "\"><script>alert(1)</script>&'{0}"
        for answer in (web.key_page(client=evil), web.page(web.ASK_PASSWORD, 147, 2, sealed=b"s", name="a", full_name=evil, detail=evil, client=evil),
                       web.page(web.REFUSED, 150, client=evil, detail=evil), web.page(web.ERROR, 144, detail=evil),
                       web.key_page(sealed=evil.encode())):
            self.issuer.answers[web.AUTHORIZE] = answer
            text = self.web.ask("GET", "/authorize")[2].decode()
            self.assertNotIn("<script>", text)
            self.assertNotIn(evil, text)
            self.assertIn(html.escape(evil).replace("&#x27;", "&#39;"), text)
        self.assertIn("Ministère &lt;des&gt; Tests", text)

    def test_error_page(self):
        self.issuer.answers[web.AUTHORIZE] = web.page(web.ERROR, 144, detail="redirect_uri")
        status, headers, body = self.web.ask("GET", "/authorize")
        self.assertEqual(status, 400)
        self.assertIn(b"redirect_uri", body)
        self.assertNotIn(b"<form", body)
        self.assertIn("form-action 'none'", headers["content-security-policy"][0])

    def test_location_cannot_split(self):
        for location in (b"https://a/\r\nSet-Cookie: x=y", b"https://a/ b", b"", b"https://a/\x80"):
            self.issuer.answers[web.ASSERT] = web.page(web.REDIRECT, location=location)
            with self.assertRaises(Exception):
                self.web.form("/key", "request=abc&" + PARTS)
        self.assertEqual(self.web.ask("GET", "/")[0], 200)

    def test_no_inline_anything(self):
        for answer in (web.key_page(), web.page(web.ASK_PASSWORD, sealed=b"s", name="a")):
            self.issuer.answers[web.AUTHORIZE] = answer
            text = self.web.ask("GET", "/authorize")[2].decode()
            self.assertNotRegex(text, r"\sstyle=|\son[a-z]+=|<style|javascript:|<script(?! src=\"/static/latchkey\.js\?[0-9a-f]{16}\" defer></script>)")

    def test_documents(self):
        status, headers, body = self.web.ask("GET", "/.well-known/openid-configuration")
        self.assertEqual((status, body, headers["etag"], headers["content-type"]), (200, DISCOVERY.encode(), ['"one"'], ["application/json"]))
        self.assertEqual(self.web.ask("GET", "/.well-known/oauth-authorization-server")[2], DISCOVERY.encode())
        for tag, status in (('"two"', 304), ('W/"two"', 304), ('"x", "two"', 304), ("*", 304), ('"one"', 200), ('"two', 200)):
            got, headers, body = self.web.ask("GET", "/jwks", headers={"If-None-Match": tag})
            self.assertEqual((got, body), (status, KEYS.encode() if status == 200 else b""), tag)
            self.assertEqual(headers["etag"], ['"two"'])
        self.issuer.send(*[web.DOCUMENT, 0, web.document(2, '{"keys":[1]}', '"three"')[1]])
        self.web.ask("GET", "/authorize")
        self.assertEqual(self.web.ask("GET", "/jwks", headers={"If-None-Match": '"two"'})[::2], (200, b'{"keys":[1]}'))
        self.issuer.send(*[web.DOCUMENT, 0, web.document(2, KEYS, '"two"')[1]])
        self.web.ask("GET", "/authorize")

    def test_style_has_the_colour(self):
        page = self.web.ask("GET", "/")[2].decode()
        path = re.search(r'href="(/static/latchkey\.css\?[0-9a-f]{16})"', page).group(1)
        status, headers, body = self.web.ask("GET", path)
        self.assertEqual(status, 200)
        self.assertIn(b":root{--house:#0b5d3b}", body)
        self.assertIn("immutable", headers["cache-control"][0])
        self.assertEqual(self.web.ask("GET", path, headers={"If-None-Match": headers["etag"][0]})[0], 304)
        self.assertNotRegex(body, rb"https?://|@import")

    def test_metrics_and_health(self):
        status, text = self.web.get_local("/metrics")
        self.assertEqual(status, 200)
        self.assertIn("issuer_metric 1\n", text)
        self.assertIn("latchkey_web_issuer_up 1\n", text)
        self.assertEqual(self.web.get_local("/health"), (200, "ok\n"))
        self.assertEqual(self.web.get_local("/authorize")[0], 404)


class Troubles(unittest.TestCase):
    def setUp(self):
        self.web = web.Web(BUILD, documents=[web.document(1, DISCOVERY), web.document(2, KEYS), web.document(3, LOOK)])
        self.addCleanup(self.web.stop)
        self.issuer = self.web.issuer
        self.web.until_up()

    def later(self, call):
        """Runs it in a thread; a function that waits for the result."""
        got = []
        thread = threading.Thread(target=lambda: got.append(call()))
        thread.start()

        def wait():
            thread.join(20)
            return got[0]
        return wait

    def until_asked(self, count):
        for _ in range(500):
            if len(self.issuer.asked) >= count:
                return
            time.sleep(0.01)
        self.fail("no question came")

    def test_issuer_away_and_back(self):
        first = self.later(lambda: self.web.ask("GET", "/authorize"))
        self.until_asked(1)
        self.issuer.stop()
        self.assertEqual(first()[0], 503)
        self.web.until_up(False)
        status, headers, body = self.web.ask("GET", "/authorize", headers={"Accept-Language": "fr"})
        self.assertEqual((status, headers["retry-after"]), (503, ["10"]))
        self.assertIn("momentanément indisponible".encode(), body)
        self.assertEqual(self.web.form("/token", "a=b")[::2], (503, b'{"error":"temporarily_unavailable"}'))
        self.assertEqual(self.web.ask("GET", "/jwks")[0], 200)
        self.assertEqual(self.web.ask("GET", "/.well-known/openid-configuration")[0], 200)
        self.assertIn("latchkey_web_issuer_up 0\n", self.web.get_local("/metrics")[1])
        self.issuer.start()
        self.web.until_up()
        self.issuer.answers[web.AUTHORIZE] = web.key_page()
        self.assertEqual(self.web.ask("GET", "/authorize")[0], 200)

    def test_issuer_that_is_just_started(self):
        """Who comes before it greets is kept, but not for as long as an answer may take."""
        self.issuer.stop()
        self.web.until_up(False)
        self.issuer.awake.clear()
        self.addCleanup(self.issuer.awake.set)
        self.issuer.answers[web.AUTHORIZE] = web.key_page()
        self.issuer.start()
        # The link is made anew 200 ms after its end.
        time.sleep(0.5)
        wait = self.later(lambda: self.web.ask("GET", "/authorize"))
        time.sleep(0.5)
        self.assertEqual(self.web.get_local("/health")[0], 503)
        self.issuer.awake.set()
        self.assertEqual(wait()[0], 200)
        self.issuer.stop()
        self.web.until_up(False)
        self.issuer.awake.clear()
        self.issuer.start()
        time.sleep(0.5)
        connection = self.web.connection(20)
        self.assertEqual(self.web.ask("GET", "/authorize", connection=connection)[0], 503)
        connection.close()

    def test_answers_that_fit_nothing(self):
        """An id that nobody waits for is passed over, another kind or a broken frame ends the link; then it comes anew."""
        self.issuer.answers[web.AUTHORIZE] = web.key_page()
        self.issuer.send(web.PAGE, 4711, web.key_page()[1])
        self.assertEqual(self.web.ask("GET", "/authorize")[0], 200)
        for answer in (web.reply(200, "{}"), (web.PAGE, b"\1"), (web.AUTHORIZE, b""), (web.DOCUMENT, b"\3" + web.data('"x"') + web.data("{"))):
            self.issuer.answers[web.AUTHORIZE] = answer
            self.assertEqual(self.web.ask("GET", "/authorize")[0], 503)
            self.web.until_up()
        self.issuer.answers[web.AUTHORIZE] = web.key_page()
        self.assertEqual(self.web.ask("GET", "/authorize")[0], 200)

    def test_many_in_flight_and_a_browser_that_leaves(self):
        self.issuer.answers[web.AUTHORIZE] = lambda asked: web.page(web.ERROR, 144, detail="for " + asked["state"].decode()) if asked["state"] else None
        gone = self.web.connection()
        gone.request("GET", "/authorize")
        self.until_asked(1)
        gone.close()
        waits = [self.later(lambda n=n: (n, self.web.ask("GET", f"/authorize?state=n{n}")[2])) for n in range(40)]
        for wait in waits:
            number, body = wait()
            self.assertIn(f"for n{number}<".encode(), body)

    def test_one_connection_many_requests(self):
        self.issuer.answers[web.AUTHORIZE] = web.key_page()
        kept = self.web.connection()
        for number in range(200):
            self.assertEqual(self.web.ask("GET", "/authorize" if number % 2 else "/jwks", connection=kept)[0], 200)
        kept.close()

    def test_stop_waits_for_answers(self):
        wait = self.later(lambda: self.web.ask("GET", "/authorize"))
        self.until_asked(1)
        self.web.process.terminate()
        time.sleep(0.3)
        self.assertIsNone(self.web.process.poll())
        self.issuer.send(web.PAGE, 1, web.key_page()[1])
        self.assertEqual(wait()[0], 200)
        self.assertEqual(self.web.process.wait(10), 0)


class Crowd(unittest.TestCase):
    def test_ten_thousand_idle(self):
        """Silent connections, and slow ones that have sent half a request, cost nobody else anything."""
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        count = min(10000, limit[1] - 200)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit[1], count + 200), limit[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limit)
        server = web.Web(BUILD, documents=[web.document(2, KEYS)])
        idle = []
        try:
            server.until_up()
            server.issuer.answers.update({web.AUTHORIZE: web.key_page(), web.METRICS: web.reply(200, "")})
            for number in range(count):
                peer = socket.socket(socket.AF_UNIX)
                peer.connect(server.path)
                if number % 2:
                    peer.sendall(b"POST /key HTTP/1.1\r\nHost: x\r\nContent-Le")
                idle.append(peer)
            for _ in range(20):
                self.assertEqual(server.ask("GET", "/authorize")[0], 200)
            self.assertGreaterEqual(int(re.search(r"latchkey_web_connections (\d+)", server.get_local("/metrics")[1]).group(1)), count)
        finally:
            for peer in idle:
                peer.close()
            status = server.stop()
        self.assertEqual(status, 0)


class Slow(unittest.TestCase):
    """Connections that move too slowly are closed, whatever they send, and nobody else is. The limits are shortened by the configuration."""
    @classmethod
    def setUpClass(cls):
        cls.web = web.Web(BUILD, gateway=["idle_seconds = 4", "request_seconds = 2"], documents=[web.document(2, KEYS)])
        cls.addClassCleanup(cls.web.stop)
        cls.web.until_up()
        cls.web.issuer.answers.update({web.AUTHORIZE: web.key_page(), web.METRICS: web.reply(200, "")})

    def closed_after(self, first, piece, every, most):
        """Sends first, then piece again and again: the seconds until the other side closes."""
        peer = socket.socket(socket.AF_UNIX)
        self.addCleanup(peer.close)
        peer.connect(self.web.path)
        peer.settimeout(every)
        begin, got = time.monotonic(), b""
        try:
            peer.sendall(first)
            while time.monotonic() - begin < most:
                try:
                    part = peer.recv(65536)
                    if not part:
                        return time.monotonic() - begin, got
                    got += part
                except TimeoutError:
                    if piece:
                        peer.sendall(piece)
        except OSError:
            return time.monotonic() - begin, got
        self.fail("still open")

    def test_slow(self):
        line = b"GET / HTTP/1.1\r\nHost: x\r\n"
        form = b"POST /key HTTP/1.1\r\nHost: x\r\nContent-Type: " + FORM.encode() + b"\r\nContent-Length: 10000\r\n\r\n"
        chunks = form.replace(b"Content-Length: 10000", b"Transfer-Encoding: chunked")
        # What is sent first, what follows every 200 ms, and the limit.
        cases = {"nothing": (b"", b"", 4), "half a line": (b"GET /auth", b"", 4), "a line by and by": (b"GET /", b"a", 4),
                 "header by and by": (line, b"X-A: b\r\n", 2), "half a header": (line + b"X-", b"", 2), "body by and by": (form, b"a=b&", 2),
                 "no body": (form, b"", 2), "chunks by and by": (chunks, b"1\r\na\r\n", 2), "idle after an answer": (line + b"\r\n", b"", 4)}
        found = {}
        threads = [threading.Thread(target=lambda n=name, c=case: found.update({n: self.closed_after(c[0], c[1], 0.2, 9)})) for name, case in cases.items()]
        for thread in threads:
            thread.start()
        # Somebody who is quick meanwhile, on one connection for longer than a request may last.
        quick = self.web.connection()
        for _ in range(12):
            self.assertEqual(self.web.ask("GET", "/authorize", connection=quick)[0], 200)
            time.sleep(0.25)
        quick.close()
        for thread in threads:
            thread.join(10)
        self.assertEqual(sorted(found), sorted(cases))
        for name, (_, _, limit) in cases.items():
            seconds, got = found[name]
            # The sweep comes once a second.
            self.assertTrue(limit - 0.5 <= seconds <= limit + 2, (name, seconds))
            self.assertEqual(got.startswith(b"HTTP/1.1 200 "), name == "idle after an answer", (name, got[:60]))
        self.assertGreaterEqual(int(re.search(r"latchkey_web_shut_total (\d+)", self.web.get_local("/metrics")[1]).group(1)), len(cases))

    def test_answer_that_nobody_fetches(self):
        """Requests without end, and not one answer read."""
        peer = socket.socket(socket.AF_UNIX)
        self.addCleanup(peer.close)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(self.web.path)
        peer.settimeout(1)
        begin = time.monotonic()
        with self.assertRaises(BrokenPipeError):
            while time.monotonic() - begin < 12:
                try:
                    peer.sendall(b"GET /static/latchkey.js HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
                except TimeoutError:
                    pass
        self.assertLess(time.monotonic() - begin, 8)

    def test_the_issuer_may_take_longer(self):
        """Who waits for an answer is not slow."""
        self.web.issuer.answers[web.TOKEN] = lambda asked: time.sleep(4.5) or web.reply(200, "{}")
        self.assertEqual(self.web.form("/token", "a=b")[0], 200)


class Start(unittest.TestCase):
    def run_with(self, *arguments):
        return subprocess.run([os.path.join(BUILD, "bin/latchkey-sso-web"), *arguments], capture_output=True, text=True, timeout=10, check=False)

    def test_arguments(self):
        for arguments in ((), ("--config", "/nonexistent"), ("--listen", "77"), ("--listen", "x"), ("--what",), ("--listen",)):
            got = self.run_with(*arguments)
            self.assertEqual(got.returncode, 2, arguments)
            self.assertIn("latchkey-sso-web: ", got.stderr)


if __name__ == "__main__":
    sys.exit(unittest.main())
