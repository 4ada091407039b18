"""An engine whose cloud is behind HTTPS, with a certificate of a private authority."""

from __future__ import annotations

from fenix.emulator import EmulatorServer
from fenix.tests.certificates import Authority
from fenix.tests.functional.sessions.base import SessionTestCase
from fenix.tests.functional.silence import Proxy


class TlsTest(SessionTestCase):
    """What the engine sends passes a wire that is looked at."""

    def build(self) -> None:
        super().build()
        self.authority = Authority(self)
        self.good = self.authority.issue()
        self.server = EmulatorServer(self.cloud, threads=8, tls=self.good).start()
        self.addCleanup(self.server.stop)
        self.wire = Proxy("127.0.0.1", int(self.server.url.rpartition(":")[2]), keep=True)
        self.addCleanup(self.wire.close)
        url = f"https://127.0.0.1:{self.wire.port}/identity/v3"
        options = {"auth_url": url, "cafile": self.authority.path, "timeout": 5}
        self.settings = {
            "service_auth": options,
            "workflow": {"cloud_retry_time": 300},
        }

    def assert_encrypted(self) -> None:
        seen = [bytes(one) for one in self.wire.seen if one]
        self.assertNotEqual([], seen)
        for one in seen:
            self.assertEqual(b"\x16\x03", one[:2])
            self.assertNotIn(b"X-Auth-Token", one)

    def test_a_certificate_that_expires_in_a_session_and_is_renewed(self) -> None:
        self.manager.answer["MAINTENANCE"] = lambda _payload: None
        session_id = self.create(hosts=["compute-1"])
        (question,) = self.wait_for(lambda: self.manager.heard("MAINTENANCE"), "the question")
        self.server.present(self.authority.issue(expired=True))
        self.wire.cut()
        refused = self.request("POST", json={"hosts": ["compute-2"]})
        self.assertEqual(503, refused.status_code, refused.text)
        for word in ("Nova: ", "certificate has expired; renew it", "[service_auth] cafile"):
            self.assertIn(word, refused.json()["error"]["message"])
        self.manager.reply(question, {"state": "ACK_MAINTENANCE"})
        self.wait_for(
            lambda: any(
                "certificate has expired" in e.message and "trying again" in e.message
                for e in self.history(session_id)
            ),
            "the session says why it waits",
        )
        self.server.present(self.good)
        self.done(session_id)
        self.assertNotIn("failure", {e.kind for e in self.history(session_id)})
        self.assert_cloud_sound()
        self.assert_encrypted()
