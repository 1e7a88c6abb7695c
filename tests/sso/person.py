# SPDX-License-Identifier: EUPL-1.2
"""A person before a Chromium: her key in its virtual authenticator, the page's button, the password; and what the page says in the end."""
from browser import Credential
from parts import wait_for

BUTTON, FIELD, SUBMIT, WRONG = "[data-do=ask]", "#password", "button[type=submit]", "#wrong"
# Views of the page (sso/pages) in which nothing more comes by itself.
ENDED = ("cancelled", "failed", "late", "refused", "unsupported", "note")


def nobodys_key(credential, folder):
    """A credential that nobody enrolled and that says of itself what another says: its user and relying party, with a key pair and an identifier of its own."""
    return Credential.made(folder, credential.rp, credential.user)


class Person:
    """house: an Environment; browser: a Browser; credentials: {name: browser.Credential}, of all agents unless given."""

    def __init__(self, house, browser, credentials=None, picture=None):
        self.house, self.matrix, self.issuer, self.browser = house, house.matrix, house.issuer, browser
        self.credentials = credentials or {name: house.organisation.browser_credential(name) for name in house.agents}
        self.plugged, self.picture = None, picture or (lambda name: None)

    # ---- the key ----

    def plug(self, name, **options):
        """That key alone is plugged in; options as in Browser.plug."""
        self.unplug()
        self.plugged = (name, self.browser.plug(self.credentials[name], **options))

    def unplug(self):
        """The counter of the virtual key goes on where it was when it is plugged in again."""
        if self.plugged:
            name, authenticator = self.plugged
            if name in self.credentials:
                one = self.credentials[name]
                one.counter = max([one.counter] + [row["signCount"] for row in self.browser.credentials(authenticator)])
            self.browser.unplug(authenticator)
            self.plugged = None

    # ---- the page ----

    def state(self):
        """Which view of the page is shown."""
        return self.browser.find("main").attribute("data-state")

    def headline(self):
        """What the page says in large letters, and the code of a refusal if it shows one."""
        return self.browser.script("""
            const seen = element => element && element.checkVisibility() ? element.innerText.trim() : '';
            const all = [...document.querySelectorAll('#wrong h2, main h1, main code')].map(seen).filter(text => text !== '');
            const wrong = document.querySelector('#wrong h2');
            const code = all.find(text => text.startsWith('E_'));
            return [wrong ? wrong.innerText : all[0] || '', code ? '(' + code + ')' : ''].join(' ').trim();""")

    def press(self, matrix=None):
        """From the homeserver's own link to the page, and the button. matrix: another address of the homeserver than the true one."""
        self.browser.open((matrix or self.matrix).sso_address())
        self.browser.find(BUTTON)
        self.picture("1-key")
        self.browser.find(BUTTON).click()

    def decided(self, seconds=30):
        """Waits until the key's answer has come to something: "password" when it is asked for, "token" when the homeserver has let the person in, otherwise a view
        of the page. None: nothing came."""
        def look():
            if "loginToken=" in self.browser.address:
                return "token"
            found = self.browser.script("""
                const main = document.querySelector('main');
                return document.readyState !== 'complete' || !main ? null : document.getElementById('password') ? 'password' : main.dataset.state;""")
            return found if found == "password" or found in ENDED else None
        return wait_for(look, seconds)

    def password(self, word):
        field = self.browser.find(FIELD, 20)
        self.picture("2-password")
        field.type(word)
        self.browser.find(SUBMIT).click()

    def answered(self, seconds=20):
        """After a password: "token", "wrong", or a view of the page."""
        def look():
            if "loginToken=" in self.browser.address:
                return "token"
            if self.browser.has(WRONG):
                return "wrong"
            view = self.browser.script("const main = document.querySelector('main'); return main ? main.dataset.state : null")
            return view if view in ENDED else None
        return wait_for(look, seconds)

    # ---- all of it ----

    def token(self):
        """The login token that the browser was sent back with."""
        return self.browser.address.split("loginToken=")[1].split("&")[0]

    def login(self, name, word):
        """With that key and, where one is asked for, that password: (session or None, what the person was told)."""
        self.plug(name)
        self.press()
        came = self.decided()
        if came == "password":
            self.password(word)
            came = self.answered()
        if came != "token":
            return None, self.headline()
        session, answer = self.matrix.token_login(self.token())
        return session, answer.text if session is None else session.whoami()
