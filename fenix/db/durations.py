"""How long things took in past sessions, from their history."""

from __future__ import annotations

import dataclasses
import datetime
import statistics
from collections.abc import Iterable

import sqlalchemy as sa

from fenix import states
from fenix.db import models
from fenix.db.api import Database, repeatable

#: The newest of each kind that are looked at.
_NEWEST = 1000

_E = models.session_events
_W = models.project_waits
_R = models.action_plugin_instances


@dataclasses.dataclass(frozen=True, slots=True)
class Median:
    """``seconds``: the median of so many (``count``, at least 1)."""

    seconds: float
    count: int


@dataclasses.dataclass(frozen=True, slots=True)
class Durations:
    """None, or no entry: nothing of the kind has happened yet.

    ``scale_in``: answers to SCALE_IN; ``answer``: to everything else. ``actions``: by plug-in.
    """

    move: Median | None
    answer: Median | None
    scale_in: Median | None
    actions: dict[str, Median]


@repeatable
def medians(database: Database) -> Durations:
    """Medians of the newest moves, answers of projects and runs of action plug-ins."""
    with database.lookup() as session:
        moves = session.scalars(
            sa.select(_E.c.data)
            .where(_E.c.kind == "move")
            .order_by(_E.c.event_id.desc())
            .limit(_NEWEST)
        ).all()
        answers = session.execute(
            sa.select(_W.c.state, _W.c.opened_at, _W.c.replied_at)
            .where(_W.c.replied_at.is_not(None))
            .order_by(_W.c.wait_id.desc())
            .limit(_NEWEST)
        ).all()
        runs = session.execute(
            sa.select(_R.c.plugin, _R.c.started_at, _R.c.finished_at)
            .where(_R.c.state == "SUCCEEDED")
            .where(_R.c.started_at.is_not(None))
            .where(_R.c.finished_at.is_not(None))
            .order_by(_R.c.run_id.desc())
            .limit(_NEWEST)
        ).all()
    by_plugin: dict[str, list[float]] = {}
    for plugin, started, finished in runs:
        by_plugin.setdefault(plugin, []).append(_seconds(started, finished))
    return Durations(
        _median(m["seconds"] for m in moves if m.get("seconds") is not None),
        _median(_seconds(o, r) for state, o, r in answers if state != states.SCALE_IN),
        _median(_seconds(o, r) for state, o, r in answers if state == states.SCALE_IN),
        {p: m for p, took in by_plugin.items() if (m := _median(took)) is not None},
    )


@repeatable
def of_hosts(database: Database) -> Median | None:
    """Median of the newest maintained hosts, from the beginning of their emptying."""
    hosts = models.hosts
    with database.lookup() as session:
        found = session.execute(
            sa.select(hosts.c.started_at, hosts.c.finished_at)
            .where(hosts.c.maintained.is_(sa.true()))
            .where(hosts.c.started_at.is_not(None))
            .where(hosts.c.finished_at.is_not(None))
            .order_by(hosts.c.finished_at.desc())
            .limit(_NEWEST)
        ).all()
    return _median(_seconds(started, finished) for started, finished in found)


def _seconds(begin: datetime.datetime, end: datetime.datetime) -> float:
    return max(0.0, (end - begin).total_seconds())


def _median(found: Iterable[float]) -> Median | None:
    values = list(found)
    return Median(round(statistics.median(values), 3), len(values)) if values else None
