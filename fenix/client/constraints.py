"""Constraints of instances and groups, for their projects and administrators."""

from __future__ import annotations

import dataclasses
from typing import Any, Generic, TypeVar

from fenix.client import results
from fenix.client.connection import Connection

_Row = TypeVar("_Row", results.InstanceConstraint, results.GroupConstraint)


class _Constraints(Generic[_Row]):
    """One kind; a row is addressed by the id of what it is about."""

    def __init__(self, connection: Connection, path: str, kind: type[_Row], key: str) -> None:
        self._connection = connection
        self._path = path
        self._kind: type[_Row] = kind
        self._key = key

    def get(self, row_id: str, project_id: str | None = None) -> _Row:
        """A row.

        :param project_id: its owner, for administrators; None: the token's project.
        :raises NotFound: the owner has none with this id.
        """
        query = {"project_id": project_id}
        return results.read(
            self._kind, self._connection.request("GET", self._path, row_id, query=query)
        )

    def put(self, row: _Row) -> _Row:
        """Create a row, or replace the one with the same id.

        :param row: its ``project_id`` names the owner, for administrators.
        :returns: what the service keeps.
        """
        row_id = str(getattr(row, self._key))
        body = {k: v for k, v in dataclasses.asdict(row).items() if v is not None}
        kept: Any = self._connection.request(
            "PUT", self._path, row_id, body=body, again_when_busy=True
        )
        return results.read(self._kind, kept)

    def delete(self, row_id: str, project_id: str | None = None) -> None:
        """Delete a row; none to delete is no error."""
        query = {"project_id": project_id}
        self._connection.request("DELETE", self._path, row_id, query=query)


class InstanceConstraints(_Constraints[results.InstanceConstraint]):
    """``/v1/instance``."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, "instance", results.InstanceConstraint, "instance_id")


class GroupConstraints(_Constraints[results.GroupConstraint]):
    """``/v1/instance_group``."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, "instance_group", results.GroupConstraint, "group_id")
