#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A key is revoked while the homeserver is down, for a day, and processes are killed meanwhile: the queue keeps what is to be told, `latchkey status` shows it, and when the homeserver is
back its answer to whoami says that the session is over. The day passes in the rows of the queue, with the broker stopped: the back-off of an hour is not configurable, nor should it be."""
import os
import signal

import skip
from parts import wait_for
from queue_rows import Queue
from rig import Rig

DAY = 86400


class Outage(Rig):
    def kill_broker(self):
        """SIGKILL to the broker's launcher: its children end with it."""
        self.house.organisation.broker.process.kill()
        self.house.organisation.broker.process.wait(15)
        self.house.organisation.start()

    def kill_notify(self):
        """The process that speaks to homeservers, wherever it stands; another one comes."""
        found = [pid for pid in self.children(self.house.gateway.pid) if "latchkey-sso-notify" in self.command(pid)]
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        return len(found)

    @staticmethod
    def command(pid):
        try:
            with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
                return file.read().split("\0")[0]
        except OSError:
            return ""

    def children(self, pid):
        found = []
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                        parent = int(file.read().rpartition(")")[2].split()[1])
                except (OSError, ValueError):
                    continue
                if parent == pid:
                    found += [int(name), *self.children(int(name))]
        return found

    def test_a_day(self):
        queue, other = Queue(self.house), self.login("carol")
        sessions = [self.login("alice") for _ in range(2)]
        self.house.homeserver.stop()
        self.house.organisation.desk("revoke", "alice", plugged=["operator"])
        # The revocation does not wait for the homeserver.
        self.assertEqual(self.house.organisation.show("alice")["credentials"][0]["state"], "revoked")
        self.assertTrue(wait_for(lambda: all(row.attempts > 0 for row in queue.rows()), 30), queue.rows())
        self.assertTrue(wait_for(lambda: self.status("logouts_pending") == "2", 10), self.house.status())
        self.kill_broker()
        self.assertTrue(wait_for(lambda: self.status("logouts_pending") == "2", 10), self.house.status())
        self.assertGreater(self.kill_notify(), 0)
        # Hours later it is down still; each try is later than the one before, an hour at most.
        for hour in range(1, 4):
            tried = max(row.attempts for row in queue.rows())
            queue.pass_time(DAY // 4)
            self.assertTrue(wait_for(lambda: all(row.attempts > tried for row in queue.rows()), 30), (hour, queue.rows()))
        self.kill_broker()
        self.assertTrue(wait_for(lambda: self.status("logouts_pending") == "2", 10), self.house.status())
        self.assertGreater(int(self.status("oldest_logout_seconds")), DAY // 2)
        self.assertNotEqual(self.status_code(), 0)
        # Back again. Nothing but the homeserver's own word counts.
        self.house.homeserver.start()
        self.assertEqual([session.whoami() for session in sessions], ["@alice:chat.localhost"] * 2)
        queue.pass_time(DAY // 4)
        self.assertTrue(wait_for(lambda: all(session.whoami() is None for session in sessions), 40), queue.rows())
        self.assertEqual(other.whoami(), "@carol:chat.localhost")
        self.assertTrue(wait_for(lambda: self.status("logouts_pending") == "0", 30), (self.house.status(), queue.rows()))
        self.assertEqual(self.status_code(), 0)


if __name__ == "__main__":
    skip.main()
