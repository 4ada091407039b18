"""The ``default`` workflow when all goes well."""

from __future__ import annotations

from typing import Any

from fenix.tests.functional.sessions.base import SessionTestCase


class RollingMaintenanceTest(SessionTestCase):
    """Six full computes and a controller: every state is passed."""

    def build(self) -> None:
        self.cloud.add_host("controller-1", roles=("controller",))
        self.cloud.add_host("controller-2", roles=("controller",))
        self.computes(6)
        group = self.cloud.add_server_group(self.project, "anti-affinity")
        self.pair = [
            self.cloud.boot(
                self.project, f"ha-{n}", self.flavor, host=f"compute-{n}", group=group,
                metadata={"group": "ha"},
            )
            for n in (1, 2)
        ]  # fmt: skip
        where = {f"compute-{n}": 3 if n < 3 else 4 for n in range(1, 7)}
        self.workers = self.instances("worker", where)

    def started(self) -> None:
        self.manager = self.manage(
            self.project, actions={"ha": "LIVE_MIGRATE", "worker": "MIGRATE"}
        )

    def test_every_host_is_maintained_while_the_application_stays_up(self) -> None:
        session_id = self.create(
            metadata={"openstack_release": "Epoxy"},
            actions=[{"plugin": "dummy", "type": t} for t in ("pre", "host", "compute", "post")],
        )
        detail = self.done(session_id)
        self.assertEqual(100, detail["percent_done"])
        self.assertEqual([True] * 8, [h["maintained"] for h in detail["hosts"]])
        self.assertEqual([False] * 8, [h["disabled"] for h in detail["hosts"]])
        self.assertEqual({"enabled"}, {self.service(f"compute-{n}").status for n in range(1, 7)})
        self.assert_cloud_sound()
        self.assertEqual({"ha": 0.0, "worker": 0.0}, self.cloud.record.group_outages())

        states = self.manager.states()
        self.assertEqual(["MAINTENANCE", "SCALE_IN", "PREPARE_MAINTENANCE"], states[:3])
        self.assertEqual("MAINTENANCE_COMPLETE", states[-1])
        self.assertEqual(
            {"instances": 4, "cores": 4},
            self.manager.heard("SCALE_IN")[0]["metadata"]["scale_in"],
        )
        done = self.manager.heard("INSTANCE_ACTION_DONE")
        # The emulator takes a worker that is made again under its old name for an own move.
        moved = [m for m in self.cloud.record.moves if m.done and m.kind != "own"]
        self.assertEqual(len(moved), len(done))
        self.assertEqual({"{}"}, {str(e["metadata"]) for e in done})

    def test_nobody_moves_more_than_once_but_from_the_first_host(self) -> None:
        detail = self.done(self.create())
        moves = {i["instance_id"]: i["moves"] for i in detail["instances"]}
        real = {s.id: self.moves(s) for s in [*self.pair, *self.workers] if s.id in moves}
        self.assertEqual(moves, {k: v for k, v in real.items() if k in moves})
        self.assertLessEqual(max(moves.values()), 2)
        self.assertLessEqual(sum(1 for n in moves.values() if n == 2), 4)

    def test_controllers_come_first_and_one_at_a_time(self) -> None:
        session_id = self.create(actions=[{"plugin": "dummy", "type": "host"}])
        detail = self.done(session_id)
        order = [r["hostname"] for r in detail["action_plugin_instances"]]
        self.assertEqual(["controller-1", "controller-2"], order[:2])
        self.assertEqual(sorted(set(order)), sorted(order))

    def test_reply_url_and_instance_ids(self) -> None:
        session_id = self.create()
        self.done(session_id)
        mine = f"{self.url}/{session_id}/{self.project.id}"
        for event in self.manager.events:
            if event["state"] == "INSTANCE_ACTION_DONE":
                instance_id = event["instance_ids"].strip("[]'")
                self.assertEqual(f"{mine}/{instance_id}", event["reply_url"])
            else:
                self.assertEqual(mine, event["reply_url"])
                self.assertEqual(mine, event["instance_ids"])


