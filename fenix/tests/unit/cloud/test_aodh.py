"""Who has a manager, and by which event types it is reached (contract section 5)."""

from __future__ import annotations

from typing import Any

import testtools
from keystoneauth1 import exceptions as ka_exc

from fenix.cloud import aodh
from fenix.conf.notifications import PLANNED, SCHEDULED


class _Http:
    def __init__(self, alarms: list[dict[str, Any]], endpoint: str | None = "http://aodh") -> None:
        self._alarms = alarms
        self._endpoint = endpoint

    service_type = "alarming"

    def get_endpoint(self) -> str | None:
        if self._endpoint is None:
            raise ka_exc.EndpointNotFound("no endpoint of alarming")
        return self._endpoint

    def get(self, _path: str) -> _Http:
        return self

    def json(self) -> list[dict[str, Any]]:
        return self._alarms


def alarm(event_type: str | None, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "alarm_id": f"alarm-{event_type}",
        "type": "event",
        "project_id": "p",
        "enabled": True,
        "alarm_actions": ["http://manager/"],
        "repeat_actions": True,
        "state": "alarm",
        "event_rule": {"event_type": event_type},
    }
    return {**made, **more}


class ManagersTest(testtools.TestCase):
    """The smallest set of names that reaches every alarm."""

    def managers(self, *alarms: dict[str, Any]) -> dict[str, aodh.Manager]:
        port = aodh.Aodh.__new__(aodh.Aodh)
        port._http = _Http(list(alarms))  # type: ignore[assignment]
        return port.managers() or {}

    def names(self, *alarms: dict[str, Any]) -> tuple[str, ...] | None:
        found = self.managers(*alarms)
        return found["p"].event_types if found else None

    def test_names(self) -> None:
        for patterns, expected in (
            ([PLANNED], (PLANNED,)),
            ([SCHEDULED], (SCHEDULED,)),
            ([PLANNED, SCHEDULED], (PLANNED, SCHEDULED)),
            (["maintenance.*"], (PLANNED,)),
            (["maintenance.*", SCHEDULED], (SCHEDULED,)),
            (["*", PLANNED, SCHEDULED], (PLANNED, SCHEDULED)),
            ([None], (PLANNED,)),
            (["maintenance.host"], None),
            (["compute.*"], None),
        ):
            self.assertEqual(expected, self.names(*[alarm(p) for p in patterns]), patterns)

    def test_alarms_that_do_not_count(self) -> None:
        for more in (
            {"enabled": False},
            {"alarm_actions": []},
            {"event_rule": None},
            {"type": "threshold"},
            {"project_id": None},
        ):
            self.assertIsNone(self.names(alarm(PLANNED, **more)), more)
        without_rule = alarm(PLANNED)
        del without_rule["event_rule"]
        self.assertIsNone(self.names(without_rule))

    def test_a_mute_alarm_is_reported(self) -> None:
        found = self.managers(alarm(PLANNED, repeat_actions=False))
        self.assertEqual((f"alarm-{PLANNED}",), found["p"].mute)
        found = self.managers(alarm(PLANNED, repeat_actions=False, state="ok"))
        self.assertEqual((), found["p"].mute)

    def test_no_alarming_in_the_catalogue(self) -> None:
        port = aodh.Aodh.__new__(aodh.Aodh)
        port._http = _Http([], endpoint=None)  # type: ignore[assignment]
        self.assertIsNone(port.managers())
