"""A recorded conversation: what was said in a session, in order, and what should have been said.

It is a list of what was said, each a dict: ``seconds`` since the session was created, ``from``
and ``to`` ("admin", "fenix", the name of a project, or "bus": administrators on the message bus),
``how`` (a call or an event type), ``body``.
"""

import itertools
import json
import re

ADMIN, FENIX, BUS = "admin", "fenix", "bus"

_IDS = re.compile(
    r"\b([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b([0-9a-f]{8})[0-9a-f]{24}\b"
)


def shortened(said):
    """The same with every id cut to its first eight digits, wherever it stands."""
    return json.loads(_IDS.sub(lambda m: m[1] or m[2], json.dumps(said)))


def write(path, said):
    """Keep a recording in a file, a word a line."""
    lines = ",\n".join(json.dumps(one) for one in said)
    path.write_text(f"[\n{lines}\n]\n")


def gist(said, project):
    """The conversation in short: states that the project heard and gave, and hosts.

    A question is ``? STATE``, a reply ``! STATE``, a notification about a host ``HOST STATE``.
    """
    found = []
    for one in said:
        if one["from"] == FENIX and one["to"] == project:
            found.append(f"? {_trait(one['body'], 'state')}")
        elif one["from"] == project:
            found.append(f"! {one['body']['state']}")
        elif one["how"] == "maintenance.host":
            found.append(f"{one['body']['host']} {one['body']['state']}")
    return found


def _trait(body, name):
    traits = body["reason_data"]["event"]["traits"]
    return next(value for key, _kind, value in traits if key == name)


def session_states(said):
    """States of the session as administrators heard them, each once in a row."""
    states = [one["body"]["state"] for one in said if one["how"] == "maintenance.session"]
    return [s for n, s in enumerate(states) if n == 0 or states[n - 1] != s]


def contract(controllers, computes, moved, refused=()):
    """What section 6 of the contract says of a session in which room is short and no host empty.

    :param controllers: their names, in order.
    :param computes: in the order of their maintenance; the first is emptied in PREPARE.
    :param moved: instances moved off each compute.
    :param refused: states to which the project says "not now" once.
    :returns: what :func:`gist` finds.
    """
    first, *others = computes

    def work(host):
        return [f"{host} IN_MAINTENANCE", f"{host} MAINTENANCE_COMPLETE"]

    def asked(state):
        return [*(_asked(state, "NACK") if state in refused else []), *_asked(state, "ACK")]

    def empty(host, state):
        return [*asked(state), *["? INSTANCE_ACTION_DONE"] * moved[host]]

    way = [*asked("MAINTENANCE"), *asked("SCALE_IN"), *empty(first, "PREPARE_MAINTENANCE")]
    for host in controllers:
        way += work(host)
    way += work(first)
    for host in others:
        way += [*empty(host, "PLANNED_MAINTENANCE"), *work(host)]
    return [*way, *asked("MAINTENANCE_COMPLETE")]


def _asked(state, answer):
    return [f"? {state}", f"! {answer}_{state}"]


#: From each state, those that may follow (section 6); what a session that is well goes through.
MOVES = {
    "MAINTENANCE": ("SCALE_IN", "PREPARE_MAINTENANCE", "START_MAINTENANCE"),
    "SCALE_IN": ("SCALE_IN", "PREPARE_MAINTENANCE", "START_MAINTENANCE"),
    "PREPARE_MAINTENANCE": ("START_MAINTENANCE", "SCALE_IN"),
    "START_MAINTENANCE": ("PLANNED_MAINTENANCE", "MAINTENANCE_COMPLETE"),
    "PLANNED_MAINTENANCE": ("START_MAINTENANCE",),
    "MAINTENANCE_COMPLETE": ("MAINTENANCE_DONE",),
}


def session_faults(said):
    """What is wrong with the states that administrators heard: nothing when the list is empty."""
    states = session_states(said)
    pairs = itertools.pairwise(states)
    wrong = [f"{a} to {b}" for a, b in pairs if b not in MOVES.get(a, ())]
    missing = [s for s in (*MOVES, "MAINTENANCE_DONE") if s not in states]
    return wrong + [f"never {state}" for state in missing]
