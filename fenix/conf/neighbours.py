"""``[masakari]`` and ``[vitrage]`` are told what becomes of hosts; ``[blazar]`` is asked."""

from __future__ import annotations

from typing import Any

from keystoneauth1 import loading
from oslo_config import cfg

#: Section -> what the catalogue calls the service.
SERVICES = {"masakari": "instance-ha", "vitrage": "rca", "blazar": "reservation"}

#: What becomes of a session whose hosts are reserved.
REFUSE, MAINTAIN, IGNORE = "refuse", "maintain", "ignore"

VITRAGE_OPTS = [
    cfg.StrOpt(
        "alarm_name",
        default="host.maintenance",
        help="Name of the alarm that Vitrage shows on a host in maintenance. Templates in "
        "etc/vitrage use this name.",
    ),
    cfg.StrOpt(
        "severity",
        default="WARNING",
        help="Severity of the alarm; one of those in Vitrage's datasources_values/doctor.yaml.",
    ),
]
BLAZAR_OPTS = [
    cfg.StrOpt(
        "reserved_hosts",
        default=REFUSE,
        choices=[
            (REFUSE, "the session fails before any work, naming the leases"),
            (MAINTAIN, "it names the leases in its detail and history, and goes on"),
            (IGNORE, "Blazar is not asked"),
        ],
        help="What a session does whose hosts are reserved, unless it was created with "
        "reserved_hosts. Where the catalogue has no Blazar, none are.",
    ),
    cfg.IntOpt(
        "lookahead",
        default=86400,
        min=0,
        help="Seconds from the beginning of the work within which a lease that begins counts, for "
        "sessions without window_end; with it, leases that begin before it.",
    ),
]
_MORE: dict[str, list[Any]] = {
    "masakari": [],
    "vitrage": VITRAGE_OPTS,
    "blazar": BLAZAR_OPTS,
}


def register(conf: cfg.ConfigOpts) -> None:
    """Register keystoneauth's adapter options of each section, and the further ones."""
    for section, service_type in SERVICES.items():
        loading.register_adapter_conf_options(conf, section, include_deprecated=False)
        conf.set_default("service_type", service_type, group=section)
        conf.register_opts(_MORE[section], group=section)


def list_sections() -> list[tuple[str, list[Any]]]:
    """Sections and their options."""
    found = []
    for section, service_type in SERVICES.items():
        of_adapter = loading.get_adapter_conf_options(include_deprecated=False)
        cfg.set_defaults(of_adapter, service_type=service_type)
        found.append((section, of_adapter + _MORE[section]))
    return found
