"""Who has a manager: event alarms of projects, from Aodh (contract section 5)."""

from __future__ import annotations

import dataclasses
import fnmatch
from typing import Any

from fenix.cloud.keystone import ServiceAuth, deployed, read
from fenix.conf.notifications import PLANNED, SCHEDULED

_PAGE = 1000


@dataclasses.dataclass(frozen=True, slots=True)
class Manager:
    """How a project's manager is reached.

    ``event_types``: the smallest set of names that reaches every alarm. ``mute``: ids of alarms
    that will not fire, because they have fired once and do not repeat.
    """

    event_types: tuple[str, ...]
    mute: tuple[str, ...] = ()


class Aodh:
    """The alarming service."""

    def __init__(self, auth: ServiceAuth) -> None:
        self._http = auth.adapter("alarming")

    def managers(self) -> dict[str, Manager] | None:
        """Every project with an alarm that counts, by project id.

        :returns: None when the catalogue has no alarming service.
        :raises CloudError: when Aodh does not answer.
        """
        if not deployed(self._http):
            return None
        by_project: dict[str, list[dict[str, Any]]] = {}
        for alarm in self._alarms():
            if _counts(alarm):
                by_project.setdefault(alarm["project_id"], []).append(alarm)
        return {project: _manager(alarms) for project, alarms in by_project.items()}

    def _alarms(self) -> list[dict[str, Any]]:
        alarms: list[dict[str, Any]] = []
        query = f"q.field=all_projects&q.op=eq&q.value=true&limit={_PAGE}"
        marker = ""
        while True:
            page = read(
                "Aodh: list alarms",
                lambda m=marker: _listed(self._http.get(f"/v2/alarms?{query}{m}").json()),  # type: ignore[misc]
            )
            alarms.extend(page)
            if len(page) < _PAGE:
                return alarms
            marker = f"&marker={page[-1]['alarm_id']}"


def _listed(answer: Any) -> list[dict[str, Any]]:
    """A page of alarms. :raises ValueError: it is something else."""
    if not isinstance(answer, list) or not all(isinstance(alarm, dict) for alarm in answer):
        raise ValueError("not a list of alarms")
    return answer


def _names(alarm: dict[str, Any]) -> list[str]:
    pattern = (alarm.get("event_rule") or {}).get("event_type") or "*"
    return [name for name in (PLANNED, SCHEDULED) if fnmatch.fnmatch(name, pattern)]


def _counts(alarm: dict[str, Any]) -> bool:
    return bool(
        alarm.get("type") == "event"
        and alarm.get("event_rule") is not None
        and alarm.get("enabled")
        and alarm.get("alarm_actions")
        and alarm.get("project_id")
        and _names(alarm)
    )


def _manager(alarms: list[dict[str, Any]]) -> Manager:
    mute = tuple(
        sorted(
            a["alarm_id"]
            for a in alarms
            if a.get("state") == "alarm" and not a.get("repeat_actions")
        )
    )
    names = [_names(a) for a in alarms]
    for one in (PLANNED, SCHEDULED):
        if all(one in n for n in names):
            return Manager((one,), mute)
    return Manager((PLANNED, SCHEDULED), mute)
