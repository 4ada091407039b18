"""``[service_auth]``: the admin user with which the workflow works on the cloud."""

from __future__ import annotations

from typing import Any

from keystoneauth1 import loading
from oslo_config import cfg

GROUP = "service_auth"

TIMEOUT = 30

OPTS = [
    cfg.FloatOpt(
        "answer_timeout",
        default=60.0,
        min=1.0,
        help="Seconds within which an answer of a service of the cloud must be complete, while "
        "timeout is how long it may be silent.",
    ),
    cfg.IntOpt(
        "max_answer_size",
        default=64 * 1024 * 1024,
        min=1024 * 1024,
        help="Bytes that an answer of a service of the cloud may have, head and body. Lists are "
        "read in pages of 1000.",
    ),
    cfg.IntOpt(
        "connect_retries_total",
        default=3,
        min=0,
        help="How often a call that reads from Placement, Aodh or Blazar is repeated when its "
        "connection fails. Calls that change something are never repeated without looking first.",
    ),
]


def register(conf: cfg.ConfigOpts) -> None:
    """Register keystoneauth's options of this section; ``timeout`` is 30 s unless set."""
    loading.register_auth_conf_options(conf, GROUP)
    loading.register_session_conf_options(conf, GROUP)
    loading.register_adapter_conf_options(conf, GROUP)
    conf.register_opts(OPTS, group=GROUP)
    conf.set_default("timeout", TIMEOUT, group=GROUP)


def list_opts() -> list[Any]:
    """The options of this section, those of the password plug-in included."""
    of_session = loading.get_session_conf_options()  # made anew by each call
    cfg.set_defaults(of_session, timeout=TIMEOUT)
    return (
        loading.get_auth_common_conf_options()
        + loading.get_auth_plugin_conf_options("password")
        + of_session
        + loading.get_adapter_conf_options()
        + OPTS
    )
