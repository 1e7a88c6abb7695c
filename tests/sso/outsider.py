#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Somebody without a key who sends answers in the name of known, unknown, suspended and revoked credentials, in turns, and compares what comes back: every byte, and the time.

  outsider.py [--tries 10000]     prints the figures of docs/BENCHMARKS.md

It speaks HTTP on the socket that nginx speaks to, on one connection that is kept: what nginx, TLS and a network would hide is seen here."""
import argparse
import bisect
import collections
import http.client
import math
import os
import platform
import random
import re
import secrets
import socket
import statistics
import sys
import time
import urllib.parse

from browser import base64url
from environment import GATEWAY, Environment
from parts import Fault, Missing
from touch import AT, BE, UP, UV, Touch
from visitor import Form, Visitor

AGENTS = ("alice", "carol", "dora")
# What differs from one answer to the next, whoever is named: challenge, sealed request. Their lengths do not.
CHANGING = re.compile(rb'(data-challenge|name="request" value)="([A-Za-z0-9_-]+)"')


class Line(http.client.HTTPConnection):
    """One kept connection to the web process."""

    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


class Outsider:
    """house: an Environment of AGENTS; carol's key gets suspended and dora's revoked."""

    def __init__(self, house):
        self.house = house
        desk, credentials = house.organisation, {name: house.organisation.browser_credential(name) for name in AGENTS}
        desk.desk("suspend", "carol", plugged=["operator"])
        desk.desk("revoke", "dora", plugged=["operator"])
        self.line = Line(house.folder("web/http"))
        self.stranger = Touch(house.folder, credentials["alice"])
        self._touch(house)
        # A true signature, of another answer.
        _, _, self.signature, _, _ = self.stranger.answer("A" * 106, house.issuer)
        someone, known = secrets.token_bytes(16), {name: (one.id, one.user) for name, one in credentials.items()}
        size = len(known["alice"][0])
        self.kinds = {"known": lambda: known["alice"], "suspended": lambda: known["carol"], "revoked": lambda: known["dora"],
                      "unknown": lambda: (secrets.token_bytes(size), secrets.token_bytes(16)),
                      "known, other handle": lambda: (known["alice"][0], someone), "known, somebody's handle": lambda: (known["alice"][0], known["carol"][1]),
                      "unknown, known handle": lambda: (secrets.token_bytes(size), known["alice"][1]), "unknown, no handle": lambda: (secrets.token_bytes(size), b""),
                      "known, no handle": lambda: (known["alice"][0], b"")}
        self.headers = {"Host": f"{GATEWAY}:{house.port}", "Origin": house.issuer, "Content-Type": "application/x-www-form-urlencoded"}
        self.page = self.open()

    def _touch(self, house):
        """Somebody logs in, as in life."""
        visitor = Visitor(house.agent(), house.issuer, self.stranger)
        visitor.open(self.address(house.issuer))
        visitor.press()
        if "password" not in visitor.form.fields:
            raise Fault(f"alice is not let in: {visitor.answer}")

    @staticmethod
    def address(issuer="", **asked):
        return issuer + "/authorize?" + urllib.parse.urlencode({
            "client_id": "other", "redirect_uri": "https://other.localhost/back", "response_type": "code", "scope": "openid", "state": "s", "nonce": "n",
            "code_challenge": "A" * 43, "code_challenge_method": "S256", **asked})

    def ask(self, method, target, body=None, headers=None):
        self.line.request(method, target, body, {**self.headers, **(headers or {})})
        answer = self.line.getresponse()
        return answer, answer.read()

    def open(self, **asked):
        """The page of the key, anew: its body. Its cookie is kept."""
        self.headers.pop("Cookie", None)
        answer, body = self.ask("GET", self.address(**asked))
        self.headers["Cookie"] = answer.headers["Set-Cookie"].split(";")[0]
        return body

    def body(self, kind, flags=UP | UV):
        ident, handle = self.kinds[kind]()
        form = Form(self.page.decode())
        _, data, _, _, client = self.stranger.unsigned(form.data["challenge"], self.house.issuer, flags=flags)
        return urllib.parse.urlencode({**form.fields, "id": base64url(ident), "authenticator_data": base64url(data), "signature": base64url(self.signature),
                                       "user_handle": base64url(handle), "client_data": base64url(client)}).encode()

    def attempt(self, kind, **options):
        """(seconds, everything of the answer that does not change by itself)"""
        body = self.body(kind, **options)
        began = time.perf_counter()
        answer, page = self.ask("POST", "/key", body)
        took = time.perf_counter() - began
        self.page = page
        kept = [(name, value) for name, value in answer.headers.items() if name != "Date"]
        return took, (answer.status, str(kept), CHANGING.sub(lambda found: b"%s %d" % (found.group(1), len(found.group(2))), page))

    def flags_tell(self):
        """Flags that no login has: [those of which the answer is not the same for all]."""
        told = []
        for flags in (0, UP, UV, UP | UV | BE, UP | UV | AT, 0xff):
            _, answers = self.run(2 * len(self.kinds), flags=flags)
            if len(answers) != 1:
                told.append(flags)
        return told

    def run(self, tries, **options):
        """(seconds by kind, answers with how often each came): in rounds of all kinds, each round in another order."""
        times, answers, order = {kind: [] for kind in self.kinds}, collections.Counter(), list(self.kinds)
        for number in range(tries):
            if number % 500 == 0:  # a page lives ten minutes
                self.page = self.open()
            if number % len(order) == 0:
                random.shuffle(order)
            kind = order[number % len(order)]
            took, seen = self.attempt(kind, **options)
            times[kind].append(took)
            answers[seen] += 1
        return times, answers


def later(left, right):
    """(how often a value of left is greater than one of right, 0.5 = as often as not; two-sided p of Mann and Whitney, without ties)"""
    ordered = sorted(right)
    wins = sum((bisect.bisect_left(ordered, value) + bisect.bisect_right(ordered, value)) / 2 for value in left)
    count = len(left) * len(right)
    z = (wins - count / 2) / math.sqrt(count * (len(left) + len(right) + 1) / 12)
    return wins / count, math.erfc(abs(z) / math.sqrt(2))


def report(times):
    """A table, one line a kind, each compared with unknown credentials."""
    yield f"{'credential':26} {'tries':>6} {'median us':>10} {'p90 us':>8} {'later than unknown':>19} {'p':>8}"
    for kind, values in times.items():
        share, chance = later(values, times["unknown"])
        yield (f"{kind:26} {len(values):6} {statistics.median(values) * 1e6:10.1f} {statistics.quantiles(values, n=10)[8] * 1e6:8.1f} "
               + ("" if kind == "unknown" else f"{share:19.3f} {chance:8.3g}"))


def machine():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        model = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return f"{len(model) or os.cpu_count()} x {model[0] if model else platform.machine()}, Linux {platform.release()}, Python {platform.python_version()}"


def main():
    parser = argparse.ArgumentParser(description="Does the gateway tell known from unknown?")
    parser.add_argument("--tries", type=int, default=10000)
    tries = parser.parse_args().tries
    try:
        with Environment(agents=AGENTS, synapse=False) as house:
            outsider = Outsider(house)
            outsider.run(200)  # what is done for the first time takes longer
            times, answers = outsider.run(tries)
    except (Fault, Missing) as fault:
        print(f"outsider: {fault}", file=sys.stderr)
        return 4
    print(f"python3 -B tests/sso/outsider.py --tries {tries}\n{machine()}")
    print("\n".join(report(times)))
    print(f"different answers: {len(answers)}")
    return len(answers) != 1


if __name__ == "__main__":
    sys.exit(main())
