# SPDX-License-Identifier: EUPL-1.2
"""An OpenID provider that asks nobody anything and says whatever the test wants. It is an oracle for the environment: with it a test shows what the
homeserver refuses when the provider is honest about a weak login. Signatures are those of `openssl`."""
import base64
import http.server
import json
import secrets
import subprocess
import time
import urllib.parse

from parts import Listener, program


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """P-256 and ES256 (RFC 7518 section 3.4)."""

    def __init__(self, folder, name="provider"):
        self.path, self.openssl, self.kid = folder(name + ".jwk.pem"), program("openssl"), secrets.token_hex(8)
        subprocess.run([self.openssl, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.path], check=True,
                       capture_output=True)
        der = subprocess.run([self.openssl, "pkey", "-in", self.path, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
        # The point ends the SubjectPublicKeyInfo of P-256: x and y.
        self.jwk = {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid, "x": encode(der[-64:-32]), "y": encode(der[-32:])}

    def sign(self, payload, kind="JWT"):
        head = {"alg": "ES256", "kid": self.kid, "typ": kind}
        text = ".".join(encode(json.dumps(part).encode()) for part in (head, payload))
        der = subprocess.run([self.openssl, "dgst", "-sha256", "-sign", self.path], input=text.encode(), check=True, capture_output=True).stdout
        return text + "." + encode(raw(der))


def raw(der):
    """r and s of a DER signature, 32 bytes each."""
    first = der[3]
    r, s = der[4:4 + first], der[6 + first:]
    return r[-32:].rjust(32, b"\0") + s[-32:].rjust(32, b"\0")


class Provider(Listener):
    """claims: what the next ID tokens say, besides what the standard demands. Requests it got stand in asked."""

    def __init__(self, folder, name, port, pem, key, client, secret):
        self.issuer, self.client, self.secret = f"https://{name}:{port}", client, secret
        self.key = Key(folder)
        self.claims, self.codes, self.asked = {}, {}, []
        super().__init__(port, handler(self), pem, key)

    def discovery(self):
        return {"issuer": self.issuer, "authorization_endpoint": self.issuer + "/authorize", "token_endpoint": self.issuer + "/token",
                "jwks_uri": self.issuer + "/jwks", "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256", "RS256"], "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"], "backchannel_logout_supported": True,
                "backchannel_logout_session_supported": True}

    def authorize(self, query):
        self.asked.append(query)
        code = secrets.token_urlsafe(32)
        self.codes[code] = query
        return query["redirect_uri"] + "?" + urllib.parse.urlencode({"code": code, "state": query["state"], "iss": self.issuer})

    def token(self, form, authorization):
        expected = "Basic " + base64.b64encode(f"{self.client}:{self.secret}".encode()).decode()
        query = self.codes.pop(form.get("code"), None)
        if authorization != expected or query is None:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        payload = {"iss": self.issuer, "aud": self.client, "iat": now, "exp": now + 300, "auth_time": now, "nonce": query["nonce"], **self.claims}
        return 200, {"access_token": secrets.token_urlsafe(32), "token_type": "Bearer", "expires_in": 300,
                     "id_token": self.key.sign(payload)}

    def logout_token(self, sid, subject, **others):
        now = int(time.time())
        return self.key.sign({"iss": self.issuer, "aud": self.client, "iat": now, "exp": now + 120, "jti": secrets.token_hex(16), "sid": sid,
                              "sub": subject, "events": {"http://schemas.openid.net/event/backchannel-logout": {}}, **others}, "logout+jwt")


def handler(provider):
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self, status, value=None, location=None):
            body = json.dumps(value).encode() if value is not None else b""
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            parts = urllib.parse.urlsplit(self.path)
            if parts.path == "/.well-known/openid-configuration":
                self.answer(200, provider.discovery())
            elif parts.path == "/jwks":
                self.answer(200, {"keys": [provider.key.jwk]})
            elif parts.path == "/authorize":
                self.answer(303, location=provider.authorize(dict(urllib.parse.parse_qsl(parts.query))))
            else:
                self.answer(404, {})

        def do_POST(self):
            form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self.answer(*(provider.token(form, self.headers.get("Authorization")) if self.path == "/token" else (404, {})))

        def log_message(self, *_):
            """Silent: the test says what matters."""
    return Handler
