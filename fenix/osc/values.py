"""Values of options: what is accepted, and what a refusal says."""

from __future__ import annotations

import argparse
import datetime
import json
import pathlib
import sys
from collections.abc import Callable
from typing import Any

import yaml

#: What the service can read; it refuses by itself what it cannot store.
_LARGEST = 2**63 - 1
_SHORTEST_TIME = len("2026-01-31 23:30")
ACTIONS = ("MIGRATE", "LIVE_MIGRATE", "OWN_ACTION", "EVICTION")


def moment(text: str) -> str:
    """A time, as the service takes it."""
    try:
        if len(text.strip()) < _SHORTEST_TIME:
            raise ValueError
        datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time; give one such as '2026-01-31 23:30:00' (UTC) or "
            f"'2026-01-31T23:30:00+02:00'"
        ) from None
    return text.strip()


def whole(least: int, unit: str = "") -> Callable[[str], int]:
    """A whole number from ``least`` on."""

    def checked(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            kind = f"whole number of {unit}" if unit else "whole number"
            raise argparse.ArgumentTypeError(f"{text!r} is not a {kind} from {least} on")
        if number > _LARGEST:
            raise argparse.ArgumentTypeError(f"{text!r} is too large; give at most {_LARGEST}")
        return number

    return checked


def pair(text: str) -> tuple[str, str]:
    """``key=value``."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form <key>=<value>")
    return key, value


def json_object(text: str) -> dict[str, Any]:
    """A JSON object."""
    try:
        found = json.loads(text, parse_constant=_no_number)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is not a JSON object, such as '{{\"a\": 1}}'")
    return found


def host_action(text: str) -> dict[str, Any]:
    """An action plug-in to run: ``type=host,plugin=command[,order=1]``, or a JSON object."""
    if text.lstrip().startswith("{"):
        return json_object(text)
    found: dict[str, Any] = dict(pair(part) for part in text.split(","))
    missing = {"type", "plugin"} - found.keys()
    unknown = found.keys() - {"type", "plugin", "order"}
    if missing or unknown:
        wrong = f"{', '.join(sorted(missing))} is missing"
        if unknown:
            wrong = f"{', '.join(sorted(unknown))} is unknown"
        raise argparse.ArgumentTypeError(
            f"{text!r}: {wrong}; give type=<type>,plugin=<plug-in>[,order=<number>], or a JSON "
            f'object, which may have "metadata", too'
        )
    if "order" in found:
        found["order"] = whole(-(2**31))(found["order"])
    return found


def move_action(text: str) -> str:
    """How an instance is to move."""
    chosen = text.upper()
    if chosen not in ACTIONS:
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(ACTIONS)}")
    return chosen


def instance_action(text: str) -> tuple[str | None, str]:
    """``<action>`` for all instances, or ``<instance>=<action>``."""
    instance, equals, action = text.rpartition("=")
    if equals and not instance:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form <instance>=<action>")
    return instance or None, move_action(action)


def reply(text: str) -> str:
    """``ACK_<state>`` or ``NACK_<state>``."""
    if not text.startswith(("ACK_", "NACK_")):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a reply; give ACK_<state> or NACK_<state>, such as ACK_MAINTENANCE"
        )
    return text


def document(path: str) -> dict[str, Any]:
    """An object from a YAML or JSON file; ``-`` is standard input."""
    try:
        text = sys.stdin.read() if path == "-" else pathlib.Path(path).read_text()
        found = _JsonLoader(text).get_single_data()
    except (OSError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"{path} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        words = " ".join(str(error).split())
        raise argparse.ArgumentTypeError(f"{path} is neither YAML nor JSON: {words}") from None
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError(f"{path} does not hold an object with a session's fields")
    try:
        json.dumps(found, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise argparse.ArgumentTypeError(
            f"{path} holds what JSON has not: {error}; use texts, numbers, lists and objects"
        ) from None
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


class _JsonLoader(yaml.SafeLoader):
    """Times stay texts: the service reads them."""

    yaml_implicit_resolvers = {
        first: [(tag, form) for tag, form in pairs if tag != "tag:yaml.org,2002:timestamp"]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def picture_file(path: str) -> pathlib.Path:
    """Where a picture is written."""
    found = pathlib.Path(path)
    if found.suffix.lower() != ".svg":
        raise argparse.ArgumentTypeError(f"{path!r} does not end in .svg; pictures are SVG files")
    if not found.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(f"{path!r}: there is no folder {found.parent}")
    return found
