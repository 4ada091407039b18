"""Loading of plug-ins: only configured ones, all at the start, or the engine does not start."""

from __future__ import annotations

from typing import Any

import jsonschema
import stevedore.named
from oslo_config import cfg

from fenix import exceptions
from fenix.workflow.action import BaseAction
from fenix.workflow.base import BaseWorkflow
from fenix.workflow.observer import BaseHostObserver

WORKFLOWS = "fenix.workflows"
ACTIONS = "fenix.actions"
OBSERVERS = "fenix.host_observers"

#: Room for it in the names of carriers and in keys.
_LONGEST_OBSERVER = 23


class Plugins:
    """Workflows and actions by name. A name from a request is only ever looked up here."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self.workflows: dict[str, type[BaseWorkflow]] = _load(
            WORKFLOWS, conf.engine.workflows, BaseWorkflow
        )
        self.actions: dict[str, type[BaseAction]] = _load(ACTIONS, conf.engine.actions, BaseAction)
        self.observers: dict[str, type[BaseHostObserver]] = _load(
            OBSERVERS, conf.engine.host_observers, BaseHostObserver
        )
        self._conf = conf
        for name, observer in self.observers.items():
            if len(name) > _LONGEST_OBSERVER:
                raise exceptions.PluginError(
                    f"{OBSERVERS}: {name}: a name has at most {_LONGEST_OBSERVER} characters"
                )
            observer.configured(conf)
        for name, action in self.actions.items():
            _demand_schema(f"{ACTIONS}: {name}: metadata_schema", action.metadata_schema)
            if action.timeout is not None and not action.timeout > 0:
                raise exceptions.PluginError(
                    f"{ACTIONS}: {name}: timeout is {action.timeout!r}; it is seconds, or None"
                )
            action.configured(conf)
        for name, workflow in self.workflows.items():
            _demand_schema(f"{WORKFLOWS}: {name}: parameters", workflow.parameters)
            for state in sorted(workflow.table.resumable):
                if not callable(getattr(workflow, state.lower(), None)):
                    raise exceptions.PluginError(
                        f"{WORKFLOWS}: {name}: its table has state {state}, but it has no method "
                        f"{state.lower()}()"
                    )
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

        :raises Unprocessable: unknown plug-in, or the plug-in refuses it.
        :raises BadRequest: naming what does not fit.
        """
        plugin = self.action(name)
        misfit = _misfit(plugin.metadata_schema, metadata)
        if misfit is not None:
            where, why = misfit
            raise exceptions.BadRequest(f"actions: metadata{where} of {name}: {why}")
        try:
            plugin.check(metadata, self._conf)
        except ValueError as error:
            raise exceptions.Unprocessable(f"actions: metadata of {name}: {error}") from None

    def check_type(self, workflow: str, kind: str) -> None:
        """An action's type must be one that the workflow runs.

        :raises Unprocessable: listing those that it does.
        """
        known = self.workflow(workflow).action_types
        if kind not in known:
            raise exceptions.Unprocessable(
                f"actions: type {kind!r} is never run by workflow {workflow}; it runs "
                f"{', '.join(sorted(known))}"
            )

    def check_parameters(self, workflow: str, parameters: dict[str, Any]) -> None:
        """Hold a session's parameters against the workflow's schema.

        :raises BadRequest: naming what does not fit.
        """
        schema = self.workflow(workflow).parameters
        if schema is None:
            if parameters:
                raise exceptions.BadRequest(f"parameters: the workflow {workflow} takes none")
            return
        misfit = _misfit(schema, parameters)
        if misfit is not None:
            where, why = misfit
            raise exceptions.BadRequest(f"parameters{where} of {workflow}: {why}")


def _demand_schema(what: str, schema: dict[str, Any] | None) -> None:
    if schema is None:
        return
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.exceptions.SchemaError as error:
        raise exceptions.PluginError(f"{what} is no JSON schema: {error.message}") from None


def _misfit(schema: dict[str, Any], value: object) -> tuple[str, str] | None:
    """Where a value does not fit a schema, and why; None when it does."""
    validator = jsonschema.Draft202012Validator(schema)
    error = jsonschema.exceptions.best_match(validator.iter_errors(value))
    if error is None:
        return None
    return "".join(f".{part}" for part in error.absolute_path), error.message


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
