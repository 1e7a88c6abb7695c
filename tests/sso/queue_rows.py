# SPDX-License-Identifier: EUPL-1.2
"""The queue of logouts as it lies in the store: read beside the broker, and moved in time while the broker is stopped."""
import collections
import glob
import sqlite3

Row = collections.namedtuple("Row", "due attempts again")


class Queue:
    def __init__(self, house):
        self.house = house
        [self.path] = [path for path in glob.glob(house.folder("state/*")) if self._is_store(path)]

    @staticmethod
    def _is_store(path):
        try:
            with open(path, "rb") as file:
                return file.read(16) == b"SQLite format 3\0"
        except IsADirectoryError:
            return False

    def _do(self, words, *values):
        store = sqlite3.connect(self.path, timeout=20)
        try:
            with store:
                return store.execute(words, values).fetchall()
        finally:
            store.close()

    def rows(self):
        return [Row(*row) for row in self._do("SELECT due, attempts, again FROM logout ORDER BY id")]

    def redeemed(self):
        """How many codes that are still kept gave tokens."""
        return self._do("SELECT count(*) FROM code WHERE access IS NOT NULL")[0][0]

    def pass_time(self, seconds):
        """As if the queue had waited so much longer. Nothing in it is signed."""
        self.house.organisation.stop()
        self._do("UPDATE logout SET due = due - ?, taken = taken - ?, created = created - ?, again = CASE again WHEN 0 THEN 0 ELSE again - ? END", *[seconds] * 4)
        self.house.organisation.start()
