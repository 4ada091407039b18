"""Keystone, Nova, Placement, Aodh and Blazar behind HTTPS."""

from __future__ import annotations

import logging
import pathlib
import tempfile
from collections.abc import Callable
from typing import Any

import testtools
from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix import exceptions, tls
from fenix.cloud.aodh import Aodh
from fenix.cloud.blazar import Blazar
from fenix.cloud.keystone import ServiceAuth
from fenix.cloud.nova import NovaCloud
from fenix.cloud.placement import Placement
from fenix.emulator import Cloud, EmulatorServer, Timings
from fenix.tests.certificates import Authority
from fenix.tests.functional.silence import Proxy

_PASSWORD = "secret"


class CloudTlsTest(testtools.TestCase):
    """A cloud whose Keystone and whose other services show a certificate each."""

    def setUp(self) -> None:
        super().setUp()
        self.cloud = Cloud(timings=Timings.instant(), seed=1)
        self.cloud.add_host("one")
        self.cloud.not_deployed.clear()
        self.authority = Authority(self)
        self.good = self.authority.issue()
        self.keystone = self.served(around=lambda application: self._elsewhere(application))
        self.services = self.served()
        self.wire = [self._tapped(self.keystone), self._tapped(self.services)]

    def served(self, **more: Any) -> EmulatorServer:
        server = EmulatorServer(self.cloud, threads=2, tls=self.good, **more).start()
        self.addCleanup(server.stop)
        return server

    def _tapped(self, server: EmulatorServer) -> Proxy:
        proxy = Proxy("127.0.0.1", int(server.url.rpartition(":")[2]), keep=True)
        self.addCleanup(proxy.close)
        return proxy

    def _elsewhere(self, application: Callable[..., Any]) -> Callable[..., Any]:
        """Keystone's catalogue leads to the other server."""

        def serve(environ: dict[str, Any], start_response: Any) -> Any:
            environ["HTTP_HOST"] = f"127.0.0.1:{self.wire[1].port}"
            return application(environ, start_response)

        return serve

    def conf(self, cafile: pathlib.Path | str | None, host: str = "127.0.0.1") -> cfg.ConfigOpts:
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "fenix.conf"
        path.write_text(
            "[service_auth]\nauth_type = password\n"
            f"auth_url = https://{host}:{self.wire[0].port}/identity/v3\n"
            f"username = fenix\npassword = {_PASSWORD}\nproject_name = service\n"
            "user_domain_id = default\nproject_domain_id = default\n"
            + (f"cafile = {cafile}\n" if cafile else "")
        )
        conf = cfg.ConfigOpts()
        fenix_conf.load(["--config-file", str(path)], conf=conf)
        return conf

    def calls(self, conf: cfg.ConfigOpts) -> dict[str, Callable[[], object]]:
        """A call to each neighbour, by a client of its own."""
        return {
            "Nova": lambda: NovaCloud(ServiceAuth(conf)).hosts(),
            "Placement": lambda: Placement(ServiceAuth(conf)).capacity(["one"]),
            "Aodh": lambda: Aodh(ServiceAuth(conf)).managers(),
            "Blazar": lambda: Blazar(ServiceAuth(conf)).reservations(),
        }

    def refused(self, host: str = "127.0.0.1", **more: Any) -> dict[str, str]:
        """What is said of every neighbour; none of them is trusted."""
        conf = self.conf(more.get("cafile", self.authority.path), host)
        said = {}
        for name, call in self.calls(conf).items():
            error = self.assertRaises(exceptions.CloudError, call)
            # It can be mended without the session.
            self.assertTrue(error.retriable)
            said[name] = str(error)
            for word in ("is not accepted: ", "[service_auth] cafile"):
                self.assertIn(word, said[name])
            self.assertNotIn(_PASSWORD, said[name])
        self.assert_encrypted()
        return said

    def asked(self) -> set[str]:
        """Services that a request has reached."""
        return {template.split("/")[1] for _method, template in self.cloud.record.api_calls}

    def assert_encrypted(self) -> None:
        """Every connection began with a handshake and shows nothing of what was sent."""
        seen = [bytes(one) for wire in self.wire for one in wire.seen if one]
        self.assertNotEqual([], seen)
        for one in seen:
            self.assertEqual(b"\x16\x03", one[:2])
            for plain in (b"HTTP/1.1", b"X-Auth-Token", _PASSWORD.encode()):
                self.assertNotIn(plain, one)

    def test_a_private_authority(self) -> None:
        for call in self.calls(self.conf(self.authority.path)).values():
            call()
        every = {"identity", "compute", "placement", "alarming", "reservation"}
        self.assertEqual(every, self.asked())
        self.assert_encrypted()

    def test_an_authority_of_somebody_else(self) -> None:
        stranger = Authority(self, "stranger")
        for cafile in (stranger.path, None):
            for said in self.refused(cafile=cafile).values():
                self.assertIn(f"of Keystone at 127.0.0.1:{self.wire[0].port}", said)
                self.assertIn("let [service_auth] cafile name the file with the authority", said)
        self.assertEqual(set(), self.asked())

    def test_an_expired_certificate(self) -> None:
        self.keystone.present(self.authority.issue(expired=True))
        for said in self.refused().values():
            self.assertIn(f"of Keystone at 127.0.0.1:{self.wire[0].port}", said)
            self.assertIn("certificate has expired; renew it", said)
        self.assertEqual(set(), self.asked())

    def test_a_name_that_is_not_in_it(self) -> None:
        self.keystone.present(self.authority.issue("keystone.example.org"))
        for host in ("127.0.0.1", "localhost"):
            for said in self.refused(host).values():
                self.assertIn("call the service by a name that is in the certificate", said)
        self.assertEqual(set(), self.asked())

    def test_services_with_a_certificate_that_keystone_has_not(self) -> None:
        for wrong, remedy in (
            (Authority(self, "stranger").issue(), "let [service_auth] cafile name the file"),
            (self.authority.issue(expired=True), "renew it"),
            (self.authority.issue("nova.example.org"), "a name that is in the certificate"),
        ):
            self.services.present(wrong)
            for name, said in self.refused().items():
                self.assertTrue(said.startswith(f"{name}: "), said)
                self.assertIn(f"the certificate of 127.0.0.1:{self.wire[1].port} is not", said)
                self.assertIn(remedy, said)
        self.assertEqual({"identity"}, self.asked())

    def test_a_service_without_tls(self) -> None:
        plain = EmulatorServer(self.cloud, threads=2).start()
        self.addCleanup(plain.stop)
        self.wire[1] = self._tapped(plain)
        for call in self.calls(self.conf(self.authority.path)).values():
            error = self.assertRaises(exceptions.CloudError, call)
            self.assertIn(f"no TLS connection to 127.0.0.1:{self.wire[1].port}", str(error))
        self.assert_encrypted()

    def test_it_is_not_insecure_unless_told_to_be(self) -> None:
        self.assertIs(False, self.conf(None)["service_auth"].insecure)

    def test_files_that_are_none(self) -> None:
        nonsense = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "x.pem"
        nonsense.write_text("no certificate")
        for option, value in (
            ("cafile", "/nowhere/ca.pem"),
            ("cafile", nonsense),
            ("certfile", "/nowhere/own.pem"),
            ("certfile", nonsense),
        ):
            conf = self.conf(None)
            conf.set_override(option, str(value), "service_auth")
            error = self.assertRaises(exceptions.Unavailable, tls.check, conf, "service_auth")
            self.assertIn(f"[service_auth] {option} = {value}: ", str(error))
        tls.check(self.conf(self.authority.path), "service_auth")

    def test_insecure_is_said_at_the_start(self) -> None:
        conf = self.conf(None)
        conf.set_override("insecure", True, "service_auth")
        with self.assertLogs("fenix.tls", logging.WARNING) as logs:
            tls.check(conf, "service_auth")
        self.assertIn("[service_auth] insecure is set", logs.output[0])
