"""The actions that come with the service."""

from __future__ import annotations

import sys
from typing import Any
from unittest import mock

import jsonschema
import testtools
from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix import exceptions
from fenix.cloud.base import CloudHost
from fenix.workflow.action import Result, State, Task
from fenix.workflow.actions import command, nova_service_check


class _ActionTestCase(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.conf = cfg.ConfigOpts()
        fenix_conf.load([], conf=self.conf, default_config_files=[])
        self.cloud = mock.Mock()

    def task(self, **metadata: Any) -> Task:
        return Task(
            session_id="s",
            hostname="compute-1",
            type="host",
            metadata=metadata,
            key="k",
            attempt=1,
            conf=self.conf,
            cloud=self.cloud,
            heartbeat=lambda: None,
        )


class CommandTest(_ActionTestCase):
    """An allow-list, no shell, bounded in time and output."""

    def run_command(self, entry: str, **metadata: Any) -> Result:
        self.conf.set_override("allow", [entry], "command_action")
        return command.ActionPlugin(self.task(command="it", **metadata)).run()

    def test_the_host_is_an_argument_and_nothing_is_interpreted(self) -> None:
        result = self.run_command("it = /bin/echo {host} {session} {key} $$HOME ; {other}")
        self.assertEqual(State.SUCCEEDED, result.state)
        self.assertEqual("it: exit status 0\ncompute-1 s k $HOME ; {other}", result.message)

    def test_exit_status_and_both_outputs(self) -> None:
        result = self.run_command("it = /bin/ls /no/such/file")
        self.assertEqual(State.FAILED, result.state)
        self.assertIn("exit status 2", result.message)
        self.assertIn("/no/such/file", result.message)

    def test_too_long(self) -> None:
        result = self.run_command("it = /bin/sleep 60", seconds=0.2)
        self.assertEqual(State.FAILED, result.state)
        self.assertIn("did not end within 0.2 s", result.message)

    def test_the_end_of_long_output_is_kept(self) -> None:
        self.conf.set_override("output_limit", 10, "command_action")
        result = self.run_command(f"it = {sys.executable} -c print('x'*1000+'the-end')")
        self.assertTrue(result.message.endswith("xthe-end"), result.message)
        self.assertLess(len(result.message), 60)

    def test_what_is_not_allowed(self) -> None:
        result = self.run_command("other = /bin/true")
        self.assertEqual(State.FAILED, result.state)
        self.assertIn("allows no command 'it'; allowed: other", result.message)

    def test_a_program_that_is_not_there(self) -> None:
        result = self.run_command("it = /no/such/program")
        self.assertEqual(State.FAILED, result.state)
        self.assertIn("/no/such/program: No such file", result.message)

    def test_an_entry_that_says_nothing(self) -> None:
        for entry in ("it", "it =", "= /bin/true"):
            error = self.assertRaises(exceptions.PluginError, self.run_command, entry)
            self.assertIn("is not 'name = program argument ...'", str(error))

    def test_a_dollar_that_names_no_option(self) -> None:
        error = self.assertRaises(exceptions.PluginError, self.run_command, "it = /bin/echo $HOME")
        self.assertIn("[command_action] allow:", str(error))
        self.assertIn("write $$ for a $", str(error))

    def test_a_session_is_refused_a_command_that_is_not_allowed(self) -> None:
        self.conf.set_override("allow", ["it = /bin/true"], "command_action")
        command.ActionPlugin.check({"command": "it"}, self.conf)
        error = self.assertRaises(
            ValueError, command.ActionPlugin.check, {"command": "/bin/true"}, self.conf
        )
        self.assertIn("command: [command_action] allows no command '/bin/true'", str(error))

    def test_a_request_brings_no_arguments(self) -> None:
        validator = jsonschema.Draft202012Validator(command.ActionPlugin.metadata_schema)
        self.assertTrue(validator.is_valid({"command": "it"}))
        self.assertFalse(validator.is_valid({"command": "it", "arguments": ["-x"]}))


class NovaServiceCheckTest(_ActionTestCase):
    """Services that come back, or do not."""

    def check(self, *answers: Any, seconds: float) -> Result:
        self.cloud.hosts.side_effect = answers
        with mock.patch.object(nova_service_check, "_PAUSE", 0.01):
            return nova_service_check.ActionPlugin(self.task(seconds=seconds)).run()

    def host(self, up: bool) -> list[CloudHost]:
        return [CloudHost("compute-1", frozenset({"compute"}), up=up)]

    def test_up_after_a_while(self) -> None:
        error = exceptions.CloudError("Nova: no answer")
        result = self.check(self.host(False), error, self.host(True), seconds=30)
        self.assertEqual(State.SUCCEEDED, result.state)
        self.assertEqual(3, self.cloud.hosts.call_count)

    def test_not_up(self) -> None:
        result = self.check(self.host(False), seconds=0)
        self.assertEqual(State.FAILED, result.state)
        self.assertEqual("not up within 0 s: a service is down", result.message)

    def test_not_there(self) -> None:
        result = self.check([], seconds=0)
        self.assertIn("Nova does not know the host", result.message)
