#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The browser of these tests by itself: a page of the test asks for a credential that was made by the software key, and `openssl` verifies the answer
with the public key. If this fails, the machine's Chromium is the matter, not the gateway."""
import base64
import http.server
import os
import ssl
import subprocess
import sys
import threading
import unittest

import skip
from authority import Authority
from browser import DESKTOP, PHONE, Browser, Refused, exported
from parts import HERE, Folder, Missing, free_ports, program

sys.path.insert(0, os.path.join(HERE, "..", "hosts"))
from softkey import Key  # noqa: E402

PAGE = """<!doctype html><html lang=en><meta name=viewport content="width=device-width"><title>Key</title>
<style>:root{color-scheme:light dark}</style><button id=key>Key</button><p id=said></p><script>
const text = bytes => btoa(String.fromCharCode(...new Uint8Array(bytes)));
document.getElementById('key').onclick = async () => {
    const said = document.getElementById('said');
    try {
        const got = await navigator.credentials.get({publicKey: {challenge: new Uint8Array(32), timeout: 5000, userVerification: 'required'}});
        said.textContent = [got.rawId, got.response.userHandle, got.response.authenticatorData, got.response.clientDataJSON, got.response.signature]
            .map(text).join(' ');
    } catch (error) { said.textContent = 'error ' + error.name; }
};</script></html>"""


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = PAGE.encode() if self.path == "/" else b""
        self.send_response(200 if self.path == "/" else 204)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Silent."""


class BrowserTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        build = os.environ.get("LK_BUILD")
        if not build or not os.path.exists(os.path.join(build, "tests/softkey/lk_softkey")):
            raise Missing("LK_BUILD names no build with tests/softkey/lk_softkey")
        cls.folder = Folder()
        cls.addClassCleanup(cls.folder.remove)
        authority = Authority(cls.folder)
        cls.port, cls.foreign = free_ports(2)
        cls.serve(cls.port, authority)
        cls.serve(cls.foreign, Authority(Folder(keep=cls.folder.make("foreign"))))
        key = Key(build, "k", cls.folder.path, cls.folder.path)
        cls.addClassCleanup(key.stop)
        cls.public = make(build, cls.folder, "key.localhost")
        [cls.credential] = exported(key, "key.localhost")
        cls.browser = Browser(cls.folder, authority.pem)
        cls.addClassCleanup(cls.browser.stop)

    @classmethod
    def serve(cls, port, authority):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.certificate("key.localhost"))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Page)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(server.shutdown)

    def setUp(self):
        self.browser.open(f"https://key.localhost:{self.port}/")

    def said(self):
        self.browser.find("#key").click()
        return self.browser.wait_text(r"(?m)^(\S+=* .+)$", 20).group(1).split()

    def test_a_key_of_ours_signs(self):
        name = self.browser.plug(self.credential)
        self.addCleanup(self.browser.unplug, name)
        ident, user, data, client, signature = [base64.b64decode(word) for word in self.said()]
        self.assertEqual((ident, user), (self.credential.id, self.credential.user))
        self.assertEqual(data[32], 5)  # UP and UV, neither BE nor BS
        self.assertGreater(int.from_bytes(data[33:37], "big"), self.credential.counter)
        self.assertIn(f'"origin":"https://key.localhost:{self.port}"'.encode(), client)
        digest = subprocess.run([program("openssl"), "dgst", "-sha256", "-binary"], input=client, check=True, capture_output=True).stdout
        signed = self.folder.write("signed", data + digest)
        subprocess.run([program("openssl"), "dgst", "-sha256", "-verify", self.public, "-signature", self.folder.write("signature", signature), signed],
                       check=True, capture_output=True)

    def test_another_relying_party_gets_nothing(self):
        name = self.browser.plug(self.credential)
        self.addCleanup(self.browser.unplug, name)
        self.browser.open(f"https://key.localhost:{self.port}/other")
        answer = self.browser.script("""return navigator.credentials.get({publicKey: {rpId: 'chat.localhost', challenge: new Uint8Array(32)}})
            .then(() => 'signed', error => error.name)""")
        self.assertEqual(answer, "SecurityError")

    def test_another_authority_is_not_trusted(self):
        self.browser.open(f"https://key.localhost:{self.foreign}/")
        self.browser.wait_text("ERR_CERT_AUTHORITY_INVALID")
        self.assertFalse(self.browser.has("#key"))

    def test_wrong_pin_and_no_key(self):
        name = self.browser.plug(self.credential, verified=False)
        self.assertEqual(self.said(), ["error", "NotAllowedError"])
        self.browser.unplug(name)
        with self.assertRaises(Refused):
            self.browser.credentials(name)

    def test_how_it_looks(self):
        media = "return [matchMedia('(prefers-color-scheme: dark)').matches, innerWidth]"
        self.browser.look(PHONE, dark=True)
        self.assertEqual(self.browser.script(media), [True, PHONE["width"]])
        picture = self.browser.screenshot(self.folder("picture.png"))
        with open(picture, "rb") as file:
            head = file.read(24)
        self.assertEqual(int.from_bytes(head[16:20], "big"), PHONE["width"] * PHONE["deviceScaleFactor"])
        self.browser.look(DESKTOP, dark=False)
        self.assertEqual(self.browser.script(media), [False, DESKTOP["width"]])

    def test_axe(self):
        self.assertEqual([line.split(" | ")[0] for line in self.browser.axe()], ["landmark-one-main", "page-has-heading-one"])
        self.browser.script("document.documentElement.removeAttribute('lang')")
        self.assertIn("html-has-lang", [line.split(" | ")[0] for line in self.browser.axe()])

    def test_console(self):
        self.browser.errors()
        self.browser.script("console.error('one of the test')")
        [line] = self.browser.errors()
        self.assertIn("one of the test", line)


def make(build, folder, rp):
    """A discoverable credential of the software key by libfido2's own tool; the file of its public key."""
    environment = {**os.environ, "LK_SOFTKEY_DIR": folder.path, "LD_PRELOAD": os.path.join(build, "tests/softkey/liblk_softkey_shim.so")}
    device = "softkey:" + folder("k.sock")
    request = "\n".join((base64.b64encode(bytes(32)).decode(), rp, "alice", base64.b64encode(b"0123456789abcdef").decode())) + "\n"
    made = subprocess.run([program("fido2-cred"), "-M", "-r", device], input=request.encode(), check=True, capture_output=True, env=environment).stdout
    shown = subprocess.run([program("fido2-cred"), "-V"], input=made, check=True, capture_output=True).stdout.decode()
    return folder.write("public.pem", shown.split("\n", 1)[1])


if __name__ == "__main__":
    skip.main()
