# SPDX-License-Identifier: EUPL-1.2
"""The units under a real systemd, inside what `run` and `boot` have made. The machine is set up with the very commands that README.md and docs/HOMESERVER.md
show; only the opener of keys is another one, whose keys are programs."""
import base64
import glob
import hashlib
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import struct
import subprocess
import sys
import time
import unittest
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(HERE, "..", "hosts"), os.path.join(HERE, "..", "sso")]
from agent import Agent  # noqa: E402
from authority import Authority  # noqa: E402
from browser import exported  # noqa: E402
from parts import Folder, wait_for  # noqa: E402
from softkey import Key, plug_only  # noqa: E402
from touch import Touch  # noqa: E402
from visitor import Visitor  # noqa: E402

BUILD = os.environ["LK_BUILD"]
LIBEXEC, EXAMPLES = "/usr/libexec/latchkey", "/usr/share/doc/latchkey/examples"
KEYS, STATE = "/run/lk-softkey", "/run/lk-state"
PIN, PASSWORD = "123456", "correct horse battery staple"
GATEWAY, BACK = "https://key.example.org", "https://chat.example.org/_synapse/client/oidc/callback"
# The users of sysusers.d and what each may run.
USERS = {"latchkeyd": "latchkey", "latchkey-names": "latchkey-names", "latchkey-device.installed": "latchkey-device",
         "latchkey-sso-web": "latchkey-web", "latchkey-sso-issuer": "latchkey-sso", "latchkey-sso-worker": "latchkey-pam", "latchkey-sso-notify": "latchkey-notify"}


