# SPDX-License-Identifier: EUPL-1.2
"""A second relying party beside Synapse: idpyoidc, which shares no code with it. Runs in the environment of requirements-client.txt; import this module
first, it goes there by itself."""
import os
import socket
import sys
import urllib.parse

import skip
from homeserver import environment
from parts import Missing

try:
    from cryptojwt.key_jar import init_key_jar
    from idpyoidc.client.rp_handler import RPHandler
except ImportError:
    if os.environ.get("LK_SSO_CLIENT"):
        raise
    try:
        python = environment("client")
    except Missing as lacking:
        skip.lacking(lacking)
    os.environ["LK_SSO_CLIENT"] = python
    os.execv(python, [python, "-B", *sys.argv])

LOOK_UP = socket.getaddrinfo


def look_up(host, *others, **options):
    """Names under localhost are this machine (RFC 6761 section 6.3), whatever the resolver here says."""
    return LOOK_UP("127.0.0.1" if str(host).endswith(".localhost") else host, *others, **options)


socket.getaddrinfo = look_up


class RelyingParty:
    """redirect: its own address at which a login ends; nobody need listen there. asked: further parameters of the authorisation request. Whatever the library finds wrong it
    raises."""

    def __init__(self, issuer, client, secret, redirect, ca, asked=None, method="client_secret_basic", logout=None, algorithm="ES256"):
        self.asked = asked or {}
        # A key of its own that it does not need, in memory: left alone it writes one into the current folder.
        self.handler = RPHandler(
            keyjar=init_key_jar(key_defs=[{"type": "EC", "crv": "P-256", "use": ["sig"]}]), base_url=redirect.rsplit("/", 1)[0], httpc_params={"verify": ca, "timeout": 20},
            client_configs={"gateway": {
                "issuer": issuer, "client_id": client, "client_secret": secret, "redirect_uris": [redirect],
                "post_logout_redirect_uris": [logout] if logout else [],
                "client_type": "oidc", "response_types_supported": ["code"], "scopes_supported": ["openid"],
                "token_endpoint_auth_methods_supported": [method], "token_endpoint_auth_method": method,
                "client_authn_methods": {"client_secret_basic": "idpyoidc.client.client_auth.ClientSecretBasic",
                                         "client_secret_post": "idpyoidc.client.client_auth.ClientSecretPost"},
                "id_token_signed_response_alg": algorithm,
                "add_ons": {"pkce": {"function": "idpyoidc.client.oauth2.add_on.pkce.add_support",
                                     "kwargs": {"code_challenge_length": 64, "code_challenge_method": "S256"}}},
                "services": {
                    "discovery": {"class": "idpyoidc.client.oidc.provider_info_discovery.ProviderInfoDiscovery"},
                    "authorization": {"class": "idpyoidc.client.oidc.authorization.Authorization"},
                    "accesstoken": {"class": "idpyoidc.client.oidc.access_token.AccessToken"},
                    "userinfo": {"class": "idpyoidc.client.oidc.userinfo.UserInfo"},
                    "end_session": {"class": "idpyoidc.client.oidc.end_session.EndSession"}}}})

    def begin(self):
        """The address that a browser opens."""
        return self.handler.begin("gateway", req_args=self.asked)

    def finish(self, callback):
        """callback: where the browser was sent at the end. {"id_token", "userinfo", "token", "state"} of a login that this library takes for good."""
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(callback).query))
        return self.handler.finalize(self.handler.state2issuer(query["state"]), query)
