"""An engine's parts on SQLite, in virtual time, that die at a chosen commit and are made anew.

What runs is the service's own: runner, leases, actions, outbox and statements. The cloud and the
managers are the simulator's, and so are their records.
"""

from __future__ import annotations

import collections
import contextlib
import pathlib
import random
import shutil
from collections.abc import Iterator
from typing import Any, ClassVar

from oslo_config import cfg
from sqlalchemy import orm

from fenix import conf as fenix_conf
from fenix import states
from fenix.api import matching
from fenix.cloud import aodh
from fenix.db import lifecycle, records, replies, schema
from fenix.db import sessions as db_sessions
from fenix.db.api import Database
from fenix.db.store import SqlStore
from fenix.engine.actions import ActionRunner
from fenix.engine.leases import Leases
from fenix.engine.outbox import OutboxSender
from fenix.engine.runner import Runner
from fenix.notifications.carrier import Carrier
from fenix.simulator import faults, managers
from fenix.simulator.clock import Agenda, Clock, seconds_of
from fenix.simulator.cloud import Cloud
from fenix.simulator.mortality import Death
from fenix.simulator.moves import Moves
from fenix.simulator.port import Port
from fenix.simulator.session import WORKFLOWS, Scenario
from fenix.workflow.action import BaseAction, Result, State
from fenix.workflow.hold import Ports

ID = "5e551010-0000-4000-8000-000000000000"
#: Seconds of virtual time that pass when nothing is known to happen before.
_STEP = 2.0
_LONGEST = 3600.0


