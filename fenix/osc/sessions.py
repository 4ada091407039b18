"""``session create | list | show | delete | events``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from osc_lib import exceptions

from fenix.client import errors, results
from fenix.osc import base, pictures, session_fields, values, waiting

_LISTED = (
    ("session_id", "Session"),
    ("state", "State"),
    ("percent_done", "Percent Done"),
    ("workflow", "Workflow"),
    ("created_at", "Created At"),
    ("updated_at", "Updated At"),
)
_SHOWN = (
    "session_id",
    "state",
    "prev_state",
    "failed_state",
    "reason",
    "workflow",
    "maintenance_at",
    "percent_done",
    "paused",
    "request_id",
    "created_at",
    "updated_at",
    "metadata",
)
_MORE = ("eta", "hosts", "projects", "instances", "waiting_for", "actions")
COLUMNS = (*_SHOWN, *_MORE)
_EVENT = (
    ("at", "Time"),
    ("kind", "Kind"),
    ("host", "Host"),
    ("project_id", "Project"),
    ("instance_id", "Instance"),
    ("message", "Message"),
)


def columns(detail: results.Detail) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """A session as ``show`` and ``create`` print it."""
    done = sum(h.maintained for h in detail.hosts)
    waiting_for = [
        f"{p.project_id}: {w.state}" for p in detail.projects for w in p.waits if not w.reply
    ]
    more = {
        "eta": base.shown(detail.eta),
        "hosts": f"{done} of {len(detail.hosts)} maintained",
        "projects": len(detail.projects),
        "instances": len(detail.instances),
        "waiting_for": base.shown(waiting_for),
        "reservations": base.shown([base.reserved(r) for r in detail.reservations]),
        "actions": base.shown([f"{a.type}: {a.plugin}" for a in detail.action_plugins]),
    }
    return COLUMNS, (*base.fields(detail.session, _SHOWN), *(more[name] for name in _MORE))


class CreateSession(base.ShowOne):
    """Begin a maintenance session.

    Exit codes with --wait: 0 the session is done, 3 it failed, 4 --timeout is over.
    """

    options = session_fields.OPTIONS
    shows = COLUMNS

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Options of a session, and of waiting."""
        parser = super().get_parser(prog_name)
        session_fields.add(parser)
        waiting.add(parser, "the session is done")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Create it, and perhaps follow it."""
        session_id = self.client.sessions.create(session_fields.body(parsed_args))
        if parsed_args.wait:
            # Said at once: who interrupts the waiting needs it.
            self.app.stderr.write(f"Session {session_id} is created.\n")
            self.exit_code = waiting.wait(self, session_id, parsed_args)
        return columns(self.client.sessions.detail(session_id))


class ListSessions(base.Lister):
    """List sessions, the oldest first."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Options that choose among them."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--state", metavar="<state>", help="Only sessions in this state")
        parser.add_argument(
            "--limit", metavar="<number>", type=values.whole(1), help="At most so many"
        )
        parser.add_argument(
            "--marker", metavar="<session>", help="Only sessions after this one, by its id"
        )
        return parser

    options = {"state": "--state", "limit": "--limit", "marker": "--marker"}

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Ask for the ids, then for each session."""
        ids = self.client.sessions.ids(
            state=parsed_args.state, limit=parsed_args.limit, marker=parsed_args.marker
        )
        names, titles = zip(*_LISTED, strict=True)
        return titles, (base.fields(s, names) for s in self._sessions(ids))

    def _sessions(self, ids: list[str]) -> Iterator[results.Session]:
        for session_id in ids:
            try:
                yield self.client.sessions.get(session_id)
            except errors.NotFound:
                continue  # It was deleted since the list was made.


class ShowSession(base.ShowOne):
    """Show a session."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which one."""
        parser = super().get_parser(prog_name)
        base.add_session(parser)
        pictures.add(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Ask for everything about it."""
        session_id = base.found_session(self.client, parsed_args.session)
        detail = self.client.sessions.detail(session_id)
        pictures.write(self, parsed_args, session_id, detail)
        return columns(detail)


class DeleteSession(base.Action):
    """Stop sessions, put their hosts back into use, and forget them; their history stays.

    Exit codes with --wait: 0 they are gone, 4 --timeout is over.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which ones."""
        parser = super().get_parser(prog_name)
        base.add_session(parser, nargs="+")
        waiting.add(parser, "they are gone")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Delete all of them, then wait for all."""
        ids = [base.found_session(self.client, text) for text in parsed_args.session]
        for session_id in ids:
            self.client.sessions.delete(session_id)
        if parsed_args.wait:
            for session_id in ids:
                code = waiting.wait(self, session_id, parsed_args, until_gone=True)
                self.exit_code = self.exit_code or code


class ListEvents(base.Lister):
    """List the history of a session, also of one that was deleted: the oldest first."""

    options = {"limit": "--limit", "marker": "--marker"}

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which session, and which part."""
        parser = super().get_parser(prog_name)
        parser.add_argument("session", metavar="<session>", help="Id of the session")
        parser.add_argument(
            "--kind",
            metavar="<kind>",
            action="append",
            help="Only events of this kind, such as state, move or reply (repeat for more)",
        )
        parser.add_argument("--host", metavar="<host>", help="Only events about this host")
        pictures.add(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Fetch the history, page by page."""
        session_id = parsed_args.session
        if "-" not in session_id:
            session_id = base.found_session(self.client, session_id)
        if parsed_args.picture:
            pictures.write(self, parsed_args, session_id, self._detail(session_id))
        names, titles = zip(*_EVENT, strict=True)
        history = list(self.client.sessions.history(session_id))
        if parsed_args.kind:
            _check_kinds(parsed_args.kind, {event.kind for event in history})
        found = (
            event
            for event in history
            if (not parsed_args.kind or event.kind in parsed_args.kind)
            and (not parsed_args.host or event.host == parsed_args.host)
        )
        return titles, (base.fields(event, names) for event in found)

    def _detail(self, session_id: str) -> results.Detail | None:
        try:
            return self.client.sessions.detail(session_id)
        except errors.NotFound:
            return None  # It was deleted; its history is still there.


def _check_kinds(asked: list[str], there: set[str]) -> None:
    """A kind that is known need not occur; a workflow of its own may have others.

    :raises osc_lib.exceptions.CommandError: one that is neither.
    """
    known = sorted(there.union(results.KINDS))
    for kind in asked:
        if kind not in known:
            raise exceptions.CommandError(
                f"--kind: {kind!r} is no kind of event; there are {', '.join(known)}"
            )
