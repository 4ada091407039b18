"""``[DEFAULT]``: where the service keeps its files."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg

GROUP = "DEFAULT"

OPTS = [
    cfg.StrOpt(
        "state_path",
        default="/var/lib/fenix",
        help="Directory of the service's own files; the default SQLite database lies here.",
    ),
]


def register(conf: cfg.ConfigOpts) -> None:
    """Register the options of this section."""
    conf.register_opts(OPTS)


def list_opts() -> list[Any]:
    """The options of this section."""
    return OPTS
