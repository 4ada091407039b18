"""The limits of a session: hosts that fail, canaries, a window."""

from __future__ import annotations

import datetime
import itertools
from typing import Any

from fenix import timing
from fenix.tests.functional.sessions.base import SessionTestCase

_ACTION = {"plugin": "dummy", "type": "host", "metadata": {"seconds": 0.2}}


class _LimitsTestCase(SessionTestCase):
    def started(self) -> None:
        """Nobody is asked."""

    def hosts(self, detail: dict[str, Any]) -> dict[str, dict[str, Any]]:
        return {h["hostname"]: h for h in detail["hosts"]}

    def began(self, detail: dict[str, Any]) -> dict[str, datetime.datetime]:
        """When the work on each host began."""
        return {
            r["hostname"]: timing.parse(r["created_at"]) for r in detail["action_plugin_instances"]
        }

    def in_seconds(self, seconds: float) -> str:
        moment = timing.SystemClock().now() + datetime.timedelta(seconds=seconds)
        return str(timing.wire(moment))


class FailedHostsTest(_LimitsTestCase):
    """``max_failed_hosts``."""

    settings = {"workflow": {"live_migration_retries": 0}}

    def build(self) -> None:
        self.computes(4)
        self.instances("worker", {"compute-1": 1, "compute-2": 2, "compute-3": 1})
        self.cloud.faults.set("compute-2", live_migration="error")

    def moves_end(self, session_id: str) -> None:
        """Wait for moves that began with the fault: with no tries left, their end would count."""
        self.wait_for(
            lambda: not any(i["move_phase"] for i in self.detail(session_id)["instances"]),
            "the end of moves under way",
        )

    def test_the_others_are_maintained(self) -> None:
        detail = self.done(self.create(max_failed_hosts=1))
        hosts = self.hosts(detail)
        self.assertEqual("quarantined", hosts["compute-2"]["phase"])
        self.assertIn("could not be moved off compute-2", hosts["compute-2"]["details"])
        self.assertEqual(
            {"compute-1": True, "compute-2": False, "compute-3": True, "compute-4": True},
            {name: h["maintained"] for name, h in hosts.items()},
        )
        self.assertIn("1 of 4 hosts were not maintained. compute-2:", detail["session"]["reason"])
        # Nothing was done to it: it is used as before.
        self.assertEqual("enabled", self.service("compute-2").status)

    def test_one_more_fails_the_session_which_can_be_continued(self) -> None:
        session_id = self.create()
        self.assertIn("could not be moved off compute-2", self.reason(session_id))
        self.moves_end(session_id)
        self.cloud.faults.clear()
        self.request("PUT", f"/{session_id}")
        detail = self.done(session_id)
        self.assertEqual({True}, {h["maintained"] for h in detail["hosts"]})
        self.assertIsNone(detail["session"]["reason"])

    def test_those_set_aside_get_another_try_when_the_session_is_continued(self) -> None:
        self.cloud.faults.set("compute-3", live_migration="error")
        session_id = self.create(max_failed_hosts=1)
        self.reason(session_id)
        self.moves_end(session_id)
        self.cloud.faults.clear()
        self.request("PUT", f"/{session_id}")
        detail = self.done(session_id)
        self.assertEqual({True}, {h["maintained"] for h in detail["hosts"]})


class ParallelHostsTest(_LimitsTestCase):
    """``max_parallel_hosts`` of a session, whatever the configuration says."""

    def build(self) -> None:
        self.computes(4)
        self.instances("worker", {"compute-1": 1})

    def test_no_more_are_out_at_the_same_time(self) -> None:
        slow = {**_ACTION, "metadata": {"seconds": 1.5}}
        detail = self.done(self.create(actions=[slow], max_parallel_hosts=2))
        steps = []
        for run in detail["action_plugin_instances"]:
            # Whole seconds: an end and a beginning in the same one do not overlap.
            steps += [(timing.parse(run["started_at"]), 1), (timing.parse(run["finished_at"]), -1)]
        most = max(itertools.accumulate(change for _, change in sorted(steps)))
        self.assertEqual(2, most)


class CanaryTest(_LimitsTestCase):
    """``canary_hosts`` and ``canary_soak``."""

    def build(self) -> None:
        self.computes(4)
        self.instances("worker", {"compute-1": 1, "compute-2": 1})

    def test_the_others_wait_until_the_canaries_have_soaked(self) -> None:
        detail = self.done(self.create(actions=[_ACTION], canary_hosts=2, canary_soak=3))
        began = sorted(self.began(detail).values())
        self.assertEqual(4, len(began))
        self.assertGreaterEqual((began[2] - began[1]).total_seconds(), 3)

    def test_a_canary_that_fails_is_not_set_aside(self) -> None:
        failing = {**_ACTION, "metadata": {"fail": True}}
        session_id = self.create(actions=[failing], canary_hosts=1, max_failed_hosts=4)
        self.assertIn("told to fail", self.reason(session_id))
        phases = [h["phase"] for h in self.detail(session_id)["hosts"]]
        self.assertEqual(3, phases.count("pending"))


class ControllersTest(_LimitsTestCase):
    """A controller that is maintained while a compute, emptied first, waits for it."""

    def build(self) -> None:
        self.cloud.add_host("controller-1", roles=("controller",))
        self.computes(3)
        self.instances("worker", {"compute-1": 2, "compute-2": 2, "compute-3": 2})

    def test_it_is_the_first_and_the_canary(self) -> None:
        limits = {"max_parallel_hosts": 1, "canary_hosts": 1, "canary_soak": 2}
        detail = self.done(self.create(actions=[_ACTION], **limits))
        began = sorted((moment, name) for name, moment in self.began(detail).items())
        self.assertEqual(4, len(began))
        self.assertEqual("controller-1", began[0][1])
        self.assertGreaterEqual((began[1][0] - began[0][0]).total_seconds(), 2)


class WindowTest(_LimitsTestCase):
    """``window_end``."""

    settings = {"workflow": {"host_maintenance_time": 5, "max_parallel_hosts": 1}}

    def build(self) -> None:
        self.computes(4)
        self.instances("worker", {"compute-1": 1, "compute-2": 1})

    def test_nothing_begins_that_would_not_be_done_in_time(self) -> None:
        session_id = self.create(actions=[_ACTION], window_end=self.in_seconds(4))
        reason = self.reason(session_id)
        self.assertIn("is too near for a further host", reason)
        self.assertIn("0 of 4 hosts are maintained, 4 are left: compute-1, compute-2", reason)
        self.assertEqual([], self.detail(session_id)["action_plugin_instances"])

    def test_what_is_left_is_used_as_before_and_can_be_continued(self) -> None:
        slow = {**_ACTION, "metadata": {"seconds": 4}}
        session_id = self.create(actions=[slow], window_end=self.in_seconds(9))
        reason = self.reason(session_id)
        detail = self.detail(session_id)
        done = [h["hostname"] for h in detail["hosts"] if h["maintained"]]
        self.assertIn(f"{len(done)} of 4 hosts are maintained", reason)
        self.assertIn(len(done), (1, 2))
        self.assertEqual({"enabled"}, {self.service(f"compute-{n}").status for n in range(1, 5)})
        end = timing.parse(detail["session"]["window_end"])
        for host in detail["hosts"]:
            if host["finished_at"]:
                self.assertLessEqual(timing.parse(host["finished_at"]), end)
        answer = self.request("PUT", f"/{session_id}")
        self.assertEqual(200, answer.status_code, answer.text)
        detail = self.done(session_id)
        self.assertEqual({True}, {h["maintained"] for h in detail["hosts"]})
