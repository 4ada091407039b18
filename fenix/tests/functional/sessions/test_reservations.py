"""Hosts that are reserved in Blazar: refused, or maintained when that is said."""

from __future__ import annotations

import datetime
from typing import Any

from fenix.emulator.blazar import INSTANCES, Lease
from fenix.tests.functional.sessions.base import PATIENCE
from fenix.tests.functional.sessions.test_plan import PlanTestCase

_DAY = datetime.timedelta(days=1)
_TENANT = "bd6f3f8bd7b14cbdb0aa6c2dbeb8bb7e"


class ReservationsTestCase(PlanTestCase):
    """Three computes; compute-1 is reserved now, instances on compute-2 in five hours."""

    def build(self) -> None:
        super().build()
        self.instances("late", {"compute-3": 1})
        self.cloud.not_deployed.discard("reservation")
        self.at = datetime.datetime.now(datetime.UTC).replace(tzinfo=None, microsecond=0)
        self.training = self.lease("training", ["compute-1"], -_DAY, 2 * _DAY, status="ACTIVE")
        soon = datetime.timedelta(hours=5)
        self.load = self.lease("load", ["compute-2"] * 2, soon, 2 * soon, resource_type=INSTANCES)
        # Neither meets a session of today.
        self.lease("late", ["compute-1", "compute-3"], 3 * _DAY, 4 * _DAY)
        self.lease("over", ["compute-3"], -2 * _DAY, -_DAY, status="TERMINATED")

    def lease(self, name: str, hosts: list[str], start: Any, end: Any, **more: Any) -> Lease:
        made = Lease(name, _TENANT, hosts, self.at + start, self.at + end, **more)
        self.cloud.leases.append(made)
        return made

    def named(self, text: str, *leases: tuple[str, Lease]) -> None:
        """Host, lease, times and project of each are in a text."""
        for host, lease in leases:
            self.assertIn(
                f"{host} from {lease.start} to {lease.end} by lease {lease.name!r} ({lease.id}, "
                f"{lease.resource_type}, {lease.status}) of project {_TENANT}",
                text,
            )

    def spoil(
        self, answer: int | str, path: str = "/reservation", times: int = 10**6, **more: Any
    ) -> None:
        self.cloud.faults.next_calls("GET", path, answer, times, **more)

    def kept(self, found: list[dict[str, Any]]) -> list[tuple[str, str]]:
        return [(one["host"], one["lease_name"]) for one in found]

    def reserved_events(self, session_id: str) -> list[str | None]:
        return [e.host for e in self.history(session_id) if e.kind == "reservation"]


class RefusedTest(ReservationsTestCase):
    """By default nobody is asked and nothing is touched."""

    def test_session_and_plan_name_them(self) -> None:
        reserved = [("compute-1", self.training), ("compute-2", self.load)]
        names = [("compute-1", "training"), ("compute-2", "load")]
        planned = self.plan()
        self.assertEqual(names, self.kept(planned["reservations"]))
        (obstacle,) = planned["obstacles"]
        self.named(obstacle, *reserved)
        session_id = self.create()
        reason = self.reason(session_id)
        self.named(reason, *reserved)
        self.assertIn("hosts are reserved: ", reason)
        self.assertIn("reserved_hosts 'maintain' goes on", reason)
        self.assertNotIn("late", reason)
        detail = self.detail(session_id)
        self.assertEqual(names, self.kept(detail["reservations"]))
        self.assertEqual(["compute-1", "compute-2"], self.reserved_events(session_id))
        self.assertEqual([], self.manager.states())
        self.assertEqual("enabled", self.service("compute-1").status)
        # When the lease is over the session goes on.
        self.cloud.leases.clear()
        self.command(session_id, "continue")
        self.assertEqual([], self.done(session_id)["reservations"])

    def test_other_hosts_are_free(self) -> None:
        detail = self.done(self.create(hosts=["compute-3"]))
        self.assertEqual([], detail["reservations"])
        self.assertEqual([], self.plan(hosts=["compute-3"])["obstacles"])

    def test_a_lease_that_begins_before_the_window_ends(self) -> None:
        window_end = str(self.at + 5 * _DAY)
        planned = self.plan(hosts=["compute-3"], window_end=window_end)
        self.assertEqual([("compute-3", "late")], self.kept(planned["reservations"]))
        self.assertEqual([], self.plan(hosts=["compute-3"])["reservations"])
        later = {"maintenance_at": str(self.at + 2.5 * _DAY)}
        planned = self.plan(hosts=["compute-3"], **later)
        self.assertEqual([("compute-3", "late")], self.kept(planned["reservations"]))

    def test_one_that_comes_while_projects_answer(self) -> None:
        self.manager.answer["MAINTENANCE"] = lambda _payload: None
        session_id = self.create(hosts=["compute-3"])
        (asked,) = self.wait_for(lambda: self.manager.heard("MAINTENANCE"), "the question")
        sudden = self.lease("sudden", ["compute-3"], _DAY * 0, _DAY)
        self.manager.reply(asked, {"state": "ACK_MAINTENANCE"})
        self.named(self.reason(session_id), ("compute-3", sudden))
        self.assertEqual("enabled", self.service("compute-3").status)


