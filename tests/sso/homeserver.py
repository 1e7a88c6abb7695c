# SPDX-License-Identifier: EUPL-1.2
"""Synapse in a private folder, on loopback, with SQLite and the shipped homeserver-latchkey.yaml. Names under localhost are given to it by
libnss_wrapper, so that neither /etc/hosts nor root is needed."""
import glob
import hashlib
import hmac
import json
import os
import secrets
import subprocess

from agent import Agent
from parts import ROOT, Fault, Missing, Process, listens, run, shipped

VENV = os.path.join(ROOT, "build", "sso-env")


def wrapper():
    found = sorted(glob.glob("/usr/lib/*/libnss_wrapper.so"))
    if not found:
        raise Missing("libnss_wrapper.so is not installed (Debian package libnss-wrapper)")
    return found[0]


def environment(kind="synapse"):
    """The Python of the virtual environment, made if it is not there yet."""
    folder = os.environ.get("LK_SSO_ENV", VENV)
    words = [os.path.join(ROOT, "tests/sso/install-synapse"), os.path.join(folder, kind)]
    if kind == "client":
        words.insert(1, "--client")
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode == 3:
        raise Missing(done.stdout.strip().splitlines()[-1])
    if done.returncode != 0:
        raise Fault(f"{' '.join(words)}: status {done.returncode}\n{done.stdout}")
    return os.path.join(folder, kind, "bin/python")


class Homeserver:
    """name: its host name, public: its port there, port: its own on loopback; issuer and secret: those of the OpenID provider."""

    def __init__(self, folder, name, public, port, ca, issuer, secret):
        self.folder, self.name, self.public, self.port, self.ca = folder, name, public, port, ca
        self.base = f"https://{name}:{public}"
        self.process = None
        self.python = environment()
        self.setup_secret = secrets.token_urlsafe(32)
        folder.write("synapse.secret", secret + "\n")
        folder.write("hosts", f"127.0.0.1 {name}\n127.0.0.1 {issuer.split('/')[2].split(':')[0]}\n", 0o644)
        folder.write("homeserver.yaml", json.dumps(self._base(), indent=1))
        folder.write("setup.yaml", json.dumps({"registration_shared_secret": self.setup_secret, "password_config": {"enabled": True}}))
        folder.write("homeserver-latchkey.yaml", self.shipped(issuer))

    def shipped(self, issuer):
        return shipped("synapse/homeserver-latchkey.yaml", [
            ("https://chat.example.org", self.base), ("https://key.example.org", issuer),
            ("/etc/matrix-synapse/latchkey.secret", self.folder("synapse.secret"))])

    def _base(self):
        log = {"version": 1, "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(request)s %(message)s"}},
               "filters": {"context": {"()": "synapse.logging.context.LoggingContextFilter", "request": ""}},
               "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["context"]}},
               "root": {"level": "INFO", "handlers": ["out"]}, "disable_existing_loggers": False}
        self.folder.write("log.yaml", json.dumps(log))
        many = {"per_second": 1000, "burst_count": 1000}
        return {
            "server_name": self.name, "public_baseurl": self.base + "/", "report_stats": False, "pid_file": self.folder("synapse.pid"),
            "listeners": [{"port": self.port, "type": "http", "bind_addresses": ["127.0.0.1"], "tls": False, "x_forwarded": True,
                           "resources": [{"names": ["client"], "compress": False}]}],
            "database": {"name": "sqlite3", "args": {"database": self.folder("homeserver.db")}}, "log_config": self.folder("log.yaml"),
            "media_store_path": self.folder("media"), "signing_key_path": self.folder("signing.key"),
            "macaroon_secret_key": secrets.token_urlsafe(32), "form_secret": secrets.token_urlsafe(32),
            "trusted_key_servers": [], "suppress_key_server_warning": True, "federation_domain_whitelist": [], "presence": {"enabled": False},
            "bcrypt_rounds": 4, "rc_login": {"address": many, "account": many, "failed_attempts": many}, "rc_registration": many}

    def start(self, *files):
        """files: configuration after homeserver.yaml; without any, what is shipped."""
        words = [self.python, "-B", "-m", "synapse.app.homeserver", "-c", self.folder("homeserver.yaml")]
        for name in files or ("homeserver-latchkey.yaml",):
            words += ["-c", self.folder(name)]
        if not os.path.exists(self.folder("signing.key")):
            run([*words, "--generate-keys"], cwd=self.folder.path)
        self.process = Process("Synapse", words, self.folder("synapse.log"), cwd=self.folder.path, env={
            "LD_PRELOAD": wrapper(), "NSS_WRAPPER_HOSTS": self.folder("hosts"), "SSL_CERT_FILE": self.ca, "PYTHONUNBUFFERED": "1"})
        self.process.ready(lambda: listens(self.port) and self.alive(), 60)
        return self

    def alive(self):
        try:
            return self.direct("GET", "/health").status == 200
        except OSError:
            return False

    def stop(self):
        if self.process is not None:
            self.process.stop(30)
            self.process = None

    def direct(self, method, path, value=None, token=None):
        """Past the proxy, as from inside."""
        agent = Agent(None)
        return agent.send(method, f"http://127.0.0.1:{self.port}{path}", value, token)

    def register(self, user, password, admin=False):
        """An account as an old homeserver has it, with a password; only while setup.yaml is in force. Its access token."""
        nonce = self.direct("GET", "/_synapse/admin/v1/register").json()["nonce"]
        words = "\0".join((nonce, user, password, "admin" if admin else "notadmin"))
        answer = self.direct("POST", "/_synapse/admin/v1/register", {
            "nonce": nonce, "username": user, "password": password, "admin": admin,
            "mac": hmac.new(self.setup_secret.encode(), words.encode(), hashlib.sha1).hexdigest()})
        return answer.json()["access_token"]

    def link(self, user, subject, token, provider="oidc-latchkey"):
        """Ties an account to a subject, as an administrator does."""
        answer = self.direct("PUT", f"/_synapse/admin/v2/users/@{user}:{self.name}",
                             {"external_ids": [{"auth_provider": provider, "external_id": subject}]}, token)
        if answer.status not in (200, 201):
            raise RuntimeError(f"{user} could not be linked: {answer}")
