# SPDX-License-Identifier: EUPL-1.2
"""An HTTP client that goes where it is sent: names under localhost are 127.0.0.1, certificates are checked with one authority, cookies are kept as a
browser keeps them (name, path, Secure), redirects are shown and not followed."""
import gzip
import http.client
import json
import socket
import ssl
import urllib.parse


class Answer:
    def __init__(self, url, status, headers, body):
        self.url, self.status, self.headers, self.body = url, status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)

    @property
    def location(self):
        """Where it redirects to, absolute; None if it does not."""
        where = self.headers.get("Location")
        return urllib.parse.urljoin(self.url, where) if where else None

    def query(self, name):
        """A parameter of the address it redirects to."""
        values = urllib.parse.parse_qs(urllib.parse.urlsplit(self.location or "").query).get(name)
        return values[0] if values else None

    def __repr__(self):
        return f"<{self.status} {self.url} {self.location or self.text[:300]!r}>"


class Agent:
    def __init__(self, ca, timeout=30):
        self.context = ssl.create_default_context(cafile=ca) if ca else None
        self.timeout = timeout
        self.cookies = {}  # (host, path, name): value

    def _cookie(self, parts):
        path = parts.path or "/"
        kept = [f"{name}={value}" for (host, where, name), value in sorted(self.cookies.items(), key=lambda row: -len(row[0][1]))
                if host == parts.hostname and (path == where or path.startswith(where.rstrip("/") + "/"))]
        return "; ".join(kept)

    def _keep(self, parts, headers):
        for line in headers.get_all("Set-Cookie") or []:
            first, *others = [part.strip() for part in line.split(";")]
            name, value = first.split("=", 1)
            attributes = {word.split("=", 1)[0].lower(): word.partition("=")[2] for word in others}
            where = (parts.hostname, attributes.get("path") or "/", name)
            if attributes.get("max-age", "1").startswith(("0", "-")) or "1970" in attributes.get("expires", ""):
                self.cookies.pop(where, None)
            else:
                self.cookies[where] = value

    def open(self, method, url, body=None, headers=None, target=None):
        """target: the request line's own words instead of path and query of the address, not encoded once more."""
        parts = urllib.parse.urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}[parts.scheme]
        line = socket.create_connection(("127.0.0.1", port), self.timeout)
        # As browsers do: otherwise each form waits 40 ms for an acknowledgement.
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if parts.scheme == "https":
            line = self.context.wrap_socket(line, server_hostname=parts.hostname)
        connection = http.client.HTTPConnection(parts.hostname, port, timeout=self.timeout)
        connection.sock = line
        # What is hostile must go out as it is.
        connection._validate_path = lambda _: None  # pylint: disable=protected-access
        try:
            connection.putrequest(method, target or (parts.path or "/") + ("?" + parts.query if parts.query else ""), skip_host=True,
                                  skip_accept_encoding=True)
            lines = {"Host": parts.netloc.rpartition("@")[2], "Connection": "close", "User-Agent": "latchkey-test", **(headers or {})}
            cookie = self._cookie(parts)
            if cookie:
                lines.setdefault("Cookie", cookie)
            if body is not None or method in ("POST", "PUT"):
                lines["Content-Length"] = str(len(body or b""))
            for name, value in lines.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            reply = connection.getresponse()
            data = reply.read()
        finally:
            connection.close()
        if reply.headers.get("Content-Encoding") == "gzip":
            data = gzip.decompress(data)
        self._keep(parts, reply.headers)
        return Answer(url, reply.status, reply.headers, data)

    def get(self, url, **options):
        return self.open("GET", url, **options)

    def post(self, url, form, **options):
        headers = {"Content-Type": "application/x-www-form-urlencoded", **options.pop("headers", {})}
        return self.open("POST", url, urllib.parse.urlencode(form).encode(), headers, **options)

    def send(self, method, url, value, token=None):
        """JSON there and back, as the client API of Matrix wants it."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = "Bearer " + token
        return self.open(method, url, None if value is None else json.dumps(value).encode(), headers)
