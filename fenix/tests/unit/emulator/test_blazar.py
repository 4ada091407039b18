"""The emulated Blazar speaks as a real one did, which ``unit/cloud/test_blazar.py`` reads."""

from __future__ import annotations

import datetime
from typing import Any

from fenix.emulator.blazar import HOST, INSTANCES, Lease
from fenix.tests.unit.cloud.test_blazar import RECORDED
from fenix.tests.unit.emulator.base import EmulatorTestCase

_HOUR = datetime.timedelta(hours=1)


def shape(value: Any) -> Any:
    """Keys and types; of a list that of each element, once."""
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items()}
    if isinstance(value, list):
        found: list[Any] = []
        for each in map(shape, value):
            if each not in found:
                found.append(each)
        return found
    return type(value).__name__


class BlazarTest(EmulatorTestCase):
    """A reservation of a host, one of instances, and one that is over."""

    def setUp(self) -> None:
        super().setUp()
        self.cloud.not_deployed.clear()
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        self.cloud.leases = [
            Lease("training", "p", ["c0"], now - _HOUR, now + _HOUR, HOST, "ACTIVE"),
            Lease("load", self.project.id, ["c0", "c1", "c1"], now, now + _HOUR, INSTANCES),
            Lease("next", "p", ["c2"], now + _HOUR, now + 2 * _HOUR),
            Lease("over", "p", ["c2"], now - 2 * _HOUR, now - _HOUR, HOST, "TERMINATED"),
        ]

    def get(self, path: str, **more: Any) -> Any:
        return self.call("reservation", "GET", path, **more)

    def test_same_shapes(self) -> None:
        for path, recorded in RECORDED.items():
            answer = self.get(path.removeprefix("/v1"))
            self.assertEqual(shape(recorded), shape(answer.json()), path)
            self.assertEqual("reservation 1.0", answer.headers["OpenStack-API-Version"])

    def test_allocations(self) -> None:
        found = self.get("/os-hosts/allocations").json()["allocations"]
        counts = {one["resource_id"]: len(one["reservations"]) for one in found}
        self.assertEqual({"1": 2, "2": 2, "3": 1}, counts)

    def test_refusals(self) -> None:
        answer = self.get("/os-hosts", headers={"Accept": ""})
        self.assertEqual(400, answer.status_code)
        self.session = self.session_of(self.user, "demo-secret", "demo")
        for path in ("/os-hosts", "/os-hosts/allocations"):
            answer = self.get(path)
            self.assertEqual(403, answer.status_code)
            self.assertIn("Policy doesn't allow blazar:oshosts", answer.json()["error_message"])
        (own,) = self.get("/leases").json()["leases"]
        self.assertEqual("load", own["name"])
