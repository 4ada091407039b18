"""The options that say what a session is to be, for ``session create`` and ``plan``."""

from __future__ import annotations

import argparse
from typing import Any

from osc_lib import exceptions

from fenix.osc import values

#: Fields of the API, and the options that set them.
OPTIONS = {
    "hosts": "--host",
    "maintenance_at": "--maintenance-at",
    "workflow": "--workflow",
    "metadata": "--metadata",
    "actions": "--action",
    "download": "--file: download",
    "max_parallel_hosts": "--max-parallel-hosts",
    "max_failed_hosts": "--max-failed-hosts",
    "canary_hosts": "--canary-hosts",
    "canary_soak": "--canary-soak",
    "window_end": "--window-end",
    "reserved_hosts": "--reserved-hosts",
    "parameters": "--parameters",
}

_PLAIN = (
    "maintenance_at",
    "workflow",
    "max_parallel_hosts",
    "max_failed_hosts",
    "canary_hosts",
    "canary_soak",
    "window_end",
    "reserved_hosts",
    "parameters",
)


def add(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    hosts = parser.add_mutually_exclusive_group()
    hosts.add_argument(
        "--host",
        metavar="<host>",
        action="append",
        help="Host to maintain, as Nova names it (repeat for more)",
    )
    hosts.add_argument("--all-hosts", action="store_true", help="Maintain every host of the cloud")
    parser.add_argument(
        "--maintenance-at",
        metavar="<time>",
        type=values.moment,
        help="Do not touch a host before, such as '2026-01-31 23:30:00' (UTC unless it has an "
        "offset)",
    )
    parser.add_argument(
        "--window-end",
        metavar="<time>",
        type=values.moment,
        help="Begin no host that would not be finished by then",
    )
    parser.add_argument("--workflow", metavar="<workflow>", help="Workflow plug-in")
    parser.add_argument(
        "--action",
        metavar="<action>",
        action="append",
        type=values.host_action,
        help="What to run: type=<type>,plugin=<plug-in>[,order=<number>], or a JSON object with "
        "these and metadata; types are pre, host, compute, controller and post (repeat for more)",
    )
    parser.add_argument(
        "--metadata",
        metavar="<key>=<value>",
        action="append",
        type=values.pair,
        help="Hint to projects about what will be new (repeat for more)",
    )
    parser.add_argument(
        "--max-parallel-hosts",
        metavar="<number>",
        type=values.whole(0),
        help="At most so many hosts out of use at a time; 0: as capacity allows",
    )
    parser.add_argument(
        "--max-failed-hosts",
        metavar="<number>",
        type=values.whole(0),
        help="Go on while no more hosts than this have failed",
    )
    parser.add_argument(
        "--canary-hosts",
        metavar="<number>",
        type=values.whole(0),
        help="Maintain so many hosts first, alone",
    )
    parser.add_argument(
        "--canary-soak",
        metavar="<seconds>",
        type=values.whole(0, "seconds"),
        help="Watch the first hosts for so long before the others",
    )
    parser.add_argument(
        "--reserved-hosts",
        metavar="<rule>",
        choices=["refuse", "maintain"],
        help="What to do with hosts that are reserved in Blazar: refuse to touch them, or maintain "
        "them",
    )
    parser.add_argument(
        "--parameters",
        metavar="<json>",
        type=values.json_object,
        help="Parameters of the workflow plug-in, a JSON object",
    )
    parser.add_argument(
        "--file",
        metavar="<file>",
        type=values.document,
        help="YAML or JSON file with the fields of POST /v1/maintenance, - for standard input; "
        "options are added to it",
    )


def body(parsed: argparse.Namespace) -> dict[str, Any]:
    """What is sent.

    :raises osc_lib.exceptions.CommandError: nothing says which hosts are meant.
    """
    found: dict[str, Any] = dict(parsed.file or {})
    for name in _PLAIN:
        if getattr(parsed, name) is not None:
            found[name] = getattr(parsed, name)
    if parsed.host:
        found["hosts"] = parsed.host
    if parsed.all_hosts:
        found.pop("hosts", None)
    elif not found.get("hosts"):
        raise exceptions.CommandError(
            "--host: name the hosts to maintain, or give --all-hosts for every host of the cloud"
        )
    if parsed.metadata:
        found["metadata"] = {**(found.get("metadata") or {}), **dict(parsed.metadata)}
    if parsed.action:
        found["actions"] = [*(found.get("actions") or []), *parsed.action]
    return found
