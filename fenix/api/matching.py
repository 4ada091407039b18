"""Which open questions a project's reply answers (contract section 3). Pure functions.

A reply is matched to the project's or instance's own open question, never to the session's
state; a reply that matches none is late or a duplicate, and changes nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from fenix import exceptions
from fenix.db import records
from fenix.db.replies import View


@dataclasses.dataclass(frozen=True, slots=True)
class Reply:
    """What a project wrote.

    :ivar state: the state it answers, without ``ACK_`` or ``NACK_``.
    :ivar named: instance id to the action chosen for it.
    :ivar action: the action for every instance that ``named`` leaves out.
    """

    state: str
    refused: bool
    named: Mapping[str, str]
    action: str | None = None

    @property
    def text(self) -> str:
        """As it came: ``ACK_<STATE>`` or ``NACK_<STATE>``."""
        return f"{'NACK' if self.refused else 'ACK'}_{self.state}"


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A question with the actions that replies so far choose for its instances.

    :ivar complete: False while the question waits for a word on further instances.
    """

    wait: records.Wait
    actions: dict[str, str]
    complete: bool = True


def concerned(view: View) -> list[str]:
    """The project's instances that the session's open questions are about, in order.

    When none is singled out, all of the project's instances on the session's hosts. Only
    instances that exist: managers refuse a list with a deleted one.
    """
    named = {i for w in view.waits for i in _instances_of(w)}
    alive = [i for i in view.instances if not i.gone]
    if named:
        return [i.instance_id for i in alive if i.instance_id in named]
    return [i.instance_id for i in alive if i.host in view.hostnames]


def for_project(view: View, reply: Reply) -> list[Answer]:
    """The questions that a reply on the project's URL answers.

    :raises NotFound: it names an instance that the session does not know of this project.
    :raises Unprocessable: it chooses an action that was not offered.
    """
    waits = _open(view, reply)
    if not waits:
        return []
    _check_known(view, reply.named)
    return _answers(view, [w for w in waits if _is_meant(w, reply)], reply)


def for_instance(view: View, instance_id: str, reply: Reply) -> list[Answer]:
    """The question that a reply on an instance's URL answers, if one is open.

    Of a question about several instances it settles this one only: none is moved without a word
    on it.

    :raises NotFound: the session does not know this instance of this project.
    :raises Unprocessable: it chooses an action that was not offered.
    """
    _check_known(view, [instance_id])
    waits = _open(view, reply)
    own = [w for w in waits if w.instance_id == instance_id]
    shared = [w for w in waits if w.instance_id is None and instance_id in w.instance_ids]
    chosen = (own or shared)[:1]
    if chosen:
        _check_known(view, reply.named)
    action = reply.action or reply.named.get(instance_id)
    only = dataclasses.replace(reply, named={instance_id: action} if action else {}, action=None)
    answers = _answers(view, chosen, only)
    if own or reply.refused:
        return answers
    return [
        _so_far(view, a, instance_id) for a in answers if instance_id not in a.wait.reply_actions
    ]


def why_not(view: View, reply: Reply) -> str:
    """Why a reply answers none of the project's questions."""
    asked = [w for w in view.waits if w.state == reply.state]
    if not asked:
        others = sorted({w.state for w in view.waits})
        return f"no question about {reply.state} is open" + (
            f", only about {', '.join(others)}" if others else ""
        )
    answered = sorted({w.reply for w in asked if w.reply is not None})
    if len(answered) == len(asked) or not _open(view, reply):
        return f"the question is answered with {', '.join(answered)}"
    return "the open question is not about these instances, or has their answer"


def _so_far(view: View, answer: Answer, instance_id: str) -> Answer:
    wait = answer.wait
    actions = {instance_id: "", **answer.actions, **wait.reply_actions}
    gone = {i.instance_id for i in view.instances if i.gone}
    return Answer(wait, actions, all(i in actions or i in gone for i in wait.instance_ids))


def _instances_of(wait: records.Wait) -> list[str]:
    return wait.instance_ids or ([wait.instance_id] if wait.instance_id else [])


def _open(view: View, reply: Reply) -> list[records.Wait]:
    return [w for w in view.waits if w.state == reply.state and w.reply is None]


def _is_meant(wait: records.Wait, reply: Reply) -> bool:
    """Whether a reply on the project's URL is about this question.

    One that names instances, none of which the question is about, is a duplicate of the answer
    to an earlier one.
    """
    asked = _instances_of(wait)
    return not reply.named or not asked or any(i in asked for i in reply.named)


def _check_known(view: View, instance_ids: Mapping[str, str] | list[str]) -> None:
    known = {i.instance_id for i in view.instances}
    for instance_id in instance_ids:
        if instance_id not in known:
            raise exceptions.NotFound(
                f"session {view.session.session_id} knows no instance {instance_id!r} of this "
                f"project; GET on the project's URL lists them"
            )


def _answers(view: View, waits: list[records.Wait], reply: Reply) -> list[Answer]:
    if reply.refused:
        return [Answer(w, {}) for w in waits]
    answers = []
    for wait in waits:
        actions = _actions(view, wait, reply)
        for instance_id, action in actions.items():
            if action not in wait.allowed_actions:
                offered = ", ".join(wait.allowed_actions) or "none, leave it out"
                raise exceptions.Unprocessable(
                    f"action {action!r} for instance {instance_id} was not offered in "
                    f"{wait.state}; offered: {offered}"
                )
        # For one instance the first word counts.
        answers.append(Answer(wait, {**actions, **wait.reply_actions}))
    return answers


def _actions(view: View, wait: records.Wait, reply: Reply) -> dict[str, str]:
    asked = _instances_of(wait)
    chosen = {i: a for i, a in reply.named.items() if not asked or i in asked}
    if reply.action:
        for instance_id in asked or [i.instance_id for i in view.instances if not i.gone]:
            chosen.setdefault(instance_id, reply.action)
    return chosen
