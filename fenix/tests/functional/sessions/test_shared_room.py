"""Sessions on disjoint hosts that move instances onto the same hosts outside."""

from __future__ import annotations

from fenix.tests.functional.sessions.base import Payload, SessionTestCase


class SharedRoomTest(SessionTestCase):
    """Two hosts to maintain, two spare ones, each with room for what is on one."""

    def build(self) -> None:
        for name in ("compute-1", "compute-2", "spare-1", "spare-2"):
            self.cloud.add_host(name, vcpus=2, memory_mb=65536)
        self.instances("worker", {"compute-1": 2, "compute-2": 2})

    def test_a_session_leaves_room_that_another_has_set_aside(self) -> None:
        held: list[Payload] = []
        self.manager.answer["PLANNED_MAINTENANCE"] = held.append  # type: ignore[assignment]
        first = self.create(hosts=["compute-1"])
        self.wait_for(lambda: held, "its targets are set aside, its project is asked")
        del self.manager.answer["PLANNED_MAINTENANCE"]
        second = self.create(hosts=["compute-2"])
        self.done(second)
        self.manager.handle(held[0])
        self.done(first)
        for session_id in (first, second):
            failed = [e.message for e in self.history(session_id) if "failed" in e.data]
            self.assertEqual([], failed)
        self.assertEqual(4, sum(m.done for m in self.cloud.record.moves))
        self.assert_cloud_sound()
