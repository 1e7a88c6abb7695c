# SPDX-License-Identifier: EUPL-1.2
"""What all parts of the environment share: a private folder, processes that are ended by their ids, free ports, and the shipped files with the names of
a test in place of the names of their examples."""
import http.server
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


class Missing(Exception):
    """A program or package that this machine lacks: the test is skipped, not failed."""


class Fault(Exception):
    """A part does not start or does not answer; the text says which and shows its log."""


def program(*names):
    """The first of these programs; /usr/sbin counts also for those who are not root."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
    for name in names:
        found = shutil.which(name, path=path)
        if found:
            return found
    raise Missing(f"{names[0]} is not installed (packaging/install-packages quickstart homeserver)")


def free_ports(count):
    """Ports of 127.0.0.1 that nobody has at this moment, all different. Below those that the kernel gives away by itself: a connection that somebody opens between this and
    the server's start would take one of them."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        given = int(file.read().split()[0])
    found = []
    below = range(max(given - 12000, 1025), given)
    for port in random.sample(below, min(len(below), 1000)):
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise Fault("no free port")


def wait_for(what, seconds=20, pause=0.05):
    """Calls what() until it returns something true, which is returned; None when the time is over."""
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        if time.monotonic() > end:
            return None
        time.sleep(pause)


def shipped(path, replaced):
    """A file of packaging/ as it is shipped, with these texts replaced. Each must be there: an example that was renamed is noticed."""
    with open(os.path.join(ROOT, "packaging", path), encoding="utf-8") as file:
        text = file.read()
    for old, new in replaced:
        if old not in text:
            raise Fault(f"packaging/{path} does not hold {old!r}")
        text = text.replace(old, new)
    return text


class Folder:
    """A private folder that goes away at the end."""

    def __init__(self, prefix="lk-sso-", keep=None):
        self.path = keep or tempfile.mkdtemp(prefix=prefix)
        self.kept = keep is not None

    def __call__(self, *names):
        return os.path.join(self.path, *names)

    def make(self, name, mode=0o700):
        os.makedirs(self(name), exist_ok=True)
        os.chmod(self(name), mode)
        return self(name)

    def write(self, name, text, mode=0o600):
        data = text if isinstance(text, bytes) else text.encode()
        fd = os.open(self(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        os.chmod(self(name), mode)
        return self(name)

    def read(self, name):
        with open(self(name), encoding="utf-8", errors="replace") as file:
            return file.read()

    def remove(self):
        if not self.kept:
            shutil.rmtree(self.path, ignore_errors=True)


class Process:
    """One program in the foreground, its output in a log file."""

    def __init__(self, name, words, log, env=None, cwd=None):
        self.name, self.log = name, log
        with open(log, "ab") as file:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=cwd,
                                            env={**os.environ, **(env or {})})
        self.pid = self.process.pid

    def said(self, most=4000):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()[-most:]

    def running(self):
        return self.process.poll() is None

    def ready(self, test, seconds=30):
        """Waits until test() is true. A process that ends meanwhile, or takes too long, is a fault."""
        def answer():
            if not self.running():
                raise Fault(f"{self.name} ended with status {self.process.returncode}:\n{self.said()}")
            return test()
        if not wait_for(answer, seconds):
            self.stop()
            raise Fault(f"{self.name} did not answer within {seconds} s:\n{self.said()}")
        return self

    def stop(self, seconds=15, how=signal.SIGTERM):
        if self.running():
            self.process.send_signal(how)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        return self.process.returncode


class Listener:
    """An HTTPS server on loopback in a thread of this process."""

    def __init__(self, port, handler, pem, key):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, key)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


def run(words, **options):
    """A program that must succeed; its output."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode != 0:
        raise Fault(f"{' '.join(words)}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def listens(port):
    """Does somebody accept there?"""
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False
