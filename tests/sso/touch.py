# SPDX-License-Identifier: EUPL-1.2
"""What a browser and a security key make together, byte by byte, from a credential that the software key exported: for answers that no honest browser would
give. Signatures are those of `openssl`; nothing of core/ is used."""
import hashlib
import json
import subprocess

from browser import base64url
from parts import program

UP, UV, BE, BS, AT, ED = 1, 4, 8, 16, 64, 128  # WebAuthn L3 section 6.1


class Touch:
    """credential: browser.Credential. counter goes on with each assertion."""

    def __init__(self, folder, credential, name="touch"):
        self.credential, self.counter = credential, credential.counter
        self.path, self.openssl = folder.write(f"{name}-{credential.id[:8].hex()}.p8", credential.private), program("openssl")

    def sign(self, data, client):
        signed = data + hashlib.sha256(client).digest()
        return subprocess.run([self.openssl, "dgst", "-sha256", "-keyform", "DER", "-sign", self.path], input=signed, check=True, capture_output=True).stdout

    def answer(self, challenge, origin, flags=UP | UV, rp=None, counter=None, kind="webauthn.get", client=None, rest=b"", **members):
        """An assertion: (id, authenticator data, signature, user handle, client data), bytes. challenge: as the page has it, in base64url. rest: what follows the
        counter. client: client data as they are, instead of those that the other arguments describe; members: more members of them."""
        ident, data, _, user, client = self.unsigned(challenge, origin, flags, rp, counter, kind, client, rest, **members)
        return ident, data, self.sign(data, client), user, client

    def unsigned(self, challenge, origin, flags=UP | UV, rp=None, counter=None, kind="webauthn.get", client=None, rest=b"", **members):
        """The same without a signature."""
        self.counter += 1
        data = hashlib.sha256((rp or self.credential.rp).encode()).digest() + bytes([flags])
        data += (self.counter if counter is None else counter).to_bytes(4, "big") + rest
        if client is None:
            # In the order and form of WebAuthn L3 section 5.8.1.1.
            client = json.dumps({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False, **members}, separators=(",", ":"),
                                ensure_ascii=False).encode()
        return self.credential.id, data, b"", self.credential.user, client

    def form(self, *arguments, **options):
        """The same as texts in base64url."""
        return [base64url(part) for part in self.answer(*arguments, **options)]
