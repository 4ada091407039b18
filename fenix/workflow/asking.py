"""Questions to projects: asked by an event, answered through the API, bounded by a deadline.

A wait for a project is a row. A project has one open question without a named instance at a
time, so that every reply on its URL has one meaning.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from fenix import exceptions, states
from fenix.conf.workflow import LIVE_MIGRATE, MIGRATE, OWN_ACTION
from fenix.db import records
from fenix.workflow.hold import Hold
from fenix.workflow.outcome import Fatal

MOVES = [MIGRATE, LIVE_MIGRATE, OWN_ACTION]

_FRESH = 60.0
#: A notification that leaves this soon after its question was written is not late.
_PROMPT = datetime.timedelta(seconds=1)
_DEFAULT_ACTION = "default_action"

ANSWERED = "answered"
REFUSED = "refused"
SILENT = "silent"
#: Overdue, and nobody knows whether the question has left.
UNTOLD = "untold"
OPEN = "open"
_DOUBT = "; it may not have been asked: the engine died while the event left, which is sent once"


class Asking:
    """Asks projects and reads their answers."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._conf = hold.conf.workflow

    # Who has a manager

    def look_up(self, project_ids: Iterable[str]) -> None:
        """Learn, at most once a minute or for a new project, how projects are reached.

        :raises Fatal: when a project has no manager and the configuration demands one.
        """
        hold = self._hold
        wanted = sorted(set(project_ids))
        age = self._age()
        if age is not None and age < _FRESH and all(p in hold.snapshot.projects for p in wanted):
            return
        subscribed = hold.store.subscriptions(wanted)
        others = [p for p in wanted if p not in subscribed]
        try:
            managers = hold.managers() if others else {}
        except exceptions.CloudError as error:
            if age is None:
                raise
            hold.event("warning", f"Managers are as known before: {error}")
            return
        for project_id in wanted:
            project = hold.project(project_id)
            before = dataclasses.replace(project)
            if project_id in subscribed:
                self._reach_by_webhook(project, subscribed[project_id])
            else:
                self._describe(project, managers)
            if before != project:
                hold.touch(project)
        hold.note("managers_at", hold.now().isoformat())
        self._demand(wanted)

    def _age(self) -> float | None:
        known = self._hold.noted("managers_at")
        if known is None:
            return None
        return (self._hold.now() - datetime.datetime.fromisoformat(known)).total_seconds()

    @staticmethod
    def _reach_by_webhook(project: records.Project, event_type: str) -> None:
        """By its own webhook alone, also where it has alarms: nobody is told twice."""
        project.carrier, project.has_manager = records.WEBHOOK, True
        project.event_types, project.details = [event_type], None

    def _describe(self, project: records.Project, managers: dict[str, Any] | None) -> None:
        project.carrier = records.BUS
        if managers is None:
            project.event_types = list(self._hold.conf.notifications.project_event_types)
            project.has_manager = bool(project.event_types)
            return
        manager = managers.get(project.project_id)
        project.has_manager = manager is not None
        project.event_types = [] if manager is None else list(manager.event_types)
        mute = () if manager is None else manager.mute
        project.details = (
            f"mute alarms (already in state alarm, without repeat_actions): {', '.join(mute)}"
            if mute
            else None
        )
        if mute:
            self._hold.event(
                "warning",
                f"project {project.project_id} has {project.details}; its manager may not hear",
                project_id=project.project_id,
            )

    def _demand(self, project_ids: Sequence[str]) -> None:
        if self._conf.project_without_manager == _DEFAULT_ACTION:
            return
        alone = [p for p in project_ids if not self._hold.snapshot.projects[p].has_manager]
        if alone:
            raise Fatal(
                f"projects without a manager: {', '.join(alone)}. [workflow] "
                f"project_without_manager is 'fail': let each make an event alarm for "
                f"maintenance.planned or register a webhook (/v1/subscription), or allow "
                f"'default_action'; then continue the session"
            )

    # Asking

    def open_wait(self, project_id: str) -> records.Wait | None:
        """The question to a project, about no single instance, that is not settled yet."""
        return next(
            (
                w
                for w in self._waits()
                if w.project_id == project_id and w.status == OPEN and w.instance_id is None
            ),
            None,
        )

    def _waits(self) -> list[records.Wait]:
        return [*self._hold.snapshot.waits, *self._hold.changes.new_waits]

    def ask(
        self,
        project: records.Project,
        state: str,
        *,
        seconds: float,
        instance_ids: Sequence[str] = (),
        instance_id: str | None = None,
        allowed_actions: Sequence[str] = (),
        host: str | None = None,
        not_before: datetime.datetime | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> records.Wait:
        """Send an event and open the wait for its answer.

        :param seconds: how long the project has to answer.
        :param instance_ids: what it is asked about; empty: all its instances.
        :param instance_id: the single instance it is asked about on a URL of its own.
        :param not_before: Fenix will not act before this time, also when answered earlier.
        """
        hold = self._hold
        reply_at = hold.after(seconds)
        actions_at = max(reply_at, not_before) if not_before else reply_at
        wait = records.Wait(
            session_id=hold.session.session_id,
            project_id=project.project_id,
            state=state,
            opened_at=hold.now(),
            reply_at=reply_at,
            actions_at=actions_at,
            host=host,
            instance_id=instance_id,
            instance_ids=list(instance_ids),
            allowed_actions=list(allowed_actions),
        )
        hold.changes.new_waits.append(wait)
        project.state = f"WAIT_{state}"
        hold.touch(project)
        wait.message_id = self._tell(project, wait, metadata)
        return wait

    def _tell(
        self,
        project: records.Project,
        wait: records.Wait,
        metadata: dict[str, Any] | None = None,
        due_at: datetime.datetime | None = None,
    ) -> str | None:
        return self._hold.tell_project(
            project,
            wait.state,
            allowed_actions=wait.allowed_actions,
            reply_at=wait.reply_at,
            actions_at=wait.actions_at,
            metadata=self._hold.session.meta if metadata is None else metadata,
            instance_id=wait.instance_id,
            due_at=due_at,
            send_once=wait.state in states.SENT_ONCE,
        )

    # Answers

    def settle(self, wait: records.Wait, metadata: dict[str, Any] | None = None) -> str:
        """Close a question that is answered or overdue; ask again after a NACK.

        :returns: its status: answered, refused, silent, untold, or still open.
        """
        hold, now = self._hold, self._hold.now()
        if wait.status != OPEN:
            return wait.status
        project = hold.project(wait.project_id)
        seen = wait.replied_at
        if wait.reply is None:
            if now < wait.reply_at:
                return OPEN
            if self._postponed(wait):
                hold.touch_wait(wait, seen)
                return OPEN
            doubt = wait.message_id is not None and hold.store.is_unsure(wait.message_id)
            wait.status = UNTOLD if doubt else SILENT
            project.state = f"{wait.status.upper()}_{wait.state}"
            if doubt:
                hold.note(UNTOLD, {**self.untold(), wait.project_id: wait.opened_at.isoformat()})
            hold.event(
                "silence",
                f"project {wait.project_id} did not answer {wait.state} in time"
                f"{_DOUBT if doubt else ''}",
                project_id=wait.project_id,
                instance_id=wait.instance_id,
                host=wait.host,
            )
        elif wait.reply.startswith("ACK_"):
            wait.status = ANSWERED
            project.state = wait.reply
        elif wait.nacks < self._conf.nack_retries:
            self._ask_again(project, wait, metadata)
        else:
            wait.status = REFUSED
            project.state = wait.reply
        hold.touch(project)
        hold.touch_wait(wait, seen)
        return wait.status

    def untold(self) -> dict[str, str]:
        """When each project was asked of which nobody knows whether it was told."""
        found: dict[str, str] = self._hold.noted(UNTOLD, {})
        return found

    def _postponed(self, wait: records.Wait) -> bool:
        """Count the time to answer from when the question left: the bus may have been away.

        :returns: whether the project still has time.
        """
        if wait.message_id is None:
            return False
        left = self._hold.store.left_at(wait.message_id) or self._hold.now()
        if left - wait.opened_at < _PROMPT:
            return False
        wait.reply_at = left + (wait.reply_at - wait.opened_at)
        wait.opened_at = left
        return self._hold.now() < wait.reply_at

    def _ask_again(
        self, project: records.Project, wait: records.Wait, metadata: dict[str, Any] | None
    ) -> None:
        answer_time = wait.reply_at - wait.opened_at
        wait.nacks += 1
        wait.reply, wait.reply_actions, wait.replied_at = None, {}, None
        wait.opened_at = self._hold.after(self._conf.nack_retry_interval)
        wait.reply_at = wait.opened_at + answer_time
        wait.actions_at = max(wait.actions_at, wait.reply_at)
        wait.message_id = self._tell(project, wait, metadata, due_at=wait.opened_at)

    def everyone(
        self,
        state: str,
        *,
        seconds: float,
        not_before: datetime.datetime | None = None,
        metadata: dict[str, dict[str, Any]] | None = None,
        also_without_instances: bool = False,
        only: Collection[str] | None = None,
    ) -> datetime.datetime | None:
        """Ask every project with a manager and instances, and read what has come in.

        :param metadata: by project id, where it is not the session's own.
        :param also_without_instances: ask those, too, whose instances have left the session's
            hosts, or do not exist any more.
        :param only: ids of the projects to ask; None: all of them.
        :returns: when to look again; None when every project has settled (its row's ``state``
            is ``ACK_``, ``NACK_``, ``SILENT_`` or ``UNTOLD_`` with the state).
        """
        hold = self._hold
        there = {i.project_id for i in hold.snapshot.alive() if self._ours(i)}
        if also_without_instances:
            there |= hold.snapshot.projects.keys()
        if only is not None:
            there.intersection_update(only)
        project_ids = sorted(there)
        self.look_up(project_ids)
        deadlines = []
        told = metadata or {}
        for project_id in project_ids:
            project = hold.project(project_id)
            if not project.has_manager or self._settled(project, state):
                continue
            wait = self.open_wait(project_id)
            if wait is not None and wait.state != state:
                self.withdraw(wait)
                wait = None
            if wait is None:
                self.ask(
                    project,
                    state,
                    seconds=seconds,
                    not_before=not_before,
                    metadata=told.get(project_id),
                )
                deadlines.append(hold.after(seconds))
            elif self.settle(wait, told.get(project_id)) == OPEN:
                deadlines.append(wait.reply_at)
        return min(deadlines, default=None)

    def withdraw(self, wait: records.Wait) -> None:
        """A question does not matter any more: nothing is done with a reply to it."""
        wait.status = "withdrawn"
        self._hold.touch_wait(wait, wait.replied_at)

    def wait_no_longer(self, state: str) -> None:
        """Projects whose question was withdrawn count as silent: they are not asked again."""
        for project in self._hold.snapshot.projects.values():
            if project.state == f"WAIT_{state}" and self.open_wait(project.project_id) is None:
                project.state = f"SILENT_{state}"
                self._hold.touch(project)

    def _ours(self, instance: records.Instance) -> bool:
        host = self._hold.snapshot.hosts.get(instance.host or "")
        return host is not None and not host.outside

    @staticmethod
    def _settled(project: records.Project, state: str) -> bool:
        return project.state in [f"{said}_{state}" for said in ("ACK", "NACK", "SILENT", "UNTOLD")]

    def forget_answers(self, state: str) -> None:
        """Ask anew: what projects answered to ``state`` before does not count any more."""
        for project in self._hold.snapshot.projects.values():
            if self._settled(project, state):
                project.state = None
                self._hold.touch(project)

    def demand_consent(self, state: str) -> None:
        """Stop the session unless every project agreed, or silence counts as consent.

        :raises Fatal: naming the projects that refused or were silent.
        """
        refused, silent = [], []
        for project in self._hold.snapshot.projects.values():
            if project.state == f"NACK_{state}":
                refused.append(project.project_id)
            elif project.state == f"SILENT_{state}":
                silent.append(project)
        if refused:
            raise Fatal(self.refusal(refused, state))
        if silent and self._conf.project_silent != _DEFAULT_ACTION:
            raise Fatal(self.silence(silent, state))

    def refusal(self, project_ids: Sequence[str], state: str) -> str:
        """The reason of a session that a project's final NACK ended."""
        return (
            f"NACK_{state} from project {', '.join(project_ids)} after being asked "
            f"{self._conf.nack_retries + 1} times; agree with its owner on a time, then "
            f"continue the session"
        )

    def silence(self, projects: Sequence[records.Project], state: str) -> str:
        """The reason of a session that a silent project ended."""
        who = ", ".join(p.project_id for p in projects)
        hints = "; ".join(f"{p.project_id}: {p.details}" for p in projects if p.details)
        return (
            f"no reply to {state} from project {who} within the time given"
            f"{f' ({hints})' if hints else ''}; check that its manager runs, that its alarm "
            f"or webhook reaches it and that it reaches the reply_url, then continue the session "
            f"([workflow] project_silent = default_action goes on without an answer)"
        )

    @property
    def silence_consents(self) -> bool:
        """Whether a project that does not answer is moved with the default action."""
        return bool(self._conf.project_silent == _DEFAULT_ACTION)
