#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""latchkey-sso, the launcher: what it starts, with which descriptors and rights, and that half a house never goes on alone. The other processes are neighbour.py under their names."""
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import unittest

from frames import BUILD, SOURCE, Folder

sys.path.insert(0, os.path.join(SOURCE, "tests", "sso"))
from parts import free_ports  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
PROCESSES = ("latchkey-sso-issuer", "latchkey-sso-web", "latchkey-sso-worker", "latchkey-sso-notify")
USERS = {"latchkey-sso-issuer": ("latchkey-sso", 61001), "latchkey-sso-web": ("latchkey-web", 61002),
         "latchkey-sso-worker": ("latchkey-pam", 61003), "latchkey-sso-notify": ("latchkey-notify", 61004)}
# One that other users may run, too.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else os.path.realpath(sys.executable)
SHADOW, PROXY = 61042, 61033
CONFIG = "[organisation]\nname = example\ngateway_host = {host}\n[paths]\nrun = {folder}/run\n[gateway]\nkeys = {folder}/keys\nlisten = {listen}\n{more}"


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        # The latter when it goes between being opened and being read.
        return False


def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"nothing happened for {seconds} seconds")


class Launcher:
    """The program in a folder of its own, beside its neighbours."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        os.chmod(folder.path, 0o755)
        os.mkdir(folder("bin"))
        shutil.copy(os.path.join(BUILD, "bin/latchkey-sso"), folder("bin/latchkey-sso"))
        with open(os.path.join(HERE, "neighbour.py"), encoding="utf-8") as file:
            text = f"#!{PYTHON} -ESB\n" + file.read()
        for name in PROCESSES:
            folder.write("bin/" + name, text, 0o755)
        folder.write("notes", "", 0o666)
        self.config()

    def config(self, host="key.example.org", listen=None, more=""):
        self.folder.write("latchkey.conf", CONFIG.format(folder=self.folder.path, host=host, listen=listen or self.folder("http/http"), more=more))

    def manner(self, name, text):
        self.folder.write("manner-latchkey-sso-" + name, text)

    def start(self, *arguments, before=(), environment=None):
        with open(self.folder("log"), "a", encoding="utf-8") as log:
            process = subprocess.Popen([*before, self.folder("bin/latchkey-sso"), "--config", self.folder("latchkey.conf"), *arguments],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        self.processes.append(process)
        return process

    def run(self, *arguments):
        """(status, what it said) of a start that fails."""
        process = self.start(*arguments)
        return process.wait(20), self.said()

    def said(self):
        with open(self.folder("log"), encoding="utf-8") as log:
            return log.read()

    def notes(self, name=None, told=None):
        with open(self.folder("notes"), encoding="utf-8") as file:
            notes = [json.loads(line) for line in file if line.endswith("\n")]
        return [note for note in notes if name in (None, note["name"][13:]) and told in (None, note["told"])]

    def started(self, name, count=1):
        return until(lambda: self.notes(name, "start")[count - 1:count])[0]

    def up(self, *arguments, **words):
        process = self.start("--test", *arguments, **words)
        self.started("issuer")
        self.started("web")
        return process

    def connect(self, name):
        end = socket.socket(socket.AF_UNIX)
        end.settimeout(10)
        end.connect(self.folder("run/sso", name))
        return end

    def stop(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = Folder()
        self.house = Launcher(self.folder)

    def tearDown(self):
        self.house.stop()
        self.folder.remove()

    def nobody_left(self):
        for note in self.house.notes(told="start"):
            until(lambda note=note: not alive(note["pid"]))


class Starts(Case):
    def option(self, note, name):
        arguments = note["arguments"]
        return arguments[arguments.index(name) + 1]

    def test_what_each_is_given(self):
        [port] = free_ports(1)
        self.house.config(more=f"metrics = 127.0.0.1:{port}\n")
        launcher = self.house.up("--confdir", self.folder("pam.d"))
        issuer, web = self.house.started("issuer"), self.house.started("web")
        self.assertEqual(issuer["arguments"][:3], ["--config", self.folder("latchkey.conf"), "--test"])
        self.assertEqual(issuer["descriptors"], {self.option(issuer, "--web"): [True, self.folder("run/sso/web")]})
        self.assertEqual(web["descriptors"], {self.option(web, "--listen"): [True, self.folder("http/http")],
                                              self.option(web, "--metrics"): [True, ["127.0.0.1", port]]})
        for note in issuer, web:
            self.assertEqual((note["parent"], note["death"], note["blocked"]), (launcher.pid, signal.SIGKILL, 0))
            self.assertNotIn("--confdir", note["arguments"])

    def test_without_metrics_and_by_tcp(self):
        for address, family in (("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")):
            [port] = free_ports(1)
            self.house.config(listen=f"{family}:{port}")
            launcher = self.house.up()
            web = self.house.notes("web", "start")[-1]
            self.assertNotIn("--metrics", web["arguments"])
            self.assertEqual([list(value[1])[:2] for value in web["descriptors"].values()], [[address, port]])
            launcher.terminate()
            self.assertEqual(launcher.wait(10), 0)
            self.folder.write("notes", "", 0o666)

    def test_a_connection_is_a_process(self):
        launcher = self.house.up("--confdir", self.folder("pam.d"))
        for name, confdir in (("worker", True), ("notify", False)):
            with self.house.connect(name) as first, self.house.connect(name) as second:
                first.sendall(b"who")
                one = int(first.recv(100))
                second.sendall(b"who")
                self.assertNotEqual(one, int(second.recv(100)))
                note = self.house.started(name, 2)
                self.assertEqual(list(note["descriptors"]), [self.option(note, "--issuer")])
                self.assertEqual((note["parent"], note["death"], "--confdir" in note["arguments"]), (launcher.pid, signal.SIGKILL, confdir))
            until(lambda one=one: not alive(one))
        self.assertIsNone(launcher.poll())
        self.assertEqual(self.house.said(), "")

    def test_a_worker_that_crashes_ends_alone(self):
        launcher = self.house.up()
        with self.house.connect("worker") as end:
            end.sendall(b"crash")
            self.assertEqual(end.recv(100), b"")
        until(lambda: "latchkey-sso-worker was ended by signal 11" in self.house.said())
        with self.house.connect("worker") as end:
            end.sendall(b"who")
            self.assertTrue(end.recv(100))
        self.assertIsNone(launcher.poll())

    def test_one_that_fails_at_once(self):
        """The issuer asks again at once; the journal and the processor do not pay for it."""
        self.house.manner("worker", "end 2")
        launcher = self.house.up()
        end = time.monotonic() + 3
        while time.monotonic() < end:
            with self.house.connect("worker") as connection:
                self.assertEqual(connection.recv(100), b"")
        # Half a second between two; without the pause there are hundreds. A busy machine makes fewer.
        self.assertTrue(1 <= len(self.house.notes("worker", "start")) <= 30)
        self.house.manner("worker", "")
        with self.house.connect("worker") as connection:
            connection.sendall(b"who")
            self.assertTrue(connection.recv(100))
        self.assertIsNone(launcher.poll())

    def test_sockets(self):
        os.makedirs(self.folder("run/sso"), 0o755)
        # A left-over of a launcher that was killed.
        with socket.socket(socket.AF_UNIX) as old:
            old.bind(self.folder("run/sso/worker"))
        self.house.up()
        for name in ("web", "worker", "notify"):
            status = os.stat(self.folder("run/sso", name))
            self.assertEqual((stat.S_IMODE(status.st_mode), status.st_uid), (0o600, os.geteuid()))
        self.assertEqual(stat.S_IMODE(os.stat(self.folder("http/http")).st_mode) & 0o007, 0)
        self.assertEqual(stat.S_IMODE(os.stat(self.folder("run/sso")).st_mode), 0o755)

    def test_one_house_one_launcher(self):
        launcher = self.house.up()
        status, said = self.house.run("--test")
        self.assertEqual(status, 1)
        self.assertIn("another latchkey-sso serves it", said)
        self.assertIsNone(launcher.poll())
        with self.house.connect("worker") as end:
            end.sendall(b"who")
            self.assertTrue(end.recv(100))

    def test_a_folder_that_others_can_write(self):
        os.makedirs(self.folder("run/sso"))
        os.chmod(self.folder("run/sso"), 0o777)
        self.assertEqual(self.house.run("--test")[0], 1)
        self.assertEqual(self.house.notes(), [])


class Ends(Case):
    def test_when_one_ends_all_end(self):
        for name in ("issuer", "web"):
            launcher = self.house.up()
            with self.house.connect("worker") as end:
                end.sendall(b"who")
                end.recv(100)
                os.kill(self.house.notes(name, "start")[-1]["pid"], signal.SIGKILL)
                self.assertEqual(launcher.wait(10), 1)
                self.assertEqual(end.recv(100), b"")
            self.nobody_left()
            self.assertIn(f"latchkey-sso-{name} was ended by signal 9", self.house.said())
            self.folder.write("notes", "", 0o666)

    def test_status_of_a_bad_configuration(self):
        for name, manner, status in (("issuer", "end 2", 2), ("web", "end 2", 2), ("web", "end 0", 1), ("issuer", "end 7", 1)):
            self.house.manner(name, manner)
            self.assertEqual(self.house.run("--test")[0], status)
            self.house.manner(name, "")
            self.nobody_left()

    def test_the_launcher_is_killed(self):
        launcher = self.house.up()
        with self.house.connect("worker") as end, self.house.connect("notify") as other:
            for each in end, other:
                each.sendall(b"who")
                each.recv(100)
            launcher.kill()
            launcher.wait()
            self.assertEqual(len(self.house.notes(told="start")), 4)
            self.nobody_left()

    def test_leaving_in_order(self):
        launcher = self.house.up()
        with self.house.connect("worker") as end:
            end.sendall(b"who")
            end.recv(100)
            launcher.terminate()
            self.assertEqual(launcher.wait(10), 0)
        self.assertEqual([note["name"] for note in self.house.notes(told="leave")], ["latchkey-sso-web", "latchkey-sso-issuer"])
        self.nobody_left()

    def test_one_that_does_not_leave(self):
        self.house.manner("web", "stay")
        launcher = self.house.up()
        start = time.monotonic()
        launcher.send_signal(signal.SIGINT)
        self.assertEqual(launcher.wait(20), 0)
        self.assertGreater(time.monotonic() - start, 9)
        self.nobody_left()

    def test_hangup_goes_to_all(self):
        launcher = self.house.up()
        with self.house.connect("worker") as end, self.house.connect("notify") as other:
            for each in end, other:
                each.sendall(b"who")
                each.recv(100)
            launcher.send_signal(signal.SIGHUP)
            until(lambda: {note["name"] for note in self.house.notes(told="hangup")} == set(PROCESSES))
        self.assertIsNone(launcher.poll())

    @unittest.skipUnless(os.geteuid() == 0, "needs root, who may write anywhere")
    def test_a_test_in_the_places_of_a_gateway_in_use(self):
        """Somebody takes --test for a check of the configuration: nothing is written where the defaults point."""
        self.folder.write("latchkey.conf", "[organisation]\nname = example\ngateway_host = key.example.org\n")
        alone = ["unshare", "--mount", "sh", "-ec", 'mount -nt tmpfs none /var/lib; mount -nt tmpfs none /run; r=0; "$@" || r=$?; ls -A /run /var/lib; exit $r', "sh"]
        process = self.house.start("--test", before=alone)
        self.assertEqual(process.wait(20), 2)
        said = self.house.said()
        self.assertIn("latchkey config check", said)
        self.assertEqual(said.splitlines()[1:], ["/run:", "", "/var/lib:"])
        self.assertEqual(self.house.notes(), [])

    def test_what_it_refuses(self):
        self.house.config(host="")
        self.assertEqual(self.house.run("--test"), (2, f"latchkey-sso: {self.folder('latchkey.conf')}: gateway_host is not set: there is no gateway\n"))
        self.house.config(more="misspelt = 1\n")
        self.assertEqual(self.house.run("--test")[0], 2)
        self.house.config(listen=self.folder("a b"))
        self.assertEqual(self.house.run("--test")[0], 2)
        self.house.config()
        self.assertEqual(self.house.run("--test", "--unknown")[0], 2)
        self.assertEqual(self.house.run("--test", "more")[0], 2)
        self.assertEqual(self.house.run("--test", "--config", "relative.conf")[0], 2)
        os.chmod(self.folder("latchkey.conf"), 0o666)
        self.assertEqual(self.house.run("--test")[0], 2)
        os.remove(self.folder("latchkey.conf"))
        self.assertEqual(self.house.run("--test")[0], 2)
        if os.geteuid() == 0:
            self.assertEqual(self.house.run("--confdir", "/tmp")[0], 2)
        self.assertEqual(self.house.notes(), [])


@unittest.skipUnless(os.geteuid() == 0, "needs root, for other users")
class Users(Case):
    """As root, in a mount namespace with accounts of its own."""

    def setUp(self):
        super().setUp()
        with open("/etc/passwd", encoding="utf-8") as passwd, open("/etc/group", encoding="utf-8") as group:
            accounts, groups = passwd.read(), "".join(line for line in group if not line.startswith(("www-data:", "shadow:")))
        self.accounts = accounts + "".join(f"{name}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin\n" for name, number in USERS.values())
        groups += "".join(f"{name}:x:{number}:\n" for name, number in USERS.values())
        self.folder.write("group", groups + f"shadow:x:{SHADOW}:latchkey-pam,latchkey-web\nwww-data:x:{PROXY}:\n")
        self.folder.write("passwd", self.accounts)
        self.before = ("unshare", "--mount", "--propagation", "private", "sh", "-c", f'mount --bind {self.folder("passwd")} /etc/passwd && '
                       f'mount --bind {self.folder("group")} /etc/group && exec "$@"', "sh")
        if subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0:
            self.skipTest("no mount namespaces here")

    def test_each_its_own(self):
        environment = {**os.environ, "LD_PRELOAD": "", "SSLKEYLOGFILE": "/tmp/keys", "JOURNAL_STREAM": "1:2"}
        self.house.start(before=self.before, environment=environment)
        self.house.started("issuer")
        self.house.started("web")
        # Root may connect to all.
        with self.house.connect("worker") as end, self.house.connect("notify") as other:
            for each in end, other:
                each.sendall(b"who")
                each.recv(100)
        for name, (_, number) in USERS.items():
            note = self.house.started(name[13:])
            self.assertEqual((note["user"], note["group"]), ([number] * 3, [number] * 3))
            # The workers' group is the administrator's decision; nobody else has any.
            self.assertEqual(set(note["groups"]) - {number}, {SHADOW} if name.endswith("worker") else set())
            # LC_CTYPE is the interpreter's own (PEP 538).
            self.assertEqual(set(note["environment"]) - {"LC_CTYPE"}, {"JOURNAL_STREAM"})
            self.assertEqual(note["death"], signal.SIGKILL)
        self.owners()

    def owners(self):
        def owner(path):
            status = os.stat(path)
            return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)

        issuer, web = USERS["latchkey-sso-issuer"][1], USERS["latchkey-sso-web"][1]
        self.assertEqual(owner(self.folder("run/sso")), (0, 0, 0o755))
        self.assertEqual(owner(self.folder("run/sso/web")), (web, 0, 0o600))
        self.assertEqual(owner(self.folder("run/sso/worker")), (issuer, 0, 0o600))
        self.assertEqual(owner(self.folder("run/sso/notify")), (issuer, 0, 0o600))
        self.assertEqual(owner(self.folder("http/http")), (web, PROXY, 0o660))
        self.assertEqual(owner(self.folder("keys")), (issuer, issuer, 0o700))

    def test_the_configuration_is_not_read_as_root(self):
        os.chmod(self.folder("latchkey.conf"), 0o600)
        process = self.house.start(before=self.before)
        self.assertEqual(process.wait(20), 2)
        self.assertEqual(self.house.notes(), [])

    def test_a_user_is_missing(self):
        self.folder.write("passwd", self.accounts.replace("latchkey-notify:", "somebody:"))
        process = self.house.start(before=self.before)
        self.assertEqual(process.wait(20), 1)
        self.assertIn("there is no user latchkey-notify", self.house.said())


if __name__ == "__main__":
    unittest.main()
