#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What goes on between gateway and a running Synapse after the first login: confirming an act, signing keys that turn, a key that is reported lost while a code is on its way, or the
tokens that came of it."""
import base64
import glob
import json
import os
import re
import signal
import threading
import time

import skip
from environment import PASSWORDS
from parts import run, wait_for
from person import Person
from queue_rows import Queue
from rig import Rig

WEEK = 7 * 86400


class Confirm(Rig):
    """User-interactive authentication: a logged-in agent deletes a device, in Chromium."""

    def setUp(self):
        self.browser = self.house.browser()
        self.person = Person(self.house, self.browser, dict(self.credentials))

    def page(self, name):
        """From the homeserver's page to that of the gateway."""
        self.browser.open(f"{self.matrix.base}/_matrix/client/v3/auth/m.login.sso/fallback/web?session={name}")
        self.browser.find("a[href*='state=']").click()
        self.browser.wait_address("^" + re.escape(self.issuer) + "/authorize")

    def asked(self, keeper, device):
        name, answer = self.matrix.confirm_start(keeper, device)
        self.assertEqual([flow["stages"] for flow in answer.json()["flows"]], [["m.login.sso"]])
        return name

    def touched(self, name, key):
        """That key touched on the gateway's page, and the password: whether the homeserver was told."""
        self.page(name)
        self.person.plug(key)
        self.browser.find("[data-do=ask]").click()
        came = self.person.decided()
        if came == "password":
            self.person.password(PASSWORDS[key])
        self.browser.wait_address("^" + re.escape(self.matrix.base))
        self.person.unplug()
        for name_, touch in self.touches.items():
            touch.counter = max(touch.counter, self.person.credentials[name_].counter)

    def test_a_touch_for_each_act(self):
        keeper, first, second = (self.login("alice") for _ in range(3))
        for name, one in self.person.credentials.items():
            one.counter = self.touches[name].counter
        # Without a touch: page seen, nothing done.
        name = self.asked(keeper, first.device)
        self.page(name)
        self.assertEqual(self.matrix.confirm_finish(keeper, first.device, name).status, 401)
        # Somebody else's key, with that person's password.
        self.touched(name, "carol")
        self.assertIn(self.matrix.confirm_finish(keeper, first.device, name).status, (401, 403))
        self.assertIn(first.device, keeper.devices())
        # Her own.
        name = self.asked(keeper, first.device)
        self.touched(name, "alice")
        self.assertEqual(self.matrix.confirm_finish(keeper, first.device, name).status, 200)
        self.assertNotIn(first.device, keeper.devices())
        # What was confirmed confirms nothing else, and the same browser is asked for the key again.
        self.assertIn(self.matrix.confirm_finish(keeper, second.device, name).status, (401, 403))
        again = self.asked(keeper, second.device)
        self.page(again)
        self.assertTrue(self.browser.has("[data-do=ask]"))
        self.assertEqual(self.matrix.confirm_finish(keeper, second.device, again).status, 401)
        self.assertIn(second.device, keeper.devices())


class Turn(Rig):
    """Rotation as latchkey-sso(8) says. That a day passes is said by renaming: the name of a key's file is the second from which it signs."""

    def keys(self):
        return sorted(int(re.search(r"(\d+)\.pem$", path).group(1)) for path in glob.glob(self.house.folder("gateway-keys/es256-*.pem")))

    def rename(self, old, new):
        os.rename(self.house.folder(f"gateway-keys/es256-{old}.pem"), self.house.folder(f"gateway-keys/es256-{new}.pem"))

    def published(self):
        rows = self.house.agent().get(self.jwks).json()["keys"]
        return {row["kid"] for row in rows if row["kty"] == "EC"}

    def reload(self, wanted):
        """SIGHUP, until that many keys are published."""
        self.house.gateway.process.send_signal(signal.SIGHUP)
        self.assertTrue(wait_for(lambda: len(self.published()) == wanted, 15), self.published())

    def signs(self):
        """The kid of a token that is made now."""
        answer = self.redeem(*self.to_third("carol"))
        self.assertEqual(answer.status, 200, answer)
        head = answer.json()["id_token"].split(".")[0]
        return json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]

    def test_no_outage(self):
        self.jwks = self.house.agent().get(self.issuer + "/.well-known/openid-configuration").json()["jwks_uri"]
        synapse = self.house.homeserver.process.pid
        self.login("alice")
        first, [old] = self.signs(), self.keys()
        self.assertEqual(self.published(), {first})
        run([f"{self.house.organisation.build}/bin/latchkey-sso-issuer", "--rotate", "--config", self.house.folder("latchkey.conf")])
        [_, new] = self.keys()
        self.assertGreaterEqual(new, time.time() + 86400 - 60)
        # A login that is under way while the keys are read: its page is from before.
        under_way = self.begin("alice")
        self.reload(2)
        self.assertIsNotNone(self.end(under_way, self.code(under_way, "alice"))[0])
        # Published, and the old one signs: the homeserver knows only that one.
        self.assertEqual(self.signs(), first)
        self.login("alice")
        # A day later.
        now = int(time.time())
        self.rename(old, now - 86400)
        self.rename(new, now)
        under_way = self.begin("alice")
        self.reload(2)
        self.assertTrue(wait_for(lambda: self.signs() != first, 10))
        [second] = self.published() - {first}
        self.assertEqual(self.signs(), second)
        self.assertIsNotNone(self.end(under_way, self.code(under_way, "alice"))[0])
        session = self.login("alice")
        # A week after that the old one goes; another --rotate removes its file too.
        self.rename(now, now - WEEK - 60)
        self.rename(now - 86400, now - WEEK - 86400)
        self.reload(1)
        self.assertEqual(self.published(), {second})
        self.login("alice")
        run([f"{self.house.organisation.build}/bin/latchkey-sso-issuer", "--rotate", "--config", self.house.folder("latchkey.conf")])
        self.assertNotIn(now - WEEK - 86400, self.keys())
        self.assertEqual(self.house.homeserver.process.pid, synapse)
        self.assertTrue(self.house.homeserver.process.running())
        self.assertEqual(session.whoami(), "@alice:chat.localhost")


