"""``[engine]``: how sessions are shared, and which plug-ins there are."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg

GROUP = "engine"

OPTS = [
    cfg.ListOpt(
        "workflows",
        default=["default", "vnf"],
        help="Workflow plug-ins that are loaded, by their names in the entry point group "
        "fenix.workflows. One that does not load stops the engine at its start.",
    ),
    cfg.ListOpt(
        "actions",
        default=["dummy", "command", "nova_service_check"],
        help="Action plug-ins that are loaded, by their names in the entry point group "
        "fenix.actions. One that does not load stops the engine at its start.",
    ),
    cfg.ListOpt(
        "host_observers",
        default=[],
        help="Observers that are told of every host in maintenance, added or removed, by their "
        "names in the entry point group fenix.host_observers; masakari and vitrage are built in. "
        "One that does not load stops the engine at its start.",
    ),
    cfg.FloatOpt(
        "host_observer_give_up",
        default=3600.0,
        min=1.0,
        help="Seconds for which an observer is told of the same again while its neighbour does "
        "not take it. After that it is given up; the session's history says so.",
    ),
    cfg.FloatOpt(
        "host_watch_interval",
        default=60.0,
        min=0.0,
        help="Seconds after which one of the engines lists the cloud's hosts, to tell which were "
        "added and removed; sessions look while they run in any case. 0: only they do.",
    ),
    cfg.StrOpt(
        "default_workflow", default="default", help="Workflow of a session that names none."
    ),
    cfg.IntOpt(
        "max_sessions",
        default=20,
        min=1,
        help="Live sessions at the same time; one more is answered 509. Sessions that are done "
        "or have failed do not count.",
    ),
    cfg.IntOpt("workers", default=1, min=1, help="Processes of one fenix-engine."),
    cfg.FloatOpt(
        "lease",
        default=10.0,
        min=1.0,
        help="Seconds for which an engine holds a session without renewing; after that another "
        "engine takes it over.",
    ),
    cfg.IntOpt(
        "database_timeout",
        default=60,
        min=2,
        help="Seconds that an engine waits for the database to take a connection or to answer a "
        "statement; then it tries again with a new connection. More than the database waits for a "
        "lock, which is 50 on MariaDB. Parameters in [database] connection come first.",
    ),
    cfg.FloatOpt(
        "poll_interval",
        default=1.0,
        min=0.05,
        max=60.0,
        help="Seconds after which an engine looks for work that no message told it of.",
    ),
    cfg.FloatOpt(
        "cloud_poll_interval",
        default=1.0,
        min=0.05,
        max=60.0,
        help="Seconds between two looks at the cloud while instances move.",
    ),
    cfg.IntOpt(
        "pool_size",
        default=32,
        min=1,
        help="Host actions that one engine process carries out at the same moment. A full pool "
        "takes nothing more; other engines do.",
    ),
    cfg.IntOpt(
        "session_threads",
        default=8,
        min=1,
        help="Sessions that one engine process works on at the same moment, pool_size at the "
        "most. Python computes in one thread at a time: more of them help where Nova is slow, "
        "and else keep each other waiting. A session that has its turn later takes in at once "
        "what came meanwhile.",
    ),
]


def register(conf: cfg.ConfigOpts) -> None:
    """Register the options of this section."""
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[Any]:
    """The options of this section."""
    return OPTS
