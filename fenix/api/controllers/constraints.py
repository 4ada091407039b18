"""``/v1/instance`` and ``/v1/instance_group``: constraints (contract section 4).

After ETSI's model of NFVI software modification. Rows are kept per (owner, id).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from fenix import exceptions
from fenix.api import answers, validation
from fenix.api.controllers.projects import ACTIONS
from fenix.api.operation import Parameter
from fenix.api.resource import Resource, Services, verb
from fenix.db import constraints as db_constraints

_MAX_ID = 64
_MAX_INT = 2**31 - 1

_ID = {"type": "string", "maxLength": _MAX_ID, "description": "send a string of up to 64"}
_NAME = {"type": "string", "maxLength": 255, "description": "send a string of up to 255"}
_FLAG = {"type": "boolean", "description": "send true or false, without quotes"}


def _whole(text: str, minimum: int) -> validation.Schema:
    return {
        "type": "integer",
        "minimum": minimum,
        "maximum": _MAX_INT,
        "description": f"send {text}, without quotes, such as 60",
    }


_SECONDS = _whole("a whole number of seconds from 0", 0)


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """What instances and groups differ in."""

    name: str
    key: str
    table: sa.Table
    schema: validation.Schema


def _object(title: str, properties: validation.Schema) -> validation.Schema:
    return {
        "title": title,
        "type": "object",
        "description": "send a JSON object",
        "properties": properties,
    }


INSTANCE = Kind(
    "instance",
    "instance_id",
    db_constraints.INSTANCE,
    _object(
        "InstanceConstraints",
        {
            "instance_id": _ID,
            "project_id": _ID,
            "group_id": _ID,
            "instance_name": _NAME,
            "max_interruption_time": _SECONDS,
            "migration_type": {
                "enum": list(ACTIONS),
                "description": f"send one of {', '.join(ACTIONS)}",
            },
            "resource_mitigation": _FLAG,
            "lead_time": _SECONDS,
        },
    ),
)

GROUP = Kind(
    "instance_group",
    "group_id",
    db_constraints.GROUP,
    _object(
        "GroupConstraints",
        {
            "group_id": _ID,
            "project_id": _ID,
            "group_name": _NAME,
            "anti_affinity_group": _FLAG,
            "max_instances_per_host": _whole("a whole number from 0 (no limit)", 0),
            "max_impacted_members": _whole("a whole number", -(2**31)),
            "recovery_time": _SECONDS,
            "resource_mitigation": _FLAG,
        },
    ),
)


_OWNER = (
    Parameter(
        "project_id",
        {"type": "string"},
        "The project that owns the row; for administrators. Left out: the token's.",
    ),
)


class Constraints(Resource):
    """``/v1/instance`` or ``/v1/instance_group``: nothing by itself."""

    def __init__(self, services: Services, kind: Kind) -> None:
        super().__init__(services)
        self._kind = kind

    def children(self) -> Mapping[str, Callable[[str], Resource]]:
        """The constraints of one instance or group."""
        make = _CONTROLLERS[self._kind.name]
        return {f"{{{self._kind.key}}}": lambda row_id: make(self.services, self._kind, row_id)}


class _Constraint(Resource):
    def __init__(self, services: Services, kind: Kind, row_id: str) -> None:
        super().__init__(services)
        self._kind = kind
        self._id = row_id

    def target(self) -> dict[str, Any]:
        """The caller's own project; another's is settled in :meth:`_owner`."""
        return {"project_id": self.caller().project_id}

    def _owner(self, wanted: str | None) -> str | None:
        """Whose row is meant.

        :param wanted: the project that the caller names.
        :returns: a project id; None when an administrator without a project names none.
        :raises Forbidden: when the caller may not act for the project it names.
        """
        own: str | None = self.caller().project_id
        if wanted and wanted != own:
            self.authorize("constraint:any_project", {"project_id": wanted})
            return wanted
        return own

    def _existing(self) -> str | None:
        """The owner of the row that GET and DELETE mean.

        :raises Conflict: when an administrator names no project, and several own such a row.
        """
        wanted = self.query().get("project_id")
        owner = self._owner(wanted)
        if wanted or not self.allows("constraint:any_project"):
            return owner
        owners = db_constraints.owners(self.services.database, self._kind.table, self._id)
        if owner in owners or not owners:
            return owner
        if len(owners) > 1:
            raise exceptions.Conflict(
                f"several projects own {self._kind.name} {self._id!r}: {', '.join(owners)}; "
                f"name one with ?project_id="
            )
        return owners[0]

    def show(self) -> dict[str, Any]:
        """The row.

        :raises NotFound: when the owner has none.
        """
        owner = self._existing()
        row = owner and db_constraints.get(
            self.services.database, self._kind.table, owner, self._id
        )
        if not row:
            raise exceptions.NotFound(
                f"no constraints of {self._kind.name} {self._id!r} for this project; PUT makes them"
            )
        return dict(row)

    def store(self, body: dict[str, Any]) -> dict[str, Any]:
        """Create or replace the row, and echo what is kept."""
        key = self._kind.key
        if len(self._id) > _MAX_ID:
            raise exceptions.BadRequest(f"{key}: the id in the URL is longer than {_MAX_ID}")
        if self._id != self._id.strip():
            # MariaDB would take it for the id without the space.
            raise exceptions.BadRequest(f"{key}: the id in the URL begins or ends with a space")
        if body.get(key, self._id) != self._id:
            raise exceptions.BadRequest(
                f"{key}: {validation.shown(body[key])} is not the id in the URL, {self._id!r}; "
                f"send the same or leave it out"
            )
        wanted = body.get("project_id") if self.allows("constraint:any_project") else None
        owner = self._owner(wanted or self.query().get("project_id"))
        if not owner:
            raise exceptions.BadRequest(
                "project_id: your token has no project; send the project that owns the row"
            )
        if len(owner) > _MAX_ID:
            raise exceptions.BadRequest(f"project_id: longer than {_MAX_ID}")
        known = {k: v for k, v in body.items() if k in self._kind.schema["properties"]}
        row = {"project_id": owner, **known, key: self._id}
        db_constraints.put(self.services.database, self._kind.table, owner, self._id, row)
        return row

    def remove(self) -> dict[str, Any]:
        """Delete the row, if there is one."""
        owner = self._existing()
        if owner:
            db_constraints.delete(self.services.database, self._kind.table, owner, self._id)
        return {}


class Instance(_Constraint):
    """``/v1/instance/{instance_id}``."""

    @verb("instance:show", answer=INSTANCE.schema, query=_OWNER, refusals=(404, 409))
    def get(self) -> dict[str, Any]:
        """The constraints of an instance."""
        return self.show()

    @verb("instance:put", schema=INSTANCE.schema, answer=INSTANCE.schema, query=_OWNER)
    def put(self, body: dict[str, Any]) -> dict[str, Any]:
        """Set the constraints of an instance."""
        return self.store(body)

    @verb("instance:delete", answer=answers.EMPTY, query=_OWNER, refusals=(409,))
    def delete(self) -> dict[str, Any]:
        """Forget the constraints of an instance."""
        return self.remove()


class Group(_Constraint):
    """``/v1/instance_group/{group_id}``."""

    @verb("instance_group:show", answer=GROUP.schema, query=_OWNER, refusals=(404, 409))
    def get(self) -> dict[str, Any]:
        """The constraints of a group."""
        return self.show()

    @verb("instance_group:put", schema=GROUP.schema, answer=GROUP.schema, query=_OWNER)
    def put(self, body: dict[str, Any]) -> dict[str, Any]:
        """Set the constraints of a group."""
        return self.store(body)

    @verb("instance_group:delete", answer=answers.EMPTY, query=_OWNER, refusals=(409,))
    def delete(self) -> dict[str, Any]:
        """Forget the constraints of a group."""
        return self.remove()


_CONTROLLERS: dict[str, type[_Constraint]] = {INSTANCE.name: Instance, GROUP.name: Group}
