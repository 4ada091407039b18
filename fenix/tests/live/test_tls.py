"""Neighbours that take connections with TLS only."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tempfile
from typing import Any

import oslo_messaging
import sqlalchemy as sa
import testtools
from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix import exceptions, timing
from fenix.db import records, schema
from fenix.db.api import Database
from fenix.notifications.publisher import Publisher
from fenix.rpc import transport as rpc_transport
from fenix.tests.certificates import Authority
from fenix.tests.live.neighbours import Private

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tools"))
from benchmarks.service import clouds
from benchmarks.service.deployment import Deployment
from benchmarks.service.managers import Managers

_UNTIL = 60.0


class TlsTest(testtools.TestCase):
    """Bus and databases, with a certificate of an authority that only this test knows."""

    def setUp(self) -> None:
        super().setUp()
        self.servers = Private(self, "rabbit", "mysql", "postgresql", tls=True)
        self.addCleanup(cfg.CONF.reset)

    def configured(self, authority: pathlib.Path, url: str) -> cfg.ConfigOpts:
        """As the manual has it."""
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "fenix.conf"
        path.write_text(
            f"[DEFAULT]\ntransport_url = {self.servers.broker}\n"
            f"[oslo_messaging_rabbit]\nssl = true\nssl_ca_file = {authority}\n"
            f"[database]\nconnection = {url}\nmax_retries = 0\n"
        )
        cfg.CONF.reset()
        return fenix_conf.load(["--config-file", str(path)], conf=cfg.CONF)

    def test_they_are_spoken_to_and_an_authority_that_is_not_theirs_is_refused(self) -> None:
        stranger = self._stranger()
        for kind, encrypted in (
            ("mysql", "SHOW STATUS LIKE 'Ssl_cipher'"),
            ("postgresql", "SELECT pid, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"),
        ):
            url = self.servers.url(kind)
            conf = self.configured(self.servers.authority, url)
            database = Database(conf, patience=10)
            self.addCleanup(database.dispose)
            schema.upgrade(database)
            schema.check(conf)
            with database.lookup() as connection:
                self.assertTrue(connection.execute(sa.text(encrypted)).one()[1])
            wrong = self._trusting(url, stranger)
            conf = self.configured(self.servers.authority, wrong)
            error = self.assertRaises(exceptions.Unavailable, schema.check, conf)
            self.assertIn("certificate verify failed", str(error))
        conf = self.configured(self.servers.authority, url)
        self._called(conf)
        self.assertIsNone(self._published(conf))
        conf = self.configured(stranger, url)
        self.assertIsInstance(self._published(conf), exceptions.Unavailable)

    def _stranger(self) -> pathlib.Path:
        """The certificate of an authority that has signed nothing here."""
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        path = folder / "ca.pem"
        options = f"-newkey rsa:2048 -nodes -subj /CN=stranger -keyout {folder}/key -out {path}"
        subprocess.run(
            ["openssl", "req", "-x509", *options.split()], check=True, capture_output=True
        )
        return path

    @staticmethod
    def _trusting(url: str, authority: pathlib.Path) -> str:
        """A database's URL with another authority."""
        known = sa.make_url(url)
        (name,) = {"ssl_ca", "sslrootcert"} & set(known.query)
        changed = known.update_query_dict({name: str(authority)})
        return changed.render_as_string(hide_password=False)

    def _called(self, conf: cfg.ConfigOpts) -> None:
        """A call and its answer cross the bus."""

        class Endpoint:
            def echo(self, _context: Any, text: str) -> str:
                return text

        target = rpc_transport.target("tls")
        server = oslo_messaging.get_rpc_server(rpc_transport.make(conf), target, [Endpoint()])
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        client = oslo_messaging.get_rpc_client(
            rpc_transport.make(conf), rpc_transport.target(), timeout=_UNTIL
        )
        self.assertEqual("over TLS", client.call({}, "echo", text="over TLS"))

    @staticmethod
    def _published(conf: cfg.ConfigOpts) -> Exception | None:
        now = timing.SystemClock().now()
        row = records.Outgoing("s", "p", "m", "maintenance.planned", {}, now, now)
        try:
            Publisher(conf).publish(row)
        except exceptions.Unavailable as error:
            return error
        return None


class SessionTest(testtools.TestCase):
    """fenix-api and fenix-engine as processes; none of their neighbours speaks in the clear."""

    def test_a_session_with_tls_everywhere(self) -> None:
        servers = Private(self, "rabbit", "mysql", tls=True)
        self.addCleanup(cfg.CONF.reset)
        tls = Authority(self).issue()
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(folder.cleanup)
        scene = clouds.used(5, vcpus=5, speed=20.0)
        settings: dict[str, dict[str, Any]] = {
            "engine": {"lease": 3, "poll_interval": 0.5, "cloud_poll_interval": 0.2},
            "oslo_messaging_rabbit": {"ssl": True, "ssl_ca_file": servers.authority},
        }
        url = servers.url("mysql")
        managers = Managers(patience=_UNTIL)
        with Deployment(
            scene,
            servers,
            url,
            pathlib.Path(folder.name),
            settings,
            managers,
            tls=tls,
            patience=2 * _UNTIL,
        ) as fenix:
            self.assertTrue(fenix.url.startswith("https://"))
            fenix.done(fenix.create(scene.computes[:2]))
            for name in scene.computes:
                self.assertEqual("enabled", scene.cloud.host(name).compute.status)
