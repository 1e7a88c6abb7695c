#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The whole of it on loopback: an authority, broker with software keys, gateway, nginx and Synapse, each with what is shipped.

  environment.py [--build DIR] [--port PORT] [--pin-only]     runs until Ctrl-C and says where to look

As a module: `with Environment() as house:`; house.matrix is the homeserver, house.organisation the desk, house.browser() a Chromium."""
import argparse
import glob
import json
import os
import secrets
import signal
import subprocess
import sys

from agent import Agent
from authority import Authority
from browser import Browser
from homeserver import Homeserver
from matrix import Matrix
from organisation import TITLE, Organisation
from parts import ROOT, Fault, Folder, Missing, Process, free_ports, program, run, shipped
from proxy import Proxy

GATEWAY, CHAT = "key.localhost", "chat.localhost"
PASSWORDS = {"alice": "correct horse battery staple", "carol": "a rather different password", "dora": "the password of dora"}
FORMER = "the password of before at the homeserver"
CONFIG = """[gateway]
port = {port}
listen = {folder}/web/http
keys = {folder}/gateway-keys
password = {password}
workers = 2
title = {title}
help = Call the IT desk: 1234
metrics = 127.0.0.1:{metrics}
[client synapse]
title = Chat
redirect_uri = {chat}/_synapse/client/oidc/callback
secret_file = {folder}/client.secret
backchannel_logout_uri = {chat}/_synapse/client/oidc/backchannel_logout
backchannel_connect = 127.0.0.1:{port}
backchannel_ca = {folder}/ca.pem
serves = everybody
[client other]
title = Another application
redirect_uri = https://other.localhost/back
post_logout_redirect_uri = https://other.localhost/bye
secret_file = {folder}/other.secret
algorithm = RS256
serves = everybody
"""


class Environment:
    """agents: who is enrolled; port: the public one of gateway and homeserver; password: whether one follows after the key; more: further lines for
    latchkey.conf, policy: further lines of its section [policy]; synapse: False leaves the homeserver out. before: whom a password alone logged in while the homeserver was as it had been."""

    def __init__(self, agents=("alice", "carol"), port=None, password=True, more="", synapse=True, keep=None, policy=""):
        self.ends, self.browsers, self.gateway, self.homeserver = [], 0, None, None
        self.agents, self.before = tuple(agents), None
        self.folder = Folder(keep=keep)
        try:
            self._start(agents, port, password, more, synapse, policy)
        except BaseException:
            self.stop()
            raise

    def _start(self, agents, port, password, more, synapse, policy):
        folder = self.folder
        ports = free_ports(3)
        self.port = port or ports[0]
        self.metrics = ports[2]
        self.issuer, self.chat = f"https://{GATEWAY}:{self.port}", f"https://{CHAT}:{self.port}"
        self.authority = Authority(folder)
        os.chmod(self.authority.pem, 0o644)
        self.secret, self.other_secret = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        folder.write("client.secret", self.secret + "\n")
        folder.write("other.secret", self.other_secret + "\n")
        for name in ("web", "gateway-keys"):
            folder.make(name)
        self.organisation = self._part(Organisation(folder, GATEWAY, policy + CONFIG.format(
            port=self.port, folder=folder.path, chat=self.chat, metrics=self.metrics, title=TITLE,
            password="required" if password else "none") + more.format(folder=folder.path)), "end")
        self.organisation.found(*agents)
        self._stack(password)
        self.proxy = self._part(Proxy(
            folder, self.port, (GATEWAY, *self.authority.certificate(GATEWAY), folder("web/http")),
            (CHAT, *self.authority.certificate(CHAT), ports[1]))).start()
        self.ends.append(self.stop_gateway)
        self.start_gateway()
        self.matrix = Matrix(self.chat, self.authority.pem)
        if synapse:
            self.homeserver = self._part(Homeserver(folder, CHAT, self.port, ports[1], self.authority.pem, self.issuer, self.secret))
            self._accounts(agents)
            self.homeserver.start()

    def _part(self, part, end="stop"):
        self.ends.append(getattr(part, end))
        return part

    def _stack(self, password):
        """The shipped stack with the module of this build; PAM's own passwords come from a file, as the agents are no accounts of this machine."""
        build, folder = self.organisation.build, self.folder
        folder.make("pam.d", 0o755)
        text = shipped("pam.d/latchkey-sso" if password else "pam.d/latchkey-sso.pin",
                       [("pam_latchkey.so", f"{build}/security/pam_latchkey.so socket={folder('run/worker')}")])
        for line, instead in (("@include common-auth", f"auth required pam_pwdfile.so pwdfile={folder('passwords')}"), ("@include common-account", "account required pam_permit.so")):
            if not password and line.endswith("auth"):
                continue
            if line not in text:
                raise Fault(f"the shipped stack has no line {line}")
            text = text.replace(line, instead)
        folder.write("pam.d/latchkey-sso", text, 0o644)
        openssl = program("openssl")
        rows = [f"{name}:{run([openssl, 'passwd', '-5', word]).strip()}\n" for name, word in PASSWORDS.items()]
        folder.write("passwords", "".join(rows))
        if password and not glob.glob("/usr/lib/*/security/pam_pwdfile.so") and not glob.glob("/lib/*/security/pam_pwdfile.so"):
            raise Missing("pam_pwdfile.so is not installed (Debian package libpam-pwdfile)")

    def start_gateway(self):
        program_path = os.path.join(self.organisation.build, "bin/latchkey-sso")
        if not os.path.exists(program_path):
            raise Missing("this build has no bin/latchkey-sso")
        self.gateway = Process("latchkey-sso", [program_path, "--test", "--config", self.folder("latchkey.conf"), "--confdir", self.folder("pam.d")],
                               self.folder("gateway.out"))
        self.gateway.ready(lambda: self.agent().get(self.issuer + "/.well-known/openid-configuration").status == 200)

    def stop_gateway(self):
        if self.gateway is not None:
            self.gateway.stop()
            self.gateway = None

    def _accounts(self, agents):
        """A homeserver with a past: accounts that have passwords. The administrator links them to subjects with what is shipped for that."""
        folder, homeserver = self.folder, self.homeserver
        homeserver.start("setup.yaml")
        self.admin = homeserver.register("root", FORMER, admin=True)
        for agent in agents:
            homeserver.register(agent, FORMER)
        self._before(agents)
        folder.write("admin.token", self.admin + "\n")
        folder.write("agents.tsv", self.organisation.desk("export", "external-ids"))
        folder.write("who-is-who", "".join(f"@{agent}:{CHAT} {agent}\n" for agent in agents))
        run([sys.executable, "-B", os.path.join(ROOT, "packaging/synapse/link-accounts"), "--homeserver", f"http://127.0.0.1:{homeserver.port}",
             "--token-file", folder("admin.token"), "--agents", folder("agents.tsv"), "--list", folder("who-is-who"),
             "--journal", folder("linked.journal"), "--commit"])
        homeserver.stop()

    def _before(self, agents):
        """What a password was worth until then. Sessions of that time are ended, as docs/HOMESERVER.md says: no key would end them."""
        if agents:
            session, answer = self.matrix.password_login(agents[0], FORMER)
            self.before = session.whoami() if session else str(answer)
            if session:
                session.call("POST", "/_matrix/client/v3/logout", {})

    def stop(self):
        """The last that was started first. A signal that would end the program waits: what is cleaned up by half stays for ever."""
        before, faults = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}), []
        try:
            while self.ends:
                try:
                    self.ends.pop()()
                except Exception as fault:  # pylint: disable=broad-exception-caught
                    # The others are to end all the same.
                    faults.append(fault)
            self.folder.remove()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if faults:
            raise faults[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    # ---- people ----

    def agent(self):
        """An HTTP client without a browser around it."""
        return Agent(self.authority.pem)

    def browser(self, **options):
        """A Chromium of its own; ends with the environment."""
        self.browsers += 1
        home = Folder(keep=self.folder.make(f"browser{self.browsers}"))
        return self._part(Browser(home, self.authority.pem, **options))

    def subject(self, name):
        return self.organisation.show(name)["credentials"][0]["subject"]

    def status(self):
        """What `latchkey --json status` says, whatever its exit status."""
        done = subprocess.run([f"{self.organisation.build}/bin/latchkey", "--socket", self.folder("run/desk"), "--config", self.folder("latchkey.conf"),
                               "--state", self.folder("desk"), "--json", "status"], capture_output=True, text=True, check=False, timeout=30)
        return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description="Gateway, homeserver and all, on loopback.")
    parser.add_argument("--build", default=os.path.join(ROOT, "build/release"))
    parser.add_argument("--port", type=int, default=8443)
    parser.add_argument("--pin-only", action="store_true", help="no password after the key")
    arguments = parser.parse_args()
    os.environ.setdefault("LK_BUILD", arguments.build)
    try:
        with Environment(port=arguments.port, password=not arguments.pin_only) as house:
            print(f"A client: {house.chat}/client\nAuthority to trust: {house.authority.pem}\n"
                  f"Agents and passwords: {PASSWORDS}\nFolder: {house.folder.path}\nCtrl-C ends it.", flush=True)
            house.gateway.process.wait()
    except KeyboardInterrupt:
        return 0
    except (Fault, Missing) as fault:
        print(f"environment: {fault}", file=sys.stderr)
        return 4
    return 1


if __name__ == "__main__":
    sys.exit(main())
