"""Percent and ETA of a session."""

from __future__ import annotations

import datetime
import unittest
from typing import Any

from fenix import states
from fenix.db import records
from fenix.workflow import progress, resuming

START = datetime.datetime(2026, 11, 21, 12, 0, 0)


def at(seconds: float) -> datetime.datetime:
    return START + datetime.timedelta(seconds=seconds)


def host(name: str, phase: str, **more: Any) -> records.Host:
    begun = None if phase == "pending" else START
    return records.Host("s", name, "compute", phase=phase, **{"started_at": begun, **more})


def session(**more: Any) -> records.Session:
    return records.Session("s", "default", states.START_MAINTENANCE, START, START, **more)


class PercentTest(unittest.TestCase):
    def test_hosts_count_as_far_as_they_are(self) -> None:
        way = ["pending", "draining", "maintaining", "returning", "done"]
        shown = [progress.percent([host("a", phase)]) for phase in way]
        self.assertEqual([0, 9, 49, 89, 99], shown)

    def test_a_host_that_waits_for_its_turn_does_not_fall_back(self) -> None:
        emptied = host("a", "pending", started_at=START)
        self.assertEqual(9, progress.percent([emptied]))

    def test_hosts_that_are_left_out_count_as_done(self) -> None:
        hosts = [host("a", "skipped"), host("b", "quarantined"), host("c", "done")]
        self.assertEqual(99, progress.percent(hosts))

    def test_a_session_without_hosts(self) -> None:
        self.assertEqual(99, progress.percent([]))


class EtaTest(unittest.TestCase):
    def test_the_rest_takes_as_long_as_what_is_done(self) -> None:
        hosts = [host("a", "done"), host("b", "pending"), host("c", "pending")]
        self.assertEqual(at(300), progress.eta(session(), hosts, at(100)))

    def test_nothing_to_go_by(self) -> None:
        self.assertIsNone(progress.eta(session(), [host("a", "pending")], at(100)))
        self.assertIsNone(progress.eta(session(), [host("a", "draining")], at(100)))

    def test_a_session_that_stands_still(self) -> None:
        hosts = [host("a", "done"), host("b", "pending")]
        for more in ({"paused_at": at(50)}, {"command": "abort"}):
            self.assertIsNone(progress.eta(session(**more), hosts, at(100)))
        failed = session()
        failed.state = states.MAINTENANCE_FAILED
        self.assertIsNone(progress.eta(failed, hosts, at(100)))

    def test_times_at_which_it_stood_still_do_not_count(self) -> None:
        hosts = [host("a", "done"), host("b", "pending")]
        notes: dict[str, Any] = resuming.after_pause({}, at(20), at(60))
        notes = resuming.after_failure({**notes, resuming.STOPPED: at(70).isoformat()}, at(80))
        # 100 s since the first host, 50 of them at work.
        self.assertEqual(at(150), progress.eta(session(progress=notes), hosts, at(100)))

    def test_a_pause_before_the_first_host_does_not_matter(self) -> None:
        hosts = [host("a", "done"), host("b", "pending")]
        notes = resuming.after_pause({}, at(-50), at(-10))
        self.assertEqual(at(200), progress.eta(session(progress=notes), hosts, at(100)))

    def test_all_hosts_are_done(self) -> None:
        self.assertEqual(at(100), progress.eta(session(), [host("a", "done")], at(100)))
