"""What counts as a host that was added or removed."""

from __future__ import annotations

import datetime

import testtools

from fenix.cloud import base
from fenix.db.known_hosts import Change
from fenix.workflow import presence

NOW = datetime.datetime(2026, 11, 29, 12, 0, 0)
SECOND = datetime.timedelta(seconds=1)


def listed(*names: str, role: str = base.COMPUTE) -> list[base.CloudHost]:
    return [base.CloudHost(name, frozenset({role}), up=False) for name in names]


class DifferenceTest(testtools.TestCase):
    """A look at the cloud, against what was known."""

    def test_a_host_that_is_down_is_there(self) -> None:
        self.assertFalse(presence.difference({"a": None}, listed("a"), NOW))

    def test_a_new_one(self) -> None:
        change = presence.difference({"a": None}, listed("a", "b"), NOW)
        self.assertEqual(Change(added=frozenset("b")), change)

    def test_controllers_do_not_count(self) -> None:
        found = listed("a") + listed("c", role=base.CONTROLLER)
        self.assertFalse(presence.difference({"a": None}, found, NOW))

    def test_one_that_is_not_listed_is_gone_only_after_a_while(self) -> None:
        at_first = presence.difference({"a": None, "b": None}, listed("a"), NOW)
        self.assertEqual(Change(missing=frozenset("b")), at_first)
        known = {"a": None, "b": NOW}
        soon = presence.difference(known, listed("a"), NOW + 9 * SECOND)
        self.assertFalse(soon)
        later = presence.difference(known, listed("a"), NOW + 10 * SECOND)
        self.assertEqual(Change(removed=frozenset("b")), later)
        back = presence.difference(known, listed("a", "b"), NOW + 10 * SECOND)
        self.assertEqual(Change(back=frozenset("b")), back)

    def test_a_cloud_that_lists_nothing_says_nothing(self) -> None:
        self.assertFalse(presence.difference({"a": NOW}, [], NOW + 60 * SECOND))
