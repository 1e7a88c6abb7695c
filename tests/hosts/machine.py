# SPDX-License-Identifier: EUPL-1.2
"""The installed system inside the namespaces that `run` has made: users, files, PAM stacks, broker, keys, logins."""
import glob
import os
import shutil
import signal
import subprocess
import time

from softkey import Key, plug_only
from terminal import Terminal

KEYS = "/run/lk-softkey"  # where the shim looks too
STATE = "/run/lk-state"
PASSWORD = "correct horse battery staple"
PIN = "123456"
WRONG_PIN = "654321"
LIBEXEC = "/usr/libexec/latchkey"
EXAMPLES = "/usr/share/doc/latchkey/examples"

COMMON = {
    "common-auth": "auth required pam_unix.so nodelay\n",
    "common-account": "account required pam_unix.so\n",
    "common-password": "password required pam_deny.so\n",
    "common-session": "session required pam_permit.so\n",
    "common-session-noninteractive": "session required pam_permit.so\n",
    "other": "".join(f"{kind} required pam_deny.so\n" for kind in ("auth", "account", "session", "password")),
}
HOSTS = ("sudo", "su", "login", "sshd")


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def command(*words, **options):
    """Runs to its end; an error with its output when it fails."""
    result = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            timeout=60, check=False, **options)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: status {result.returncode}\n{result.stdout}")
    return result.stdout


