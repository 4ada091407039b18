"""What commands leave with a session for its workflow, and how the workflow takes it up.

A command only writes notes (``progress`` of the session); its engine acts on them before
anything else. Times that a session stood still, paused or failed, are kept, too: deadlines move
by them, and no estimate counts them as work.
"""

from __future__ import annotations

import datetime
from typing import Any

from fenix.db import records
from fenix.workflow.acting import Acting
from fenix.workflow.hold import Hold
from fenix.workflow.moving import OWN
from fenix.workflow.upkeep import RETURNING, Upkeep

#: The reason of a session that an admin has aborted (contract section 8).
ABORTED = "aborted"

#: Notes: commands to single hosts, by host name; pauses that deadlines have not been moved by;
#: when the session stood still; since when it does.
ORDERS = "orders"
_PAUSES = "pauses"
_STANDSTILLS = "standstills"
STOPPED = "stopped_at"
_TROUBLE = "trouble_since"
_SCALE_IN_UNTIL = "scale_in_until"

#: Value of the note ``continued`` when the command was to one host.
ONE_HOST = "host"

RETRY = "retry_host"
SKIP = "skip_host"

Progress = dict[str, Any]


def ordered(progress: Progress) -> dict[str, str]:
    """Commands to single hosts that the engine has not taken up, by host name."""
    return dict(progress.get(ORDERS, {}))


def after_pause(
    progress: Progress, paused_at: datetime.datetime, now: datetime.datetime
) -> Progress:
    """The notes of a session that was paused until now."""
    period = [paused_at.isoformat(), now.isoformat()]
    noted = {k: v for k, v in progress.items() if k != _TROUBLE}
    return {
        **noted,
        _PAUSES: [*progress.get(_PAUSES, []), period],
        _STANDSTILLS: [*progress.get(_STANDSTILLS, []), period],
    }


def after_failure(progress: Progress, now: datetime.datetime) -> Progress:
    """The notes of a session that had failed and goes on now."""
    stopped = progress.get(STOPPED)
    noted = {k: v for k, v in progress.items() if k not in (STOPPED, _TROUBLE)}
    if stopped is not None:
        noted[_STANDSTILLS] = [*progress.get(_STANDSTILLS, []), [stopped, now.isoformat()]]
    return noted


def standstills(progress: Progress) -> list[tuple[datetime.datetime, datetime.datetime]]:
    """When the session was paused or failed, oldest first."""
    return [
        (datetime.datetime.fromisoformat(begin), datetime.datetime.fromisoformat(end))
        for begin, end in progress.get(_STANDSTILLS, [])
    ]


class Resuming:
    """Takes up what commands have noted."""

    def __init__(self, hold: Hold, upkeep: Upkeep, acting: Acting) -> None:
        self._hold = hold
        self._upkeep = upkeep
        self._acting = acting

    def take_up(self) -> None:
        """Move deadlines by pauses, and carry out commands to single hosts."""
        pauses = self._hold.noted(_PAUSES)
        if pauses:
            for begin, end in pauses:
                self._move_deadlines(
                    datetime.datetime.fromisoformat(begin), datetime.datetime.fromisoformat(end)
                )
            self._hold.note(_PAUSES, None)
        told = self._hold.noted(ORDERS)
        if told:
            for hostname, command in sorted(told.items()):
                self._obey(self._hold.snapshot.hosts[hostname], command)
            self._hold.note(ORDERS, None)

    def _obey(self, host: records.Host, command: str) -> None:
        if command == SKIP:
            self._upkeep.skip(host)
            return
        self._upkeep.retry(host)
        self._acting.allow_again(host.hostname)
        for instance in self._hold.snapshot.on(host.hostname):
            self.ask_again(instance)

    def ask_again(self, instance: records.Instance) -> None:
        """A refusal, or silence, does not count any more for an instance."""
        if (instance.project_state or "").startswith(("SILENT_", "NACK_")):
            instance.project_state = None
            self._hold.touch(instance)

    # Deadlines: whoever had time left when the pause began has it still.

    def _move_deadlines(self, begin: datetime.datetime, end: datetime.datetime) -> None:
        for wait in self._hold.snapshot.waits:
            lost = end - max(begin, wait.opened_at)
            if lost > datetime.timedelta() and wait.reply_at > begin:
                wait.reply_at += lost
                wait.actions_at = max(wait.actions_at, wait.reply_at)
                if wait.opened_at <= begin:
                    wait.opened_at += lost
                self._hold.touch_wait(wait, wait.replied_at)
        for instance in self._hold.snapshot.under_way():
            if instance.move_phase == OWN and instance.move_due is not None:
                instance.move_due += end - max(begin, instance.move_at or begin)
                self._hold.touch(instance)
        for host in self._hold.snapshot.session_hosts():
            if host.phase == RETURNING and host.phase_at is not None:
                host.phase_at += end - max(begin, host.phase_at)
                self._hold.touch(host)
        until = self._hold.noted(_SCALE_IN_UNTIL)
        if until is not None:
            moved = datetime.datetime.fromisoformat(until) + (end - begin)
            self._hold.note(_SCALE_IN_UNTIL, moved.isoformat())
