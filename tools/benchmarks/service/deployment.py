"""Fenix beside an emulated cloud: API and engine are processes of their own, as is the cloud.

The cloud, its managers and the administrator are this process; between it and Fenix are real HTTP,
a real broker and a real database.
"""

import socket
import time

import oslo_messaging
import requests
import sqlalchemy as sa
from keystoneauth1 import session as ka_session
from keystoneauth1.identity import v3
from oslo_config import cfg

from benchmarks.service import engine
from benchmarks.service.managers import Managers
from benchmarks.service.processes import Process
from fenix import conf as fenix_conf
from fenix.db import models, schema
from fenix.db.api import Database
from fenix.emulator import EmulatorServer
from fenix.emulator.ceilometer import EventRelay

IDLE = ("MAINTENANCE_DONE", "MAINTENANCE_FAILED")
_PASSWORD = "secret"
_STARTS_IN = 60
_PATIENCE = 900


class Failed(RuntimeError):
    """What was to be measured did not work."""


class Deployment:
    """A running Fenix with its cloud; use it in a ``with`` block.

    ``tls``: certificate, key and authority of the cloud and of the API; without, they speak HTTP.

    ``calls``: seconds on the monotonic clock at which the engine turned to the outside: called
    Nova, Placement or Aodh, or sent a notification that has come through the broker.
    """

    #: That the database is brought to before anything starts.
    schema_version = "head"

    def __init__(
        self,
        scene,
        neighbours,
        database_url,
        folder,
        settings=None,
        managers=None,
        engines=1,
        patience=_PATIENCE,
        tls=None,
    ):
        self.scene = scene
        self.cloud = scene.cloud
        self.managers = managers or Managers()
        self.calls = []
        #: Where each engine serves its metrics.
        self.metrics = []
        self._patience = patience
        self._neighbours = neighbours
        self._database_url = database_url
        self._settings = settings or {}
        self._counts = [folder / f"statements-{n}" for n in range(engines)]
        self._folder = folder
        self._tls = tls
        self._emulator = EmulatorServer(self.cloud, threads=12, around=self._around, tls=tls)
        self._stops = []

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        while self._stops:
            self._stops.pop()()

    def _start(self):
        self._emulator.start()
        self._stops.append(self._emulator.stop)
        self.url = f"http{'s' if self._tls else ''}://127.0.0.1:{self._port()}"
        self.cloud.maintenance_url = f"{self.url}/v1"
        self.conf = self._configuration()
        self._stops.append(lambda: fenix_conf.unload(self.conf))
        self.database = Database(self.conf)
        self._stops.append(self.database.dispose)
        schema.upgrade(self.database, self.schema_version)
        self._listen()
        self._start_service()
        self.wait(self._serves, "the API serves", _STARTS_IN)
        self.wait(self._has_engines, "the engines run", _STARTS_IN)
        self.managers.start()
        self._stops.append(self.managers.stop)
        for whose in self.scene.owners:
            self.managers.manage(whose.project.id, self.session(whose.user, whose.project))
        self.admin = self.session(self.cloud.admin, self.cloud.admin_project)

    def _port(self):
        return free_port()

    def _start_service(self):
        file = ["--config-file", str(self._folder / "fenix.conf")]
        self.api = self._process("api", "-m", "fenix.cmd.api", *file)
        self.engines = [self._engine(n, count, file) for n, count in enumerate(self._counts)]
        self.engine = self.engines[0]

    def _engine(self, number, count, file):
        engine.made(count)
        port = free_port()
        own = self._folder / f"engine-{number}.conf"
        own.write_text(f"[metrics]\nport = {port}\nmax_age = 0\n")
        self.metrics.append(f"http://127.0.0.1:{port}/metrics")
        command = ("-m", "benchmarks.service.engine", *file, "--config-file", str(own))
        return self._process(f"engine-{number}", *command, **{engine.COUNT: str(count)})

    def _process(self, name, *command, **environment):
        process = Process(name, self._folder, *command, **environment)
        self._stops.append(process.stop)
        return process

    def _listen(self):
        """Play Ceilometer, on a bus that is emptied of what an earlier run left."""
        transport = oslo_messaging.get_notification_transport(self.conf)
        heard = self._heard

        class Relay(EventRelay):
            def deliver(self, event_type, payload, message_id, *arguments, **more):
                heard(event_type, payload, message_id)
                return super().deliver(event_type, payload, message_id, *arguments, **more)

        relay = Relay(self.cloud, transport=transport).start()
        self._stops += [transport.cleanup, relay.stop]

    def _heard(self, event_type, payload, message_id):
        self.calls.append(time.monotonic())

    def _around(self, application):
        def noting(environ, start_response):
            if not environ["PATH_INFO"].startswith("/identity"):
                self.calls.append(time.monotonic())
            return application(environ, start_response)

        return noting

    # What a deployer writes

    def _configuration(self):
        user = {
            "auth_type": "password",
            "auth_url": self._emulator.auth_url,
            "username": "fenix",
            "password": _PASSWORD,
            "project_name": "service",
            "user_domain_id": "default",
            "project_domain_id": "default",
        }
        sections = {
            "DEFAULT": {
                "transport_url": self._neighbours.broker,
                "state_path": self._folder,
            },
            "database": {"connection": self._database_url},
            "api": {"port": self.url.rpartition(":")[2], "public_endpoint": self.url},
            "service_auth": user,
            "keystone_authtoken": {**user, "www_authenticate_uri": self._emulator.auth_url},
        }
        if self._tls:
            files = {"ssl_cert_file": self._tls.certificate, "ssl_key_file": self._tls.key}
            sections["api"] |= files
            for section in ("service_auth", "keystone_authtoken"):
                sections[section]["cafile"] = self._tls.authority
        for section, options in self._settings.items():
            sections[section] = {**sections.get(section, {}), **options}
        path = self._folder / "fenix.conf"
        path.write_text(
            "\n".join(
                f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in options.items())
                for name, options in sections.items()
            )
        )
        return configuration(path)

    def session(self, user, project):
        """A client session of a user of the cloud."""
        auth = v3.Password(
            auth_url=self._emulator.auth_url,
            username=user.name,
            password=_PASSWORD,
            project_name=project.name,
            user_domain_id="default",
            project_domain_id="default",
        )
        return ka_session.Session(
            auth=auth, timeout=max(60, self._patience), verify=self._trusted()
        )

    def _trusted(self):
        """What requests is told of certificates."""
        return str(self._tls.authority) if self._tls else True

    # What an administrator does

    def create(self, hosts, **body):
        """Start a session for these hosts. Returns its id."""
        answer = self.admin.post(
            f"{self.url}/v1/maintenance", json={"hosts": hosts, **body}, raise_exc=False
        )
        if answer.status_code != 200:
            raise Failed(f"a session is not created: {answer.text}")
        return answer.json()["session_id"]

    def delete(self, session_id):
        """Delete a session."""
        self.admin.delete(f"{self.url}/v1/maintenance/{session_id}")

    def done(self, session_id):
        """Wait until a session has ended well.

        The database is asked, so that the measured API has nothing to do.
        """
        self.wait(lambda: self.state(session_id) in IDLE, f"session {session_id} ends")
        row = self.row(session_id)
        if row.state != IDLE[0] or self.managers.failures:
            raise Failed(f"the session failed: {row.reason} {self.managers.failures[:1]}")

    def state(self, session_id):
        """The session's state."""
        return self.row(session_id).state

    def row(self, session_id):
        """The session's row."""
        table = models.sessions
        with self.database.reader() as read:
            return read.execute(sa.select(table).where(table.c.session_id == session_id)).one()

    def scalar(self, statement):
        """The result of a query."""
        with self.database.reader() as read:
            return read.scalar(statement)

    def statements(self):
        """How many statements the engines have sent to the database."""
        return sum(map(engine.read, self._counts))

    def wait(self, holds, what, seconds=_PATIENCE):
        """Wait until something holds. Raises Failed when it does not."""
        until = time.monotonic() + seconds
        while not holds():
            self._demand_alive()
            if time.monotonic() > until:
                raise Failed(f"not within {seconds} s: {what}")
            time.sleep(0.2)

    def _serves(self):
        try:
            url = f"{self.url}/healthcheck"
            return requests.get(url, timeout=5, verify=self._trusted()).status_code == 200
        except requests.ConnectionError:
            return False

    def _demand_alive(self):
        for process in (self.api, *self.engines):
            process.demand_alive()

    def _has_engines(self):
        running = self.scalar(sa.select(sa.func.count()).select_from(models.engines))
        return running >= len(self._counts)


def configuration(path):
    """The process's options, from one file."""
    cfg.CONF.reset()
    return fenix_conf.load(["--config-file", str(path)], conf=cfg.CONF)


def free_port():
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
