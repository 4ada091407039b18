"""Room that sessions have set aside for instances on their way."""

from __future__ import annotations

import sqlalchemy as sa

from fenix.db import models
from fenix.db.api import Database, repeatable

_I = models.instances

#: vCPUs, MiB, GiB.
Amounts = tuple[float, float, float]


@repeatable
def all_of_them(database: Database) -> list[tuple[str, str, Amounts]]:
    """What moves under way take of their targets once they have arrived: session, host, amounts."""
    sums = (sa.func.sum(c) for c in (_I.c.vcpus, _I.c.memory_mb, _I.c.disk_gb))
    statement = (
        sa.select(_I.c.session_id, _I.c.move_target, *sums)
        .where(
            _I.c.move_phase.is_not(None),
            _I.c.move_target.is_not(None),
            _I.c.gone.is_(sa.false()),
            # One that has arrived is counted there.
            sa.or_(_I.c.host.is_(None), _I.c.host != _I.c.move_target),
        )
        .group_by(_I.c.session_id, _I.c.move_target)
    )
    with database.lookup() as session:
        return [
            (session_id, host, (float(vcpus), float(memory), float(disk)))
            for session_id, host, vcpus, memory, disk in session.execute(statement)
        ]


def of_others(found: list[tuple[str, str, Amounts]], session_id: str) -> dict[str, Amounts]:
    """What sessions but one have set aside, by host."""
    sums: dict[str, Amounts] = {}
    for owner, host, amounts in found:
        if owner != session_id:
            before = sums.get(host, (0.0, 0.0, 0.0))
            sums[host] = (
                before[0] + amounts[0],
                before[1] + amounts[1],
                before[2] + amounts[2],
            )
    return sums
