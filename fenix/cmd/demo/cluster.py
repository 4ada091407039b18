"""API, engines and an emulated cloud in one process, on SQLite and the in-process bus.

Used by the demo and the functional tests; what runs is the service itself, over real HTTP and
real Keystone tokens, only unforked.
"""

from __future__ import annotations

import pathlib
import socket
import threading
from collections.abc import Callable
from typing import Any

import oslo_messaging
import requests
from keystoneauth1 import session as ka_session
from keystoneauth1.identity import v3
from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix.api import deploy
from fenix.api import server as api_server
from fenix.cmd.demo.witness import Application, Witness
from fenix.db import schema
from fenix.db.api import Database
from fenix.emulator import Cloud, EmulatorServer
from fenix.emulator.ceilometer import EventRelay, Onlooker
from fenix.emulator.entities import Project, User
from fenix.engine.service import Engine, openstack

_PASSWORD = "secret"  # noqa: S105 - of the emulated users
_BACKLOG = 64
_STARTS_IN = 60

Settings = dict[str, dict[str, Any]]


def in_parallel(*calls: Callable[[], object]) -> None:
    """Make calls that mostly wait, all at once; return when all are done."""
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Cluster:
    """A running Fenix with its cloud.

    :param directory: where the configuration file and the database are written.
    :param settings: options by section and name, on top of what a cluster needs.
    :param engines: how many engines share the work.
    :param port: of the cloud; 0 takes any.
    :param around: makes of the API the application that is served, to see each call.
    :param onlooker: is told of the webhooks that managers get.
    """

    def __init__(
        self,
        cloud: Cloud,
        directory: pathlib.Path,
        settings: Settings | None = None,
        engines: int = 1,
        *,
        port: int = 0,
        around: Callable[[Application], Application] | None = None,
        onlooker: Onlooker | None = None,
    ) -> None:
        self.cloud = cloud
        self.conf = cfg.CONF
        self.engines: list[Engine] = []
        self.witness = Witness()
        self._directory = directory
        self._settings = settings or {}
        self._engine_count = engines
        self._emulator = EmulatorServer(cloud, port=port, threads=8)
        self._around = around or self.witness.api
        self._onlooker = onlooker
        self._at_first: list[Callable[[], object]] = []
        self._at_last: list[Callable[[], object]] = []

    def start(self) -> Cluster:
        """Start the cloud, then the service."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self) -> None:
        self._emulator.start()
        self._at_last.append(self._emulator.stop)
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(_BACKLOG)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.cloud.maintenance_url = f"{self.url}/v1"
        path = self._directory / "fenix.conf"
        path.write_text(self._file())
        fenix_conf.load(["--config-file", str(path)], conf=self.conf)
        self._at_last.append(lambda: fenix_conf.unload(self.conf))
        self.database = Database(self.conf, patience=self.conf.engine.database_timeout)
        schema.upgrade(self.database)
        self._at_last.append(self.database.dispose)
        transport = oslo_messaging.get_notification_transport(self.conf)
        # The bus is the process's, and keeps what nobody took for whoever listens next.
        self._at_last.append(transport.cleanup)
        relay = EventRelay(self.cloud, transport=transport, onlooker=self._onlooker).start()
        self._at_first.append(relay.stop)
        application = self._around(deploy.make_app(self.conf, self.database))
        api = api_server.Server(self.conf, application, listener)
        serving = threading.Thread(target=api.serve, name="api", daemon=True)
        serving.start()
        # cheroot cannot be stopped before it serves.
        requests.get(f"{self.url}/healthcheck", timeout=_STARTS_IN)
        self._at_first.append(api.stop)
        self._at_last.append(serving.join)
        for _ in range(self._engine_count):
            self.add_engine()

    def add_engine(self) -> Engine:
        """Start one more engine."""
        engine = Engine(self.conf, ports=self.witness.ports(openstack(self.conf)))
        engine.start()
        self.engines.append(engine)
        self._at_first.append(engine.stop)
        return engine

    def _file(self) -> str:
        """The configuration file, as a deployer would write it."""
        user = {
            "auth_type": "password",
            "auth_url": self._emulator.auth_url,
            "username": "fenix",
            "password": _PASSWORD,
            "project_name": "service",
            "user_domain_id": "default",
            "project_domain_id": "default",
        }
        sections: Settings = {
            "DEFAULT": {"transport_url": "fake:///", "state_path": self._directory},
            "api": {"public_endpoint": self.url},
            "engine": {"poll_interval": 0.5, "cloud_poll_interval": 0.2},
            "service_auth": user,
            "keystone_authtoken": dict(user, www_authenticate_uri=self._emulator.auth_url),
        }
        for section, options in self._settings.items():
            sections[section] = {**sections.get(section, {}), **options}
        return "\n".join(
            f"[{section}]\n" + "".join(f"{k} = {v}\n" for k, v in options.items())
            for section, options in sections.items()
        )

    @property
    def auth_url(self) -> str:
        """Keystone's URL."""
        return self._emulator.auth_url

    def session_of(self, user: User, project: Project) -> ka_session.Session:
        """A client session for a user of the emulated cloud."""
        auth = v3.Password(
            auth_url=self._emulator.auth_url,
            username=user.name,
            password=_PASSWORD,
            project_name=project.name,
            user_domain_id="default",
            project_domain_id="default",
        )
        return ka_session.Session(auth=auth, timeout=60)

    def admin(self) -> ka_session.Session:
        """A client session of the cloud's admin."""
        return self.session_of(self.cloud.admin, self.cloud.admin_project)

    def stop(self) -> None:
        """Stop the service and its bus, then the cloud."""
        in_parallel(*self._at_first)
        self._at_first.clear()
        while self._at_last:
            self._at_last.pop()()

    def __enter__(self) -> Cluster:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
