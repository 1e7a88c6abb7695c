#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""latchkey-sso-notify against homeservers that behave and that do not, with an authority of this run's own."""
import http.server
import os
import signal
import socket
import ssl
import struct
import sys
import threading
import time
import unittest

import frames
from frames import DELIVER, DELIVERED, Folder, Peer, Program, Reader, SSO_NOTIFY, string

sys.path.insert(0, os.path.join(frames.SOURCE, "tests", "sso"))
from authority import Authority  # noqa: E402
from parts import Missing  # noqa: E402

FAILED, ACKNOWLEDGED, NOBODY = 1, 2, 4
NAME = "matrix.example"
CONFIG = "[organisation]\nname = example\ngateway_host = login.example\n[paths]\nrun = {0}/run\nstate = {0}/state\noperators = {0}/operators\n"
CLIENT = ("[client {name}]\nredirect_uri = https://matrix.example/cb\nsecret_file = {folder}/secret\nbackchannel_logout_uri = https://{host}/{path}\n"
          "backchannel_connect = 127.0.0.1:{port}\nbackchannel_ca = {ca}\n")
TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzaWQiOiJub25lIn0.c2lnbmF0dXJl"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, dict(self.headers), body))
        path = self.path.strip("/")
        if path == "slow":
            time.sleep(12)
        if path == "trickle":
            self.send_response(200)
            self.send_header("Content-Length", "4000")
            self.end_headers()
            for _ in range(100):
                try:
                    self.wfile.write(b"x")
                except OSError:
                    return
                time.sleep(0.15)
            return
        status = {"redirect": 302, "slow": 200, "huge": 200, "endless": 200, "headers": 200, "other": 200}.get(path) or int(path)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/200")
        if path == "headers":
            for i in range(90):
                self.send_header(f"X-{i}", "y" * 1000)
        data = b"x" * 100000 if path in ("huge", "endless") else b""
        if path == "endless":
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(data)))
        self.send_header("Set-Cookie", "a=b")
        self.end_headers()
        try:
            self.wfile.write(data)
        except OSError:
            pass

    def log_message(self, *words):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, pem, key):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, key)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, address):
        pass


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keys = Folder()
        try:
            cls.authority = Authority(WithText(cls.keys))
            os.mkdir(cls.keys("other"))
            cls.stranger = Authority(WithText(cls.keys, "other"))
        except Missing as missing:
            cls.keys.remove()
            raise unittest.SkipTest(str(missing))
        cls.good = cls.authority.certificate(NAME)
        cls.unknown = cls.stranger.certificate(NAME)

    @classmethod
    def tearDownClass(cls):
        cls.keys.remove()

    def setUp(self):
        self.folder, self.servers, self.program, self.clients = Folder(), [], None, ""

    def tearDown(self):
        if self.program is not None:
            self.peer.end.close()
            self.program.stop()
        for server in self.servers:
            server.shutdown()
            server.server_close()
        self.folder.remove()

    def server(self, certificate=None):
        self.servers.append(Server(*(certificate or self.good)))
        return self.servers[-1]

    def client(self, name, path, port, host=NAME, ca=None):
        self.clients += CLIENT.format(name=name, path=path, port=port, host=host, ca=ca or self.authority.pem, folder=self.folder.path)

    def start(self, environment=None):
        self.folder.write("latchkey.conf", CONFIG.format(self.folder.path) + self.clients)
        ours, theirs = socket.socketpair()
        with theirs:
            self.program = Program(self.folder, "latchkey-sso-notify", "--config", self.folder("latchkey.conf"), "--test", "--issuer",
                                   str(theirs.fileno()), descriptors=[theirs.fileno()], environment={**os.environ, **(environment or {})})
        self.peer = Peer(ours)
        self.peer.greet(SSO_NOTIFY)

    def send(self, ident, client, token=TOKEN):
        self.peer.send(frames.frame(DELIVER, ident & 0xffff, struct.pack(">Q", ident) + string(client) + string(token)))

    def answer(self, seconds=20):
        """(id, outcome, detail)"""
        kind, request, payload = self.peer.receive(seconds)
        assert kind == DELIVERED, kind
        reader = Reader(payload)
        found = reader.number(8), reader.number(1), reader.string()
        reader.end()
        self.assertEqual(request, found[0] & 0xffff)
        return found

    def deliver(self, client, token=TOKEN):
        self.send(7, client, token)
        found = self.answer()
        self.assertEqual(found[0], 7)
        return found[1:]


