#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""latchkey-sso-worker with real libpam: stacks that are right, modules that are not, and an issuer that is played here."""
import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest

import frames
from frames import ATTEMPT, ATTEMPTED, BUILD, Folder, Gone, Peer, Program, Reader, SSO_WORKER, string

ALLOWED, WRONG, ACCOUNT, EXPIRED, CHANGED, MAXTRIES, UNAVAILABLE, STACK, PROOF = range(1, 10)
ODD = os.path.join(BUILD, "tests/security/pam_lk_odd.so")
LATCHKEY = os.path.join(BUILD, "security/pam_latchkey.so")
ID = bytes(range(16))
CONFIG = "[organisation]\nname = example\n[paths]\nrun = {0}/run\nstate = {0}/state\noperators = {0}/operators\n[gateway]\nservice = lkgate\n"
PERMIT = "account required pam_permit.so\n"


class Worker:
    typed = "right"

    def __init__(self, folder, stack, more="", wrapper=()):
        self.folder = folder
        folder.write("latchkey.conf", CONFIG.format(folder.path) + more)
        if stack is not None:
            folder.write("pam.d/lkgate", stack)
        ours, theirs = socket.socketpair()
        with theirs:
            self.program = Program(folder, "latchkey-sso-worker", "--config", folder("latchkey.conf"), "--test", "--confdir", folder("pam.d"),
                                   "--issuer", str(theirs.fileno()), descriptors=[theirs.fileno()], wrapper=wrapper)
        self.peer, self.request = Peer(ours), 0
        # As with the page, nothing is typed where the stack does not ask.
        if stack is not None and not any(word in stack for word in ("password=", "pam_pwdfile", "pam_unix")):
            self.typed = ""

    def greet(self):
        self.peer.greet(SSO_WORKER)
        return self

    def ask(self, name="alice", password=None, remote="192.0.2.7", language="en", transaction=ID, name_wanted=True):
        self.request += 1
        self.peer.send(frames.frame(ATTEMPT, self.request, transaction + string(name) + string(remote) + string(language) + bytes([name_wanted])
                                    + string(self.typed if password is None else password)))

    def answer(self, seconds=15):
        """(outcome, delay, message, full name)"""
        kind, request, payload = self.peer.receive(seconds)
        assert (kind, request) == (ATTEMPTED, self.request), (kind, request)
        reader = Reader(payload)
        found = reader.number(1), reader.number(4), reader.string(), reader.string()
        reader.end()
        return found

    def attempt(self, **words):
        self.ask(**words)
        return self.answer()

    def stop(self):
        self.peer.end.close()
        self.program.stop()


class Case(unittest.TestCase):
    def setUp(self):
        self.folder, self.workers = Folder(), []
        self.addCleanup(self.folder.remove)

    def tearDown(self):
        for worker in self.workers:
            worker.stop()
        self.folder.remove()

    def worker(self, stack, more=""):
        worker = Worker(self.folder, stack, more).greet()
        self.workers.append(worker)
        return worker

    def odd(self, auth, account="", more=""):
        """One module in each part of the stack."""
        return self.worker(f"auth required {ODD} {auth}\naccount required {ODD} {account}\n", more)

    def outcome(self, auth, account="", **words):
        worker = self.odd(auth, account)
        found = worker.attempt(**words)
        worker.stop()
        return found[0]


