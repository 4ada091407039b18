"""``plan`` against the planner itself."""

from __future__ import annotations

import pathlib
from xml.etree import ElementTree

from fenix.tests.functional.client.base import CommandLineTestCase


class PlanTest(CommandLineTestCase):
    """A cloud with room."""

    def started(self) -> None:
        """No managers: nothing is begun."""

    def test_a_plan_and_its_picture(self) -> None:
        picture = pathlib.Path(self.cluster.conf.state_path) / "plan.svg"
        asked = ("plan", "--all-hosts", "--action", "type=host,plugin=dummy")
        plan = self.worked(*asked, "--picture", str(picture), "-f", "json").json()
        self.assertEqual("default", plan["workflow"])
        hosts = [h["host"] for w in plan["waves"] for h in w["hosts"]]
        self.assertEqual({"compute-1", "compute-2", "compute-3"}, set(hosts))
        self.assertGreaterEqual(len(plan["moves"]), plan["bounds"]["moves"])
        self.assertEqual([], plan["blocked_hosts"])
        names = {t.text for t in ElementTree.parse(picture).getroot().iter()}
        self.assertTrue(set(hosts) <= names)
        told = self.worked(*asked, "-f", "table").out
        self.assertIn("at best", told)
        self.assertEqual([], self.worked("session", "list", "-f", "json").json())


class FullCloudTest(CommandLineTestCase):
    """A cloud in which no host can be emptied."""

    def build(self) -> None:
        self.computes(2, vcpus=2)
        self.instances("worker", {"compute-1": 2, "compute-2": 2})

    def started(self) -> None:
        """No managers: nothing is begun."""

    def test_what_is_missing(self) -> None:
        plan = self.worked("plan", "--all-hosts", "-f", "json", code=5).json()
        self.assertEqual(2, plan["scale_in"]["instances"])
        told = self.worked("plan", "--all-hosts", code=5).out
        self.assertIn("2 instances, 2 vCPUs, so that compute-", told)
        self.assertIn("--host: ", self.refused("plan", "--host", "nowhere"))
