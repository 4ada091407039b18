"""Tokens are validated by a Keystone behind HTTPS."""

from __future__ import annotations

from fenix.emulator import Cloud, EmulatorServer, Timings
from fenix.tests import base
from fenix.tests.certificates import Authority
from fenix.tests.functional import keystone
from fenix.tests.functional.silence import Proxy
from fenix.tests.functional.test_secrets import Listener


class TokenTlsTest(base.ApiTestCase):
    """``[keystone_authtoken] cafile`` names a private authority."""

    engine = False

    def setUp(self) -> None:
        cloud = Cloud(timings=Timings.instant(), seed=1)
        self.cloud = cloud
        self.authority = Authority(self)
        self.server = EmulatorServer(cloud, threads=4, tls=self.authority.issue()).start()
        self.addCleanup(self.server.stop)
        self.wire = Proxy("127.0.0.1", int(self.server.url.rpartition(":")[2]), keep=True)
        self.addCleanup(self.wire.close)
        url = f"https://127.0.0.1:{self.wire.port}/identity/v3"
        options = {
            **keystone.options_of(url),
            "cafile": self.authority.path,
            "http_request_max_retries": 0,
        }
        self.sections = {"api": {"auth_strategy": "keystone"}, "keystone_authtoken": options}
        super().setUp()
        self.log = Listener(self)

    def token(self) -> str:
        """One that was not seen before."""
        return str(self.cloud.issue_token(self.cloud.admin, self.cloud.admin_project).id)

    def ask(self, token: str) -> tuple[int, str]:
        answer = self.call("GET", "/v1/maintenance", headers={"X-Auth-Token": token})
        return answer.status_int, answer.text

    def test_it_is_trusted_as_long_as_its_certificate_is_good(self) -> None:
        self.assertEqual(200, self.ask(self.token())[0])
        self.assertEqual(401, self.ask("nonsense")[0])
        for wrong, why in (
            (Authority(self, "stranger").issue(), "let [keystone_authtoken] cafile name the file"),
            (self.authority.issue(expired=True), "certificate has expired; renew it"),
            (self.authority.issue("other.example.org"), "by a name that is in the certificate"),
        ):
            self.server.present(wrong)
            self.wire.cut()
            asked = sum(self.cloud.record.api_calls.values())
            token = self.token()
            code, text = self.ask(token)
            self.assertEqual(503, code, text)
            for word in ("Keystone: the certificate of ", why, "[keystone_authtoken] cafile"):
                self.assertIn(word, text)
            self.assertEqual(asked, sum(self.cloud.record.api_calls.values()))
            self.assertEqual([], self.log.with_text(token))
        self.server.present(self.authority.issue())
        self.assertEqual(200, self.ask(self.token())[0])
        for one in self.wire.seen:
            self.assertEqual(b"\x16\x03", bytes(one[:2]))
            self.assertNotIn(b"X-Subject-Token", one)

    def test_it_is_not_insecure_unless_told_to_be(self) -> None:
        self.assertIs(False, self.service.conf.keystone_authtoken.insecure)