class Outcomes(Case):
    def test_right_and_wrong(self):
        worker = self.odd(f"transaction={ID.hex()} password=right")
        self.assertEqual(worker.attempt()[0], ALLOWED)
        self.assertEqual(worker.attempt(password="wrong")[0], WRONG)
        self.assertEqual(worker.attempt(transaction=bytes(16))[0], PROOF)
        self.assertEqual(worker.attempt()[0], ALLOWED)

    def test_refused_before_the_password(self):
        """A password that nobody looked at was not wrong."""
        self.assertEqual(self.outcome("transaction result=7"), PROOF)
        self.assertEqual(self.outcome("transaction result=7", password="right"), PROOF)
        self.assertEqual(self.outcome("transaction password=right result=7", password="right"), WRONG)
        # One that waits until it may be asked again.
        self.assertEqual(self.worker(f"auth requisite {ODD} result=6\nauth required {ODD} transaction password=right\n" + PERMIT).attempt()[0], STACK)
        self.assertEqual(self.worker(f"auth required {ODD} transaction\nauth requisite {ODD} result=6\nauth required {ODD} password=right\n" + PERMIT).attempt()[0], PROOF)

    def test_who_says_yes_without_the_transaction(self):
        """A stack from which somebody took the key's line."""
        self.assertEqual(self.outcome("password=right"), STACK)
        self.assertEqual(self.worker("auth required pam_permit.so\n" + PERMIT).attempt()[0], STACK)

    def test_no_stack(self):
        self.assertEqual(self.worker(None).attempt()[0], STACK)
        self.assertEqual(self.worker("auth required /nowhere/pam_none.so\n" + PERMIT).attempt()[0], STACK)
        self.assertEqual(self.worker("").attempt()[0], STACK)

    def test_key_only(self):
        self.assertEqual(self.outcome("transaction", password=""), ALLOWED)

    def test_password_without_need_and_need_without_password(self):
        # Nobody looked at it: the ID token must not say that it was right.
        self.assertEqual(self.outcome("transaction", password="right"), STACK)
        self.assertEqual(self.outcome("transaction password=right", password=""), STACK)

    def test_questions_nobody_can_answer(self):
        for words in ("transaction visible", "transaction radio", "transaction ignored", "transaction transaction",
                      "transaction password=right password=right", "transaction password=right other visible"):
            self.assertEqual(self.outcome(words), STACK, words)

    def test_two_different_hidden_questions(self):
        self.assertEqual(self.outcome("transaction password=right other"), ALLOWED)

    def test_several_messages_at_once(self):
        self.assertEqual(self.outcome("transaction several", password="right"), ALLOWED)

    def test_results_of_authentication(self):
        table = {7: PROOF, 10: PROOF, 6: PROOF, 11: MAXTRIES, 13: ACCOUNT, 12: EXPIRED, 27: EXPIRED, 9: UNAVAILABLE, 24: UNAVAILABLE, 19: STACK,
                 4: STACK, 3: STACK, 28: STACK, 26: STACK}
        for result, expected in table.items():
            self.assertEqual(self.outcome(f"transaction result={result}"), expected, result)

    def test_results_of_the_account(self):
        for result in (6, 7, 10):
            self.assertEqual(self.outcome(f"transaction password=right result={result}", password="right"), WRONG, result)
        table = {0: ALLOWED, 13: ACCOUNT, 6: ACCOUNT, 7: ACCOUNT, 10: ACCOUNT, 12: EXPIRED, 27: EXPIRED, 9: UNAVAILABLE, 3: STACK, 19: STACK}
        for result, expected in table.items():
            self.assertEqual(self.outcome("transaction", f"result={result}"), expected, result)

    def test_a_question_of_the_account_checks(self):
        self.assertEqual(self.outcome("transaction password=right", "visible"), STACK)
        self.assertEqual(self.outcome("transaction password=right", "ignored"), STACK)

    def test_no_account_part(self):
        self.assertNotEqual(self.worker(f"auth required {ODD} transaction\n").attempt()[0], ALLOWED)

    def test_a_changed_user(self):
        self.assertEqual(self.outcome("transaction rename"), CHANGED)
        self.assertEqual(self.outcome("transaction", "rename"), CHANGED)
        self.assertEqual(self.outcome("transaction rename result=7"), CHANGED)
        self.assertEqual(self.outcome("rename transaction", name="mallory"), ALLOWED)

    def test_nothing_stays_for_the_next(self):
        worker = self.odd("transaction password=right delay=1000000 result=7")
        first = worker.attempt()
        self.assertEqual(first[0], WRONG)
        self.folder.write("pam.d/lkgate", f"auth required {ODD} transaction password=right\naccount required {ODD}\n")
        self.assertEqual(worker.attempt()[:3], (ALLOWED, 0, ""))


