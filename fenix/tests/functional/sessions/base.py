"""A service with its cloud, and managers whose behaviour a test chooses."""

from __future__ import annotations

import pathlib
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import testtools

from fenix.cmd.demo.cluster import Cluster
from fenix.db import models, records, rows
from fenix.emulator import Cloud, ModelClock, Timings
from fenix.emulator.entities import Project
from fenix.emulator.server import Server
from fenix.tests.functional import conformance

sys.path.insert(0, str(pathlib.Path(__file__).parents[4] / "tools"))
import vnfm

PATIENCE = 60.0

Payload = dict[str, Any]


class Manager(vnfm.VNFM):
    """The sample VNFM, with answers that a test can change.

    ``answer``: state -> function of the payload that returns the body of the reply, or None to
    stay silent.
    """

    def __init__(self, session: Any, **more: Any) -> None:
        super().__init__(session, poll=0.02, **more)
        self.answer: dict[str, Callable[[Payload], dict[str, Any] | None]] = {}

    def handle(self, payload: Payload) -> None:
        """Answer as the test says, else as the sample does."""
        chosen = self.answer.get(payload["state"])
        if chosen is None:
            super().handle(payload)
            return
        self.events.append(payload)
        body = chosen(payload)
        if body is not None:
            self.reply(payload, body)

    def choose(self, payload: Payload) -> dict[str, str]:
        """By the beginning of the name; the first action offered where none matches."""
        names = {s.id: s.name for s in self.nova.servers.list()}
        allowed = payload["allowed_actions"]
        return {
            i: next((a for p, a in self.actions.items() if names[i].startswith(p)), allowed[0])
            for i in self.instances(payload)
        }

    def heard(self, state: str) -> list[Payload]:
        """The events of one state."""
        return [e for e in self.events if e["state"] == state]

    def states(self) -> list[str]:
        """States in the order they were heard."""
        return [e["state"] for e in self.events]


