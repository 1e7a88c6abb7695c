# SPDX-License-Identifier: EUPL-1.2
"""Frames as docs/PROTOCOL.md section 5 has them, written a second time: what the processes accept is compared with the text, not with their own code."""
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time

BUILD = os.environ["LK_BUILD_DIR"]
SOURCE = os.environ["LK_SOURCE_DIR"]
HELLO, VERDICT, PROVE, ATTEMPT, ATTEMPTED, DELIVER, DELIVERED = 1, 21, 144, 176, 177, 180, 181
WORKER_SOCKET, SSO_WORKER, SSO_NOTIFY = 4, 9, 10


def sanitized(name):
    """Whether this program of the build has AddressSanitizer in it."""
    with open(os.path.join(BUILD, "bin", name), "rb") as file:
        return b"__asan_init" in file.read()


class Gone(Exception):
    """The other end closed."""


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack(">H", len(data)) + data


def frame(kind, request, payload=b""):
    return struct.pack(">IHI", 6 + len(payload), kind, request) + payload


def hello(role, lowest=1, highest=1):
    return frame(HELLO, 0, struct.pack(">HHB", lowest, highest, role))


class Peer:
    """One end of a link."""

    def __init__(self, end):
        self.end, self.bytes = end, b""

    def send(self, data):
        self.end.sendall(data)

    def _need(self, count, end):
        while len(self.bytes) < count:
            self.end.settimeout(max(0.01, end - time.monotonic()))
            try:
                more = self.end.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                raise Gone
            self.bytes += more

    def receive(self, seconds=10):
        """(type, request, payload)"""
        end = time.monotonic() + seconds
        self._need(4, end)
        size = struct.unpack(">I", self.bytes[:4])[0]
        self._need(4 + size, end)
        kind, request = struct.unpack(">HI", self.bytes[4:10])
        payload, self.bytes = self.bytes[10:4 + size], self.bytes[4 + size:]
        return kind, request, payload

    def greet(self, role):
        self.send(hello(role))
        kind, request, payload = self.receive()
        assert (kind, request, payload[4]) == (HELLO, 0, role), (kind, request, payload)

    def closed(self, seconds=5):
        """True if the other end closes and says nothing more."""
        try:
            self.receive(seconds)
        except Gone:
            return True
        except (socket.timeout, TimeoutError):
            return False
        return False


class Reader:
    """The fields of a payload."""

    def __init__(self, data):
        self.data = data

    def number(self, size):
        value, self.data = int.from_bytes(self.data[:size], "big"), self.data[size:]
        return value

    def string(self):
        size = self.number(2)
        value, self.data = self.data[:size], self.data[size:]
        return value.decode()

    def end(self):
        assert self.data == b"", self.data


class Folder:
    """A private folder that only its owner enters; gone afterwards."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="lk-gateway-")

    def __call__(self, *names):
        return os.path.join(self.path, *names)

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self(name)), exist_ok=True)
        with open(self(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self(name), mode)
        return self(name)

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Program:
    """A program of ours with descriptors handed over; its standard error lies in a file."""

    def __init__(self, folder, name, *arguments, descriptors=(), environment=None, wrapper=()):
        self.log = folder(name + ".log")
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([*wrapper, os.path.join(BUILD, "bin", name), *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            pass_fds=descriptors, env=environment if environment is not None else {**os.environ})

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def wait(self, seconds=10):
        return self.process.wait(seconds)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
