#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A person who types in the moment a question for a secret is on the screen: typed.py [--full | --early] PATTERN SECRET COMMAND... SECRET ^C: gives up instead.

--full: the screen takes nothing more until the terminal has stopped echoing, so that a program that asks first waits there for ever; it must say nothing before.
--early: the same, and SECRET is typed before the question can be on the screen: it comes while the program has yet to wait for it.
Exit status: that of the program, 128 and the number after a signal; 70: the terminal still echoed when it asked, or the secret was shown; 71: never asked,
or no end within a minute; 72: the terminal was left without echo."""
import os
import pty
import re
import select
import signal
import sys
import termios
import time

ECHOED, LATE, SILENT = 70, 71, 72


def echoes(terminal):
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def put(screen, data):
    """As much as there is room for; how often that was something."""
    times = 0
    try:
        while os.write(screen, data) > 0:
            times += 1
    except BlockingIOError:
        pass
    return times


def fill(path):
    """The screen of the terminal, to the last byte. The kernel moves what waits behind it a moment later, which makes room once more."""
    screen = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        while put(screen, b" " * 4096) + put(screen, b" ") > 0:
            time.sleep(0.05)
    finally:
        os.close(screen)


def begin(command, full):
    """(process, terminal) of the program."""
    terminal, line = pty.openpty()
    if full:
        fill(os.ttyname(line))
    pid = os.fork()
    if pid == 0:
        os.close(terminal)
        os.login_tty(line)
        os.execvp(command[0], command)
    os.close(line)
    return pid, terminal


def stops_echoing(terminal):
    end = time.monotonic() + 10
    while echoes(terminal) and time.monotonic() < end:
        time.sleep(0.01)
    return not echoes(terminal)


def typing(secret):
    return b"\x03" if secret == "^C" else (secret + "\n").encode()


def converse(pattern, secret, terminal):
    """(what was shown, how often it asked, whether the terminal echoed then), None for the first without an end"""
    shown, asked, echoed, end = "", 0, False, time.monotonic() + 60
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            data = os.read(terminal, 4096)
        except OSError:
            data = b""
        if not data:
            return shown, asked, echoed
        shown += data.decode("utf-8", "replace")
        if len(re.findall(pattern, shown)) > asked:
            asked += 1
            echoed |= echoes(terminal)
            os.write(terminal, typing(secret))
    return None, asked, echoed


def main(mode, pattern, secret, command):
    pid, terminal = begin(command, mode is not None)
    before = mode is not None and not stops_echoing(terminal)
    if mode == "--early":
        os.write(terminal, typing(secret))
    shown, asked, echoed = converse(pattern, secret, terminal)
    if shown is None:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    sys.stdout.write((shown or "").lstrip(" "))
    if before or echoed or shown and secret != "^C" and secret in shown:
        return ECHOED
    if shown is None or not asked and mode != "--early":
        return LATE
    if not echoes(terminal):
        return SILENT
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


if __name__ == "__main__":
    words = sys.argv[1:]
    wanted = words.pop(0) if words[0] in ("--full", "--early") else None
    sys.exit(main(wanted, words[0], words[1], words[2:]))
