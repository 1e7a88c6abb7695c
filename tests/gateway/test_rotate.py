#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""`latchkey-sso-issuer --rotate [--stolen]` by hand: as the user of the issuer, and as root, who must leave keys that this user can read."""
import os
import pwd
import stat
import subprocess
import unittest

from frames import BUILD, Folder

CONFIG = "[organisation]\nname = example\ngateway_host = key.example\n[paths]\nrun = {0}/run\nstate = {0}/state\noperators = {0}/operators\n[gateway]\nkeys = {0}/keys\n"


class Rotate(unittest.TestCase):
    def setUp(self):
        self.folder = Folder()
        self.addCleanup(self.folder.remove)
        os.chmod(self.folder.path, 0o755)
        os.mkdir(self.folder("keys"), 0o700)
        self.folder.write("latchkey.conf", CONFIG.format(self.folder.path), 0o644)

    def rotate(self, *words):
        done = subprocess.run([os.path.join(BUILD, "bin/latchkey-sso-issuer"), "--rotate", *words, "--config", self.folder("latchkey.conf")],
                              capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 0, done)
        found = {}
        for name in os.listdir(self.folder("keys")):
            status = os.lstat(self.folder("keys", name))
            with open(self.folder("keys", name), "rb") as file:
                found[file.read()] = (status.st_uid, stat.S_IMODE(status.st_mode))
        return found

    def check(self, owner):
        first = self.rotate()
        self.assertTrue(first)
        self.assertEqual(set(first.values()), {(owner, 0o400)})
        # The key for later is made; what there is stays.
        second = self.rotate()
        self.assertLessEqual(set(first), set(second))
        last = self.rotate("--stolen")
        self.assertTrue(last)
        self.assertEqual(set(last.values()), {(owner, 0o400)})
        self.assertFalse(set(last) & set(second))

    def test_own(self):
        self.check(os.geteuid())

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_root(self):
        nobody = pwd.getpwnam("nobody")
        os.chown(self.folder("keys"), nobody.pw_uid, nobody.pw_gid)
        self.check(nobody.pw_uid)

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_a_link_that_the_user_left(self):
        """Root writes where the user may, and nowhere else."""
        nobody = pwd.getpwnam("nobody")
        elsewhere = self.folder("elsewhere")
        os.mkdir(elsewhere, 0o700)
        os.rmdir(self.folder("keys"))
        os.symlink(elsewhere, self.folder("keys"))
        os.chown(self.folder("keys"), nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
        done = subprocess.run([os.path.join(BUILD, "bin/latchkey-sso-issuer"), "--rotate", "--config", self.folder("latchkey.conf")],
                              capture_output=True, text=True, check=False, timeout=60)
        self.assertNotEqual(done.returncode, 0, done)
        self.assertEqual(os.listdir(elsewhere), [])


if __name__ == "__main__":
    unittest.main()
