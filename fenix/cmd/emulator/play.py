"""The administrator's part of a scenario, step by step."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from fenix import states
from fenix.client import results
from fenix.cmd.emulator import verdict
from fenix.cmd.emulator.conversation import now
from fenix.cmd.emulator.scenario import Scenario
from fenix.cmd.emulator.stage import Stage
from fenix.cmd.emulator.verdict import Outcome

_LOOK = 0.1
#: Seconds without any change of the session after which something must be wrong.
_PATIENCE = 300.0
#: Seconds for instances to be made again at the end.
_WHOLE_IN = 30.0


class Play:
    """One scenario on its stage.

    :param say: is called with a line for each thing that the administrator does or sees.
    """

    def __init__(self, scenario: Scenario, stage: Stage, say: Callable[[str], None]) -> None:
        self._scenario = scenario
        self._stage = stage
        self._say = say
        self._client = stage.admin()
        self._size = stage.size()
        self._session = ""
        self._state = ""
        self._ended = now()

    def run(self) -> list[verdict.Check]:
        """Do every step, wait for the end, and judge."""
        for name, value in self._scenario.steps:
            if self._session and name != "wait" and self._detail().session.state == self._done:
                break
            getattr(self, f"_{name}")(value)
        detail = self._until(lambda detail: detail.session.idle)
        if detail.session.state == self._done:
            self._whole()
        with self._stage.cloud.at_rest() as at:
            outages = self._stage.cloud.record.group_outages(at)
        names = [g.name for g in self._scenario.groups if g.count > 1]
        outcome = Outcome(
            state=detail.session.state,
            reason=detail.session.reason,
            ended_at=self._ended,
            freed=tuple(self._stage.freed),
            missing=self._size - self._stage.size(),
            outages={n: round(outages.get(n, 0.0), 1) for n in names},
        )
        return verdict.judge(self._scenario, self._stage.conversation, outcome)

    _done = states.MAINTENANCE_DONE

    # Steps, by the names that scenarios call them

    def _create(self, body: dict[str, Any]) -> None:
        action = {"plugin": "dummy", "type": "host", "metadata": {"seconds": 0.2}}
        whole = {"actions": [action], "workflow": self._scenario.workflow, **body}
        self._session = self._client.sessions.create(whole)
        self._say(f"admin  creates session {self._session}")

    def _wait(self, state: str) -> None:
        self._until(lambda detail: detail.session.state == state or detail.session.idle)

    def _maintained(self, count: int) -> None:
        self._until(
            lambda detail: detail.session.idle or sum(h.maintained for h in detail.hosts) >= count
        )

    def _command(self, command: str) -> None:
        self._say(f"admin  {command}")
        self._client.sessions.command(self._session, command)

    def _clear_faults(self, _: bool) -> None:
        self._say("cloud  migrations succeed again")
        self._stage.clear_faults()

    def _neighbour_answers(self, _: bool) -> None:
        self._say("cloud  the other application's manager answers from now on")
        self._stage.neighbour_answers()

    # Looking

    def _detail(self) -> results.Detail:
        return self._client.sessions.detail(self._session)

    def _until(self, there: Callable[[results.Detail], bool]) -> results.Detail:
        """Follow the session until it is somewhere, and say its states.

        :raises TimeoutError: nothing changes any more.
        """
        seen: object = None
        changed = time.monotonic()
        while True:
            detail = self._detail()
            if detail.session.state != self._state:
                self._state = detail.session.state
                self._ended = now()
                reason = f": {detail.session.reason}" if detail.session.reason else ""
                self._say(f"fenix  {self._state}{reason}")
            if there(detail):
                return detail
            moment = [(h.phase, h.maintained) for h in detail.hosts], self._state
            if moment != seen:
                seen, changed = moment, time.monotonic()
            elif time.monotonic() - changed > _PATIENCE:
                raise TimeoutError(f"{self._state}: nothing has happened for {_PATIENCE:.0f} s")
            time.sleep(_LOOK)

    def _whole(self) -> None:
        """Give the application time to come to its former size."""
        end = time.monotonic() + _WHOLE_IN
        while time.monotonic() < end:
            if self._stage.size() >= self._size and self._stage.is_settled():
                return
            time.sleep(_LOOK)
