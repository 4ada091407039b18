"""The cloud of a scenario with Fenix on it, and what its manager has to know."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import yaml

from fenix.client import Client
from fenix.cmd.demo.cluster import Cluster, Settings
from fenix.cmd.emulator.conversation import Conversation, Reply
from fenix.cmd.emulator.neighbour import Neighbour
from fenix.cmd.emulator.scenario import Scenario
from fenix.emulator import Cloud, ModelClock, Timings
from fenix.emulator.entities import Project, User
from fenix.emulator.image import IMAGE

APPLICATION = "vnf"
_ADMIN = "admin"
_NEIGHBOUR = "neighbour"
_EVENT_TYPE = "maintenance.planned"
#: Model seconds per second.
SPEED = 20.0
#: Instances of the application with a name of their own each: ``worker-3``.
_PASSWORD = "secret"  # noqa: S105 - of the emulated users
_ALL_MOVES = {
    "live_migration": "error",
    "pre_live_migration": "error",
    "migrate_disk": "error",
}


def settings(scenario: Scenario) -> Settings:
    """Fenix's options: short waits, and what the scenario wants."""
    made: Settings = {
        "engine": {"poll_interval": 0.5, "cloud_poll_interval": 0.05},
        "workflow": {
            "project_maintenance_reply": 20,
            "project_scale_in_reply": 60,
            "nack_retry_interval": 2,
            "move_retry_interval": 0.5,
            "scale_in_settle_time": 5,
        },
    }
    for section, options in scenario.settings.items():
        made[section] = {**made.get(section, {}), **options}
    return made