class MortalDatabase(Database):
    """Counts commits; at one of them the process ends, right before or right after it."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf)
        self.commits = 0
        self.dies_at = (0, False)

    @contextlib.contextmanager
    def writer(self) -> Iterator[orm.Session]:
        """See :class:`Database`."""
        self.commits += 1
        last, after = self.dies_at[0] == self.commits, self.dies_at[1]
        with super().writer() as session:
            yield session
            if last and not after:
                raise Death
        if last:
            raise Death


class Repeatable(BaseAction):
    """Cannot tell whether it was done. ``effects``: host, what was done, and key of each."""

    effects: ClassVar[list[tuple[str, str, str]]] = []

    @property
    def what(self) -> str:
        """Its own name and type."""
        return f"{type(self).__name__} {self.task.type}"

    def run(self) -> Result:
        """Have an effect."""
        self.effects.append((self.task.hostname, self.what, self.task.key))
        return Result(State.SUCCEEDED, "")


class Once(Repeatable):
    """Can tell."""

    def done(self) -> bool:
        """Whether it had its effect."""
        return any(e[:2] == (self.task.hostname, self.what) for e in self.effects)


_ACTIONS = {"once": Once, "repeatable": Repeatable}


class _Plugins:
    """What an engine asks of its plug-ins."""

    actions = _ACTIONS

    def workflow(self, name: str) -> Any:
        return WORKFLOWS[name]

    def action(self, name: str) -> type[BaseAction]:
        return _ACTIONS[name]


class World:
    """One session, the cloud around it, and engines one after the other.

    :param folder: holds ``empty.sqlite``, a database as :func:`prepare` made it.
    :param dies_at: the number of the commit, and whether the engine dies after it; 0: never.
    """

    def __init__(
        self, scenario: Scenario, folder: pathlib.Path, dies_at: tuple[int, bool] = (0, False)
    ) -> None:
        Repeatable.effects.clear()
        self.scenario = scenario
        self.clock = Clock()
        self.agenda = Agenda(self.clock)
        rng = random.Random(0)
        self.cloud = Cloud(scenario.topology, self.clock, self.agenda, scenario.times, rng)
        self.moves = Moves(self.cloud, faults.NONE)
        self._world = managers.World(self.cloud, self.moves, rng)
        self.published: list[records.Outgoing] = []
        self.accepted: list[str] = []
        self._answered: set[str] = set()
        path = folder / "session.sqlite"
        for left in folder.glob("session.sqlite*"):
            left.unlink()
        shutil.copy(folder / "empty.sqlite", path)
        self._conf = conf_of(path)
        self.database = MortalDatabase(self._conf)
        self._create()
        self.database.commits, self.database.dies_at = 0, dies_at
        self.deaths = 0
        self._engine()

    def _create(self) -> None:
        now, specs = self.clock.now(), self.scenario.topology.hosts
        lifecycle.create(
            self.database,
            records.Session(ID, self.scenario.workflow, states.INITIAL, now, now, wake_at=now),
            [
                records.Host(
                    ID,
                    h.name,
                    ",".join(sorted(h.roles)),
                    service_id=h.name,
                    found_disabled=not h.enabled,
                )
                for h in specs
            ],
            [
                records.Action(ID, plugin, kind)
                for plugin in _ACTIONS
                for kind in ("pre", "host", "post")
            ],
            [],
            [],
        )

    def _engine(self) -> None:
        """A new engine, which knows what is in the rows only."""
        name = f"engine-{self.deaths}"
        self._leases = Leases(self.database, name, self.clock, self._conf.engine.lease)
        port = Port(self.cloud, self.moves, faults.NONE)
        self._runner = Runner(
            conf=self._conf,
            store=SqlStore(self.database),
            clock=self.clock,
            ports=Ports(cloud=port, managers=self._managers, reservations=list),
            plugins=_Plugins(),
            leases=self._leases,
            on_commit=lambda _changes: None,
        )
        self._actions = ActionRunner(
            conf=self._conf,
            database=self.database,
            clock=self.clock,
            cloud=port,
            plugins=_Plugins(),  # type: ignore[arg-type]
            engine_id=name,
        )
        self._sender = OutboxSender(
            conf=self._conf,
            database=self.database,
            clock=self.clock,
            carrier=Carrier(records.BUS, self._publish, pause=1.0),
            engine_id=name,
        )

    def _managers(self) -> dict[str, aodh.Manager]:
        return {p: aodh.Manager(("maintenance.planned",)) for p in self.scenario.answers}

    # Managers

    def _publish(self, row: records.Outgoing) -> None:
        self.published.append(row)
        if row.channel in self.scenario.answers and row.payload["allowed_actions"] is not None:
            self.agenda.after(1.0, lambda: self._answer(row))

    def _answer(self, row: records.Outgoing) -> None:
        """Once for each event, however often it comes, through the API's own rules."""
        payload = row.payload
        if payload["state"] == states.INSTANCE_ACTION_DONE or row.message_id in self._answered:
            return
        self._answered.add(row.message_id)
        # The API is a process of its own, which does not die here.
        seen = replies.view(self.database, ID, row.channel)
        heard = managers.Heard(
            row.channel,
            payload["state"],
            tuple(matching.concerned(seen)),
            tuple(payload["allowed_actions"]),
            payload["metadata"],
            0,
        )
        says = self.scenario.answers[row.channel](heard, self._world)
        assert says is not None
        reply = matching.Reply(payload["state"], says.word == managers.NACK, says.actions)
        named = payload["instance_ids"]
        if isinstance(named, list):
            found = matching.for_instance(seen, named[0], reply)
        else:
            found = matching.for_project(seen, reply)
        with self._immortal():
            for answer in found:
                if replies.record(
                    self.database, answer.wait, reply.text, answer.actions, self.clock.now()
                ):
                    self.accepted.append(reply.text)

    @contextlib.contextmanager
    def _immortal(self) -> Iterator[None]:
        commits, dies_at = self.database.commits, self.database.dies_at
        self.database.dies_at = (0, False)
        yield
        self.database.commits, self.database.dies_at = commits, dies_at

    # Running

    def run(self) -> records.Session:
        """Play the session to its end; its row then."""
        while self.clock.seconds < _LONGEST:
            self.agenda.run_due()
            try:
                while self._work():
                    pass
            except Death:
                self.deaths += 1
                self._engine()
                continue
            row = db_sessions.get(self.database, ID)
            later = self.clock.seconds + _STEP
            due = [later, self.agenda.next_at() or later]
            if row.wake_at is not None and seconds_of(row.wake_at) > self.clock.seconds:
                due.append(seconds_of(row.wake_at))
            if row.state in states.IDLE and row.wake_at is None and not self._unsent():
                break
            self.clock.set(min(due))
        self.database.dispose()
        return row

    def _unsent(self) -> int:
        return self._rows_of_outbox("'new', 'sending'")

    def unsure(self) -> int:
        """How many notifications may not have arrived, and were not sent again."""
        return self._rows_of_outbox("'unsure'")

    def _rows_of_outbox(self, statuses: str) -> int:
        with self.database.engine.connect() as connection:
            text = f"SELECT count(*) FROM outbox WHERE status IN ({statuses})"
            return int(connection.exec_driver_sql(text).scalar() or 0)

    def _work(self) -> int:
        """What the threads of an engine do when they wake; how much there was."""
        count = self._sender.send_due()
        for run in self._actions.due(10):
            if self._actions.claim(run):
                count += 1
                self._actions.execute(run)
        for session_id in self._leases.due(10):
            count += 1
            self._runner.run(session_id)
        self._leases.renew()
        return count

    def end(self, row: records.Session) -> dict[str, Any]:
        """What must be the same however often engines died."""
        once = collections.Counter(
            (r.channel, r.payload["state"]) for r in self.published if r.send_once
        )
        done = [r for r in self.moves.records_since(0.0) if r.status in ("completed", "confirmed")]
        return {
            "state": (row.state, row.reason, row.percent_done),
            "instances": sorted(
                (s.server_id, s.status, s.task_state) for s in self.cloud.servers.values()
            ),
            "hosts": {
                n: (h.enabled, h.disabled_reason, self._phase(n))
                for n, h in self.cloud.hosts.items()
            },
            "moved": sorted(r.server_id for r in done),
            "told once": once,
            "effects": {e[:2] for e in Repeatable.effects},
            "once": collections.Counter(e for e in Repeatable.effects if "Once" in e[1]),
            "replies": collections.Counter(self.accepted),
        }

    def _phase(self, hostname: str) -> Any:
        with self.database.engine.connect() as connection:
            text = f"SELECT phase, maintained, disabled FROM hosts WHERE hostname = '{hostname}'"
            return tuple(connection.exec_driver_sql(text).one())


def conf_of(path: pathlib.Path) -> cfg.ConfigOpts:
    """The configuration of a service with a database file."""
    conf = cfg.ConfigOpts()
    fenix_conf.load([], conf=conf, default_config_files=[])
    conf.set_override("connection", f"sqlite:///{path}", "database")
    conf.set_override("max_parallel_hosts", 1, "workflow")
    conf.set_override("second_moves_percent", 0, "workflow")
    return conf


def prepare(folder: pathlib.Path) -> None:
    """Make the database that worlds begin with."""
    database = Database(conf_of(folder / "empty.sqlite"))
    schema.upgrade(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
