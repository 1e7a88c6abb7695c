# SPDX-License-Identifier: EUPL-1.2
"""A private organisation: broker, device process and software keys, one operator, agents with enrolled keys, and the command line of the desk. The broker
runs as the caller, in the foreground, with `--test`."""
import json
import os
import sys

from browser import exported
from parts import HERE, Fault, Missing, Process, run

sys.path.insert(0, os.path.join(HERE, "..", "hosts"))
from softkey import Key, plug_only  # noqa: E402

PIN = "123456"
TITLE = "Ministry of Tests"
CONFIG = """[organisation]
name = sso.example
gateway_host = {gateway}
[paths]
state = {folder}/state
run = {folder}/run
operators = {folder}/operators
[models]
tables =
[policy]
ceremony_seconds = 8
attempts_per_minute = 6000
attestation_roots = {folder}/roots.pem
local_services = {service}
pin_services = {service}
"""


def build_folder():
    build = os.environ.get("LK_BUILD")
    if not build or not os.path.exists(os.path.join(build, "bin/latchkeyd")):
        raise Missing("LK_BUILD names no build with bin/latchkeyd")
    return os.path.abspath(build)


class Organisation:
    """folder: private. gateway: the host name that browser credentials are for. more: further sections of latchkey.conf."""

    def __init__(self, folder, gateway, more=""):
        self.folder, self.gateway, self.build = folder, gateway, build_folder()
        self.broker, self.keys = None, {}
        # Workers and the broker are other processes; the folder is the caller's all the same.
        for name, mode in (("keys", 0o755), ("run", 0o755), ("state", 0o700)):
            folder.make(name, mode)
        os.chmod(folder.path, 0o755)
        folder.write("roots.pem", run([f"{self.build}/tests/softkey/lk_softkey", "--print-root"]), 0o644)
        folder.write("latchkey.conf", CONFIG.format(gateway=gateway, folder=folder.path, service="sso-host") + more, 0o644)
        folder.write("pin", PIN + "\n")
        folder.write("opener", f'#!/bin/sh\nexec "{self.build}/tests/latchkey-test-opener" --keys "{folder("keys")}" "$@"\n', 0o755)

    def key(self, name, *options):
        """A software key, not plugged in."""
        self.keys[name] = Key(self.build, name, self.folder("keys"), self.folder.path, "--pin", PIN, *options)
        self.keys[name].plug(False)
        return self.keys[name]

    def start(self):
        self.broker = Process("latchkeyd", [f"{self.build}/bin/latchkeyd", "--foreground", "--test", "--config", self.folder("latchkey.conf"),
                                            "--opener", self.folder("opener")], self.folder("broker.log"))
        begin = os.path.getsize(self.folder("broker.log"))
        self.broker.ready(lambda: "ready:" in self.folder.read("broker.log")[begin:])
        return self

    def stop(self):
        if self.broker is not None:
            self.broker.stop()
            self.broker = None

    def end(self):
        self.stop()
        for key in self.keys.values():
            key.stop()

    def desk(self, *words, plugged=()):
        """A command of the desk with these keys plugged in; what it says."""
        plug_only(self.keys.values(), *(self.keys[name] for name in plugged))
        try:
            return run([f"{self.build}/bin/latchkey", "--socket", self.folder("run/desk"), "--config", self.folder("latchkey.conf"), "--state",
                        self.folder("desk"), "--yes", "--pin-file", self.folder("pin"), *words], env={**os.environ, "LC_ALL": "C"}, timeout=60)
        except Fault as fault:
            raise Fault(f"{fault}\n{self.broker.said() if self.broker else ''}") from None

    def found(self, *agents):
        """The operator, whose key is `operator`, and agents who have a key of their name each."""
        self.key("operator")
        self.start()
        self.desk("init", "--name", "operator", "--one-key", plugged=["operator"])
        for agent in agents:
            self.enroll(agent)
        return self

    def enroll(self, agent, key=None, *words):
        """Both credentials of a key (by default the one that is called like the agent), endorsed and active."""
        key = key or agent
        if key not in self.keys:
            self.key(key)
        self.desk("enroll", agent, "--leave-pending", *words, plugged=[key])
        self.desk("endorse", "--all", plugged=["operator"])

    def show(self, agent):
        return json.loads(self.desk("--json", "show", agent))

    def browser_credential(self, key):
        """The newest credential that the key holds for the gateway, for a browser's virtual authenticator."""
        credentials = exported(self.keys[key], self.gateway)
        if not credentials:
            raise Fault(f"{key} holds nothing for {self.gateway}")
        return credentials[-1]
