# SPDX-License-Identifier: EUPL-1.2
"""A private organisation with launcher, broker, names, device process and software keys, for tests that end processes. Also reads the store as
mere data, without a line of the project's own code: what stands in it is judged independently."""
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "hosts"))
from softkey import Key, plug_only  # noqa: E402

PIN = "123456"
AGENT = "alice"
CONFIG = """[organisation]
name = kill.example
[paths]
state = {0}/state
run = {0}/run
operators = {0}/operators
[models]
tables =
[policy]
ceremony_seconds = 5
attempts_per_minute = 6000
local_services = kill
pin_services = kill
"""


class House:
    def __init__(self, build):
        self.build = build
        self.folder = tempfile.mkdtemp(prefix="lk-kill-")
        os.chmod(self.folder, 0o755)
        for name in ("keys", "run", "pam.d"):
            os.mkdir(self.path(name), 0o755)
        os.mkdir(self.path("state"), 0o700)
        self.agent = AGENT if os.getuid() == 0 else subprocess.check_output(["id", "-un"], text=True).strip()
        self.write("latchkey.conf", CONFIG.format(self.folder), 0o644)
        self.write("pam.d/kill", f"auth required {build}/security/pam_latchkey.so socket={self.folder}/run/host\n"
                                 "account required pam_permit.so\n", 0o644)
        self.write("pin", PIN + "\n", 0o600)
        self.write("opener", f'#!/bin/sh\nexec {build}/tests/latchkey-test-opener --keys {self.folder}/keys "$@"\n', 0o755)
        self.launcher = None
        self.starts = 0
        self.operator = Key(build, "operator", self.path("keys"), self.folder, "--pin", PIN)
        self.key = Key(build, "agent", self.path("keys"), self.folder, "--pin", PIN)
        # Another one for enrolments: the agent's key then counts logins and nothing else.
        self.fresh = Key(build, "fresh", self.path("keys"), self.folder, "--pin", PIN)
        self.keys = (self.operator, self.key, self.fresh)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    # ---- processes ----

    def start(self, forgive=True):
        """forgive: whoever was served when the broker was killed three times within a minute has to wait a minute (broker/crash_guard.h). That is right,
        and would make this test an hour long."""
        if forgive and os.path.exists(self.path("state/serving")):
            os.unlink(self.path("state/serving"))
        self.starts += 1
        log = self.path(f"log.{self.starts}")
        with open(log, "w", encoding="utf-8") as file:
            self.launcher = subprocess.Popen(
                [f"{self.build}/bin/latchkeyd", "--foreground", "--test", "--config", self.path("latchkey.conf"), "--opener",
                 self.path("opener")], stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        for _ in range(3000):
            with open(log, encoding="utf-8") as file:
                said = file.read()
            if "ready:" in said:
                return
            if self.launcher.poll() is not None:
                break
            time.sleep(0.005)
        raise RuntimeError("latchkeyd does not start again: " + said)

    def stop(self):
        if self.launcher is not None and self.launcher.poll() is None:
            self.launcher.terminate()
            return self.launcher.wait(15)
        return None

    def processes(self):
        """Process ids by name: launcher, broker, names, opener, talker."""
        found = {"launcher": [self.launcher.pid], "broker": [], "names": [], "opener": [], "talker": []}
        for child in children(self.launcher.pid):
            try:
                with open(f"/proc/{child}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            kind = "broker" if b"--broker" in words else "names" if b"latchkey-names" in words[0] else "opener"
            found[kind].append(child)
            # Also one that is not yet what it is going to be.
            if kind == "opener":
                found["talker"] += children(child)
        return found

    def wait_gone(self, pids):
        """Nothing of the old house may go on alone."""
        for _ in range(1000):
            if not any(alive(pid) for pid in pids):
                return True
            time.sleep(0.005)
        return False

    # ---- what people do; each starts a process and does not wait ----

    def begin(self, words):
        return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                env={**os.environ, "LC_ALL": "C"})

    def begin_login(self):
        return self.begin([f"{self.build}/bin/latchkey-pam-try", "--confdir", self.path("pam.d"), "--user", self.agent, "--auth-only",
                           "--pin-file", self.path("pin"), "kill"])

    def begin_desk(self, *words):
        return self.begin([f"{self.build}/bin/latchkey", "--socket", self.path("run/desk"), "--config", self.path("latchkey.conf"),
                           "--state", self.path("desk"), "--yes", "--pin-file", self.path("pin"), *words])

    def desk(self, *words):
        process = self.begin_desk(*words)
        said, _ = process.communicate(timeout=60)
        if process.returncode != 0:
            raise RuntimeError(f"latchkey {' '.join(words)}: status {process.returncode}\n{said}")
        return said

    def plugged(self, *keys):
        plug_only(self.keys, *keys)

    # ---- what lies on the disk ----

    def store(self):
        """The rows. Of a living house through a reader of its own; of a dead one from a copy of the files, so that looking changes nothing."""
        path = self.path("state/store.sqlite3")
        if self.launcher.poll() is None:
            return Store(f"file:{path}?mode=ro", self.agent)
        with tempfile.TemporaryDirectory(prefix="lk-kill-store-") as copy:
            for name in ("store.sqlite3", "store.sqlite3-wal"):
                if os.path.exists(self.path("state/" + name)):
                    shutil.copy(self.path("state/" + name), copy)
            return Store(f"file:{copy}/store.sqlite3", self.agent)

    def mark(self):
        """(number, hash) of docs/PROTOCOL.md 4.14; (0, zeros) before the first one."""
        if not os.path.exists(self.path("state/mark")):
            return 0, bytes(32)
        with open(self.path("state/mark"), "rb") as file:
            data = file.read()
        begin = b"\x86\x6flatchkey mark 1"
        if not data.startswith(begin):
            raise RuntimeError("the mark is no mark: " + data.hex())
        number, rest = head(data[len(begin):])
        if rest[:2] != b"\x58\x20":
            raise RuntimeError("the mark is no mark: " + data.hex())
        return number, rest[2:34]

    def remove(self):
        self.stop()
        for key in self.keys:
            key.stop()
        shutil.rmtree(self.folder)


class Store:
    def __init__(self, path, agent):
        rows = sqlite3.connect(path, uri=True, timeout=10, isolation_level=None)
        try:
            rows.execute("BEGIN")
            self.sound = rows.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            self.register = dict(rows.execute("SELECT number, hash FROM register"))
            self.statements = rows.execute("SELECT entry, state, activation FROM statement WHERE newest = 1").fetchall()
            self.attested = {row[0] for row in rows.execute("SELECT statement FROM attestation")}
            self.endorsed = {row[0] for row in rows.execute("SELECT DISTINCT statement FROM statement_endorsement")}
            self.agents = dict(rows.execute("SELECT agent.name, state FROM statement JOIN agent ON agent = agent.id WHERE newest = 1"))
            self.uses, self.counter = rows.execute(
                "SELECT coalesce(sum(uses), 0), coalesce(max(counter), 0) FROM usage JOIN statement ON entry = usage.statement "
                "JOIN agent ON agent = agent.id WHERE agent.name = ?", (agent,)).fetchone()
            self.logged = rows.execute("SELECT count(*) FROM log_name WHERE name = ?", (agent,)).fetchone()[0]
        finally:
            rows.close()


def head(data):
    """A CBOR unsigned integer (RFC 8949 section 3): its value, and what follows."""
    first = data[0]
    if first < 24:
        return first, data[1:]
    size = 1 << (first - 24)
    return int.from_bytes(data[1:1 + size], "big"), data[1 + size:]


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