class OutsideHostsTest(SessionTestCase):
    """A session over a part of the cloud uses the rest as targets."""

    def build(self) -> None:
        self.computes(4)
        self.first = self.instances("worker", {"compute-1": 2, "compute-2": 2})

    def test_instances_move_once_onto_hosts_outside(self) -> None:
        detail = self.done(self.create(hosts=["compute-1", "compute-2"]))
        self.assertEqual(["compute-1", "compute-2"], [h["hostname"] for h in detail["hosts"]])
        self.assertEqual([1] * 4, [self.moves(s) for s in self.first])
        self.assertNotIn("PREPARE_MAINTENANCE", self.manager.states())

    def test_both_hosts_at_once_unless_limited(self) -> None:
        session_id = self.create(
            hosts=["compute-1", "compute-2"],
            actions=[{"plugin": "dummy", "type": "host", "metadata": {"seconds": 0.5}}],
        )
        detail = self.done(session_id)
        runs = detail["action_plugin_instances"]
        self.assertEqual(2, len(runs))

    def test_an_empty_project_list_needs_nobody(self) -> None:
        detail = self.done(self.create(hosts=["compute-3"]))
        self.assertEqual([], detail["projects"])
        self.assertEqual([], self.manager.events)


class InstanceKindsTest(SessionTestCase):
    """Stopped and paused instances move in the way that is left to them."""

    def build(self) -> None:
        self.computes(2)
        boot = self.cloud.boot
        self.stopped = boot(self.project, "s", self.flavor, host="compute-1", status="SHUTOFF")
        self.paused = boot(self.project, "p", self.flavor, host="compute-1", status="PAUSED")

    def test_each_in_its_way(self) -> None:
        self.done(self.create(hosts=["compute-1"]))
        kinds = {m.name: m.kind for m in self.cloud.record.moves}
        self.assertEqual({"s": "cold", "p": "live"}, kinds)
        self.assertEqual("SHUTOFF", self.stopped.status)
        self.assertEqual("PAUSED", self.paused.status)

    def test_what_cannot_move_is_reported_before_work_starts(self) -> None:
        self.cloud.boot(self.project, "sus", self.flavor, host="compute-1", status="SUSPENDED")
        session_id = self.create(hosts=["compute-1"])
        reason = self.reason(session_id)
        self.assertIn("compute-1: sus", reason)
        self.assertIn("resume or stop it", reason)
        self.assertEqual([], self.manager.events)
        self.assertEqual("enabled", self.service("compute-1").status)


class DisabledHostTest(SessionTestCase):
    """A host that an admin had disabled is maintained, and left disabled."""

    def build(self) -> None:
        self.computes(3)
        self.service_before = self.cloud.host("compute-3").compute
        self.service_before.status = "disabled"
        self.service_before.disabled_reason = "broken fan"
        self.instances("worker", {"compute-1": 1})

    def test_it_stays_disabled(self) -> None:
        detail = self.done(self.create())
        self.assertEqual([True] * 3, [h["maintained"] for h in detail["hosts"]])
        self.assertEqual("disabled", self.service("compute-3").status)
        self.assertEqual("broken fan", self.service("compute-3").disabled_reason)
        self.assertEqual([], self.cloud.servers.on(self.cloud.host("compute-3")))


class OwnActionTest(SessionTestCase):
    """A project that moves its instance itself."""

    def build(self) -> None:
        self.computes(2)
        self.old = self.instances("worker", {"compute-1": 1})[0]

    def test_re_instantiation(self) -> None:
        def instead(payload: dict[str, Any]) -> dict[str, Any]:
            self.cloud.boot(self.project, self.old.name, self.flavor, host="compute-2")
            self.manager.nova.servers.delete(self.old.id)
            return {
                "state": "ACK_PLANNED_MAINTENANCE",
                "instance_actions": {self.old.id: "OWN_ACTION"},
            }

        self.manager.answer["PLANNED_MAINTENANCE"] = instead
        detail = self.done(self.create(hosts=["compute-1"]))
        self.assertEqual(0, self.moves(self.old))
        self.assertEqual([True], [h["maintained"] for h in detail["hosts"]])


