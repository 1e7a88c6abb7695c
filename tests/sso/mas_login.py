# SPDX-License-Identifier: EUPL-1.2
"""A Matrix client before MAS: the authorisation code of Matrix's OAuth 2.0 API, with PKCE, by a browser that the test plays."""
import base64
import hashlib
import secrets
import urllib.parse

from agent import Agent
from mas import BACK, CLIENT
from visitor import Form

REDIRECTS_MAX = 12
SCOPE = "openid urn:matrix:org.matrix.msc2967.client:api:* urn:matrix:org.matrix.msc2967.client:device:"


class Client:
    """mas: the Mas; matrix: the Homeserver behind it."""

    def __init__(self, mas, matrix):
        self.mas, self.matrix = mas, matrix
        self.verifier, self.state, self.device = secrets.token_urlsafe(32), secrets.token_urlsafe(8), secrets.token_hex(5).upper()

    def address(self):
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        return self.mas.base + "/authorize?" + urllib.parse.urlencode({
            "client_id": CLIENT, "redirect_uri": BACK, "response_type": "code", "scope": SCOPE + self.device, "state": self.state,
            "code_challenge": challenge, "code_challenge_method": "S256"})

    def walk(self, agent, address):
        """Follows redirects until there is a page or the way leads to somebody else: (answer, address of somebody else or None). Pages of consent are agreed to."""
        for _ in range(REDIRECTS_MAX):
            if not address.startswith(self.mas.base + "/"):
                return None, address
            answer = agent.get(address)
            if answer.location is None and "/consent" in answer.url:
                form = Form(answer.text)
                answer = agent.post(answer.url, form.fields)
            if answer.location is None:
                return answer, None
            address = answer.location
        raise RuntimeError(f"MAS redirects for ever: {address}")

    def begin(self, agent):
        """The address at the OpenID provider that MAS sends to: at once, or after the page that says that the browser's session was ended, whose only button signs out."""
        answer, away = self.walk(agent, self.address())
        if away is None and Form(answer.text).action == "/logout":
            answer, away = self.walk(agent, agent.post(self.mas.base + "/logout", Form(answer.text).fields).location)
        if away is None:
            raise RuntimeError(f"MAS shows a page instead of the provider: {answer.text}")
        return away

    def end(self, agent, callback):
        """From the provider's redirect back: (token answer of MAS or None, last answer)."""
        answer, away = self.walk(agent, callback)
        if away is None or not away.startswith(BACK + "?"):
            return None, answer
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(away).query))
        if query.get("state") != self.state or "code" not in query:
            return None, away
        token = Agent(self.mas.ca).post(self.mas.base + "/oauth2/token", {
            "grant_type": "authorization_code", "client_id": CLIENT, "redirect_uri": BACK, "code": query["code"], "code_verifier": self.verifier})
        return (token.json() if token.status == 200 else None), token

    def refresh(self, tokens):
        return Agent(self.mas.ca).post(self.mas.base + "/oauth2/token", {
            "grant_type": "refresh_token", "client_id": CLIENT, "refresh_token": tokens["refresh_token"]})

    def whoami(self, tokens):
        """Asks the homeserver: the user id, or None when it does not know the token any more."""
        answer = self.matrix.direct("GET", "/_matrix/client/v3/account/whoami", token=tokens["access_token"])
        return answer.json().get("user_id") if answer.status == 200 else None
