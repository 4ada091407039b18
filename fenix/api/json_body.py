"""From bytes to JSON values that every database and engine behind can hold.

Stricter than :mod:`json`: no NaN, no duplicate keys, no number beyond 64 bits, bounded depth,
and no text that PostgreSQL or UTF-8 cannot carry.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from fenix import exceptions

_MAX_INT = 2**63 - 1
_MAX_DIGITS = 20


def parse(raw: bytes, max_depth: int) -> Any:
    """The value that a body holds.

    :raises BadRequest: naming the position, key or field that is wrong.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise exceptions.BadRequest(
            f"the body is not UTF-8 (byte {error.start}); send JSON in UTF-8"
        ) from None
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        raise exceptions.BadRequest(
            f"the body is not JSON: {error.msg}: line {error.lineno} column {error.colno}"
        ) from None
    except RecursionError:
        raise _too_deep(max_depth) from None
    _check(value, max_depth)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise exceptions.BadRequest(f"{key!a} is given twice; give it once")
            seen.add(key)
    return made


def _integer(text: str) -> int:
    value = int(text) if len(text) <= _MAX_DIGITS else None
    if value is None or abs(value) > _MAX_INT:
        raise exceptions.BadRequest(
            f"the number {_shortened(text)} is beyond 64 bits; send a smaller one"
        )
    return value


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise exceptions.BadRequest(
            f"the number {_shortened(text)} is beyond 64 bits; send a smaller one"
        )
    return value


def _constant(text: str) -> NoReturn:
    raise exceptions.BadRequest(f"{text} is not JSON; send a number or leave the field out")


def _shortened(text: str) -> str:
    return text if len(text) <= 30 else text[:30] + "..."


def _too_deep(limit: int) -> exceptions.BadRequest:
    return exceptions.BadRequest(
        f"the body is nested deeper than {limit} levels; send a flatter one"
    )


def _check(value: Any, max_depth: int) -> None:
    """Walk without recursion: depth, and every text with the field it stands in."""
    waiting: list[tuple[str, int, Any]] = [("", 1, value)]
    while waiting:
        field, depth, found = waiting.pop()
        if isinstance(found, str):
            _check_text(field, found)
        elif isinstance(found, dict | list):
            if depth > max_depth:
                raise _too_deep(max_depth)
            if isinstance(found, dict):
                for key, inner in found.items():
                    _check_text(f"a key of {field or 'the body'}", key)
                    waiting.append((f"{field}.{key}" if field else key, depth + 1, inner))
            else:
                waiting += [(f"{field}[{i}]", depth + 1, v) for i, v in enumerate(found)]


def _check_text(field: str, text: str) -> None:
    if "\0" in text:
        raise exceptions.BadRequest(f"{field or 'the body'} contains a NUL character; remove it")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise exceptions.BadRequest(
            f"{field or 'the body'} contains half of a surrogate pair; send whole characters"
        ) from None
