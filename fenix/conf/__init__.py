"""The options of the service (contract section 7): one module per section.

``conf`` is always passed in; nothing here reads a global. In processes that use RPC it must be
``oslo_config.cfg.CONF``, because oslo.messaging reads that one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import oslo_messaging
from keystoneauth1 import loading
from oslo_config import cfg
from oslo_db import options as db_options
from oslo_log import log
from oslo_middleware import cors
from oslo_policy import opts as policy_opts
from oslo_reports import opts as reports_opts

from fenix import version
from fenix.conf import (
    api,
    base,
    command_action,
    engine,
    metrics,
    neighbours,
    notifications,
    service_auth,
    webhook,
    workflow,
)

_MODULES = (
    base,
    api,
    engine,
    workflow,
    notifications,
    webhook,
    service_auth,
    command_action,
    metrics,
)

#: How a line of the log names its session, where it has one.
_SESSION_FORMAT = "[session: %(uuid)s] "

#: Exchange of the RPC and of the notifications.
EXCHANGE = "fenix"


def register(conf: cfg.ConfigOpts) -> None:
    """Register every option of the service on ``conf``; safe to repeat."""
    set_defaults()
    for module in _MODULES:
        module.register(conf)
    neighbours.register(conf)
    db_options.set_defaults(conf)
    policy_opts.set_defaults(conf)
    reports_opts.set_defaults(conf)


def set_defaults() -> None:
    """Change defaults in the libraries' own options.

    An entry point of the group ``oslo.config.opts.defaults``, so that generated samples and manuals
    show the same.
    """
    cfg.set_defaults(db_options.database_opts, connection="sqlite:///$state_path/fenix.sqlite")
    oslo_messaging.set_transport_defaults(EXCHANGE)
    policy_opts.set_defaults(cfg.ConfigOpts(), policy_file="policy.yaml")
    cors.set_defaults(
        allow_methods=["GET", "PUT", "POST", "DELETE"],
        allow_headers=["X-Auth-Token", "X-OpenStack-Request-ID", "X-Project-Id", "X-Roles"],
        expose_headers=["X-OpenStack-Request-ID"],
    )


def load(
    argv: list[str] | None = None,
    *,
    conf: cfg.ConfigOpts | None = None,
    default_config_files: list[str] | None = None,
) -> cfg.ConfigOpts:
    """Register the options, read the command line and the files it names.

    :param argv: arguments without the program's name; None: those of the process.
    :param default_config_files: files read when the command line names none; None: the usual
        places of an OpenStack service, ``/etc/fenix/fenix.conf`` among them.
    :raises SystemExit: on an unknown option or an unreadable file, after saying which.
    """
    conf = cfg.CONF if conf is None else conf
    register(conf)
    log.register_options(conf)
    conf.set_default("instance_uuid_format", _SESSION_FORMAT)
    conf(
        argv,
        project="fenix",
        version=version.__version__,
        default_config_files=default_config_files,
    )
    return conf


def unload(conf: cfg.ConfigOpts) -> None:
    """Leave a configuration as :func:`load` found it, for whoever uses the process next.

    The options of an auth plug-in are registered while the configuration is read, and some are
    required from then on.
    """
    conf.reset()
    options = loading.get_auth_plugin_conf_options("password")
    for section in ("service_auth", "keystone_authtoken"):
        # A process that serves no API has no keystonemiddleware.
        with contextlib.suppress(cfg.NoSuchGroupError):
            conf.unregister_opts(options, group=section)


def list_opts() -> Iterator[tuple[str, list[Any]]]:
    """Sections and their options, for oslo-config-generator and the manual."""
    for module in _MODULES:
        yield module.GROUP, module.list_opts()
    yield from neighbours.list_sections()
