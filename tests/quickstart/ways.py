# SPDX-License-Identifier: EUPL-1.2
"""The ways to a Matrix session that the quickstart tries, each by what a browser, a homeserver or an intruder really sends. A way returns whether somebody was let in
and what was said; it decides nothing. A fault, for instance a page that does not come, is raised: then nothing is known, and the row is wrong whatever was expected."""
import copy
import re

from environment import FORMER, PASSWORDS
from matrix import Matrix
from parts import Fault, wait_for
from person import FIELD, Person, nobodys_key
from relay import CHAT, KEY, look_alike
from touch import Touch
from visitor import Visitor

ENDS = 30  # seconds that a session may live on after its end was asked for


def said(answer):
    """What the homeserver says in JSON or on a page, in one line."""
    try:
        value = answer.json()
        return f"{value['errcode']}: {value['error']}" if "errcode" in value else str(value.get("error", value))
    except (ValueError, TypeError):
        code, text = (re.search(pattern, answer.text, re.S) for pattern in (r"<strong>Error code</strong></p>\s*<p>(.*?)</p>", r'id="errormsg">(.*?)</strong>'))
        return ": ".join(dict.fromkeys(found.group(1).strip() for found in (code, text) if found)) or f"HTTP status {answer.status}"


class Ways:
    """house: an Environment of alice and carol; browser: one for its person."""

    def __init__(self, house, browser):
        self.house, self.matrix = house, house.matrix
        self.person = Person(house, browser)
        self.touches = {name: Touch(house.folder, copy.copy(one)) for name, one in self.person.credentials.items()}
        self.sessions = {}

    # ---- steps ----

    def visitor(self, name="alice"):
        """Somebody at the page who holds that key, without a browser: what is sent, and when, is in our hands."""
        # The counter of the key is one, whoever holds it.
        one = self.person.credentials[name]
        touch = self.touches[name]
        touch.counter = one.counter = max(one.counter, touch.counter)
        return Visitor(self.house.agent(), self.house.issuer, touch)

    def handed_on(self, visitor):
        """Where the homeserver sends the visitor's browser for a login."""
        answer = self.matrix.sso_start(visitor.agent)
        if answer.status not in (302, 303) or not answer.location.startswith(self.house.issuer):
            raise Fault(f"the homeserver does not send to the gateway: {answer}")
        return answer.location

    def code(self, name="alice"):
        """A login that has come as far as the code on its way back to the homeserver: (visitor, address with the code)."""
        visitor = self.visitor(name)
        where = visitor.login(self.handed_on(visitor), PASSWORDS[name])
        self.person.credentials[name].counter = visitor.touch.counter
        if where is None or "code=" not in where:
            raise Fault(f"no code: {visitor.answer}")
        return visitor, where

    def redeemed(self, visitor, where):
        """The homeserver gets the code. (session or None, what it said)"""
        token, answer = self.matrix.sso_finish(visitor.agent, where)
        if token is None:
            return None, said(answer)
        session, answer = self.matrix.token_login(token)
        return session, said(answer) if session is None else session.whoami()

    def alive(self, name, seconds=0):
        """Does the homeserver still know that session? seconds: how long it may take until it does not."""
        session = self.sessions[name]
        if seconds:
            wait_for(lambda: session.whoami() is None, seconds, 0.2)
        answer = session.call("GET", "/_matrix/client/v3/account/whoami")
        return answer.status == 200, answer.json()["user_id"] if answer.status == 200 else said(answer)

    def keep(self, name, session, what):
        if session is not None:
            self.sessions[name] = session
        return session is not None, what

    # ---- the password ----

    def before(self):
        """On the homeserver as it was; the environment tried it then."""
        return bool(self.house.before and self.house.before.startswith("@")), self.house.before

    def password_at_the_homeserver(self):
        session, answer = self.matrix.password_login("alice", FORMER)
        return session is not None, said(answer) if session is None else session.whoami()

    def password_alone(self):
        """Single sign-on without a touch: the page has no field for a password, so the form is made that it would send later."""
        visitor = self.visitor()
        visitor.open(self.handed_on(visitor))
        form = visitor.form
        if "request" not in form.fields or "password" in form.fields:
            raise Fault(f"not the page of the key: {visitor.answer}")
        form.action = "/password"
        visitor.send(form, password=PASSWORDS["alice"])
        return bool(visitor.answer.location), visitor.headline()

    # ---- the browser ----

    def with_the_key(self, name):
        session, what = self.person.login(name, PASSWORDS[name])
        return self.keep(name, session, what)

    def wrong_password(self):
        session, what = self.person.login("alice", "not the password")
        return session is not None, what

    def anothers_key(self):
        session, what = self.person.login("carol", PASSWORDS["alice"])
        return session is not None, what

    def own_key(self):
        """The intruder's key is a real one and says that it is alice's."""
        self.person.credentials["intruder"] = nobodys_key(self.person.credentials["alice"], self.house.folder)
        session, what = self.person.login("intruder", PASSWORDS["alice"])
        return session is not None, what

    def lost_key(self):
        session, what = self.person.login("alice", PASSWORDS["alice"])
        return session is not None, what

    # ---- the look-alike ----

    def relayed(self, name, change=None):
        """The person follows a link to a look-alike and does all that its page asks. Let in is the phisher who comes by a code or a login token."""
        relay = look_alike(self.house, change)
        try:
            self.person.plug(name)
            self.person.press(Matrix(f"https://{CHAT}:{relay.port}", self.house.authority.pem))
            if f"https://{KEY}:{relay.port}/" not in self.person.browser.address:
                raise Fault(f"the relay does not relay: {self.person.browser.address}")
            came = self.person.decided()
            if came == "password":
                self.person.password(PASSWORDS["alice"])
                came = self.person.answered()
            if came is None:
                raise Fault(f"nothing comes: {self.person.browser.text()}")
            return bool(relay.taken) or came == "token" or self.person.browser.has(FIELD), self.person.headline()
        finally:
            self.person.unplug()
            relay.stop()

    def look_alike(self):
        return self.relayed("alice")

    def look_alike_of_a_broken_key(self):
        """A key that signs for any name, as no security key and no browser does."""
        one = copy.copy(self.person.credentials["alice"])
        one.rp = KEY
        self.person.credentials["broken"] = one
        came = self.relayed("broken")
        self.person.credentials["alice"].counter = max(self.person.credentials["alice"].counter, one.counter)
        return came

    # ---- copies ----

    def replayed(self):
        """An answer of alice's key that opened a login, sent once more, word for word, in a login of the intruder."""
        victim, intruder = self.visitor(), self.visitor()
        victim.open(self.handed_on(victim))
        parts = victim.touch.form(victim.challenge, victim.origin)
        victim.press(parts)
        if "password" not in victim.form.fields:
            raise Fault(f"the true answer opened nothing: {victim.answer}")
        self.person.credentials["alice"].counter = victim.touch.counter
        intruder.open(self.handed_on(intruder))
        intruder.press(parts)
        return "password" in intruder.form.fields or bool(intruder.answer.location), intruder.headline()

    def code_once(self):
        """The first use of a code; the second needs what the browser held then."""
        self.again = self.code()
        visitor, where = self.again
        kept = dict(visitor.agent.cookies)
        session, what = self.redeemed(visitor, where)
        visitor.agent.cookies = kept
        return self.keep("of the code", session, what)

    def code_twice(self):
        session, what = self.redeemed(*self.again)
        return session is not None, what

    # ---- the lost key ----

    def lose(self):
        """A code is on its way when the loss is reported."""
        self.in_flight = self.code()
        self.house.organisation.desk("report-lost", "alice", plugged=["operator"])

    def code_in_flight(self):
        session, what = self.redeemed(*self.in_flight)
        return session is not None, what

    # ---- all of them ----

    def rows(self):
        """(what is tried, should it be let in, how)"""
        yield "the password, while the homeserver was as before", True, self.before
        yield "the password at the homeserver", False, self.password_at_the_homeserver
        yield "single sign-on: the password without the key", False, self.password_alone
        yield "single sign-on: key and password", True, lambda: self.with_the_key("alice")
        yield "the same by carol, with hers", True, lambda: self.with_the_key("carol")
        yield "key and wrong password", False, self.wrong_password
        yield "somebody else's key: carol's, and alice's password", False, self.anothers_key
        yield "a key that nobody enrolled and that says it is alice's", False, self.own_key
        yield "through a look-alike origin that relays everything", False, self.look_alike
        yield "the same with a key that would sign for any origin", False, self.look_alike_of_a_broken_key
        yield "a copied answer: what the key sent, sent once more", False, self.replayed
        yield "a code, used once", True, self.code_once
        yield "the same code, used a second time", False, self.code_twice
        yield "the session that came of its first use", False, lambda: self.alive("of the code", ENDS)
        yield "alice's session until then", True, lambda: self.alive("alice")
        self.lose()
        yield "a code that was in flight when the key was reported lost", False, self.code_in_flight
        yield "alice's session, after the key was reported lost", False, lambda: self.alive("alice", ENDS)
        yield "the lost key and the password", False, self.lost_key
        yield "carol's session, all the while", True, lambda: self.alive("carol")
