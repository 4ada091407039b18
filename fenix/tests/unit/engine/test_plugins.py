"""Plug-ins: only what is configured is loaded, and all of it or nothing."""

from __future__ import annotations

from unittest import mock

import testtools
from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix import exceptions
from fenix.engine.plugins import Plugins
from fenix.workflow.actions import dummy
from fenix.workflow.workflows import default


class PluginsTest(testtools.TestCase):
    """The tables of an engine."""

    def plugins(self, **options: object) -> Plugins:
        conf = cfg.ConfigOpts()
        fenix_conf.load([], conf=conf, default_config_files=[])
        for name, value in options.items():
            conf.set_override(name, value, "command_action" if name == "allow" else "engine")
        return Plugins(conf)

    def test_what_comes_with_the_service(self) -> None:
        plugins = self.plugins()
        self.assertEqual(["default", "vnf"], sorted(plugins.workflows))
        self.assertIn("dummy", plugins.actions)

    def test_one_that_is_not_installed_stops_the_engine(self) -> None:
        error = self.assertRaises(
            exceptions.PluginError, self.plugins, actions=["dummy", "missing"]
        )
        self.assertIn("fenix.actions: missing is configured but not installed", str(error))

    def test_observers_are_off_unless_configured(self) -> None:
        self.assertEqual({}, self.plugins().observers)
        self.assertEqual(["masakari"], list(self.plugins(host_observers=["masakari"]).observers))
        error = self.assertRaises(
            exceptions.PluginError, self.plugins, host_observers=["masakari", "missing"]
        )
        self.assertIn("fenix.host_observers: missing is configured but not installed", str(error))

    def test_the_default_must_be_loaded(self) -> None:
        error = self.assertRaises(exceptions.PluginError, self.plugins, default_workflow="other")
        self.assertIn("default_workflow = other is not among", str(error))

    def test_a_name_is_only_looked_up(self) -> None:
        plugins = self.plugins()
        for name in ("os", "fenix.workflow.workflows.default", "../default", ""):
            error = self.assertRaises(exceptions.Unprocessable, plugins.workflow, name)
            self.assertIn("available: default", str(error))

    def test_metadata_is_held_against_the_schema(self) -> None:
        plugins = self.plugins()
        plugins.check_action("dummy", {"seconds": 1})
        error = self.assertRaises(
            exceptions.BadRequest, plugins.check_action, "dummy", {"seconds": -1}
        )
        self.assertIn("metadata.seconds of dummy", str(error))

    def test_one_that_is_not_as_the_contract_says_stops_the_engine(self) -> None:
        for attribute, value, words in (
            ("metadata_schema", {"type": "objekt"}, "dummy: metadata_schema is no JSON schema"),
            ("timeout", -1, "dummy: timeout is -1; it is seconds, or None"),
        ):
            with mock.patch.object(dummy.ActionPlugin, attribute, value):
                error = self.assertRaises(exceptions.PluginError, self.plugins)
            self.assertIn(words, str(error))
        with mock.patch.object(default.Workflow, "parameters", {"type": 1}):
            error = self.assertRaises(exceptions.PluginError, self.plugins)
        self.assertIn("default: parameters is no JSON schema", str(error))
        table = default.Workflow.table.extended(
            {("MAINTENANCE", "nap"): "NAP", ("NAP", "up"): "MAINTENANCE"}
        )
        with mock.patch.object(default.Workflow, "table", table):
            error = self.assertRaises(exceptions.PluginError, self.plugins)
        self.assertIn("default: its table has state NAP, but it has no method nap()", str(error))

    def test_parameters_are_held_against_the_workflow_s_schema(self) -> None:
        plugins = self.plugins()
        plugins.check_parameters("default", {})
        error = self.assertRaises(
            exceptions.BadRequest, plugins.check_parameters, "default", {"soak": 1}
        )
        self.assertIn("parameters: the workflow default takes none", str(error))
        schema = {"properties": {"soak": {"type": "number"}}, "required": ["soak"]}
        with mock.patch.object(default.Workflow, "parameters", schema):
            plugins.check_parameters("default", {"soak": 1})
            for given, words in (
                ({"soak": "long"}, "parameters.soak of default: 'long' is not of type 'number'"),
                ({}, "parameters of default: 'soak' is a required property"),
            ):
                error = self.assertRaises(
                    exceptions.BadRequest, plugins.check_parameters, "default", given
                )
                self.assertIn(words, str(error))

    def test_a_wrong_list_of_commands_stops_the_engine(self) -> None:
        error = self.assertRaises(exceptions.PluginError, self.plugins, allow=["reboot"])
        self.assertIn("[command_action] allow: 'reboot' is not", str(error))
