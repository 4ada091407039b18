"""The rules: documented, and overridden by a file."""

from __future__ import annotations

import os
import pathlib
import tempfile
import unittest

from oslo_config import cfg
from oslo_policy import policy as oslo_policy

from fenix import conf as fenix_conf
from fenix import exceptions, policy
from fenix.context import RequestContext


class RulesTest(unittest.TestCase):
    def test_every_rule_of_a_call_says_which(self) -> None:
        documented = [
            r for r in policy.list_rules() if isinstance(r, oslo_policy.DocumentedRuleDefault)
        ]
        self.assertEqual(25, len(documented))
        for rule in documented:
            with self.subTest(rule.name):
                self.assertTrue(rule.operations)
                self.assertEqual(["system", "project"], rule.scope_types)

    def test_what_engines_are_told_names_no_project(self) -> None:
        context = RequestContext(project_id="p", user_id="u", request_id="req-1")
        self.assertEqual(
            {"request_id": "req-1", "global_request_id": None, "user_id": "u"}, context.to_rpc()
        )


class OverrideTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name) / "policy.yaml"
        self.conf = cfg.ConfigOpts()
        fenix_conf.load([], conf=self.conf, default_config_files=[])
        self.conf.set_override("policy_file", str(self.file), group="oslo_policy")

    def test_an_operator_lets_a_role_of_theirs_in(self) -> None:
        self.file.write_text('"session:list": "role:operator"\n')
        enforcer = policy.make_enforcer(self.conf)
        operator = RequestContext(project_id="p", roles=["operator"])
        policy.authorize(enforcer, "session:list", {}, operator)
        with self.assertRaises(exceptions.Forbidden):
            policy.authorize(enforcer, "session:show", {}, operator)

    def test_a_change_is_obeyed_within_a_second(self) -> None:
        self.file.write_text('"session:list": "role:operator"\n')
        enforcer = policy.make_enforcer(self.conf)
        operator = RequestContext(project_id="p", roles=["operator"])
        policy.authorize(enforcer, "session:list", {}, operator)
        self.file.write_text('"session:list": "role:somebody_else"\n')
        os.utime(self.file, (4e9, 4e9))  # later than before on any file system
        enforcer._looked -= 1.0
        with self.assertRaises(exceptions.Forbidden):
            policy.authorize(enforcer, "session:list", {}, operator)
