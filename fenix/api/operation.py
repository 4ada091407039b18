"""What is known of a verb of a resource besides the method that answers it."""

from __future__ import annotations

import dataclasses

from fenix.api.validation import Schema


@dataclasses.dataclass(frozen=True, slots=True)
class Parameter:
    """A field of the query."""

    name: str
    schema: Schema
    description: str


@dataclasses.dataclass(frozen=True, slots=True)
class Operation:
    """A verb of a resource, as the description of the API tells it.

    :ivar rules: policy rules, of which one lets the caller pass; empty: no token is needed.
    :ivar body: schema of the request's body; None: it takes none.
    :ivar answer: schema of the answer with code 200.
    :ivar refusals: codes besides those that every request may be refused with.
    """

    rules: tuple[str, ...]
    body: Schema | None
    body_optional: bool
    answer: Schema | None
    query: tuple[Parameter, ...]
    refusals: tuple[int, ...]