class BothRolesTest(SessionTestCase):
    """A host that is controller and compute is maintained once."""

    def build(self) -> None:
        self.cloud.add_host("controller", roles=("controller",))
        self.cloud.add_host("mixed", vcpus=4, memory_mb=65536, roles=("controller", "compute"))
        self.computes(2)
        self.worker = self.cloud.boot(self.project, "w", self.flavor, host="mixed")

    def test_it_is_emptied_and_gets_both_kinds_of_action_in_order(self) -> None:
        kinds = ("compute", "controller", "host")
        actions = [{"plugin": "dummy", "type": kind} for kind in kinds]
        detail = self.done(self.create(actions=actions))
        runs = detail["action_plugin_instances"]
        mixed = [r["type"] for r in runs if r["hostname"] == "mixed"]
        self.assertEqual(["host", "controller", "compute"], mixed)
        self.assertEqual("controller", runs[0]["hostname"])
        self.assertEqual(["host", "controller"], [r["type"] for r in runs[:2]])
        self.assertEqual(1, self.moves(self.worker))
        types = {h["hostname"]: h["type"] for h in detail["hosts"]}
        self.assertEqual("compute,controller", types["mixed"])


class SeveralHostsTest(SessionTestCase):
    """As many hosts at once as capacity, or the configuration, allows."""

    def build(self) -> None:
        self.computes(4)
        self.instances("worker", {f"compute-{n}": 1 for n in range(1, 5)})

    def started(self) -> None:
        """Nobody is asked: hosts that may be emptied together are, in the same moment."""

    def most_at_once(self) -> int:
        session_id = self.create(
            actions=[{"plugin": "dummy", "type": "host", "metadata": {"seconds": 3}}]
        )
        most = 0

        def done() -> bool:
            nonlocal most
            detail = self.detail(session_id)
            running = [r for r in detail["action_plugin_instances"] if r["state"] == "RUNNING"]
            most = max(most, len(running))
            return str(detail["session"]["state"]) == "MAINTENANCE_DONE"

        self.wait_for(done, "the end")
        return most

    def test_by_capacity(self) -> None:
        self.assertEqual(3, self.most_at_once())

    def test_by_configuration(self) -> None:
        self.cluster.conf.set_override("max_parallel_hosts", 1, "workflow")
        self.addCleanup(self.cluster.conf.clear_override, "max_parallel_hosts", "workflow")
        self.assertEqual(1, self.most_at_once())

    def test_nothing_new_lands_on_hosts_that_wait(self) -> None:
        self.cluster.conf.set_override("max_parallel_hosts", 1, "workflow")
        self.addCleanup(self.cluster.conf.clear_override, "max_parallel_hosts", "workflow")
        session_id = self.create()
        self.wait_for(
            lambda: any(h["maintained"] for h in self.detail(session_id)["hosts"]), "the first host"
        )
        waiting = [h for h in self.detail(session_id)["hosts"] if h["phase"] == "pending"]
        self.assertEqual({True}, {h["disabled"] for h in waiting} or {True})
        self.done(session_id)
        self.assertEqual({"enabled"}, {self.service(f"compute-{n}").status for n in range(1, 5)})


class VanishedInstancesTest(SessionTestCase):
    """A project that deletes what it is asked about, instead of answering."""

    settings = {"workflow": {"project_maintenance_reply": 3}}

    def build(self) -> None:
        self.computes(3)
        self.workers = self.instances("worker", {"compute-1": 1, "compute-2": 1})

    def test_it_is_asked_about_its_next_host(self) -> None:
        asked: list[Any] = []

        def delete_first(payload: dict[str, Any]) -> dict[str, Any] | None:
            asked.append(payload)
            if len(asked) == 1:
                for instance_id in self.manager.instances(payload):
                    self.manager.nova.servers.delete(instance_id)
                return None
            return {"state": "ACK_PLANNED_MAINTENANCE"}

        self.manager.answer["PLANNED_MAINTENANCE"] = delete_first
        self.done(self.create(hosts=["compute-1", "compute-2"]))
        self.assertEqual(2, len(asked))
        self.assertEqual("MAINTENANCE_COMPLETE", self.manager.states()[-1])
