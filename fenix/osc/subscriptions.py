"""``subscription set | show | unset | list`` and ``dead letter list``."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from typing import Any

from osc_lib import exceptions

from fenix.osc import base

_SECRET = "FENIX_WEBHOOK_SECRET"  # noqa: S105  # nosec B105 - the name of a variable
_SHOWN = ("project_id", "url", "event_type", "updated_at")
_TITLES = ("Project", "URL", "Event Type", "Updated At")
_LETTER = (
    ("id", "ID"),
    ("created_at", "Created At"),
    ("session_id", "Session"),
    ("carrier", "Carrier"),
    ("channel", "To"),
    ("state", "State"),
    ("status", "Status"),
    ("attempts", "Tries"),
    ("error", "Error"),
)


class _OfProject(base.Base):
    options = {
        "url": "<url>",
        "secret": f"the secret ({_SECRET})",
        "event_type": "--event-type",
        "project_id": "--project",
    }

    def _add_project(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--project",
            metavar="<project-id>",
            help="Id of the project, for administrators; default: that of the credentials",
        )

    def _project(self, parsed: argparse.Namespace) -> str:
        found: str | None = parsed.project or self.client.project_id()
        if not found:
            raise exceptions.CommandError(
                "--project: the credentials are of no project; name the one that is meant"
            )
        return found


def _asked_for() -> str:
    if not sys.stdin.isatty():
        raise exceptions.CommandError(
            f"{_SECRET}: there is no terminal to ask for the secret; set this variable to it"
        )
    return getpass.getpass("Secret of the webhook: ")


class SetSubscription(_OfProject, base.ShowOne):
    """Register the webhook that a project's manager is called by.

    The secret that signs the calls is read from the environment, or asked for: an argument could
    be read by others in the list of processes.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Where to, and by which name."""
        parser = super().get_parser(prog_name)
        parser.add_argument("url", metavar="<url>", help="URL that the manager listens at")
        parser.add_argument(
            "--event-type",
            metavar="<name>",
            help="Name that events have: maintenance.planned, the default, or "
            "maintenance.scheduled",
        )
        self._add_project(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Register it."""
        secret = os.environ.get(_SECRET) or _asked_for()
        row = self.client.subscriptions.put(
            self._project(parsed_args), parsed_args.url, secret, parsed_args.event_type
        )
        return _SHOWN, base.fields(row, _SHOWN)


class ShowSubscription(_OfProject, base.ShowOne):
    """Show the webhook of a project; its secret is never shown."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Whose."""
        parser = super().get_parser(prog_name)
        self._add_project(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Ask for it."""
        row = self.client.subscriptions.get(self._project(parsed_args))
        return _SHOWN, base.fields(row, _SHOWN)


class UnsetSubscription(_OfProject, base.Action):
    """Delete the webhook of a project."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Whose."""
        parser = super().get_parser(prog_name)
        self._add_project(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Delete it."""
        self.client.subscriptions.delete(self._project(parsed_args))


class ListSubscriptions(base.Lister):
    """List the webhooks of all projects, for administrators."""

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Ask page after page."""
        found, marker = [], ""
        while page := self.client.subscriptions.page(marker=marker):
            found += page
            marker = page[-1].project_id
        return _TITLES, [base.fields(row, _SHOWN) for row in found]


class ListDeadLetters(base.Lister):
    """List notifications that could not be delivered, for administrators."""

    options = {"limit": "--limit", "marker": "--marker"}

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which ones."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--session", metavar="<session>", help="Those of this session alone")
        parser.add_argument("--project", metavar="<project-id>", help="Those to this project alone")
        parser.add_argument("--limit", metavar="<number>", help="As many at most, default: 100")
        parser.add_argument("--marker", metavar="<id>", help="Those after this one")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Ask for a page."""
        session = parsed_args.session and base.found_session(self.client, parsed_args.session)
        found = self.client.subscriptions.dead_letters(
            limit=parsed_args.limit,
            marker=parsed_args.marker,
            session_id=session,
            channel=parsed_args.project,
        )
        names, titles = zip(*_LETTER, strict=True)
        return titles, [base.fields(row, names) for row in found]
