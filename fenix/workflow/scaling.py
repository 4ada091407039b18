"""Asking for capacity: rounds of SCALE_IN, and how much each project is asked for."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Collection
from typing import Any

from fenix import states
from fenix.db import records
from fenix.notifications import payloads
from fenix.planner.lack import Lack
from fenix.planner.sequence import Shortage
from fenix.workflow.asking import UNTOLD
from fenix.workflow.hold import Hold
from fenix.workflow.outcome import Fatal

_KEYS = (
    "scale_in_round",
    "scale_in_asked",
    "scale_in_before",
    "scale_in_until",
    "scale_in_givers",
)
_BEFORE = "scale_out_before"


class Scaling:
    """The rounds of one session; what is known of them is kept with the session."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._conf = hold.conf.workflow
        #: What keeps hosts from being emptied, for messages.
        self.why_not: Callable[[], str] = lambda: ""

    @property
    def round_is_open(self) -> bool:
        """Whether projects are being asked just now."""
        return self._hold.noted("scale_in_asked") is not None

    def open_round(self, missing: Lack, only: Collection[str] = ()) -> None:
        """Begin a round: decide how much each project is asked for.

        Enough for every host that is left, so that they are asked once and not before each wave.

        In proportion to what a project has; from the second round on, only of projects that
        may not have heard of the last one and gave nothing, or else that gave something before,
        while there is one.

        :param only: the projects that can help, where others would give for nothing; empty: all.
        :raises Fatal: the rounds are used up, or nobody can be asked.
        """
        number = self._hold.noted("scale_in_round", 0) + 1
        short = missing.first
        cores = self._cores()
        cores = {p: n for p, n in cores.items() if p in only} or cores
        if not cores:
            raise Fatal(self._lack(short, "no project has a manager that could scale in"))
        if number > self._conf.scale_in_rounds:
            raise Fatal(self._lack(short, f"that is so after {number - 1} rounds of SCALE_IN"))
        givers = [p for p in self._hold.noted("scale_in_givers", []) if p in cores]
        unheard = [p for p in self._hold.noted(UNTOLD, {}) if p in cores]
        self._hold.note(UNTOLD, None)
        givers = unheard or givers
        asked = {p: cores[p] for p in givers} or cores
        everything = sum(asked.values())
        shares = {
            p: [
                math.ceil(missing.instances * share / everything),
                math.ceil(missing.vcpus * share / everything),
            ]
            for p, share in sorted(asked.items())
        }
        self._hold.note("scale_in_round", number)
        self._hold.note("scale_in_asked", shares)
        self._hold.note("scale_in_before", self._counts())
        self._hold.note("scale_in_until", None)

    def metadata(self) -> dict[str, dict[str, Any]]:
        """The event's metadata by project, with the hint how much is needed."""
        meta = self._hold.session.meta
        shares = self._hold.noted("scale_in_asked", {})
        return {p: payloads.with_scale_in(meta, n, cores) for p, (n, cores) in shares.items()}

    def asked(self) -> frozenset[str]:
        """The projects of this round."""
        return frozenset(self._hold.noted("scale_in_asked", {}))

    def begin_anew(self) -> None:
        """An admin continues the session: rounds count from the first again."""
        for key in _KEYS:
            self._hold.note(key, None)

    def before_scaling_out(self) -> None:
        """Remember how many instances projects have when they are told that they can scale out."""
        if self._hold.noted(_BEFORE) is None:
            self._hold.note(_BEFORE, self._counts())

    def may_need_telling(self, project_id: str, asked_at: datetime.datetime) -> bool:
        """Whether a project that may not have heard that it can scale out has not done so.

        It gave up instances in this session, and none of its own has been made since it was asked.
        """
        known = self._hold.snapshot.instances
        before = self._hold.noted(_BEFORE, {}).get(project_id, 0)
        if self._counts().get(project_id, 0) > before:
            return False
        if not any(i.gone for i in known.values() if i.project_id == project_id):
            return False
        return not any(
            s.project_id == project_id and s.status != "DELETED" and s.server_id not in known
            for s in self._hold.cloud.changed_since(asked_at)
        )

    def may_still_show(self) -> bool:
        """Whether capacity that was promised may still appear: deleting takes its time."""
        if not self._agreed():
            return False
        known = self._hold.noted("scale_in_until")
        if known is None:
            known = self._hold.after(self._conf.scale_in_settle_time).isoformat()
            self._hold.note("scale_in_until", known)
        return self._hold.now() < datetime.datetime.fromisoformat(known)

    def close_round(self) -> None:
        """Remember who gave something."""
        before, now = self._hold.noted("scale_in_before", {}), self._counts()
        gave = sorted(p for p, n in before.items() if now.get(p, 0) < n)
        self._hold.note("scale_in_givers", gave)
        untold = self._hold.noted(UNTOLD, {})
        self._hold.note(UNTOLD, {p: at for p, at in untold.items() if p not in gave} or None)
        for key in ("scale_in_asked", "scale_in_before", "scale_in_until"):
            self._hold.note(key, None)

    def pays(self, missing: Lack | None) -> bool:
        """Whether to ask once more although hosts can be emptied by now, for those that are left.

        After a round that brought something, of those who gave it.
        """
        return (
            missing is not None
            and bool(self._hold.noted("scale_in_givers"))
            and self._hold.noted("scale_in_round", 0) < self._conf.scale_in_rounds
        )

    def demand_progress(self, short: Shortage | None) -> None:
        """Stop when nobody agreed to scale in: asking once more would not help.

        :raises Fatal: saying what is missing, and who answered what.
        """
        if short is None or self._agreed() or self._hold.noted(UNTOLD):
            return
        answers = ", ".join(
            f"{p.project_id}: {p.state}"
            for p in self._hold.snapshot.projects.values()
            if p.state and p.state.endswith(states.SCALE_IN)
        )
        self.close_round()
        raise Fatal(self._lack(short, f"no project scaled in ({answers})"))

    def _agreed(self) -> bool:
        wanted = f"ACK_{states.SCALE_IN}"
        return any(p.state == wanted for p in self._hold.snapshot.projects.values())

    def _lack(self, short: Shortage, tried: str) -> str:
        why = self.why_not()
        return (
            f"no host can be emptied: for {short.host}, which needs least, {short.instances} "
            f"instances with {short.vcpus:g} vCPU find no place; {tried}. Free that much or add a "
            f"host, then continue the session{f'. {why}' if why else ''}"
        )

    def _of_managed(self) -> list[records.Instance]:
        projects = self._hold.snapshot.projects
        return [
            i
            for i in self._hold.snapshot.alive()
            if i.project_id in projects and projects[i.project_id].has_manager
        ]

    def _cores(self) -> dict[str, float]:
        cores: dict[str, float] = {}
        for instance in self._of_managed():
            cores[instance.project_id] = cores.get(instance.project_id, 0.0) + instance.vcpus
        return cores

    def _counts(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for instance in self._of_managed():
            counts[instance.project_id] = counts.get(instance.project_id, 0) + 1
        return counts
