"""Plug-ins: only what is configured is loaded, and all of it or nothing."""

from __future__ import annotations

import testtools
from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix import exceptions
from fenix.engine.plugins import Plugins


class PluginsTest(testtools.TestCase):
    """The tables of an engine."""

    def plugins(self, **options: object) -> Plugins:
        conf = cfg.ConfigOpts()
        fenix_conf.load([], conf=conf, default_config_files=[])
        for name, value in options.items():
            conf.set_override(name, value, "engine")
        return Plugins(conf)

    def test_what_comes_with_the_service(self) -> None:
        plugins = self.plugins()
        self.assertEqual(["default"], sorted(plugins.workflows))
        self.assertIn("dummy", plugins.actions)

    def test_one_that_is_not_installed_stops_the_engine(self) -> None:
        error = self.assertRaises(
            exceptions.PluginError, self.plugins, actions=["dummy", "missing"]
        )
        self.assertIn("fenix.actions: missing is configured but not installed", str(error))

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
