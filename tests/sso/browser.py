# SPDX-License-Identifier: EUPL-1.2
"""Debian's Chromium, headless, through chromedriver's WebDriver protocol, with a virtual authenticator that holds credentials of the software key. One
private folder is its home: profile, certificates, crash reports. It loads nothing of its own and speaks with 127.0.0.1 alone."""
import base64
import glob
import http.client
import json
import os
import re
import secrets
import signal
import socket
import subprocess

from homeserver import environment, wrapper
from parts import Fault, Process, free_ports, listens, program, run, wait_for

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-extensions", "--disable-domain-reliability",
         "--disable-breakpad", "--disable-dev-shm-usage", "--metrics-recording-only", "--no-pings", "--mute-audio", "--password-store=basic",
         "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication,CertificateTransparencyComponentUpdater",
         # No name is looked up outside; localhost and what ends in it are known without.
         "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE *.localhost , EXCLUDE localhost , EXCLUDE 127.0.0.1"]

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
DESKTOP = {"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": False}
KEYS = {"enter": "\ue007", "tab": "\ue004", "space": " ", "escape": "\ue00c"}
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver section 12.1


class Refused(Exception):
    """WebDriver said no: kind is its error code, for example "no such element"."""

    def __init__(self, kind, text):
        super().__init__(f"{kind}: {text.splitlines()[0] if text else ''}")
        self.kind = kind


class Credential:
    """What the software key's command `export RP` says of one credential."""

    def __init__(self, line):
        fields = dict(word.split("=", 1) for word in line.split()[1:])
        self.rp, self.counter = fields["rp"], int(fields["counter"])
        self.id, self.user, self.private = (bytes.fromhex(fields[name]) for name in ("id", "user", "private"))

    @classmethod
    def made(cls, folder, rp, user):
        """A credential that `openssl` made, with a key pair and an identifier of its own."""
        openssl, path = program("openssl"), folder(f"made-{secrets.token_hex(4)}.pem")
        run([openssl, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path])
        private = subprocess.run([openssl, "pkcs8", "-topk8", "-nocrypt", "-in", path, "-outform", "DER"], check=True, capture_output=True).stdout
        return cls(f"exported rp={rp} id={secrets.token_hex(32)} user={user.hex()} counter=1 private={private.hex()}")


def exported(key, rp):
    """All credentials that a key (tests/hosts/softkey.py) holds for a relying party."""
    return [Credential(line) for line in key.say("export", rp).splitlines() if line.startswith("exported ")]


