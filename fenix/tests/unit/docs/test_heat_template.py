"""The Heat template of an application, tools/vnf.yaml: its alarm is one that Fenix counts."""

from __future__ import annotations

import pathlib
from typing import Any

import testtools
import yaml

from fenix.cloud import aodh
from fenix.conf.notifications import PLANNED

_TEMPLATE = pathlib.Path(__file__).parents[4] / "tools" / "vnf.yaml"


class _Loader(yaml.SafeLoader):
    """Heat's versions are dates to YAML and text to Heat."""


_Loader.add_constructor(
    "tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node)
)


class HeatTemplateTest(testtools.TestCase):
    """What Heat would make of it."""

    def setUp(self) -> None:
        super().setUp()
        if not _TEMPLATE.exists():
            self.skipTest("tools/ is not there: tests run from an installed package")
        self.template: dict[str, Any] = yaml.load(_TEMPLATE.read_text(), _Loader)

    def test_every_parameter_is_there_and_used(self) -> None:
        text = _TEMPLATE.read_text()
        for name in self.template["parameters"]:
            self.assertIn(f"get_param: {name}", text)

    def test_the_alarm_gives_the_project_a_manager_that_hears_every_time(self) -> None:
        (alarm,) = [
            r["properties"]
            for r in self.template["resources"].values()
            if r["type"] == "OS::Aodh::EventAlarm"
        ]
        self.assertEqual([{"get_param": "manager_url"}], alarm["alarm_actions"])
        # As Aodh lists what Heat makes of these properties, after it has fired once.
        listed = {
            "alarm_id": "a",
            "project_id": "p",
            "type": "event",
            "enabled": alarm.get("enabled", True),
            "state": "alarm",
            "event_rule": {"event_type": alarm["event_type"]},
            "alarm_actions": ["http://192.0.2.10:9000/maintenance"],
            "repeat_actions": alarm["repeat_actions"],
        }
        self.assertTrue(aodh._counts(listed))
        self.assertEqual(aodh.Manager((PLANNED,)), aodh._manager([listed]))
