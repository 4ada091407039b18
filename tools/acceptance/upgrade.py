"""A rolling upgrade of something real: Nova itself, from its previous release to the newest.

Every host starts with Nova's previous release. One session upgrades the controller
(nova-conductor, nova-scheduler) and then each compute (nova-compute) while applications run;
Fenix's ``command`` action does it, and ``nova_service_check`` sees that the host is back.
"""

from play import Play
from watcher import Watcher

#: Seconds: a host is restarted in ten or twenty, and one waits for the other.
_PATIENCE = 400
_CONTROLLER = "controller"
_ACTIONS = [
    {
        "plugin": "command",
        "type": "host",
        "order": 1,
        "metadata": {"command": "upgrade", "seconds": 120},
    },
    {"plugin": "nova_service_check", "type": "host", "order": 2, "metadata": {"seconds": 60}},
]
_METADATA = {"openstack_release": "Hibiscus"}


def a_rolling_upgrade_of_nova(stage):
    """Every host from one release to the next, the controller first."""
    report, lab, admin = stage.report, stage.lab, stage.admin
    hosts = [_CONTROLLER, *lab.hosts]
    newest = set(lab.releases().values())
    lab.downgrade(*hosts)
    try:
        before = lab.releases()
        report.equal("the check before finds one release everywhere", 1, len(set(before.values())))
        report.none("it is older", newest & set(before.values()))
        where = {"live_1": "compute-1", "live_2": "compute-2", "worker_3": "compute-3"}
        specs = {name: (stage.managers[0].project, host) for name, host in where.items()}
        with Play(stage, **specs) as play, Watcher(lab) as watcher:
            session_id = admin.create(metadata=_METADATA, actions=_ACTIONS)
            play.done(session_id, _PATIENCE)
            detail = admin.detail(session_id)
            after = lab.releases()
            moved = {name: len(play.tries(name)) for name in where}
            report.equal("the check after finds the newest everywhere", newest, set(after.values()))
            report.equal("by the same processes", set(before), set(after))
            _actions(report, detail, hosts, before, after)
            _applications(stage, play, watcher, moved)
    finally:
        if set(lab.releases().values()) != newest:
            lab.upgrade(*hosts)


def _actions(report, detail, hosts, before, after):
    """What the actions say of themselves."""
    runs = detail["action_plugin_instances"]
    ran = sorted((run["hostname"], run["plugin"], run["state"], run["attempt"]) for run in runs)
    plugins = [action["plugin"] for action in _ACTIONS]
    expected = sorted((host, plugin, "SUCCEEDED", 1) for host in hosts for plugin in plugins)
    report.equal("every action succeeded once on every host", expected, ran)
    upgrades = sorted(
        (run for run in runs if run["plugin"] == "command"), key=lambda run: run["finished_at"]
    )
    order = [run["hostname"] for run in upgrades]
    report.equal("the controller is upgraded first", _CONTROLLER, order[0])
    early = [
        run["hostname"]
        for run in upgrades[1:]
        if run["started_at"] < max(r["finished_at"] for r in runs if r["hostname"] == _CONTROLLER)
    ]
    report.none("no compute is begun before the controller is back", early)
    said = "\n".join(run["result"] for run in upgrades).splitlines()
    expected = [f"before: {name} {was}" for name, was in before.items()]
    expected += [f"after: {name} {now}" for name, now in after.items()]
    report.none(
        "the results tell the releases before and after of every process",
        [line for line in expected if line not in said] and said,
    )


def _applications(stage, play, watcher, moved):
    """Whether the instances came through."""
    report = stage.report
    for name in moved:
        server = stage.lab.server(play.servers[name].id)
        report.equal(f"{name} is ACTIVE", "ACTIVE", server and server.status)
    report.none(
        "every instance moved, at most twice",
        [n for n, tries in moved.items() if tries not in (1, 2)],
    )
    ids = {play.servers[name].id for name in moved}
    lost = [str(look.begin) for look in watcher.looks if not ids <= set(look.where)]
    report.none("every instance was there all the while", lost)


SCENARIOS = (a_rolling_upgrade_of_nova,)
