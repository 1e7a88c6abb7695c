#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""packaging/nginx/synapse.conf before a real Synapse. Whatever a link says, a login that it starts ends at a client of the list or nowhere. What Synapse
itself understands of each link is asked past the proxy: a variant that it does not take for the trap proves nothing."""
import secrets
import unittest
import urllib.parse

import skip
from agent import Agent
from authority import Authority
from homeserver import Homeserver
from matrix import Matrix
from parts import Folder, free_ports
from plain_provider import Provider
from proxy import Proxy

DOORS = [f"/_matrix/client/{version}/login/sso/redirect{end}" for version in ("v3", "r0", "unstable", "api/v1") for end in ("", "/oidc-latchkey")]
EVIL = "https%3A%2F%2Fevil.example%2F"


class Trap(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.parts = []
        cls.addClassCleanup(cls.end)
        cls.folder = Folder()
        authority = cls.authority = Authority(cls.folder)
        public, cls.own, issuer = free_ports(3)
        secret, cls.subject = secrets.token_urlsafe(32), secrets.token_hex(16)
        cls.provider = Provider(cls.folder, "key.localhost", issuer, *authority.certificate("key.localhost"), "synapse", secret).start()
        cls.parts.append(cls.provider)
        cls.provider.claims = {"sub": cls.subject, "acr": "phrh", "sid": "s"}
        cls.homeserver = Homeserver(cls.folder, "chat.localhost", public, cls.own, authority.pem, cls.provider.issuer, secret)
        cls.parts.append(cls.homeserver)
        cls.proxy = Proxy(cls.folder, public, homeserver=("chat.localhost", *authority.certificate("chat.localhost"), cls.own)).start()
        cls.parts.append(cls.proxy)
        cls.matrix = Matrix(cls.homeserver.base, authority.pem)
        cls.homeserver.start("setup.yaml")
        admin = cls.homeserver.register("root", "the administrator", admin=True)
        cls.homeserver.register("alice", "a password from before")
        cls.homeserver.link("alice", cls.subject, admin)
        cls.homeserver.stop()
        cls.homeserver.start()
        cls.ours = urllib.parse.quote(cls.matrix.client, safe="")
        cls.host = f"chat.localhost%3A{public}"
        cls.port = public

    @classmethod
    def end(cls):
        for part in reversed(cls.parts):
            part.stop()
        cls.folder.remove()

    def ask(self, target):
        """(agent, answer through the proxy)"""
        agent = self.matrix.agent()
        return agent, agent.open("GET", self.matrix.base + "/", target=target)

    def ends_at(self, target):
        """Goes on as a browser does, up to the page that gets the login token: its address, or None if there is none."""
        agent, answer = self.ask(target)
        for _ in range(6):
            if "loginToken=" in (answer.location or "") or "loginToken=" in answer.text:
                return answer.location or answer.text
            if not answer.location or not answer.location.startswith((self.matrix.base + "/", self.provider.issuer + "/")):
                return answer.location
            answer = agent.get(answer.location)
        return None

    def test_other_doors(self):
        """Registration, guests, password login and the mails that set a password anew are closed by the homeserver's own configuration, asked past the proxy as well."""
        name = {"username": "mallory", "password": "a long password of mallory", "auth": {"type": "m.login.dummy"}}
        mail = {"client_secret": "secret", "email": "alice@example.org", "send_attempt": 1}
        user = {"identifier": {"type": "m.id.user", "user": "alice"}, "password": "a password from before"}
        for base in (self.homeserver.base, f"http://127.0.0.1:{self.own}"):
            for path, body in (("/register", name), ("/register?kind=guest", {}), ("/register/email/requestToken", mail), ("/account/password/email/requestToken", mail),
                               ("/login", {"type": "m.login.password", **user})):
                answer = Agent(self.authority.pem).send("POST", f"{base}/_matrix/client/v3{path}", body)
                self.assertIn(answer.status, (400, 403, 404), (base, path, answer))
                self.assertNotIn("access_token", answer.text)
                self.assertNotIn('"sid"', answer.text)
            doors = Agent(self.authority.pem).get(base + "/_matrix/client/v3/login").json()["flows"]
            self.assertEqual({flow["type"] for flow in doors} - {"m.login.application_service"}, {"m.login.sso", "m.login.token"})

    def test_clients_of_the_list(self):
        good = [f"redirectUrl={self.ours}", f"redirectUrl={self.matrix.client}", f"redirectUrl={self.ours}%23%2Froom%2F%21abc%3Achat.localhost",
                f"redirectUrl={self.ours}%3Fno_universal_links%3Dtrue", f"redirectUrl={self.ours.lower()}",
                f"org.matrix.msc3824.action=login&redirectUrl={self.ours}", f"redirectUrl={self.ours}&org.matrix.msc3824.action=login",
                f"redirectUrl={self.ours}&action=login"]
        for door in DOORS:
            for query in good if door == DOORS[1] else good[:1]:
                with self.subTest(door=door, query=query):
                    _, answer = self.ask(f"{door}?{query}")
                    # Two of the doors are no longer there in Synapse: whatever it says is right.
                    self.assertNotEqual(answer.status, 403, answer)
                    if door == DOORS[1]:
                        self.assertEqual(answer.status, 302, answer)
                        self.assertTrue(self.ends_at(f"{door}?{query}").startswith(self.matrix.client))

    def hostile(self):
        ours, host, port = self.ours, self.host, self.port
        values = [EVIL, "https://evil.example/", "http%3A%2F%2F" + host + "%2F", "//evil.example/", "%2F%2Fevil.example%2F", "javascript%3Aalert(1)",
                  "data%3Atext%2Fhtml%2Cx", "HTTPS%3A%2F%2Fevil.example%2F",
                  # The name of the list is only the beginning, the user, a label of another, or something beside it.
                  f"https%3A%2F%2F{host}.evil.example%2F", f"https%3A%2F%2F{host}%40evil.example%2F", f"https%3A%2F%2F{host}%3Ax%40evil.example%2F",
                  f"https%3A%2F%2F{host}@evil.example/", f"https%3A%2F%2Fevil.example%2F{host}%2F", f"https%3A%2F%2Fevil.example%2F%3F{ours}",
                  f"https%3A%2F%2Fevil.example%23{ours}", f"https%3A%2F%2Fevil.{host}%2F", f"https%3A%2F%2Fnot{host}%2F",
                  f"https%3A%2F%2Fchat.localhost.%3A{port}%2F", "https%3A%2F%2Fchat.localhost%2F", f"https%3A%2F%2Fchat.localhost%3A{port}0%2F",
                  f"https%3A%2F%2FCHAT.localhost%3A{port}%2F", f"https%3A%2F%2Fchat%2Elocalhost%3A{port}%2F", f"https%3A%2F%2F{host}",
                  f"https%3A%2F%2F{host}%5C%40evil.example%2F", f"https%3A%2F%2F{host}%5Cevil%2F", f"https%3A%5C%5C{host}%2F", f"https%3A%2F{host}%2F",
                  f"https%3A%2F%2F%2F{host}%2F", f"https%253A%252F%252F{host}%252F", f"%20{ours}", f"%09{ours}", f"{ours}%2e%2e%2fother",
                  f"{ours}..%2Fother", f"{ours}%0d%0aSet-Cookie:%20a=b", f"{ours}%00", f"{ours}%5C..", f"{ours}%5C%40evil.example%2F", f"https%3A%2F%2F{host}%3F%2F", f"{ours}+", f"{ours}#x",
                  "element%3A%2F%2Fconnect", "", "%2F", ours[:-3] + "%C0%AF"]
        queries = ["redirectUrl=" + value for value in values]
        queries += [
            # Two of them: Synapse takes the first, others the last.
            f"redirectUrl={ours}&redirectUrl={EVIL}", f"redirectUrl={EVIL}&redirectUrl={ours}", f"redirectUrl={ours};redirectUrl={EVIL}",
            f"redirectUrl={EVIL};redirectUrl={ours}", f"a;redirectUrl={EVIL}&redirectUrl={ours}", f"a=b&redirectUrl={EVIL}", f"a=b&redirectUrl={ours}",
            f"action=login;redirectUrl={EVIL}&redirectUrl={ours}", f"&redirectUrl={EVIL}", f";redirectUrl={EVIL}", f"?redirectUrl={EVIL}",
            # Its name, written otherwise.
            f"redirect%55rl={EVIL}", f"%72edirectUrl={EVIL}", f"redirect%55rl={EVIL}&redirectUrl={ours}", f"redirectUrl={ours}&redirect%55rl={EVIL}",
            f"redirectUrl%3D={EVIL}", f"redirectUrl[]={EVIL}", f"redirecturl={ours}&redirectUrl={EVIL}", f"REDIRECTURL={EVIL}", f"redirectUrl%00={EVIL}",
            f"#redirectUrl={ours}", f"x#&redirectUrl={EVIL}", f"redirectUrl={ours}#&redirectUrl={EVIL}", f"redirectUrl={EVIL}#redirectUrl={ours}", "", "redirectUrl"]
        return queries

    def test_hostile_addresses(self):
        trapped = 0
        for query in self.hostile():
            for door in DOORS[:2]:
                target = f"{door}?{query}"
                with self.subTest(target):
                    _, answer = self.ask(target)
                    self.assertIn(answer.status, (400, 403), answer)
                    # Past the proxy: would Synapse have begun a login?
                    agent = self.matrix.agent()
                    bare = agent.open("GET", f"http://127.0.0.1:{self.own}/", target=target,
                                      headers={"Host": self.matrix.base[8:], "X-Forwarded-Proto": "https"})
                    trapped += bare.status == 302
        self.assertGreater(trapped, 60, "Synapse itself refuses these links: the test has lost its teeth")

    def test_hostile_paths(self):
        evil = f"redirectUrl={EVIL}&idp=oidc-latchkey"
        paths = ["/_matrix//client/v3/login/sso/redirect", "/_matrix/client/v3/login/sso/redirect/", "/_matrix/client/v3/login/sso/redirect/..",
                 "/_matrix/client/v3/login/sso/redirect/oidc-latchkey/..", "/_matrix/client/v3/login/sso/./redirect",
                 "/x/../_matrix/client/v3/login/sso/redirect", "/_matrix/client/v3/login/s%73o/redirect", "/%5Fmatrix/client/v3/login/sso/redirect",
                 "/_matrix/client/v3/login%2Fsso%2Fredirect", "/_matrix/client/v3/login/sso/redirect%2Foidc-latchkey", "/_matrix/client/v3/login/sso/redirect;x",
                 "/_matrix/client/v3/login/cas/redirect", "/_matrix/client/V3/LOGIN/SSO/REDIRECT", "/_synapse/client/pick_idp",
                 "/_synapse/client/pick%5Fidp", "/_synapse//client/pick_idp", "/_synapse/client/pick_idp/..", "/_synapse/client/pick%5Fidp/..%2F",
                 "/_synapse/client/x/../pick_idp", "/_synapse/client/pick_idp/x", f"https://{self.matrix.base[8:]}/_matrix/client/v3/login/sso/redirect",
                 f"http://evil.example/_matrix/client/v3/login/sso/redirect", "/_matrix/client/v3/login/sso/redirect/oidc-latchkey%3F"]
        for path in paths:
            for method in ("GET", "HEAD", "POST"):
                with self.subTest(path=path, method=method):
                    agent = self.matrix.agent()
                    answer = agent.open(method, self.matrix.base + "/", target=f"{path}?{evil}")
                    if answer.location:
                        self.assertNotIn(self.provider.issuer, answer.location)
            with self.subTest(path):
                self.assertIsNone(self.ends_at(f"{path}?{evil}"))

    def test_what_is_not_for_the_world(self):
        paths = ["/_synapse/admin/v1/register", "/_synapse/admin/v2/users/@alice:chat.localhost", "/_synapse/admin/v1/server_version",
                 "/_synapse//admin/v1/register", "//_synapse/admin/v1/register", "/%5Fsynapse/admin/v1/register", "/_synapse/%61dmin/v1/register",
                 "/_synapse/client/../admin/v1/register", "/_synapse/client/%2e%2e/admin/v1/register", "/_synapse/admin/../client/pick_idp",
                 "/x/../_synapse/admin/v1/register", "/_SYNAPSE/ADMIN/v1/register", "/_synapse/./admin/v1/register", "/_synapse/mas/query_user",
                 "/_synapse/metrics", "/_synapse/replication", "/_synapse", "/_synapse/", "/_synapse/admin/v1/register?/_synapse/client/",
                 "/_synapse/client/..%2fadmin/v1/register", f"https://{self.matrix.base[8:]}/_synapse/admin/v1/register"]
        for path in paths:
            for method in ("GET", "POST", "PUT", "DELETE"):
                with self.subTest(path=path, method=method):
                    agent = self.matrix.agent()
                    self.assertEqual(agent.open(method, self.matrix.base + "/", target=path).status, 403)
        # From inside it is there.
        self.assertEqual(self.homeserver.direct("GET", "/_synapse/admin/v1/server_version").status, 200)

    def test_all_else_passes(self):
        for path, status in (("/_matrix/client/versions", 200), ("/_matrix/client/v3/login", 200), ("/_matrix/client/versions?q=/login/sso/redirect", 200),
                             ("/_matrix/client/versions?q=/_synapse/admin/", 200), ("/_matrix/client/v3/account/whoami", 401),
                             ("/_matrix/client/v3/rooms/%21a%2F..%2Fb%3Achat.localhost/members", 401), ("/_synapse/client/oidc/callback", 400)):
            with self.subTest(path):
                self.assertEqual(self.ask(path)[1].status, status)


if __name__ == "__main__":
    skip.main()
