# SPDX-License-Identifier: EUPL-1.2
"""Debian's Firefox, headless, with a virtual authenticator, behind the same words as browser.py. It is driven by Marionette, the protocol that Firefox speaks itself
(a length, a colon, JSON), as its WebDriver program is no Debian package."""
import json
import os
import re
import socket

from browser import DESKTOP, Browser, Refused
from parts import Fault, Process, free_ports, listens, program, run, wait_for

# Nothing of its own goes out, nothing is asked, nothing is updated; names under localhost are 127.0.0.1 without a look-up.
PREFERENCES = {
    "app.normandy.enabled": False, "app.update.disabledForTesting": True, "browser.aboutwelcome.enabled": False, "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False, "browser.search.update": False, "browser.shell.checkDefaultBrowser": False, "browser.startup.page": 0,
    "datareporting.healthreport.uploadEnabled": False, "datareporting.policy.dataSubmissionEnabled": False, "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False, "network.connectivity-service.enabled": False, "network.dns.disablePrefetch": True,
    "network.http.speculative-parallel-limit": 0, "network.prefetch-next": False, "network.proxy.type": 0, "services.settings.server": "http://127.0.0.1:1",
    "security.webauth.webauthn_enable_softtoken": True, "security.webauth.webauthn_enable_usbtoken": False, "signon.rememberSignons": False, "toolkit.telemetry.server": "", "ui.prefersReducedMotion": 1,
}
# Of WebDriver: method, path, command of Marionette, the name of what the path holds.
COMMANDS = [
    ("POST", r"/url", "WebDriver:Navigate", None), ("GET", r"/url", "WebDriver:GetCurrentURL", None), ("GET", r"/title", "WebDriver:GetTitle", None),
    ("GET", r"/source", "WebDriver:GetPageSource", None), ("POST", r"/execute/sync", "WebDriver:ExecuteScript", None),
    ("POST", r"/elements", "WebDriver:FindElements", None), ("GET", r"/element/([^/]+)/displayed", "WebDriver:IsElementDisplayed", "id"),
    ("GET", r"/element/([^/]+)/text", "WebDriver:GetElementText", "id"), ("POST", r"/element/([^/]+)/click", "WebDriver:ElementClick", "id"),
    ("POST", r"/element/([^/]+)/value", "WebDriver:ElementSendKeys", "id"), ("GET", r"/window/handles", "WebDriver:GetWindowHandles", None),
    ("POST", r"/webauthn/authenticator", "WebAuthn:AddVirtualAuthenticator", None),
    ("DELETE", r"/webauthn/authenticator/([^/]+)", "WebAuthn:RemoveVirtualAuthenticator", "authenticatorId"),
    ("POST", r"/webauthn/authenticator/([^/]+)/credential", "WebAuthn:AddCredential", "authenticatorId"),
    ("GET", r"/webauthn/authenticator/([^/]+)/credentials", "WebAuthn:GetCredentials", "authenticatorId"),
    ("POST", r"/webauthn/authenticator/([^/]+)/uv", "WebAuthn:SetUserVerified", "authenticatorId"),
]


class Firefox(Browser):
    """As Browser; what only DevTools can do (console, a phone's screen) is not there."""

    def __init__(self, folder, ca, languages="en", size=None, dark=False):  # pylint: disable=super-init-not-called
        self.folder, self.line, self.number = folder, None, 0
        home, profile = folder.make("home"), folder.make("profile")
        self.mark = f"HOME={home}".encode()
        [self.port] = free_ports(1)
        self._trust(profile, ca)
        preferences = {**PREFERENCES, "marionette.port": self.port, "intl.accept_languages": languages, "layout.css.prefers-color-scheme.content-override": 0 if dark else 1}
        folder.write("profile/user.js", "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items()))
        size = size or DESKTOP
        self.driver = Process("firefox", [program("firefox-esr", "firefox"), "--headless", "--no-remote", "--marionette", "--profile", profile,
                                          f"--width={size['width']}", f"--height={size['height']}", "about:blank"], folder("firefox.log"),
                              {"HOME": home, "XDG_CONFIG_HOME": folder("home/config"), "XDG_CACHE_HOME": folder("home/cache"), "TMPDIR": folder.make("home/tmp"),
                               "LC_ALL": "C.UTF-8", "DBUS_SESSION_BUS_ADDRESS": "disabled:", "MOZ_HEADLESS": "1", "MOZ_CRASHREPORTER_DISABLE": "1"})
        try:
            self.driver.ready(lambda: listens(self.port), 60)
            self.line = socket.create_connection(("127.0.0.1", self.port), 60)
            self._take()
            self.version = self._say("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {"webauthn:virtualAuthenticators": True}}})["capabilities"]["browserVersion"]
        except BaseException:
            self.stop()
            raise

    @staticmethod
    def _trust(home, ca):
        certutil = program("certutil")
        run([certutil, "-d", "sql:" + home, "-N", "--empty-password"])
        run([certutil, "-d", "sql:" + home, "-A", "-t", "C,,", "-n", "test authority", "-i", ca])

    def _take(self):
        head = b""
        while not head.endswith(b":"):
            byte = self.line.recv(1)
            if not byte:
                raise Fault(f"Firefox has gone:\n{self.driver.said()}")
            head += byte
        size, got = int(head[:-1]), b""
        while len(got) < size:
            part = self.line.recv(size - len(got))
            if not part:
                raise Fault(f"Firefox has gone:\n{self.driver.said()}")
            got += part
        return json.loads(got)

    def _say(self, command, values):
        self.number += 1
        text = json.dumps([0, self.number, command, values]).encode()
        self.line.sendall(b"%d:%s" % (len(text), text))
        _, number, error, result = self._take()
        if number != self.number:
            raise Fault(f"{command}: an answer to {number}")
        if error:
            raise Refused(error["error"], error.get("message", ""))
        return result["value"] if isinstance(result, dict) and set(result) == {"value"} else result

    def call(self, method, path, value=None):
        for known, pattern, command, name in COMMANDS:
            found = re.fullmatch(pattern, path) if known == method else None
            if found:
                if command == "WebAuthn:AddCredential":
                    # Its counter is the one of the next touch, not of the last.
                    value = {"credentials": {**value, "signCount": value["signCount"] + 1}}
                return self._say(command, {**(value or {}), **({name: found.group(1)} if name else {})})
        raise Fault(f"{method} {path} has no command of Marionette")

    def clear(self):
        self._say("WebDriver:DeleteAllCookies", {})

    def stop(self):
        if self.line:
            try:
                self._say("Marionette:Quit", {"flags": ["eForceQuit"]})
            except (OSError, Refused, Fault):
                pass
            self.line.close()
        self.driver.stop()
        wait_for(lambda: not self._left(), 5)
