"""How long things are expected to take: medians of past sessions, the configuration before."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from oslo_config import cfg

from fenix.db import durations, records
from fenix.planner.bounds import group_pace
from fenix.planner.model import Times
from fenix.workflow.hold import Hold
from fenix.workflow.upkeep import DONE

_PAST, _DEFAULT = "past sessions", "default"
_EXPECTED = "expected_hosts"
#: Seconds for which what was read of past sessions is taken as it is.
_FRESH = 60


@dataclasses.dataclass(frozen=True, slots=True)
class Expected:
    """``times``, and by kind of work ``seconds``, ``source`` and ``count`` (of the median)."""

    times: Times
    sources: dict[str, dict[str, Any]]

    @property
    def is_known(self) -> bool:
        """Whether every action of hosts has been seen before."""
        return all(
            s["source"] == _PAST for name, s in self.sources.items() if name.startswith("action ")
        )


def expected(
    past: durations.Durations, conf: cfg.ConfigOpts, actions: Sequence[records.Action]
) -> Expected:
    """What is expected of each kind of work, and where that is known from.

    :param conf: the section ``[workflow]``.
    """
    sources: dict[str, dict[str, Any]] = {}

    def known(name: str, median: durations.Median | None, default: float) -> float:
        seconds = default if median is None else median.seconds
        sources[name] = {
            "seconds": seconds,
            "source": _DEFAULT if median is None else _PAST,
            "count": 0 if median is None else median.count,
        }
        return seconds

    # A plug-in without a past takes what others took, else what a host is given.
    others = [m.seconds for m in past.actions.values()]
    unknown = statistics.median(others) if others else float(conf.host_maintenance_time)

    def of_types(*kinds: str) -> float:
        return sum(
            known(f"action {a.plugin}", past.actions.get(a.plugin), unknown)
            for a in actions
            if a.type in kinds
        )

    times = Times(
        move=known("move", past.move, conf.expected_move_time),
        answer=known("answer", past.answer, conf.expected_answer_time),
        scale_in=known("scale_in", past.scale_in, conf.expected_answer_time),
        host=of_types("host", "compute"),
        controller=of_types("host", "controller"),
        once=max(of_types("pre"), of_types("post")),
        parallel_moves=conf.max_parallel_moves_per_host,
    )
    return Expected(times, sources)


class Expecting:
    """Predicts how long single hosts of a session take, and learns from those that are done."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._snapshot = hold.snapshot
        self._conf = hold.conf.workflow
        #: Seconds that an instance's manager needs before it is moved.
        self.lead_time: Callable[[records.Instance], float] = lambda _: 0.0

    def times(self) -> Expected:
        """What is known of each kind of work."""
        known = self._snapshot.tried.get("expected")
        if known is None or known[0] < self._hold.now():
            found = expected(self._hold.store.durations(), self._conf, self._snapshot.actions)
            known = self._snapshot.tried["expected"] = (self._hold.after(_FRESH), found)
        result: Expected = known[1]
        return result

    def host(self, host: records.Host) -> float:
        """Seconds from the beginning of a host's emptying until it is in use again."""
        return self._alone(host) + self._more()

    def usual(self) -> float:
        """Seconds that one host after another adds to a session: its work and one move."""
        known = self.times()
        work = known.times.host if known.is_known else float(self._conf.host_maintenance_time)
        return work + known.times.move

    def begins(self, host: records.Host) -> None:
        """Remember what is expected of a host, to learn from it."""
        noted = self._hold.noted(_EXPECTED, {})
        self._hold.note(_EXPECTED, {**noted, host.hostname: round(self._alone(host), 3)})

    def _alone(self, host: records.Host) -> float:
        """By its instances and actions; what its services take to come back is learnt only."""
        known, there = self.times(), self._snapshot.on(host.hostname)
        emptying = self._asking(there, known.times) + self._drain(there, known.times)
        work = known.times.host if host.is_compute else known.times.controller
        if known.is_known:
            return emptying + work
        usual = self._hold.store.host_seconds() or float(self._conf.host_maintenance_time)
        return max(emptying, usual)

    def _asking(self, there: Sequence[records.Instance], times: Times) -> float:
        projects = self._snapshot.projects
        asked = [
            i for i in there if i.project_id in projects and projects[i.project_id].has_manager
        ]
        if not asked:
            return 0.0
        return max([times.answer, *(self.lead_time(i) for i in asked)])

    def _drain(self, there: Sequence[records.Instance], times: Times) -> float:
        """So many at once, and members of groups as these bear it."""
        rounds = math.ceil(len(there) / times.parallel_moves)
        counts = collections.Counter(
            self._snapshot.member_of[i.instance_id]
            for i in there
            if i.instance_id in self._snapshot.member_of
        )
        groups = self._snapshot.groups
        paces = [group_pace(n, groups[g], times.move) for g, n in counts.items() if g in groups]
        return max([rounds * times.move, *paces])

    def _more(self) -> float:
        """How much longer than expected the hosts took that are done, the median."""
        noted = self._hold.noted(_EXPECTED, {})
        over = [
            _seconds(h.started_at, h.finished_at) - noted[h.hostname]
            for h in self._done()
            if h.started_at and h.finished_at and h.hostname in noted
        ]
        return statistics.median(over) if over else 0.0

    def _done(self) -> Iterable[records.Host]:
        return (h for h in self._snapshot.session_hosts() if h.phase == DONE)


def _seconds(begin: datetime.datetime, end: datetime.datetime) -> float:
    return (end - begin).total_seconds()
