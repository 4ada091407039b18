"""Hosts that are added to the cloud, or removed from it, in a session and without one."""

from __future__ import annotations

from typing import Any

from fenix.client.webhook import HOST
from fenix.db import duties, models
from fenix.db.known_hosts import known
from fenix.tests.functional.sessions.base import SessionTestCase


class HostChangesTestCase(SessionTestCase):
    """Fenix looks at the cloud often."""

    settings = {"engine": {"host_watch_interval": 0.3}}
    engines = 2

    def told(self, state: str) -> list[tuple[str, str]]:
        """Host and session of every event of a state."""
        outbox = models.outbox
        with self.cluster.database.reader() as session:
            found = session.execute(
                outbox.select().where(outbox.c.event_type == HOST).order_by(outbox.c.outbox_id)
            )
            said = [row.payload for row in found]
        return [(p["host"], p["session_id"]) for p in said if p["state"] == state]

    def known(self) -> list[str]:
        return sorted(known(self.cluster.database))

    def remove(self, name: str) -> None:
        """As ``openstack compute service delete`` does."""
        service = self.cloud.host(name).compute
        answer = self.admin.delete(
            f"/os-services/{service.uuid}",
            endpoint_filter={"service_type": "compute"},
            headers={"OpenStack-API-Version": "compute 2.87"},
        )
        self.assertEqual(204, answer.status_code)


class WithoutSessionTest(HostChangesTestCase):
    """One of the engines finds out."""

    def test_each_is_told_once(self) -> None:
        names = ["compute-1", "compute-2", "compute-3"]
        self.wait_for(lambda: self.known() == names, "the first look")
        self.assertEqual([], self.told("HOST_ADDED"))
        self.cloud.add_host("compute-4", vcpus=4, memory_mb=65536)
        self.wait_for(lambda: self.told("HOST_ADDED"), "HOST_ADDED")
        self.remove("compute-3")
        self.wait_for(lambda: self.told("HOST_REMOVED"), "HOST_REMOVED")
        self.assertEqual([("compute-4", "")], self.told("HOST_ADDED"))
        self.assertEqual([("compute-3", "")], self.told("HOST_REMOVED"))
        self.assertEqual(["compute-1", "compute-2", "compute-4"], self.known())

    def test_a_duty_is_one_engine_s(self) -> None:
        database, now = self.cluster.database, self.cluster.engines[0]._clock.now()
        turns = [duties.take(database, "sweep", who, now, 60) for who in ("a", "b", "a")]
        self.assertEqual([True, False, False], turns)


class InSessionTest(HostChangesTestCase):
    """The session itself looks."""

    settings = {"engine": {"host_watch_interval": 0}}
    engines = 1
    speed = 20.0

    def build(self) -> None:
        self.computes(5)
        self.instances("worker", {"compute-1": 3, "compute-2": 3, "compute-3": 3, "compute-4": 3})

    def slow(self, **more: Any) -> str:
        return self.create(
            actions=[{"plugin": "dummy", "type": "host", "metadata": {"seconds": 1}}],
            max_parallel_hosts=1,
            **more,
        )

    def phase(self, session_id: str, host: str) -> str:
        hosts = self.detail(session_id)["hosts"]
        return str(next(h["phase"] for h in hosts if h["hostname"] == host))

    def test_a_host_appears(self) -> None:
        self.done(self.create(hosts=["compute-5"]))
        session_id = self.slow()
        self.wait_for(lambda: self.phase(session_id, "compute-5") == "done", "the first is done")
        self.cloud.add_host("compute-6", vcpus=4, memory_mb=65536)
        self.done(session_id)
        self.assertEqual([("compute-6", session_id)], self.told("HOST_ADDED"))
        self.assert_cloud_sound()

    def test_a_host_of_the_session_goes(self) -> None:
        # Nobody is on it: it would be the first.
        session_id = self.slow(canary_hosts=1, canary_soak=15)
        self.wait_for(
            lambda: [h for h in self.detail(session_id)["hosts"] if h["phase"] == "done"],
            "the canary is done",
        )
        waiting = [h["hostname"] for h in self.detail(session_id)["hosts"] if h["phase"] != "done"]
        gone = next(
            (n for n in waiting if not self.cloud.servers.count_on(self.cloud.host(n))), None
        )
        if gone is None:
            gone = waiting[0]
            for server in [s for s in self.cloud.servers if s.host.name == gone]:
                self.cloud.delete(server)
            self.wait_for(
                lambda: not self.cloud.servers.count_on(self.cloud.host(gone)), "nobody is on it"
            )
        self.remove(gone)
        detail = self.done(session_id)
        row = next(h for h in detail["hosts"] if h["hostname"] == gone)
        self.assertEqual(("skipped", False), (row["phase"], row["maintained"]))
        self.assertEqual("not in the cloud any more", row["details"])
        self.assertEqual([(gone, session_id)], self.told("HOST_REMOVED"))
        self.assertIn(gone, detail["session"]["reason"] or "")
