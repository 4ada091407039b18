"""An engine that runs on a controller which its own session reboots."""

from __future__ import annotations

import threading
from typing import Any, ClassVar

from fenix.tests.functional.sessions.base import SessionTestCase
from fenix.workflow.action import BaseAction, Result, State


class Reboot(BaseAction):
    """Takes the controller's engine down in the middle of its own run, and can tell if it did."""

    take_down: ClassVar[Any] = None
    reboots: ClassVar[list[str]] = []

    def done(self) -> bool:
        return self.task.hostname in self.reboots

    def run(self) -> Result:
        self.reboots.append(self.task.hostname)
        if self.task.hostname == "control-1":
            type(self).take_down()
            # A process that is gone writes no result.
            self.task.heartbeat()
        return Result(State.SUCCEEDED, "")


class OwnControllerTest(SessionTestCase):
    """It is gone in the middle of the action, and comes back as another process."""

    def build(self) -> None:
        self.cloud.add_host("control-1", vcpus=4, memory_mb=4096, roles=("controller",))
        self.computes(2)
        self.worker = self.instances("worker", {"compute-1": 1})[0]

    def started(self) -> None:
        super().started()
        Reboot.reboots.clear()
        self.down = threading.Event()
        Reboot.take_down = staticmethod(self.take_down)
        self.cluster.engines[0].plugins.actions["reboot"] = Reboot

    def take_down(self) -> None:
        """SIGKILL as far as rows go: the engine shows no life, and hands nothing over."""
        engine = self.cluster.engines[0]
        engine._rpc.stop()
        engine.dispatcher.stop()
        engine._stopped.set()
        for sender in engine._senders.values():
            sender.stop()
        engine._actions.stop()
        engine._actions._forget(next(iter(engine._actions._alive.values())))
        self.down.set()

    def rebooted(self) -> str:
        action = {"plugin": "reboot", "type": "host"}
        session_id = self.create(actions=[action])
        self.assertTrue(self.down.wait(60), "the reboot")
        return session_id

    def is_done(self, session_id: str) -> None:
        self.done(session_id)
        self.assertEqual(["control-1"], Reboot.reboots[:1])
        self.assertEqual({"control-1", "compute-1", "compute-2"}, set(Reboot.reboots))
        self.assertEqual(3, len(Reboot.reboots))
        (run,) = (r for r in self.runs(session_id) if r["hostname"] == "control-1")
        self.assertEqual(("SKIPPED", 2), (run["state"], run["attempt"]))
        self.assertEqual(1, self.moves(self.worker))
        self.assert_cloud_sound()

    def test_the_same_engine_comes_back(self) -> None:
        session_id = self.rebooted()
        self.cluster.add_engine().plugins.actions["reboot"] = Reboot
        self.is_done(session_id)
