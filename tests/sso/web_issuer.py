# SPDX-License-Identifier: EUPL-1.2
"""The web process by itself: its configuration, its listening sockets, and at the other end of its link an issuer that says what the test wants. Frames are those of
docs/PROTOCOL.md 5.1 and 5.2, written out here once more."""
import http.client
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

DOCUMENT, AUTHORIZE, ASSERT, PASSWORD, PAGE, TOKEN, USERINFO, REPLY, LOGOUT, METRICS = range(160, 170)
KEY, ASK_PASSWORD, REDIRECT, REFUSED, ERROR, NOBODY = range(1, 7)
NAMES = {
    AUTHORIZE: "cookie client_id redirect_uri response_type response_mode scope state nonce code_challenge code_challenge_method prompt max_age acr_values "
               "claims id_token_hint login_hint request request_uri registration".split(),
    ASSERT: "sealed cookie credential_id authenticator_data signature user_handle client_data language remote".split(),
    PASSWORD: "sealed cookie password language remote".split(),
    TOKEN: "authorization client_id client_secret grant_type code redirect_uri code_verifier".split(),
    USERINFO: ["authorization"],
    LOGOUT: "id_token_hint client_id post_logout_redirect_uri state".split(),
    METRICS: [],
}
FLAGS = {AUTHORIZE, TOKEN, LOGOUT}
SEALED, CHALLENGE, COOKIE = b"c2VhbGVk" * 40, bytes(range(79)), bytes(range(32))


def data(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(value)) + value


def page(kind, reason=0, left=255, sealed=b"", challenge=b"", cookie=b"", location=b"", name="", full_name="", client="", detail=""):
    return PAGE, struct.pack(">BIB", kind, reason, left) + b"".join(
        data(part) for part in (sealed, challenge, cookie, location, name, full_name, client, detail))


def key_page(**more):
    return page(**{"kind": KEY, "sealed": SEALED, "challenge": CHALLENGE, "cookie": COOKIE, "client": "Tchap", **more})


def reply(status, body, authenticate=""):
    return REPLY, struct.pack(">H", status) + data(authenticate) + data(body)


def document(kind, body, etag='"one"'):
    return DOCUMENT, struct.pack(">B", kind) + data(etag) + data(body)


def read(kind, payload):
    """The fields of a question by name."""
    asked, at = {}, 0
    if kind in FLAGS:
        asked["flags"], at = struct.unpack_from(">I", payload)[0], 4
    for name in NAMES[kind]:
        size = struct.unpack_from(">H", payload, at)[0]
        asked[name], at = payload[at + 2:at + 2 + size], at + 2 + size
    assert at == len(payload), "bytes behind the last field"
    return asked


class Issuer:
    """answers: kind -> what to say, a (type, payload) or a function of the fields; None: nothing is said. asked: what came. Cleared, `awake` is an issuer whose
    supervisor listens already and which reads and says nothing yet."""

    def __init__(self, path, documents=()):
        self.path, self.documents, self.answers, self.asked = path, list(documents), {}, []
        self.peer = self.listener = None
        self.awake = threading.Event()
        self.awake.set()

    def start(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(4)
        threading.Thread(target=self.serve, args=(self.listener,), daemon=True).start()

    def stop(self):
        for end in (self.listener, self.peer):
            if end:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                end.close()
        self.peer = self.listener = None

    def serve(self, listener):
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            self.peer = peer
            self.awake.wait()
            try:
                self.send(1, 0, struct.pack(">HHB", 1, 1, 8))
                self.talk(peer)
            except (OSError, struct.error):
                pass
            finally:
                peer.close()

    def send(self, kind, request, payload):
        self.peer.sendall(struct.pack(">IHI", len(payload) + 6, kind, request) + payload)

    def publish(self):
        for kind, payload in self.documents:
            self.send(kind, 0, payload)

    def take(self, peer, size):
        got = b""
        while len(got) < size:
            part = peer.recv(size - len(got))
            if not part:
                raise OSError("closed")
            got += part
        return got

    def talk(self, peer):
        while True:
            size, kind, request = struct.unpack(">IHI", self.take(peer, 10))
            payload = self.take(peer, size - 6)
            if kind == 1:
                assert payload == struct.pack(">HHB", 1, 1, 8), payload
                self.publish()
                continue
            asked = read(kind, payload)
            self.asked.append((kind, asked))
            answer = self.answers.get(kind)
            answer = answer(asked) if callable(answer) else answer
            if answer:
                self.send(answer[0], request, answer[1])


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=10):
        super().__init__("key.example.org", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        # Before the limit: with one, a full queue is an error and not a wait.
        self.sock.connect(self.path)
        self.sock.settimeout(self.timeout)


CONFIG = """[organisation]
name = example.org
gateway_host = {host}
[paths]
state = {folder}/state
run = {folder}/run
operators = {folder}/operators
[gateway]
{gateway}
"""


class Web:
    """tcp: the site listens on a loopback port instead of a UNIX socket."""

    def __init__(self, build, gateway=(), documents=(), host="key.example.org", tcp=False):
        self.folder = tempfile.mkdtemp(prefix="lk-web-")
        os.makedirs(os.path.join(self.folder, "run/sso"), 0o755)
        os.chmod(self.folder, 0o755)
        config = os.path.join(self.folder, "latchkey.conf")
        with open(config, "w", encoding="utf-8") as out:
            out.write(CONFIG.format(host=host, folder=self.folder, gateway="\n".join(gateway)))
        os.chmod(config, 0o644)
        self.issuer = Issuer(os.path.join(self.folder, "run/sso/web"), documents)
        self.issuer.start()
        self.path = os.path.join(self.folder, "http")
        site = socket.socket(socket.AF_INET if tcp else socket.AF_UNIX)
        site.bind(("127.0.0.1", 0) if tcp else self.path)
        site.listen(1024)
        local = socket.socket()
        local.bind(("127.0.0.1", 0))
        local.listen(16)
        self.port = site.getsockname()[1] if tcp else None
        self.local = local.getsockname()[1]
        self.process = subprocess.Popen(
            [os.path.join(build, "bin/latchkey-sso-web"), "--config", config, "--test", "--listen", str(site.fileno()), "--metrics", str(local.fileno())],
            pass_fds=(site.fileno(), local.fileno()))
        site.close()
        local.close()

    def connection(self, timeout=10):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout) if self.port else UnixConnection(self.path, timeout)

    def ask(self, method, path, body=None, headers=None, connection=None):
        """Status, headers (lower case, lists), body."""
        own = connection or self.connection()
        own.request(method, path, body, headers or {})
        answer = own.getresponse()
        got = answer.read()
        names = {}
        for name, value in answer.getheaders():
            names.setdefault(name.lower(), []).append(value)
        if not connection:
            own.close()
        return answer.status, names, got

    def form(self, path, text, headers=None):
        return self.ask("POST", path, text, {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})})

    def get_local(self, path):
        own = http.client.HTTPConnection("127.0.0.1", self.local, timeout=10)
        own.request("GET", path)
        answer = own.getresponse()
        got = answer.status, answer.read().decode()
        own.close()
        return got

    def until_up(self, up=True):
        for _ in range(400):
            if (self.get_local("/health")[0] == 200) == up:
                return
            time.sleep(0.01)
        raise AssertionError("the link to the issuer did not come" if up else "the link is still there")

    def stop(self):
        self.issuer.stop()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(40)
        finally:
            self.issuer.stop()
            shutil.rmtree(self.folder)
        return status