class MaintainedTest(ReservationsTestCase):
    """With ``reserved_hosts`` they are named, and maintained."""

    def test_by_the_session(self) -> None:
        planned = self.plan(reserved_hosts="maintain")
        self.assertEqual([], planned["obstacles"])
        self.assertEqual(2, len(planned["reservations"]))
        session_id = self.create(reserved_hosts="maintain")
        detail = self.done(session_id)
        self.assertEqual("maintain", detail["session"]["reserved_hosts"])
        self.assertEqual(
            [("compute-1", "training"), ("compute-2", "load")], self.kept(detail["reservations"])
        )
        # Once each, however often it looks.
        self.assertEqual(["compute-1", "compute-2"], self.reserved_events(session_id))
        self.assertTrue(all(h["maintained"] for h in detail["hosts"]))


class ConfiguredTest(ReservationsTestCase):
    """``[blazar] reserved_hosts = maintain``; a session may still refuse."""

    settings = {"blazar": {"reserved_hosts": "maintain"}}

    def test_by_configuration(self) -> None:
        self.assertEqual(2, len(self.done(self.create())["reservations"]))
        self.assertIn("hosts are reserved", self.reason(self.create(reserved_hosts="refuse")))


class IgnoredTest(ReservationsTestCase):
    """``[blazar] reserved_hosts = ignore``."""

    settings = {"blazar": {"reserved_hosts": "ignore"}}

    def test_blazar_is_not_asked(self) -> None:
        self.spoil(500)
        self.assertEqual([], self.done(self.create())["reservations"])


class AwayForAWhileTest(ReservationsTestCase):
    """Blazar does not answer at first."""

    def test_it_is_asked_again(self) -> None:
        self.cloud.leases.clear()
        # More than are tried at once.
        self.spoil(500, times=7)
        self.done(self.create())


class AwayTest(ReservationsTestCase):
    """Blazar does not answer."""

    settings = {"workflow": {"cloud_retry_time": 3}, "api": {"rpc_timeout": 60}}

    def test_for_good(self) -> None:
        self.spoil(503, "/reservation/v1/leases")
        session_id = self.create()
        reason = self.reason(session_id)
        self.assertIn("Blazar: list leases", reason)
        self.assertIn("tried for 3 s", reason)
        self.assertIn("continue the session", reason)
        self.assertEqual([], self.manager.states())
        self.cloud.faults.clear()
        self.cloud.leases.clear()
        self.command(session_id, "continue")
        self.done(session_id)

    def test_it_refuses_our_user(self) -> None:
        self.spoil(403)
        reason = self.reason(self.create())
        self.assertIn("Blazar: list hosts", reason)
        self.assertIn("403", reason)

    def test_a_plan(self) -> None:
        self.spoil(500)
        url = self.url.replace("/maintenance", "/plan")
        answer = self.admin.request(url, "POST", json={}, raise_exc=False)
        self.assertEqual(503, answer.status_code, answer.text)
        self.assertIn("Blazar: list hosts", answer.json()["error"]["message"])


class HangingTest(ReservationsTestCase):
    """Blazar takes calls, and says nothing."""

    settings = {
        "service_auth": {"timeout": 3, "connect_retries_total": 0},
        "workflow": {"cloud_retry_time": 3},
    }

    def test_the_session_does_not_hang(self) -> None:
        # Twice the time-out; the emulated cloud has a thread less meanwhile.
        self.spoil("hang", seconds=6.0)
        session_id = self.create()
        detail = self.wait_state(session_id, "MAINTENANCE_FAILED", seconds=2 * PATIENCE)
        self.assertIn("Blazar: list hosts", detail["session"]["reason"])
        self.assertIn("timed out", detail["session"]["reason"])
