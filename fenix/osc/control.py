"""``session continue | pause | resume | abort``, and what is said about one host."""

from __future__ import annotations

import argparse
from typing import Any, ClassVar

from fenix.osc import base, waiting


class _Order(base.ShowOne):
    """An order to a session; prints the session's state then."""

    command: ClassVar[str]
    #: What ``--wait`` waits for; empty where there is nothing to wait for.
    waits_until = ""
    shows = ("session_id", "state", "percent_done", "reason")

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which session."""
        parser = super().get_parser(prog_name)
        base.add_session(parser)
        if self.waits_until:
            waiting.add(parser, self.waits_until)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Give the order."""
        session_id = base.found_session(self.client, parsed_args.session)
        self.give(session_id, parsed_args)
        if getattr(parsed_args, "wait", False):
            self.exit_code = waiting.wait(
                self, session_id, parsed_args, until_failed=self.command == "abort"
            )
        session = self.client.sessions.get(session_id)
        return self.shows, base.fields(session, self.shows)

    def give(self, session_id: str, parsed_args: argparse.Namespace) -> None:
        """Send it."""
        self.client.sessions.command(session_id, self.command)


class PauseSession(_Order):
    """Let a session begin nothing new; what is under way comes to its end."""

    command = "pause"


class ResumeSession(_Order):
    """Let a paused session go on.

    Exit codes with --wait: 0 the session is done, 3 it failed, 4 --timeout is over.
    """

    command = "resume"
    waits_until = "the session is done"


class AbortSession(_Order):
    """Stop a session and put its hosts back into use; it can be continued.

    Exit codes with --wait: 0 it has stopped, 3 it was done before, 4 --timeout is over.
    """

    command = "abort"
    waits_until = "the session has stopped"


class ContinueSession(_Order):
    """Continue a session that has failed or was aborted.

    Exit codes with --wait: 0 the session is done, 3 it failed, 4 --timeout is over.
    """

    command = "continue"
    waits_until = "the session is done"
    options = {"state": "--state"}

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """From where."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--state",
            metavar="<state>",
            help="State to continue from, default: the one that it failed in",
        )
        return parser

    def give(self, session_id: str, parsed_args: argparse.Namespace) -> None:
        """Send it."""
        self.client.sessions.resume_failed(session_id, parsed_args.state)


class _HostOrder(_Order):
    """An order about one host of a session, which then goes on."""

    waits_until = "the session is done"
    options = {"host": "<host>"}

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which host."""
        parser = super().get_parser(prog_name)
        parser.add_argument("host", metavar="<host>", help="Name of the host")
        return parser

    def give(self, session_id: str, parsed_args: argparse.Namespace) -> None:
        """Send it."""
        self.client.sessions.command(session_id, self.command, parsed_args.host)


class RetryHost(_HostOrder):
    """Try a host again that failed, and let its session go on.

    Exit codes with --wait: 0 the session is done, 3 it failed, 4 --timeout is over.
    """

    command = "retry_host"


class SkipHost(_HostOrder):
    """Leave a host out that failed, and let its session go on without it.

    A host whose maintenance had begun stays disabled, so that nothing lands on it.
    Exit codes with --wait: 0 the session is done, 3 it failed, 4 --timeout is over.
    """

    command = "skip_host"
