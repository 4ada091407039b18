"""Scenarios: what cloud there is, what the administrator does, what a manager has to live through.

Those that come with Fenix are the YAML files beside this module; one may write others.
"""

from __future__ import annotations

import dataclasses
import pathlib
from importlib import resources
from typing import Any

import jsonschema
import yaml

from fenix import states

_FOLDER = resources.files("fenix.cmd.emulator") / "scenarios"
_SUFFIX = ".yaml"
_SHOWN = 200

_NAME = {"type": "string", "pattern": "^[a-z][a-z0-9-]*$", "maxLength": 30}
_SOME = {"type": "integer", "minimum": 1, "maximum": 50}
_ASKED = {"enum": sorted(states.FOR_PROJECTS)}
_REACHED = {"enum": sorted({*states.FOR_PROJECTS - {states.INSTANCE_ACTION_DONE}, *states.IDLE})}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


#: What the administrator can be told to do; each step has one of these keys.
STEPS: dict[str, Any] = {
    "create": {"type": "object"},
    "wait": _REACHED,
    "maintained": _SOME,
    "command": {"enum": ["pause", "resume", "abort", "continue"]},
    "clear_faults": {"const": True},
    "neighbour_answers": {"const": True},
}
_SCHEMA = _object(
    ["title", "about", "cloud", "steps", "asked", "ends"],
    title={"type": "string"},
    about={"type": "string"},
    workflow={"enum": ["default", "vnf"]},
    settings={"type": "object", "additionalProperties": {"type": "object"}},
    cloud=_object(
        ["computes", "vcpus", "instances"],
        computes=_SOME,
        vcpus=_SOME,
        instances={
            "type": "object",
            "minProperties": 1,
            "propertyNames": _NAME,
            "additionalProperties": _object(
                ["count"], count=_SOME, anti_affinity={"type": "boolean"}
            ),
        },
        neighbour=_SOME,
        failing_moves=_NAME,
    ),
    steps={
        "type": "array",
        "minItems": 1,
        "items": {**_object([], **STEPS), "minProperties": 1, "maxProperties": 1},
    },
    asked={"type": "array", "items": _ASKED, "minItems": 1},
    ends={"enum": [states.MAINTENANCE_DONE, states.MAINTENANCE_FAILED]},
)


class ScenarioError(Exception):
    """A scenario cannot be used; the text says which, why, and what would do."""


@dataclasses.dataclass(frozen=True)
class Group:
    """Instances of the application that do the same work."""

    name: str
    count: int
    anti_affinity: bool = False


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One scenario.

    :ivar about: what it is for, in a sentence.
    :ivar settings: options of Fenix by section and name.
    :ivar neighbour: instances of another project, whose manager is silent at first.
    :ivar failing_moves: the group whose migrations fail until the faults are cleared.
    :ivar steps: what the administrator does, each a pair of a key of :data:`STEPS` and a value.
    :ivar asked: states that the manager is told of; one that is not reached was not tried.
    :ivar ends: the state in which the session ends.
    """

    name: str
    title: str
    about: str
    computes: int
    vcpus: int
    groups: tuple[Group, ...]
    steps: tuple[tuple[str, Any], ...]
    asked: tuple[str, ...]
    ends: str
    workflow: str = "default"
    settings: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    neighbour: int = 0
    failing_moves: str | None = None

    @property
    def instances(self) -> int:
        """How many instances the application has."""
        return sum(g.count for g in self.groups)


def names() -> list[str]:
    """Names of the scenarios that come with Fenix."""
    files = (entry.name for entry in _FOLDER.iterdir())
    return sorted(f.removesuffix(_SUFFIX) for f in files if f.endswith(_SUFFIX))


def load(name: str) -> Scenario:
    """A scenario by its name, or from a file (a name with a slash or ``.yaml``).

    :raises ScenarioError: there is none, or it cannot be used.
    """
    if "/" not in name and not name.endswith(_SUFFIX):
        if name not in names():
            raise ScenarioError(
                f"there is no scenario {name!r}; there are {', '.join(names())}, or name a file "
                f"such as ./{name}{_SUFFIX}"
            )
        return read(name, (_FOLDER / f"{name}{_SUFFIX}").read_text())
    path = pathlib.Path(name)
    try:
        text = path.read_text()
    except OSError as error:
        raise ScenarioError(f"{name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ScenarioError(f"{name} cannot be read: it is not text") from None
    return read(path.stem, text)


def read(name: str, text: str) -> Scenario:
    """A scenario from YAML.

    :raises ScenarioError: it is not one; the text names the field.
    """
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ScenarioError(f"{name} is not YAML: {' '.join(str(error).split())}") from None
    _check(name, found)
    cloud = found["cloud"]
    groups = tuple(Group(key, **value) for key, value in cloud["instances"].items())
    made = Scenario(
        name=name,
        title=found["title"],
        about=" ".join(found["about"].split()),
        computes=cloud["computes"],
        vcpus=cloud["vcpus"],
        groups=groups,
        steps=tuple(next(iter(step.items())) for step in found["steps"]),
        asked=tuple(found["asked"]),
        ends=found["ends"],
        workflow=found.get("workflow", "default"),
        settings=found.get("settings", {}),
        neighbour=cloud.get("neighbour", 0),
        failing_moves=cloud.get("failing_moves"),
    )
    _check_sizes(made)
    return made


def _check(name: str, found: Any) -> None:
    wrong = jsonschema.Draft202012Validator(_SCHEMA).iter_errors(found)
    error = jsonschema.exceptions.best_match(wrong)
    if error is not None:
        where = ".".join(map(str, error.absolute_path)) or "the file"
        said = error.message if len(error.message) <= _SHOWN else f"{error.message[:_SHOWN]}..."
        raise ScenarioError(f"{name}: {where}: {said}")


def _check_sizes(made: Scenario) -> None:
    room = made.computes * made.vcpus
    wanted = made.instances + made.neighbour
    if wanted > room:
        raise ScenarioError(
            f"{made.name}: cloud.instances: {wanted} instances do not fit into {made.computes} "
            f"computes of {made.vcpus} vCPUs; give it more computes or vcpus"
        )
    apart = [g for g in made.groups if g.anti_affinity and g.count > made.computes]
    if apart:
        raise ScenarioError(
            f"{made.name}: cloud.instances.{apart[0].name}: {apart[0].count} instances cannot be "
            f"kept apart on {made.computes} computes"
        )
    if made.failing_moves not in {None, *(g.name for g in made.groups)}:
        raise ScenarioError(
            f"{made.name}: cloud.failing_moves: there are no instances {made.failing_moves!r}"
        )
    if made.steps[0][0] != "create":
        raise ScenarioError(f"{made.name}: steps.0: the first step is 'create'")
