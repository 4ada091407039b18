"""Consent of projects to the moves of their instances, asked for host by host."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from fenix.db import records
from fenix.workflow import asking as ask
from fenix.workflow.asking import Asking
from fenix.workflow.hold import Hold
from fenix.workflow.inventory import Inventory
from fenix.workflow.outcome import Fatal


class Consent(Protocol):
    """How projects are asked. Decisions are kept in the rows of the instances."""

    def gather(
        self, host: records.Host, state: str, there: Sequence[records.Instance]
    ) -> list[datetime.datetime]:
        """Ask about the instances on a host that nobody was asked about, and read answers.

        :returns: when to look again.
        :raises Fatal: a project refuses for good, or is silent where that is not consent.
        """
        ...

    def withdraw_idle(self) -> None:
        """Withdraw questions whose instances have left their host: nobody waits for the answer.

        A project that deleted what it was asked about can so be asked about its next host.
        """
        ...

    def withdraw(self, host: records.Host) -> None:
        """Withdraw what is asked about a host."""
        ...

    def gather_ahead(self, host: records.Host) -> list[datetime.datetime]:
        """Ask about a host before its turn; :returns: when to look again."""
        ...

    def was_ahead(self, instance: records.Instance) -> bool:
        """Whether an instance was asked about before its host's turn; the answer then counts."""
        ...


def agreed(instance: records.Instance, state: str) -> bool:
    """Whether an instance may be moved in a state, with or without its project's word."""
    return instance.project_state in (f"ACK_{state}", f"DEFAULT_{state}")


class Asker:
    """What the ways to ask have in common."""

    def __init__(self, hold: Hold, asking: Asking, inventory: Inventory) -> None:
        self.hold = hold
        self.snapshot = hold.snapshot
        self.asking = asking
        self.inventory = inventory

    def undecided(
        self, state: str, there: Sequence[records.Instance]
    ) -> Iterator[tuple[records.Project, list[records.Instance]]]:
        """Instances that need their project's word, by project; the others are decided."""
        of: dict[str, list[records.Instance]] = {}
        for instance in there:
            if not agreed(instance, state):
                of.setdefault(instance.project_id, []).append(instance)
        self.asking.look_up({i.project_id for i in there})
        for project_id, instances in sorted(of.items()):
            project = self.hold.project(project_id)
            if project.has_manager:
                yield project, instances
            else:
                self.decide(instances, f"DEFAULT_{state}", {})

    def decide(
        self,
        instances: Sequence[records.Instance],
        project_state: str,
        actions: Mapping[str, str],
    ) -> None:
        """Keep what was decided about instances."""
        for instance in instances:
            instance.project_state = project_state
            instance.action = actions.get(instance.instance_id) or instance.action
            self.hold.touch(instance)

    def read(
        self,
        wait: records.Wait,
        project: records.Project,
        asked: Sequence[records.Instance],
        state: str,
    ) -> None:
        """Take over what a question came to.

        :raises Fatal: a final NACK, or silence where that is not consent.
        """
        status = self.asking.settle(wait)
        if status == ask.ANSWERED:
            self.decide(asked, f"ACK_{state}", wait.reply_actions)
        elif status == ask.REFUSED:
            self.decide(asked, f"NACK_{state}", {})
            raise Fatal(f"{wait.host}: {self.asking.refusal([project.project_id], state)}")
        elif status == ask.SILENT:
            if not self.asking.silence_consents:
                self.decide(asked, f"SILENT_{state}", {})
                raise Fatal(f"{wait.host}: {self.asking.silence([project], state)}")
            self.decide(asked, f"DEFAULT_{state}", wait.reply_actions)

    def asked_about(self, instances: Sequence[records.Instance], state: str) -> None:
        """Keep that a question about instances is open."""
        for instance in instances:
            instance.project_state = f"WAIT_{state}"
            self.hold.touch(instance)

    def withdraw_idle(self) -> None:
        """Withdraw questions whose instances have left their host."""
        for wait in self.snapshot.waits:
            if wait.host is None or wait.status != ask.OPEN:
                continue
            there = {i.instance_id for i in self.snapshot.on(wait.host)}
            if there.isdisjoint(wait.instance_ids):
                self.asking.withdraw(wait)

    def withdraw(self, host: records.Host) -> None:
        """Withdraw what is asked about a host."""
        for wait in self.snapshot.waits:
            if wait.host == host.hostname and wait.status == ask.OPEN:
                self.asking.withdraw(wait)

    def gather_ahead(self, _host: records.Host) -> list[datetime.datetime]:
        """Nobody is asked ahead of time."""
        return []

    def was_ahead(self, _instance: records.Instance) -> bool:
        """Nobody is asked ahead of time."""
        return False


class PerProject(Asker):
    """One question to a project about all its instances on a host."""

    def gather(
        self, host: records.Host, state: str, there: Sequence[records.Instance]
    ) -> list[datetime.datetime]:
        """See :class:`Consent`."""
        deadlines = [self.hold.after(self.hold.conf.workflow.project_maintenance_reply)]
        for project, instances in self.undecided(state, there):
            undecided = instances
            wait = self.asking.open_wait(project.project_id)
            if wait is not None and wait.host == host.hostname and wait.state == state:
                if wait.reply is None and self.hold.now() >= wait.reply_at:
                    # Before silence counts: perhaps it deleted them instead of answering.
                    self.inventory.look_at(host.hostname)
                    self.withdraw_idle()
                    undecided = [i for i in undecided if not i.gone]
                named = [i for i in undecided if i.instance_id in wait.instance_ids]
                self.read(wait, project, named, state)
                wait = None if wait.status != ask.OPEN else wait
                undecided = [i for i in undecided if not agreed(i, state)]
            if wait is not None:
                deadlines.append(wait.reply_at)
            elif undecided:
                self._ask(project, host, undecided, state)
        return deadlines

    def _ask(
        self,
        project: records.Project,
        host: records.Host,
        instances: list[records.Instance],
        state: str,
    ) -> None:
        self.asking.ask(
            project,
            state,
            seconds=self.hold.conf.workflow.project_maintenance_reply,
            instance_ids=[i.instance_id for i in instances],
            allowed_actions=ask.MOVES,
            host=host.hostname,
        )
        self.asked_about(instances, state)
