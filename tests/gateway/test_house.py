#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""latchkey-sso with its real processes, and no broker: the house stands, is asked to read again and to leave, and falls as a whole."""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import unittest

from frames import BUILD, Folder, sanitized
from test_launcher import USERS, alive, free_ports, until

CONFIG = """[organisation]
name = example
gateway_host = key.example.org
[paths]
state = {0}/state
run = {0}/run
[models]
tables =
[gateway]
keys = {0}/keys
listen = {0}/http/http
metrics = 127.0.0.1:{1}
password = none
workers = 3
[client synapse]
redirect_uri = https://chat.example.org/callback
secret_file = {0}/secret
serves = everybody
"""
ALL = {"latchkey-sso-issuer": 1, "latchkey-sso-web": 1, "latchkey-sso-worker": 3, "latchkey-sso-notify": 1}


class ByPath(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("key.example.org", timeout=5)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(5)
        self.sock.connect(self.path)


class House(unittest.TestCase):
    def setUp(self):
        self.folder, [self.port] = Folder(), free_ports(1)
        self.folder.write("secret", "a-secret-that-is-long-enough-for-a-client", 0o600)
        os.mkdir(self.folder("keys"), 0o700)
        self.folder.write("latchkey.conf", CONFIG.format(self.folder.path, self.port))
        with open(self.folder("log"), "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([os.path.join(BUILD, "bin/latchkey-sso"), "--config", self.folder("latchkey.conf"), "--test"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(lambda: self.count() == ALL)
        until(self.serves)

    def tearDown(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.folder.remove()

    def children(self):
        """{pid: program}"""
        found = {}
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="utf-8") as file:
            for pid in file.read().split():
                try:
                    with open(f"/proc/{pid}/cmdline", "rb") as line:
                        found[int(pid)] = os.path.basename(line.read().split(b"\0")[0].decode())
                except (FileNotFoundError, ProcessLookupError):
                    pass
        return found

    def pids(self, name):
        return {pid for pid, program in self.children().items() if program == name}

    def count(self):
        programs = list(self.children().values())
        return {name: programs.count(name) for name in set(programs)}

    def serves(self):
        connection = ByPath(self.folder("http/http"))
        try:
            connection.request("GET", "/.well-known/openid-configuration")
            answer = connection.getresponse()
            return answer.status == 200 and json.loads(answer.read())["issuer"] == "https://key.example.org"
        except OSError:
            return False
        finally:
            connection.close()

    def test_it_stands(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        self.assertIn(b"latchkey_sso_", answer.read())
        connection.close()

    def test_read_again(self):
        before = self.pids("latchkey-sso-worker")
        others = {name: self.pids(name) for name in ("latchkey-sso-issuer", "latchkey-sso-web")}
        self.process.send_signal(signal.SIGHUP)
        until(lambda: self.count() == ALL and not before & self.pids("latchkey-sso-worker"))
        self.assertEqual({name: self.pids(name) for name in others}, others)
        self.assertTrue(self.serves())

    def test_a_worker_is_replaced(self):
        worker = min(self.pids("latchkey-sso-worker"))
        os.kill(worker, signal.SIGKILL)
        until(lambda: self.count() == ALL and worker not in self.children())

    def test_leave(self):
        pids = self.children()
        self.process.terminate()
        self.assertEqual(self.process.wait(15), 0)
        for pid in pids:
            self.assertFalse(alive(pid))

    def test_one_falls(self):
        pids = self.children()
        os.kill(min(self.pids("latchkey-sso-issuer")), signal.SIGKILL)
        self.assertEqual(self.process.wait(15), 1)
        for pid in pids:
            self.assertFalse(alive(pid))


@unittest.skipUnless(os.geteuid() == 0, "needs root, for other users")
class Apart(unittest.TestCase):
    """As root: each process its own user, in a mount namespace with accounts of its own."""

    def setUp(self):
        self.folder = Folder()
        self.addCleanup(self.folder.remove)
        os.chmod(self.folder.path, 0o755)
        if subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0:
            self.skipTest("no mount namespaces here")
        for name in ("keys", "bin"):
            os.mkdir(self.folder(name), 0o755)
        for name in os.listdir(os.path.join(BUILD, "bin")):
            if name.startswith("latchkey-sso"):
                shutil.copy(os.path.join(BUILD, "bin", name), self.folder("bin", name))
        issuer = USERS["latchkey-sso-issuer"][1]
        os.chown(self.folder("keys"), issuer, issuer)
        os.chmod(self.folder("keys"), 0o700)
        os.chown(self.folder.write("secret", "a-secret-that-is-long-enough-for-a-client", 0o600), issuer, issuer)
        self.folder.write("latchkey.conf", CONFIG.format(self.folder.path, free_ports(1)[0]))
        self.before = ("unshare", "--mount", "--propagation", "private", "sh", "-c", f'mount --bind {self.accounts("passwd")} /etc/passwd && '
                       f'mount --bind {self.accounts("group")} /etc/group && exec "$@"', "sh")

    def accounts(self, which):
        with open("/etc/" + which, encoding="utf-8") as file:
            text = "".join(line for line in file if line.split(":")[0] not in {name for name, _ in USERS.values()})
        rest = ":/nonexistent:/usr/sbin/nologin" if which == "passwd" else ""
        return self.folder.write(which, text + "".join(f"{name}:x:{number}:{str(number) + ':' if rest else ''}{rest}\n" for name, number in USERS.values()))

    def status(self, program):
        """(root, uids, sets of capabilities) of the process of that program below the launcher."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="utf-8") as file:
            for pid in file.read().split():
                with open(f"/proc/{pid}/status", encoding="utf-8") as lines:
                    values = dict(line.rstrip("\n").split(":\t", 1) for line in lines if ":\t" in line)
                with open(f"/proc/{pid}/cmdline", "rb") as line:
                    if os.path.basename(line.read().split(b"\0")[0].decode()) == program:
                        return os.readlink(f"/proc/{pid}/root"), set(values["Uid"].split()), {values[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")}
        return None

    def test_the_web_process_has_an_empty_root(self):
        if sanitized("latchkey-sso-web"):
            self.skipTest("the leak checker reads /proc at the end")
        with open(self.folder("log"), "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([*self.before, self.folder("bin/latchkey-sso"), "--config", self.folder("latchkey.conf")],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.terminate)
        until(lambda: House.serves(self))
        none = {"0" * 16}
        for program, (_, number) in USERS.items():
            root = self.folder("run/sso") if program.endswith("web") else "/"
            self.assertEqual(self.status(program), (root, {str(number)}, none), program)


if __name__ == "__main__":
    unittest.main()