def slow_tokens(house):
    """From now on the token endpoint's answers take many seconds from nginx to the homeserver."""
    place, text = "    location / {\n", house.folder.read("nginx-latchkey.conf")
    assert text.count(place) == 1
    house.folder.write("nginx-latchkey.conf", text.replace(place, "    if ($uri = /token) {\n        set $limit_rate 80;\n    }\n" + place))
    os.kill(house.proxy.process.pid, signal.SIGHUP)
    # A connection that was kept stays with the worker of before, until that one leaves.
    assert wait_for(lambda: re.search(r"worker process \d+ exited", house.folder.read("error.log")), 15)


class Lost(Rig):
    def test_code_on_its_way(self):
        session, at_third = self.login("alice"), self.to_third("alice")
        visitor = self.begin("alice")
        where = self.code(visitor, "alice")
        self.house.organisation.desk("report-lost", "alice", plugged=["operator"])
        # Neither client gets anything for its code.
        self.assertIsNone(self.end(visitor, where)[0])
        answer = self.redeem(*at_third)
        self.assertEqual((answer.status, answer.json()["error"]), (400, "invalid_grant"), answer)
        self.assertTrue(wait_for(lambda: session.whoami() is None, 60))
        self.told_again()

    def test_tokens_on_their_way(self):
        """The logout comes before the homeserver knows the session: what slipped through ends with the second delivery."""
        slow_tokens(self.house)
        visitor, queue, ended = self.begin("carol"), Queue(self.house), []
        where = self.code(visitor, "carol")
        before, redeemed = self.notified(), queue.redeemed()
        late = threading.Thread(target=lambda: ended.append(self.end(visitor, where)))
        late.start()
        self.addCleanup(late.join)
        self.assertTrue(wait_for(lambda: queue.redeemed() == redeemed + 1, 10))
        self.house.organisation.desk("report-lost", "carol", plugged=["operator"])
        self.assertTrue(wait_for(lambda: self.notified() == before + 1, 10))
        self.assertTrue(wait_for(lambda: any(row.attempts == 0 and row.due > time.time() + 60 for row in queue.rows()), 10), queue.rows())
        # The homeserver has acknowledged a session that it has not begun.
        self.assertTrue(late.is_alive())
        late.join()
        [(session, answer)] = ended
        self.assertIsNotNone(session, answer)
        self.assertEqual(session.whoami(), "@carol:chat.localhost")
        queue.pass_time(601)
        self.assertTrue(wait_for(lambda: session.whoami() is None, 30), queue.rows())
        self.assertEqual(self.notified(), before + 2)

    def notified(self):
        return len(re.findall(r"POST /_synapse/client/oidc/backchannel_logout\S* HTTP", self.house.homeserver.process.said(1 << 22)))

    def told_again(self):
        """A session younger than ten minutes is told once more at that age."""
        queue = Queue(self.house)
        self.assertTrue(wait_for(lambda: self.notified() == 2, 30), queue.rows())
        # Acknowledged, and due once more; the third is that of the application that cannot be told.
        self.assertTrue(wait_for(lambda: len([row for row in queue.rows() if row.attempts == 0 and row.due > time.time() + 60]) == 2, 15), queue.rows())
        self.assertEqual(len(queue.rows()), 3)
        queue.pass_time(601)
        self.assertTrue(wait_for(lambda: self.notified() == 4, 60), (self.notified(), queue.rows()))
        self.assertTrue(wait_for(lambda: len(queue.rows()) == 1, 15), queue.rows())


if __name__ == "__main__":
    skip.main()
