"""Reservations, from what a real Blazar answered.

``blazar-18.0.0.json`` was recorded from the API and the manager of blazar 18.0.0 on leases that had
been put into its database.
"""

from __future__ import annotations

import datetime
import json
import pathlib
from typing import Any

import testtools
from keystoneauth1 import exceptions as ka_exc

from fenix import exceptions
from fenix.cloud import blazar

RECORDED = json.loads(
    pathlib.Path(__file__).with_name("blazar-18.0.0.json").read_text(encoding="utf-8")
)


class _Http:
    service_type = "reservation"

    def __init__(self, answers: dict[str, Any], endpoint: str | None = "http://blazar/v1") -> None:
        self._answers = answers
        self._endpoint = endpoint
        self._body: Any = None

    def get_endpoint(self) -> str | None:
        if self._endpoint is None:
            raise ka_exc.EndpointNotFound("no endpoint of reservation")
        return self._endpoint

    def get(self, path: str) -> _Http:
        self._body = self._answers[f"/v1{path}"]
        return self

    def json(self) -> Any:
        return self._body


class _Auth:
    def __init__(self, http: _Http) -> None:
        self._http = http

    def adapter_of(self, _section: str) -> _Http:
        return self._http


def found(answers: dict[str, Any], **more: Any) -> list[blazar.Reservation]:
    auth: Any = _Auth(_Http(answers, **more))
    return blazar.Blazar(auth).reservations()


class RecordedTest(testtools.TestCase):
    """What is read of the recording."""

    def test_whole_hosts_and_instances(self) -> None:
        day = datetime.timedelta(days=1)
        noon = datetime.datetime(2026, 11, 29, 12)
        project = "bd6f3f8bd7b14cbdb0aa6c2dbeb8bb7e"
        training = ("6ee55c78-ac52-41a6-99af-2d2d73bcc460", "training", project)
        load = ("8ce2c5a8-3b8b-4f3a-9a44-1e6fd7b5e820", "load test", project)
        instances = ("virtual:instance", "PENDING", noon + day, noon + 2 * day)
        self.assertEqual(
            [
                blazar.Reservation(
                    "compute-1", *training, "physical:host", "ACTIVE", noon - day, noon + 3 * day
                ),
                blazar.Reservation("compute-1", *load, *instances),
                blazar.Reservation("compute-2", *load, *instances),
            ],
            found(RECORDED),
        )

    def test_not_deployed(self) -> None:
        self.assertEqual([], found(RECORDED, endpoint=None))

    def test_a_lease_that_went_between_two_listings(self) -> None:
        self.assertEqual([], found({**RECORDED, "/v1/leases": {"leases": []}}))
        self.assertEqual([], found({**RECORDED, "/v1/os-hosts": {"hosts": []}}))

    def test_several_instances_on_a_host_are_told_once(self) -> None:
        twice = json.loads(json.dumps(RECORDED["/v1/os-hosts/allocations"]))
        for one in twice["allocations"]:
            one["reservations"] *= 2
        answers = {**RECORDED, "/v1/os-hosts/allocations": twice}
        self.assertEqual(found(RECORDED), found(answers))

    def test_answers_that_cannot_be_read(self) -> None:
        for path, bad in {
            "/v1/os-hosts": {"hosts": "none"},
            "/v1/leases": {"error": 500},
            "/v1/os-hosts/allocations": {"allocations": [{"resource_id": "1"}]},
        }.items():
            error = self.assertRaises(exceptions.CloudError, found, {**RECORDED, path: bad})
            self.assertIn("Blazar: list", str(error))
            self.assertIn("cannot be read", str(error))
        late = json.loads(json.dumps(RECORDED["/v1/leases"]))
        late["leases"][0]["end_date"] = "some day"
        error = self.assertRaises(exceptions.CloudError, found, {**RECORDED, "/v1/leases": late})
        self.assertIn("Blazar: lease 6ee55c78", str(error))
