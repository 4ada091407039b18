"""The live view fits its terminal, and says what matters."""

from __future__ import annotations

import datetime
import io
import unittest
from typing import Any

from rich.console import Console

from fenix.client import results
from fenix.osc import watch
from fenix.view.scene import Line
from fenix.view.style import ICONS, PLAIN_ICONS

NOW = datetime.datetime(2026, 11, 22, 1, 30, tzinfo=datetime.UTC)


def moment(hosts: int = 3, projects: int = 2, **session: Any) -> watch.Moment:
    def wait(number: int) -> list[results.Wait]:
        if number:
            return []
        until = NOW + datetime.timedelta(seconds=32)
        return [results.Wait(state="PLANNED_MAINTENANCE", host="compute-1", reply_at=until)]

    detail = results.Detail(
        session=results.Session(
            **{"session_id": "s" * 36, "state": "PLANNED_MAINTENANCE", **session}
        ),
        percent_done=40,
        eta=NOW + datetime.timedelta(minutes=6),
        hosts=[
            results.Host(
                hostname=f"compute-{n}",
                type="compute",
                phase=("done", "draining", "pending")[n % 3],
                maintained=not n % 3,
                started_at=NOW - datetime.timedelta(minutes=4),
            )
            for n in range(hosts)
        ],
        instances=[
            results.Instance(
                instance_id=str(n),
                instance_name=f"worker-{n}",
                project_id="p0",
                host="compute-0" if n == 1 else f"compute-{n}",
                moves=1,
                move_phase="moving" if n == 1 else None,
                move_source="compute-1" if n == 1 else None,
                move_target="compute-0" if n == 1 else None,
            )
            for n in range(hosts)
        ],
        projects=[
            results.Project(
                project_id=f"p{n}", has_manager=True, state="ACK_MAINTENANCE", waits=wait(n)
            )
            for n in range(projects)
        ],
    )
    lines = tuple(Line(NOW.timestamp() + n, "move", f"line {n}") for n in range(50))
    return watch.Moment(detail, lines, frozenset({"MAINTENANCE"}), NOW)


def drawn(found: watch.Moment, width: int = 100, height: int = 30, icons: Any = ICONS) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, force_terminal=False)
    console.print(watch.picture(found, width, height, icons))
    return out.getvalue().splitlines()


class WatchTest(unittest.TestCase):
    """Lines of the picture."""

    def test_what_it_says(self) -> None:
        text = "\n".join(drawn(moment()))
        self.assertIn("1 of 3 hosts  3 moves   40 %  about 0:06:00 left", text)
        self.assertIn("is asked PLANNED_MAINTENANCE about compute-1  0:00:32 left to answer", text)
        self.assertIn("p1  ACK MAINTENANCE", text)
        self.assertIn("compute-1  emptying     →worker-1", text)
        # It is also shown where it is going.
        self.assertIn("←worker-1", text)
        self.assertIn("01:30:49  move line 49", text)

    def test_a_failure(self) -> None:
        text = "\n".join(drawn(moment(state="MAINTENANCE_FAILED", reason="compute-1 is broken")))
        self.assertIn("compute-1 is broken", text)
        self.assertIn(" FAILED ", text)
        self.assertNotIn("left\n", text)

    def test_a_state_of_a_workflow_s_own(self) -> None:
        self.assertIn(" SOAKING ", "\n".join(drawn(moment(state="SOAKING"))))

    def test_it_fits(self) -> None:
        for hosts, projects in ((0, 0), (3, 1), (40, 12), (2000, 300)):
            for width, height in ((80, 24), (200, 50), (40, 12)):
                for icons in (ICONS, PLAIN_ICONS):
                    lines = drawn(moment(hosts, projects), width, height, icons)
                    self.assertLessEqual(len(lines), height, (hosts, width, height))
                    self.assertLessEqual(max(map(len, lines)), width)