class Words(Case):
    def message(self, auth, **words):
        worker = self.odd(auth)
        found = worker.attempt(**words)
        worker.stop()
        return found[2]

    def test_messages(self):
        self.assertEqual(self.message("transaction info=first info=last"), "last")
        self.assertEqual(self.message("transaction dirty"), "a?[31mb")
        self.assertEqual(self.message("transaction long"), "0" * 128)
        self.assertEqual(self.message("transaction rhost"), "item 192.0.2.7")
        self.assertEqual(self.message("transaction rhost", remote=""), "item none")

    def test_language(self):
        worker = self.odd("transaction language")
        self.assertEqual(worker.attempt(language="fr")[2], "language fr")
        self.assertEqual(worker.attempt(language="en")[2], "language en")

    def test_delay_is_told_and_not_slept(self):
        worker = self.odd("transaction delay=4000000 result=7")
        begin = time.monotonic()
        outcome, delay, _, _ = worker.attempt()
        self.assertEqual(outcome, PROOF)
        self.assertTrue(2000 <= delay <= 6000, delay)
        self.assertLess(time.monotonic() - begin, 1.5)

    def test_full_name(self):
        worker = self.odd("transaction")
        self.assertEqual(worker.attempt(name="root")[3], pwd.getpwnam("root").pw_gecos.split(",")[0])
        self.assertEqual(worker.attempt(name="nobody-of-this-name")[3], "")
        self.assertEqual(worker.attempt(name="root", name_wanted=False)[::3], (ALLOWED, ""))


class Journal(Case):
    """What is wrong with the stack is said once for each attempt, and nothing of the attempt."""

    def said(self, *words, **attempt):
        worker = self.odd(*words)
        worker.attempt(**attempt)
        worker.stop()
        text = worker.program.said()
        for secret in ("alice", "right", ID.hex()):
            self.assertNotIn(secret, text)
        return text[text.find("PAM service lkgate: "):].strip() if text else ""

    def test_what_is_wrong(self):
        self.assertIn("it says yes without pam_latchkey.so transaction", self.said("password=right"))
        self.assertIn("a module asks what nobody can answer", self.said("transaction visible"))
        self.assertIn("a module changed PAM_USER", self.said("transaction rename"))
        self.assertIn("cannot retrieve authentication info", self.said("transaction result=9"))

    def test_what_is_not(self):
        self.folder.write("latchkey-sso-worker.log", "")
        self.assertEqual(self.said("transaction password=right"), "")
        self.assertEqual(self.said("transaction password=right", password="wrong"), "")
        self.assertEqual(self.said("transaction", "result=13"), "")


class Life(Case):
    def test_hanging_module(self):
        worker = self.odd("transaction deaf hang")
        worker.ask()
        begin = time.monotonic()
        self.assertTrue(worker.peer.closed(30))
        self.assertTrue(15 < time.monotonic() - begin < 25)
        self.assertEqual(worker.program.wait(), -signal.SIGKILL)

    def test_the_issuer_goes(self):
        worker = self.odd("transaction")
        self.assertEqual(worker.attempt()[0], ALLOWED)
        worker.peer.end.close()
        self.assertEqual(worker.program.wait(), 0)

    def test_enough(self):
        """A thousand attempts, all answered, also those that were on their way; then rest, and the end."""
        worker = self.odd("transaction")
        for _ in range(1005):
            worker.ask()
            self.assertEqual(worker.answer()[0], ALLOWED)
        self.assertTrue(worker.peer.closed(3))
        self.assertEqual(worker.program.wait(), 0)

    def test_the_stack_changes(self):
        """Also a file that it includes."""
        self.folder.write("pam.d/part", f"auth required {ODD} transaction\n")
        worker = self.worker(f"auth include {self.folder('pam.d/part')}\naccount required {ODD}\n")
        self.assertEqual(worker.attempt()[0], ALLOWED)
        self.assertFalse(worker.peer.closed(3))
        self.folder.write("pam.d/part", f"auth required {ODD} transaction result=7\n")
        self.assertEqual(worker.attempt()[0], PROOF)
        self.assertTrue(worker.peer.closed(5))
        self.assertEqual(worker.program.wait(), 0)

    def test_reload_ends_it(self):
        worker = self.odd("transaction")
        self.assertEqual(worker.attempt()[0], ALLOWED)
        worker.program.process.send_signal(signal.SIGHUP)
        self.assertTrue(worker.peer.closed(3))
        self.assertEqual(worker.program.wait(), 0)

    def test_modules_stay_loaded(self):
        worker = self.odd("transaction")
        with open(f"/proc/{worker.program.process.pid}/maps", encoding="ascii") as file:
            self.assertIn("pam_lk_odd.so", file.read())

    def test_modules_of_other_stay_loaded(self):
        """libpam loads those of /etc/pam.d/other at every attempt, of all four types."""
        copy = self.folder("pam_lk_copy.so")
        shutil.copy(ODD, copy)
        self.folder.write("pam.d/other", f"session optional {copy}\n")
        worker = self.odd("transaction")
        with open(f"/proc/{worker.program.process.pid}/maps", encoding="ascii") as file:
            self.assertIn("pam_lk_copy.so", file.read())
        self.assertEqual(worker.attempt()[0], ALLOWED)
        self.folder.write("pam.d/other", "auth required pam_deny.so\n")
        self.assertTrue(worker.peer.closed(5))

    def test_sandbox(self):
        self.assertEqual(self.odd("transaction network").attempt()[0], UNAVAILABLE)
        self.assertEqual(self.odd("transaction network", more="network = internet\n").attempt()[0], ALLOWED)
        worker = self.odd("transaction mount")
        worker.ask()
        self.assertTrue(worker.peer.closed())
        self.assertEqual(worker.program.wait(), 159)
        self.assertIn("not permitted", worker.program.said())
        with open(f"/proc/{self.odd('transaction').program.process.pid}/status", encoding="ascii") as file:
            self.assertIn("NoNewPrivs:\t1", file.read())

    def test_crash(self):
        worker = self.odd("transaction crash")
        worker.ask()
        self.assertTrue(worker.peer.closed())
        self.assertNotEqual(worker.program.wait(), 0)


