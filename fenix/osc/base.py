"""What the commands share: the client, exit codes, and refusals in the words of options."""

from __future__ import annotations

import argparse
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from osc_lib import exceptions
from osc_lib.cli import format_columns
from osc_lib.command import command

from fenix.client import Client, errors, results
from fenix.osc import plugin

#: The session failed, or was deleted while it was waited for.
SESSION_FAILED = 3
#: The time to wait is over, the session is not.
NOT_YET = 4
#: The plan leaves hosts out.
PLAN_INCOMPLETE = 5
INTERRUPTED = 130

#: Remedies of the service that are calls, as commands.
_CALLS = (
    ("GET /v1/maintenance lists", "'openstack maintenance session list' lists"),
    ("PUT makes them", "the command 'set' makes them"),
)
_FIELD = re.compile(r"(?P<field>\w+)(?P<rest>(?:[.\[][^: ]*)?: .*)?", re.S)


class Base(command.Command):
    """A command of the maintenance service.

    ``options`` maps fields of the API to the options that set them, so that a refusal by the
    service names what the user wrote.
    """

    options: ClassVar[Mapping[str, str]] = {}
    #: Columns, of a command that changes something: a wrong ``--column`` is refused before that.
    shows: ClassVar[Sequence[str]] = ()
    #: Set by :meth:`take_action` when the command did its work, but not with the wanted outcome.
    exit_code = 0

    @property
    def auth_required(self) -> bool:
        """Whether the shell logs in to Keystone before the command runs."""
        return self._chosen().get("auth_type") != plugin.NO_AUTH

    def _chosen(self) -> Mapping[str, Any]:
        """What the options, the environment and clouds.yaml say together."""
        # Without an application, as the manual's generator makes commands, nothing is chosen.
        cloud = getattr(self.app, "cloud", None)
        found: Mapping[str, Any] = cloud.config if cloud else {}
        return found

    @property
    def client(self) -> Client:
        """The service."""
        found: Client = self.app.client_manager.maintenance  # type: ignore[attr-defined]
        return found

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Run the command; a refusal becomes one line.

        :raises osc_lib.exceptions.CommandError: with that line.
        """
        try:
            self._check(parsed_args)
            code = super().run(parsed_args)
        except errors.RequestError as error:
            raise exceptions.CommandError(self._explained(error)) from None
        except errors.ClientError as error:
            raise exceptions.CommandError(str(error)) from None
        except KeyboardInterrupt:
            return INTERRUPTED
        return self.exit_code or code

    def _check(self, parsed: argparse.Namespace) -> None:
        """What can be told before anything is done."""
        check = getattr(parsed, "check", None)
        if check is not None:
            check(parsed)
        if self.shows:
            _check_columns("--column", parsed.columns, self.shows)

    def _explained(self, error: errors.RequestError) -> str:
        text = str(error)
        for call, command_ in _CALLS:
            text = text.replace(call, command_)
        found = _FIELD.match(text)
        option = found and self.options.get(found["field"])
        if found and option:
            return f"{option}{found['rest'] or f': {text}'}"
        if isinstance(error, errors.Unauthorized):
            return f"{text}; does the cloud of --os-cloud or OS_* have the right credentials?"
        return text


class Action(Base):
    """A command without a table."""


class _Tabular(Base):
    """A command that prints columns or fields."""

    def produce_output(
        self, parsed_args: argparse.Namespace, column_names: Sequence[str], data: Any
    ) -> int:
        """Print, once it is clear what.

        :raises osc_lib.exceptions.CommandError: a column that does not exist was asked for.
        """
        _check_columns("--column", parsed_args.columns, column_names)
        _check_columns("--sort-column", getattr(parsed_args, "sort_columns", ()), column_names)
        return int(super().produce_output(parsed_args, column_names, data))  # type: ignore[misc]


class Lister(_Tabular, command.Lister):
    """A command with a table of many."""

    #: In setup.cfg; of our own, so that commands of others keep the formats that they have.
    formatter_namespace = "openstack.maintenance.formatter.list"


class ShowOne(_Tabular, command.ShowOne):
    """A command with the fields of one."""

    formatter_namespace = "openstack.maintenance.formatter.show"


def _check_columns(option: str, asked: Sequence[str], there: Sequence[str]) -> None:
    """Names are taken as cliff takes them, which passes over those that it does not know."""
    known = {_plain(name) for name in there}
    for name in asked:
        if _plain(name) not in known:
            raise exceptions.CommandError(
                f"{option}: there is no column {name!r}; there are {', '.join(there)}"
            )


def _plain(name: str) -> str:
    return name.lower().strip().replace(" ", "_")


def found_session(client: Client, text: str) -> str:
    """The id of the session that is meant: an id, or the beginning of one.

    :raises osc_lib.exceptions.CommandError: none or several are meant.
    """
    try:
        return str(uuid.UUID(text))
    except ValueError:
        matching = [i for i in client.sessions.ids() if i.startswith(text.lower())]
    if len(matching) != 1:
        many = f"{len(matching)} sessions begin" if matching else "no session begins"
        raise exceptions.CommandError(
            f"<session>: {many} with {text!r}; 'openstack maintenance session list' lists them"
        )
    return matching[0]


def add_session(parser: argparse.ArgumentParser, **more: Any) -> None:
    """The argument for :func:`found_session`."""
    parser.add_argument(
        "session", metavar="<session>", help="Id of a session, or the beginning of it", **more
    )


def shown(value: Any) -> Any:
    """A value for the formatters: lists and objects stay such in JSON and YAML."""
    if isinstance(value, list | tuple):
        return format_columns.ListColumn(list(value))
    if isinstance(value, dict):
        return format_columns.DictColumn(value)
    if hasattr(value, "astimezone"):
        return results.text_of(value)
    return value


def reserved(found: results.Reservation) -> str:
    """A reservation in words."""
    begin, end = results.text_of(found.start), results.text_of(found.end)
    return (
        f"{found.host}: {begin} to {end}, lease {found.lease_name} ({found.lease_id}), "
        f"{found.resource_type}, project {found.project_id}"
    )


def fields(found: Any, names: Sequence[str]) -> tuple[Any, ...]:
    """Attributes of a result, in order."""
    return tuple(shown(getattr(found, name)) for name in names)
