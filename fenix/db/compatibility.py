"""Whether engines of the previous release can work on this release's schema.

Both run side by side while a deployment is upgraded engine by engine. So a release only adds to the
schema (*expand*): tables, and columns that may be left out of an INSERT. What it no longer uses is
taken away by the next release (*contract*), whose predecessor does without it.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

#: The version of the schema that the previous release came with.
PREVIOUS = "0001"
#: What the previous release did not use any more, as ``table`` or ``table.column``: this one may
#: take it away.
RETIRED: frozenset[str] = frozenset()


#: The first version whose engines tell which one they were made for.
TOLD = "0005"


def may_work_beside(made_for: str | None) -> bool:
    """Whether an engine made for a version of the schema may run beside those of this release.

    :param made_for: None: it does not say, so its release is older than :data:`TOLD`. A newer one
        knows itself what it works beside.
    """
    return PREVIOUS < TOLD if made_for is None else made_for >= PREVIOUS


def objections(
    before: sa.MetaData, after: sa.MetaData, retired: Collection[str] = RETIRED
) -> list[str]:
    """Why the code for one schema does not work on another; empty when it does.

    :param before: the previous release's schema, reflected. :param after: this release's.
    """
    found = []
    for table in before.sorted_tables:
        if table.name in retired:
            continue
        if table.name not in after.tables:
            found.append(f"{table.name} is gone; the previous release uses it")
            continue
        found += _of_columns(table, after.tables[table.name], retired)
        found += _of_rules(table, after.tables[table.name])
    return found


def _of_columns(before: sa.Table, after: sa.Table, retired: Collection[str]) -> list[str]:
    found = []
    for column in before.columns:
        name = f"{before.name}.{column.name}"
        if column.name not in after.columns:
            if name not in retired:
                found.append(f"{name} is gone; the previous release uses it")
            continue
        now = after.columns[column.name]
        if column.nullable and not now.nullable:
            found.append(f"{name} takes no NULL any more; the previous release may write one")
        if _narrower(column.type, now.type):
            found.append(f"{name} is {now.type!r}, it was {column.type!r}")
    for column in after.columns:
        fills = column.nullable or column.server_default is not None
        if column.name not in before.columns and not fills:
            found.append(
                f"{after.name}.{column.name} is new, takes no NULL and has no server default; the "
                f"previous release leaves it out"
            )
    return found


def _narrower(before: sa.types.TypeEngine[object], after: sa.types.TypeEngine[object]) -> bool:
    """Whether a value of one type may not fit into the other."""
    if not isinstance(after, type(before)):
        return True
    old, new = getattr(before, "length", None), getattr(after, "length", None)
    return new is not None and (old is None or new < old)


def _of_rules(before: sa.Table, after: sa.Table) -> list[str]:
    """New rules on old rows: keys, and values that must not repeat."""
    found = []
    if [c.name for c in before.primary_key] != [c.name for c in after.primary_key]:
        found.append(f"{before.name} has another primary key")
    for columns in sorted(_unique(after) - _unique(before)):
        found.append(f"{before.name}: {', '.join(columns)} must not repeat any more")
    return found


def _unique(table: sa.Table) -> set[tuple[str, ...]]:
    named = [i for i in table.indexes if i.unique]
    named += [c for c in table.constraints if isinstance(c, sa.UniqueConstraint)]  # type: ignore[misc]
    return {tuple(column.name for column in rule.columns) for rule in named}
