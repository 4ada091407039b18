"""The cloud that the commands find: hosts compute-1 to compute-4, an application, Fenix."""

import pathlib
import socket

import yaml

from fenix import concurrency

concurrency.setup()

from fenix.cmd.demo.cluster import Cluster  # noqa: E402 - the backend is chosen first
from fenix.emulator import Cloud, ModelClock, Timings  # noqa: E402
from fenix.emulator.image import IMAGE  # noqa: E402

_SPEED = 20.0
_SETTINGS = {
    "engine": {"poll_interval": 0.5, "cloud_poll_interval": 0.05},
    "workflow": {"move_retry_interval": 0.5},
    "command_action": {"allow": "patch = /bin/true {host}"},
    "database": {},
}


class Stage:
    """Use it in a ``with`` block; ``environment`` is what a command needs to reach it."""

    def __init__(self, folder):
        self._folder = pathlib.Path(folder)
        self._cloud = Cloud(
            clock=ModelClock(speed=_SPEED), timings=Timings(live_migration=4.0), seed=3
        )
        project = self._cloud.add_project("vnf")
        self._vnf = self._cloud.add_user("vnf", project=project), project
        small = self._cloud.add_flavor("small", vcpus=1, memory_mb=1024)
        for number in range(1, 5):
            self._cloud.add_host(f"compute-{number}", vcpus=4, memory_mb=8192)
        for number in range(1, 7):
            server = self._cloud.boot(
                project, f"worker-{number}", small, f"compute-{1 + number % 3}", user=self._vnf[0]
            )
            server.image_id = IMAGE["id"]
        self._cluster = Cluster(self._cloud, self._folder, _SETTINGS)

    def __enter__(self):
        self._cluster.start()
        admin = self._cloud.admin, self._cloud.admin_project
        clouds = {"operator": self._of(*admin), "vnf": self._of(*self._vnf)}
        path = self._folder / "clouds.yaml"
        path.write_text(yaml.safe_dump({"clouds": clouds}))
        self.environment = {
            "OS_CLIENT_CONFIG_FILE": str(path),
            "OS_CLOUD": "operator",
            "OS_FENIX_CONFIG_FILES": str(self._folder / "fenix.conf"),
            "FENIX": self._cluster.url,
            "KEYSTONE": self._cluster.auth_url,
            "PORT": str(_free_port()),
            "PORT_2": str(_free_port()),
        }
        return self

    def __exit__(self, *_):
        self._cluster.stop()

    def _of(self, user, project):
        auth = {
            "auth_url": self._cluster.auth_url,
            "username": user.name,
            "password": "secret",
            "project_name": project.name,
            "user_domain_id": "default",
            "project_domain_id": "default",
        }
        return {"auth": auth, "region_name": self._cloud.region, "compute_api_version": "2"}


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
