"""Every kind of host and cloud: empty, disabled, unequal, short of one resource, in parts."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Callable

from fenix.tests.functional.sessions.base import Payload, SessionTestCase
from fenix.tests.functional.sessions.test_faults import silence


class EmptyCloudTest(SessionTestCase):
    """A cloud without an instance: nobody is asked, every host has its turn."""

    def build(self) -> None:
        self.cloud.add_host("controller", roles=("controller",))
        self.computes(3)

    def test_all_hosts_are_maintained(self) -> None:
        detail = self.done(self.create(actions=[{"plugin": "dummy", "type": "host"}]))
        self.assertEqual([True] * 4, [h["maintained"] for h in detail["hosts"]])
        self.assertEqual([], detail["instances"])
        self.assertEqual([], self.manager.events)
        self.assertEqual(4, len(detail["action_plugin_instances"]))


class ControllerGateTest(SessionTestCase):
    """The next controller has its turn when the last one is well again."""

    settings = {"workflow": {"host_back_wait_time": 1}}

    def build(self) -> None:
        for number in (1, 2):
            self.cloud.add_host(f"controller-{number}", roles=("controller",))
        self.computes(2)
        self.instances("worker", {"compute-1": 1})

    def test_a_controller_that_stays_away_holds_all_others_up(self) -> None:
        self.cloud.host_down("controller-1")
        nova = self.cluster.engines[0].ports.cloud
        self.wait_for(lambda: any(not h.up for h in nova.hosts()), "Nova says down")
        session_id = self.create(actions=[{"plugin": "dummy", "type": "controller"}])
        self.assertIn("controller-1 did not report as up within 1 s", self.reason(session_id))
        detail = self.detail(session_id)
        phases = {h["hostname"]: h["phase"] for h in detail["hosts"]}
        self.assertEqual("returning", phases.pop("controller-1"))
        self.assertEqual({"pending"}, set(phases.values()))
        self.cloud.host_up("controller-1")
        self.request("PUT", f"/{session_id}")
        detail = self.done(session_id)
        ran = [r["hostname"] for r in detail["action_plugin_instances"]]
        self.assertEqual(["controller-1", "controller-2"], ran)


class DisabledWithInstancesTest(SessionTestCase):
    """A disabled host with instances: it is emptied, and nothing lands on it."""

    def build(self) -> None:
        self.computes(4)
        self.cloud.host("compute-1").compute.status = "disabled"
        self.cloud.host("compute-1").compute.disabled_reason = "retired"
        self.cloud.host("compute-4").compute.status = "disabled"
        self.instances("worker", {"compute-1": 2, "compute-2": 1})

    def test_it_is_emptied_and_left_disabled(self) -> None:
        detail = self.done(self.create(hosts=["compute-1", "compute-2"]))
        self.assertEqual([True] * 2, [h["maintained"] for h in detail["hosts"]])
        self.assertEqual("retired", self.service("compute-1").disabled_reason)
        for name in ("compute-1", "compute-4"):
            self.assertEqual("disabled", self.service(name).status)
            self.assertEqual([], self.cloud.servers.on(self.cloud.host(name)))
        self.assert_cloud_sound()

    def test_nowhere_to_go(self) -> None:
        for name in ("compute-2", "compute-3"):
            self.service(name).status = "disabled"
        for manager in self.managers:
            manager.answer["SCALE_IN"] = silence
        self.cluster.conf.set_override("project_scale_in_reply", 2, "workflow")
        self.addCleanup(self.cluster.conf.clear_override, "project_scale_in_reply", "workflow")
        reason = self.reason(self.create(hosts=["compute-1"]))
        self.assertIn("no host can be emptied: for compute-1, which needs least, 2", reason)


class UnequalHostsTest(SessionTestCase):
    """Hosts of all sizes, instances of all sizes."""

    def build(self) -> None:
        big = self.cloud.add_flavor("big", vcpus=6, memory_mb=8192)
        for number, (vcpus, memory_mb) in enumerate([(4, 8192), (8, 16384), (16, 24576)], 1):
            self.cloud.add_host(f"compute-{number}", vcpus=vcpus, memory_mb=memory_mb)
        self.cloud.boot(self.project, "big", big, host="compute-2")
        self.instances("worker", {"compute-1": 3, "compute-3": 2})

    def test_everything_finds_its_place(self) -> None:
        detail = self.done(self.create())
        self.assertEqual([True] * 3, [h["maintained"] for h in detail["hosts"]])
        self.assert_cloud_sound()
        self.assertNotIn("SCALE_IN", self.manager.states())


class _ScarceTest(SessionTestCase):
    """Three hosts with one empty, of which one resource is nearly used up everywhere."""

    #: vCPUs, MiB, GiB of an instance; a host has 40, 40960 and 400.
    takes = (1, 1024, 10)

    def build(self) -> None:
        vcpus, memory_mb, disk_gb = self.takes
        self.flavor = self.cloud.add_flavor("it", vcpus=vcpus, memory_mb=memory_mb, disk_gb=disk_gb)
        for number in (1, 2, 3):
            self.cloud.add_host(f"compute-{number}", vcpus=40, memory_mb=40960, disk_gb=400)
        for server in self.instances("worker", {"compute-1": 2, "compute-2": 2, "compute-3": 1}):
            # One without an image is on a volume, and takes nothing of its host's disk.
            server.image_id = "image"

    def check(self) -> None:
        """Two fit on a host, so one empties only when one is scaled in: five on three."""
        detail = self.done(self.create())
        self.assertEqual([True] * 3, [h["maintained"] for h in detail["hosts"]])
        self.assert_cloud_sound()
        asked = self.manager.heard("SCALE_IN")
        self.assertEqual(1, len(asked))
        self.assertEqual({"instances": 1, "cores": self.takes[0]}, asked[0]["metadata"]["scale_in"])
        failed = [m for m in self.cloud.record.moves if not m.done and m.kind != "own"]
        self.assertEqual([], failed)


class ScarceCPUTest(_ScarceTest):
    """vCPUs are short."""

    takes = (20, 1024, 10)

    def test_scale_in(self) -> None:
        self.check()


class ScarceMemoryTest(_ScarceTest):
    """Memory is short."""

    takes = (1, 20480, 10)

    def test_scale_in(self) -> None:
        self.check()


class ScarceDiskTest(_ScarceTest):
    """Disk is short."""

    takes = (1, 1024, 200)

    def test_scale_in(self) -> None:
        self.check()


class PartOfACloudTest(SessionTestCase):
    """Hosts outside the session have instances of their own, which are left alone."""

    def build(self) -> None:
        self.computes(4)
        self.group = self.cloud.add_server_group(self.project, "anti-affinity")
        self.members = [
            self.cloud.boot(
                self.project, f"ha-{n}", self.flavor, host=f"compute-{n}", group=self.group
            )
            for n in (1, 2, 3)
        ]
        self.others = self.instances("other", {"compute-2": 2, "compute-3": 2})

    def failed_moves(self) -> list[str]:
        return [m.name for m in self.cloud.record.moves if not m.done]

    def test_members_of_a_group_outside_are_kept_apart_from(self) -> None:
        detail = self.done(self.create(hosts=["compute-1"]))
        self.assertEqual("compute-4", self.members[0].host.name)
        self.assertEqual([], self.failed_moves())
        self.assertEqual(["ha-1"], [i["instance_name"] for i in detail["instances"]])
        self.assertEqual([0] * 4, [self.moves(s) for s in self.others])


class BusyNeighboursTest(SessionTestCase):
    """Others boot on hosts outside the session while it works."""

    settings = {"workflow": {"max_parallel_hosts": 1}}

    def build(self) -> None:
        self.computes(4)
        self.workers = self.instances("worker", {"compute-1": 1, "compute-2": 2})
        self.instances("other", {"compute-3": 1})

    def test_what_they_take_is_not_planned_with(self) -> None:
        def boot_first(payload: Payload) -> dict[str, str]:
            if len(self.manager.heard("PLANNED_MAINTENANCE")) == 1:
                # Full, with the one that is on its way there.
                self.instances("new", {"compute-3": 2})
            return {"state": "ACK_PLANNED_MAINTENANCE"}

        self.manager.answer["PLANNED_MAINTENANCE"] = boot_first
        self.done(self.create(hosts=["compute-1", "compute-2"]))
        self.assertEqual("compute-3", self.workers[0].host.name)
        self.assertEqual([], [m.name for m in self.cloud.record.moves if not m.done])
        self.assert_cloud_sound()


class MixedHostsTest(SessionTestCase):
    """Hosts that are controllers and computes: together with computes, but one at a time."""

    def build(self) -> None:
        for number in (1, 2, 3):
            self.cloud.add_host(
                f"mixed-{number}", vcpus=4, memory_mb=8192, roles=("controller", "compute")
            )
        self.computes(2)

    def started(self) -> None:
        self.managers = []

    def test_never_two_controllers_at_once(self) -> None:
        detail = self.done(
            self.create(
                actions=[
                    {"plugin": "dummy", "type": kind, "metadata": {"seconds": 0.4}}
                    for kind in ("controller", "compute")
                ]
            )
        )
        hosts = {h["hostname"]: h for h in detail["hosts"]}
        mixed = sorted(
            (h["started_at"], h["finished_at"]) for n, h in hosts.items() if n.startswith("mixed")
        )
        for (_, ended), (began, _) in itertools.pairwise(mixed):
            self.assertLessEqual(ended, began)
        runs = [(r["hostname"], r["type"]) for r in detail["action_plugin_instances"]]
        self.assertEqual(len(runs), len(set(runs)), "a host was maintained twice")
        self.assertEqual(3 * 2 + 2, len(runs))
        # Plain computes do not wait for them.
        self.assertLess(hosts["compute-1"]["finished_at"], mixed[-1][1])


class ChangingNeighboursTest(SessionTestCase):
    """Hosts outside the session come, go and are disabled while it works."""

    def build(self) -> None:
        self.computes(2)
        # Preferred as targets: what fits best is filled first.
        self.cloud.add_host("spare-1", vcpus=2, memory_mb=65536)
        self.cloud.add_host("spare-2", vcpus=3, memory_mb=65536)
        self.workers = self.instances("worker", {"compute-1": 1})
        self.instances("other", {"compute-2": 4})

    def targets(self) -> list[str | None]:
        """Where anybody tried to move an instance to."""
        return [m.dest for m in self.cloud.record.moves]

    def while_asked(self, state: str, change: Callable[[], object]) -> str:
        """A session during which something happens before the project answers."""

        def answer(payload: Payload) -> dict[str, str]:
            change()
            return {"state": f"ACK_{state}"}

        self.manager.answer[state] = answer
        session_id = self.create(hosts=["compute-1"])
        self.done(session_id)
        self.assert_cloud_sound()
        return session_id

    def test_the_best_is_taken_as_long_as_nothing_happens(self) -> None:
        self.while_asked("MAINTENANCE", lambda: None)
        self.assertEqual(["spare-1"], self.targets())

    def disable(self, host: str) -> None:
        self.service(host).status = "disabled"

    def test_one_that_is_disabled_before_anything_is_planned(self) -> None:
        self.while_asked("MAINTENANCE", lambda: self.disable("spare-1"))
        self.assertEqual(["spare-2"], self.targets())

    def test_one_that_is_disabled_after_it_was_chosen(self) -> None:
        self.while_asked("PLANNED_MAINTENANCE", lambda: self.disable("spare-1"))
        self.assertEqual(["spare-2"], self.targets())

    def test_one_that_another_session_takes_after_it_was_chosen(self) -> None:
        def take() -> None:
            later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
            self.create(hosts=["spare-1"], maintenance_at=f"{later:%Y-%m-%d %H:%M:%S}")

        first = self.while_asked("PLANNED_MAINTENANCE", take)
        self.assertEqual(["spare-2"], self.targets())
        said = [e.message for e in self.history(first) if e.host == "spare-1"]
        self.assertIn("being maintained by session", said[-1])

    def test_one_that_fails(self) -> None:
        def fail() -> None:
            self.service("spare-1").forced_down = True

        self.while_asked("PLANNED_MAINTENANCE", fail)
        self.assertEqual(["spare-2"], self.targets())

    def test_one_that_appears(self) -> None:
        def change() -> None:
            self.disable("spare-1")
            self.disable("spare-2")
            self.cloud.add_host("spare-3", vcpus=2, memory_mb=65536)
            self.instances("new", {"spare-3": 1})

        self.while_asked("MAINTENANCE", change)
        self.assertEqual(["spare-3"], self.targets())

    def test_one_that_is_enabled_again(self) -> None:
        self.disable("spare-1")
        self.disable("spare-2")

        def enable() -> None:
            self.service("spare-2").status = "enabled"

        self.while_asked("MAINTENANCE", enable)
        self.assertEqual(["spare-2"], self.targets())
