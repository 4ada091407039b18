"""News of a move that does not reach the engine, of which Nova's listings may lose some.

Before a move is aborted or given up, Nova is asked about it alone.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable
from typing import Any
from unittest import mock

from fenix.cloud import base
from fenix.cloud.nova import NovaCloud
from fenix.tests.functional.sessions.base import SessionTestCase
from fenix.workflow import moving


class _MoveTest(SessionTestCase):
    settings = {"workflow": {"live_migration_wait_time": 2, "abort_wait_time": 2}}

    def build(self) -> None:
        self.computes(3)
        self.instances("worker", {"compute-1": 1})

    def started(self) -> None:
        self.manage(self.project, actions={"worker": "LIVE_MIGRATE"})

    def show(self, method: str, seen: Callable[[Any], Any]) -> None:
        """What ``method`` lists is seen so; None: it is not."""
        whole = getattr(NovaCloud, method)

        def partly(cloud: NovaCloud, what: datetime.datetime | str) -> list[Any]:
            return [found for one in whole(cloud, what) if (found := seen(one)) is not None]

        self.enterContext(mock.patch.object(NovaCloud, method, partly))

    def move(self) -> str:
        session_id = self.create(hosts=["compute-1"])
        self.done(session_id)
        self.assertEqual([True], [m.done for m in self.cloud.record.moves])
        self.assert_cloud_sound()
        history = "\n".join(e.message for e in self.history(session_id))
        self.assertNotIn("is aborted", history)
        return history


class LostNewsTest(_MoveTest):
    """A live migration that ends in Nova; the engine hears of its beginning only."""

    def test_of_the_instance(self) -> None:
        self.show("_changed_since", lambda one: one if one.host == "compute-1" else None)
        self.assertIn("compute-1 -> compute-", self.move())

    def test_of_the_migration_record(self) -> None:
        self.show("_migrations_since", _unfinished)
        self.assertNotIn("counts as moved", self.move())


class NoNewsTest(_MoveTest):
    """A live migration of which the engine hears nothing at all."""

    settings = {"workflow": {"live_migration_wait_time": 60, "abort_wait_time": 2}}

    def build(self) -> None:
        super().build()
        self.enterContext(mock.patch.object(moving, "TRACELESS", datetime.timedelta(seconds=2)))

    def test_it_is_not_made_again(self) -> None:
        self.show("_changed_since", lambda one: None)
        self.show("_migrations_since", lambda record: None)
        self.assertIn("compute-1 -> compute-", self.move())


class EndlessRecordTest(_MoveTest):
    """A live migration whose record stays as it is, because the source went away at the end."""

    def build(self) -> None:
        super().build()
        for method in ("_migrations_since", "departures"):
            self.show(method, _unfinished)

    def test_the_instance_counts_as_moved(self) -> None:
        self.assertIn("still says running: it counts as moved", self.move())


def _unfinished(record: base.Migration) -> base.Migration:
    is_final = record.status in base.FINAL
    return dataclasses.replace(record, status="running") if is_final else record
