"""What admins may command a session to do, in which state, and what each command writes.

A command is decided on what the session looks like, and written only if it still does. Whoever
is too late is told what happened instead.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from fenix import exceptions, states, timing
from fenix.db import lifecycle, orders, records
from fenix.db.api import Database
from fenix.workflow import resuming
from fenix.workflow.upkeep import SKIPPED

LOG = logging.getLogger(__name__)

DELETE = "delete"

#: A session that is advanced changes often; between two tries its engine gets on.
_TRIES = 100
_PAUSE = 0.02


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """What a command writes: columns of the session, and hosts that it takes again."""

    message: str
    values: dict[str, Any]
    hostnames: Sequence[str] = ()
    before: str | None = None
    after: str | None = None


class Control:
    """Decides on commands and writes them.

    :param resumable: by workflow name, the states that a session can be continued from.
    """

    def __init__(
        self,
        database: Database,
        clock: timing.Clock,
        resumable: Callable[[str], frozenset[str]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._resumable = resumable

    def give(
        self,
        who: dict[str, Any],
        session_id: str,
        command: str,
        *,
        host: str | None = None,
        state: str | None = None,
    ) -> dict[str, Any]:
        """Write a command durably.

        :param who: ``request_id`` and ``user_id`` of the admin, kept with the history.
        :param host: the host of ``retry_host`` and ``skip_host``.
        :param state: where ``continue`` goes on; None: where the session failed.
        :returns: ``session_id`` and the ``state`` that the session is in now.
        :raises NotFound: no such session. :raises Conflict: it is not in a state for this.
        :raises Unprocessable: the session does not maintain that host.
        :raises BadRequest: the workflow has no such state.
        """
        for _ in range(_TRIES):
            seen = orders.situation(self._database, session_id)
            order = self._decide(seen, command, host, state)
            if order is None or self._write(seen, command, order, who, host):
                after = order.after if order is not None else None
                return {"session_id": session_id, "state": after or seen.session.state}
            time.sleep(_PAUSE)
        raise exceptions.Unavailable(
            f"session {session_id} changes too fast to be given the command {command}; repeat it"
        )

    def _write(
        self,
        seen: orders.Situation,
        command: str,
        order: Order,
        who: dict[str, Any],
        host: str | None,
    ) -> bool:
        session_id, now = seen.session.session_id, self._clock.now()
        given = {k: who.get(k) for k in ("request_id", "user_id")}
        events = [
            records.Event(
                session_id,
                now,
                orders.COMMAND,
                order.message,
                host=host,
                data={"command": command, **given},
            )
        ]
        if order.after is not None:
            events.append(
                records.Event(
                    session_id,
                    now,
                    "state",
                    f"{order.before} -> {order.after}",
                    data={"before": order.before, "after": order.after},
                )
            )
        values = dict(order.values)
        if values.get("paused_at", False) is True:
            values["paused_at"] = now
        written = orders.give(self._database, seen.session, values, events, order.hostnames)
        if written:
            LOG.info("Session %s: %s (%s)", session_id, order.message, given["request_id"])
        return written

    def _decide(
        self, seen: orders.Situation, command: str, host: str | None, state: str | None
    ) -> Order | None:
        """What a command writes; None when it was given before and is being carried out."""
        if command == DELETE:
            return self._delete(seen)
        self._demand_not_stopping(seen, command)
        match command:
            case "pause":
                return self._pause(seen)
            case "resume":
                return self._resume(seen)
            case "abort":
                return self._abort(seen)
            case "continue":
                return self._continue(seen, state)
            case "retry_host" | "skip_host":
                return self._of_host(seen, command, host or "")
        raise exceptions.BadRequest(f"command: there is no command {command!r}")

    # Each command

    @staticmethod
    def _delete(seen: orders.Situation) -> Order | None:
        if seen.session.command == lifecycle.DELETE:
            return None
        return Order("to be deleted", {"command": lifecycle.DELETE, "paused_at": None})

    def _pause(self, seen: orders.Situation) -> Order:
        session = seen.session
        if session.state in states.IDLE or session.paused_at is not None:
            raise _conflict(seen, "only a session that is at work can be paused")
        return Order("paused", {"paused_at": True})

    def _resume(self, seen: orders.Situation) -> Order:
        session = seen.session
        if session.paused_at is None:
            raise _conflict(seen, "only a session that is paused can be resumed")
        progress = resuming.after_pause(session.progress, session.paused_at, self._clock.now())
        return Order("resumed", {"paused_at": None, "progress": progress})

    @staticmethod
    def _abort(seen: orders.Situation) -> Order:
        if seen.session.state == states.MAINTENANCE_DONE:
            raise _conflict(seen, "there is nothing left to abort")
        if seen.session.reason == resuming.ABORTED:
            raise _conflict(seen, "it was aborted before")
        return Order("to be aborted", {"command": lifecycle.ABORT, "paused_at": None})

    def _continue(self, seen: orders.Situation, state: str | None) -> Order:
        session = seen.session
        if session.state != states.MAINTENANCE_FAILED:
            raise _conflict(seen, f"only one in state {states.MAINTENANCE_FAILED} can be continued")
        known = self._resumable(session.workflow)
        goal = state or session.failed_state or states.INITIAL
        if goal not in known:
            raise exceptions.BadRequest(
                f"state: {goal!r} is not a state that a session of workflow {session.workflow} "
                f"can be continued from; those are {', '.join(sorted(known))}"
            )
        return self._going_on(seen, goal, f"continued in {goal}", {"continued": True})

    def _going_on(
        self, seen: orders.Situation, goal: str, message: str, notes: dict[str, Any]
    ) -> Order:
        session = seen.session
        progress = resuming.after_failure(session.progress, self._clock.now())
        return Order(
            message,
            {
                "state": goal,
                "prev_state": session.state,
                "reason": None,
                "progress": {**progress, **notes},
            },
            [h.hostname for h in seen.hosts if h.hostname not in seen.held and h.phase != SKIPPED],
            before=session.state,
            after=goal,
        )

    def _of_host(self, seen: orders.Situation, command: str, hostname: str) -> Order:
        session = seen.session
        host = next((h for h in seen.hosts if h.hostname == hostname), None)
        if host is None:
            known = [h.hostname for h in seen.hosts]
            raise exceptions.Unprocessable(
                f"host: session {session.session_id} does not maintain {hostname!r}; it maintains "
                f"{', '.join(known[:20])}{' ...' if len(known) > 20 else ''}"
            )
        told = resuming.ordered(session.progress)
        failed = host.failed_phase is not None and host.phase != SKIPPED
        if session.state == states.MAINTENANCE_DONE or not failed or hostname in told:
            raise _conflict(
                seen,
                f"{command} is for a host that has failed, and {hostname} is "
                f"{_ORDERED[told[hostname]] if hostname in told else host.phase}",
            )
        message = f"{hostname} is to be {'retried' if command == resuming.RETRY else 'skipped'}"
        notes = {resuming.ORDERS: {**told, hostname: command}}
        if session.state == states.MAINTENANCE_FAILED:
            goal = session.failed_state or states.INITIAL
            return self._going_on(seen, goal, message, {"continued": resuming.ONE_HOST, **notes})
        return Order(message, {"progress": {**session.progress, **notes}})

    @staticmethod
    def _demand_not_stopping(seen: orders.Situation, command: str) -> None:
        if seen.session.command is not None:
            raise _conflict(seen, f"{command} comes too late")


_ORDERED = {resuming.RETRY: "being retried", resuming.SKIP: "being skipped"}


def _conflict(seen: orders.Situation, rule: str) -> exceptions.Conflict:
    session = seen.session
    stopping = {lifecycle.DELETE: " and being deleted", lifecycle.ABORT: " and being aborted"}
    how = stopping.get(session.command or "", "")
    if session.paused_at is not None:
        how += f" and paused since {timing.wire(session.paused_at)}"
    if session.state == states.MAINTENANCE_FAILED and session.reason:
        how += f" ({session.reason})"
    last = ""
    if seen.last is not None:
        data = seen.last.data
        last = (
            f"; the last command was {data.get('command')!r} at {timing.wire(seen.last.at)} by "
            f"user {data.get('user_id') or 'unknown'} in {data.get('request_id')}"
        )
    return exceptions.Conflict(
        f"session {session.session_id} is in state {session.state}{how}; {rule}{last}"
    )
