"""What changes something in the cloud is asked for once, whatever becomes of the answer."""

from __future__ import annotations

import pathlib
import tempfile
from collections.abc import Callable

import testtools
from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix import exceptions
from fenix.cloud.keystone import ServiceAuth
from fenix.cloud.nova import NovaCloud
from fenix.emulator import Cloud, EmulatorServer, Timings

_CONF = """
[service_auth]
auth_type = password
auth_url = {url}
username = fenix
password = secret
project_name = service
user_domain_id = default
project_domain_id = default
timeout = 1
"""


class WritesTest(testtools.TestCase):
    """A real client, and a Nova that works on a request but does not answer."""

    def setUp(self) -> None:
        super().setUp()
        self.cloud = Cloud(timings=Timings.instant(), seed=1)
        for name in ("controller", "one", "two"):
            self.cloud.add_host(name, roles=("controller" if name == "controller" else "compute",))
        project = self.cloud.add_project("p")
        flavor = self.cloud.add_flavor("small", vcpus=1, memory_mb=1024)
        self.server = self.cloud.boot(project, "vm", flavor, "one")
        server = EmulatorServer(self.cloud, threads=4).start()
        self.addCleanup(server.stop)
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "fenix.conf"
        path.write_text(_CONF.format(url=server.auth_url))
        conf = cfg.ConfigOpts()
        fenix_conf.load(["--config-file", str(path)], conf=conf)
        self.nova = NovaCloud(ServiceAuth(conf))
        self.hosts = {h.hostname: h for h in self.nova.hosts()}

    def asked(self, method: str, answer: int | str, call: Callable[[], object]) -> int:
        """How often Nova is asked, when it does what it is asked for but its answer is lost."""
        fault = self.cloud.faults.next_calls(
            method, "/(action|os-services)", answer, times=9, seconds=1.5, after=True
        )
        self.assertRaises(exceptions.CloudError, call)
        self.cloud.faults.clear()
        return fault.hits

    def test_a_move(self) -> None:
        for answer in ("hang", "cut", 503):
            hits = self.asked("POST", answer, lambda: self.nova.cold_migrate(self.server.id, "two"))
            self.assertEqual(1, hits, answer)

    def test_a_service(self) -> None:
        hits = self.asked("PUT", "hang", lambda: self.nova.disable(self.hosts["one"], "why"))
        self.assertEqual(1, hits)

    def test_reading_is_repeated(self) -> None:
        fault = self.cloud.faults.next_calls("GET", "/os-services", "hang", times=1, seconds=1.5)
        self.assertEqual(set(self.hosts), {h.hostname for h in self.nova.hosts()})
        self.assertEqual(1, fault.hits)
