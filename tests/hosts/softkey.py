# SPDX-License-Identifier: EUPL-1.2
"""Software keys for tests that are written in Python: each is a process with a socket in a folder and a control socket."""
import os
import socket
import subprocess
import time


class KeyFault(Exception):
    """The key said `error`, or it did not start."""


class Key:
    """A software key, plugged in from its start on. Ends with stop()."""

    def __init__(self, build, name, keys, state, *options):
        self.name = name
        self.control = os.path.join(state, name + ".control")
        program = os.path.join(build, "tests/softkey/lk_softkey")
        self.process = subprocess.Popen(
            [program, "--socket", os.path.join(keys, name + ".sock"), "--mode", "0666",
             "--control", self.control, "--state", os.path.join(state, name + ".key"),
             "--name", name, *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            raise KeyFault(f"{name}: does not start")

    def say(self, *words):
        """One control command; what follows `ok`."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
            channel.settimeout(10)
            channel.connect(self.control)
            channel.sendall((" ".join(words) + "\n").encode())
            channel.shutdown(socket.SHUT_WR)
            reply = b""
            while part := channel.recv(65536):
                reply += part
        text = reply.decode().strip()
        if not text.startswith("ok"):
            raise KeyFault(f"{self.name}: {' '.join(words)}: {text}")
        return text[2:].strip()

    def fields(self, command):
        return dict(word.split("=", 1) for word in self.say(command).split() if "=" in word)

    def counter(self, name):
        return int(self.fields("counters")[name])

    def blinking(self):
        return self.say("blinking") == "yes"

    def wait_blinking(self, wanted, seconds):
        """Seconds until it blinks (or does not), or None."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if self.blinking() == wanted:
                return time.monotonic() - began
            time.sleep(0.005)
        return None

    def plug(self, plugged):
        if (self.fields("status")["plugged"] == "yes") != plugged:
            self.say("plug" if plugged else "unplug")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


def plug_only(keys, *wanted):
    """These are plugged in, all the others are not."""
    for key in keys:
        key.plug(key in wanted)
