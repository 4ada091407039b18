"""``[metrics]``: what Prometheus scrapes from engines."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg

GROUP = "metrics"

OPTS = [
    cfg.PortOpt(
        "port",
        default=0,
        help="Port on which an engine serves metrics at /metrics; 0: none. With [engine] workers "
        "above 1 every process takes the next port.",
    ),
    cfg.HostAddressOpt(
        "host",
        default="127.0.0.1",
        help="Address that is bound for it. There is no authentication: bind an address that "
        "only the monitoring reaches.",
    ),
    cfg.StrOpt("ssl_cert_file", help="Certificate for TLS; served in the clear when unset."),
    cfg.StrOpt("ssl_key_file", help="Private key of ssl_cert_file."),
    cfg.FloatOpt(
        "max_age",
        default=5.0,
        min=0.0,
        help="Seconds for which what was read from the database is served again, so that many "
        "scrapers cost no more than one.",
    ),
]


def register(conf: cfg.ConfigOpts) -> None:
    """Register the options of this section."""
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[Any]:
    """The options of this section."""
    return OPTS
