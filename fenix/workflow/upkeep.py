"""The way of one host through its maintenance: out of use, worked on, checked, back in use.

Phases: *pending*, *draining*, *maintaining*, *returning*, *done*; *quarantined*, when its
maintenance failed and the session went on without it; *skipped*, when an admin said so.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable
from typing import Any

from fenix.cloud import base
from fenix.db import records
from fenix.notifications import payloads
from fenix.workflow.acting import Acting
from fenix.workflow.hold import Hold
from fenix.workflow.outcome import Fatal
from fenix.workflow.outside import Outside

PENDING = "pending"
DRAINING = "draining"
MAINTAINING = "maintaining"
RETURNING = "returning"
DONE = "done"
QUARANTINED = "quarantined"
#: An admin left it out after it had failed.
SKIPPED = "skipped"

#: Nothing more is done to a host in these.
ENDED = frozenset({DONE, QUARANTINED, SKIPPED})
#: Phases in which something may be half done to a host.
UNDER_WORK = frozenset({MAINTAINING, RETURNING})
_OUT_OF_USE = UNDER_WORK | {DRAINING, QUARANTINED}

#: Under this the session keeps when each host reported last at the end of its actions.
_REPORTS = "reports"
#: Hosts whose services Nova lists together in the time of a call for one.
_LISTED_AS_FAST = 100


class Upkeep:
    """Takes hosts from phase to phase."""

    def __init__(self, hold: Hold, acting: Acting, outside: Outside) -> None:
        self._hold = hold
        self._acting = acting
        self._outside = outside
        self._seen: dict[str, base.CloudHost] | None = None
        #: The same, when it is as new as this run; what is done to a host is decided on this.
        self._exact: dict[str, base.CloudHost] | None = None
        #: Hosts that were asked for alone, where not all were listed.
        self._alone: dict[str, base.CloudHost | None] = {}

    def services(self) -> dict[str, base.CloudHost]:
        """Hosts as their services report them, in a large cloud up to some seconds ago.

        They are listed once in a run of a handler, or by another session. What has become of hosts
        outside the session is taken in at the same time.
        """
        if self._seen is None:
            self._seen = {h.hostname: h for h in self._hold.cloud.hosts(recent=True)}
            if len(self._seen) <= base.LARGE:
                self._exact = self._seen
            if self._hold.noted("discovered"):
                self._outside.look(self._seen)
                self._leave_out(self._outside.gone(self._seen))
            self._repair()
        return self._seen

    def _repair(self) -> None:
        """Undo what an engine disabled that had lost the session: its last call may come late.

        Or what one disabled that died before it could write so.
        """
        for host in self._hold.snapshot.session_hosts():
            if host.disabled or host.phase in _OUT_OF_USE:
                continue
            # In a large cloud the listing may be from before the host was enabled.
            if self._is_ours(self.services().get(host.hostname)) and self._is_ours(
                self.state_of(host)
            ):
                self._hold.event(
                    "warning", f"{host.hostname} was disabled out of turn", host=host.hostname
                )
                host.disabled = True
                self.enable(host)

    def _is_ours(self, seen: base.CloudHost | None) -> bool:
        """Whether it was this session that disabled a host's service."""
        return seen is not None and not seen.enabled and seen.disabled_reason == self.reason

    def state_of(self, host: records.Host) -> base.CloudHost | None:
        """One host as its services report it now, or did in this run; None: it is not there.

        All are listed only where that takes no longer: a cloud may have thousands.
        """
        if self._exact is not None:
            return self._exact.get(host.hostname)
        if host.hostname in self._alone:
            return self._alone[host.hostname]
        present = len(self._hold.snapshot.present or ())
        if (len(self._alone) + 1) * _LISTED_AS_FAST <= present:
            self._alone[host.hostname] = next(iter(self._hold.cloud.hosts(host.hostname)), None)
            return self._alone[host.hostname]
        if self._seen is None:
            self.services()
        if self._exact is None:
            self._exact = {h.hostname: h for h in self._hold.cloud.hosts()}
        return self._exact.get(host.hostname)

    def absent(self, hosts: Iterable[records.Host]) -> list[records.Host]:
        """Those that the cloud does not list just now."""
        return [h for h in hosts if h.hostname not in self.services()]

    def _leave_out(self, gone: Iterable[records.Host]) -> None:
        """Hosts are not in the cloud any more: those that nothing is done to yet are left out."""
        for host in gone:
            if host.phase in (PENDING, DRAINING) and not self._hold.snapshot.on(host.hostname):
                host.disabled, host.details = False, "not in the cloud any more"
                self._phase(host, SKIPPED)

    def _now_is(self, seen: base.CloudHost, **changed: Any) -> None:
        """Know what a call of ours has changed, without listing every service again."""
        now = dataclasses.replace(seen, **changed)
        for known in (self._seen, self._exact, self._alone):
            if known is not None and seen.hostname in known:
                known[seen.hostname] = now

    @property
    def reason(self) -> str:
        """The reason with which the session disables services."""
        return f"fenix {self._hold.session.session_id}"

    def _phase(self, host: records.Host, phase: str) -> None:
        host.phase, host.phase_at = phase, self._hold.now()
        self._hold.touch(host)
        self._hold.event("phase", f"{host.hostname}: {phase}", host=host.hostname, phase=phase)

    def disable(self, host: records.Host) -> None:
        """Let nothing new land on a compute; one that an admin disabled is left as it is."""
        if host.disabled or host.found_disabled or not host.is_compute:
            return
        seen = self.state_of(host)
        if seen is not None and seen.enabled:
            self._hold.cloud.disable(seen, self.reason)
            self._now_is(seen, enabled=False, disabled_reason=self.reason)
        elif seen is not None and seen.disabled_reason != self.reason:
            host.found_disabled = True
            self._hold.touch(host)
            return
        host.disabled = True
        self._hold.touch(host)
        self._hold.event("host", f"{host.hostname} disabled", host=host.hostname)

    def enable(self, host: records.Host) -> None:
        """Undo :meth:`disable`, unless an admin has disabled the service meanwhile."""
        if not host.disabled:
            return
        seen = self.state_of(host)
        if seen is not None and not seen.enabled:
            if seen.disabled_reason == self.reason:
                self._hold.cloud.enable(seen)
                self._now_is(seen, enabled=True, disabled_reason=None)
            else:
                self._hold.event(
                    "warning",
                    f"{host.hostname} stays disabled: an admin did that meanwhile "
                    f"({seen.disabled_reason})",
                    host=host.hostname,
                )
        host.disabled = False
        self._hold.touch(host)
        self._hold.event("host", f"{host.hostname} enabled", host=host.hostname)

    def drain(self, host: records.Host) -> None:
        """Begin to empty a host."""
        self.disable(host)
        host.started_at = host.started_at or self._hold.now()
        self._phase(host, DRAINING)

    def give_back(self, host: records.Host) -> None:
        """A host that was emptied for later waits again for its turn."""
        self._phase(host, PENDING)

    def begin(self, host: records.Host) -> None:
        """The host is empty (or a controller): tell that it is out, and work on it."""
        self._hold.tell_host(host, payloads.IN_MAINTENANCE)
        host.started_at = host.started_at or self._hold.now()
        self._phase(host, MAINTAINING)

    def step(self, host: records.Host) -> datetime.datetime | None:
        """Take a host that is being maintained further.

        :returns: when to look again; None when nothing but a finished action changes it, or it
            is done.
        :raises Fatal: its actions failed, or its services do not come back.
        """
        if host.phase == MAINTAINING:
            types = ["host"]
            types += ["controller"] if host.is_controller else []
            types += ["compute"] if host.is_compute else []
            if not self._acting.finished(types, host.hostname):
                return None
            if self._acting.ordered(types):
                self._expect_report(host)
            self._phase(host, RETURNING)
        if host.phase == RETURNING:
            return self._return(host)
        return None

    def _expect_report(self, host: records.Host) -> None:
        """Remember when the host reported last: for a while Nova takes a dead one to be up."""
        seen = self.state_of(host)
        if seen is not None and seen.reported is not None:
            last = {**self._hold.noted(_REPORTS, {}), host.hostname: seen.reported.isoformat()}
            self._hold.note(_REPORTS, last)

    def _is_back(self, host: records.Host, seen: base.CloudHost | None) -> bool:
        if seen is None or not seen.up:
            return False
        last = self._hold.noted(_REPORTS, {}).get(host.hostname)
        if last is None or seen.reported is None:
            return True
        return seen.reported > datetime.datetime.fromisoformat(last)

    def _return(self, host: records.Host) -> datetime.datetime | None:
        seen = self.state_of(host)
        if not self._is_back(host, seen):
            limit = self._hold.conf.workflow.host_back_wait_time
            since = host.phase_at or self._hold.now()
            if self._hold.now() > since + datetime.timedelta(seconds=limit):
                raise Fatal(
                    f"the services of {host.hostname} did not report as up within {limit} s "
                    f"after its maintenance; bring them back, then continue the session"
                )
            return self._hold.after(self._hold.conf.engine.cloud_poll_interval)
        self.enable(host)
        host.maintained, host.finished_at = True, self._hold.now()
        self._phase(host, DONE)
        self._hold.tell_host(host, payloads.HOST_COMPLETE)
        return None

    def quarantine(self, host: records.Host, why: str) -> None:
        """Leave a host as it is, out of use, because something failed on it."""
        self.fail(host, why)
        self._phase(host, QUARANTINED)

    def fail(self, host: records.Host, why: str) -> None:
        """Remember that something failed on a host; its phase stays."""
        host.failed_phase, host.details = host.phase, why
        self._hold.touch(host)
        self._hold.event(
            "warning", f"{host.hostname} failed: {why}", host=host.hostname, phase=host.phase
        )

    def retry(self, host: records.Host) -> None:
        """A host that failed goes on where it was."""
        if host.failed_phase is not None and host.phase != SKIPPED:
            self._phase(host, host.failed_phase)
            host.failed_phase, host.details = None, None

    def skip(self, host: records.Host) -> None:
        """Leave a host out that failed.

        It is put back when its maintenance had not begun; one that is half maintained stays
        disabled, so that nothing lands on it.
        """
        if host.failed_phase in UNDER_WORK:
            self._hold.event(
                "warning",
                f"{host.hostname} is skipped and stays out of use, because its maintenance had "
                f"begun; enable it when it is well",
                host=host.hostname,
            )
        else:
            self.enable(host)
        self._phase(host, SKIPPED)

    def put_back(self, host: records.Host) -> None:
        """Undo what the session did to a host's service, and tell when it had been out.

        What Nova says counts: the record of a call may be lost with its engine.
        """
        was_out = bool({host.phase, host.failed_phase} & UNDER_WORK)
        seen = self.state_of(host)
        if self._is_ours(seen):
            host.disabled = True
        self.enable(host)
        if host.phase not in (PENDING, DONE):
            host.failed_phase, host.details = None, None
            self._phase(host, PENDING)
        if was_out:
            self._hold.tell_host(host, payloads.HOST_COMPLETE)
