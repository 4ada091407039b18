"""``POST /v1/plan``: what is promised is what sessions do."""

from __future__ import annotations

import pathlib
import re
from typing import Any

from fenix.tests.functional import conformance
from fenix.tests.functional.sessions.base import SessionTestCase
from fenix.tests.functional.sessions.vnf_base import VnfTestCase


class PlanTestCase(SessionTestCase):
    """Asks for plans."""

    def plan(self, **body: Any) -> dict[str, Any]:
        url = self.url.replace("/maintenance", "/plan")
        answer = self.admin.request(url, "POST", json=body, raise_exc=False)
        self.assertEqual(200, answer.status_code, answer.text)
        conformance.check("POST", "/v1/plan", answer)
        found: dict[str, Any] = answer.json()
        return found

    def moved(self, session_id: str) -> list[tuple[str, str, str]]:
        """Instance, source and target of each move that came to its end, sorted."""
        return sorted(
            (str(e.instance_id), e.data["source"], e.data["target"])
            for e in self.history(session_id)
            if e.kind == "move" and "seconds" in e.data
        )

    def assert_agree(self, planned: dict[str, Any], session_id: str) -> None:
        """The session made exactly the planned moves, and took hosts in the planned order."""
        wanted = sorted((m["instance_id"], m["source"], m["target"]) for m in planned["moves"])
        self.assertEqual(wanted, self.moved(session_id))
        detail = self.detail(session_id)
        began = {h["hostname"]: h["started_at"] for h in detail["hosts"]}
        ended = {h["hostname"]: h["finished_at"] for h in detail["hosts"]}
        wave_of = {h["host"]: w["wave"] for w in planned["waves"] for h in w["hosts"]}
        self.assertEqual(set(wave_of), set(began))
        for move in planned["moves"]:
            source, target = move["source"], move["target"]
            if wave_of.get(target, 0) and wave_of[target] < move["wave"]:
                self.assertLessEqual(ended[target], began[source], move)

    def documented(self) -> set[str]:
        """The fields of a plan that the manual explains."""
        page = pathlib.Path(__file__).parents[4] / "doc" / "source" / "api.rst"
        part = page.read_text().partition("POST /v1/plan\n---")[2].partition("GET /v1")[0]
        lines = re.findall(r"^(``\w+``.*)$", part, re.M)
        return {name for line in lines for name in re.findall(r"``(\w+)``", line)}


class EightComputes(PlanTestCase):
    """Eight computes with different loads, and a pair that is kept apart."""

    def build(self) -> None:
        self.computes(8, vcpus=6)
        group = self.cloud.add_server_group(self.project, "anti-affinity")
        for number in (1, 4):
            self.cloud.boot(
                self.project, f"pair-{number}", self.flavor, host=f"compute-{number}", group=group
            )
        loads = {1: 3, 2: 4, 3: 2, 4: 3, 5: 5, 6: 3, 7: 4, 8: 2}
        self.instances("worker", {f"compute-{n}": load for n, load in loads.items()})

    def body(self) -> dict[str, Any]:
        return {"actions": [{"plugin": "dummy", "type": "host"}]}

    def promise_and_keep(self) -> dict[str, Any]:
        """Plan a session, run it, and hold it to the plan."""
        planned = self.plan(**self.body())
        self.assertEqual([], planned["blocked_hosts"] + planned["obstacles"])
        # Of 28 instances, those of the host with the fewest move twice at least.
        self.assertEqual(30, planned["bounds"]["moves"])
        session_id = self.create(**self.body())
        self.wait_state(session_id, "MAINTENANCE_DONE", seconds=300)
        self.assert_agree(planned, session_id)
        self.assert_cloud_sound()
        return planned


