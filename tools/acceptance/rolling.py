"""The main job: a full cloud of two projects is maintained, host by host."""

import dataclasses
import datetime
import threading
import time

from checks import Unmet, until
from lab import MOVED, host_of, now, task_of
from refusals import refusals
from watcher import Watcher

#: Seconds from the creation of the session until work may begin.
_NOTICE = 20
_PATIENCE = 300
_ACTIONS = [
    {"plugin": "dummy", "type": "pre"},
    {"plugin": "dummy", "type": "host", "metadata": {"seconds": 2}},
    # Long enough for somebody to look at Nova meanwhile, on a busy machine too.
    {"plugin": "dummy", "type": "compute", "metadata": {"seconds": 4}},
    {"plugin": "dummy", "type": "controller", "metadata": {"seconds": 1}},
    {"plugin": "dummy", "type": "post"},
]
METADATA = {"openstack_release": "Gazpacho"}


@dataclasses.dataclass
class Story:
    """A session from beginning to end, as seen from outside Fenix."""

    session_id: str
    begun: datetime.datetime
    may_act: datetime.datetime
    watcher: Watcher
    application: list  # instances at the beginning
    services: dict  # of the computes, at the beginning
    migrations: list = None
    detail: dict = None
    #: What managers were told when asked about a host: (payload, ids by Fenix, ids by Nova).
    asked: list = dataclasses.field(default_factory=list)


def application(lab):
    """Instances of both projects that leave no vCPU of the computes free."""
    pair = [{"project": "vnf-a", "name": f"pair-{n}", "group": "pair"} for n in (1, 2)]
    own = [{"project": "vnf-b", "name": "own-1"}]
    room = len(lab.hosts) * lab.vcpus - len(pair) - len(own)
    workers = [
        {"project": ("vnf-b", "vnf-a")[n % 2], "name": f"worker-{n:02}"} for n in range(room)
    ]
    # Those that are to be apart first, while there is room on every host.
    return lab.boot(pair) + lab.boot(own + workers)


def maintain(stage):
    """Runs a session over all hosts; refusals are tried while a project is being asked.

    :returns: its story.
    """
    lab, admin, managers = stage.lab, stage.admin, stage.managers
    servers = application(lab)
    full = len(lab.hosts) * lab.vcpus
    stage.report.equal("the application fills the cloud", full, len(servers))
    with Watcher(lab) as watcher:
        begun = now()
        may_act = (begun + datetime.timedelta(seconds=_NOTICE)).replace(microsecond=0)
        story = Story("", begun, may_act, watcher, servers, lab.services())
        hold = _prepare(lab, managers, story)
        try:
            story.session_id = admin.create(
                state="MAINTENANCE",
                maintenance_at=f"{may_act:%Y-%m-%d %H:%M:%S}",
                metadata=METADATA,
                actions=_ACTIONS,
            )
            until("vnf-b is asked", lambda: managers[1].tap.of(story.session_id))
            refusals(stage, story.session_id)
        finally:
            hold.set()
        admin.wait_end(story.session_id, _PATIENCE)
        story.detail = admin.detail(story.session_id)
        until("managers have scaled out", lambda: _settled(lab, full), 120)
        time.sleep(2)  # what is still on its way, or should not be, arrives
    story.migrations = [watcher.migrations[key] for key in sorted(watcher.migrations)]
    return story


def _prepare(lab, managers, story):
    """vnf-b answers only when the event is set; both compare what they are told with Nova."""
    hold = threading.Event()
    managers[1].before["MAINTENANCE"] = lambda _payload: hold.wait(60)
    for manager in managers:
        for state in ("PREPARE_MAINTENANCE", "PLANNED_MAINTENANCE"):
            manager.before[state] = lambda payload, m=manager: story.asked.append(
                (payload, sorted(m.instances(payload)), _on_one_host(lab, m, payload))
            )
    return hold


def _on_one_host(lab, manager, payload):
    """By Nova: the project's instances on the host of the first one that Fenix names."""
    of_project = lab.servers(manager.project_id)
    named = set(manager.instances(payload))
    hosts = {host_of(server) for server in of_project if server.id in named}
    return sorted(server.id for server in of_project if host_of(server) in hosts)


def _settled(lab, count):
    servers = lab.servers()
    quiet = all(s.status == "ACTIVE" and task_of(s) is None for s in servers)
    return quiet and len(servers) == count


def end(stage, story):
    """Deletes the session, and looks that nothing of it is left."""
    report, lab, admin = stage.report, stage.lab, stage.admin
    path = f"/maintenance/{story.session_id}"
    answer = admin.call("DELETE", path)
    report.equal("DELETE of the session answers", (200, {}), (answer.code, answer.body))
    report.equal("GET of a deleted session answers", 404, admin.call("GET", path).code)
    report.equal("services after DELETE are as before", story.services, lab.services())
    listed = admin.call("GET", "/maintenance").body
    report.equal("no session is listed after DELETE", {"session_id": [], "sessions": []}, listed)


def summary(story, alarms, refused):
    """The line that says what was done: counted in Nova, except the alarms and refusals."""
    done = [m for m in story.migrations if m.status in MOVED]
    moved = {m.instance_uuid for m in done}
    hosts = len(story.detail["hosts"])
    if not moved:
        raise Unmet("no instance was moved")
    return (
        f"hosts {hosts}, moves {len(done)}, moves per instance {len(done) / len(moved):.2f}, "
        f"alarms {alarms}, refused tokens {refused}"
    )