def say(*words, status=0, **options):
    """A command that ends with this status (None: whatever it is); what it says."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False, **options)
    if status is not None and done.returncode != status:
        raise AssertionError(f"{' '.join(words)}: status {done.returncode}\n{done.stdout}\n{journal(15)}")
    return done.stdout


def journal(lines):
    return subprocess.run(["journalctl", "--no-pager", "-q", "-o", "short-monotonic", "-n", str(lines)], stdout=subprocess.PIPE, text=True, check=False).stdout


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def shown(document, heading):
    """The commands and files that a section of a document shows: one text for each indented block."""
    with open(os.path.join(ROOT, document), encoding="utf-8") as file:
        section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", file.read(), re.S | re.M).group(1)
    blocks = re.findall(r"(?:^    .*\n(?:\n(?=    ))?)+", section, re.M)
    return [re.sub(r"^    ", "", block, flags=re.M) for block in blocks]


def follow(commands, without=()):
    """Runs commands of a document as root, one after the other, but for those with one of these words."""
    for line in commands.replace("\\\n", " ").splitlines():
        if line.strip() and not any(word in line for word in without):
            say("/bin/bash", "-euo", "pipefail", "-c", re.sub(r"\bsudo ", "", line), cwd=ROOT)


class Machine:
    """Set up once for all tests."""

    def __init__(self):
        for folder, mode in ((KEYS, 0o755), (STATE, 0o700)):
            os.makedirs(folder)
            os.chmod(folder, mode)
        self.folder = Folder(keep=STATE)
        say("cmake", "--install", BUILD)
        self.keys = {name: Key(BUILD, name, KEYS, STATE, "--pin", PIN) for name in ("anna", "alice")}
        self.give_softkeys()
        # Built and installed already; no device manager runs here.
        follow(shown("README.md", "Install")[0], ("install-packages", "cmake", "udevadm"))
        self.people()
        self.homeserver()
        self.enrol()

    @staticmethod
    def give_softkeys():
        """In place of the opener, under the same unit and filter, stands the one of the tests, whose keys are sockets; its talkers are the installed program."""
        shutil.copy(f"{BUILD}/tests/latchkey-test-opener", f"{LIBEXEC}/latchkey-test-opener")
        os.rename(f"{LIBEXEC}/latchkey-device", f"{LIBEXEC}/latchkey-device.installed")
        write(f"{LIBEXEC}/latchkey-device", f'#!/bin/sh\nexec {LIBEXEC}/latchkey-test-opener --sandbox --keys {KEYS} '
                                            f'--talker {LIBEXEC}/latchkey-device.installed "$@"\n', 0o755)

    @staticmethod
    def people():
        for kind in ("auth", "account"):
            write(f"/etc/pam.d/common-{kind}", f"{kind} required pam_unix.so\n")
        for name in ("alice", "bob"):
            say("useradd", "--create-home", "--shell", "/bin/sh", name)
            subprocess.run(["chpasswd"], input=f"{name}:{PASSWORD}\n", text=True, check=True, timeout=30)
        shutil.copy(f"{EXAMPLES}/pam.d/latchkey-try", "/etc/pam.d/latchkey-try")
        # As the unit's own comment says.
        write("/etc/systemd/system/latchkey-sso-worker@.service.d/shadow.conf", "[Service]\nSupplementaryGroups=shadow\n")

    def homeserver(self):
        """docs/HOMESERVER.md, steps 2 to 4."""
        configuration, secret, start = shown("docs/HOMESERVER.md", "2. Start the gateway")[:3]
        write("/etc/latchkey/latchkey.conf", configuration.replace("[policy]\n", "[models]\nunknown_model = note\n[policy]\nlocal_services = latchkey-try\npin_services = latchkey-try\nceremony_seconds = 5\n"))
        write("/etc/latchkey/attestation-roots.pem", say(f"{BUILD}/tests/softkey/lk_softkey", "--print-root"))
        follow(secret)
        follow(start)
        shutil.copy(f"{EXAMPLES}/pam.d/latchkey-sso", "/etc/pam.d/latchkey-sso")
        authority = Authority(self.folder)
        os.makedirs("/etc/latchkey/tls", exist_ok=True)
        for file, ending in zip(authority.certificate("key.example.org"), ("pem", "key")):
            shutil.copy(file, f"/etc/latchkey/tls/key.example.org.{ending}")
        self.authority = authority.pem
        for path in glob.glob("/etc/nginx/sites-enabled/*"):
            os.remove(path)
        shutil.copy(f"{EXAMPLES}/nginx/latchkey.conf", "/etc/nginx/conf.d/latchkey.conf")
        say("systemctl", "enable", "--now", "nginx.service")
        with open("/etc/latchkey/clients/synapse.secret", encoding="ascii") as file:
            self.secret = file.read().strip()

    def enrol(self):
        self.folder.write("pin", PIN + "\n")
        self.desk("init", "--name", "anna", "--one-key", plugged=["anna"])
        self.desk("enroll", "alice", "--leave-pending", plugged=["alice"])
        self.desk("endorse", "--all", plugged=["anna"])
        self.touch = Touch(self.folder, exported(self.keys["alice"], "key.example.org")[-1])

    def plugged(self, *names):
        plug_only(self.keys.values(), *(self.keys[name] for name in names))

    def desk(self, *words, plugged=(), status=0):
        self.plugged(*plugged)
        return say("latchkey", "--yes", "--pin-file", self.folder("pin"), *words, status=status)

    # ---- logins ----

    def at_host(self, *plugged):
        """Whether the stack lets alice in, and what it says."""
        self.plugged(*plugged)
        done = subprocess.run(["pamtester", "latchkey-try", "alice", "authenticate"], input=f"{PIN}\n{PASSWORD}\n", stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
        return done.returncode == 0, done.stdout

    def at_gateway(self, word=PASSWORD):
        """(the page's headline or None, the ID token's claims or None) of a whole login by way of nginx."""
        verifier, visitor = secrets.token_urlsafe(32), Visitor(Agent(self.authority), GATEWAY, self.touch)
        where = visitor.login(asked(verifier), word)
        if where is None:
            return visitor.headline(), None
        basic = base64.b64encode(f"synapse:{self.secret}".encode()).decode()
        answer = Agent(self.authority).post(GATEWAY + "/token", {
            "grant_type": "authorization_code", "code": visitor.answer.query("code"), "redirect_uri": BACK, "code_verifier": verifier},
            headers={"Authorization": "Basic " + basic})
        if answer.status != 200:
            return repr(answer), None
        part = answer.json()["id_token"].split(".")[1]
        return None, json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


    def page(self):
        """Somebody who has the page open."""
        visitor = Visitor(Agent(self.authority), GATEWAY, self.touch)
        visitor.open(asked(secrets.token_urlsafe(32)))
        return visitor


def asked(verifier):
    """The address that an application sends a browser to."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return GATEWAY + "/authorize?" + urllib.parse.urlencode({
        "client_id": "synapse", "redirect_uri": BACK, "response_type": "code", "scope": "openid", "state": "s", "nonce": "n",
        "code_challenge": challenge, "code_challenge_method": "S256"})


