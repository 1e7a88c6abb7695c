# SPDX-License-Identifier: EUPL-1.2
"""A person at a terminal: a program on a pseudo-terminal, answered by rules."""
import os
import pty
import pwd
import re
import select
import signal
import time


class Terminal:
    """Runs a program as a user on a pseudo-terminal of its own. rules: list of (pattern, answer); the answer is a line
    that is typed, or a function that is called with this object. What a rule matched is not looked at again."""

    def __init__(self, command, user="root", environment=None):
        self.transcript = ""
        self.began = time.monotonic()
        self.status = None
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            self._become(user, command, environment)

    @staticmethod
    def _become(user, command, environment):
        try:
            entry = pwd.getpwnam(user)
            variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TERM": "dumb",
                         "HOME": entry.pw_dir, "USER": user, "LOGNAME": user}
            variables.update(environment or {})
            if user != "root":
                os.initgroups(user, entry.pw_gid)
                os.setgid(entry.pw_gid)
                os.setuid(entry.pw_uid)
            os.execvpe(command[0], command, variables)
        except OSError as error:
            os.write(2, f"{command[0]}: {error}\n".encode())
        os._exit(127)

    def type(self, text):
        os.write(self.terminal, text.encode())

    def run(self, rules, seconds=40):
        """Until the program ends. Returns its exit status; 256 + number after a signal; None if it was still there."""
        pending = ""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ready, _, _ = select.select([self.terminal], [], [], 0.2)
            if not ready:
                continue
            try:
                data = os.read(self.terminal, 65536)
            except OSError:
                data = b""
            if not data:
                if self._ended():
                    break
                # login of Debian 13 hangs its terminal up and opens it again: a closed terminal is not yet the end.
                time.sleep(0.01)
                continue
            text = data.decode(errors="replace")
            self.transcript += text
            pending = self._answer(rules, pending + text)
        return self._finish(end)

    def _answer(self, rules, pending):
        while True:
            found = [(match, answer) for pattern, answer in rules if (match := re.search(pattern, pending, re.I))]
            if not found:
                return pending
            match, answer = min(found, key=lambda pair: pair[0].start())
            pending = pending[match.end():]
            if callable(answer):
                answer(self)
            else:
                self.type(answer + "\n")

    def _ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                self.status = code if code >= 0 else 256 - code
        return self.status is not None

    def _finish(self, end):
        while time.monotonic() < end and not self._ended():
            time.sleep(0.01)
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.terminal)
        return self.status
