"""What projects and administrators were told (contract section 5), in which order."""

import re

from alarms import INTEGER, TEXT, TIME

_LONGEST = 255
_KINDS = {
    "service": TEXT,
    "project_id": TEXT,
    "session_id": TEXT,
    "state": TEXT,
    "instance_ids": TEXT,
    "reply_url": TEXT,
    "allowed_actions": TEXT,
    "reply_at": TIME,
    "actions_at": TIME,
    "metadata": TEXT,
}
_OF_HOST = dict.fromkeys(("service", "session_id", "host", "state", "project_id"), TEXT)
_OF_SESSION = dict.fromkeys(("service", "session_id", "state", "project_id"), TEXT) | {
    "percent_done": INTEGER
}
#: One letter a state; the contract's sequence as an expression over them.
_LETTERS = {
    "MAINTENANCE": "M",
    "SCALE_IN": "S",
    "PREPARE_MAINTENANCE": "P",
    "PLANNED_MAINTENANCE": "L",
    "INSTANCE_ACTION_DONE": "D",
    "MAINTENANCE_COMPLETE": "C",
}
_SEQUENCE = re.compile(r"MS{1,3}(PD*)?(LD*)+C")
_ACTED = ("PREPARE_MAINTENANCE", "PLANNED_MAINTENANCE")
_OFFERED = ["MIGRATE", "LIVE_MIGRATE", "OWN_ACTION"]
_SESSION_WAY = [
    "MAINTENANCE",
    "SCALE_IN",
    "PREPARE_MAINTENANCE",
    "START_MAINTENANCE",
    "PLANNED_MAINTENANCE",
    "MAINTENANCE_COMPLETE",
    "MAINTENANCE_DONE",
]


def for_project(report, lab, story, manager, moves):
    """The events of one project, and its manager's replies.

    :param moves: Nova's records of moves by instance.
    """
    who, told = manager.project, manager.tap.of(story.session_id)
    name = {"vnf-a": "maintenance.planned", "vnf-b": "maintenance.scheduled"}[who]
    report.equal(f"{who} hears {name} only", {name}, {alarm.event_type for alarm in told})
    way = "".join(_LETTERS.get(alarm["state"], "?") for alarm in told)
    good = bool(_SEQUENCE.fullmatch(way))
    report.equal(f"{who} hears the contract's sequence in order", (True, way), (good, way))
    wrong = [alarm for alarm in told if _form(alarm) != _KINDS]
    report.none(f"{who}'s events have the keys and types of the contract", wrong)
    cut = [a for a in told for _, value in a.traits.values() if len(str(value)) >= _LONGEST]
    report.none(f"{who}'s values are not cut", cut)
    report.none(f"{who}'s events say what they should", _wrong(story, manager, told))
    instances = {s.id for s in lab.servers(manager.project_id)} | set(manager.replaced)
    instances |= {s.id for s in story.application if s.tenant_id == manager.project_id}
    done = sorted(a.literal("instance_ids")[0] for a in told if _state(a, "INSTANCE_ACTION_DONE"))
    moved = sorted(m.instance_uuid for i in instances for m in moves.get(i, []))
    report.equal(f"{who} hears of each move by Nova's records, once", moved, done)
    asked = [f"ACK_{a['state']}" for a in told if not _state(a, "INSTANCE_ACTION_DONE")]
    replies = [body["state"] for _state_, body in manager.replies]
    report.equal(f"{who} has answered each question", asked, replies)
    token = lab.get(
        "identity",
        "/auth/tokens",
        headers={"X-Subject-Token": manager.session.get_token()},
    )["token"]
    own = (token["project"]["id"], [r["name"] for r in token["roles"] if r["name"] == "admin"])
    report.equal(f"{who} answered with a token of its own", (manager.project_id, []), own)


def _state(alarm, state):
    return alarm["state"] == state


def _form(alarm):
    return {name: kind for name, (kind, _value) in alarm.traits.items()}


def _wrong(story, manager, told):
    """Events with contents that the contract does not allow, and what is wrong."""
    endpoint = manager.session.get_endpoint(service_type="maintenance")
    url = f"{endpoint}/maintenance/{story.session_id}/{manager.project_id}"
    found = []
    for alarm in told:
        done = _state(alarm, "INSTANCE_ACTION_DONE")
        instance = alarm.literal("instance_ids")[0] if done else None
        expected = {
            "service": "fenix",
            "project_id": manager.project_id,
            "instance_ids": f"['{instance}']" if done else url,
            "reply_url": f"{url}/{instance}" if done else url,
            "allowed_actions": str(_OFFERED if alarm["state"] in _ACTED else []),
            "metadata": str(_metadata(story, alarm)),
        }
        found += [(alarm["state"], k, alarm[k]) for k, v in expected.items() if alarm[k] != v]
        if alarm["reply_at"] > alarm["actions_at"]:
            found.append((alarm["state"], "actions_at", alarm["actions_at"]))
    first = told[0]["actions_at"]
    if first < f"{story.may_act:%FT%T}":
        found.append(("MAINTENANCE", "actions_at", first))
    return found


def _metadata(story, alarm):
    if alarm["state"] == "INSTANCE_ACTION_DONE":
        return {}
    metadata = dict(story.detail["session"]["metadata"])
    if alarm["state"] == "SCALE_IN":
        # Two projects of the same size share what one host of four holds.
        metadata["scale_in"] = {"instances": 2, "cores": 2}
    return metadata


def for_admins(report, story, tap):
    """``maintenance.session`` and ``maintenance.host``."""
    told = tap.of(story.session_id, "maintenance.session")
    wrong = [alarm for alarm in told if _form(alarm) != _OF_SESSION]
    hosts = tap.of(story.session_id, "maintenance.host")
    wrong += [alarm for alarm in hosts if _form(alarm) != _OF_HOST]
    report.none("events for administrators have the keys and types of the contract", wrong)
    states = list(dict.fromkeys(alarm["state"] for alarm in told))
    report.equal("administrators hear every state, in order", _SESSION_WAY, states)
    percent = [alarm["percent_done"] for alarm in told]
    report.equal("percent_done only grows, up to 100", [*sorted(percent)[:-1], 100], percent)