class Machine:
    def __init__(self, build):
        self.build = build
        self.keys = []
        self.launcher = None
        self.sshd = None
        self.sshd_port = 0
        os.makedirs(KEYS)
        os.makedirs(STATE, 0o700)
        os.makedirs("/run/sshd", 0o755)

    # ---- set-up ----

    def install(self):
        """As README says: cmake --install, then users and folders by the shipped files, or by hand where systemd's programs are missing."""
        command("cmake", "--install", self.build, "--prefix", "/usr")
        if shutil.which("systemd-sysusers") and shutil.which("systemd-tmpfiles"):
            command("systemd-sysusers", "/usr/lib/sysusers.d/latchkey.conf")
            command("systemd-tmpfiles", "--create", "/usr/lib/tmpfiles.d/latchkey.conf")
        else:
            for user in ("latchkey", "latchkey-device", "latchkey-names"):
                command("useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", user)
            command("groupadd", "--system", "latchkey-operators")
            command("install", "-d", "-m", "0755", "/etc/latchkey")
            command("install", "-d", "-o", "latchkey", "-g", "latchkey", "-m", "0700", "/var/lib/latchkey")
        write("/etc/latchkey/latchkey.conf",
              "[organisation]\nname = hosts.example\n[models]\ntables =\n[policy]\nceremony_seconds = 5\nattempts_per_minute = 6000\n")

    def give_softkeys(self):
        """The shipped opener knows hidraw nodes only. In its place, under the same user and the same system call filter,
        stands the one of the tests, whose keys are sockets; its talkers are the installed program."""
        shutil.copy(f"{self.build}/tests/latchkey-test-opener", f"{LIBEXEC}/latchkey-test-opener")
        os.rename(f"{LIBEXEC}/latchkey-device", f"{LIBEXEC}/latchkey-device.installed")
        write(f"{LIBEXEC}/latchkey-device",
              f'#!/bin/sh\nexec {LIBEXEC}/latchkey-test-opener --sandbox --keys {KEYS} '
              f'--talker {LIBEXEC}/latchkey-device.installed "$@"\n', 0o755)

    def people(self):
        write("/usr/local/bin/say-who", '#!/bin/sh\necho "LK-IN $(id -un)"\n', 0o755)
        for name in ("alice", "bob"):
            command("useradd", "--create-home", "--shell", "/usr/local/bin/say-who", name)
            subprocess.run(["chpasswd"], input=f"{name}:{PASSWORD}\n", text=True, check=True, timeout=30)
        write("/etc/shells", "/bin/sh\n/bin/bash\n/usr/local/bin/say-who\n")
        write("/etc/sudoers", "Defaults passwd_tries=1, timestamp_timeout=0, !lecture\nroot ALL=(ALL:ALL) ALL\n"
                              "alice ALL=(ALL:ALL) ALL\n", 0o440)
        shutil.rmtree("/etc/sudoers.d", ignore_errors=True)

    @staticmethod
    def stacks():
        """The shipped recipes, over common files of a system that has nothing but passwords."""
        for name, text in COMMON.items():
            write(f"/etc/pam.d/{name}", text)
        for path in glob.glob(f"{EXAMPLES}/pam.d/*"):
            if os.path.basename(path) != "README":
                shutil.copy(path, "/etc/pam.d")
        # No recipe, but what happens to somebody who tries it.
        write("/etc/pam.d/sshd", "auth required pam_latchkey.so\n@include common-auth\n@include common-account\n"
                                 "session required pam_permit.so\n")

    # ---- processes ----

    def key(self, name, *options):
        key = Key(self.build, name, KEYS, STATE, *options)
        self.keys.append(key)
        return key

    def plugged(self, *keys):
        plug_only(self.keys, *keys)

    def start_broker(self):
        self.launcher = subprocess.Popen([f"{LIBEXEC}/latchkeyd"], stdin=subprocess.DEVNULL,
                                         stdout=open(f"{STATE}/latchkeyd.log", "a", encoding="utf-8"), stderr=subprocess.STDOUT)
        for _ in range(100):
            if os.path.exists("/run/latchkey/desk") and "organisation" in self.desk_status().stdout:
                return
            if self.launcher.poll() is not None:
                break
            time.sleep(0.1)
        with open(f"{STATE}/latchkeyd.log", encoding="utf-8") as log:
            raise RuntimeError("latchkeyd did not start: " + log.read() + self.desk_status().stdout)

    @staticmethod
    def desk_status():
        return subprocess.run(["latchkey", "--json", "status"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=20, check=False)

    def stop_broker(self):
        if self.launcher is not None:
            self.launcher.terminate()
            self.launcher.wait(15)
            self.launcher = None

    def start_sshd(self):
        command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{STATE}/host-key")
        self.sshd_port = 20000 + os.getpid() % 20000 + int(time.time()) % 20000
        self.sshd = subprocess.Popen(
            [shutil.which("sshd") or "/usr/sbin/sshd", "-D", "-f", "/dev/null", "-E", f"{STATE}/sshd.log", "-p", str(self.sshd_port),
             "-h", f"{STATE}/host-key", "-o", "ListenAddress=127.0.0.1", "-o", "UsePAM=yes", "-o", "KbdInteractiveAuthentication=yes",
             "-o", "PasswordAuthentication=no", "-o", "PidFile=none", "-o", "LogLevel=VERBOSE"], stdin=subprocess.DEVNULL)
        time.sleep(0.5)

    def stop(self):
        self.stop_broker()
        if self.sshd is not None:
            self.sshd.terminate()
            self.sshd.wait(10)
        for key in self.keys:
            key.stop()

    # ---- what people do ----

    def desk(self, *words, pin=PIN):
        write(f"{STATE}/pin", pin + "\n", 0o600)
        return command("latchkey", "--yes", "--pin-file", f"{STATE}/pin", *words)

    def host_command(self, way):
        """Command, user it is started by, account it should lead to."""
        who = 'echo "LK-IN $(id -un)"'
        if way == "sudo":
            return ["sudo", "-k", "--", "/bin/sh", "-c", who], "alice", "root"
        if way == "su":
            return ["su", "alice", "-c", who], "nobody", "alice"
        if way == "login":
            return ["login", "alice"], "root", "alice"
        return ["ssh", "-q", "-F", "/dev/null", "-p", str(self.sshd_port), "-o", "PreferredAuthentications=keyboard-interactive",
                "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "NumberOfPasswordPrompts=1",
                "-o", "IdentityAgent=none", "alice@127.0.0.1", who], "root", "alice"

    def log_in(self, way, password=PASSWORD, pin=PIN, at_touch=None):
        """One login by a person who knows these two and does at_touch when told to touch. Returns (verdict, terminal)."""
        words, user, expected = self.host_command(way)
        terminal = Terminal(words, user)
        rules = [(r"PIN of [^\r\n]*: ?$", pin), (r"password[^\r\n]*: *$", password),
                 # Told "no", login and su would ask or wait once more.
                 (r"login incorrect", lambda it: os.kill(it.pid, signal.SIGKILL))]
        if at_touch is not None:
            rules.append((r"touch the blinking[^\r\n]*\r?\n", at_touch))
        status = terminal.run(rules)
        if status is None:
            return "stuck", terminal
        if f"LK-IN {expected}\r\n" in terminal.transcript and status == 0:
            return "accepted", terminal
        return "let in wrongly" if "LK-IN " in terminal.transcript else "refused", terminal
