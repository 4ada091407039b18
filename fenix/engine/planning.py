"""Plans for admins: a session that is run in thought only, and told as JSON."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any, NoReturn

from oslo_config import cfg

from fenix import exceptions, timing
from fenix.db import advance, durations, records
from fenix.db import sessions as db_sessions
from fenix.db.api import Database
from fenix.db.store import SqlStore
from fenix.planner.course import Step
from fenix.planner.plan import Plan
from fenix.planner.timeline import Turn
from fenix.workflow import expecting
from fenix.workflow.base import BaseWorkflow
from fenix.workflow.hold import Hold, Ports
from fenix.workflow.outcome import Fatal
from fenix.workflow.reserved import RESERVATIONS
from fenix.workflow.snapshot import Snapshot


class _NothingWritten(SqlStore):
    """Reads what sessions read; a session that is only thought of writes nothing."""

    def commit(
        self,
        session: records.Session,
        changes: advance.Changes,
        now: datetime.datetime,
        release: advance.Release | None = None,
    ) -> NoReturn:
        """Refuse."""
        raise exceptions.FenixError("a plan is never written")

    def erase(self, session: records.Session) -> NoReturn:
        """Refuse."""
        raise exceptions.FenixError("a plan is never written")

    def disrupt(self, disruption: records.Disruption) -> NoReturn:
        """Refuse."""
        raise exceptions.FenixError("a plan is never written")


class Planning:
    """Makes plans; every one looks at the cloud afresh, and reads only."""

    def __init__(
        self, conf: cfg.ConfigOpts, database: Database, clock: timing.Clock, ports: Ports
    ) -> None:
        self._conf = conf
        self._database = database
        self._clock = clock
        self._ports = ports

    def plan(
        self,
        workflow: type[BaseWorkflow],
        session: records.Session,
        hosts: list[records.Host],
        actions: list[records.Action],
    ) -> dict[str, Any]:
        """The plan of a session that does not exist.

        :raises Unprocessable: the session would fail at once, or the workflow cannot tell.
        """
        detail = db_sessions.Detail(session, hosts, [], [], [], actions, [])
        hold = Hold(
            snapshot=Snapshot(detail),
            store=_NothingWritten(self._database),
            conf=self._conf,
            clock=self._clock,
            ports=self._ports,
            check_lease=lambda: None,
            on_commit=lambda _changes: None,
        )
        past = durations.medians(self._database)
        known = expecting.expected(past, self._conf.workflow, actions)
        try:
            thought = workflow(hold)
            made = thought.plan(known.times)
            obstacles = thought.obstacles()
        except Fatal as error:
            raise exceptions.Unprocessable(f"such a session would fail at once: {error}") from None
        begin = max(self._clock.now(), session.maintenance_at or self._clock.now())
        return {
            "workflow": session.workflow,
            **_view(made, hold),
            **_times_view(made, known, begin, session),
            "obstacles": obstacles,
            RESERVATIONS: hold.noted(RESERVATIONS, []),
            "projects": [
                {"project_id": p.project_id, "has_manager": p.has_manager}
                for p in sorted(hold.snapshot.projects.values(), key=lambda p: p.project_id)
            ],
        }


def _view(made: Plan, hold: Hold) -> dict[str, Any]:
    """What a session does, as clients see it."""
    instances = hold.snapshot.instances
    return {
        "waves": [
            {
                "wave": wave,
                "hosts": [_step(s, made) for s in made.course.steps if s.wave == wave],
            }
            for wave in range(1, made.course.waves + 1)
        ],
        "moves": [
            {
                "instance_id": m.instance_id,
                "instance_name": instances[m.instance_id].instance_name,
                "project_id": instances[m.instance_id].project_id,
                "source": m.source,
                "target": m.target,
                "wave": m.wave,
            }
            for m in made.moves
        ],
        "groups": [
            {
                "group_id": group_id.rpartition("/")[2],
                "project_id": group_id.rpartition("/")[0] or None,
                **dataclasses.asdict(hit),
            }
            for group_id, hit in made.groups.items()
        ],
        "scale_in": None if made.scale_in is None else dataclasses.asdict(made.scale_in),
        "blocked_hosts": [dataclasses.asdict(r) for r in made.blocked],
        "bounds": {
            "hosts_together": made.bounds.together,
            "waves": made.bounds.waves,
            "moves": made.bounds.moves,
            "group_pace": round(made.bounds.group_pace),
            "makespan": round(made.bounds.makespan),
        },
        "totals": {
            "hosts": len(made.course.steps),
            "waves": made.course.waves,
            "moves": made.course.moves,
            "makespan": round(made.makespan),
        },
        "ratios": {
            "waves": _rounded(made.waves_ratio),
            "moves": _rounded(made.moves_ratio),
            "makespan": _rounded(made.makespan_ratio),
        },
    }


def _times_view(
    made: Plan,
    known: expecting.Expected,
    begin: datetime.datetime,
    session: records.Session,
) -> dict[str, Any]:
    """How long it takes, and the hosts that are not done before the window ends."""
    late: list[str] = []
    text = session.settings.get("window_end")
    if text is not None:
        most = (timing.parse(text) - begin).total_seconds()
        late = sorted(name for name, t in made.timeline.turns.items() if t.done_at > most)
    return {
        "duration": {
            "seconds": round(made.timeline.seconds),
            "phases": {name: round(s) for name, s in made.timeline.phases.items()},
            "ends_at": timing.wire(begin + datetime.timedelta(seconds=made.timeline.seconds)),
            "times": known.sources,
            "parallel_moves_per_host": known.times.parallel_moves,
        },
        "outside_window": late,
    }


def _step(step: Step, made: Plan) -> dict[str, Any]:
    turn = made.timeline.turns.get(step.host, Turn(0, 0, 0))
    return {
        "host": step.host,
        "emptied_first": step.first,
        "instances": len(step.targets),
        "drain_at": round(turn.drain_at),
        "empty_at": round(turn.empty_at),
        "done_at": round(turn.done_at),
    }


def _rounded(ratio: float | None) -> float | None:
    return None if ratio is None else round(ratio, 3)
