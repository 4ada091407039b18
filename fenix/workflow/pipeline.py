"""The pipeline of hosts: each starts as soon as its own conditions hold, without waves.

What goes wrong with one host sets that host aside, as often as the session allows; the others
go on.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from fenix import states
from fenix.db import records
from fenix.planner import sequence
from fenix.planner.model import Source, total
from fenix.workflow import capacity
from fenix.workflow.capacity import Picture
from fenix.workflow.emptying import Emptying
from fenix.workflow.limits import Limits
from fenix.workflow.outcome import Fatal, Go, Outcome, Wait
from fenix.workflow.upkeep import DONE, DRAINING, ENDED, MAINTAINING, PENDING, RETURNING

if TYPE_CHECKING:
    from fenix.workflow.rolling import RollingWorkflow

#: Note that services were looked at after the last host's end.
_IN_USE = "in_use"


class Pipeline:
    """Takes the hosts of a session from phase to phase."""

    def __init__(self, workflow: RollingWorkflow, emptying: Emptying, limits: Limits) -> None:
        self._workflow = workflow
        self._emptying = emptying
        self._limits = limits
        self._hold = workflow.hold
        self._snapshot = workflow.snapshot
        self._upkeep = workflow.upkeep

    def advance(self) -> Outcome:
        """Take every host as far as it goes now.

        :raises Fatal: nothing can go on, or more hosts were set aside than may be.
        """
        self._watch()
        due = [self._controllers()]
        if self._controllers_done():
            due.append(self._empty(states.PLANNED_MAINTENANCE, Picture(self._snapshot).settled()))
            for host in self._emptied():
                self._upkeep.begin(host)
            due.extend(self._step(h) for h in self._under_work())
            due.append(self._begin_next())
            due.append(self._empty(states.PLANNED_MAINTENANCE, Picture(self._snapshot).settled()))
            due.append(self._ask_ahead())
            if self._emptied():
                # Nothing was left on a host that has just had its turn: no move will wake us.
                due.append(self._hold.now())
        move = self._state_move()
        if move is not None:
            return move
        return Wait(min(due), "hosts are emptied and maintained")

    def empty_first(self) -> datetime.datetime:
        """Go on emptying the hosts that make room; those that are empty wait for their turn.

        :returns: when to look again.
        """
        self._watch()
        due = self._empty(states.PREPARE_MAINTENANCE, Picture(self._snapshot).usable())
        for host in self._emptied():
            self._upkeep.give_back(host)
        return due

    def _watch(self) -> None:
        def given_up(instance: records.Instance, error: Fatal) -> None:
            self._set_aside(self._snapshot.hosts[instance.move_source or ""], error)

        self._workflow.watching.watch(on_fatal=given_up)

    def _state_move(self) -> Go | None:
        planned = self._hold.session.state == states.PLANNED_MAINTENANCE
        if self.draining():
            return None if planned else Go(states.EMPTY_NEXT)
        if planned:
            return Go(states.ALL_EMPTIED)
        if all(h.phase in ENDED for h in self._snapshot.session_hosts()):
            return Go(states.ALL_MAINTAINED)
        return None

    # Hosts in their phases

    def draining(self) -> list[records.Host]:
        """Hosts that are being emptied."""
        return [h for h in self._snapshot.computes() if h.phase == DRAINING]

    def waiting(self) -> list[records.Host]:
        """Computes that nothing has been done to yet."""
        return Picture(self._snapshot).unmaintained()

    def _emptied(self) -> list[records.Host]:
        moving = self._workflow.moving
        return [
            h
            for h in self.draining()
            if not self._snapshot.on(h.hostname) and not moving.leaving(h.hostname)
        ]

    def _under_work(self) -> list[records.Host]:
        return [h for h in self._snapshot.computes() if h.phase in (MAINTAINING, RETURNING)]

    def _controllers(self) -> datetime.datetime:
        """One controller at a time; hosts that are computes too go with the computes."""
        later = self._workflow.for_a_result("").until
        for host in self._pure_controllers():
            if host.phase in ENDED:
                continue
            if host.phase == PENDING:
                if not self._limits.may_begin():
                    return self._limits.again_at() or later
                self._limits.demand_time([host])
                self._limits.begins(host)
                self._upkeep.begin(host)
            due = self._step(host)
            if host.phase not in ENDED:
                return due
        return later

    def _pure_controllers(self) -> list[records.Host]:
        return [h for h in self._snapshot.session_hosts() if not h.is_compute]

    def _controllers_done(self) -> bool:
        return all(h.phase in ENDED for h in self._pure_controllers())

    def _step(self, host: records.Host) -> datetime.datetime:
        due = self._guarded(host, lambda: self._upkeep.step(host))
        if host.phase == DONE:
            self._workflow.progress()
            self._hold.tell_session()
            self._keep_unmaintained_free()
        return due or self._workflow.for_a_result("").until

    def _keep_unmaintained_free(self) -> None:
        """Once there is a maintained compute in use, nothing new lands on the others."""
        picture = Picture(self._snapshot)
        if any(not h.outside for h in picture.settled()):
            for host in picture.unmaintained():
                self._upkeep.disable(host)

    # Emptying

    def _empty(self, state: str, targets: list[records.Host]) -> datetime.datetime:
        due = [self._workflow.for_a_result("").until]
        self._emptying.withdraw_idle()
        for host in self.draining():

            def step(host: records.Host = host) -> datetime.datetime | None:
                return self._emptying.step(host, state, targets)

            when = self._guarded(host, step)
            if when is not None:
                due.append(when)

        def given_up(instance: records.Instance, error: Fatal) -> None:
            self._set_aside(self._snapshot.hosts[instance.move_source or ""], error)

        later = self._emptying.begin_moves(state, targets, given_up)
        if later is not None:
            due.append(later)
        # A look at the cloud, for the limits of a group, may have shown that some have gone.
        self._emptying.withdraw_idle()
        return min(due)

    def _begin_next(self) -> datetime.datetime:
        """Begin with hosts that can be emptied now; :returns: when to look again."""
        later = self._workflow.for_a_result("").until
        picture = Picture(self._snapshot)
        waiting = self._one_control_host(picture.unmaintained())
        active = len(self.draining()) + len(self._under_work())
        places = self._limits.may_begin()
        if not waiting or places <= 0:
            return self._limits.again_at() or later
        in_time = self._limits.in_time(waiting)
        if not in_time:
            if not active:
                self._end_of_window()
            return later
        rooms = picture.rooms(picture.settled())
        # Nothing is planned again before there is more room, or other hosts wait.
        state = (len(in_time), len(rooms), total(r.free for r in rooms), places)
        if active and self._snapshot.tried.get("next") == state:
            return later
        # Others may have used or left room on hosts outside since anything was looked at, and the
        # hosts themselves may have come or gone.
        self._upkeep.services()
        self._workflow.inventory.observe()
        picture = Picture(self._snapshot)
        waiting = [h for h in waiting if h.phase == PENDING]
        absent = self._upkeep.absent(waiting)
        waiting = [h for h in waiting if h not in absent]
        in_time = [h for h in in_time if h in waiting]
        chosen = self._workflow.steering.next(in_time, places) if in_time else []
        for source, placement in chosen:
            self._limits.begins(self._snapshot.hosts[source.name])
            self._emptying.begin(self._snapshot.hosts[source.name], placement)
        self._snapshot.tried["next"] = None if chosen else state
        if absent:
            # They are back in a moment, or gone.
            return min(later, self._workflow.soon())
        if waiting and not chosen and not active:
            if len(in_time) < len(waiting):
                # Those that would be done have their turn after others that would not.
                self._end_of_window()
            raise Fatal(self.stuck([picture.source(h) for h in waiting]))
        return later

    def _ask_ahead(self) -> datetime.datetime:
        """Let managers prepare for the next hosts while the present ones are worked on."""
        due = [self._workflow.for_a_result("").until]
        for host in self._workflow.hosts_ahead():

            def ask(host: records.Host = host) -> datetime.datetime | None:
                return self._emptying.ask_ahead(host)

            when = self._guarded(host, ask)
            if when is not None:
                due.append(when)
        return min(due)

    def _one_control_host(self, hosts: list[records.Host]) -> list[records.Host]:
        """Of hosts that are controllers too, one at a time is worked on."""
        busy = any(h.is_controller for h in [*self.draining(), *self._under_work()])
        control = [h for h in hosts if h.is_controller][: 0 if busy else 1]
        return [h for h in hosts if not h.is_controller] + control

    def stuck(self, sources: list[Source]) -> str:
        """Why none of these hosts can be emptied, and what to do."""
        picture = Picture(self._snapshot)
        rooms = picture.rooms(picture.settled())
        short = sequence.shortage(sources, rooms, self._snapshot.groups)
        free = "; ".join(f"{r.name} {capacity.words(r.free)}" for r in rooms[:20]) or "nothing"
        why = self._workflow.steering.why_not()
        missing = (
            f"for {short.host}, which needs least, {short.instances} instances with "
            f"{short.vcpus:g} vCPU find no place"
            if short
            else "no host can be emptied"
        )
        return (
            f"{', '.join(s.name for s in sources[:20])} cannot be emptied: {missing}. Free on "
            f"maintained hosts: {free}. Free capacity there (scale in, or enable another "
            f"host), then continue the session{f'. {why}' if why else ''}"
        )

    # Hosts that are set aside

    def _guarded(
        self, host: records.Host, step: Callable[[], datetime.datetime | None]
    ) -> datetime.datetime | None:
        """Do something with one host; its failure is that host's."""
        try:
            return step()
        except Fatal as error:
            self._set_aside(host, error)
            return None

    def _set_aside(self, host: records.Host, error: Fatal) -> None:
        """Leave a host out, and go on with the others.

        :raises Fatal: the session may not lose (another) one, or it was among the first.
        """
        if not self._limits.may_lose(host):
            self._upkeep.fail(host, str(error))
            raise error
        if host.phase in ENDED:
            return
        self._upkeep.quarantine(host, str(error))
        self._emptying.give_up(host)
        self._workflow.progress()

    def put_into_use(self) -> None:
        """At the end, every host is used again but those that failed under work."""
        if not self._hold.noted(_IN_USE):
            self.verify_use()
            self._hold.note(_IN_USE, True)
        for host in self._snapshot.session_hosts():
            if self._limits.stays_out(host):
                continue
            self._upkeep.enable(host)
        report = self._limits.report()
        if report is not None and self._hold.session.reason != report:
            self._hold.session.reason = report
            self._hold.changes.session = True

    def verify_use(self) -> None:
        """Look whether every service is as the session has left it, and put right what is not."""
        self._upkeep.services()

    def _end_of_window(self) -> NoReturn:
        """Nothing more begins. :raises Fatal: naming the hosts that are left."""
        self._put_back_waiting()
        self._limits.out_of_time(self.waiting())

    def _put_back_waiting(self) -> None:
        """Nothing more begins: what waits is used as before."""
        for host in self.waiting():
            self._upkeep.enable(host)
