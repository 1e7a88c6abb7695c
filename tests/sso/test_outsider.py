#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Nothing that somebody without a key sends tells a known agent from an unknown one: what comes back is the same to the byte, and nothing is written down for each try. The time is
printed and not asserted; outsider.py makes the figures of docs/BENCHMARKS.md."""
import json
import os
import unittest

import skip
from environment import Environment
from outsider import AGENTS, CHANGING, Outsider, report

TRIES = int(os.environ.get("LK_OUTSIDER_TRIES", "1350"))


class OutsiderTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = Environment(agents=AGENTS, synapse=False)
        cls.addClassCleanup(cls.house.stop)
        cls.outsider = Outsider(cls.house)

    def records(self):
        return json.loads(self.house.organisation.desk("--json", "log", "--most", "1000"))["records"]

    def test_answers(self):
        before, minutes = {row["number"] for row in self.records()}, set()
        times, answers = self.outsider.run(TRIES)
        print("\n".join(report(times)), flush=True)
        self.assertEqual(len(answers), 1, [answer[:2] for answer in answers])
        [(status, _, page)] = answers
        self.assertEqual((status, b"E_WRONG_KEY" in page), (403, True))
        self.assertEqual(self.outsider.flags_tell(), [])
        for row in self.records():
            if row["number"] not in before:
                self.assertEqual(row["agent"], "")
                self.assertNotIn(row["time"] // 60, minutes, "more than one record in a minute")
                minutes.add(row["time"] // 60)
        # And against none of the three agents was anything counted.
        for name in AGENTS:
            self.assertNotIn("E_LIMIT", json.dumps(self.house.organisation.show(name)))

    def test_hints(self):
        """What an application may say of a person changes nothing on the page."""
        pages = {CHANGING.sub(rb"\1", self.outsider.open(**asked)) for asked in (
            {}, {"login_hint": "alice"}, {"login_hint": "nobody-here"}, {"login_hint": "carol"}, {"id_token_hint": "e30.e30.AA"})}
        self.assertEqual(len(pages), 1)


if __name__ == "__main__":
    skip.main()
