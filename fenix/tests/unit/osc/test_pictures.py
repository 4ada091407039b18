"""A session's history as a chart, and the chart as a file."""

from __future__ import annotations

import datetime
import itertools
import unittest
from typing import Any
from xml.etree import ElementTree

from fenix.client import results
from fenix.client.results import HistoryEvent
from fenix.osc import timeline
from fenix.view import chart as charts
from fenix.view import gantt
from fenix.view.chart import Bar, Chart, Row
from fenix.view.contrast import on

BEGIN = datetime.datetime(2026, 11, 22, 1, 24, 33, tzinfo=datetime.UTC)
PROJECT = "6b0d549b6f03475a9600a35a099950d8"
_SVG = "{http://www.w3.org/2000/svg}"


def after(seconds: float) -> datetime.datetime:
    return BEGIN + datetime.timedelta(seconds=seconds)


class LabelTest(unittest.TestCase):
    """What does not fit into a bar."""

    def words(self, label: str, seconds: float) -> set[str | None]:
        bars = (Bar(charts.STATE, 0.0, 1000.0, "all"), Bar(charts.WORK, 0.0, seconds, label))
        drawn = gantt.svg(Chart("t", "", (Row("a", bars[:1]), Row("b", bars[1:])), 1000.0))
        return {t.text for t in ElementTree.fromstring(drawn).iter(f"{_SVG}text")}

    def test_a_name_is_cut_and_a_time_left_out(self) -> None:
        self.assertIn("PREP…", self.words("PREPARE", 45.0))
        self.assertIn("0:00:29", self.words("0:00:29", 60.0))
        self.assertFalse({w for w in self.words("0:00:29", 45.0) if w and "…" in w})


class History:
    """Events, as the engine writes them."""

    def __init__(self) -> None:
        self.events: list[HistoryEvent] = []

    def add(self, at: float, kind: str, message: str = "", **more: Any) -> History:
        known = {k: more.pop(k) for k in ("host", "project_id", "instance_id") if k in more}
        number = len(self.events) + 1
        self.events.append(
            HistoryEvent(
                event_id=number, at=after(at), kind=kind, message=message, data=more, **known
            )
        )
        return self

    def state(self, seconds: float, name: str) -> History:
        return self.add(seconds, "state", after=name)

    def phase(self, seconds: float, host: str, phase: str) -> History:
        return self.add(seconds, "phase", host=host, phase=phase)

    def move(self, at: float, message: str = "", **more: Any) -> History:
        ends = {"source": "compute-1", "target": "compute-2"}
        return self.add(at, "move", message, instance_id="i1", **ends, **more)

    def asked(self, seconds: float, state: str) -> History:
        return self.add(seconds, "notification", project_id=PROJECT, state=state)

    def replied(self, seconds: float, reply: str) -> History:
        return self.add(seconds, "reply", project_id=PROJECT, reply=reply)


def history() -> History:
    return (
        History()
        .add(0, "created")
        .asked(1, "MAINTENANCE")
        .replied(4, "ACK_MAINTENANCE")
        .state(4, "PLANNED_MAINTENANCE")
        .phase(5, "compute-1", "draining")
        .move(7, begins=True)
        .move(15, "a: 1 -> 2", seconds=8.0)
        .phase(16, "compute-1", "maintaining")
        .phase(26, "compute-1", "returning")
        .phase(27, "compute-1", "done")
        .asked(27, "INSTANCE_ACTION_DONE")
        .state(28, "MAINTENANCE_COMPLETE")
    )


def detail(state: str, **more: Any) -> results.Detail:
    hosts = [results.Host(hostname="compute-1"), results.Host(hostname="compute-2")]
    session = results.Session(session_id="s", state=state)
    return results.Detail(session=session, hosts=hosts, **more)


def bars(chart: Chart, row: str) -> list[tuple[str, float, float]]:
    (found,) = [r for r in chart.rows if r.name == row]
    return [(b.kind, b.start, b.end) for b in found.bars]


