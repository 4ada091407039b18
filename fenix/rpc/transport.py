"""Transports and targets of the RPC."""

from __future__ import annotations

import oslo_messaging
from oslo_config import cfg

TOPIC = "fenix-engine"
VERSION = "1.0"

#: Errors that cross the bus as themselves.
ERRORS = ["fenix.exceptions"]


def make(conf: cfg.ConfigOpts) -> oslo_messaging.RPCTransport:
    """A transport for RPC; make it after forking."""
    return oslo_messaging.get_rpc_transport(conf, allowed_remote_exmods=ERRORS)


def target(server: str | None = None) -> oslo_messaging.Target:
    """Where engines listen; ``server`` names one of them."""
    return oslo_messaging.Target(topic=TOPIC, version=VERSION, server=server)