class SessionTestCase(testtools.TestCase):
    """Builds a cloud, starts Fenix, follows sessions."""

    engines = 1
    speed = 40.0
    settings: dict[str, dict[str, Any]] = {}

    def setUp(self) -> None:
        super().setUp()
        self.cloud = Cloud(
            clock=ModelClock(speed=self.speed),
            timings=Timings(live_migration=2.0, cold_migration=2.0, live_migrations_per_host=4),
            seed=7,
        )
        self.flavor = self.cloud.add_flavor("small", vcpus=1, memory_mb=1024)
        self.project = self.cloud.add_project("vnf")
        self.user = self.cloud.add_user("vnf", project=self.project)
        self.managers: list[Manager] = []
        self.build()
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(folder.cleanup)
        settings: dict[str, dict[str, Any]] = {
            "engine": {"poll_interval": 0.5, "cloud_poll_interval": 0.05, "lease": 3},
            "workflow": {"move_retry_interval": 0.1, "nack_retry_interval": 0.2},
            "api": {"rpc_timeout": 20},
        }
        for section, options in self.settings.items():
            settings[section] = {**settings.get(section, {}), **options}
        self.cluster = Cluster(self.cloud, pathlib.Path(folder.name), settings, self.engines)
        self.cluster.start()
        self.addCleanup(self.cluster.stop)
        self.addCleanup(lambda: [m.stop() for m in self.managers])
        self.admin = self.cluster.admin()
        self.url = f"{self.cluster.url}/v1/maintenance"
        self.started()

    # What a test overrides

    def build(self) -> None:
        """The hosts and instances."""
        self.computes(3)
        self.instances("worker", {"compute-1": 1, "compute-2": 1})

    def started(self) -> None:
        """The managers."""
        self.manager = self.manage(self.project)

    # Builders

    def computes(self, count: int, vcpus: int = 4) -> None:
        for number in range(1, count + 1):
            self.cloud.add_host(f"compute-{number}", vcpus=vcpus, memory_mb=65536)

    def instances(
        self, name: str, where: dict[str, int], project: Project | None = None, **more: Any
    ) -> list[Server]:
        made = []
        for host, count in where.items():
            for number in range(count):
                made.append(
                    self.cloud.boot(
                        project or self.project,
                        f"{name}-{number}-{host}",
                        self.flavor,
                        host=host,
                        metadata={"group": name},
                        **more,
                    )
                )
        return made

    def manage(self, project: Project, user: Any = None, **more: Any) -> Manager:
        manager = Manager(self.cluster.session_of(user or self.user, project), **more)
        manager.subscribe(manager.start())
        self.managers.append(manager)
        return manager

    # The admin

    def request(self, method: str, path: str = "", **more: Any) -> Any:
        return self.admin.request(f"{self.url}{path}", method, raise_exc=False, **more)

    def create(self, **body: Any) -> str:
        answer = self.request("POST", json=body)
        self.assertEqual(200, answer.status_code, answer.text)
        return str(answer.json()["session_id"])

    def command(self, session_id: str, command: str, host: str | None = None) -> None:
        """Give a command that is taken."""
        body = {"command": command} if host is None else {"command": command, "host": host}
        answer = self.request("PUT", f"/{session_id}", json=body)
        self.assertEqual(200, answer.status_code, answer.text)

    def refused(
        self, session_id: str, why: str, command: str, host: str | None = None, code: int = 409
    ) -> None:
        """Give a command that is not taken."""
        body = {"command": command} if host is None else {"command": command, "host": host}
        answer = self.request("PUT", f"/{session_id}", json=body)
        self.assertEqual(code, answer.status_code, answer.text)
        self.assertIn(why, answer.json()["error"]["message"])

    def runs(self, session_id: str) -> list[dict[str, Any]]:
        """Runs of actions, in the order they were made."""
        found: list[dict[str, Any]] = self.detail(session_id)["action_plugin_instances"]
        return found

    def detail(self, session_id: str) -> dict[str, Any]:
        answer = self.request("GET", f"/{session_id}/detail")
        self.assertEqual(200, answer.status_code, answer.text)
        conformance.check("GET", f"/v1/maintenance/{session_id}/detail", answer)
        body: dict[str, Any] = answer.json()
        return body

    def wait_for(self, what: Callable[[], Any], why: str, seconds: float = PATIENCE) -> Any:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = what()
            if found:
                return found
            time.sleep(0.02)
        return self.fail(f"{why} did not happen within {seconds} s")

    def wait_state(
        self, session_id: str, *states: str, seconds: float = PATIENCE
    ) -> dict[str, Any]:
        """Follow a session until it is in one of the states; its detail then."""

        def there() -> dict[str, Any] | None:
            state = self.request("GET", f"/{session_id}").json()["state"]
            if state not in states and state in ("MAINTENANCE_FAILED", "MAINTENANCE_DONE"):
                self.fail(f"{state}: {self.detail(session_id)['session']['reason']}")
            return self.detail(session_id) if state in states else None

        found: dict[str, Any] = self.wait_for(there, f"state {' or '.join(states)}", seconds)
        return found

    def done(self, session_id: str) -> dict[str, Any]:
        """The detail of a session that ended well."""
        return self.wait_state(session_id, "MAINTENANCE_DONE")

    def reason(self, session_id: str) -> str:
        """Why a session failed."""
        detail = self.wait_state(session_id, "MAINTENANCE_FAILED")
        return str(detail["session"]["reason"])

    def history(self, session_id: str) -> list[records.Event]:
        """The session's history, oldest first."""
        events = models.session_events
        with self.cluster.database.reader() as session:
            return rows.select(
                session,
                events,
                records.Event,
                events.c.session_id == session_id,
                order_by=events.c.event_id,
            )

    # The cloud

    def service(self, host: str) -> Any:
        return self.cloud.host(host).compute

    def hosts(self) -> list[Any]:
        """Every host of the cloud."""
        return list(self.cloud.hosts.values())

    def moves(self, server: Server) -> int:
        return sum(1 for m in self.cloud.record.moves_of(server.id) if m.done)

    def assert_cloud_sound(self) -> None:
        """No instance was lost, no host over its capacity, nobody left in between."""
        self.assertEqual([], list(self.cloud.record.violations))
        states = {s.status for s in self.cloud.servers}
        self.assertNotIn("VERIFY_RESIZE", states)
        self.assertNotIn("ERROR", states)
