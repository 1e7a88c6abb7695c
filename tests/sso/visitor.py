# SPDX-License-Identifier: EUPL-1.2
"""A person at the login page without a browser: reads its forms and sends them back, with whatever answer of a key the test makes. For thousands of logins, and for
those that no browser would send."""
import html
import html.parser
import re
import urllib.parse


class Form(html.parser.HTMLParser):
    """The first form of a page: action, hidden fields, and attributes data-* of any element."""

    def __init__(self, text):
        super().__init__()
        self.action, self.fields, self.data, self.title = None, {}, {}, ""
        self.within = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.within = tag
        self.data.update({name[5:]: value for name, value in attributes.items() if name.startswith("data-")})
        if tag == "form" and self.action is None:
            self.action = attributes.get("action")
        elif tag == "input" and attributes.get("name"):
            self.fields.setdefault(attributes["name"], attributes.get("value") or "")

    def handle_data(self, data):
        if self.within == "title":
            self.title += data

    def handle_endtag(self, tag):
        self.within = None


class Visitor:
    """agent: cookies and all of one browser; origin: that of the gateway; touch: the person's key."""

    def __init__(self, agent, origin, touch):
        self.agent, self.origin, self.touch, self.answer = agent, origin, touch, None

    def open(self, address):
        self.answer = self.agent.get(address)
        return self.answer

    @property
    def form(self):
        return Form(self.answer.text)

    @property
    def challenge(self):
        return self.form.data["challenge"]

    def send(self, form, **fields):
        values = {**form.fields, **fields}
        self.answer = self.agent.post(urllib.parse.urljoin(self.origin + "/", form.action), values, headers={"Origin": self.origin})
        return self.answer

    def press(self, parts=None, **options):
        """The button and the touch. parts: (id, authenticator data, signature, user handle, client data) in base64url; otherwise the key makes them, with these options
        of Touch.answer."""
        form = self.form
        ident, data, signature, handle, client = parts or self.touch.form(form.data["challenge"], options.pop("origin", self.origin), **options)
        return self.send(form, id=ident, authenticator_data=data, signature=signature, user_handle=handle, client_data=client)

    def password(self, word):
        return self.send(self.form, password=word)

    def headline(self):
        """What the page says in large letters, and the code of a refusal if it shows one."""
        title = re.search(r'<section data-view="refused">.*?<h1[^>]*>(.*?)</h1>', self.answer.text, re.S) or re.search(r"<h[12][^>]*>(.*?)</h", self.answer.text, re.S)
        code = re.search(r"<code>(E_\w+)</code>", self.answer.text)
        return " ".join([html.unescape(title.group(1)) if title else f"HTTP status {self.answer.status}"] + ([f"({code.group(1)})"] if code else []))

    def login(self, address, word=None):
        """All of it. The application's address that the last answer redirects to, or None."""
        self.open(address)
        if self.answer.status == 200:
            self.press()
        if self.answer.status == 200 and word is not None and "password" in self.form.fields:
            self.password(word)
        return self.answer.location
