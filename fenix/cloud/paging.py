"""Listings that take more than one page, while what they list changes.

What changes behind the page that is being read is missed, and whoever asks later for what has
changed since the newest of what was listed does not hear of it either. So what has changed since
the listing began is read after it, until that is nothing new or fits one page, which Nova makes at
one moment.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

#: Things on a page.
SIZE = 1000
#: So many times at the most: a cloud may change faster than it can be listed.
_ROUNDS = 10
#: Nova stamps a change before the change can be read.
MARGIN = datetime.timedelta(seconds=5)

#: What Nova answers to a marker.
Page = Callable[[str | None], list[Any]]

R = TypeVar("R")


class Changed(Protocol):
    """Something that Nova stamps when it changes."""

    @property
    def updated(self) -> datetime.datetime:
        """When it changed last, by Nova's clock."""
        ...


C = TypeVar("C", bound=Changed)


def pages(page: Page, convert: Callable[[Any], R], key: str = "id") -> list[R]:
    """Everything, page by page, so that only one page is held as it was sent.

    :param key: the attribute of the last thing on a page that is the marker of the next.
    """
    everything: list[R] = []
    marker: str | None = None
    while True:
        found = page(marker)
        everything.extend(map(convert, found))
        if len(found) < SIZE:
            return everything
        marker = getattr(found[-1], key)


class Moments:
    """Knows a time at which a listing had not begun: the newest that Nova has shown before."""

    def __init__(self) -> None:
        self._newest: datetime.datetime | None = None

    def saw(self, stamps: Iterable[datetime.datetime | None]) -> None:
        """Nova has shown these."""
        newest = max(filter(None, stamps), default=None)
        if newest is not None and (self._newest is None or newest > self._newest):
            self._newest = newest

    def whole(
        self,
        listed: Callable[[], list[C]],
        changed: Callable[[datetime.datetime], list[C]],
        name: Callable[[C], str],
    ) -> list[C]:
        """What is listed, with every change up to the newest that is in it.

        :param listed: lists it.
        :param changed: lists what has changed since.
        :param name: what stays the same when something changes.
        """
        begun = self._newest
        found = listed()
        self._saw(found)
        if len(found) < SIZE:
            return found
        if begun is None:
            begun = self._newest
            found = listed()
            self._saw(found)
        known = {name(one): one for one in found}
        more = found
        for _ in range(_ROUNDS):
            if len(more) < SIZE or begun is None:
                break
            since, begun = begun - MARGIN, self._newest
            more = changed(since)
            self._saw(more)
            if all(known.get(name(one)) == one for one in more):
                break
            known.update((name(one), one) for one in more)
        return list(known.values())

    def _saw(self, found: Iterable[Changed]) -> None:
        self.saw(one.updated for one in found)
