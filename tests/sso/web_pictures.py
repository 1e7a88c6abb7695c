#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Every state of the pages in Chromium, at phone and desktop width: what axe-core finds is printed, pictures go into a folder (docs/images).

  LK_BUILD=build/dev LK_SSO_ENV=build/dev/sso-env python3 -B tests/sso/web_pictures.py FOLDER [STATE ...]"""
import os
import re
import sys
import time
import urllib.parse

import web_issuer as web
from authority import Authority
from browser import DESKTOP, PHONE, Browser
from parts import ROOT, Folder

HOUSE = '{"title":"Ministère de la Transition numérique","colour":"1b4f8f","help":"Assistance : 01 23 45 67 89, de 8 h à 19 h.","password":true}'
ALICE = {"sealed": web.SEALED, "name": "alice", "full_name": "Alice Martin", "client": "Tchap"}


def refused(reason, way_on=True, **more):
    on = {"sealed": web.SEALED, "challenge": web.CHALLENGE} if way_on else {}
    return web.page(web.REFUSED, reason, client="Tchap", **on, **more)


# What the issuer says in each state.
STATES = {
    "start": web.key_page(),
    "unknown-key": refused(62), "phone-passkey": refused(58), "suspended": refused(81), "revoked": refused(82), "expired": refused(84),
    "record": refused(89), "counter": refused(59), "too-late": refused(61), "too-many": refused(34), "not-begun-here": refused(142, False),
    "unavailable": refused(117, False), "password-expired": refused(148), "account-expired": refused(149, detail="Compte fermé depuis le 1er novembre."),
    "password": web.page(web.ASK_PASSWORD, **ALICE), "password-wrong": web.page(web.ASK_PASSWORD, 147, 3, **ALICE),
    "password-last": web.page(web.ASK_PASSWORD, 147, 1, **ALICE),
    "application-error": web.page(web.ERROR, 144, detail="redirect_uri is not registered"),
    "pending": refused(80), "not-valid-yet": refused(83), "earlier-account": refused(95), "model": refused(93), "firmware": refused(96), "weakness": refused(97),
    "no-pin": refused(57), "not-touched": refused(56), "other-address": refused(53), "other-service": refused(51), "bad-answer": refused(50), "used-before": refused(60),
    "touched-again": refused(140), "passwords": refused(153),
    "logged-out": web.page(web.REFUSED, 0), "nothing-ended": web.page(web.NOBODY),
}
# What the page shows by itself.
VIEWS = ["waiting", "checking", "cancelled", "late", "failed", "unsupported"]
SHOW = """for (const view of document.querySelectorAll('[data-view]')) view.hidden = view.dataset.view !== arguments[0];"""


NOTES = (("welcome", "/"), ("not-found", "/none"), ("method", "/key"), ("too-long", "/authorize?a=" + "x" * 8200), ("form", "/authorize?state=%"))


def proxy_page():
    """What nginx says by itself while the gateway is away."""
    with open(os.path.join(ROOT, "packaging/nginx/latchkey.conf"), encoding="utf-8") as file:
        return re.search(r'return 503 "(.*)\\n";', file.read()).group(1).replace('\\"', '"')


class Album:
    def __init__(self, folder, only):
        self.to, self.only, self.found = folder, only, 0

    def take(self, browser, name, kind):
        errors = [line for line in browser.errors() if "favicon" not in line and "status of" not in line]
        for line in browser.axe() + errors:
            self.found += 1
            print(f"{name} {kind}: {line}")
        wide = browser.script("return document.documentElement.scrollWidth > innerWidth")
        if wide:
            self.found += 1
            print(f"{name} {kind}: wider than the window")
        browser.screenshot(os.path.join(self.to, f"sso-{name}-{kind}.png"))

    def wanted(self, name):
        return not self.only or name in self.only

    def all(self, browser, server, site, kind):
        for name in STATES:
            if self.wanted(name):
                browser.open(f"{site}/authorize?client_id={name}")
                self.take(browser, name, kind)
        for name in VIEWS:
            if self.wanted(name):
                browser.open(site + "/authorize?client_id=start")
                if name == "waiting":
                    browser.find("[data-do=ask]").click()
                    browser.find("[data-view=waiting] h1")
                    time.sleep(0.2)
                else:
                    browser.script(SHOW, name)
                self.take(browser, name, kind)
        if self.wanted("help"):
            browser.open(site + "/authorize?client_id=start")
            browser.find("summary").click()
            self.take(browser, "help", kind)
        for name, path in NOTES:
            if self.wanted(name):
                browser.open(site + path)
                self.take(browser, name, kind)
        if self.wanted("away"):
            server.issuer.stop()
            server.until_up(False)
            browser.open(site + "/authorize?client_id=start")
            self.take(browser, "away", kind)
            server.issuer.start()
            server.until_up()
        if self.wanted("proxy-away"):
            browser.open("data:text/html;charset=utf-8," + urllib.parse.quote(proxy_page()))
            browser.screenshot(os.path.join(self.to, f"sso-proxy-away-{kind}.png"))
        if self.wanted("no-script"):
            browser.cdp("Emulation.setScriptExecutionDisabled", value=True)
            browser.open(site + "/authorize?client_id=start")
            browser.screenshot(os.path.join(self.to, f"sso-no-script-{kind}.png"))
            browser.cdp("Emulation.setScriptExecutionDisabled", value=False)


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    album = Album(sys.argv[1], sys.argv[2:])
    # On a loopback name Chromium takes plain HTTP for a secure context.
    server = web.Web(os.environ["LK_BUILD"], documents=[web.document(3, HOUSE)], host="key.localhost", tcp=True)
    folder = Folder()
    try:
        server.until_up()
        server.issuer.answers[web.AUTHORIZE] = lambda asked: STATES[asked["client_id"].decode()]
        site = f"http://key.localhost:{server.port}"
        for language, kind, size, dark in (("fr", "phone", {**PHONE, "deviceScaleFactor": 1}, False), ("en", "phone-dark", {**PHONE, "deviceScaleFactor": 1}, True),
                                           ("en", "desktop", DESKTOP, True), ("en", "narrow", {**PHONE, "width": 320, "deviceScaleFactor": 1}, False),
                                           ("fr", "desktop-light", DESKTOP, False)):
            if os.environ.get("LK_KINDS") and kind not in os.environ["LK_KINDS"].split(","):
                continue
            home = Folder(keep=folder.make(kind))
            browser = Browser(home, Authority(home).pem, languages=language, size=size, dark=dark)
            try:
                browser.touched(browser.plug(), False)
                album.all(browser, server, site, kind)
            finally:
                browser.stop()
    finally:
        server.stop()
        folder.remove()
    print(f"{album.found} found")
    sys.exit(album.found != 0)


if __name__ == "__main__":
    main()