def processes():
    """{pid: (program, user, seccomp mode, effective capabilities, no_new_privs)} of everything of the project that runs here."""
    found = {}
    for folder in glob.glob("/proc/[0-9]*"):
        try:
            program = os.path.basename(os.readlink(folder + "/exe"))
            with open(folder + "/status", encoding="ascii") as file:
                status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        except OSError:
            continue  # it has ended meanwhile, or belongs to the kernel
        if program in USERS or program == "latchkey-test-opener":
            user = pwd.getpwuid(int(status["Uid"].split()[1])).pw_name
            found[int(folder[6:])] = (program, user, int(status["Seccomp"]), int(status["CapEff"], 16), int(status["NoNewPrivs"]))
    return found


class UnitsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machine = Machine()

    def assert_logins(self):
        """One of each kind; the first after a start may find a process that is still on its way."""
        let_in, said = self.machine.at_host("alice")
        self.assertTrue(let_in, said + journal(20))
        headline, claims = self.machine.at_gateway()
        self.assertIsNone(headline, journal(20))
        self.assertEqual((claims["preferred_username"], claims["acr"]), ("alice", "phrh"))

    def test_logins(self):
        self.assert_logins()
        self.assertFalse(self.machine.at_host()[0])
        self.assertFalse(self.machine.at_host("anna")[0])
        headline, claims = self.machine.at_gateway("not the password")
        self.assertIsNone(claims)
        self.assertIsNotNone(headline)

    def test_who_runs_as_whom(self):
        """Nothing as root, nothing with a capability, everything under its own filter besides the unit's."""
        self.assert_logins()
        found = processes()
        for pid, (program, user, seccomp, capabilities, locked) in found.items():
            self.assertEqual((user, seccomp, capabilities, locked), (USERS.get(program, "latchkey-device"), 2, 0, 1), f"{program} {pid}")
        self.assertEqual({row[0] for row in found.values()} - {"latchkey-test-opener"}, set(USERS))

    def test_desk_is_for_operators(self):
        said = say("setpriv", "--reuid=bob", "--regid=bob", "--init-groups", "latchkey", "status", status=None)
        self.assertRegex(said, "E_[A-Z_]+")
        say("gpasswd", "--add", "bob", "latchkey-operators")
        said = say("setpriv", "--reuid=bob", "--regid=bob", "--init-groups", "latchkey", "--json", "status", status=None)
        self.assertIn('"organisation"', said)

    def test_config_check(self):
        said = say("latchkey", "config", "check")
        for service in ("latchkey-sso", "latchkey-try"):
            self.assertRegex(said, rf"(?m)^  {service} +requires the key ")

    def test_killed(self):
        """Each kind of process at once, all of its kind: what comes after works."""
        for program in USERS:
            with self.subTest(program):
                self.assert_logins()
                killed = [pid for pid, row in processes().items() if row[0] == program]
                self.assertTrue(killed)
                for pid in killed:
                    os.kill(pid, signal.SIGKILL)
                self.assertTrue(wait_for(lambda: not set(killed) & set(processes())))  # pylint: disable=cell-var-from-loop
                # RestartSec of the units.
                time.sleep(1.2)
                self.assert_logins()

    def test_reload(self):
        self.assert_logins()
        names = ("latchkeyd.service", "latchkey-sso-issuer.service", "latchkey-sso-web.service")
        before = [say("systemctl", "show", "-P", "MainPID", name) for name in names]
        notify = {pid for pid, row in processes().items() if row[0] == "latchkey-sso-notify"}
        self.assertTrue(notify)
        for name in names:
            say("systemctl", "reload", name)
        self.assert_logins()
        self.assertEqual([say("systemctl", "show", "-P", "MainPID", name) for name in names], before)
        # Whoever tells the homeservers is another, who has read of those that are new.
        self.assertTrue(wait_for(lambda: {row[0] for row in processes().values()} >= {"latchkey-sso-notify"} and not notify & set(processes())))

    def kids(self):
        return {key["kid"] for key in Agent(self.machine.authority).get(GATEWAY + "/jwks").json()["keys"]}

    def test_key_stolen(self):
        """docs/INCIDENTS.md, step by step: from then on nothing is signed with the keys of before, and none of them is published."""
        self.assert_logins()
        before, blocks = self.kids(), shown("docs/INCIDENTS.md", "The gateway's signing key is stolen")
        follow(blocks[0])
        time.sleep(1.5)
        self.assertFalse({row[0] for row in processes().values()} & {"latchkey-sso-web", "latchkey-sso-issuer"})
        follow(blocks[1])
        self.assert_logins()
        self.assertFalse(before & self.kids())

    def test_metrics(self):
        """As latchkey-sso(8) says; and however often the sockets are passed, the one for this machine is never the one behind nginx."""
        local = "http://127.0.0.1:9469"
        self.assert_logins()
        say("systemctl", "enable", "latchkey-sso-metrics.socket")
        say("systemctl", "stop", "latchkey-sso-web.service")
        say("systemctl", "start", "latchkey-sso-metrics.socket", "latchkey-sso-web.service")
        for _ in range(6):
            self.assert_logins()
            with urllib.request.urlopen(local + "/metrics", timeout=5) as answer:
                self.assertIn(b"latchkey_sso_logins_total", answer.read())
            self.assertEqual(Agent(self.machine.authority).get(GATEWAY + "/metrics").status, 404)
            say("systemctl", "restart", "latchkey-sso-web.service")
        say("systemctl", "disable", "--now", "latchkey-sso-metrics.socket")
        say("systemctl", "restart", "latchkey-sso-web.service")
        self.assert_logins()

    def restart(self):
        say("systemctl", "restart", "latchkeyd.service", "latchkey-sso-issuer.service", "latchkey-sso-web.service")
        self.assert_logins()

    def clock(self, seconds):
        with open("/usr/lib/lk-clock", "r+b") as file:
            file.write(struct.pack("=q", seconds))

    def test_clock_stepped(self):
        """Back behind what is on record: no login of any kind, by a name of its own, while what needs no clock is served. Forward: what was begun is over."""
        shutil.copy(f"{BUILD}/tests/liblk_clock_step.so", "/usr/lib/lk_clock_step.so")
        with open("/usr/lib/lk-clock", "wb") as file:
            file.write(bytes(8))
        write("/etc/ld.so.preload", "/usr/lib/lk_clock_step.so\n")
        try:
            self.restart()
            self.clock(-600)
            let_in, said = self.machine.at_host("alice")
            self.assertFalse(let_in)
            self.assertIn("clock", said)
            headline, claims = self.machine.at_gateway()
            self.assertIsNone(claims)
            self.assertIn("E_CLOCK", headline)
            for path in ("/jwks", "/.well-known/openid-configuration"):
                self.assertEqual(Agent(self.machine.authority).get(GATEWAY + path).status, 200)
            self.assertIn("E_CLOCK", say("latchkey", "status", status=None))
            # Within the two minutes that clocks may differ.
            self.clock(-60)
            self.assert_logins()
            visitor = self.machine.page()
            self.clock(3600)
            visitor.press()
            self.assertIsNone(visitor.answer.location)
            self.clock(0)
        finally:
            os.remove("/etc/ld.so.preload")
            self.restart()

    def test_stop_and_start(self):
        """Asked to, everything leaves by itself; the first to come starts it again."""
        sockets = re.findall(r"\S+\.socket", shown("README.md", "Install")[0] + shown("docs/HOMESERVER.md", "2. Start the gateway")[2])
        # As latchkey-sso(8) says: those who ask before those who are asked, or a question starts again what was just stopped.
        for names in (("latchkey-sso-web.socket", "latchkey-sso-web.service"), ("latchkey-sso-*",), ("latchkeyd*",), ("latchkey-*",)):
            say("systemctl", "stop", *names)
        self.assertTrue(wait_for(lambda: not processes(), 10), processes())
        self.assertNotIn("Killing process", say("journalctl", "-b", "--no-pager", "-u", "latchkey*"))
        say("systemctl", "start", *sockets)
        self.assert_logins()

    def tearDown(self):
        failed = say("systemctl", "list-units", "--failed", "--plain", "--no-legend")
        self.assertEqual(failed, "", journal(20))


if __name__ == "__main__":
    unittest.main(verbosity=2)
