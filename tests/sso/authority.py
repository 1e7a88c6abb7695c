# SPDX-License-Identifier: EUPL-1.2
"""A certificate authority that exists for one run: `openssl` makes it and the certificates of the names that are asked for."""
import hashlib
import base64
import subprocess

from parts import program, run


class Authority:
    """folder/ca.pem is what everybody trusts; certificate(name) makes folder/NAME.pem and NAME.key."""

    def __init__(self, folder):
        self.folder = folder
        self.openssl = program("openssl")
        self.pem = folder("ca.pem")
        self.key = folder("ca.key")
        run([self.openssl, "req", "-x509", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=Latchkey test authority", "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0",
             "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", self.key, "-out", self.pem])

    def certificate(self, name, *others):
        """(certificate, key) for that host name and perhaps others."""
        pem, key, request = (self.folder(name + ending) for ending in (".pem", ".key", ".csr"))
        run([self.openssl, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
             "-keyout", key, "-out", request])
        extensions = self.folder.write(name + ".ext", f"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
                                                      f"extendedKeyUsage=serverAuth\nsubjectAltName={','.join('DNS:' + one for one in (name, *others))}\n")
        run([self.openssl, "x509", "-req", "-in", request, "-CA", self.pem, "-CAkey", self.key, "-CAcreateserial", "-days", "2", "-sha256",
             "-extfile", extensions, "-out", pem])
        return pem, key

    def spki(self, pem):
        """SHA-256 of the certificate's public key in base64: what Chromium pins."""
        public = subprocess.run([self.openssl, "x509", "-in", pem, "-noout", "-pubkey"], check=True, capture_output=True).stdout
        der = subprocess.run([self.openssl, "pkey", "-pubin", "-outform", "DER"], input=public, check=True, capture_output=True).stdout
        return base64.b64encode(hashlib.sha256(der).digest()).decode()
