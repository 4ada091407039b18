"""``host list`` and ``engine list``."""

from __future__ import annotations

import argparse
from typing import Any

from fenix.client import errors, results
from fenix.osc import base

_HOST = (
    ("hostname", "Host"),
    ("type", "Type"),
    ("phase", "Phase"),
    ("maintained", "Maintained"),
    ("disabled", "Disabled"),
    ("started_at", "Started At"),
    ("finished_at", "Finished At"),
    ("details", "Details"),
)
_ENGINE = (
    ("engine_id", "Engine"),
    ("hostname", "Host"),
    ("version", "Version"),
    ("workflows", "Workflows"),
    ("actions", "Actions"),
    ("sessions", "Sessions"),
    ("heartbeat_at", "Last Heartbeat"),
)


class ListHosts(base.Lister):
    """List the hosts of a session, or of every session that is not done."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which session."""
        parser = super().get_parser(prog_name)
        base.add_session(parser, nargs="?")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Ask for their details."""
        names, titles = zip(*_HOST, strict=True)
        if parsed_args.session:
            ids = [base.found_session(self.client, parsed_args.session)]
        else:
            ids = self.client.sessions.ids()
        found = []
        for session_id in ids:
            try:
                detail = self.client.sessions.detail(session_id)
            except errors.NotFound:
                if parsed_args.session:
                    raise
                continue  # It was deleted since the list was made.
            if parsed_args.session or detail.session.state != results.DONE:
                found += [(session_id, *base.fields(h, names)) for h in detail.hosts]
        return ("Session", *titles), found


class ListEngines(base.Lister):
    """List the engines that are alive, their plug-ins, and the sessions that they hold."""

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Ask for them."""
        names, titles = zip(*_ENGINE, strict=True)
        return titles, [base.fields(e, names) for e in self.client.engines()]
