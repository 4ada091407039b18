"""A small cloud over HTTP whose time is moved by hand."""

import datetime
from typing import Any

import testtools
from keystoneauth1 import session
from keystoneauth1.identity import v3
from novaclient import client

from fenix.emulator import Cloud, EmulatorServer, ManualClock, Timings
from fenix.emulator.entities import User
from fenix.emulator.server import Server

TIMINGS: dict[str, float] = {
    "schedule": 0.5,
    "conductor": 0.1,
    "hop": 0.1,
    "unwind": 0.1,
    "spawn": 2.0,
    "live_prepare": 0.5,
    "live_migration": 10.0,
    "live_interruption": 0.5,
    "live_record_lag": 0.5,
    "cold_migration": 20.0,
    "confirm": 1.0,
    "revert": 2.0,
    "abort": 0.5,
    "delete": 1.0,
    "power": 1.0,
}


class EmulatorTestCase(testtools.TestCase):
    """Three computes ``c0`` to ``c2`` of 4 vCPUs, one controller, project ``demo`` with a user."""

    computes = 3
    version = "2.96"

    def setUp(self):
        super().setUp()
        self.clock = ManualClock()
        self.cloud = Cloud(self.clock, Timings(**TIMINGS), seed=1)
        self.project = self.cloud.add_project("demo")
        self.user = self.cloud.add_user("demo", "demo-secret", self.project)
        self.flavor = self.cloud.add_flavor("small", vcpus=1, memory_mb=1024, disk_gb=10)
        self.cloud.add_host("ctl", roles=("controller",))
        self.hosts = [
            self.cloud.add_host(f"c{n}", vcpus=4, memory_mb=8192, disk_gb=100)
            for n in range(self.computes)
        ]
        self.server = EmulatorServer(self.cloud, threads=4).start()
        self.addCleanup(self.server.stop)
        self.session = self.session_of(self.cloud.admin, "secret", "admin")
        self.nova = self.nova_at(self.version)

    def session_of(self, user: User, password: str, project: str | None) -> Any:
        return session.Session(
            auth=v3.Password(
                auth_url=self.server.auth_url,
                username=user.name,
                password=password,
                project_name=project,
                user_domain_id="default",
                project_domain_id="default",
            )
        )

    def nova_at(self, version: str) -> Any:
        return client.Client(version, session=self.session)

    def nova_of_demo(self) -> Any:
        return client.Client(
            self.version, session=self.session_of(self.user, "demo-secret", "demo")
        )

    def call(self, service: str, method: str, path: str, **more: Any) -> Any:
        return self.session.request(
            path, method, endpoint_filter={"service_type": service}, raise_exc=False, **more
        )

    def boot(self, name: str, host: str | None = None, **more: Any) -> Server:
        return self.cloud.boot(self.project, name, self.flavor, host=host, **more)

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def show(self, server: Server) -> tuple[str, str | None, str | None]:
        """Status, task state and host as the API says."""
        seen = self.nova.servers.get(server.id)
        return (
            seen.status,
            getattr(seen, "OS-EXT-STS:task_state"),
            getattr(seen, "OS-EXT-SRV-ATTR:host"),
        )

    def migration(self, server: Server) -> Any:
        """The newest migration, as the API says."""
        return self.nova.migrations.list(instance_uuid=server.id)[0]

    def sound(self) -> None:
        """Nothing is allocated but what the servers need, and nothing was violated."""
        with self.cloud.at_rest():
            for host in self.cloud.hosts.values():
                expected = {s.id for s in self.cloud.servers.on(host)}
                self.assertEqual(expected, set(host.allocations), host.name)
        self.assertEqual([], self.cloud.record.violations)


def stamp(posix: float) -> str:
    """A POSIX time as the API takes it."""
    date = datetime.datetime.fromtimestamp(posix, datetime.UTC)
    return date.strftime("%Y-%m-%dT%H:%M:%SZ")
