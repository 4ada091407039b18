"""The disruption ledger as one session writes it: which members are impacted, since when.

A member is impacted from the request of its move until it is ACTIVE elsewhere, and counts for the
group's recovery time more (contract section 4). The rows are shared by all sessions and engines.
Every workflow writes them; which of them waits for a place is the matter of
:mod:`fenix.workflow.pacing`.
"""

from __future__ import annotations

import copy
import datetime
from typing import Any

from fenix.db import records
from fenix.planner.model import Group
from fenix.workflow import moving
from fenix.workflow.grouping import Grouping
from fenix.workflow.hold import Hold

_TRIES = 5


class Ledger:
    """Rows of the groups of a session's projects. Created anew for every run of a handler."""

    def __init__(self, hold: Hold, grouping: Grouping) -> None:
        self._hold = hold
        self._snapshot = hold.snapshot
        self._grouping = grouping
        self._found: dict[str, records.Disruption] | None = None

    def take(self, row: records.Disruption, instance: records.Instance) -> bool:
        """Write that a member is impacted; False: somebody else has written."""
        taken = copy.deepcopy(row)
        taken.members[instance.instance_id] = {
            "session": self._hold.session.session_id,
            "since": self._hold.now().isoformat(),
            "ended": None,
        }
        return self._write(taken)

    def adopt(self) -> None:
        """Count members that are moved although they had no place: they joined their group late."""
        for instance in self._snapshot.under_way():
            group = self._grouping.limits_of(instance)
            if (
                group is not None
                and instance.move_phase != moving.PLANNED
                and not self.has_place(instance, group)
            ):
                self.take(self.row(group), instance)

    def _rows(self) -> dict[str, records.Disruption]:
        if self._found is None:
            found = self._hold.store.disruptions(self._grouping.projects())
            self._found = {f"{project}/{group}": row for (project, group), row in found.items()}
        return self._found

    def row(self, group: Group) -> records.Disruption:
        """The row of a group; a new one where it has none."""
        project_id, _, group_id = group.group_id.partition("/")
        return self._rows().get(group.group_id) or records.Disruption(project_id, group_id)

    def _write(self, row: records.Disruption) -> bool:
        """:returns: False when somebody else has written; the ledger is then read again."""
        row.members = {i: m for i, m in row.members.items() if not self._is_over(m)}
        if not self._hold.noted("impacts"):
            self._hold.note("impacts", True)
        if self._hold.store.disrupt(row):
            self._rows()[f"{row.project_id}/{row.group_id}"] = row
            return True
        self._found = None
        return False

    def _is_over(self, member: dict[str, Any]) -> bool:
        """Whether nobody can want a recovery time that reaches until now."""
        longest = datetime.timedelta(seconds=self._hold.conf.workflow.max_recovery_time)
        ended = member["ended"]
        return (
            ended is not None
            and datetime.datetime.fromisoformat(ended) + longest < self._hold.now()
        )

    def is_mine(self, member: dict[str, Any]) -> bool:
        """Whether a member is impacted by this session now."""
        return bool(member["session"] == self._hold.session.session_id and member["ended"] is None)

    def has_place(self, instance: records.Instance, group: Group) -> bool:
        """Whether an instance counts as impacted by this session."""
        member = self.row(group).members.get(instance.instance_id)
        return member is not None and self.is_mine(member)

    def settle(self) -> set[str]:
        """Members that have arrived, or do not move any more, begin to recover.

        :returns: keys of the groups of which some have.
        """
        settled = set()
        for key, row in list(self._rows().items()):
            ended = [
                i for i, m in row.members.items() if self.is_mine(m) and not self._needs_place(i)
            ]
            if not ended:
                continue
            left = copy.deepcopy(row)
            for instance_id in ended:
                left.members[instance_id]["ended"] = self._hold.now().isoformat()
            # If somebody else has written just now, the next run does it.
            if self._write(left):
                settled.add(key)
        if not any(self.is_mine(m) for row in self._rows().values() for m in row.members.values()):
            self._hold.note("impacts", None)
        return settled

    def _needs_place(self, instance_id: str) -> bool:
        instance = self._snapshot.instances.get(instance_id)
        if instance is None or instance.gone:
            return False
        if instance.move_phase in moving.AT_NOVA or instance.move_phase == moving.OWN:
            return True
        if instance.move_phase == moving.PLANNED:
            state = instance.project_state or ""
            return instance.move_attempts > 0 or state.startswith(("ACK_", "DEFAULT_", "WAIT_"))
        return (instance.project_state or "").startswith("WAIT_")


class Tally:
    """Lets every move begin, and writes it down, so that sessions that keep limits count it."""

    again_at: datetime.datetime | None = None

    def __init__(self, hold: Hold, grouping: Grouping) -> None:
        self._hold = hold
        self._grouping = grouping
        self._ledger = Ledger(hold, grouping)

    def paces(self, _instance: records.Instance) -> bool:
        """No."""
        return False

    def admit(self, instance: records.Instance) -> bool:
        """Yes; who waits for a place of the same group sees that it is taken."""
        self._grouping.read_sometimes()
        group = self._grouping.limits_of(instance)
        for _ in range(_TRIES):
            if (
                group is None
                or self._ledger.has_place(instance, group)
                or self._ledger.take(self._ledger.row(group), instance)
            ):
                break
        return True

    def settle(self) -> None:
        """Count what projects move themselves; who has arrived begins to recover."""
        if any(i.move_phase == moving.OWN for i in self._hold.snapshot.under_way()):
            self._grouping.read_sometimes()
            self._ledger.adopt()
        if self._hold.noted("impacts"):
            self._ledger.settle()
