#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A homeserver with a past, and the stack of key and PIN: packaging/synapse/link-accounts is killed in the middle and run again, by the administrator's list and nothing else; then
the key opens just the account of that list, no password is asked for, and the way back is one step."""
import http.server
import os
import subprocess
import sys
import threading
import unittest

import skip
from agent import Agent
from environment import CHAT, FORMER, Environment
from parts import ROOT, wait_for
from person import Person

AGENTS = ("alice", "carol", "dora")
# An account need not be called like its agent; `@dora` is the bridge's here.
LIST = {"anna": "alice", "carol": "carol", "d.dupont": "dora"}


class Staller(http.server.BaseHTTPRequestHandler):
    """Hands on to the homeserver; the answer to the second change never comes, though the change is made."""
    port, changes, stalled = 0, 0, None

    def _pass(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
        answer = Agent(None).open(self.command, f"http://127.0.0.1:{self.port}{self.path}", body,
                                  {name: self.headers[name] for name in ("Authorization", "Content-Type")})
        if self.command == "PUT":
            type(self).changes += 1
            if self.changes == 2:
                self.stalled.set()
                self.rfile.read(1)  # until the other end is gone
                return
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_PUT = _pass  # noqa: N815

    def log_message(self, *_):
        pass


class Linked(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = Environment(agents=AGENTS, password=False)
        cls.addClassCleanup(cls.house.stop)
        homeserver = cls.house.homeserver
        homeserver.stop()
        homeserver.start("setup.yaml")
        for name in ("anna", "d.dupont", "bridge"):
            homeserver.register(name, FORMER)
        for name in AGENTS:  # as before the environment linked them
            homeserver.direct("PUT", f"/_synapse/admin/v2/users/@{name}:{CHAT}", {"external_ids": []}, cls.house.admin)
        homeserver.stop()
        homeserver.start()

    def links(self, name):
        answer = self.house.homeserver.direct("GET", f"/_synapse/admin/v2/users/@{name}:{CHAT}", token=self.house.admin)
        return [row["external_id"] for row in answer.json()["external_ids"] if row["auth_provider"] == "oidc-latchkey"]

    def words(self, port, *more):
        folder = self.house.folder
        return [sys.executable, "-B", os.path.join(ROOT, "packaging/synapse/link-accounts"), "--homeserver", f"http://127.0.0.1:{port}", "--token-file", folder("admin.token"),
                "--agents", folder("agents.tsv"), "--list", folder("who"), "--journal", folder("who.journal"), *more]

    def link(self, *more):
        return subprocess.run(self.words(self.house.homeserver.port, *more), capture_output=True, text=True, check=False, timeout=60)

    def killed_in_the_middle(self):
        Staller.port, Staller.stalled = self.house.homeserver.port, threading.Event()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Staller)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            script = subprocess.Popen(self.words(server.server_address[1], "--commit"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.assertTrue(Staller.stalled.wait(30))
            script.kill()
            script.wait(10)
        finally:
            server.shutdown()
            server.server_close()

    def linked(self):
        return {name: self.links(name) for name in (*LIST, "alice", "dora", "bridge")}

    def test_all_of_it(self):
        folder = self.house.folder
        folder.write("who", "".join(f"@{account}:{CHAT}  {agent}\n" for account, agent in LIST.items()))
        subjects = {agent: self.house.subject(agent) for agent in AGENTS}
        nobody = {name: [] for name in (*LIST, "alice", "dora", "bridge")}
        self.assertEqual(self.linked(), nobody)
        # It only says what it would do; a service account in the list is refused.
        done = self.link()
        self.assertEqual((done.returncode, done.stdout.count("would be linked")), (0, 3), done)
        done = self.link("--commit", "--exempt", f"@carol:{CHAT}")
        self.assertEqual(done.returncode, 2, done)
        self.assertIn("exempt", done.stderr)
        self.assertEqual(self.linked(), nobody)
        # Killed between what the homeserver did and what the journal says of it.
        self.killed_in_the_middle()
        self.assertEqual(sum(bool(ids) for ids in self.linked().values()), 2)
        done = self.link("--commit", "--exempt", f"@bridge:{CHAT}")
        self.assertEqual(done.returncode, 0, done)
        # What the journal has of another address says nothing of this one.
        self.assertEqual([done.stdout.count(words) for words in ("is linked already", "  linked\n")], [2, 1], done)
        self.assertEqual(self.linked(), {**nobody, **{account: [subjects[agent]] for account, agent in LIST.items()}})
        done = self.link("--commit")
        self.assertEqual((done.returncode, done.stdout), (0, ""), done)
        done = self.link("--commit", "--again")
        self.assertEqual((done.returncode, done.stdout.count("is linked already")), (0, 3), done)
        self.token_stays_here()
        self.login_without_password()
        self.back_in_one_step()

    def token_stays_here(self):
        """Each request carries an administrator's token: no redirect is followed, no proxy used, nothing sent in the clear; and an answer of another shape stops the run."""
        seen = []

        class Elsewhere(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                seen.append((self.path, self.headers["Authorization"]))
                if self.server.server_address[1] == first.server_address[1]:
                    self.send_response(302)
                    self.send_header("Location", f"http://127.0.0.1:{second.server_address[1]}/elsewhere")
                    self.end_headers()
                    return
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'["not", "an", "account"]')

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        first, second = (http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) for _ in range(2))
        for server in (first, second):
            threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            for server, said in ((first, "sends the request elsewhere"), (second, "no answer of a homeserver")):
                done = subprocess.run(self.words(server.server_address[1], "--again"), capture_output=True, text=True, check=False, timeout=60,
                                      env={**os.environ, "http_proxy": f"http://127.0.0.1:{second.server_address[1]}"})
                self.assertEqual(done.returncode, 2, done)
                self.assertIn(said, done.stderr)
                self.assertNotIn("Traceback", done.stderr)
            self.assertEqual([path for path, _ in seen if path.startswith("/elsewhere")], [])
            self.assertEqual([path for path, _ in seen if path.startswith("http:")], [])
            self.assertEqual(len(seen), 2)
        finally:
            for server in (first, second):
                server.shutdown()
                server.server_close()
        words = self.words(1, "--again")
        words[words.index("http://127.0.0.1:1")] = "http://chat.example.org"
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 2, done)
        self.assertIn("in the clear", done.stderr)

    def login_without_password(self):
        browser = self.house.browser()
        person = Person(self.house, browser)
        for agent, account in (("alice", "anna"), ("carol", "carol")):
            person.plug(agent)
            person.press()
            # "password" would be the page that asks for one.
            self.assertEqual(person.decided(), "token", browser.text())
            session, answer = self.house.matrix.token_login(person.token())
            self.assertIsNotNone(session, answer)
            self.assertEqual(session.whoami(), f"@{account}:{CHAT}")
            browser.clear()
        # A key without its PIN: the virtual key does not verify, and the page says so.
        person.unplug()
        person.plugged = ("carol", browser.plug(person.credentials["carol"], verified=False))
        person.press()
        self.assertNotIn(person.decided(), ("token", "password", None))

    def back_in_one_step(self):
        homeserver, matrix = self.house.homeserver, self.house.matrix
        self.assertIsNone(matrix.password_login("anna", FORMER)[0])
        self.house.folder.write("back.yaml", "password_config: {enabled: true}\n")
        homeserver.stop()
        homeserver.start("homeserver-latchkey.yaml", "back.yaml")
        session, answer = matrix.password_login("anna", FORMER)
        self.assertIsNotNone(session, answer)
        self.assertEqual(session.whoami(), f"@anna:{CHAT}")
        self.assertTrue(wait_for(lambda: self.links("anna"), 5))


if __name__ == "__main__":
    skip.main()
