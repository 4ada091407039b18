"""The live view fits its terminal, and says what matters."""

from __future__ import annotations

import datetime
import io
import re
import unittest
from typing import Any
from xml.etree import ElementTree

from rich.console import Console

from fenix.client import results
from fenix.osc import screen
from fenix.view import contrast, still
from fenix.view.scene import Line
from fenix.view.style import ICONS, PLAIN_ICONS

NOW = datetime.datetime(2026, 11, 22, 1, 30, tzinfo=datetime.UTC)
_SVG = "{http://www.w3.org/2000/svg}"


def moment(hosts: int = 3, projects: int = 2, **session: Any) -> screen.Moment:
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
    return screen.Moment(detail, lines, frozenset({"MAINTENANCE"}), NOW)


def drawn(
    found: screen.Moment, width: int = 100, height: int = 30, icons: Any = ICONS
) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, force_terminal=False)
    console.print(screen.picture(found, width, height, icons))
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


class StillTest(unittest.TestCase):
    """The same as a picture in a file."""

    def drawn(self, found: screen.Moment) -> str:
        return still.svg(screen.picture(found, 100, 30, ICONS), 100, "watch <&> {0}")

    def test_what_it_says(self) -> None:
        root = ElementTree.fromstring(self.drawn(moment()))
        said = [t.text or "" for t in root.iter(f"{_SVG}text")]
        text = " ".join(said).replace("\xa0", " ")
        for words in ("watch <&> {0}", "1 of 3 hosts", "is asked PLANNED_MAINTENANCE", "line 49"):
            self.assertIn(words, text)

    def test_nothing_is_loaded_from_elsewhere(self) -> None:
        text = self.drawn(moment())
        self.assertEqual(["http://www.w3.org/2000/svg"], re.findall(r"https?://[^\"')\s]+", text))

    def test_every_colour_can_be_read_on_both_papers(self) -> None:
        # WCAG 2.2, 1.4.3: at least 4.5 to 1. The rest of a bar is no text.
        for found in (moment(), moment(state="MAINTENANCE_FAILED", reason="broken")):
            light, dark = self.colours(self.drawn(found))
            self.assertEqual(light.keys(), dark.keys())
            for colours, paper, rest in (
                (light, "#ffffff", "#d3dae2"),
                (dark, "#141b24", "#3d4a5c"),
            ):
                self.assertGreater(len(colours), 5)
                for name, colour in colours.items():
                    if colour not in (paper, rest):
                        self.assertGreaterEqual(contrast.ratio(colour, paper), 4.5, (name, colour))

    def test_words_in_a_state_s_box_can_be_read(self) -> None:
        text = self.drawn(moment())
        box = re.search(r'<rect fill="(#\w{6})"', text)
        assert box is not None
        dark = re.search(rf'\[fill="{box[1]}"\] {{ fill: (#\w{{6}})', text)
        assert dark is not None
        self.assertGreaterEqual(contrast.ratio(box[1], "#ffffff"), 4.5)
        self.assertGreaterEqual(contrast.ratio(dark[1], "#141b24"), 4.5)

    @staticmethod
    def colours(text: str) -> list[dict[str, str]]:
        """Of each class on light and on dark."""
        return [
            dict(re.findall(r"\.(screen-r\d+) { fill: (#\w{6})", part))
            for part in text.split("@media (prefers-color-scheme: dark)")
        ]


class ContrastTest(unittest.TestCase):
    """WCAG's own figures."""

    def test_ratios(self) -> None:
        self.assertAlmostEqual(21, contrast.ratio("#000000", "#ffffff"))
        self.assertAlmostEqual(1, contrast.ratio("#336699", "#336699"))
        self.assertAlmostEqual(4.54, contrast.ratio("#767676", "#ffffff"), places=2)

    def test_a_colour_that_is_too_near_goes_towards_the_ink(self) -> None:
        self.assertEqual("#767676", contrast.legible("#767676", "#ffffff", "#000000"))
        nearer = contrast.legible("#dddd00", "#ffffff", "#000000")
        self.assertGreaterEqual(contrast.ratio(nearer, "#ffffff"), 4.5)
