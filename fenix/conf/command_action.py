"""``[command_action]``: what the ``command`` action may run."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg

GROUP = "command_action"

OPTS = [
    cfg.MultiStrOpt(
        "allow",
        default=[],
        help="A command that the action 'command' may run, as 'name = program argument ...'; "
        "give the option once for each. {host}, {session} and {key} in an argument become the "
        "name of the host, the id of the session, and the key that is the same for every attempt. "
        "Nothing else is replaced, and no shell is used. Example: 'reboot = /usr/bin/ssh "
        "root@{host} systemctl reboot'. A session names the command by its name alone.",
    ),
    cfg.IntOpt(
        "output_limit",
        default=2000,
        min=0,
        max=3500,
        help="Characters of the end of a command's output that are kept with its result.",
    ),
]


def register(conf: cfg.ConfigOpts) -> None:
    """Register the options of this section."""
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[Any]:
    """The options of this section."""
    return OPTS
