#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""packaging/nginx/latchkey.conf before a socket of the test: what the gateway gets to see, what never reaches it, and what never lies in a file."""
import base64
import hashlib
import os
import re
import resource
import socket
import socketserver
import ssl
import threading
import time
import unittest
import warnings

import skip
from agent import Agent
from authority import Authority
from parts import Folder, free_ports, wait_for
from proxy import Proxy

NAME = "key.localhost"


class Gateway(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers every request with 200 and keeps what it was sent, byte for byte."""
    daemon_threads = True

    def __init__(self, path):
        self.seen, self.answer, self.lines = [], b"ok", []
        super().__init__(path, Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def away(self):
        """Nobody listens any more, and nginx's kept connections are spent."""
        self.shutdown()
        self.server_close()
        for line in self.lines:
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def last(self):
        head, body = self.seen[-1]
        lines = head.decode("latin-1").split("\r\n")
        return lines[0], [tuple(line.split(": ", 1)) for line in lines[1:] if line], body


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.server.lines.append(self.connection)
        while True:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = self.rfile.readline()
                if not line:
                    return
                head += line
            size = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
            body = self.rfile.read(size[0]) if size else b""
            self.server.seen.append((head, body))
            answer = self.server.answer
            self.wfile.write(b"HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=1\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))


class ProxyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Folder()
        cls.addClassCleanup(cls.folder.remove)
        cls.authority = Authority(cls.folder)
        [cls.port] = free_ports(1)
        # As docs/HOMESERVER.md, step 4, has it.
        cls.proxy = Proxy(cls.folder, cls.port, gateway=(NAME, *cls.authority.certificate(NAME), cls.folder("web.sock")), connections=16384).start()
        cls.addClassCleanup(cls.proxy.stop)
        cls.base = f"https://{NAME}:{cls.port}"

    def setUp(self):
        self.gateway = Gateway(self.folder("web.sock"))
        self.addCleanup(lambda: os.path.exists(self.folder("web.sock")) and os.unlink(self.folder("web.sock")))
        self.addCleanup(self.gateway.away)

    def agent(self):
        return Agent(self.authority.pem)

    def raw(self, data, name=NAME, wait=5, context=None):
        """Bytes as they are; what came back."""
        context = context or ssl.create_default_context(cafile=self.authority.pem)
        with context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), wait), server_hostname=name) as line:
            line.sendall(data)
            got = b""
            try:
                while part := line.recv(65536):
                    got += part
            except (TimeoutError, ssl.SSLError):
                pass
            return got

    def test_what_the_gateway_sees(self):
        answer = self.agent().open("POST", self.base + "/a%2Fb//c/../d?x=1&y=%00", b"z=1", {
            "X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Forwarded-Proto": "http", "Content-Type": "text/plain",
            "X_Forwarded_For": "203.0.113.9", "Connection": "close, X-Forwarded-For"})
        self.assertEqual((answer.status, answer.body), (200, b"ok"))
        self.assertEqual(answer.headers.get_all("Strict-Transport-Security"), ["max-age=63072000"])
        self.assertNotIn("/", answer.headers["Server"])
        line, headers, body = self.gateway.last()
        self.assertEqual((line, body), ("POST /a%2Fb//c/../d?x=1&y=%00 HTTP/1.1", b"z=1"))
        self.assertEqual([value for name, value in headers if name.lower() in ("x-forwarded-for", "x_forwarded_for")], ["127.0.0.1"])
        self.assertEqual([value for name, value in headers if name.lower() == "x-forwarded-proto"], ["https"])
        self.assertEqual([value for name, value in headers if name.lower() == "host"], [f"{NAME}:{self.port}"])
        self.assertFalse([value for name, value in headers if name.lower() == "forwarded"])

    def test_other_names(self):
        for host in ("chat.localhost", "127.0.0.1", "key.localhost.evil.example", "KEY.LOCALHOST.EVIL"):
            with self.subTest(host):
                before = len(self.gateway.seen)
                answer = self.agent().open("GET", self.base + "/", headers={"Host": host})
                self.assertIn(answer.status, (400, 404, 421))
                self.assertEqual(len(self.gateway.seen), before)
        # Without the right name not even a handshake.
        context = ssl.create_default_context(cafile=self.authority.pem)
        context.check_hostname = False
        for name in ("chat.localhost", None):
            with self.subTest(name), self.assertRaises(ssl.SSLError):
                self.raw(b"GET / HTTP/1.1\r\n\r\n", name, context=context)

    def test_old_tls(self):
        warnings.simplefilter("ignore", DeprecationWarning)
        context = ssl.create_default_context(cafile=self.authority.pem)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        with self.assertRaises(ssl.SSLError):
            self.raw(b"GET / HTTP/1.1\r\n\r\n", context=context)
        context = ssl.create_default_context(cafile=self.authority.pem)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA")
        with self.assertRaises(ssl.SSLError):
            self.raw(b"GET / HTTP/1.1\r\n\r\n", context=context)

    def test_sizes(self):
        for size, status in ((0, 200), (16384, 200), (16385, 413), (1 << 20, 413)):
            with self.subTest(size):
                before = len(self.gateway.seen)
                answer = self.agent().open("POST", self.base + "/", b"x" * size)
                self.assertEqual(answer.status, status)
                self.assertEqual(len(self.gateway.seen), before + (status == 200))
        self.assertEqual(self.agent().open("GET", self.base + "/?" + "x" * 20000).status, 414)
        self.assertEqual(self.agent().open("GET", self.base + "/", headers={"X-A": "x" * 20000}).status, 400)

    def open_files(self):
        """What nginx has open below its folder, logs apart."""
        found = []
        pid = self.proxy.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            workers = file.read().split()
        self.assertTrue(workers)
        for worker in workers:
            for fd in os.listdir(f"/proc/{worker}/fd"):
                try:
                    target = os.readlink(f"/proc/{worker}/fd/{fd}")
                except OSError:
                    continue
                if target.startswith(self.folder.path) and not target.split(" ")[0].endswith((".log", ".out")):
                    found.append(target)
        return found

    def test_nothing_lies_in_a_file(self):
        size = 16384
        context = ssl.create_default_context(cafile=self.authority.pem)
        with context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), 5), server_hostname=NAME) as line:
            before = len(self.gateway.seen)
            line.sendall(b"POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (NAME.encode(), size))
            for _ in range(4):
                line.sendall(b"p" * (size // 8))
                time.sleep(0.05)
                self.assertEqual(self.open_files(), [])
            # It waits in nginx: the gateway has not heard of it.
            self.assertEqual(len(self.gateway.seen), before)
            line.sendall(b"p" * (size // 2))
            self.assertIn(b" 200 ", line.recv(100))
        self.assertEqual(self.gateway.last()[2], b"p" * size)
        # Neither an answer that the browser does not take.
        self.gateway.answer = b"s" * (1 << 20)
        with context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), 5), server_hostname=NAME) as line:
            line.sendall(b"GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % NAME.encode())
            for _ in range(4):
                time.sleep(0.05)
                self.assertEqual(self.open_files(), [])

    def test_smuggled_requests(self):
        host = f"Host: {NAME}\r\n".encode()
        # One answer each, and the hidden request reaches nobody.
        for head in (b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"Content-Length: 4\r\nContent-Length: 40\r\n", b"Content-Length: +4\r\n",
                     b"Transfer-Encoding: xchunked\r\n", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"Transfer-Encoding : chunked\r\n",
                     b"Content-Length: 4 4\r\n", b"Transfer-Encoding:\x0bchunked\r\n"):
            with self.subTest(head):
                self.raw(b"POST / HTTP/1.1\r\n" + host + b"Connection: close\r\n" + head + b"\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\n" + host + b"\r\n")
                self.assertFalse([one for one, _ in self.gateway.seen if b"/hidden" in one.split(b"\r\n")[0]])
                for one, body in self.gateway.seen:
                    self.assertLessEqual(one.lower().count(b"content-length:"), 1)
                    self.assertNotIn(b"transfer-encoding", one.lower())
        self.assertNotIn(b" 200 ", self.raw(b"GET /\x00 HTTP/1.1\r\n" + host + b"\r\n", wait=2).split(b"\r\n")[0])

    def test_nothing_of_a_login_in_the_log(self):
        self.agent().get(self.base + "/authorize?state=S3CRET-state&nonce=S3CRET-nonce")
        time.sleep(0.1)
        log = self.folder.read("gateway.log")
        self.assertIn('GET "/authorize" 200', log)
        self.assertNotIn("S3CRET", log)

    def test_the_gateway_is_away(self):
        self.assertEqual(self.agent().get(self.base + "/").status, 200)
        self.gateway.away()
        answer = self.agent().get(self.base + "/authorize")
        self.assertEqual(answer.status, 503)
        self.assertIn("momentanément indisponible", answer.text)
        self.assertIn("Login is unavailable", answer.text)
        self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
        self.assertEqual(answer.headers.get_all("Strict-Transport-Security"), ["max-age=63072000"])
        self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
        style = re.search(r"<style>(.*)</style>", answer.text).group(1)
        self.assertIn("'sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() + "'", answer.headers["Content-Security-Policy"])

    def test_thousands_of_slow_clients(self):
        """Three thousand connections that begin a handshake and say no more: everybody else is answered as ever."""
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[1], 4096), before[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, before)
        lines = []
        try:
            for _ in range(3000):
                line = socket.create_connection(("127.0.0.1", self.port), 10)
                line.sendall(b"\x16")
                lines.append(line)
            for _ in range(20):
                self.assertEqual(self.agent().get(self.base + "/authorize").status, 200)
        finally:
            for line in lines:
                line.close()

    def test_a_slow_client_is_let_go(self):
        context = ssl.create_default_context(cafile=self.authority.pem)
        with context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), 15), server_hostname=NAME) as line:
            began = time.monotonic()
            line.sendall(b"GET / HTTP/1.1\r\n")
            try:
                self.assertIn(line.recv(100)[:12], (b"", b"HTTP/1.1 408"))
            except (ConnectionError, ssl.SSLError):
                pass
            self.assertLess(time.monotonic() - began, 14)


if __name__ == "__main__":
    skip.main()
