"""Sessions in the states that clients meet, written as rows."""

from __future__ import annotations

import datetime

from fenix import states, timing
from fenix.conf.workflow import LIVE_MIGRATE, MIGRATE, OWN_ACTION
from fenix.db import models, records, rows
from fenix.db.api import Database

#: A session that asks every project whether maintenance may begin.
ASKING = "11111111-1111-4111-8111-111111111111"
#: A session of the default workflow that empties compute-1.
EMPTYING = "22222222-2222-4222-8222-222222222222"
#: A session of the vnf workflow that asks for each instance.
PER_INSTANCE = "33333333-3333-4333-8333-333333333333"
#: A session that has failed.
FAILED = "44444444-4444-4444-8444-444444444444"
#: The engine that runs, and that worked on sessions last.
ENGINE_ID = "controller-1:7:aa"
#: No session.
UNKNOWN = "99999999-9999-4999-8999-999999999999"

RED = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
BLUE = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

# Ids of instances are UUIDs in Nova; names read better here.
RED_1 = "red-1"
RED_2 = "red-2"
#: Deleted since the session began.
RED_GONE = "red-gone"
#: On a host that is not the session's.
RED_AWAY = "red-away"
BLUE_1 = "blue-1"

NAMES = {
    "ASKING": ASKING,
    "EMPTYING": EMPTYING,
    "PER_INSTANCE": PER_INSTANCE,
    "FAILED": FAILED,
    "UNKNOWN": UNKNOWN,
    "RED": RED,
    "BLUE": BLUE,
}

START = datetime.datetime(2026, 11, 21, 12, 0, 0)
_LATER = START + datetime.timedelta(seconds=40)
_OFFERED = [MIGRATE, LIVE_MIGRATE, OWN_ACTION]


def _wait(session_id: str, project_id: str, state: str, **more: object) -> records.Wait:
    return records.Wait(
        session_id=session_id,
        project_id=project_id,
        state=state,
        opened_at=START,
        reply_at=_LATER,
        actions_at=_LATER,
        **more,  # type: ignore[arg-type]
    )


def write(database: Database) -> None:
    """Write every session of this module."""
    maintenance, planned = states.MAINTENANCE, states.PLANNED_MAINTENANCE
    _session(
        database,
        ASKING,
        maintenance,
        [_wait(ASKING, RED, maintenance), _wait(ASKING, BLUE, maintenance)],
    )
    _session(
        database,
        EMPTYING,
        planned,
        [
            _wait(
                EMPTYING,
                RED,
                planned,
                host="compute-1",
                instance_ids=[RED_1, RED_GONE],
                allowed_actions=_OFFERED,
            )
        ],
        prev_state=states.START_MAINTENANCE,
        last_owner=ENGINE_ID,
    )
    _session(
        database,
        PER_INSTANCE,
        planned,
        [
            _wait(
                PER_INSTANCE,
                RED,
                planned,
                host="compute-1",
                instance_id=instance_id,
                instance_ids=[instance_id],
                allowed_actions=[MIGRATE, LIVE_MIGRATE],
            )
            for instance_id in (RED_1, RED_2)
        ],
        workflow="vnf",
        prev_state=states.START_MAINTENANCE,
    )
    _session(
        database,
        FAILED,
        states.MAINTENANCE_FAILED,
        [],
        prev_state=states.SCALE_IN,
        failed_state=states.SCALE_IN,
        reason="no capacity",
    )
    now = timing.SystemClock().now()
    for name, seen in ((ENGINE_ID, now), ("controller-2:8:bb", START)):
        engine = records.Engine(
            name, name.partition(":")[0], "1.0", START, seen, ["default", "vnf"], ["dummy"]
        )
        with database.writer() as transaction:
            rows.insert(transaction, models.engines, [engine])


def _session(
    database: Database, session_id: str, state: str, waits: list[records.Wait], **more: object
) -> None:
    session = records.Session(
        session_id=session_id,
        workflow=str(more.pop("workflow", "default")),
        state=state,
        created_at=START,
        updated_at=START,
        maintenance_at=START,
        meta={"openstack_release": "Epoxy"},
        percent_done=25,
        **more,  # type: ignore[arg-type]
    )
    hosts = [
        records.Host(session_id, "compute-1", "compute", phase="draining", disabled=True),
        records.Host(session_id, "compute-2", "compute"),
        records.Host(session_id, "controller-1", "controller", maintained=True),
        records.Host(session_id, "compute-3", "compute", outside=True),
    ]
    instances = [
        records.Instance(session_id, RED_1, "web-1", RED, "ACTIVE", host="compute-1"),
        records.Instance(session_id, RED_2, "web-2", RED, "ACTIVE", host="compute-2"),
        records.Instance(session_id, RED_GONE, "web-3", RED, "DELETED", gone=True),
        records.Instance(session_id, RED_AWAY, "web-4", RED, "ACTIVE", host="compute-3"),
        records.Instance(session_id, BLUE_1, "web-5", BLUE, "ACTIVE", host="compute-1"),
    ]
    projects = [
        records.Project(session_id, RED, state=f"WAIT_{state}"),
        records.Project(session_id, BLUE, state=f"WAIT_{state}"),
    ]
    action = records.Action(session_id, "dummy", "host", order=1, meta={"os": "upgrade"})
    run = records.ActionRun(session_id, "dummy", "host", "controller-1", "key-1", START)
    with database.writer() as transaction:
        rows.insert(transaction, models.sessions, [session])
        rows.insert(transaction, models.hosts, hosts)
        rows.insert(transaction, models.instances, instances)
        rows.insert(transaction, models.projects, projects)
        rows.insert(transaction, models.project_waits, waits, without=["wait_id"])
        rows.insert(transaction, models.action_plugins, [action], without=["action_id"])
        rows.insert(transaction, models.action_plugin_instances, [run], without=["run_id"])
