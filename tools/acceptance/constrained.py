"""A session of the ``vnf`` workflow: constraints hold at every instant, by what Nova shows.

Three full computes; an anti-affinity pair of which one member at a time may be impacted, and a
group of which two may, each with a pause of four seconds afterwards.
"""

import conversation
import recording
from checks import until
from lab import MOVED, OWN_ALARMS, host_of, now
from per_instance import faults
from play import clean
from watcher import Watcher

FILE = conversation.FILE.with_name("conversation-vnf.json")

_COMPUTES = ("compute-1", "compute-2", "compute-3")
_HOSTS = ["controller", *_COMPUTES]
_PAIR, _GROUP = "pair", "worker"
_LIMIT = {_PAIR: 1, _GROUP: 2}
_RECOVERY = 4
_CONSTRAINTS = {
    _PAIR: {
        "group": {
            "anti_affinity_group": True,
            "max_instances_per_host": 1,
            "max_impacted_members": _LIMIT[_PAIR],
            "recovery_time": _RECOVERY,
            "resource_mitigation": True,
        },
        "instance": {"migration_type": "LIVE_MIGRATE", "max_interruption_time": 20, "lead_time": 2},
    },
    _GROUP: {
        "group": {
            "anti_affinity_group": False,
            "max_instances_per_host": 0,
            "max_impacted_members": _LIMIT[_GROUP],
            "recovery_time": _RECOVERY,
            "resource_mitigation": False,
        },
        "instance": {"migration_type": "MIGRATE", "max_interruption_time": 60, "lead_time": 2},
    },
}
_BODY = {
    "hosts": _HOSTS,
    "state": "MAINTENANCE",
    "workflow": "vnf",
    "metadata": {"openstack_release": "Gazpacho"},
    "actions": [{"plugin": "dummy", "type": "host", "metadata": {"seconds": 1}}],
}
_PATIENCE = 360


def a_session_with_constraints(stage):
    """Watches Nova during a ``vnf`` session, and records it."""
    report, lab = stage.report, stage.lab
    for host in lab.hosts:
        if host not in _COMPUTES:
            lab.set_service(host, f"{OWN_ALARMS}other-work")
    try:
        said, watcher, moves, names = _session(stage)
        _verdict(stage, watcher, moves, names)
    finally:
        stage.managers[0].constraints = {}
        clean(stage)
    short = [(recording.shortened(m.instance_uuid), m.source_compute) for m in moves]
    wrong = faults(said, stage.managers[0].project, short)
    report.none("the conversation is the contract's second sequence", wrong)
    report.none("administrators hear the right states", recording.session_faults(said))
    if stage.write_conversation:
        recording.write(FILE, said)
    pace = max(len(look.busy) for look in watcher.looks)
    return f"vnf session: moves {len(moves)}, at most {pace} instances moving at once"


def _boot(lab, project):
    """The pair on two hosts, workers on every place that is left.

    Those with the highest numbers, which the manager removes, are on several hosts: so no host
    gets empty by that.
    """
    pair = [
        {"name": f"{_PAIR}-{n}", "project": project, "host": host, "group": _PAIR}
        for n, host in enumerate(_COMPUTES[:2], 1)
    ]
    places = [h for n in range(lab.vcpus) for h in _COMPUTES if n or h not in _COMPUTES[:2]]
    workers = [
        {"name": f"{_GROUP}-{n:02}", "project": project, "host": host}
        for n, host in enumerate(places, 1)
    ]
    return lab.boot(pair + workers)


def _session(stage):
    """Runs it; returns what was said, what Nova showed, its records of moves, names by id."""
    lab, admin, manager = stage.lab, stage.admin, stage.managers[0]
    names = {server.id: server.name for server in _boot(lab, manager.project)}
    begun = now()
    manager.constraints = _CONSTRAINTS
    with conversation.recorder(stage) as heard, Watcher(lab) as watcher:
        manager.set_constraints()
        at = now()
        session_id = admin.create(**_BODY)
        heard.add(at, recording.ADMIN, recording.FENIX, "POST /v1/maintenance", _BODY)
        heard.add(at, recording.FENIX, recording.ADMIN, "200", {"session_id": session_id})
        admin.wait_end(session_id, _PATIENCE)
        until("the end is heard", lambda: heard.ended(session_id))
        until("it has scaled out", lambda: len(lab.servers()) == len(names), 120)
        said = heard.of(session_id)
    moves = [m for m in lab.migrations(begun) if m.status in MOVED]
    return said, watcher, moves, names


def _verdict(stage, watcher, moves, names):
    report, lab = stage.report, stage.lab
    for group, limit in _LIMIT.items():
        members = {i for i, name in names.items() if name.startswith(group)}
        seen = [m for m in moves if m.instance_uuid in members]
        report.equal(f"members of {group} were moved", True, bool(seen))
        report.none(
            f"at every instant at most {limit} of {group} are impacted",
            over(watcher, members, limit),
        )
    pair = {i for i, name in names.items() if name.startswith(_PAIR)}
    together = [
        str(look.begin)
        for look in watcher.looks
        if len({look.where[i] for i in pair if i in look.where}) < len(pair)
    ]
    report.none("the pair is never on one host", together)
    elsewhere = {host_of(server) for server in lab.servers()} - set(_COMPUTES)
    report.none("instances run on the maintained hosts", elsewhere)
    kinds = {(names[m.instance_uuid].partition("-")[0], m.migration_type) for m in moves}
    expected = {(_PAIR, "live-migration"), (_GROUP, "migration")}
    report.equal("instances are moved as their constraints say", expected, kinds)
    often = {
        m.instance_uuid: sum(1 for o in moves if o.instance_uuid == m.instance_uuid) for m in moves
    }
    report.none("nobody moves more than twice", [names[i] for i, n in often.items() if n > 2])
    report.none("Placement agrees with Nova", lab.misplaced_allocations())


def over(watcher, members, limit, recovery=_RECOVERY):
    """Looks at which more members than allowed were impacted or recovered, for certain.

    A member that was last seen moving at a moment recovers at least until ``recovery`` seconds
    after that moment, so what is counted here is never too much.
    """
    found = []
    last = {}
    for look in watcher.looks:
        moving = look.busy & members
        for member in moving:
            last[member] = look.begin
        impacted = {m for m, at in last.items() if (look.end - at).total_seconds() < recovery}
        impacted |= moving
        if len(impacted) > limit:
            found.append((str(look.begin), sorted(impacted)))
    return found


SCENARIOS = (a_session_with_constraints,)
