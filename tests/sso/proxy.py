# SPDX-License-Identifier: EUPL-1.2
"""nginx as the caller, in a private folder, with the shipped files of packaging/nginx: one server for the gateway, one for the homeserver."""
import os
import signal

from parts import HERE, Process, listens, program, shipped

HEAD = """daemon off;
master_process on;
worker_processes 1;
pid {0}/nginx.pid;
error_log {0}/error.log notice;
{user}events {{ worker_connections {connections}; }}
worker_rlimit_nofile {files};
http {{
    default_type application/octet-stream;
    access_log {0}/access.log;
    client_body_temp_path {0}/body;
    proxy_temp_path {0}/proxy;
    fastcgi_temp_path {0}/fastcgi;
    uwsgi_temp_path {0}/uwsgi;
    scgi_temp_path {0}/scgi;
    server_names_hash_bucket_size 128;
    # The same public port for both, as in life; who names neither gets nothing.
    server {{
        listen 127.0.0.1:{port} ssl default_server;
        ssl_reject_handshake on;
        client_header_timeout 10s;
    }}
"""

HOMESERVER = """    server {{
        listen 127.0.0.1:{port} ssl;
        server_name {name};
        ssl_certificate {pem};
        ssl_certificate_key {key};
        include {snippet};
        location = / {{
            default_type text/html;
            return 200 "<!doctype html><title>A client</title><p>The page that a login returns to.</p>";
        }}
        # A client for people; the page above is for programs that take the login token themselves.
        location = /client {{
            default_type text/html;
            alias {client};
        }}
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            client_max_body_size 1m;
        }}
    }}
"""


class Proxy:
    """gateway: (host name, certificate, key, socket of latchkey-sso) or None; homeserver: (host name, certificate, key, port of Synapse) or None."""

    def __init__(self, folder, port, gateway=None, homeserver=None, connections=1024):
        self.folder, self.port = folder, port
        # As root, workers stay what the caller is: the folder is private.
        text = HEAD.format(folder.path, port=port, user="user root root;\n" if os.getuid() == 0 else "", connections=connections,
                           files=2 * connections + 64)
        if gateway is not None:
            text += f"    include {self._gateway(*gateway)};\n"
        if homeserver is not None:
            name, pem, key, upstream = homeserver
            snippet = folder.write("nginx-synapse.conf", shipped("nginx/synapse.conf", [("https://chat.example.org/", f"https://{name}:{port}/")]))
            text += HOMESERVER.format(port=port, name=name, pem=pem, key=key, snippet=snippet, upstream=upstream,
                                      client=os.path.join(HERE, "client.html"))
        folder.write("nginx.conf", text + "}\n")
        self.process = None

    def _gateway(self, name, pem, key, socket):
        return self.folder.write("nginx-latchkey.conf", shipped("nginx/latchkey.conf", [
            ("/etc/latchkey/tls/key.example.org.pem", pem), ("/etc/latchkey/tls/key.example.org.key", key), ("key.example.org", name),
            ("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"), ("unix:/run/latchkey-web/http", "unix:" + socket),
            ("/var/log/nginx/latchkey.log", self.folder("gateway.log"))]))

    def start(self):
        # -g is not used: what is in force stands in the file. The first error log is the one from before the file is read.
        words = [program("nginx"), "-p", self.folder.path, "-e", self.folder("error.log"), "-c", self.folder("nginx.conf")]
        self.process = Process("nginx", words, self.folder("nginx.out"))
        self.process.ready(lambda: listens(self.port))
        return self

    def stop(self):
        if self.process is not None:
            self.process.stop(how=signal.SIGQUIT)
