#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The launcher as a process: what it refuses, what it opens, and that no half of the house goes on alone."""
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

BUILD = os.environ["LK_BUILD_DIR"]
PROGRAM = os.path.join(BUILD, "bin", "latchkeyd")
CONFIG = """[organisation]
name = example
[models]
tables =
[paths]
state = {0}/state
run = {0}/run
operators = {0}/operators
"""
failed = []


def check(what, good, detail=""):
    print(("ok      " if good else "FAILED  ") + what + (f": {detail}" if detail and not good else ""))
    if not good:
        failed.append(what)


def run(*arguments, timeout=20):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=timeout)
    return done.returncode, done.stdout + done.stderr


class House:
    def __init__(self, text=CONFIG):
        self.folder = tempfile.mkdtemp(prefix="lk-launcher-")
        os.chmod(self.folder, 0o755)
        self.config = os.path.join(self.folder, "latchkey.conf")
        self.opener = os.path.join(self.folder, "opener")
        os.mkdir(os.path.join(self.folder, "keys"))
        with open(self.config, "w", encoding="ascii") as file:
            file.write(text.format(self.folder))
        with open(self.opener, "w", encoding="ascii") as file:
            file.write(f'#!/bin/sh\nexec {BUILD}/tests/latchkey-test-opener --keys {self.folder}/keys "$@"\n')
        os.chmod(self.opener, 0o755)
        self.log = os.path.join(self.folder, "log")

    def start(self, *more):
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "--config", self.config, "--foreground", "--test", "--opener", self.opener, *more],
                stdout=log, stderr=log)
        return self.wait_for("ready:")

    def said(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    def wait_for(self, text):
        for _ in range(200):
            if text in self.said():
                return True
            time.sleep(0.05)
        return False

    def children(self):
        """Of the launcher and below, by pid, as the kernel knows them."""
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            try:
                with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                    more = [int(word) for word in file.read().split()]
            except (FileNotFoundError, ProcessLookupError):
                more = []
            found += more
            todo += more
        return found

    def path(self, name):
        return os.path.join(self.folder, name)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
        return self.process.returncode

    def remove(self):
        shutil.rmtree(self.folder)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone(pids):
    for _ in range(100):
        if not any(alive(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def says_hello(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(path)
        client.sendall(bytes.fromhex("0000000b" "0001" "00000000" "0001" "0001" "01"))
        return client.recv(64)[4:6] == b"\x00\x01"


def command_line():
    house = House()
    for arguments in (["--nonsense"], ["--config", "latchkey.conf"], ["--config", house.config, "extra"],
                      ["--config", house.config, "--opener", house.opener], ["--no-sandbox"],
                      ["--config", house.config, "--broker", "host=1"], ["--config", house.config, "--broker", "door=5"]):
        status, _ = run(*arguments)
        check(f"refused: {' '.join(arguments[-2:])[-40:]}", status == 2, f"status {status}")
    if os.geteuid() == 0:
        status, said = run("--config", house.config, "--foreground", "--opener", house.opener)
        check("--opener is refused for root without --test", status == 2 and "--test" in said, said)
    house.remove()


def bad_configuration():
    for name, text, mode, wanted in (
            ("an unknown option", CONFIG + "[policy]\nnouserok = yes\n", 0o644, ":10:"),
            ("a bad value", CONFIG + "[policy]\nceremony_seconds = 0\n", 0o644, ":10:"),
            ("a file others can write", CONFIG, 0o666, "latchkey.conf")):
        house = House(text)
        os.chmod(house.config, mode)
        status, said = run("--config", house.config, "--foreground", "--test", "--opener", house.opener)
        check(f"{name} ends it before anything starts",
              status == 2 and wanted in said and not os.path.exists(house.path("run")), f"{status} {said}")
        house.remove()


def sockets_and_lock():
    house = House()
    check("it starts", house.start(), house.said())
    modes = [stat.S_IMODE(os.stat(house.path("run/" + name)).st_mode) for name in ("host", "desk", "gateway", "worker")]
    check("modes of the sockets", modes == [0o666, 0o660, 0o660, 0o660], str([oct(mode) for mode in modes]))
    check("mode of their folder", stat.S_IMODE(os.stat(house.path("run")).st_mode) == 0o755)
    status, said = run("--config", house.config, "--foreground", "--test", "--opener", house.opener)
    check("a second one on the same folder is refused", status == 1 and "another latchkeyd" in said, said)
    check("and the first still answers", says_hello(house.path("run/host")))
    check("SIGTERM: status 0", house.end() == 0, house.said())
    house.remove()


def one_dies_all_die():
    house = House()
    for which in ("launcher", "broker", "names", "device"):
        check(f"it starts before its {which} is killed", house.start(), house.said())
        children = house.children()
        names = {}
        for pid in children:
            with open(f"/proc/{pid}/cmdline", encoding="ascii") as file:
                words = file.read().split("\0")
            names["broker" if "--broker" in words else "names" if words[0].endswith("-names") else
                  "device" if "--keys" in words else f"talker {pid}"] = pid
        names["launcher"] = house.process.pid
        os.kill(names[which], signal.SIGKILL)
        try:
            house.process.wait(10)
        except subprocess.TimeoutExpired:
            pass
        check(f"{which} killed: the launcher is gone", house.process.poll() is not None)
        check(f"{which} killed: its children are gone", gone(children), str([pid for pid in children if alive(pid)]))
        if which != "launcher":
            check(f"{which} killed: status 1", house.process.returncode == 1, str(house.process.returncode))
    check("and it starts again", house.start() and says_hello(house.path("run/host")), house.said())
    house.end()
    house.remove()


def reload():
    house = House()
    house.start()
    with open(house.config, "a", encoding="ascii") as file:
        file.write("[policy]\nceremony_seconds = 0\n")
    house.process.send_signal(signal.SIGHUP)
    check("SIGHUP with a broken file: told, and it goes on",
          house.wait_for("reload refused") and says_hello(house.path("run/host")), house.said())
    check("SIGTERM after that: status 0", house.end() == 0)
    house.remove()


def passed_sockets():
    """Socket activation: sockets that somebody else opened, by name; the launcher opens none."""
    house = House()
    os.mkdir(house.path("sockets"))
    server = socket.socket(socket.AF_UNIX)
    server.bind(house.path("sockets/host"))
    server.listen(16)
    script = ('import os, sys, fcntl\n'
              'fd = int(sys.argv[1])\n'
              'os.dup2(fd, 3)\n'
              'os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES=sys.argv[2])\n'
              'os.execv(sys.argv[3], sys.argv[3:])\n')
    arguments = [PROGRAM, "--config", house.config, "--foreground", "--test", "--opener", house.opener]
    with open(house.log, "w", encoding="utf-8") as log:
        house.process = subprocess.Popen([sys.executable, "-c", script, str(server.fileno()), "host", *arguments],
                                         pass_fds=[server.fileno()], stdout=log, stderr=log)
    check("a passed socket is served", house.wait_for("ready:") and says_hello(house.path("sockets/host")), house.said())
    check("and none is opened", not os.path.exists(house.path("run/host")))
    house.end()
    done = subprocess.run([sys.executable, "-c", script, str(server.fileno()), "door", *arguments],
                          pass_fds=[server.fileno()], capture_output=True, text=True, timeout=20)
    check("a socket of an unknown name is refused", done.returncode == 1 and "door" in done.stderr, done.stderr)
    server.close()
    house.remove()


def self_test():
    house = House()
    status, said = run("--config", house.config, "--self-test")
    check("self-test of a fresh installation", status == 0 and said.count(" ok") == 5, said)
    check("self-test leaves nothing behind", not os.path.exists(house.path("state")))
    os.mkdir(house.path("state"), 0o700)
    with open(house.path("state/store.sqlite3"), "wb") as file:
        file.write(b"this is no database" * 20)
    os.chmod(house.path("state/store.sqlite3"), 0o600)
    status, said = run("--config", house.config, "--self-test")
    check("self-test finds a store that is none", status == 1 and "store      FAILED" in said, said)
    with open(house.path("operators"), "wb") as file:
        file.write(b"\x80")
    os.chmod(house.path("operators"), 0o644)
    status, said = run("--config", house.config, "--self-test")
    check("self-test finds a broken operator chain", status == 1 and "operators  FAILED" in said, said)
    house.remove()


for part in (command_line, bad_configuration, sockets_and_lock, one_dies_all_die, reload, passed_sockets, self_test):
    part()
print(f"{len(failed)} failed")
sys.exit(1 if failed else 0)