class AgreementTest(EightComputes):
    """Most instances move once."""

    def test_plan_and_session_agree(self) -> None:
        planned = self.promise_and_keep()
        self.assertLessEqual(planned["totals"]["moves"], 28 * 1.2)

    def test_a_plan_changes_nothing(self) -> None:
        before = [(h.name, h.compute.status, sorted(h.allocations)) for h in self.computed()]
        planned = self.plan(**self.body())
        self.assertEqual(8, sum(len(wave["hosts"]) for wave in planned["waves"]))
        self.assertEqual([], self.request("GET").json()["sessions"])
        after = [(h.name, h.compute.status, sorted(h.allocations)) for h in self.computed()]
        self.assertEqual(before, after)
        self.assertEqual([], self.manager.states())

    def computed(self) -> list[Any]:
        return [h for h in self.cloud.hosts.values() if h.is_compute]

    def test_times_are_of_past_sessions_where_there_are_any(self) -> None:
        times = self.plan(**self.body())["duration"]["times"]
        self.assertEqual({"default"}, {t["source"] for t in times.values()})
        self.done(self.create(hosts=["compute-3"], **self.body()))
        times = self.plan(**self.body())["duration"]["times"]
        # Nobody was asked to scale in.
        self.assertEqual("default", times.pop("scale_in")["source"])
        self.assertEqual({"past sessions"}, {t["source"] for t in times.values()})
        self.assertEqual(2, times["move"]["count"])

    def test_a_host_of_another_session_is_refused_as_at_creation(self) -> None:
        session_id = self.create(hosts=["compute-1"])
        url = self.url.replace("/maintenance", "/plan")
        answer = self.admin.request(
            url, "POST", json={"hosts": ["compute-1", "compute-2"]}, raise_exc=False
        )
        self.assertEqual(409, answer.status_code, answer.text)
        self.assertIn(f"compute-1 (session {session_id})", answer.json()["error"]["message"])


class PacedAgreementTest(EightComputes, VnfTestCase):
    """Groups set the pace: the course is chosen by the times that are expected."""

    # Nobody is silent here, however slow the machine is.
    settings = {"workflow": {"project_maintenance_reply": 300}}

    def started(self) -> None:
        super().started()
        workers = [s for h in self.cloud.hosts.values() for s in self.cloud.servers.on(h)]
        workers = [s for s in workers if s.name.startswith("worker")]
        for number in range(3):
            members = workers[number::4]
            self.cloud.define_group(f"g{number}", members)
            self.group(f"g{number}", members, max_impacted_members=1 + number, recovery_time=0)

    def body(self) -> dict[str, Any]:
        return {**super().body(), "workflow": "vnf"}

    def test_plan_and_session_agree(self) -> None:
        planned = self.promise_and_keep()
        self.assertLess({"g0", "g1", "g2"}, {g["group_id"] for g in planned["groups"]})
        for number in range(3):
            self.assertLessEqual(self.most_impacted(f"g{number}"), 1 + number)


class SecondMovesTest(EightComputes):
    """All may move twice: as few waves as possible."""

    settings = {"workflow": {"second_moves_percent": 100}}

    def test_plan_and_session_agree(self) -> None:
        self.assertEqual(1.0, self.promise_and_keep()["ratios"]["waves"])


class FullCloudTest(PlanTestCase):
    """No host can be emptied."""

    settings = {"workflow": {"project_without_manager": "fail"}}

    def build(self) -> None:
        self.computes(3, vcpus=2)
        self.full = self.instances("worker", {f"compute-{n}": 2 for n in (1, 2, 3)})

    def started(self) -> None:
        """Nobody listens."""

    def test_what_is_missing_and_who_is_silent(self) -> None:
        planned = self.plan()
        self.assertEqual({"host": "compute-1", "instances": 2, "vcpus": 2}, planned["scale_in"])
        self.assertEqual([], planned["moves"])
        blocked = planned["blocked_hosts"]
        self.assertEqual([f"compute-{n}" for n in (1, 2, 3)], [b["host"] for b in blocked])
        self.assertEqual([], [b for b in blocked if not b["why"] or not b["remedy"]])
        self.assertEqual(self.documented() | {"workflow"}, set(planned))
        [obstacle] = planned["obstacles"]
        self.assertIn(self.project.id, obstacle)
        self.assertEqual([False], [p["has_manager"] for p in planned["projects"]])
