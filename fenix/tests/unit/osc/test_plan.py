"""A plan in words, as values, and as a picture."""

from __future__ import annotations

import unittest
from typing import Any

from fenix.client.plans import Plan
from fenix.client.results import read
from fenix.osc import plan as commands


def host(name: str, drain: int, empty: int, done: int, *, first: bool = False) -> dict[str, Any]:
    times = {"drain_at": drain, "empty_at": empty, "done_at": done}
    return {"host": name, "emptied_first": first, "instances": 1, **times}


def answer(**more: Any) -> dict[str, Any]:
    """As the service gives it."""
    move = {"instance_name": "a", "project_id": "p", "wave": 1}
    return {
        "workflow": "default",
        "waves": [
            {"wave": 1, "hosts": [host("compute-4", 20, 50, 1850, first=True)]},
            {"wave": 2, "hosts": [host("compute-6", 1850, 1890, 2790)]},
        ],
        "moves": [
            {"instance_id": "i1", "source": "compute-4", "target": "compute-1", **move},
            {"instance_id": "i2", "source": "compute-6", "target": "compute-4", **move},
        ],
        "groups": [{"group_id": "g", "project_id": "p", "members": 2, "moves": 2, "pace": 90.0}],
        "scale_in": None,
        "blocked_hosts": [],
        "bounds": {"waves": 2, "moves": 2, "makespan": 2700},
        "totals": {"hosts": 2, "waves": 2, "moves": 2, "makespan": 2770},
        "ratios": {"waves": 1.0, "moves": 1.0, "makespan": None},
        "duration": {
            "seconds": 2800,
            "ends_at": "2026-11-22 03:39:41",
            "phases": {"MAINTENANCE": 10, "controllers": 940, "computes": 1850, "x": 0},
        },
        "outside_window": [],
        "obstacles": [],
        "projects": [{"project_id": "p", "has_manager": True}],
        "something_new": 1,
        **more,
    }


def words(found: Plan) -> dict[str, str]:
    return {
        name: told(found).human_readable()
        if hasattr(told(found), "human_readable")
        else told(found)
        for name, told in commands._FIELDS.items()
    }


class PlanTest(unittest.TestCase):
    """What is said of it."""

    def test_a_whole_plan(self) -> None:
        found = read(Plan, answer())
        self.assertTrue(found.complete)
        said = words(found)
        self.assertEqual("1: compute-4\n2: compute-6", said["waves"])
        self.assertEqual("2 (at best 2)", said["moves"])
        self.assertEqual("0:46:40, until 2026-11-22 03:39:41", said["duration"])
        self.assertEqual("g: 2 members, 2 moves, at least 0:01:30", said["groups"])
        self.assertEqual("waves 1.0, moves 1.0", said["ratios"])
        self.assertEqual("1, 1 with a manager", said["projects"])
        as_json = commands._FIELDS["waves"](found).machine_readable()
        self.assertEqual("compute-6", as_json[1]["hosts"][0]["host"])

    def test_plans_that_leave_something_out(self) -> None:
        blocked = [{"host": "compute-1", "why": "full", "remedy": "scale in"}]
        need = {"host": "compute-1", "instances": 4, "vcpus": 4}
        for more in (
            {"blocked_hosts": blocked},
            {"scale_in": need},
            {"outside_window": ["compute-6"]},
            {"obstacles": ["project p has no manager"]},
        ):
            self.assertFalse(read(Plan, answer(**more)).complete, more)
        said = words(read(Plan, answer(blocked_hosts=blocked, scale_in=need)))
        self.assertEqual("compute-1: full; scale in", said["blocked_hosts"])
        self.assertEqual("4 instances, 4 vCPUs, so that compute-1 can be emptied", said["scale_in"])

    def test_the_picture(self) -> None:
        blocked = [{"host": "compute-1", "why": "full", "remedy": "scale in"}]
        chart = commands.chart(read(Plan, answer(blocked_hosts=blocked)))
        self.assertEqual((2800, None), (chart.seconds, chart.begins))
        drawn = {r.name: [(b.kind, b.start, b.end) for b in r.bars] for r in chart.rows}
        self.assertEqual(
            [("state", 0, 10), ("state", 10, 950), ("state", 950, 2800)], drawn["session"]
        )
        # Emptied before the controllers, it waits for its turn.
        self.assertEqual(
            [("drain", 20, 50), ("work", 950, 1850), ("move", 20, 50)], drawn["compute-4"]
        )
        self.assertEqual("blocked", drawn["compute-1"][0][0])
        (move,) = [b for b in chart.rows[2].bars if b.kind == "move"]
        self.assertEqual("compute-4", move.to)
