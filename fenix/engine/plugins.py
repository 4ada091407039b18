"""Loading of plug-ins: only configured ones, all at the start, or the engine does not start."""

from __future__ import annotations

from typing import Any

import jsonschema
import stevedore.named
from oslo_config import cfg

from fenix import exceptions
from fenix.workflow.action import BaseAction
from fenix.workflow.base import BaseWorkflow

WORKFLOWS = "fenix.workflows"
ACTIONS = "fenix.actions"


class Plugins:
    """Workflows and actions by name. A name from a request is only ever looked up here."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self.workflows: dict[str, type[BaseWorkflow]] = _load(
            WORKFLOWS, conf.engine.workflows, BaseWorkflow
        )
        self.actions: dict[str, type[BaseAction]] = _load(ACTIONS, conf.engine.actions, BaseAction)
        if conf.engine.default_workflow not in self.workflows:
            raise exceptions.PluginError(
                f"[engine] default_workflow = {conf.engine.default_workflow} is not among "
                f"[engine] workflows = {', '.join(self.workflows)}"
            )

    def workflow(self, name: str) -> type[BaseWorkflow]:
        """The class of a workflow. :raises Unprocessable: listing those available."""
        return _find("workflow:", name, self.workflows)

    def action(self, name: str) -> type[BaseAction]:
        """The class of an action. :raises Unprocessable: listing those available."""
        return _find("actions: plugin", name, self.actions)

    def check_action(self, name: str, metadata: dict[str, Any]) -> None:
        """Hold an action's metadata against the plug-in's schema.

        :raises Unprocessable: unknown plug-in. :raises BadRequest: naming what does not fit.
        """
        validator = jsonschema.Draft202012Validator(self.action(name).metadata_schema)
        error = jsonschema.exceptions.best_match(validator.iter_errors(metadata))
        if error is not None:
            where = "".join(f".{part}" for part in error.absolute_path)
            raise exceptions.BadRequest(f"actions: metadata{where} of {name}: {error.message}")


def _find(what: str, name: str, table: dict[str, Any]) -> Any:
    try:
        return table[name]
    except KeyError:
        raise exceptions.Unprocessable(
            f"{what} {name!r} is not available; available: {', '.join(sorted(table)) or 'none'}"
        ) from None


def _load(group: str, names: list[str], base: type) -> dict[str, Any]:
    def broken(_manager: Any, entry_point: Any, error: Exception) -> None:
        raise exceptions.PluginError(f"{group}: {entry_point.name} does not load: {error}")

    def missing(absent: set[str]) -> None:
        raise exceptions.PluginError(
            f"{group}: {', '.join(sorted(absent))} is configured but not installed; install the "
            f"package that provides it, or take it out of the configuration"
        )

    manager = stevedore.named.NamedExtensionManager(
        group,
        names=names,
        on_load_failure_callback=broken,
        on_missing_entrypoints_callback=missing,
    )
    table = {extension.name: extension.plugin for extension in manager}
    for name, plugin in table.items():
        if not (isinstance(plugin, type) and issubclass(plugin, base)):
            raise exceptions.PluginError(f"{group}: {name} is not a {base.__name__}")
    return table
