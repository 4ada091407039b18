"""A session's history as a chart.

Everything comes from the history, so a session that was deleted can be drawn, too; only what is
run just now comes from the session itself.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Sequence

from fenix.client import progress, results
from fenix.client.results import HistoryEvent
from fenix.view import chart as charts
from fenix.view.chart import Bar, Chart, Row

_PHASES = {
    "draining": (charts.DRAIN, "being emptied"),
    "maintaining": (charts.WORK, "in maintenance"),
    "returning": (charts.RETURN, "coming back"),
    "quarantined": (charts.FAILED, "set aside"),
}
#: Questions that nobody has to answer.
_TOLD_ONLY = "INSTANCE_ACTION_DONE"
_SHORT = 8
#: States of an attempt of an action.
_FAILED, _RUNNING = "FAILED", "RUNNING"
_NAMED = frozenset({charts.STATE, charts.WAIT, charts.FAILED})


def chart(
    session_id: str,
    events: Sequence[HistoryEvent],
    detail: results.Detail | None,
    now: datetime.datetime,
) -> Chart:
    """The chart of a session.

    :param events: its whole history, oldest first.
    :param detail: None when it was deleted.
    :param now: the end of what goes on.
    """
    return _Timeline(session_id, events, detail, now).chart()


@dataclasses.dataclass
class _Open:
    """Something that has begun."""

    kind: str
    since: datetime.datetime
    label: str


class _Timeline:
    def __init__(
        self,
        session_id: str,
        events: Sequence[HistoryEvent],
        detail: results.Detail | None,
        now: datetime.datetime,
    ) -> None:
        self._session_id = session_id
        self._events = events
        self._detail = detail
        self._goes_on = detail is not None and not detail.session.idle
        ends = [e.at for e in events] or [now]
        self._begin = min(ends)
        self._end = now if self._goes_on else max(ends)
        self._rows: dict[str, list[Bar]] = {}

    def chart(self) -> Chart:
        states = Row("session", tuple(self._states()))
        projects = self._projects()
        hosts = self._hosts()
        return Chart(
            title=f"Maintenance session {self._session_id}",
            told=self._told(),
            rows=(states, *projects, *hosts),
            seconds=self._at(self._end),
            begins=self._begin,
            goes_on=self._goes_on,
        )

    def _told(self) -> str:
        begun = results.text_of(self._begin)
        moves = sum(bar.to is not None for _, bar in self._moves())
        words = [f"{begun} UTC", f"{moves} moves"]
        if self._detail is None:
            return ", ".join([*words, "deleted since"])
        done = sum(h.maintained for h in self._detail.hosts)
        words.insert(1, f"{done} of {len(self._detail.hosts)} hosts maintained")
        words.append(self._detail.session.state)
        if self._detail.session.reason:
            words.append(self._detail.session.reason)
        return ", ".join(words)

    def _at(self, moment: datetime.datetime) -> float:
        return (moment - self._begin).total_seconds()

    def _bar(self, open_: _Open, end: datetime.datetime, kind: str | None = None) -> Bar:
        span = progress.clock(end - open_.since)
        told = f"{open_.label}: {results.text_of(open_.since)} UTC, {span}"
        # What a host's bar means is said by its colour.
        label = open_.label if open_.kind in _NAMED else span
        return Bar(kind or open_.kind, self._at(open_.since), self._at(end), label, told)

    # States

    def _states(self) -> Iterable[Bar]:
        now = _Open(charts.STATE, self._begin, "MAINTENANCE")
        for event in self._events:
            after = event.data.get("after")
            if event.kind == "state" and after:
                if event.at > now.since:
                    yield self._bar(now, event.at)
                failed = after == results.FAILED
                now = _Open(charts.FAILED if failed else charts.STATE, event.at, str(after))
        if now.label not in results.IDLE and self._end > now.since:
            yield self._bar(now, self._end)

    # Projects

    def _projects(self) -> list[Row]:
        """What each was asked, until it answered or the time was over."""
        asked: dict[tuple[str, str], _Open] = {}
        rows: dict[str, list[Bar]] = {}
        for event in self._events:
            project = event.project_id
            if project is None:
                continue
            if event.kind == "notification":
                state = str(event.data.get("state"))
                if state != _TOLD_ONLY:
                    asked.setdefault((project, state), _Open(charts.WAIT, event.at, state))
            elif event.kind in ("reply", "silence"):
                reply = str(event.data.get("reply") or "")
                for key, open_ in list(asked.items()):
                    if key[0] == project and (not reply or reply.endswith(f"_{key[1]}")):
                        kind = None if reply.startswith("ACK_") else charts.REFUSED
                        rows.setdefault(project, []).append(self._bar(open_, event.at, kind))
                        del asked[key]
        for (project, _), open_ in asked.items():
            if self._goes_on:
                rows.setdefault(project, []).append(self._bar(open_, self._end))
        return [Row(f"project {p[:_SHORT]}", tuple(bars)) for p, bars in rows.items()]

    # Hosts

    def _hosts(self) -> list[Row]:
        rows: dict[str, list[Bar]] = {}
        if self._detail is not None:
            rows = {h.hostname: [] for h in self._detail.hosts}
        for host, bar in self._phases():
            rows.setdefault(host, []).append(bar)
        for host, bar in self._moves():
            rows.setdefault(host, []).append(bar)
            if bar.to is not None:
                rows.setdefault(bar.to, [])
        for host, bar in self._actions():
            rows.setdefault(host, []).append(bar)
        order = self._first_begun(rows)
        return [Row(name, tuple(rows[name])) for name in order]

    @staticmethod
    def _first_begun(rows: dict[str, list[Bar]]) -> list[str]:
        """Rows in the order in which they were begun; those that were not at the end."""
        never = float("inf")
        return sorted(
            rows,
            key=lambda name: (
                min((b.start for b in rows[name] if b.kind not in charts.THIN), default=never),
                name,
            ),
        )

    def _phases(self) -> Iterable[tuple[str, Bar]]:
        open_: dict[str, _Open] = {}
        for event in self._events:
            if event.kind != "phase" or event.host is None:
                continue
            before = open_.pop(event.host, None)
            if before is not None and before.kind != charts.FAILED:
                yield event.host, self._bar(before, event.at)
            kind, label = _PHASES.get(str(event.data.get("phase")), ("", ""))
            if kind:
                open_[event.host] = _Open(kind, event.at, label)
        for host, last in open_.items():
            yield host, self._bar(last, self._end)

    def _actions(self) -> Iterable[tuple[str, Bar]]:
        """Attempts that have ended, and what is run just now."""
        for event in self._events:
            seconds = event.data.get("seconds")
            if event.kind == "action" and event.host and seconds is not None:
                since = event.at - datetime.timedelta(seconds=float(seconds))
                label = f"{event.data.get('type')} action {event.data.get('plugin')}"
                kind = charts.FAILED_ACTION if event.data.get("state") == _FAILED else None
                yield event.host, self._bar(_Open(charts.ACTION, since, label), event.at, kind)
        for run in self._detail.action_plugin_instances if self._detail else ():
            if run.state == _RUNNING and run.started_at is not None:
                label = f"{run.type} action {run.plugin}"
                open_ = _Open(charts.ACTION, run.started_at, label)
                yield run.hostname, self._bar(open_, self._end)

    def _moves(self) -> Iterable[tuple[str, Bar]]:
        """Tries to move an instance, each with the host that it leaves."""
        begun: dict[str, HistoryEvent] = {}
        for event in self._events:
            if event.kind != "move" or event.instance_id is None:
                continue
            if event.data.get("begins"):
                begun[event.instance_id] = event
                continue
            first = begun.pop(event.instance_id, None)
            if event.data.get("seconds") is not None:
                yield self._move(event, self._at(event.at) - event.data["seconds"], charts.MOVE)
            elif event.data.get("failed") and first is not None:
                yield self._move(event, self._at(first.at), charts.FAILED_MOVE)
        for first in begun.values():
            if self._goes_on:
                yield self._move(first, self._at(first.at), charts.MOVE, self._end)

    def _move(
        self,
        event: HistoryEvent,
        start: float,
        kind: str,
        end: datetime.datetime | None = None,
    ) -> tuple[str, Bar]:
        source, target = str(event.data.get("source")), event.data.get("target")
        arrived = target if kind == charts.MOVE and end is None else None
        bar = Bar(kind, max(start, 0.0), self._at(end or event.at), "", event.message, to=arrived)
        return source, bar
