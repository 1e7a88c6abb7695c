#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The stacks that are shipped, run by the worker as the user that the units name, with the common-* files of the distribution and accounts in a mount namespace."""
import grp
import os
import socket
import subprocess
import unittest

from frames import Folder, Peer, SOURCE, SSO_WORKER, BUILD
import frames
from test_worker import ACCOUNT, ALLOWED, Broker, CONFIG, EXPIRED, ID, LATCHKEY, UNAVAILABLE, WRONG, Worker

USER = 61003
COMMON = {"auth": "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\nauth required pam_permit.so\n",
          "account": "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\naccount requisite pam_deny.so\naccount required pam_permit.so\n"}
CRYPT = ["openssl", "passwd", "-6", "-salt", "saltsalt", "right"]


class Anybody(Broker):
    """A broker that has a proof of that id for whoever is asked for."""

    def reason(self, ident, name):
        return 0 if ident == ID else 77


class AsUser(Worker):
    """The worker under another user, with /etc/passwd and /etc/shadow of the test."""

    def __init__(self, folder, groups):
        self.folder = folder
        ours, theirs = socket.socketpair()
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
                   f'mount --bind {folder("passwd")} /etc/passwd && mount --bind {folder("shadow")} /etc/shadow && exec "$@"', "sh",
                   "setpriv", f"--reuid={USER}", f"--regid={USER}", groups, os.path.join(BUILD, "bin/latchkey-sso-worker"),
                   "--config", folder("latchkey.conf"), "--confdir", folder("pam.d"), "--issuer", str(theirs.fileno())]
        with theirs, open(folder("log"), "a", encoding="utf-8") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[theirs.fileno()])
        self.process, self.peer, self.request = process, Peer(ours), 0

    def stop(self):
        self.peer.end.close()
        self.process.wait(30)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = Folder()
        os.chmod(self.folder.path, 0o755)
        self.folder.write("latchkey.conf", CONFIG.format(self.folder.path))
        self.broker, self.worker = Anybody(self.folder), None
        os.chmod(self.folder("run/worker"), 0o666)

    def tearDown(self):
        if self.worker is not None:
            self.worker.stop()
        self.broker.stop()
        self.folder.remove()

    def shipped(self, name):
        """The file as it is, but for where the module and its socket are in this build."""
        with open(os.path.join(SOURCE, "packaging/pam.d", name), encoding="utf-8") as file:
            text = file.read()
        self.assertEqual(text.count(" pam_latchkey.so transaction\n"), 1)
        return text.replace(" pam_latchkey.so transaction\n", f" {LATCHKEY} transaction socket={self.folder('run/worker')}\n")


@unittest.skipUnless(os.geteuid() == 0, "needs root, for other users")
class Shipped(Case):
    def setUp(self):
        super().setUp()
        if subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0:
            self.skipTest("no mount namespaces here")
        if frames.sanitized("latchkey-sso-worker"):
            self.skipTest("AddressSanitizer stands before crypt() and does not find one that is loaded later")
        hashed = subprocess.run(CRYPT, capture_output=True, text=True, check=True).stdout.strip()
        names = {"alice": "19000:0:99999:7:::", "carol": "19000:0:99999:7::1:", "dave": "0:0:99999:7:::"}
        self.folder.write("passwd", "root:x:0:0::/:/bin/sh\n" + f"latchkey-pam:x:{USER}:{USER}::/:/bin/false\n" +
                          "".join(f"{name}:x:{60000 + number}:{60000 + number}:Somebody Else,Room 1:/:/bin/sh\n" for number, name in enumerate(names)))
        self.folder.write("shadow", "root:!:19000::::::\n" + "".join(f"{name}:{hashed}:{rest}\n" for name, rest in names.items()), 0o640)
        self.shadow = grp.getgrnam("shadow").gr_gid
        os.chown(self.folder("shadow"), 0, self.shadow)
        # As pam-auth-update(8) writes them.
        for part in ("auth", "account"):
            self.folder.write("pam.d/common-" + part, COMMON[part])

    def install(self, name):
        self.folder.write("pam.d/lkgate", self.shipped(name))

    def start(self, groups):
        self.worker = AsUser(self.folder, groups)
        self.worker.peer.greet(SSO_WORKER)

    def test_key_and_pin(self):
        self.install("latchkey-sso.pin")
        self.start(f"--groups={self.shadow}")
        self.assertEqual(self.worker.attempt(password="")[0], ALLOWED)
        self.assertEqual(self.broker.asked, [(ID, "alice")])
        self.assertEqual(self.worker.attempt(password="", name="carol")[0], ACCOUNT)
        self.assertNotEqual(self.worker.attempt(password="", transaction=bytes(16))[0], ALLOWED)

    def test_with_the_group(self):
        """No privilege is gained on the way: unix_chkpwd has the group because the worker has it."""
        self.install("latchkey-sso")
        self.start(f"--groups={self.shadow}")
        found = self.worker.attempt()
        self.assertEqual((found[0], found[3]), (ALLOWED, "Somebody Else"))
        self.assertEqual(self.worker.attempt(password="wrong")[0], WRONG)
        self.assertEqual(self.worker.attempt(name="carol")[0], ACCOUNT)
        self.assertEqual(self.worker.attempt(name="dave")[0], EXPIRED)
        self.assertEqual(self.worker.attempt(name="nobody-here")[0], WRONG)

    def test_a_password_without_the_key(self):
        self.install("latchkey-sso")
        self.start(f"--groups={self.shadow}")
        found = self.worker.attempt(transaction=bytes(16))
        self.assertNotEqual(found[0], ALLOWED)
        # The same whether the password is right or not: it was not tried.
        self.assertEqual(self.worker.attempt(transaction=bytes(16), password="wrong")[0], found[0])

    def test_without_the_group(self):
        """The set-group-id bit of unix_chkpwd does not help: the sandbox forbids new privileges."""
        self.install("latchkey-sso")
        self.start("--clear-groups")
        self.assertIn(self.worker.attempt()[0], (WRONG, UNAVAILABLE))


if __name__ == "__main__":
    unittest.main()
