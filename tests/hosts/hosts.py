# SPDX-License-Identifier: EUPL-1.2
"""Checks on real sudo, su, login and sshd. Run by `run`, inside its namespaces."""
import os
import re
import signal
import sys
import time

import controls
import sandboxed
from machine import HOSTS, PIN, STATE, WRONG_PIN, Machine

LOCAL = tuple(way for way in HOSTS if way != "sshd")
CANCEL_SECONDS = 0.3


class Results:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, text, good, evidence=""):
        if good:
            self.passed += 1
            print(f"ok      {text}", flush=True)
        else:
            self.failed += 1
            print(f"not ok  {text}", flush=True)
            for line in str(evidence).replace("\r", "").splitlines()[-25:]:
                print(f"        | {line}", flush=True)

    def login(self, text, expected, seen, told=""):
        """One login: its outcome, and what the person must have been told (a regular expression)."""
        verdict, terminal = seen
        # Sentences may be broken over lines by the host.
        said = re.sub(r"\s+", " ", terminal.transcript)
        good = verdict == expected and re.search(told, said) is not None
        self.check(f"{text}: {expected}", good, f"seen: {verdict}; expected to be told: {told!r}\n{terminal.transcript}")


def processes():
    """(program, user number) of every process here."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
                found.append((os.path.basename(words[0].decode()), b"--broker" in words, b"--talker" in words,
                              os.stat(f"/proc/{entry}").st_uid))
            except OSError:
                continue
    return found


def check_users(results):
    from pwd import getpwnam
    number = {user: getpwnam(user).pw_uid for user in ("latchkey", "latchkey-names", "latchkey-device")}
    seen = processes()
    ours = [entry for entry in seen if entry[0].startswith("latchkey")]

    def users(test):
        return {entry[3] for entry in ours if test(entry)}

    results.check("the launcher runs as root", users(lambda e: e[0] == "latchkeyd" and not e[1]) == {0}, ours)
    results.check("the broker runs as latchkey", users(lambda e: e[1]) == {number["latchkey"]}, ours)
    results.check("names runs as latchkey-names", users(lambda e: e[0] == "latchkey-names") == {number["latchkey-names"]}, ours)
    results.check("opener and talkers run as latchkey-device",
                  users(lambda e: e[2] or "opener" in e[0]) == {number["latchkey-device"]} and any(e[2] for e in ours), ours)


def check_logins(results, machine, alice, bob):
    for way in LOCAL:
        machine.plugged(alice)
        results.login(f"{way}, key and password", "accepted", machine.log_in(way))
        results.login(f"{way}, key and another password", "refused", machine.log_in(way, password="guessed"))
        before = alice.counter("wrong-pins")
        results.login(f"{way}, wrong PIN", "refused", machine.log_in(way, pin=WRONG_PIN), "PIN of the security key is wrong")
        results.check(f"{way}, and it cost the key one try", alice.counter("wrong-pins") == before + 1)
        # The right PIN gives the key its tries back; otherwise the guard would stop us.
        results.login(f"{way}, key and password again", "accepted", machine.log_in(way))
        machine.plugged(bob)
        results.login(f"{way}, bob's enrolled key", "refused", machine.log_in(way), "does not open this account")
        machine.plugged()
        results.login(f"{way}, no key", "refused", machine.log_in(way), "No security key was found")


def check_cancel(results, machine, alice):
    """Ctrl-C and the end of the host must stop the key within 300 ms, and with CTAPHID_CANCEL. Of three tries the best one counts: the
    machine may be busy, but a program that looks only once a second never comes under it."""
    machine.plugged(alice)
    alice.say("touch", "wait")
    ends = {"Ctrl-C in": lambda terminal: terminal.type("\x03"), "the end of": lambda terminal: os.kill(terminal.pid, signal.SIGKILL)}
    for way in LOCAL:
        for name, end in ends.items():
            if way == "login" and name == "Ctrl-C in":
                continue  # login has the terminal ignore it until the shell runs
            times = []
            cancels = alice.counter("cancels")

            def at_touch(terminal, end=end, times=times):
                alice.wait_blinking(True, 5)
                end(terminal)
                times.append(alice.wait_blinking(False, 5))

            for _ in range(3):
                verdict, terminal = machine.log_in(way, at_touch=at_touch)
                if verdict != "refused" or (times and times[-1] is not None and times[-1] <= CANCEL_SECONDS):
                    break
            shown = ", ".join("never" if one is None else f"{one * 1000:.0f} ms" for one in times)
            results.check(f"{name} {way} while the key blinks: it stops ({shown}), refused",
                          verdict == "refused" and times and times[-1] is not None and times[-1] <= CANCEL_SECONDS, terminal.transcript)
            results.check(f"{name} {way}: the key was told by CTAPHID_CANCEL", alice.counter("cancels") >= cancels + len(times))
    alice.say("touch", "auto")
    results.login("sudo after all that", "accepted", machine.log_in("sudo"))


def check_pulled(results, machine, alice):
    alice.say("touch", "wait")
    for way in LOCAL:
        machine.plugged(alice)
        results.login(f"{way}, key pulled out while it blinks", "refused",
                      machine.log_in(way, at_touch=lambda _: alice.wait_blinking(True, 5) and alice.say("unplug")),
                      "pulled out too early|No security key was found")
    alice.say("touch", "auto")


def check_sshd(results, machine, alice):
    machine.plugged(alice)
    before = alice.say("counters")
    results.login("sshd, key and password", "refused", machine.log_in("sshd"), "A remote session cannot use the security key of this machine")
    results.check("sshd: the key saw nothing of it, no touch, no message", alice.say("counters") == before)


def check_all(results, machine):
    operators = machine.key("anna", "--pin", PIN)
    alice = machine.key("alice", "--pin", PIN)
    bob = machine.key("bob", "--pin", PIN)
    machine.start_broker()
    machine.plugged(operators)
    machine.desk("init", "--one-key", "--name", "anna")
    for name, key in (("alice", alice), ("bob", bob)):
        machine.plugged(key)
        machine.desk("enroll", name, "--leave-pending")
        machine.plugged(operators)
        machine.desk("endorse", "--all")
    check_users(results)
    check_logins(results, machine, alice, bob)
    check_cancel(results, machine, alice)
    check_pulled(results, machine, alice)
    machine.start_sshd()
    check_sshd(results, machine, alice)
    sandboxed.check(results, machine, alice)
    machine.stop_broker()
    results.login("sudo without a broker", "refused", machine.log_in("sudo"), "login service does not answer")
    controls.check(results, machine)


def main():
    results = Results()
    machine = Machine(sys.argv[1])
    began = time.monotonic()
    try:
        machine.install()
        machine.give_softkeys()
        machine.people()
        machine.stacks()
        check_all(results, machine)
    except (RuntimeError, OSError) as error:
        results.check("the run came to its end", False, error)
        log = f"{STATE}/latchkeyd.log"
        if os.path.exists(log):
            with open(log, encoding="utf-8", errors="replace") as file:
                print(file.read()[-3000:])
    finally:
        machine.stop()
    print(f"{results.passed} passed, {results.failed} failed, {time.monotonic() - began:.0f} s")
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main())
