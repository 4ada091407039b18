"""What must not have happened in a session, by what the world outside has seen."""

import collections
import dataclasses

from chaoskit import scene
from chaoskit.actions import Reboot, Reinstall

_ONCE = ("SCALE_IN", "MAINTENANCE_COMPLETE")
_KINDS = {"MIGRATE": "cold", "LIVE_MIGRATE": "live"}


@dataclasses.dataclass
class Findings:
    """Counts over sessions; ``details`` says what was found."""

    repeats: int = 0
    lost_replies: int = 0
    double_moves: int = 0
    double_actions: int = 0
    double_scalings: int = 0
    group_violations: int = 0
    other_ends: int = 0
    details: list[str] = dataclasses.field(default_factory=list)

    def say(self, what, text):
        """Count one."""
        setattr(self, what, getattr(self, what) + 1)
        self.details.append(f"{what}: {text}")


def judge(world, part, session_id, begun, scaled, findings):
    """Look at what one session did since model time ``begun``.

    ``scaled``: instances that its projects deleted in the uninterrupted run.
    """
    record = world.record
    effects = [e for e in record.effects if e.host in part.hosts and e.at >= begun]
    _actions(effects, findings)
    _moves(world, part, begun, effects, findings)
    _notifications(record, session_id, findings)
    mine = sum(n for (session, _), n in record.scaled.items() if session == session_id)
    if mine > scaled:
        findings.say("double_scalings", f"{mine} instances were deleted, not {scaled}")
    _replies(world, session_id, findings)
    _groups(world, part, begun, findings)


def _actions(effects, findings):
    done = collections.Counter((e.host, e.action) for e in effects)
    for (host, action), count in done.items():
        if action == Reinstall.__name__ and count > 1:
            findings.say("double_actions", f"{action} on {host}: {count} times")
        elif action == Reboot.__name__:
            findings.repeats += count - 1
    keys = collections.defaultdict(set)
    for effect in effects:
        keys[effect.host, effect.action].add(effect.key)
    for where, found in keys.items():
        if len(found) > 1:
            findings.say("double_actions", f"{where} with several keys: {sorted(found)}")


def _moves(world, part, begun, effects, findings):
    maintained = {}
    for effect in effects:
        maintained.setdefault(effect.host, effect.at)
    left = collections.Counter()
    with world.cloud.at_rest():
        moves = [m for m in world.cloud.record.moves if m.start >= begun and m.kind != "own"]
    for move in moves:
        if move.source not in part.hosts:
            continue
        if not move.done:
            findings.repeats += 1
            continue
        left[move.server_id, move.source] += 1
        if left[move.server_id, move.source] > 1:
            findings.say("double_moves", f"{move.name} left {move.source} twice")
        if move.start >= maintained.get(move.source, float("inf")):
            findings.say("double_moves", f"{move.name} left {move.source}, which was maintained")


def _notifications(record, session_id, findings):
    heard = [h for h in record.heard if h.session_id == session_id]
    times = collections.Counter((h.message_id, h.state) for h in heard)
    for (message_id, state), count in times.items():
        if count > 1 and state in _ONCE:
            findings.say("double_scalings", f"{state} {message_id} came {count} times")
        elif count > 1:
            findings.repeats += count - 1
    complete = collections.Counter(h.project_id for h in heard if h.state == "MAINTENANCE_COMPLETE")
    for project_id, count in complete.items():
        if count > 1:
            findings.say("double_scalings", f"{project_id} was told {count} times to scale out")


def _replies(world, session_id, findings):
    """What a project chose first must be what was done; no accepted answer may be forgotten.

    A manager that hears a question again may choose otherwise: Fenix keeps to the first answer.
    """
    answered = {}
    for reply in world.record.replies:
        if reply.session_id != session_id:
            continue
        findings.repeats += reply.again
        for server_id, action in reply.actions.items():
            moves = [m for m in world.cloud.record.moves_of(server_id) if m.kind != "own"]
            after = [m for m in moves if m.start >= reply.at]
            if answered.get(server_id) == len(moves) - len(after):
                findings.repeats += 1
                continue
            answered[server_id] = len(moves) - len(after)
            if after and after[0].kind != _KINDS[action]:
                findings.say(
                    "lost_replies", f"{action} of {server_id} was answered, {after[0].kind} done"
                )
    accepted = {(r.project_id, r.state) for r in world.record.replies if r.session_id == session_id}
    known = {
        (e["project_id"], state)
        for e in world.events(session_id)
        if e["kind"] == "reply" and (state := e["data"]["reply"].partition("_")[2])
    }
    for project_id, state in accepted - known:
        if state in ("MAINTENANCE", "PREPARE_MAINTENANCE", "PLANNED_MAINTENANCE"):
            findings.say("lost_replies", f"ACK_{state} of {project_id} is not in the history")


def _groups(world, part, begun, findings):
    cloud = world.cloud
    with cloud.at_rest():
        found = [v for v in cloud.record.violations if v.at >= begun and v.host in part.hosts]
        for violation in found:
            findings.say("group_violations", f"{violation.kind}: {violation.detail}")
        for name, limit in part.groups.items():
            recovery = scene.RECOVERY[name.rpartition("-")[2]]
            most = cloud.record.most_impacted(recovery, without=["own"]).get(name, 0)
            if most > limit:
                findings.say("group_violations", f"{name}: {most} impacted, {limit} allowed")
