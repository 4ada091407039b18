"""``instance constraint`` and ``group constraint``: ``set | show | unset``."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any, ClassVar

from osc_lib import exceptions

from fenix.client import errors, results
from fenix.osc import base, values

_SECONDS = {"metavar": "<seconds>", "type": values.whole(0, "seconds")}


@dataclasses.dataclass(frozen=True)
class _Field:
    """A field of a row: its help text, and how its option is read. No ``how`` is a flag."""

    name: str
    told: str
    how: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def option(self) -> str:
        """``--lead-time`` for ``lead_time``."""
        return "--" + self.name.replace("_", "-")


@dataclasses.dataclass(frozen=True)
class _Kind:
    """What constraints of instances and of groups differ in."""

    row: type[Any]
    key: str
    client: str
    noun: str
    fields: tuple[_Field, ...]


_INSTANCE = _Kind(
    results.InstanceConstraint,
    "instance_id",
    "instance_constraints",
    "instance",
    (
        _Field("group_id", "Group that the instance belongs to", {"metavar": "<group>"}),
        _Field("instance_name", "Name of the instance", {"metavar": "<name>"}),
        _Field("max_interruption_time", "Longest interruption that it tolerates", _SECONDS),
        _Field(
            "migration_type",
            f"How it should move: {', '.join(values.ACTIONS)}",
            {"metavar": "<action>", "type": values.move_action},
        ),
        _Field("lead_time", "Time between the notification and the move", _SECONDS),
        _Field("resource_mitigation", "Equal resources must be available while it moves"),
    ),
)
_GROUP = _Kind(
    results.GroupConstraint,
    "group_id",
    "group_constraints",
    "group",
    (
        _Field("group_name", "Name of the group", {"metavar": "<name>"}),
        _Field("anti_affinity_group", "Its members must be on different hosts"),
        _Field(
            "max_instances_per_host",
            "Members on one host at most, 0: no limit",
            {"metavar": "<number>", "type": values.whole(0)},
        ),
        _Field(
            "max_impacted_members",
            "Members that may be impacted at the same time",
            {"metavar": "<number>", "type": values.whole(1)},
        ),
        _Field("recovery_time", "Pause after an impact before the next", _SECONDS),
        _Field("resource_mitigation", "Equal resources must be available while members move"),
    ),
)


class _Constraint(base.Base):
    """One kind, and how a row of it is named and read."""

    kind: ClassVar[_Kind]

    def _add_row(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("id", metavar=f"<{self.kind.noun}>", help=f"Id of the {self.kind.noun}")
        parser.add_argument(
            "--project",
            metavar="<project-id>",
            help="Id of the project that the constraints are of, for administrators",
        )

    @property
    def _rows(self) -> Any:
        return getattr(self.client, self.kind.client)

    def _stored(self, parsed: argparse.Namespace) -> Any:
        """The row as it is; an empty one where there is none."""
        try:
            return self._rows.get(parsed.id, parsed.project)
        except errors.NotFound:
            return self.kind.row(**{self.kind.key: parsed.id}, project_id=parsed.project)

    def _printed(self, row: Any) -> Any:
        names = [f.name for f in dataclasses.fields(row)]
        return names, base.fields(row, names)


class _Set(_Constraint, base.ShowOne):
    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """An option for each field."""
        parser = super().get_parser(prog_name)
        self._add_row(parser)
        for field in self.kind.fields:
            how = field.how or {"action": argparse.BooleanOptionalAction, "default": None}
            parser.add_argument(field.option, help=field.told, **how)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Change what is named, and keep the rest."""
        changed = {
            f.name: getattr(parsed_args, f.name)
            for f in self.kind.fields
            if getattr(parsed_args, f.name) is not None
        }
        if not changed:
            options = ", ".join(f.option for f in self.kind.fields)
            raise exceptions.CommandError(f"nothing to set: give at least one of {options}")
        row = dataclasses.replace(self._stored(parsed_args), **changed)
        return self._printed(self._rows.put(row))


class _Show(_Constraint, base.ShowOne):
    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which row."""
        parser = super().get_parser(prog_name)
        self._add_row(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Ask for it."""
        return self._printed(self._rows.get(parsed_args.id, parsed_args.project))


class _Unset(_Constraint, base.Action):
    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """A flag for each field."""
        parser = super().get_parser(prog_name)
        self._add_row(parser)
        for field in self.kind.fields:
            parser.add_argument(field.option, action="store_true", help=f"Unset: {field.told}")
        parser.add_argument("--all", action="store_true", help="Delete the row as a whole")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Take out what is named."""
        chosen = [f.name for f in self.kind.fields if getattr(parsed_args, f.name)]
        if parsed_args.all:
            self._rows.delete(parsed_args.id, parsed_args.project)
            return
        if not chosen:
            options = ", ".join(f.option for f in self.kind.fields)
            raise exceptions.CommandError(
                f"nothing to unset: give at least one of {options}, or --all"
            )
        row = self._rows.get(parsed_args.id, parsed_args.project)
        self._rows.put(dataclasses.replace(row, **dict.fromkeys(chosen)))


def _options(kind: _Kind) -> dict[str, str]:
    named = {f.name: f.option for f in kind.fields}
    return {**named, "project_id": "--project", kind.key: f"<{kind.noun}>"}


class SetInstanceConstraint(_Set):
    """Set constraints of an instance; those that are not named stay as they are."""

    kind = _INSTANCE
    options = _options(_INSTANCE)


class ShowInstanceConstraint(_Show):
    """Show the constraints of an instance."""

    kind = _INSTANCE
    options = _options(_INSTANCE)


class UnsetInstanceConstraint(_Unset):
    """Unset constraints of an instance."""

    kind = _INSTANCE
    options = _options(_INSTANCE)


class SetGroupConstraint(_Set):
    """Set constraints of a group; those that are not named stay as they are."""

    kind = _GROUP
    options = _options(_GROUP)


class ShowGroupConstraint(_Show):
    """Show the constraints of a group."""

    kind = _GROUP
    options = _options(_GROUP)


class UnsetGroupConstraint(_Unset):
    """Unset constraints of a group."""

    kind = _GROUP
    options = _options(_GROUP)
