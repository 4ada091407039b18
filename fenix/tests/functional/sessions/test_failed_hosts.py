"""Hosts that failed: an admin retries or skips them one by one."""

from __future__ import annotations

import pathlib
import tempfile
from typing import Any

import sqlalchemy as sa

from fenix.db import models
from fenix.db import sessions as db_sessions
from fenix.tests.functional.sessions.base import SessionTestCase
from fenix.tests.functional.sessions.test_faults import silence

#: Fails until the file is there.
_CHECK = [{"plugin": "command", "type": "host", "metadata": {"command": "look"}}]


class ActionTest(SessionTestCase):
    """The action of a host fails."""

    def setUp(self) -> None:
        self.folder = pathlib.Path(self.temporary())
        self.settings = {
            "workflow": {"action_retries": 0},
            "command_action": {"allow": f"look = /usr/bin/test -e {self.folder}/{{host}}"},
        }
        super().setUp()

    def temporary(self) -> str:
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(folder.cleanup)
        return folder.name

    def build(self) -> None:
        self.computes(3)

    def started(self) -> None:
        self.managers = []

    def repair(self, *hostnames: str) -> None:
        for hostname in hostnames:
            (self.folder / hostname).touch()

    def phases(self, session_id: str) -> dict[str, str]:
        return {h["hostname"]: h["phase"] for h in self.detail(session_id)["hosts"]}

    def test_retry(self) -> None:
        self.repair("compute-1", "compute-2")
        session_id = self.create(hosts=["compute-3"], actions=_CHECK)
        self.assertIn("host action command failed on compute-3", self.reason(session_id))
        host = self.detail(session_id)["hosts"][0]
        self.assertEqual(("maintaining", "maintaining"), (host["phase"], host["failed_phase"]))
        self.refused(session_id, "does not maintain 'compute-9'", "retry_host", "compute-9", 422)
        self.repair("compute-3")
        self.command(session_id, "retry_host", "compute-3")
        self.done(session_id)
        host = self.detail(session_id)["hosts"][0]
        self.assertEqual(
            ("done", None, None), (host["phase"], host["failed_phase"], host["details"])
        )
        self.refused(session_id, "compute-3 is done", "retry_host", "compute-3")

    def test_retry_fails_again(self) -> None:
        session_id = self.create(hosts=["compute-3"], actions=_CHECK)
        self.reason(session_id)
        self.command(session_id, "retry_host", "compute-3")
        self.wait_for(
            lambda: self.detail(session_id)["action_plugin_instances"][0]["attempt"] == 2, "a try"
        )
        self.reason(session_id)
        self.assertEqual("disabled", self.service("compute-3").status)

    def test_skip(self) -> None:
        self.repair("compute-1", "compute-2")
        session_id = self.create(actions=_CHECK)
        self.reason(session_id)
        self.command(session_id, "skip_host", "compute-3")
        detail = self.done(session_id)
        self.assertEqual(
            {"compute-1": "done", "compute-2": "done", "compute-3": "skipped"},
            self.phases(session_id),
        )
        self.assertIn("1 of 3 hosts were not maintained", detail["session"]["reason"])
        # Half maintained: nothing may land on it.
        self.assertEqual("disabled", self.service("compute-3").status)
        self.assertEqual("enabled", self.service("compute-1").status)
        self.request("DELETE", f"/{session_id}")
        self.assertEqual("enabled", self.service("compute-3").status)

    def quarantining(self, most: int) -> str:
        """A session that goes on without so many hosts."""
        session_id = self.create(actions=_CHECK, maintenance_at="2100-01-01 00:00:00")
        self.command(session_id, "pause")

        def at_rest() -> bool:
            row = db_sessions.get(self.cluster.database, session_id)
            return row.owner is None and row.wake_at is None

        self.wait_for(at_rest, "nobody's work on it")
        with self.cluster.database.writer() as session:
            session.execute(
                sa.update(models.sessions).values(
                    settings={"max_failed_hosts": most, "max_parallel_hosts": 1},
                    maintenance_at=None,
                )
            )
        self.command(session_id, "resume")
        return session_id

    def set_aside(self, session_id: str) -> str:
        def found() -> str | None:
            names = [h for h, phase in self.phases(session_id).items() if phase == "quarantined"]
            return names[0] if names else None

        return str(self.wait_for(found, "a host that is set aside"))

    def test_a_host_that_was_set_aside_is_retried_in_the_running_session(self) -> None:
        session_id = self.quarantining(3)
        hostname = self.set_aside(session_id)
        self.repair("compute-1", "compute-2", "compute-3")
        answer = self.request(
            "PUT", f"/{session_id}", json={"command": "retry_host", "host": hostname}
        )
        self.assertEqual(200, answer.status_code, answer.text)
        self.wait_for(lambda: self.phases(session_id)[hostname] == "done", f"{hostname} done")

    def test_two_hosts_one_retried_one_skipped(self) -> None:
        session_id = self.quarantining(1)
        self.reason(session_id)
        failed = [h for h in self.detail(session_id)["hosts"] if h["failed_phase"]]
        self.assertEqual(2, len(failed))
        self.repair("compute-1", "compute-2", "compute-3")
        aside = next(h["hostname"] for h in failed if h["phase"] == "quarantined")
        other = next(h["hostname"] for h in failed if h["phase"] != "quarantined")
        self.command(session_id, "skip_host", other)
        self.done(session_id)
        phases = self.phases(session_id)
        self.assertEqual(("quarantined", "skipped"), (phases[aside], phases[other]))
        self.assertEqual(1, list(phases.values()).count("done"))


class EmptyingTest(SessionTestCase):
    """A host cannot be emptied."""

    settings: dict[str, dict[str, Any]] = {"workflow": {"project_maintenance_reply": 3}}

    def build(self) -> None:
        self.computes(3)
        self.worker = self.instances("worker", {"compute-1": 1})[0]

    def failed(self) -> str:
        self.manager.answer["PLANNED_MAINTENANCE"] = silence
        session_id = self.create(hosts=["compute-1", "compute-2"])
        self.assertIn("compute-1: no reply", self.reason(session_id))
        self.manager.answer.clear()
        return session_id

    def test_skip_puts_it_back(self) -> None:
        session_id = self.failed()
        self.command(session_id, "skip_host", "compute-1")
        self.done(session_id)
        self.assertEqual("enabled", self.service("compute-1").status)
        self.assertEqual(0, self.moves(self.worker))

    def test_retry_asks_again(self) -> None:
        session_id = self.failed()
        self.command(session_id, "retry_host", "compute-1")
        self.done(session_id)
        self.assertEqual(1, self.moves(self.worker))
        self.assertEqual(2, len(self.manager.heard("PLANNED_MAINTENANCE")))