class Hostile(Case):
    def test_frames_that_are_not_for_a_worker(self):
        good = ID + string("alice") + string("") + string("en") + b"\1" + string("right")
        for bad in (frames.frame(177, 1, b""), frames.frame(180, 1, b""), frames.frame(ATTEMPT, 1, good + b"x"), frames.frame(ATTEMPT, 1, good[:-1]),
                    frames.frame(ATTEMPT, 1, ID + string("a" * 65) + string("") + string("en") + b"\1" + string("right")),
                    frames.frame(ATTEMPT, 1, ID + string("alice") + string("") + string("en") + b"\1" + string("p" * 513)),
                    frames.hello(SSO_WORKER), frames.hello(8), struct.pack(">I", 1 << 30) + b"xxxxxx"):
            worker = self.odd("transaction")
            worker.peer.send(bad)
            self.assertTrue(worker.peer.closed(), bad[:12])
            self.assertEqual(worker.program.wait(), 1)

    def test_before_hello(self):
        worker = Worker(self.folder, f"auth required {ODD} transaction\n" + PERMIT)
        self.workers.append(worker)
        worker.peer.receive()
        worker.ask()
        self.assertTrue(worker.peer.closed())

    def test_command_line(self):
        for words in (["--config", "/nowhere/latchkey.conf", "--issuer", "0"], ["--issuer", "200"], [], ["--issuer"], ["--odd", "1"]):
            program = Program(self.folder, "latchkey-sso-worker", *words)
            self.assertEqual(program.wait(), 2, words)
        if os.geteuid() == 0:
            ours, theirs = socket.socketpair()
            with ours, theirs:
                program = Program(self.folder, "latchkey-sso-worker", "--config", self.folder.write("latchkey.conf", CONFIG.format(self.folder.path)),
                                  "--confdir", self.folder.path, "--issuer", str(theirs.fileno()), descriptors=[theirs.fileno()])
            self.assertEqual(program.wait(), 2)
            self.assertIn("--confdir", program.said())


