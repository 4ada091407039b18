"""A session whose engine dies at a commit, for each: the next goes on, and the end is the same."""

from __future__ import annotations

import collections
import logging
import os
import pathlib
import tempfile
from typing import Any

import testtools

from fenix import states
from fenix.simulator.session import Scenario
from fenix.tests.unit.engine import mortal
from fenix.tests.unit.simulator import test_mortality

#: With this set, the engine dies before and after each commit: minutes. Without, at so many.
_WHOLE = "FENIX_TEST_EVERY_MOMENT"
_SOME = 8


class EveryCommitTest(testtools.TestCase):
    """Everything that is written: the session's, actions', and what is sent."""

    def setUp(self) -> None:
        super().setUp()
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        # Nothing here has to outlive the machine.
        memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(dir=memory)))
        mortal.prepare(self.folder)

    def play(self, scenario: Scenario, number: int, after: bool) -> tuple[mortal.World, Any]:
        world = mortal.World(scenario, self.folder, (number, after))
        return world, world.end(world.run())

    def every_commit(self, scenario: Scenario) -> None:
        calm, expected = self.play(scenario, 0, False)
        self.assertEqual((states.MAINTENANCE_DONE, None, 100), expected["state"])
        self.assertEqual(0, calm.deaths)
        # Nothing but these two is sent once.
        to_projects = [r for r in calm.published if r.channel in scenario.answers]
        for row in to_projects:
            is_once = row.payload["state"] in (states.SCALE_IN, states.MAINTENANCE_COMPLETE)
            self.assertEqual(is_once, row.send_once, row.payload["state"])
        total = calm.database.commits
        self.assertGreater(total, 60)
        for number, after in self.points(total):
            world, found = self.play(scenario, number, after)
            where = f"died {'after' if after else 'before'} commit {number} of {total}"
            self.assertEqual(1, world.deaths, where)
            self.compare(expected, found, world, where)

    @staticmethod
    def points(total: int) -> list[tuple[int, bool]]:
        """Commits, and whether the engine dies after them."""
        if os.environ.get(_WHOLE):
            return [(n, after) for n in range(1, total + 1) for after in (False, True)]
        # The same in each run, others whenever the number of commits changes.
        step = total // _SOME
        some = range(1 + total % step, total + 1, step)
        return [(n, bool(index % 2)) for index, n in enumerate(some)]

    def compare(self, expected: Any, found: Any, world: mortal.World, where: str) -> None:
        told, usual = found["told once"], expected["told once"]
        if world.unsure():
            # It died while this was sent: at the deadline a look decides, once more at the most.
            self.assertLessEqual(told.total(), usual.total() + world.unsure(), where)
            found = {**found, "told once": usual, "replies": expected["replies"]}
        self.assertEqual(expected, found, where)
        # Repeated are only what may be, with the id or key that it had.
        times = collections.Counter(r.message_id for r in world.published)
        for row in world.published:
            if row.send_once:
                self.assertEqual(1, times[row.message_id], where)
        keys = collections.defaultdict(set)
        for hostname, what, key in mortal.Repeatable.effects:
            keys[hostname, what].add(key)
        self.assertEqual({1}, {len(k) for k in keys.values()}, where)
        repeats = len(mortal.Repeatable.effects) - len(set(mortal.Repeatable.effects))
        self.assertLessEqual(repeats, 1, where)

    def test_default(self) -> None:
        self.every_commit(test_mortality._ROOMY)

    def test_vnf(self) -> None:
        self.every_commit(test_mortality._FULL)
