"""Listings of several pages, of things that change while they are read."""

from __future__ import annotations

import dataclasses
import datetime
import operator
from typing import Any

import testtools

from fenix.cloud import paging

_DAY = datetime.datetime(2026, 1, 1)


@dataclasses.dataclass
class _Thing:
    id: str
    updated: datetime.datetime
    state: str = "old"


class _Cloud:
    """Lists in pages of two, the newest first; something may change after each of them."""

    def __init__(self, count: int) -> None:
        self.seconds = 0
        self.things = {f"t{n}": _Thing(f"t{n}", self.now()) for n in range(count)}
        self.between: list[str] = []
        self.asked: list[float | None] = []

    def now(self) -> datetime.datetime:
        return _DAY + datetime.timedelta(seconds=self.seconds)

    def change(self, name: str) -> None:
        self.things[name] = _Thing(name, self.now(), "new")

    def listed(self, since: datetime.datetime | None = None) -> list[_Thing]:
        self.asked.append(None if since is None else (since - _DAY).total_seconds())

        def page(marker: str | None) -> list[Any]:
            names = sorted(self.things, reverse=True)
            wanted = [
                dataclasses.replace(self.things[n])
                for n in names
                if (marker is None or n < marker)
                and (since is None or self.things[n].updated >= since)
            ][: paging.SIZE]
            self.seconds += 60
            if self.between:
                self.change(self.between.pop(0))
            return wanted

        return paging.pages(page, lambda thing: thing)


class MomentsTest(testtools.TestCase):
    """Whatever changed before the newest that is listed is in the listing."""

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(setattr, paging, "SIZE", paging.SIZE)
        paging.SIZE = 2
        self.moments = paging.Moments()

    def whole(self, cloud: _Cloud) -> dict[str, str]:
        found = self.moments.whole(cloud.listed, cloud.listed, operator.attrgetter("id"))
        return {thing.id: thing.state for thing in found}

    def test_one_page_is_of_one_moment(self) -> None:
        cloud = _Cloud(1)
        cloud.between = ["t0"]
        self.assertEqual({"t0": "old"}, self.whole(cloud))
        self.assertEqual([None], cloud.asked)

    def test_a_change_behind_the_page_that_is_read(self) -> None:
        """Newer ones of later pages would hide it from who asks for what changed since."""
        cloud = _Cloud(6)
        self.moments.saw([cloud.now(), None])
        cloud.between = ["t5", "t0"]
        self.assertEqual("new", self.whole(cloud)["t5"])
        # The second time from the newest of the first listing, less the margin.
        self.assertEqual([None, -5.0], cloud.asked[:2])

    def test_it_ends_with_what_fits_one_page(self) -> None:
        cloud = _Cloud(6)
        self.moments.saw([cloud.now()])
        cloud.between = ["t5", "t4", "t3", "t2", "t1", "t0", "t5", "t4"]
        self.assertEqual(dict.fromkeys(cloud.things, "new"), self.whole(cloud))
        self.assertEqual(sorted(cloud.asked[1:]), cloud.asked[1:])

    def test_the_first_listing_of_all_is_made_twice(self) -> None:
        """Nothing that Nova has shown before it tells when it began."""
        cloud = _Cloud(4)
        cloud.between = ["t3"]
        self.assertEqual("new", self.whole(cloud)["t3"])
        self.assertEqual([None, None], cloud.asked[:2])

    def test_it_ends_when_nothing_changes(self) -> None:
        """More of them than fit a page were stamped at the same moment."""
        cloud = _Cloud(6)
        self.moments.saw([cloud.now()])
        self.assertEqual(dict.fromkeys(cloud.things, "old"), self.whole(cloud))
        self.assertEqual([None, -5.0], cloud.asked)

    def test_it_ends_when_the_cloud_changes_faster_than_it_is_listed(self) -> None:
        cloud = _Cloud(6)
        self.moments.saw([cloud.now()])
        cloud.between = [f"t{n}" for n in range(6)] * 50
        self.addCleanup(setattr, paging, "MARGIN", paging.MARGIN)
        paging.MARGIN = datetime.timedelta(days=1)
        self.whole(cloud)
        self.assertLess(len(cloud.asked), 15)