class Broker:
    """Answers PROVE; reason 0 for alice and this id. 77 is no reason that anybody knows: refused too."""

    def __init__(self, folder):
        os.makedirs(folder("run"), mode=0o755, exist_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(folder("run/worker"))
        self.listener.listen()
        self.asked, self.connections = [], 0
        threading.Thread(target=self.serve, daemon=True).start()

    def reason(self, ident, name):
        return 0 if (ident, name) == (ID, "alice") else 77

    def serve(self):
        while True:
            try:
                end, _ = self.listener.accept()
            except OSError:
                return
            with end:
                try:
                    peer = Peer(end)
                    peer.receive()
                    peer.send(frames.hello(frames.WORKER_SOCKET))
                    self.connections += 1
                    while True:
                        _, request, payload = peer.receive(60)
                        nonce, ident, name = payload[:32], payload[32:48], Reader(payload[48:]).string()
                        self.asked.append((ident, name))
                        peer.send(frames.frame(frames.VERDICT, request, nonce + struct.pack(">IB", self.reason(ident, name), 255)))
                except (Gone, OSError):
                    pass

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Real(Case):
    """The real module and a real password module."""

    def setUp(self):
        super().setUp()
        if frames.sanitized("latchkey-sso-worker"):
            self.skipTest("AddressSanitizer stands before crypt() and does not find one that is loaded later")
        self.broker = Broker(self.folder)
        hashed = subprocess.run(["openssl", "passwd", "-6", "-salt", "saltsalt", "right"], capture_output=True, text=True, check=True).stdout.strip()
        self.folder.write("passwords", f"alice:{hashed}\nbob:{hashed}\n", 0o600)
        self.stack = (f"auth requisite {LATCHKEY} transaction socket={self.folder('run/worker')}\n"
                      f"auth required pam_pwdfile.so pwdfile={self.folder('passwords')}\n" + PERMIT)

    def tearDown(self):
        self.broker.stop()
        super().tearDown()

    def test_key_and_password(self):
        worker = self.worker(self.stack)
        self.assertEqual(worker.attempt()[0], ALLOWED)
        self.assertEqual(self.broker.asked, [(ID, "alice")])
        self.assertEqual(worker.attempt()[0], ALLOWED)
        self.assertEqual(self.broker.connections, 1)
        self.assertEqual(worker.attempt(password="wrong")[0], WRONG)
        # Another agent's transaction: the password is not even tried.
        self.assertEqual(worker.attempt(name="bob")[0], UNAVAILABLE)
        self.assertNotEqual(worker.attempt(transaction=bytes(16))[0], ALLOWED)

    def test_no_broker(self):
        worker = self.worker(self.stack)
        self.broker.stop()
        os.unlink(self.folder("run/worker"))
        self.assertEqual(worker.attempt()[0], UNAVAILABLE)
        self.broker = Broker(self.folder)
        self.assertEqual(worker.attempt()[0], ALLOWED)


USER = 65500  # nobody's account
SHADOW = 42


class Unix(Case):
    """pam_unix as an ordinary user without new privileges, over accounts of a mount namespace of its own: what the machine has stays as it is."""

    def setUp(self):
        super().setUp()
        if frames.sanitized("latchkey-sso-worker"):
            self.skipTest("AddressSanitizer stands before crypt() and does not find one that is loaded later")
        if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"):
            self.skipTest("needs root, unshare and setpriv")
        if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("no mount namespaces here")
        os.chmod(self.folder.path, 0o755)
        hashed = subprocess.run(["openssl", "passwd", "-6", "-salt", "saltsalt", "right"], capture_output=True, text=True, check=True).stdout.strip()
        accounts = {"alice": "20000:0:99999:7:::", "expired": "20000:0:99999:7::1:", "aged": "100:0:1:7:::", "change": "0:0:99999:7:::"}
        with open("/etc/passwd", encoding="utf-8") as file:
            passwd = file.read()
        for number, name in enumerate(accounts):
            passwd += f"{name}:x:{65400 + number}:65400:Full Name of {name},Room 1:/nonexistent:/usr/sbin/nologin\n"
        self.folder.write("passwd", passwd)
        self.folder.write("shadow", "".join(f"{name}:{hashed}:{ages}\n" for name, ages in accounts.items()), 0o640)
        os.chown(self.folder("shadow"), 0, SHADOW)

    def unix(self, groups):
        stack = f"auth required {ODD} transaction\nauth required pam_unix.so\naccount required pam_unix.so\n"
        words = f'mount --bind "{self.folder("passwd")}" /etc/passwd && mount --bind "{self.folder("shadow")}" /etc/shadow && exec setpriv --reuid {USER} --regid {USER} {groups} "$@"'
        worker = Worker(self.folder, stack, wrapper=["unshare", "-m", "--propagation", "private", "sh", "-c", words, "sh"]).greet()
        self.workers.append(worker)
        return worker

    def test_with_the_group(self):
        worker = self.unix(f"--groups {SHADOW}")
        self.assertEqual(worker.attempt()[::3], (ALLOWED, "Full Name of alice"))
        self.assertEqual(worker.attempt(password="wrong")[0], WRONG)
        self.assertEqual(worker.attempt(name="expired")[0], ACCOUNT)
        self.assertEqual(worker.attempt(name="aged")[0], EXPIRED)
        self.assertEqual(worker.attempt(name="change")[0], EXPIRED)
        self.assertNotEqual(worker.attempt(name="nobody-of-this-name")[0], ALLOWED)
        self.assertEqual(worker.attempt()[0], ALLOWED)

    def test_without_the_group(self):
        """unix_chkpwd gains nothing."""
        self.assertNotEqual(self.unix("--clear-groups").attempt()[0], ALLOWED)


if __name__ == "__main__":
    unittest.main()
