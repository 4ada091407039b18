"""What a manager did well and what not."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable
from typing import Any

from fenix import states
from fenix.cmd.emulator.conversation import Conversation, Told
from fenix.cmd.emulator.scenario import Scenario

#: Seconds of the cloud that nobody notices: instances that are live-migrated pause at the end.
_BLINK = 2.0


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a scenario ended.

    :ivar freed: for each ``ACK_SCALE_IN``, how many instances the application had less then.
    :ivar missing: instances that the application has less at the end than at the beginning.
    :ivar outages: longest time, in the cloud's seconds, that nobody of a group answered.
    """

    state: str
    reason: str | None
    ended_at: datetime.datetime
    freed: tuple[int, ...]
    missing: int
    outages: dict[str, float]


@dataclasses.dataclass(frozen=True)
class Check:
    """One question about the manager, and what is wrong where the answer is no."""

    what: str
    wrong: str | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return self.wrong is None

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {"check": self.what, "passed": self.passed, "wrong": self.wrong}


def judge(scenario: Scenario, conversation: Conversation, outcome: Outcome) -> list[Check]:
    """Every check, in the order in which a session meets them."""
    checks: list[tuple[str, Callable[[], str | None]]] = [
        ("takes every webhook with a 2xx", lambda: _not_taken(conversation)),
        ("answers every question in time", lambda: _silent(conversation, outcome)),
        ("sends replies that are accepted", lambda: _refused(conversation)),
        ("is told all that the scenario is about", lambda: _not_told(scenario, conversation)),
        ("frees room before it agrees to SCALE_IN", lambda: _no_room(outcome)),
        ("never lets all of a group be down", lambda: _down(outcome)),
        ("has all its instances again at the end", lambda: _smaller(outcome)),
        (f"lets the session end as {scenario.ends}", lambda: _other_end(scenario, outcome)),
    ]
    return [Check(what, wrong()) for what, wrong in checks]


def _not_taken(conversation: Conversation) -> str | None:
    bad = [t for t in conversation.told if t.status is not None and not t.taken]
    if not bad:
        return None
    how = f"HTTP {bad[0].status}" if bad[0].status else "no connection, or none in 10 s"
    return (
        f"{len(bad)} of {len(conversation.told)} were not taken, first {bad[0].event.state}: {how}"
    )


def unanswered(conversation: Conversation, until: datetime.datetime) -> list[Told]:
    """Questions without an answer; those that ``until`` cut off are left out."""
    return [
        told
        for told in conversation.told
        if told.event.expects_reply
        and told.event.reply_at is not None
        and told.event.reply_at <= until
        and not any(reply.answers(told) for reply in conversation.replies)
    ]


def _silent(conversation: Conversation, outcome: Outcome) -> str | None:
    missed = unanswered(conversation, outcome.ended_at)
    if not missed:
        return None
    event = missed[0].event
    late = [
        r
        for r in conversation.replies
        if r.accepted and r.state.endswith(f"_{event.state}") and r.at > missed[0].at
    ]
    if late and event.reply_at is not None:
        how = f"answered {(late[0].at - event.reply_at).total_seconds():.1f} s too late"
    else:
        how = f"no ACK_{event.state} and no NACK_{event.state} came to reply_url"
    return f"{event.state}: {how}"


def _refused(conversation: Conversation) -> str | None:
    bad = [r for r in conversation.replies if not r.accepted]
    if not bad:
        return None
    return f"{bad[0].state or 'a body without state'}: HTTP {bad[0].status}: {bad[0].message}"


def _not_told(scenario: Scenario, conversation: Conversation) -> str | None:
    left = [s for s in scenario.asked if s not in conversation.states()]
    return f"it did not come to {', '.join(left)}" if left else None


def _no_room(outcome: Outcome) -> str | None:
    if all(outcome.freed):
        return None
    return "ACK_SCALE_IN came while as many instances were there as before: delete first"


def _down(outcome: Outcome) -> str | None:
    down = {name: s for name, s in outcome.outages.items() if s > _BLINK}
    if not down:
        return None
    worst = max(down, key=lambda name: down[name])
    return (
        f"nobody of {worst!r} answered for {down[worst]:.1f} s; live-migrate, or let less be moved "
        f"at once"
    )


def _smaller(outcome: Outcome) -> str | None:
    if outcome.state != states.MAINTENANCE_DONE or outcome.missing <= 0:
        return None
    return f"{outcome.missing} instances were not made again after MAINTENANCE_COMPLETE"


def _other_end(scenario: Scenario, outcome: Outcome) -> str | None:
    if outcome.state == scenario.ends:
        return None
    return f"it ended as {outcome.state}: {outcome.reason or 'no reason is known'}"
