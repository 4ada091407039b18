"""JSON schemas, and refusals that say which field, which value, and what to send instead.

A schema's ``description`` of a field is written for the refusal: *"send ..."*.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import jsonschema
from jsonschema import validators

from fenix import exceptions

Schema = dict[str, Any]

_SHOWN = 80


def _is_integer(_checker: Any, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_checker: Any, value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_Validator = validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_integer, "number": _is_number}
    ),
)


def check(value: Any, schema: Schema) -> None:
    """Hold a body against its schema.

    :raises BadRequest: for the first thing that is wrong, in the order of the body.
    """
    errors = list(_Validator(schema).iter_errors(value))
    if errors:
        raise exceptions.BadRequest(_explained(min(errors, key=_rank)))


def _rank(error: Any) -> tuple[int, str]:
    # What is missing or unknown is said after what is wrong: it may be a misspelt name.
    return (error.validator == "required", _field(error))


def _field(error: Any) -> str:
    name = ""
    for step in error.absolute_path:
        name += f"[{step}]" if isinstance(step, int) else f".{step}" if name else str(step)
    return name


def shown(value: Any) -> str:
    """A value as the client wrote it, cut to a readable length."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _given(error: Any) -> str:
    """The value that is wrong, unless it must not be shown to anybody."""
    if isinstance(error.schema, dict) and error.schema.get("writeOnly"):
        return "what was sent"
    return shown(error.instance)


_NAMES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


def _types(error: Any) -> str:
    kinds = error.validator_value
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join(_NAMES.get(k, k) for k in kinds)


def _unknown(error: Any) -> str:
    known = error.schema.get("properties", {})
    unknown = sorted(set(error.instance) - set(known))
    return f"unknown field {', '.join(map(repr, unknown))}; known are {', '.join(sorted(known))}"


def _repeated(error: Any) -> str:
    twice = sorted({shown(v) for v in error.instance if error.instance.count(v) > 1})
    return f"{', '.join(twice)} is listed more than once"


_WORDS: Mapping[str, Callable[[Any], str]] = {
    "type": lambda e: f"{_given(e)} is not {_types(e)}",
    "enum": lambda e: f"{_given(e)} is not one of {', '.join(map(str, e.validator_value))}",
    "required": lambda e: f"{e.message.split(' is ')[0]} is missing",
    "additionalProperties": _unknown,
    "uniqueItems": _repeated,
    "minimum": lambda e: f"{_given(e)} is less than {e.validator_value}",
    "maximum": lambda e: f"{_given(e)} is more than {e.validator_value}",
    "minLength": lambda e: f"{_given(e)} is shorter than {e.validator_value} characters",
    "maxLength": lambda e: f"{_given(e)} is longer than {e.validator_value} characters",
    "maxItems": lambda e: f"more than {e.validator_value} elements",
    "maxProperties": lambda e: f"more than {e.validator_value} keys",
    "pattern": lambda e: f"{_given(e)} does not look right",
    "anyOf": lambda e: f"{_given(e)} is not one of the forms that are accepted",
}


def _explained(error: Any) -> str:
    words = _WORDS.get(error.validator)
    text = words(error) if words else error.message
    field = _field(error)
    if field:
        text = f"{field}: {text}"
    elif error.validator == "type":
        text = f"the body: {text}"
    remedy = error.schema.get("description") if isinstance(error.schema, dict) else None
    return f"{text}; {remedy}" if remedy else text
