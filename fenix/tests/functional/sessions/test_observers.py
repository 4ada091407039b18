"""Masakari and Vitrage are told of hosts in maintenance, whatever becomes of them."""

from __future__ import annotations

from typing import Any

from fenix.db import observers
from fenix.tests.functional.neighbours import Masakari, Vitrage
from fenix.tests.functional.sessions.base import SessionTestCase


class ObserversTestCase(SessionTestCase):
    """Doubles of both, each host in a segment but compute-3."""

    def build(self) -> None:
        super().build()
        self.masakari, self.vitrage = Masakari(), Vitrage()
        self.addCleanup(self.masakari.stop)
        self.addCleanup(self.vitrage.stop)
        self.masakari.add("compute-1")
        self.masakari.add("compute-2", on_maintenance=True)
        self.settings = {
            "engine": {"host_observers": "masakari,vitrage", **self.engine_options()},
            "masakari": {"endpoint_override": self.masakari.url},
            "vitrage": {"endpoint_override": self.vitrage.url},
        }

    def engine_options(self) -> dict[str, Any]:
        return {}

    def lines(self, session_id: str, kind: str) -> list[str]:
        return [e.message for e in self.history(session_id) if e.kind == kind]


class ToldTest(ObserversTestCase):
    """A session in which all goes well."""

    def test_there_and_back(self) -> None:
        session_id = self.create()
        self.done(session_id)
        told = self.wait_for(
            lambda: (
                len(self.vitrage.events("compute-3")) == 3
                and len(self.lines(session_id, "observer")) == 8
                and self.lines(session_id, "observer")
            ),
            "every observer told",
        )
        # As an admin had it: compute-2 was on maintenance before, compute-3 is in no segment.
        self.assertEqual([True, False], self.masakari.changes("compute-1"))
        self.assertEqual([], self.masakari.changes("compute-2"))
        self.assertTrue(self.masakari.hosts["compute-2"]["on_maintenance"])
        self.assertIn("masakari: compute-1 on maintenance in its segment", told)
        self.assertIn("vitrage: compute-3 alarm host.maintenance ended", told)
        begin, *_, end = self.vitrage.events("compute-1")
        self.assertEqual(("host.maintenance", "down"), (begin["type"], begin["details"]["status"]))
        self.assertEqual("up", end["details"]["status"])
        self.assertRegex(begin["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$")
        self.assertIsNone(observers.recall(self.cluster.database, "masakari", "compute-1"))

    def test_abort_puts_back(self) -> None:
        session_id = self.create(
            actions=[{"plugin": "dummy", "type": "host", "metadata": {"seconds": 3}}]
        )
        self.wait_for(lambda: self.masakari.changes("compute-1") == [True], "compute-1 is out")
        self.command(session_id, "abort")
        self.wait_state(session_id, "MAINTENANCE_FAILED")
        self.wait_for(lambda: self.masakari.changes("compute-1") == [True, False], "put back")


class AwayTest(ObserversTestCase):
    """A neighbour that does not answer, or refuses, delays nobody."""

    def build(self) -> None:
        super().build()
        self.masakari.refuse_with = 503

    def test_the_session_ends_and_the_rest_follows(self) -> None:
        session_id = self.create()
        self.done(session_id)
        self.assertEqual([], self.masakari.changes("compute-1"))
        warning = self.wait_for(
            lambda: [w for w in self.lines(session_id, "warning") if "observer-masakari" in w],
            "a warning",
        )[0]
        self.assertIn("is tried again, and no session waits for it", warning)
        self.masakari.refuse_with = None
        # Both, in order: what came to pass meanwhile is told, too.
        self.wait_for(lambda: self.masakari.changes("compute-1") == [True, False], "told later")


class GivenUpTest(AwayTest):
    """After a while it is given up."""

    def engine_options(self) -> dict[str, Any]:
        return {"host_observer_give_up": 1}

    def test_the_session_ends_and_the_rest_follows(self) -> None:
        session_id = self.create()
        self.done(session_id)
        dead = self.wait_for(
            lambda: [w for w in self.lines(session_id, "warning") if "given up after" in w],
            "given up",
        )[0]
        self.assertIn("observer-masakari", dead)
        self.assertIn("do there by hand what it was to be told", dead)
        # Vitrage had no part in it.
        self.wait_for(lambda: len(self.vitrage.events("compute-3")) == 3, "Vitrage is told")


class TwiceTest(ObserversTestCase):
    """What happens again after a crash changes nothing more."""

    def test_a_host_that_is_still_out_keeps_what_was_before(self) -> None:
        database = self.cluster.database
        self.masakari.hosts["compute-1"]["on_maintenance"] = True
        observers.keep(database, "masakari", "compute-1", {"on_maintenance": False})
        self.done(self.create())
        self.wait_for(
            lambda: observers.recall(database, "masakari", "compute-1") is None, "it is told"
        )
        self.assertEqual([False], self.masakari.changes("compute-1"))
