"""``[notifications]``: what leaves on the message bus, and for whom (contract section 5)."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg

GROUP = "notifications"

PLANNED = "maintenance.planned"
SCHEDULED = "maintenance.scheduled"

OPTS = [
    cfg.ListOpt("topics", default=["notifications"], help="Topics that events are sent on."),
    cfg.BoolOpt(
        "use_aodh",
        default=True,
        help="Look up in Aodh which projects have an event alarm, that is a manager. False, and "
        "where the catalogue has no Aodh: every project is taken to have one, and is told by "
        "project_event_types. A project that has registered a webhook has a manager anyway.",
    ),
    cfg.ListOpt(
        "project_event_types",
        default=[PLANNED],
        help="Event types sent to every project where Aodh is not used or not deployed; empty: "
        "there only projects with a webhook of their own have a manager. "
        f"{PLANNED} is the documented name, {SCHEDULED} the one older managers subscribe to.",
    ),
    cfg.ListOpt(
        "host_event_projects",
        default=[],
        help="Ids of further projects that receive maintenance.host; the project of the "
        "[service_auth] user always does.",
    ),
    cfg.FloatOpt(
        "retry_interval",
        default=1.0,
        min=0.05,
        help="Seconds between tries to send an event while the broker is away; doubled each "
        "time, up to half a minute.",
    ),
]


def register(conf: cfg.ConfigOpts) -> None:
    """Register the options of this section."""
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[Any]:
    """The options of this section."""
    return OPTS
