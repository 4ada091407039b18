"""Whether a session over all hosts went as it should: by Nova, Placement, and what alarms said."""

import collections

import events
from lab import MOVED, host_of

_CONTROLLER = "controller"
_PAIR = ("IN_MAINTENANCE", "MAINTENANCE_COMPLETE")
#: What the manager of "own" chooses before its instance may go to where it stays.
_IN_PREPARE = {("own", "live-migration")}
_KINDS = {"pair": "live-migration", "worker": "migration"}


def judge(stage, story):
    """Every check of the main job."""
    report, lab, managers, tap = stage.report, stage.lab, stage.managers, stage.tap
    hosts = {}
    for alarm in tap.of(story.session_id, "maintenance.host"):
        hosts.setdefault(alarm["host"], []).append(alarm)
    _hosts(report, lab, story, hosts)
    replaced = {old: new for manager in managers for old, new in manager.replaced.items()}
    _moves(report, lab, story, hosts)
    _choices(report, lab, story, replaced)
    _cloud_after(report, lab, story)
    _actions(report, lab, story)
    events.for_admins(report, story, tap)
    for manager in managers:
        events.for_project(report, lab, story, manager, moves(story))
    asked = [payload for payload, by_fenix, by_nova in story.asked if by_fenix != by_nova]
    report.none("a project is asked about its instances on the host, as Nova has them", asked)


def moves(story):
    """Nova's records of moves that came to their end, by instance."""
    found = collections.defaultdict(list)
    for migration in story.migrations:
        if migration.status in MOVED:
            found[migration.instance_uuid].append(migration)
    return found


# Hosts


def _hosts(report, lab, story, hosts):
    expected = {host: list(_PAIR) for host in [_CONTROLLER, *lab.hosts]}
    told = {host: [alarm["state"] for alarm in alarms] for host, alarms in hosts.items()}
    report.equal("every host is maintained exactly once, by its alarms", expected, told)
    first = min((a for alarms in hosts.values() for a in alarms), key=lambda alarm: alarm.sent)
    report.equal("the controller is first", _CONTROLLER, first["host"])
    not_empty, not_disabled, unseen = [], [], []
    for host in lab.hosts:
        out, back = _times(hosts[host])
        looks = story.watcher.within(out, back)
        not_empty += [(host, str(w.begin), w.on(host)) for w in looks if w.on(host)]
        work_ends = max(run["finished_at"] for run in _runs(story, host))
        working = [look for look in looks if str(look.end) < work_ends]
        not_disabled += [(host, str(w.begin)) for w in working if w.services[host][0] != "disabled"]
        unseen += [] if working else [host]
    report.none("Nova was looked at while each host was out", unseen)
    report.none("a host is empty while it is out", not_empty)
    report.none("a host is disabled while it is worked on", not_disabled)
    reasons = {reason for look in story.watcher.looks for _, reason in look.services.values()}
    reason = f"fenix {story.session_id}"
    report.equal("services are disabled with the session's name", {None, reason}, reasons)
    early = [
        str(look.begin)
        for look in story.watcher.within(story.begun, story.may_act)
        if look.services != story.services
    ]
    report.none("no host is touched before maintenance_at", early)


def _times(alarms):
    return alarms[0].sent, alarms[-1].sent


def _runs(story, host):
    return [r for r in story.detail["action_plugin_instances"] if r["hostname"] == host]


def _actions(report, lab, story):
    ran = collections.Counter(
        (run["type"], run["hostname"])
        for run in story.detail["action_plugin_instances"]
        if run["state"] == "SUCCEEDED" and run["attempt"] == 1
    )
    expected = {("pre", "localhost"): 1, ("post", "localhost"): 1}
    expected |= {("host", host): 1 for host in [_CONTROLLER, *lab.hosts]}
    expected |= {("controller", _CONTROLLER): 1}
    expected |= {("compute", host): 1 for host in lab.hosts}
    report.equal("every action ran once where it belongs", expected, dict(ran))


# Instances


def _moves(report, lab, story, hosts):
    """How often instances were moved, and where to."""
    done = moves(story)
    failed = [m.id for m in story.migrations if m.status not in MOVED]
    report.none("no move failed", failed)
    back = {host: _times(alarms)[1] for host, alarms in hosts.items()}
    first_out = min(_times(hosts[host])[0] for host in lab.hosts)
    prepared = {m.source_compute for m in story.migrations if m.created_at < f"{first_out:%FT%T}"}
    report.equal("one host is emptied before the others", 1, len(prepared))
    begun_on = {server.id: host_of(server) for server in story.application}
    too_often = [
        (server, len(made))
        for server, made in done.items()
        if len(made) > (2 if begun_on.get(server) in prepared else 1)
    ]
    report.none("an instance moves once, of the host emptied first twice", too_often)
    to_unmaintained = [
        (m.instance_uuid, m.dest_compute)
        for made in done.values()
        for m in made
        if m.source_compute not in prepared or m.created_at > f"{first_out:%FT%T}"
        if m.created_at < f"{back[m.dest_compute]:%FT%T}"
    ]
    report.none("every move after that ends on a maintained host", to_unmaintained)
    alive = {server.id: host_of(server) for server in lab.servers()}
    stayed = [s for s in begun_on if s in alive and not done.get(s)]
    report.none("no instance stayed where it was", stayed)


def _choices(report, lab, story, replaced):
    """Whether what projects wanted was done."""
    report.equal("an instance was moved by its project (OWN_ACTION)", True, bool(replaced))
    names = {server.id: server.name for server in story.application}
    kinds = {
        (names[m.instance_uuid].partition("-")[0], m.migration_type)
        for made in moves(story).values()
        for m in made
    }
    report.equal(
        "instances are moved as their projects chose", set(_KINDS.items()), kinds - _IN_PREPARE
    )
    pair = [server for server, name in names.items() if name.startswith("pair")]
    together = [
        str(look.begin)
        for look in story.watcher.looks
        if len({look.where[server] for server in pair if server in look.where}) < len(pair)
    ]
    report.none("the pair is never on one host", together)
    removed = set(names) - {server.id for server in lab.servers()} - set(replaced)
    report.equal("projects scaled in by what one host holds", lab.vcpus, len(removed))


def _cloud_after(report, lab, story):
    report.equal("services are as before", story.services, lab.services())
    states = collections.Counter(server.status for server in lab.servers())
    full = len(lab.hosts) * lab.vcpus
    report.equal("all instances are ACTIVE, as many as before", {"ACTIVE": full}, dict(states))
    report.none("Placement agrees with Nova", lab.misplaced_allocations())
