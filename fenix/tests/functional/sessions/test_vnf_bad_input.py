"""Constraints that cannot be kept: the session says which, and breaks none."""

from __future__ import annotations

from fenix.tests.functional.sessions.test_faults import ack, silence
from fenix.tests.functional.sessions.vnf_base import VnfTestCase


class ContradictionTest(VnfTestCase):
    """Groups for which there is no way."""

    settings = {
        "workflow": {
            "scale_in_rounds": 2,
            "scale_in_settle_time": 0.3,
            "member_back_wait_time": 2,
            "project_maintenance_reply": 5,
        }
    }

    def build(self) -> None:
        self.computes(3)
        self.workers = self.instances("worker", {f"compute-{n}": 1 for n in (1, 2, 3)})

    def test_members_kept_apart_on_every_host(self) -> None:
        self.group("workers", self.workers, anti_affinity_group=True, max_impacted_members=1)
        self.manager.answer["SCALE_IN"] = ack
        reason = self.reason(self.create(workflow="vnf"))
        self.assertIn("1 instances with 1 vCPU find no place", reason)
        self.assertIn("that is so after 2 rounds of SCALE_IN", reason)
        self.assertIn("workers has 3 members, at most 1 on a host, and there are 3 hosts", reason)
        self.assertIn("scale the group in to 2", reason)
        self.assertEqual([], self.cloud.record.moves)
        self.assertEqual(2, len(self.manager.heard("SCALE_IN")))

    def test_a_manager_that_gives_a_member_up_makes_room(self) -> None:
        self.group("workers", self.workers, anti_affinity_group=True, max_impacted_members=1)
        self.maintain()
        self.assertEqual(1, len(self.manager.heard("SCALE_IN")))
        self.assert_cloud_sound()

    def test_nobody_else_is_asked_to_give_for_a_group_s_own_limits(self) -> None:
        other = self.cloud.add_project("other")
        bystander = self.manage(other, self.cloud.add_user("other", project=other))
        self.instances("bystander", {"compute-1": 1, "compute-2": 1}, project=other)
        self.group("workers", self.workers, anti_affinity_group=True, max_impacted_members=1)
        self.maintain()
        self.assertEqual(1, len(self.manager.heard("SCALE_IN")))
        self.assertEqual([], bystander.heard("SCALE_IN"))

    def test_members_that_stay_down(self) -> None:
        self.group("workers", self.workers, max_impacted_members=1)
        self.manager.nova.servers.stop(self.workers[2].id)
        self.wait_for(lambda: self.workers[2].status == "SHUTOFF", "the stop")
        session_id = self.create(workflow="vnf", hosts=["compute-1"])
        reason = self.reason(session_id)
        self.assertIn("no member of group workers of project", reason)
        self.assertIn(f"1 do not work: {self.workers[2].id} (SHUTOFF)", reason)
        self.assertIn("raise the group's max_impacted_members", reason)
        self.assertEqual([], self.cloud.record.moves)
        self.manager.nova.servers.start(self.workers[2].id)
        self.wait_for(lambda: self.workers[2].status == "ACTIVE", "the start")
        self.request("PUT", f"/{session_id}")
        self.done(session_id)

    def test_a_member_that_comes_back_in_time(self) -> None:
        self.group("workers", self.workers, max_impacted_members=1)
        self.cluster.conf.set_override("member_back_wait_time", 60, "workflow")
        self.addCleanup(self.cluster.conf.clear_override, "member_back_wait_time", "workflow")
        self.manager.nova.servers.stop(self.workers[2].id)
        self.wait_for(lambda: self.workers[2].status == "SHUTOFF", "the stop")
        session_id = self.create(workflow="vnf", hosts=["compute-1"])
        self.wait_for(
            lambda: any("waiting for them" in e.message for e in self.history(session_id)),
            "the warning",
        )
        self.assertEqual([], self.cloud.record.moves)
        waits = {i["instance_id"]: i["details"] for i in self.detail(session_id)["instances"]}
        self.assertIn("waits for a place of group workers", waits[self.workers[0].id])
        self.manager.nova.servers.start(self.workers[2].id)
        detail = self.done(session_id)
        self.assertEqual({None}, {i["details"] for i in detail["instances"]})

    def test_limits_of_zero_and_below_are_one(self) -> None:
        self.group("workers", self.workers, max_impacted_members=-5)
        self.maintain()
        self.assertEqual(1, self.most_impacted("worker"))

    def test_absurd_recovery_times_are_capped(self) -> None:
        self.cluster.conf.set_override("max_recovery_time", 1, "workflow")
        self.addCleanup(self.cluster.conf.clear_override, "max_recovery_time", "workflow")
        self.group("workers", self.workers, max_impacted_members=1, recovery_time=2**31 - 1)
        self.maintain()
        self.assertEqual(1, self.most_impacted("worker", 1))

    def test_rows_of_instances_and_groups_that_do_not_exist(self) -> None:
        for number in range(3):
            self.constrain("instance", f"gone-{number}", group_id="workers", lead_time=5)
        self.constrain("instance", self.workers[0].id, group_id="nowhere")
        self.constrain("instance_group", "empty", max_impacted_members=1)
        self.maintain(hosts=["compute-1"])

    def test_a_member_nobody_answers_for(self) -> None:
        self.group("workers", self.workers, max_impacted_members=1)
        self.cluster.conf.set_override("project_maintenance_reply", 1, "workflow")
        self.addCleanup(self.cluster.conf.clear_override, "project_maintenance_reply", "workflow")
        self.manager.answer["PLANNED_MAINTENANCE"] = silence
        session_id = self.create(workflow="vnf", hosts=["compute-1"])
        self.assertIn("compute-1: no reply to PLANNED_MAINTENANCE", self.reason(session_id))
        self.assertEqual([], self.cloud.record.moves)
        # The place that was kept for its answer is given back.
        self.manager.answer.clear()
        self.maintain(hosts=["compute-2"])


class TooLargeTest(VnfTestCase):
    """An instance that no other host can take."""

    settings = {"workflow": {"scale_in_rounds": 1, "scale_in_settle_time": 0.3}}

    def build(self) -> None:
        self.cloud.add_host("large", vcpus=16, memory_mb=65536)
        self.computes(2)
        flavor = self.cloud.add_flavor("huge", vcpus=8, memory_mb=1024)
        self.huge = self.cloud.boot(self.project, "huge", flavor, host="large")

    def test_the_session_names_it(self) -> None:
        self.manager.answer["SCALE_IN"] = ack
        session_id = self.create(workflow="vnf", hosts=["large"])
        reason = self.reason(session_id)
        self.assertIn("large", reason)
        self.assertIn("8 vCPU", reason)
        self.assertIn("is larger than any other host that it may run on", reason)
        self.assertEqual([], self.cloud.record.moves)
        self.assertEqual("enabled", self.service("large").status)