def localhost(folder):
    """What the driver's environment needs on a machine without /etc/hosts, such as a fresh bootstrap: it looks for its browser under that name."""
    try:
        socket.getaddrinfo("localhost", None, socket.AF_INET)
        return {}
    except OSError:
        return {"LD_PRELOAD": wrapper(), "NSS_WRAPPER_HOSTS": folder.write("hosts", "127.0.0.1 localhost\n")}


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Browser:
    """folder: a private one, of this browser alone. ca: PEM of the authority it trusts. languages: as in Accept-Language. window: on the caller's screen, for a person; it
    looks as that person has set it."""

    def __init__(self, folder, ca, languages="en", size=None, dark=False, quiet=True, window=False):
        self.folder, self.quiet = folder, quiet
        home = folder.make("home")
        self._trust(home, ca)
        [port] = free_ports(1)
        environment = {"HOME": home, "XDG_CONFIG_HOME": folder("home/config"), "XDG_CACHE_HOME": folder("home/cache"), "TMPDIR": folder.make("home/tmp"),
                       "LANGUAGE": languages.split(",", 1)[0], "LC_ALL": "C.UTF-8", "DBUS_SESSION_BUS_ADDRESS": "disabled:", **localhost(folder)}
        self.driver = Process("chromedriver", [program("chromedriver"), f"--port={port}", "--allowed-ips=127.0.0.1"],
                              folder("chromedriver.log"), environment)
        self.port, self.session = port, None
        try:
            self.driver.ready(lambda: listens(port))
            flags = [*FLAGS, f"--user-data-dir={folder.make('home/profile')}", f"--lang={languages.split(',')[0]}"]
            options = {"binary": program("chromium"), "args": flags if window else ["--headless=new", *flags],
                       "prefs": {"intl.accept_languages": languages, "credentials_enable_service": False}}
            value = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}, "webauthn:virtualAuthenticators": True}}})
            self.session = "/session/" + value["sessionId"]
            self.version = value["capabilities"]["browserVersion"]
            if not window:
                self.look(size or DESKTOP, dark)
        except BaseException:
            self.stop()
            raise

    @staticmethod
    def _trust(home, ca):
        """Chromium on Linux reads the certificates of the user's NSS database."""
        database = os.path.join(home, ".pki/nssdb")
        os.makedirs(database, mode=0o700)
        certutil = program("certutil")
        run([certutil, "-d", "sql:" + database, "-N", "--empty-password"])
        run([certutil, "-d", "sql:" + database, "-A", "-t", "C,,", "-n", "test authority", "-i", ca])

    def _call(self, method, path, value=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, None if method in ("GET", "DELETE") else json.dumps(value or {}), {"Content-Type": "application/json"})
            answer = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(answer, dict) and "error" in answer:
            raise Refused(answer["error"], answer.get("message", ""))
        return answer

    def call(self, method, path, value=None):
        return self._call(method, self.session + path, value)

    def cdp(self, command, **parameters):
        """A command of the DevTools protocol."""
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def stop(self):
        if self.session:
            try:
                self._call("DELETE", self.session)
            except (OSError, Refused):
                pass
        self.driver.stop()
        # A driver that is ended before its browser answers leaves it behind.
        if not wait_for(lambda: not self._left(), 3):
            for pid in self._left():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            wait_for(lambda: not self._left(), 3)

    def _left(self):
        """Processes whose home is the private one of this browser."""
        found, home = [], f"HOME={self.folder('home')}".encode()
        for path in glob.glob("/proc/[0-9]*/environ"):
            try:
                with open(path, "rb") as file:
                    if home in file.read().split(b"\0"):
                        found.append(int(path.split("/")[2]))
            except OSError:
                pass
        return found

    def open_windows(self):
        """How many a person has left open."""
        try:
            return len(self.call("GET", "/window/handles"))
        except (OSError, Refused):
            return 0

    # ---- what it looks like ----

    def look(self, size=None, dark=None, reduced_motion=True):
        """A phone or a desktop, light or dark; animations off, so that pictures do not depend on the moment."""
        if size is not None:
            self.cdp("Emulation.setDeviceMetricsOverride", **size)
        features = [{"name": "prefers-reduced-motion", "value": "reduce" if reduced_motion else "no-preference"}]
        if dark is not None:
            self.dark = dark
        features.append({"name": "prefers-color-scheme", "value": "dark" if self.dark else "light"})
        self.cdp("Emulation.setEmulatedMedia", features=features)

    def screenshot(self, path, whole=True):
        """A PNG of the page, as high as it is."""
        picture = self.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture))
        return path

    # ---- pages ----

    def open(self, address):
        self.call("POST", "/url", {"url": address})

    @property
    def address(self):
        return self.call("GET", "/url")

    @property
    def title(self):
        return self.call("GET", "/title")

    @property
    def source(self):
        return self.call("GET", "/source")

    def script(self, text, *arguments):
        """The body of a function; its return value. A promise is waited for."""
        return self.call("POST", "/execute/sync", {"script": text, "args": list(arguments)})

    def find(self, selector, seconds=10, shown=True):
        """An element, waited for; a fault with the page's text if it does not come."""
        def look():
            for row in self.call("POST", "/elements", {"using": "css selector", "value": selector}):
                try:
                    if not shown or self.call("GET", f"/element/{row[ELEMENT]}/displayed"):
                        return Element(self, row[ELEMENT])
                except Refused as error:
                    if error.kind != "stale element reference":
                        raise
            return None
        found = wait_for(look, seconds)
        if not found:
            raise Fault(f"{selector} is not on {self.address}:\n{self.text()}")
        return found

    def has(self, selector):
        return bool(self.call("POST", "/elements", {"using": "css selector", "value": selector}))

    def text(self):
        """What a person reads."""
        return self.script("return document.body ? document.body.innerText : ''")

    def wait_text(self, pattern, seconds=15):
        """Until the visible text matches; the match."""
        found = wait_for(lambda: re.search(pattern, self.text()), seconds)
        if not found:
            raise Fault(f"{pattern!r} does not come on {self.address}:\n{self.text()}")
        return found

    def wait_address(self, pattern, seconds=15):
        found = wait_for(lambda: re.search(pattern, self.address), seconds)
        if not found:
            raise Fault(f"{self.address} is not {pattern!r}:\n{self.text()}")
        return found

    def errors(self):
        """What the console said since the last call, warnings and errors only."""
        rows = self.call("POST", "/se/log", {"type": "browser"})
        return [f"{row['level']} {row['message']}" for row in rows if row["level"] in ("SEVERE", "WARNING")]

    def axe(self):
        """What axe-core finds wrong for people with disabilities on this page, one line each (WCAG 2.2 A and AA, and its best practices)."""
        [path] = glob.glob(os.path.join(os.path.dirname(environment("client")), "../lib/python3*/site-packages/axe_playwright_python/axe.min.js"))
        with open(path, encoding="utf-8") as file:
            self.script(file.read())
        found = self.script("""return axe.run(document, {resultTypes: ['violations']}).then(result => result.violations.map(one =>
            [one.id, one.impact, one.help, one.nodes.map(node => node.target.join(' ')).join(', ')].join(' | ')))""")
        return sorted(found)

    def clear(self):
        """Forgets cookies, so that it is another browser."""
        self.cdp("Network.clearBrowserCookies")

    # ---- the key ----

    def plug(self, *credentials, verified=True, **options):
        """A security key on USB that is touched at once. Returns its name; options as in WebAuthn section 11.3, for instance transport="internal"."""
        name = self.call("POST", "/webauthn/authenticator", {
            "protocol": "ctap2", "transport": "usb", "hasResidentKey": True, "hasUserVerification": True, "isUserConsenting": True,
            "isUserVerified": verified, **options})
        for one in credentials:
            self.call("POST", f"/webauthn/authenticator/{name}/credential", {
                "credentialId": base64url(one.id), "isResidentCredential": True, "rpId": one.rp, "privateKey": base64url(one.private),
                "userHandle": base64url(one.user), "signCount": one.counter})
        return name

    def unplug(self, name):
        self.call("DELETE", f"/webauthn/authenticator/{name}")

    def credentials(self, name):
        """What the key holds now; signCount goes on with each touch."""
        return self.call("GET", f"/webauthn/authenticator/{name}/credentials")

    def verified(self, name, verified):
        """Whether the right PIN is entered from now on."""
        self.call("POST", f"/webauthn/authenticator/{name}/uv", {"isUserVerified": verified})

    def touched(self, name, touched):
        """Whether the key is touched at once, or waits (DevTools, as WebDriver has no word for it)."""
        self.cdp("WebAuthn.setAutomaticPresenceSimulation", authenticatorId=name, enabled=touched)


class Element:
    def __init__(self, browser, name):
        self.browser, self.path = browser, f"/element/{name}"

    def click(self):
        self.browser.call("POST", self.path + "/click")

    def type(self, text):
        self.browser.call("POST", self.path + "/value", {"text": text})

    @property
    def text(self):
        return self.browser.call("GET", self.path + "/text")

    def attribute(self, name):
        return self.browser.call("GET", f"{self.path}/attribute/{name}")
