"""Keystone, Nova, Placement and Aodh that are away, slow, or talk nonsense."""

from __future__ import annotations

import json
import resource
from unittest import mock

from fenix.tests.functional.sessions.base import SessionTestCase

_COMPUTE = r"^/compute/v2"
_TOKENS = r"^/identity/v3/auth/tokens"

_MIB = 1024 * 1024
#: MiB that the process, the emulated cloud included, may grow by; an endless answer has no limit.
_GROWTH = 150
#: What may be answered instead, and with which words.
_ERRORS: tuple[tuple[int | str, str | None], ...] = (
    (500, None),
    (502, "<html>Bad Gateway</html>"),
    (503, None),
    ("cut", None),
    ("hang", None),
    ("drip", None),
    ("flood", None),
)
_ANSWERS: tuple[tuple[int | str, str | None], ...] = (
    *_ERRORS,
    ("garbage", None),
    ("garbage", ""),
    ("garbage", '{"servers": ['),
    ("garbage", "[]"),
    ("garbage", "null"),
    ("garbage", '"text"'),
    ("garbage", json.dumps({"servers": "x" * 10 * _MIB})),
    ("garbage", json.dumps({"servers": [{"id": 7}], "services": [7], "migrations": [{}]})),
)


def _peak() -> float:
    """MiB that this process has held at once so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class CloudFaultsTest(SessionTestCase):
    """Every answer, one after the other, where a session reads; it waits and goes on."""

    settings = {
        "service_auth": {"timeout": 1, "answer_timeout": 1, "max_answer_size": 2 * _MIB},
        "workflow": {"cloud_retry_time": 120, "live_migration_retries": 9},
    }

    def setUp(self) -> None:
        # Pauses double up to half a minute; here a session meets a dozen faults.
        patch = mock.patch("fenix.engine.runner._LONGEST_PAUSE", 0.2)
        patch.start()
        self.addCleanup(patch.stop)
        super().setUp()

    def build(self) -> None:
        self.computes(2)
        self.worker = self.instances("worker", {"compute-1": 1})[0]

    def trouble(self, method: str, path: str) -> list[object]:
        """Give every answer once to calls like these. Returns the faults.

        What changes something is answered with errors only: a 200 means that it was taken.
        """
        faults = self.cloud.faults
        return [
            faults.next_calls(method, path, answer, seconds=30, body=body)
            for answer, body in (_ANSWERS if method == "GET" else _ERRORS)
        ]

    def gone_through(self, session_id: str, faults: list[object]) -> None:
        before = _peak()
        self.wait_for(lambda: not self.cloud.faults.api, "every answer was given", 120)
        self.done(session_id)
        self.assertLess(_peak() - before, _GROWTH)
        self.assertEqual({1}, {f.hits for f in faults})  # type: ignore[attr-defined]
        self.assertEqual(1, self.moves(self.worker))
        self.assert_cloud_sound()

    def _waiting(self) -> str:
        """A session that waits for its project, so that what comes next is the test's."""
        self.manager.answer["MAINTENANCE"] = lambda _payload: None
        session_id = self.create(hosts=["compute-1"])
        self.wait_for(lambda: self.manager.heard("MAINTENANCE"), "the question")
        return session_id

    def _answer(self) -> None:
        self.manager.reply(self.manager.heard("MAINTENANCE")[0], {"state": "ACK_MAINTENANCE"})

    def test_nova_in_the_middle_of_a_session(self) -> None:
        session_id = self._waiting()
        faults = self.trouble("GET", _COMPUTE + r"[^/]*/(servers|os-services|os-migrations)")
        self._answer()
        self.gone_through(session_id, faults)
        warned = [e.message for e in self.history(session_id) if e.kind == "warning"]
        self.assertTrue(any("Nova" in w and "trying again" in w for w in warned), warned)

    def test_nova_at_a_move(self) -> None:
        session_id = self._waiting()
        faults = self.trouble("POST", _COMPUTE + r"[^/]*/servers/[^/]+/action")
        self._answer()
        self.gone_through(session_id, faults)

    def test_nova_takes_moves_and_does_not_say_so(self) -> None:
        for answer in ("cut", "hang", "garbage", 502):
            self.cloud.faults.next_calls(
                "POST", r"/servers/[^/]+/action", answer, seconds=30, after=True
            )
        self.done(self.create(hosts=["compute-1"]))
        self.assertEqual(1, len(self.cloud.record.moves))

    def test_nova_when_a_host_is_disabled_and_enabled(self) -> None:
        session_id = self._waiting()
        faults = self.trouble("PUT", _COMPUTE + r"[^/]*/os-services")
        self._answer()
        self.gone_through(session_id, faults)
        self.assertEqual("enabled", self.service("compute-1").status)

    def test_keystone(self) -> None:
        session_id = self._waiting()
        # The token is void, and no new one is to be had.
        self.cloud.faults.next_calls("GET", _COMPUTE + r"[^/]*/servers", 401)
        faults = [
            self.cloud.faults.next_calls("POST", _TOKENS, answer, seconds=30, body=body)
            for answer, body in _ANSWERS
        ]
        self._answer()
        self.gone_through(session_id, faults)

    def test_aodh_and_placement_at_the_begin(self) -> None:
        faults = self.trouble("GET", r"^/alarming")
        # No alarms at all is nothing strange.
        (empty,) = [f for f in self.cloud.faults.api if f.body == "[]"]
        self.cloud.faults.api.remove(empty)
        faults = [f for f in faults if f is not empty] + self.trouble("GET", r"^/placement")
        self.gone_through(self.create(hosts=["compute-1"]), faults)

    def test_a_command_meets_it_too(self) -> None:
        for answer, body in _ANSWERS:
            self.cloud.faults.next_calls(
                "GET", _COMPUTE + r"[^/]*/os-services", answer, 3, seconds=30, body=body
            )
            refused = self.request("POST", json={"hosts": ["compute-1"]})
            self.assertEqual(503, refused.status_code, (answer, body, refused.text))
            self.assertIn("Nova: list services", refused.json()["error"]["message"])
        self.done(self.create(hosts=["compute-1"]))
