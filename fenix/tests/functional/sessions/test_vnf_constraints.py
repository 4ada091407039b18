"""One constraint after the other, as a session keeps it."""

from __future__ import annotations

from typing import Any

from fenix import timing
from fenix.tests.functional.sessions.base import Payload
from fenix.tests.functional.sessions.test_faults import silence
from fenix.tests.functional.sessions.vnf_base import VnfTestCase

_ACTION = {"plugin": "dummy", "type": "host", "metadata": {"seconds": 3}}


class LeadTimeTest(VnfTestCase):
    """``lead_time``."""

    settings = {"workflow": {"project_maintenance_reply": 2, "max_lead_time": 4}}

    def build(self) -> None:
        self.computes(3)
        self.workers = self.instances("worker", {"compute-1": 1, "compute-2": 1})

    def test_silence_counts_after_the_lead_time_which_is_capped(self) -> None:
        self.constrain("instance", self.workers[0].id, lead_time=100000)
        self.manager.answer["PLANNED_MAINTENANCE"] = silence
        session_id = self.create(workflow="vnf", hosts=["compute-1"])
        asked = self.wait_for(
            lambda: (
                [w for p in self.detail(session_id)["projects"] for w in p["waits"]]
                if self.manager.heard("PLANNED_MAINTENANCE")
                else None
            ),
            "the question",
        )[0]
        opened, reply = timing.parse(asked["opened_at"]), timing.parse(asked["reply_at"])
        self.assertIn((reply - opened).total_seconds(), (4, 5))
        self.assertEqual(asked["reply_at"], asked["actions_at"])
        self.assertIn("compute-1: no reply to PLANNED_MAINTENANCE", self.reason(session_id))
        self.assertEqual(0, self.moves(self.workers[0]))

    def test_who_needs_time_is_asked_while_other_hosts_are_worked_on(self) -> None:
        for server in self.workers:
            self.constrain("instance", server.id, lead_time=3)
        self.cluster.conf.set_override("max_parallel_hosts", 1, "workflow")
        self.addCleanup(self.cluster.conf.clear_override, "max_parallel_hosts", "workflow")
        session_id = self.create(workflow="vnf", actions=[_ACTION])
        detail = self.done(session_id)
        self.assert_cloud_sound()
        self.assertEqual(2, len(self.manager.heard("PLANNED_MAINTENANCE")))
        asked = sorted(
            e.at
            for e in self.history(session_id)
            if e.kind == "notification" and "PLANNED_MAINTENANCE" in e.message
        )
        ends = sorted(timing.parse(h["finished_at"]) for h in detail["hosts"])
        # compute-3 is empty and comes first.
        self.assertLess(asked[0], ends[0])
        self.assertLess(asked[1], ends[1])


class InterruptionTest(VnfTestCase):
    """``max_interruption_time``."""

    settings = {"workflow": {"live_migration_wait_time": 60, "live_migration_retries": 2}}

    def build(self) -> None:
        self.computes(3)
        self.worker = self.instances("worker", {"compute-1": 1})[0]

    def test_a_live_migration_that_takes_longer_is_aborted_and_tried_again(self) -> None:
        self.constrain("instance", self.worker.id, max_interruption_time=1)
        self.manager.actions = {"worker": "LIVE_MIGRATE"}
        self.cloud.faults.set("compute-1", live_migration="stuck")
        session_id = self.create(workflow="vnf", hosts=["compute-1"])
        self.wait_for(
            lambda: any(m.result == "cancelled" for m in self.cloud.record.moves), "an abort"
        )
        self.cloud.faults.clear()
        self.done(session_id)
        texts = [e.message for e in self.history(session_id)]
        self.assertTrue(any("its max_interruption_time of 1 s and is aborted" in t for t in texts))
        self.assertEqual(1, self.moves(self.worker))
        self.assert_cloud_sound()

    def test_one_that_cannot_be_aborted_is_reported_with_its_own_time(self) -> None:
        self.cluster.conf.set_override("abort_wait_time", 1, "workflow")
        self.addCleanup(self.cluster.conf.clear_override, "abort_wait_time", "workflow")
        self.constrain("instance", self.worker.id, max_interruption_time=1)
        self.manager.actions = {"worker": "LIVE_MIGRATE"}
        self.cloud.faults.set("compute-1", live_migration="stuck")
        self.cloud.faults.next_calls("DELETE", "/migrations/", 400, times=100)
        reason = self.reason(self.create(workflow="vnf", hosts=["compute-1"]))
        bound = "within its max_interruption_time of 1 s nor could be aborted within 1 s more"
        self.assertIn(bound, reason)

    def test_no_time_at_all_is_said_by_plan_and_session_and_no_migration_is_tried(self) -> None:
        self.constrain("instance", self.worker.id, max_interruption_time=0)
        self.manager.actions = {"worker": "LIVE_MIGRATE"}
        body = {"workflow": "vnf", "hosts": ["compute-1"]}
        url = self.url.replace("/maintenance", "/plan")
        planned = self.admin.request(url, "POST", json=body).json()
        [obstacle] = planned["obstacles"]
        advised = {"max_interruption_time": 0, "migration_type": "MIGRATE"}
        self.constrain("instance", self.worker.id, **advised)
        self.assertEqual([], self.admin.request(url, "POST", json=body).json()["obstacles"])
        self.constrain("instance", self.worker.id, max_interruption_time=0)
        session_id = self.create(**body)
        reason = self.reason(session_id)
        for text in (obstacle, reason):
            self.assertIn(f"{self.worker.name} ({self.worker.id})", text)
            self.assertIn("max_interruption_time of 0 s", text)
            self.assertIn("choose MIGRATE or OWN_ACTION", text)
        self.assertEqual([], self.cloud.record.moves)
        # What was advised helps.
        self.manager.actions = {"worker": "MIGRATE"}
        self.request("PUT", f"/{session_id}")
        self.done(session_id)
        self.assertEqual(1, self.moves(self.worker))

    def test_the_session_says_when_it_never_fits(self) -> None:
        self.constrain("instance", self.worker.id, max_interruption_time=1)
        self.manager.actions = {"worker": "LIVE_MIGRATE"}
        self.cloud.faults.set("compute-1", live_migration="stuck")
        reason = self.reason(self.create(workflow="vnf", hosts=["compute-1"]))
        self.assertIn("3 tries", reason)
        self.assertIn("cancelled", reason)
        self.assertEqual("compute-1", self.worker.host.name if self.worker.host else None)
        self.assertEqual("ACTIVE", self.worker.status)