class WithText:
    """A sub-folder in the form that tests/sso has them."""

    def __init__(self, folder, name=""):
        self.folder, self.name = folder, name

    def __call__(self, name):
        return self.folder(self.name, name)

    def write(self, name, text, mode=0o644):
        return self.folder.write(os.path.join(self.name, name), text, mode)


class Delivery(Case):
    def test_answers(self):
        server = self.server()
        for path in ("200", "204", "201", "302", "400", "500", "redirect", "huge", "endless", "headers"):
            self.client(f"c{path}", path, server.port)
        self.start()
        self.assertEqual(self.deliver("c200"), (ACKNOWLEDGED, "HTTP status 200"))
        self.assertEqual(self.deliver("c204"), (ACKNOWLEDGED, "HTTP status 204"))
        for path, detail in (("201", "HTTP status 201"), ("302", "HTTP status 302"), ("400", "HTTP status 400"), ("500", "HTTP status 500"),
                             ("redirect", "HTTP status 302"), ("huge", "the answer is too long"), ("endless", "the answer is too long"),
                             ("headers", "the answer is too long")):
            self.assertEqual(self.deliver(f"c{path}"), (FAILED, detail), path)
        # No redirect was followed: each path was asked for once, 200 too.
        self.assertEqual([path for path, _, _ in server.seen].count("/200"), 1)
        path, headers, body = server.seen[0]
        self.assertEqual(body, b"logout_token=" + TOKEN.encode())
        self.assertEqual(headers["Content-Type"], "application/x-www-form-urlencoded")
        self.assertEqual(headers["Host"], NAME)
        self.assertFalse(any("Cookie" in headers for _, headers, _ in server.seen))
        self.assertNotIn(TOKEN, self.program.said())

    def test_slow(self):
        server = self.server()
        self.client("slow", "slow", server.port)
        self.client("trickle", "trickle", server.port)
        self.start()
        begin = time.monotonic()
        self.send(1, "slow")
        self.send(2, "trickle")
        found = {self.answer()[:2] for _ in range(2)}
        self.assertEqual(found, {(1, FAILED), (2, FAILED)})
        self.assertTrue(9 < time.monotonic() - begin < 12)

    def test_a_homeserver_that_hangs(self):
        """It takes the connection and says nothing, not even of TLS. Its tokens come back soon, and the others' do not wait for that."""
        mute = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.addCleanup(mute.close)
        self.client("mute", "200", mute.getsockname()[1])
        self.client("good", "200", self.server().port)
        self.start()
        begin = time.monotonic()
        for ident in range(1, 17):
            self.send(ident, "mute")
        self.send(100, "good")
        self.assertEqual(self.answer()[:2], (100, ACKNOWLEDGED))
        self.assertLess(time.monotonic() - begin, 2)
        self.assertEqual({self.answer()[:2] for _ in range(16)}, {(ident, FAILED) for ident in range(1, 17)})
        self.assertTrue(3 < time.monotonic() - begin < 6)

    def test_certificates(self):
        self.client("stranger", "200", self.server(self.unknown).port)
        self.client("mismatch", "200", self.server().port, host="other.example")
        self.client("system", "200", self.servers[1].port, ca="/etc/ssl/certs/ca-certificates.crt")
        self.client("missing", "200", self.servers[1].port, ca=self.folder("none.pem"))
        self.start()
        for client in ("stranger", "mismatch", "system", "missing"):
            outcome, detail = self.deliver(client)
            self.assertEqual(outcome, FAILED, client)
            self.assertRegex(detail, "(?i)certificate|SSL", client)
        self.assertEqual([server.seen for server in self.servers], [[], []])

    def test_nobody_there(self):
        self.client("nobody", "200", 1)
        self.clients += ("[client mute]\nredirect_uri = https://matrix.example/cb\nsecret_file = /nowhere\n"
                         "[client lost]\nredirect_uri = https://matrix.example/cb\nsecret_file = /nowhere\n"
                         "backchannel_logout_uri = https://lost.invalid/200\n")
        self.start()
        self.assertEqual(self.deliver("nobody")[0], FAILED)
        self.assertEqual(self.deliver("lost")[0], FAILED)
        self.assertEqual(self.deliver("mute"), (NOBODY, "no backchannel_logout_uri in the configuration"))
        self.assertEqual(self.deliver("unknown"), (NOBODY, "no backchannel_logout_uri in the configuration"))

    def test_no_proxy_of_the_environment(self):
        """What stands in a proxy's place is never connected to."""
        trap = socket.socket()
        trap.bind(("127.0.0.1", 0))
        trap.listen()
        address = f"http://127.0.0.1:{trap.getsockname()[1]}"
        self.client("c", "200", self.server().port)
        self.start({"https_proxy": address, "HTTPS_PROXY": address, "all_proxy": address, "ALL_PROXY": address})
        self.assertEqual(self.deliver("c")[0], ACKNOWLEDGED)
        trap.settimeout(0.2)
        with trap, self.assertRaises((socket.timeout, TimeoutError)):
            trap.accept()

    def test_no_key_log_of_the_environment(self):
        """libcurl would write the keys of its connections there, and with them a token could be read."""
        self.client("c", "200", self.server().port)
        self.start({"SSLKEYLOGFILE": self.folder("keylog")})
        self.assertEqual(self.deliver("c")[0], ACKNOWLEDGED)
        self.assertFalse(os.path.exists(self.folder("keylog")))

    def test_many_at_once(self):
        server = self.server()
        self.client("c", "200", server.port)
        self.start()
        for ident in range(1, 65):
            self.send(ident, "c")
        found = [self.answer() for _ in range(64)]
        self.assertEqual(sorted(ident for ident, _, _ in found), list(range(1, 65)))
        self.assertEqual({outcome for _, outcome, _ in found}, {ACKNOWLEDGED})
        self.assertEqual(len(server.seen), 64)

    def test_too_many(self):
        self.client("slow", "slow", self.server().port)
        self.start()
        for ident in range(1, 67):
            self.send(ident, "slow")
        self.assertEqual({self.answer()[1:] for _ in range(2)}, {(FAILED, "too many under way")})

    def test_reload(self):
        self.client("c", "500", self.server().port)
        self.start()
        self.assertEqual(self.deliver("c")[0], FAILED)
        self.folder.write("latchkey.conf", (CONFIG.format(self.folder.path) + self.clients).replace("/500", "/200"))
        self.program.process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        self.assertEqual(self.deliver("c")[0], ACKNOWLEDGED)
        self.folder.write("latchkey.conf", "[broken\n")
        self.program.process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        self.assertEqual(self.deliver("c")[0], ACKNOWLEDGED)


class Hostile(Case):
    def test_frames(self):
        good = struct.pack(">Q", 1) + string("c") + string(TOKEN)
        for bad in (frames.frame(DELIVERED, 1, b""), frames.frame(176, 1, b""), frames.frame(DELIVER, 1, good + b"x"), frames.frame(DELIVER, 1, good[:-1]),
                    frames.frame(DELIVER, 1, struct.pack(">Q", 1) + string("c") + string("")),
                    frames.frame(DELIVER, 1, struct.pack(">Q", 1) + string("c") + string("a.b.c&x=y")),
                    frames.frame(DELIVER, 1, struct.pack(">Q", 1) + string("c") + string("a\0b"))):
            self.clients = ""
            self.client("c", "200", 1)
            self.start()
            self.peer.send(bad)
            self.assertTrue(self.peer.closed(), bad)
            self.assertEqual(self.program.wait(), 1)
            self.peer.end.close()

    def test_the_issuer_goes(self):
        self.client("slow", "slow", self.server().port)
        self.start()
        self.send(1, "slow")
        time.sleep(0.3)
        self.peer.end.close()
        self.assertEqual(self.program.wait(), 0)


if __name__ == "__main__":
    unittest.main()
