"""Every kind of instance: what moves in which way, what blocks, what is left alone."""

from __future__ import annotations

from typing import Any

from fenix.tests.functional.sessions.base import Payload, SessionTestCase


class BlockedInstancesTest(SessionTestCase):
    """What cannot be moved is reported before anybody is asked, all of it at once."""

    def build(self) -> None:
        self.computes(2, vcpus=16)
        self.blocked = {
            "SUSPENDED": "resume or stop it",
            "RESCUE": "unrescue it",
            "ERROR": "repair or delete it",
            "BUILD": "wait until it is built",
            "SHELVED": "unshelve it",
            "VERIFY_RESIZE": "confirm or revert its resize",
        }
        boot = self.cloud.boot
        for status in ("SUSPENDED", "RESCUE", "ERROR", "BUILD"):
            boot(self.project, status.lower(), self.flavor, host="compute-1", status=status)
        self.resizing = boot(self.project, "resized", self.flavor, host="compute-2")
        self.shelving = boot(self.project, "shelved", self.flavor, host="compute-1")
        boot(self.project, "offloaded", self.flavor, status="SHELVED_OFFLOADED")
        boot(self.project, "fine", self.flavor, host="compute-1")

    def started(self) -> None:
        super().started()
        nova = self.cluster.engines[0].ports.cloud
        nova.cold_migrate(self.resizing.id, "compute-1")
        self.wait_for(lambda: self.resizing.status == "VERIFY_RESIZE", "the resize")
        # Not offloaded: where shelved_offload_time is long.
        self.shelving.vm_state = "shelved"

    def test_all_of_them_are_named_with_what_helps(self) -> None:
        session_id = self.create(hosts=["compute-1"])
        reason = self.reason(session_id)
        for status, remedy in self.blocked.items():
            self.assertIn(f"is {status}: {remedy}", reason)
        self.assertEqual(len(self.blocked), reason.count("compute-1: "), reason)
        self.assertNotIn("fine", reason)
        self.assertNotIn("offloaded (", reason)
        self.assertEqual([], self.manager.events)
        self.assertEqual("enabled", self.service("compute-1").status)


class OffloadedInstanceTest(SessionTestCase):
    """An instance that is shelved and offloaded is on no host: nobody waits for it."""

    def build(self) -> None:
        self.computes(2)
        self.cloud.boot(self.project, "away", self.flavor, status="SHELVED_OFFLOADED")
        self.instances("worker", {"compute-1": 1})

    def test_it_is_left_alone(self) -> None:
        detail = self.done(self.create(hosts=["compute-1"]))
        self.assertEqual(["worker-0-compute-1"], [i["instance_name"] for i in detail["instances"]])


class SameNamesTest(SessionTestCase):
    """Projects name their instances alike; what counts is the id."""

    def build(self) -> None:
        self.computes(3, vcpus=6)
        self.old = [
            self.cloud.boot(self.project, "worker", self.flavor, host=f"compute-{host}")
            for host in (1, 1, 1, 2, 2)
        ]

    def replace(self, payload: Payload) -> dict[str, object]:
        """Re-instantiate all but the last of them, under the same name."""
        ids = self.manager.instances(payload)
        self.own.update(ids[:-1])
        chosen = dict.fromkeys(ids[:-1], "OWN_ACTION") | {ids[-1]: "MIGRATE"}
        body = {"state": f"ACK_{payload['state']}", "instance_actions": chosen}
        self.manager.reply(payload, body)
        for instance_id in ids[:-1]:
            self.manager.nova.servers.create(
                "worker", None, self.manager.nova.flavors.list()[0], nics="none"
            )
            self.manager.nova.servers.delete(instance_id)
        return body

    def test_re_instantiation(self) -> None:
        self.own: set[str] = set()
        self.manager.answer["PLANNED_MAINTENANCE"] = self.replace
        detail = self.done(self.create(hosts=["compute-1", "compute-2"]))
        self.assert_cloud_sound()
        alive = [s for s in self.cloud.servers if not s.deleted]
        self.assertEqual(5, len(alive))
        self.assertEqual({"worker"}, {s.name for s in alive})
        rows = {i["instance_id"]: i for i in detail["instances"]}
        for server in self.old:
            row = rows[server.id]
            self.assertTrue(row["action_done"], row)
            # The emulator notes a re-instantiation as a move, of the kind "own".
            kinds = [m.kind for m in self.cloud.record.moves_of(server.id) if m.kind != "own"]
            self.assertEqual([] if server.id in self.own else ["cold"], kinds)
            self.assertEqual(server.id in self.own, server.deleted)
        # Those that were replaced are gone; their managers are told of what still exists.
        done = {e["instance_ids"].strip("[]'") for e in self.manager.heard("INSTANCE_ACTION_DONE")}
        self.assertEqual({s.id for s in self.old} - self.own, done)


class RetirementTest(SessionTestCase):
    """OWN_ACTION and no successor: the project needs the instance no more."""

    def build(self) -> None:
        self.computes(2)
        self.workers = self.instances("worker", {"compute-1": 2})

    def row(self, session_id: str, instance_id: str) -> dict[str, Any]:
        rows = self.detail(session_id)["instances"]
        return next(i for i in rows if i["instance_id"] == instance_id)

    def test_it_counts_as_done(self) -> None:
        def retire(payload: Payload) -> dict[str, object]:
            old = self.workers[0].id
            body = {
                "state": f"ACK_{payload['state']}",
                "instance_actions": {old: "OWN_ACTION", self.workers[1].id: "LIVE_MIGRATE"},
            }
            self.manager.reply(payload, body)
            self.wait_for(lambda: self.row(payload["session_id"], old)["action"], "the action")
            self.manager.nova.servers.delete(old)
            return body

        self.manager.answer["PLANNED_MAINTENANCE"] = retire
        detail = self.done(self.create(hosts=["compute-1"]))
        self.assertEqual([True], [h["maintained"] for h in detail["hosts"]])
        retired = self.row(detail["session"]["session_id"], self.workers[0].id)
        self.assertEqual(("OWN_ACTION", True), (retired["action"], retired["action_done"]))
        self.assertEqual([0, 1], [self.moves(w) for w in self.workers])
        self.assertEqual(1, len(self.manager.heard("INSTANCE_ACTION_DONE")))


class OwnActionOverdueTest(SessionTestCase):
    """OWN_ACTION, and then the project does nothing."""

    settings = {"workflow": {"own_action_wait_time": 1}}

    def build(self) -> None:
        self.computes(2)
        self.worker = self.instances("worker", {"compute-1": 1})[0]

    def test_the_session_fails_and_is_continued(self) -> None:
        self.manager.answer["PLANNED_MAINTENANCE"] = lambda payload: {
            "state": "ACK_PLANNED_MAINTENANCE",
            "instance_actions": {self.worker.id: "OWN_ACTION"},
        }
        session_id = self.create(hosts=["compute-1"])
        self.assertIn("chose OWN_ACTION but is still on compute-1", self.reason(session_id))
        self.assertEqual("disabled", self.service("compute-1").status)
        self.manager.nova.servers.delete(self.worker.id)
        self.request("PUT", f"/{session_id}")
        self.done(session_id)