class TimelineTest(unittest.TestCase):
    """Rows and bars."""

    def chart(self, events: History, found: results.Detail | None, now: float = 40) -> Chart:
        return timeline.chart("s", events.events, found, after(now))

    def test_a_session_that_is_done(self) -> None:
        chart = self.chart(history().state(30, "MAINTENANCE_DONE"), detail("MAINTENANCE_DONE"))
        self.assertEqual((30.0, False), (chart.seconds, chart.goes_on))
        self.assertEqual(
            [("state", 0, 4), ("state", 4, 28), ("state", 28, 30)], bars(chart, "session")
        )
        self.assertEqual([("wait", 1, 4)], bars(chart, f"project {PROJECT[:8]}"))
        self.assertEqual(
            [("drain", 5, 16), ("work", 16, 26), ("return", 26, 27), ("move", 7, 15)],
            bars(chart, "compute-1"),
        )
        self.assertEqual([], bars(chart, "compute-2"))
        names = [r.name for r in chart.rows]
        self.assertEqual(["compute-1", "compute-2"], names[-2:])
        self.assertIn("1 moves", chart.told)

    def test_a_session_that_goes_on(self) -> None:
        events = history().asked(29, "MAINTENANCE_COMPLETE").phase(30, "compute-2", "draining")
        chart = self.chart(events, detail("MAINTENANCE_COMPLETE"))
        self.assertEqual((40.0, True), (chart.seconds, chart.goes_on))
        self.assertEqual(("wait", 29, 40), bars(chart, f"project {PROJECT[:8]}")[-1])
        self.assertEqual([("drain", 30, 40)], bars(chart, "compute-2"))
        self.assertEqual(("state", 28, 40), bars(chart, "session")[-1])

    def test_refusals_and_silence(self) -> None:
        events = history().asked(29, "MAINTENANCE_COMPLETE")
        events.replied(31, "NACK_MAINTENANCE_COMPLETE").asked(32, "MAINTENANCE_COMPLETE")
        events.add(36, "silence", project_id=PROJECT).state(36, "MAINTENANCE_FAILED")
        chart = self.chart(events, detail("MAINTENANCE_FAILED"))
        self.assertEqual(
            [("refused", 29, 31), ("refused", 32, 36)], bars(chart, f"project {PROJECT[:8]}")[1:]
        )

    def test_a_deleted_session(self) -> None:
        chart = self.chart(history(), None)
        self.assertIn("deleted", chart.told)
        self.assertFalse(chart.goes_on)
        self.assertIn("compute-1", [r.name for r in chart.rows])

    def test_moves_that_failed_or_go_on(self) -> None:
        events = history().move(29, begins=True).move(31, failed="no room").move(32, begins=True)
        chart = self.chart(events, detail("MAINTENANCE_COMPLETE"))
        moves = [b for r in chart.rows for b in r.bars if b.kind in ("move", "failed-move")]
        self.assertEqual(
            [("move", 7, 15, "compute-2"), ("failed-move", 29, 31, None), ("move", 32, 40, None)],
            [(b.kind, b.start, b.end, b.to) for b in moves],
        )
        self.assertIn("1 moves", chart.told)

    def test_actions(self) -> None:
        run = results.ActionRun(
            plugin="command",
            type="host",
            hostname="compute-1",
            state="RUNNING",
            started_at=after(21),
        )
        events = history().add(
            *(20, "action"), host="compute-1", plugin="command", state="FAILED", seconds=3.0
        )
        chart = self.chart(events, detail("MAINTENANCE", action_plugin_instances=[run]))
        drawn = bars(chart, "compute-1")
        self.assertIn(("failed-action", 17, 20), drawn)
        self.assertIn(("action", 21, 40), drawn)


class SvgTest(unittest.TestCase):
    """What is in the file."""

    def drawn(self, chart: Chart) -> ElementTree.Element:
        return ElementTree.fromstring(gantt.svg(chart))

    def chart(self, rows: int = 3, **more: Any) -> Chart:
        made = tuple(
            Row(
                f"compute-{n}",
                (
                    Bar(charts.DRAIN, n, n + 2.0),
                    *(Bar(charts.MOVE, n, n + 1.0, told=f"i{m}", to="compute-0") for m in range(2)),
                ),
            )
            for n in range(rows)
        )
        return Chart("Title <&>", "told", made, rows + 4.0, begins=BEGIN, **more)

    def test_bars_have_their_place(self) -> None:
        root = self.drawn(self.chart())
        drains = [r for r in root.iter(f"{_SVG}rect") if r.get("class") == charts.DRAIN]
        self.assertEqual(4, len(drains))  # three, and the legend's
        left = [float(r.get("x", "")) for r in drains[:3]]
        self.assertEqual(sorted(left), left)
        steps = {round(b - a, 1) for a, b in itertools.pairwise(left)}
        self.assertEqual(1, len(steps), left)
        told = {t.text for t in root.iter(f"{_SVG}title")}
        self.assertTrue({"Title <&>", "i0", "i1"} <= told)

    def test_moves_at_the_same_time_do_not_cover_each_other(self) -> None:
        root = self.drawn(self.chart(1))
        moves = [r for r in root.iter(f"{_SVG}rect") if r.get("class") == charts.MOVE][:2]
        self.assertNotEqual(moves[0].get("y"), moves[1].get("y"))

    def test_both_schemes(self) -> None:
        text = gantt.svg(self.chart())
        light, _, dark = text.partition("@media (prefers-color-scheme:dark)")
        for name in (*charts.NAMES, "text", "paper", "faint", "band"):
            self.assertIn(f".{name}{{fill:#", light)
            self.assertIn(f".{name}{{fill:#", dark)

    def test_text_on_bars_can_be_read(self) -> None:
        # WCAG 2.2, 1.4.3: at least 4.5 to 1.
        for kind, colours in gantt._COLOURS.items():
            for colour in colours:
                ratio = contrast(colour, on(colour))
                self.assertGreaterEqual(ratio, 4.5, (kind, colour))
        for which in (0, 1):
            for text in (gantt._TEXT, gantt._FAINT):
                self.assertGreaterEqual(contrast(text[which], gantt._BAND[which]), 4.5)

    def test_a_large_cloud(self) -> None:
        root = self.drawn(self.chart(1000))
        self.assertEqual(1000, sum(r.get("class") == "drain" for r in root.iter(f"{_SVG}rect")) - 1)
        # Lines between hosts would hide everything.
        self.assertEqual([], [p for p in root.iter(f"{_SVG}path") if p.get("class") == "link"])

    def test_lengths(self) -> None:
        for seconds in (0.5, 59.0, 3600.0, 86400.0, 30 * 86400.0):
            for begins in (BEGIN, None):
                chart = Chart("t", "", (Row("r"),), seconds, begins=begins)
                labels = [t.text for t in self.drawn(chart).iter(f"{_SVG}text")][2:-1]
                self.assertTrue(labels, seconds)
                self.assertLessEqual(len(labels), 12, labels)
                self.assertEqual(len(set(labels)), len(labels), labels)


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
