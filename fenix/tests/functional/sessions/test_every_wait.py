"""Paused, aborted, continued and deleted in each wait of a session."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from fenix.db import lifecycle
from fenix.tests.functional.sessions.base import Payload
from fenix.tests.functional.sessions.test_faults import silence
from fenix.tests.functional.sessions.vnf_base import VnfTestCase

_SMOKE = "smells of smoke"
_COMPUTES = ["compute-1", "compute-2", "compute-3"]
#: A host that an admin has disabled before, and that takes part.
_DISABLED = "compute-4"
#: Several polls of the engine, and looks at the cloud.
_WHILE = 1.2


class WaitTestCase(VnfTestCase):
    """A session that stays where it is until a command comes."""

    settings = {
        "workflow": {
            "project_maintenance_reply": 600,
            "host_back_wait_time": 600,
            "own_action_wait_time": 600,
        }
    }

    def build(self) -> None:
        self.computes(3)
        host = self.cloud.add_host(_DISABLED, vcpus=4, memory_mb=65536)
        host.compute.status, host.compute.disabled_reason = "disabled", _SMOKE
        self.workers = self.instances("worker", {"compute-1": 1})

    def flags(self) -> dict[str, tuple[str, str | None]]:
        return {h.name: (h.compute.status, h.compute.disabled_reason) for h in self.hosts()}

    def effects(self) -> tuple[Any, ...]:
        """What the world has seen of the session."""
        return (
            len(self.cloud.record.moves),
            self.flags(),
            [e["state"] for e in self.manager.events],
        )

    def stays(self, session_id: str, there: Callable[[str], Any]) -> None:
        """Every command in a session that is in a wait; it is deleted at the end."""
        first = self.cloud_as_it_was
        self.wait_for(lambda: there(session_id), "the wait")
        self.command(session_id, "pause")
        before = self.effects()
        time.sleep(_WHILE)
        self.assertEqual(before, self.effects())
        self.command(session_id, "resume")
        time.sleep(_WHILE)
        self.assertEqual(before, self.effects())
        self.assertTrue(there(session_id))

        state = self.request("GET", f"/{session_id}").json()["state"]
        self.command(session_id, "abort")
        self.assertEqual("aborted", self.reason(session_id))
        self.assertEqual(first, self.flags())
        self.assertEqual({}, lifecycle.holders(self.cluster.database))
        answer = self.request("PUT", f"/{session_id}").json()
        self.assertEqual(state, answer["state"])
        self.wait_for(lambda: there(session_id), "the wait again")

        answer = self.request("DELETE", f"/{session_id}")
        self.assertEqual((200, {}), (answer.status_code, answer.json()))
        self.wait_for(lambda: self.request("GET", f"/{session_id}").status_code == 404, "its end")
        self.assertEqual(first, self.flags())
        self.assertEqual({}, lifecycle.holders(self.cluster.database))
        self.assert_cloud_sound()

    def started(self) -> None:
        super().started()
        self.cloud_as_it_was = self.flags()

    def phases(self, session_id: str) -> dict[str, str]:
        return {h["hostname"]: h["phase"] for h in self.detail(session_id)["hosts"]}

    def is_asked(self, state: str) -> Callable[[str], Any]:
        """Whether the project has an open question."""

        def there(session_id: str) -> bool:
            waits = [w for p in self.detail(session_id)["projects"] for w in p["waits"]]
            return bool(self.manager.heard(state)) and state in [w["state"] for w in waits]

        return there


class WaitTest(WaitTestCase):
    """Waits of a cloud with room."""

    def test_for_its_time(self) -> None:
        def there(session_id: str) -> bool:
            states = [p["state"] for p in self.detail(session_id)["projects"]]
            return states == ["ACK_MAINTENANCE"]

        self.stays(self.create(maintenance_at="2100-01-01 00:00:00"), there)

    def test_for_a_lead_time(self) -> None:
        self.constrain("instance", self.workers[0].id, lead_time=300)
        self.manager.answer["PLANNED_MAINTENANCE"] = silence
        session_id = self.create(workflow="vnf", hosts=["compute-1", _DISABLED])
        self.stays(session_id, self.is_asked("PLANNED_MAINTENANCE"))

    def test_for_a_project_that_moves_its_instance_itself(self) -> None:
        def itself(payload: Payload) -> dict[str, Any]:
            actions = dict.fromkeys(self.manager.instances(payload), "OWN_ACTION")
            return {"state": f"ACK_{payload['state']}", "instance_actions": actions}

        def there(session_id: str) -> bool:
            return "own" in [i["move_phase"] for i in self.detail(session_id)["instances"]]

        self.manager.answer["PLANNED_MAINTENANCE"] = itself
        self.stays(self.create(hosts=["compute-1"]), there)

    def test_for_a_host_to_be_back(self) -> None:
        self.cloud.host_down("compute-3")
        nova = self.cluster.engines[0].ports.cloud
        self.wait_for(lambda: any(not h.up for h in nova.hosts()), "Nova says down")
        session_id = self.create(hosts=["compute-3", _DISABLED])
        self.stays(session_id, lambda s: self.phases(s)["compute-3"] == "returning")

    def test_for_the_canary_to_soak(self) -> None:
        session_id = self.create(
            hosts=["compute-2", "compute-3", _DISABLED], canary_hosts=1, canary_soak=3600
        )
        self.stays(session_id, lambda s: "done" in self.phases(s).values())

    def test_for_projects_that_scale_out(self) -> None:
        """They are told once, also by a session that was aborted and is continued."""
        self.manager.answer["MAINTENANCE_COMPLETE"] = silence
        session_id = self.create(hosts=["compute-1", _DISABLED])
        self.wait_for(lambda: self.manager.heard("MAINTENANCE_COMPLETE"), "the question")
        self.command(session_id, "pause")
        self.command(session_id, "resume")
        self.command(session_id, "abort")
        self.assertEqual("aborted", self.reason(session_id))
        self.assertEqual(self.cloud_as_it_was, self.flags())
        self.command(session_id, "continue")
        self.done(session_id)
        self.assertEqual(1, len(self.manager.heard("MAINTENANCE_COMPLETE")))
        self.request("DELETE", f"/{session_id}")
        self.assertEqual(self.cloud_as_it_was, self.flags())


class FullTest(WaitTestCase):
    """Waits of a cloud without an empty host."""

    def full(self, count: int) -> None:
        self.instances("more", dict.fromkeys(("compute-2", "compute-3"), count))
        self.instances("more", {"compute-1": count - 1})

    def test_for_capacity(self) -> None:
        self.full(4)
        self.manager.answer["SCALE_IN"] = silence
        self.stays(self.create(hosts=[*_COMPUTES, _DISABLED]), self.is_asked("SCALE_IN"))

    def test_for_the_word_on_the_first_host(self) -> None:
        self.full(2)
        self.manager.answer["PREPARE_MAINTENANCE"] = silence
        self.stays(self.create(hosts=_COMPUTES), self.is_asked("PREPARE_MAINTENANCE"))
