#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A person who types in the moment a question for a secret is on the screen: typed.py PATTERN SECRET COMMAND...
Exit status: that of the program; 70: the terminal still echoed when it asked, or the secret was shown; 71: never asked, or no end within a minute."""
import os
import pty
import re
import select
import signal
import sys
import termios
import time

ECHOED, LATE = 70, 71


def main(pattern, secret, command):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    shown, asked, echoed, end = "", 0, False, time.monotonic() + 60
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            data = os.read(terminal, 4096)
        except OSError:
            data = b""
        if not data:
            break
        shown += data.decode("utf-8", "replace")
        if len(re.findall(pattern, shown)) > asked:
            asked += 1
            echoed |= bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
            os.write(terminal, (secret + "\n").encode())
    else:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    sys.stdout.write(shown)
    if echoed or secret in shown:
        return ECHOED
    return os.waitstatus_to_exitcode(status) if asked and os.WIFEXITED(status) else LATE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
