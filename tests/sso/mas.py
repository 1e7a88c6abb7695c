# SPDX-License-Identifier: EUPL-1.2
"""Matrix Authentication Service in a private folder, on loopback, with a PostgreSQL of its own and the shipped packaging/mas/latchkey.yaml. It stands in no registry of
packages: LK_MAS names the folder that its release was unpacked to (the program mas-cli, and share/)."""
import base64
import glob
import json
import os
import pwd
import secrets
import subprocess
import sys

from agent import Agent
from homeserver import wrapper
from parts import ROOT, Missing, Process, free_ports, listens, program, run, shipped

PROVIDER = "01HXEXAMP1E000000000000000"
CLIENT, ADMIN = "01HXC11ENT0000000000000000", "01HXADM1N00000000000000000"
BACK = "https://client.localhost/back"
NAME = "auth.localhost"


def release():
    folder = os.environ.get("LK_MAS")
    if not folder or not os.access(os.path.join(folder, "mas-cli"), os.X_OK):
        raise Missing("LK_MAS names no folder with mas-cli and share/ of Matrix Authentication Service")
    return os.path.abspath(folder)


class Postgres:
    """A cluster in the folder, reached through a socket there. It does not run as root; then it is `nobody`'s."""

    def __init__(self, folder):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
        if not found:
            raise Missing("PostgreSQL is not installed (Debian package postgresql)")
        self.bin, self.data = os.path.dirname(found[-1]), folder.make("pg")
        self.user, self.log = [], folder("postgres.log")
        if os.getuid() == 0:
            os.chmod(folder.path, 0o755)
            nobody = pwd.getpwnam("nobody")
            os.chown(self.data, nobody.pw_uid, nobody.pw_gid)
            self.user = [program("setpriv"), f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
        run([*self.user, f"{self.bin}/initdb", "-D", self.data + "/db", "-U", "mas", "-A", "trust", "-E", "UTF8", "--no-sync"], cwd=self.data)
        self.process = None

    def start(self):
        self.process = Process("PostgreSQL", [*self.user, f"{self.bin}/postgres", "-D", self.data + "/db", "-c", "listen_addresses=", "-c", "fsync=off",
                                              "-c", f"unix_socket_directories={self.data}"], self.log, cwd=self.data)
        self.process.ready(lambda: os.path.exists(self.data + "/.s.PGSQL.5432"))
        return self

    def stop(self):
        if self.process is not None:
            self.process.stop()
            self.process = None


class Mas:
    """homeserver: the Synapse that asks it; issuer, secret: of the OpenID provider. base: its public address, without a slash at the end; admin API and introspection stand
    at another port, as docs/MAS.md wants it."""

    def __init__(self, folder, authority, homeserver, issuer, secret, port=None):
        self.folder, self.ca, self.release = folder, authority.pem, release()
        self.port, self.inside = (port, free_ports(1)[0]) if port else free_ports(2)
        self.base, self.secret, self.admin_secret = f"https://{NAME}:{self.port}", secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.postgres, self.process = Postgres(folder), None
        folder.write("hosts", "".join(f"127.0.0.1 {name}\n" for name in (homeserver.name, NAME, issuer.split("/")[2].split(":")[0])), 0o644)
        folder.write("mas.secret", secret + "\n")
        folder.write("mas.yaml", json.dumps(self._base(homeserver, *authority.certificate(NAME)), indent=1))
        folder.write("mas-latchkey.yaml", self.shipped(issuer))
        homeserver.folder.write("synapse-mas.yaml", json.dumps({
            "password_config": {"enabled": False}, "enable_registration": False,
            "matrix_authentication_service": {"enabled": True, "endpoint": f"http://127.0.0.1:{self.inside}/", "secret": self.secret}}))

    def shipped(self, issuer):
        return shipped("mas/latchkey.yaml", [("https://key.example.org", issuer), ("/etc/matrix-authentication-service/latchkey.secret", self.folder("mas.secret"))])

    def _base(self, homeserver, pem, key):
        share = self.release + "/share"
        signing = self.folder("mas-signing.pem")
        run([program("openssl"), "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", signing])
        return {
            "http": {"public_base": self.base + "/", "listeners": [
                {"name": "web", "resources": [{"name": name} for name in ("discovery", "human", "oauth", "compat")] + [{"name": "assets", "path": share + "/assets/"}],
                 "binds": [{"address": f"127.0.0.1:{self.port}"}], "tls": {"certificate_file": pem, "key_file": key}},
                {"name": "inside", "resources": [{"name": name} for name in ("discovery", "oauth", "adminapi", "health")],
                 "binds": [{"address": f"127.0.0.1:{self.inside}"}]}]},
            "database": {"uri": f"postgresql://mas@localhost/postgres?host={self.postgres.data}"},
            "matrix": {"kind": "synapse", "homeserver": homeserver.name, "endpoint": f"http://127.0.0.1:{homeserver.port}", "secret": self.secret},
            "secrets": {"encryption": secrets.token_hex(32), "keys": [{"key_file": signing}]},
            "templates": {"path": share + "/templates/", "assets_manifest": share + "/manifest.json", "translations_path": share + "/translations/"},
            "policy": {"wasm_module": share + "/policy.wasm", "data": {"admin_clients": [ADMIN]}},
            "clients": [{"client_id": CLIENT, "client_auth_method": "none", "redirect_uris": [BACK]},
                        {"client_id": ADMIN, "client_auth_method": "client_secret_basic", "client_secret": self.admin_secret}],
            "telemetry": {"tracing": {"exporter": "none"}, "metrics": {"exporter": "none"}}}

    def start(self, text=None):
        """text: instead of what is shipped."""
        if self.postgres.process is None:
            self.postgres.start()
        if text is not None:
            self.folder.write("mas-changed.yaml", text)
        last = "mas-changed.yaml" if text is not None else "mas-latchkey.yaml"
        words = [self.release + "/mas-cli", "--config", self.folder("mas.yaml"), "--config", self.folder(last), "server"]
        self.process = Process("MAS", words, self.folder("mas.log"), cwd=self.folder.path, env={
            "LD_PRELOAD": wrapper(), "NSS_WRAPPER_HOSTS": self.folder("hosts"), "SSL_CERT_FILE": self.ca})
        self.process.ready(lambda: listens(self.inside) and self.direct("GET", "/health").status == 200, 60)
        return self

    def stop(self):
        if self.process is not None:
            self.process.stop()
            self.process = None

    def end(self):
        self.stop()
        self.postgres.stop()

    def direct(self, method, path, value=None, token=None):
        return Agent(None).send(method, f"http://127.0.0.1:{self.inside}{path}", value, token)

    def admin(self, method, path, value=None):
        """The admin API; its answer's value."""
        basic = base64.b64encode(f"{ADMIN}:{self.admin_secret}".encode()).decode()
        answer = Agent(None).post(f"http://127.0.0.1:{self.inside}/oauth2/token", {"grant_type": "client_credentials", "scope": "urn:mas:admin"},
                                  headers={"Authorization": "Basic " + basic})
        answer = self.direct(method, "/api/admin/v1" + path, value, answer.json()["access_token"])
        if answer.status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {answer}")
        return answer.json()

    def account(self, name):
        """An account from before; its id."""
        return self.admin("POST", "/users", {"username": name, "skip_homeserver_check": False})["data"]["id"]

    def link(self, house, accounts):
        """Ties accounts to agents with what is shipped for that: {user id: agent}. What it said."""
        house.folder.write("mas.token", f"{ADMIN}:{self.admin_secret}\n")
        house.folder.write("agents.tsv", house.organisation.desk("export", "external-ids"))
        house.folder.write("who-is-who", "".join(f"{account} {agent}\n" for account, agent in accounts.items()))
        return subprocess.run(
            [sys.executable, "-B", os.path.join(ROOT, "packaging/synapse/link-accounts"), "--mas", f"http://127.0.0.1:{self.inside}", "--provider", PROVIDER,
             "--token-file", house.folder("mas.token"), "--agents", house.folder("agents.tsv"), "--list", house.folder("who-is-who"),
             "--journal", house.folder("linked.journal"), "--commit"], capture_output=True, text=True, check=False, timeout=60)