class TargetsTest(VnfTestCase):
    """Where members of a group may go."""

    def build(self) -> None:
        self.computes(4)
        self.pair = self.instances("pair", {"compute-1": 1, "compute-2": 1})
        self.others = self.instances("other", {"compute-1": 1, "compute-2": 1})

    def together(self) -> list[str]:
        """Hosts that ever had two of the pair at the same time, as far as moves tell."""
        where = {s.id: "compute-1" if n == 0 else "compute-2" for n, s in enumerate(self.pair)}
        found = []
        for move in sorted(self.cloud.record.moves, key=lambda m: m.start):
            if move.server_id in where and move.done and move.dest:
                where[move.server_id] = move.dest
                if len(set(where.values())) < len(where):
                    found.append(move.dest)
        return found

    def test_members_are_kept_apart_without_a_server_group(self) -> None:
        self.group("pair", self.pair, anti_affinity_group=True, max_impacted_members=1)
        self.maintain()
        self.assertEqual([], self.together())
        self.assertEqual(1, self.most_impacted("pair"))
        self.assert_cloud_sound()

    def test_a_member_on_a_host_outside_the_session_counts_too(self) -> None:
        self.group("pair", self.pair, max_instances_per_host=1, max_impacted_members=1)
        self.maintain(hosts=["compute-1", "compute-3"])
        self.assertEqual([], self.together())

    def test_a_server_group_needs_no_rows(self) -> None:
        group = self.cloud.add_server_group(self.project, "anti-affinity")
        self.pair = [
            self.cloud.boot(
                self.project, f"ha-{n}", self.flavor, host=f"compute-{n}", group=group,
                metadata={"group": "ha"},
            )
            for n in (1, 2)
        ]  # fmt: skip
        self.maintain()
        self.assertEqual([], self.together())
        self.assertEqual(1, self.most_impacted("ha"))
        self.assert_cloud_sound()


class MitigationTest(VnfTestCase):
    """``resource_mitigation``: room is kept free while a project moves its instance itself."""

    def build(self) -> None:
        self.computes(2, vcpus=2)
        self.worker = self.instances("worker", {"compute-1": 1})[0]

    def test_room_is_kept_for_it(self) -> None:
        self.constrain(
            "instance", self.worker.id, resource_mitigation=True, migration_type="OWN_ACTION"
        )
        session_id = self.create(workflow="vnf", hosts=["compute-1"])
        found = self.wait_for(
            lambda: [i for i in self.detail(session_id)["instances"] if i["move_phase"] == "own"],
            "the project's turn",
        )
        self.assertEqual("compute-2", found[0]["move_target"])
        self.cloud.boot(self.project, "w2", self.flavor, host="compute-2")
        self.manager.nova.servers.delete(self.worker.id)
        self.done(session_id)

    def started(self) -> None:
        super().started()

        def own(payload: Payload) -> dict[str, Any]:
            return {"state": f"ACK_{payload['state']}"}

        self.manager.answer["PLANNED_MAINTENANCE"] = own
