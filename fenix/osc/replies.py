"""``reply``: a manager's answer, by hand."""

from __future__ import annotations

import argparse

from osc_lib import exceptions

from fenix.osc import base, values


class Reply(base.Action):
    """Reply to a question of a session, for a project or one of its instances.

    A reply that matches no open question is accepted and changes nothing.
    """

    options = {
        "state": "<reply>",
        "instance_actions": "--action",
        "instance_action": "--action",
        "action": "--action",
    }

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """To which question, and what."""
        parser = super().get_parser(prog_name)
        parser.add_argument("session", metavar="<session>", help="Id of the session")
        parser.add_argument(
            "reply",
            metavar="<reply>",
            type=values.reply,
            help="ACK_<state> or NACK_<state> of the question, such as ACK_MAINTENANCE",
        )
        parser.add_argument(
            "--project",
            metavar="<project-id>",
            help="Id of the project that is asked, default: that of the credentials",
        )
        parser.add_argument(
            "--instance", metavar="<instance>", help="Id of the instance that it is about alone"
        )
        parser.add_argument(
            "--action",
            metavar="[<instance>=]<action>",
            action="append",
            default=[],
            type=values.instance_action,
            help=f"How an instance is to move, or all that are not named: "
            f"{', '.join(values.ACTIONS)} (repeat for more)",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Send it."""
        project_id = parsed_args.project or self.client.project_id()
        if not project_id:
            raise exceptions.CommandError(
                "--project: the credentials are of no project; name the one that is asked"
            )
        chosen = dict(parsed_args.action)
        action = chosen.pop(None, None)
        self.client.replies.send(
            parsed_args.session,
            project_id,
            parsed_args.reply,
            instance_id=parsed_args.instance,
            actions=chosen,
            action=action,
        )
