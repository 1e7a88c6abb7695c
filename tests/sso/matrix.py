# SPDX-License-Identifier: EUPL-1.2
"""The few calls of the Matrix client API that a login is made of. Nothing here raises for a refusal: the answer is returned for the test to judge."""
import html
import re
import urllib.parse

from agent import Agent

PROVIDER = "oidc-latchkey"


class Session:
    """What a login gave: somebody's access token."""

    def __init__(self, matrix, user, token, device):
        self.matrix, self.user, self.token, self.device = matrix, user, token, device

    def whoami(self):
        """The user id, or None when the homeserver no longer knows the token."""
        answer = self.call("GET", "/_matrix/client/v3/account/whoami")
        return answer.json().get("user_id") if answer.status == 200 else None

    def call(self, method, path, value=None):
        return self.matrix.agent().send(method, self.matrix.base + path, value, self.token)

    def devices(self):
        return sorted(row["device_id"] for row in self.call("GET", "/_matrix/client/v3/devices").json()["devices"])


class Matrix:
    """A homeserver at its public address, without a slash at its end."""

    def __init__(self, base, ca):
        self.base, self.ca = base, ca
        self.client = base + "/"

    def agent(self):
        return Agent(self.ca)

    def flows(self):
        return self.agent().get(self.base + "/_matrix/client/v3/login").json()["flows"]

    def login(self, value):
        """(session or None, answer)"""
        answer = self.agent().send("POST", self.base + "/_matrix/client/v3/login", value)
        given = answer.json() if answer.status == 200 else {}
        session = Session(self, given["user_id"], given["access_token"], given["device_id"]) if "access_token" in given else None
        return session, answer

    def password_login(self, user, password):
        return self.login({"type": "m.login.password", "identifier": {"type": "m.id.user", "user": user}, "password": password})

    def token_login(self, token):
        return self.login({"type": "m.login.token", "token": token})

    # ---- single sign-on ----

    def sso_address(self, client=None, provider=PROVIDER):
        query = urllib.parse.urlencode({"redirectUrl": client or self.client})
        return f"{self.base}/_matrix/client/v3/login/sso/redirect/{provider}?{query}"

    def sso_start(self, agent, client=None):
        """The homeserver's redirect to the provider; agent holds the cookie that ties it to this browser."""
        return agent.get(self.sso_address(client))

    def sso_finish(self, agent, callback):
        """Follows the provider's redirect back. (login token or None, answer of the homeserver)"""
        answer = agent.get(callback)
        return login_token(answer), answer

    # ---- user-interactive authentication ----

    def confirm_start(self, session, device):
        """Asks to delete a device. (name of the authentication session or None, answer)"""
        answer = session.call("DELETE", f"/_matrix/client/v3/devices/{device}", {})
        return (answer.json().get("session") if answer.status == 401 else None), answer

    def confirm_page(self, agent, name):
        """The page that sends to the provider: (the provider's address or None, answer)."""
        answer = agent.get(f"{self.base}/_matrix/client/v3/auth/m.login.sso/fallback/web?session={name}")
        found = re.search(r'href="(https://[^"]*[?&;]state=[^"]*)"', answer.text)
        return (html.unescape(found.group(1)) if found else None), answer

    def confirm_finish(self, session, device, name):
        """200: deleted; 401: the confirmation does not stand."""
        return session.call("DELETE", f"/_matrix/client/v3/devices/{device}", {"auth": {"session": name}})


def login_token(answer):
    """The login token on a page or in a redirect of the homeserver that logs somebody in, or None."""
    if answer.location and answer.query("loginToken"):
        return answer.query("loginToken")
    found = re.search(r'[?&;]loginToken=([A-Za-z0-9_-]+)', html.unescape(answer.text))
    return found.group(1) if found else None