class Stage:
    """Use it in a ``with`` block.

    :param directory: for Fenix's files.
    :param port: of the cloud's HTTP.
    :param say: is called with a line for each thing that happens.
    """

    def __init__(
        self, scenario: Scenario, directory: pathlib.Path, port: int, say: Callable[[str], None]
    ) -> None:
        self._scenario = scenario
        self.cloud = Cloud(
            clock=ModelClock(speed=SPEED),
            timings=Timings(live_migration=4.0, cold_migration=8.0, live_migrations_per_host=2),
            seed=1,
        )
        self.project = self.cloud.add_project(APPLICATION)
        self.user = self.cloud.add_user(APPLICATION, project=self.project)
        self._other: tuple[Project, User] | None = None
        self._failing: list[str] = []
        self._fill()
        self.freed: list[int] = []
        self._count = self.size()
        self.conversation = Conversation(self.project.id, say, self._replied)
        self.cluster = Cluster(
            self.cloud,
            directory,
            settings(scenario),
            port=port,
            around=self.conversation.around,
            onlooker=self.conversation,
        )
        self.neighbour: Neighbour | None = None

    # The cloud

    def _fill(self) -> None:
        flavor = self.cloud.add_flavor("small", vcpus=1, memory_mb=1024)
        hosts = [f"compute-{n}" for n in range(1, self._scenario.computes + 1)]
        for name in hosts:
            self.cloud.add_host(
                name, vcpus=self._scenario.vcpus, memory_mb=2048 * self._scenario.vcpus
            )
        turn = 0
        for group in self._scenario.groups:
            apart = None
            if group.anti_affinity:
                apart = self.cloud.add_server_group(
                    self.project, "anti-affinity", group.name, user=self.user
                )
            for number in range(1, group.count + 1):
                server = self.cloud.boot(
                    self.project,
                    f"{group.name}-{number}",
                    flavor,
                    hosts[turn % len(hosts)],
                    apart,
                    metadata={"group": group.name},
                    user=self.user,
                )
                server.image_id = IMAGE["id"]
                turn += 1
                if group.name == self._scenario.failing_moves:
                    self._failing.append(server.id)
        if self._scenario.neighbour:
            project = self.cloud.add_project(_NEIGHBOUR)
            user = self.cloud.add_user(_NEIGHBOUR, project=project)
            self._other = project, user
            for number in range(self._scenario.neighbour):
                host = hosts[turn % len(hosts)]
                self.cloud.boot(project, f"other-{number + 1}", flavor, host, user=user)
                turn += 1
        for server_id in self._failing:
            self.cloud.faults.set(server_id, **_ALL_MOVES)

    def size(self) -> int:
        """How many instances the application has that are not being deleted."""
        with self.cloud.at_rest():
            return sum(
                s.project_id == self.project.id and s.task_state != "deleting"
                for s in self.cloud.servers
            )

    def is_settled(self) -> bool:
        """Whether every instance of the application is ACTIVE."""
        with self.cloud.at_rest():
            return all(
                s.status == "ACTIVE" for s in self.cloud.servers if s.project_id == self.project.id
            )

    def _replied(self, reply: Reply) -> None:
        size = self.size()
        if reply.accepted and reply.state == "ACK_SCALE_IN":
            self.freed.append(max(0, self._count - size))
        self._count = size

    # Who knows it

    def subscribe(self, url: str) -> None:
        """Make the application's event alarm."""
        self._alarm(self.user, self.project, url)

    def has_alarm(self) -> bool:
        """Whether the application has an event alarm."""
        with self.cloud.at_rest():
            return any(a.enabled and a.alarm_actions for a in self.cloud.alarms.of(self.project.id))

    def _alarm(self, user: User, project: Project, url: str) -> None:
        body = {
            "name": f"{project.name}-maintenance",
            "type": "event",
            "event_rule": {"event_type": _EVENT_TYPE},
            "repeat_actions": True,
            "alarm_actions": [url],
        }
        session = self.cluster.session_of(user, project)
        session.post("/v2/alarms", json=body, endpoint_filter={"service_type": "alarming"})

    def admin(self) -> Client:
        """The service, for its administrator."""
        return Client(self.cluster.admin())

    def neighbour_answers(self) -> None:
        """Let the other application's manager speak."""
        if self.neighbour is not None and self._other is not None:
            user, project = self._other[1], self._other[0]
            self.neighbour.answer(Client(self.cluster.session_of(user, project)))

    def clear_faults(self) -> None:
        """Let every move succeed from now on."""
        self.cloud.faults.clear()

    def environment(self) -> dict[str, str]:
        """The usual variables of the application's user."""
        return {
            "OS_AUTH_URL": self.cluster.auth_url,
            "OS_USERNAME": self.user.name,
            "OS_PASSWORD": _PASSWORD,
            "OS_PROJECT_NAME": self.project.name,
            "OS_USER_DOMAIN_ID": "default",
            "OS_PROJECT_DOMAIN_ID": "default",
            "OS_REGION_NAME": self.cloud.region,
            "OS_IDENTITY_API_VERSION": "3",
        }

    def write_clouds(self, path: pathlib.Path) -> None:
        """A ``clouds.yaml`` with clouds ``vnf`` and ``admin``."""

        def of(user: User, project: Project) -> dict[str, Any]:
            auth = {
                "auth_url": self.cluster.auth_url,
                "username": user.name,
                "password": _PASSWORD,
                "project_name": project.name,
                "user_domain_id": "default",
                "project_domain_id": "default",
            }
            return {"auth": auth, "region_name": self.cloud.region, "compute_api_version": "2"}

        clouds = {
            APPLICATION: of(self.user, self.project),
            _ADMIN: of(self.cloud.admin, self.cloud.admin_project),
        }
        path.write_text(yaml.safe_dump({"clouds": clouds}, sort_keys=False))

    # Begin and end

    def __enter__(self) -> Stage:
        if self._other is not None:
            self.neighbour = Neighbour().start()
        try:
            self.cluster.start()
            if self.neighbour is not None and self._other is not None:
                self._alarm(self._other[1], self._other[0], self.neighbour.url)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.cluster.stop()
        if self.neighbour is not None:
            self.neighbour.stop()
