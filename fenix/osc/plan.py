"""``plan``: what a session would do."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
from collections.abc import Callable
from typing import Any

from cliff import columns

from fenix.client import progress
from fenix.client.plans import Plan, PlannedMove
from fenix.client.results import Reservation, text_of
from fenix.osc import base, pictures, session_fields
from fenix.view import chart as charts
from fenix.view.chart import Bar, Chart, Row


class _Told(columns.FormattableColumn[Any]):
    """A value that tables show in words, and JSON and YAML as it is."""

    def __init__(self, value: Any, words: str) -> None:
        super().__init__(value)
        self._words = words

    def human_readable(self) -> str:
        return self._words

    def machine_readable(self) -> Any:
        return self._value


class ShowPlan(base.ShowOne):
    """Show what a session would do, without changing anything.

    Exit code 5 when the plan does not maintain every host.
    """

    options = session_fields.OPTIONS

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Options of a session."""
        parser = super().get_parser(prog_name)
        session_fields.add(parser)
        pictures.add(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Ask for the plan."""
        plan = self.client.plan(**session_fields.body(parsed_args))
        if parsed_args.picture:
            pictures.save(parsed_args, chart(plan))
        if not plan.complete:
            self.exit_code = base.PLAN_INCOMPLETE
        shown = {"workflow": plan.workflow, **{n: told(plan) for n, told in _FIELDS.items()}}
        return tuple(shown), tuple(shown.values())


def _clock(seconds: float) -> str:
    return progress.clock(datetime.timedelta(seconds=seconds))


def _lines(found: list[Any], words: Callable[[Any], str]) -> _Told:
    return _Told([dataclasses.asdict(f) for f in found], "\n".join(words(f) for f in found))


def _plain(found: Reservation) -> dict[str, Any]:
    times = {"start": text_of(found.start), "end": text_of(found.end)}
    return {**dataclasses.asdict(found), **times}


def _beside(plan: Plan, name: str) -> str:
    """A total, and what is possible at best."""
    return f"{plan.totals.get(name)} (at best {plan.bounds.get(name)})"


def _duration(plan: Plan) -> _Told:
    words = f"{_clock(plan.duration.get('seconds', 0))}, until {plan.duration.get('ends_at')}"
    return _Told(plan.duration, words)


def _scale_in(plan: Plan) -> _Told:
    need = plan.scale_in
    if not need:
        return _Told(need, "not needed")
    size = f"{need.get('instances')} instances, {need.get('vcpus'):g} vCPUs"
    return _Told(need, f"{size}, so that {need.get('host')} can be emptied")


_FIELDS: dict[str, Callable[[Plan], Any]] = {
    "waves": lambda p: _lines(p.waves, lambda w: f"{w.wave}: {', '.join(h.host for h in w.hosts)}"),
    "moves": lambda p: _Told([dataclasses.asdict(m) for m in p.moves], _beside(p, "moves")),
    "duration": _duration,
    "scale_in": _scale_in,
    "blocked_hosts": lambda p: _lines(p.blocked_hosts, lambda b: f"{b.host}: {b.why}; {b.remedy}"),
    "outside_window": lambda p: base.shown(p.outside_window),
    "obstacles": lambda p: base.shown(p.obstacles),
    "reservations": lambda p: _Told(
        [_plain(r) for r in p.reservations], "\n".join(map(base.reserved, p.reservations))
    ),
    "groups": lambda p: _lines(
        p.groups,
        lambda g: f"{g.group_id}: {g.members} members, {g.moves} moves, at least {_clock(g.pace)}",
    ),
    "totals": lambda p: _Told(p.totals, _told(p.totals)),
    "bounds": lambda p: _Told(p.bounds, _told(p.bounds)),
    "ratios": lambda p: _Told(p.ratios, _told(p.ratios)),
    "projects": lambda p: _Told(
        p.projects,
        f"{len(p.projects)}, {sum(bool(q.get('has_manager')) for q in p.projects)} with a manager",
    ),
}


def _told(figures: dict[str, Any]) -> str:
    return ", ".join(f"{k} {v}" for k, v in figures.items() if v is not None)


def chart(plan: Plan) -> Chart:
    """A plan over time."""
    seconds = float(plan.duration.get("seconds", 0))
    rows = [Row("session", tuple(_phases(plan)))]
    leaving: dict[str, list[PlannedMove]] = {}
    for move in plan.moves:
        leaving.setdefault(move.source, []).append(move)
    work = min((h.done_at - h.empty_at for h in plan.hosts), default=0.0)
    for host in sorted(plan.hosts, key=lambda h: (h.drain_at, h.host)):
        told = f"{host.host}: {host.instances} moves, {_clock(host.empty_at - host.drain_at)}"
        begin = host.done_at - work
        bars = [
            Bar(charts.DRAIN, host.drain_at, host.empty_at, f"{host.instances} moves", told),
            Bar(charts.WORK, begin, host.done_at, _clock(work), f"{host.host}: {_clock(work)}"),
        ]
        for move in leaving.get(host.host, ()):
            words = f"{move.instance_name or move.instance_id}: {move.source} -> {move.target}"
            bars.append(Bar(charts.MOVE, host.drain_at, host.empty_at, "", words, to=move.target))
        rows.append(Row(host.host, tuple(b for b in bars if b.end > b.start)))
    for blocked in plan.blocked_hosts:
        words = f"{blocked.why}; {blocked.remedy}"
        rows.append(Row(blocked.host, (Bar(charts.BLOCKED, 0.0, seconds, words, words),)))
    return Chart(
        title="Plan of a maintenance session",
        told=f"{len(plan.hosts)} hosts, waves: {_beside(plan, 'waves')}, "
        f"moves: {_beside(plan, 'moves')}, about {_clock(seconds)}",
        rows=tuple(rows),
        seconds=seconds,
    )


def _phases(plan: Plan) -> list[Bar]:
    at, bars = 0.0, []
    for name, seconds in plan.duration.get("phases", {}).items():
        if seconds:
            bars.append(Bar(charts.STATE, at, at + seconds, name, f"{name}: {_clock(seconds)}"))
        at += seconds
    return bars
