"""Runs of actions between engines: claims, heartbeats, and who may write the result."""

from __future__ import annotations

import datetime
import tempfile
from typing import Any, ClassVar
from unittest import mock

import testtools
from oslo_config import cfg
from oslo_db import exception as db_exc

from fenix import conf as fenix_conf
from fenix import exceptions
from fenix.db import models, records, rows, schema
from fenix.db import runs as db_runs
from fenix.db.api import Database
from fenix.engine.actions import ActionRunner
from fenix.engine.plugins import Plugins
from fenix.workflow.action import BaseAction, Result, State

START = datetime.datetime(2026, 11, 21, 12, 0, 0)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime.datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - START).total_seconds()


class Stalling(BaseAction):
    """Its first attempt is overtaken while it works."""

    meanwhile: Any = None

    def run(self) -> Result:
        if self.task.attempt == 1:
            Stalling.meanwhile()
            self.task.heartbeat()
        return Result(State.SUCCEEDED, f"attempt {self.task.attempt}, key {self.task.key}")


class Death(BaseException):
    """SIGKILL."""


class Fatal(BaseAction):
    """Its engine dies with its first effect, before anybody knows of that."""

    effects: ClassVar[list[str]] = []

    def run(self) -> Result:
        self.effects.append(self.task.key)
        if self.task.attempt == 1:
            raise Death
        return Result(State.SUCCEEDED, "")


class Checked(Fatal):
    """The same, and it can tell that it was done."""

    def done(self) -> bool:
        return bool(self.effects)


class TwoEnginesTestCase(testtools.TestCase):
    """Two engines and one run."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(folder.cleanup)
        self.conf = cfg.ConfigOpts()
        fenix_conf.load([], conf=self.conf, default_config_files=[])
        self.conf.set_override("connection", f"sqlite:///{folder.name}/fenix.sqlite", "database")
        self.database = Database(self.conf)
        self.addCleanup(self.database.dispose)
        schema.upgrade(self.database)
        self.clock = Clock()
        self.plugins = Plugins(self.conf)
        self.plugins.actions["stalling"] = Stalling
        self.first, self.second = self.runner("first"), self.runner("second")
        run = records.ActionRun("s", "stalling", "host", "compute-1", "k", START)
        with self.database.writer() as transaction:
            rows.insert(transaction, models.action_plugin_instances, [run], without=["run_id"])

    def runner(self, engine_id: str) -> ActionRunner:
        return ActionRunner(
            conf=self.conf,
            database=self.database,
            clock=self.clock,
            cloud=mock.Mock(),
            plugins=self.plugins,
            engine_id=engine_id,
        )

    def after(self, seconds: float) -> None:
        self.clock.at += datetime.timedelta(seconds=seconds)

    def take(self, runner: ActionRunner) -> records.ActionRun:
        (run,) = runner.due(1)
        self.assertTrue(runner.claim(run))
        return run

    def row(self) -> records.ActionRun:
        (run,) = db_runs.of_session(self.database, "s")
        return run


class DeathTest(TwoEnginesTestCase):
    """An engine dies in a run; another takes it over when its lease has ended."""

    def dies_in(self, plugin: type[Fatal]) -> list[records.Event]:
        """The history."""
        Fatal.effects.clear()
        self.plugins.actions["stalling"] = plugin
        self.assertRaises(Death, self.first.execute, self.take(self.first))
        self.after(self.conf.engine.lease - 1)
        self.assertEqual([], self.second.due(1))
        self.after(2)
        self.second.execute(self.take(self.second))
        with self.database.reader() as transaction:
            return rows.select(transaction, models.session_events, records.Event)

    def test_what_can_tell_is_not_repeated(self) -> None:
        self.dies_in(Checked)
        self.assertEqual(["k"], Fatal.effects)
        self.assertEqual(("SKIPPED", 2), (self.row().state, self.row().attempt))

    def test_what_cannot_tell_is_run_again_with_the_same_key_and_says_so(self) -> None:
        events = self.dies_in(Fatal)
        self.assertEqual(["k", "k"], Fatal.effects)
        self.assertEqual(("SUCCEEDED", 2), (self.row().state, self.row().attempt))
        self.assertIn("try 2 begins; the engine before showed no life", events[1].message)
        self.assertEqual(["k"] * 3, [e.data["key"] for e in events])


class HeartbeatTest(TwoEnginesTestCase):
    """An engine that stalls, is stopped, or finds its database away."""

    def test_a_run_that_shows_life_is_not_taken(self) -> None:
        self.take(self.first)
        for _ in range(3):
            self.after(self.conf.engine.lease - 1)
            self.first.beat()
            self.assertEqual([], self.second.due(1))

    def test_an_engine_that_stalls_loses_the_run_and_is_told(self) -> None:
        run = self.take(self.first)

        def overtaken() -> None:
            self.after(self.conf.engine.lease + 1)
            self.second.execute(self.take(self.second))
            self.first.beat()

        Stalling.meanwhile = staticmethod(overtaken)
        with mock.patch("fenix.engine.actions.LOG") as log:
            self.first.execute(run)
        self.assertEqual([], log.exception.mock_calls)
        self.assertEqual("%s action %s on %s: %s", log.warning.mock_calls[-1].args[0])
        row = self.row()
        self.assertEqual(("SUCCEEDED", "second", 2), (row.state, row.owner, row.attempt))
        self.assertEqual("attempt 2, key k", row.result)

    def test_one_that_was_stopped_past_its_lease_asks_before_it_goes_on(self) -> None:
        run = self.take(self.first)
        self.after(self.conf.engine.lease + 1)
        # Nobody has taken it: it is still ours.
        self.first._check(run)
        self.after(self.conf.engine.lease + 1)
        self.take(self.second)
        self.assertRaises(exceptions.LostLease, self.first._check, run)

    def test_one_that_was_stopped_before_it_began_does_not_begin(self) -> None:
        run = self.take(self.first)
        self.after(self.conf.engine.lease + 1)
        self.second.execute(self.take(self.second))
        with mock.patch.object(Stalling, "run") as began:
            self.first.execute(run)
        began.assert_not_called()
        self.assertEqual(("SUCCEEDED", "second"), (self.row().state, self.row().owner))

    def test_a_heartbeat_waits_for_a_database_that_is_away(self) -> None:
        run = self.take(self.first)
        self.after(self.conf.engine.lease + 1)
        answers = iter([db_exc.DBConnectionError(), db_exc.DBConnectionError(), frozenset()])

        def beat(*_args: Any) -> Any:
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return answer

        with (
            mock.patch("fenix.engine.actions.db_runs.beat", beat),
            mock.patch("fenix.engine.actions.time.sleep") as slept,
        ):
            self.first._check(run)
        self.assertEqual(2, slept.call_count)

    def test_a_run_that_is_handed_back_is_taken_at_once(self) -> None:
        self.first.hand_back(self.take(self.first))
        self.assertEqual(2, self.take(self.second).attempt)

    def test_a_heartbeat_raises_once_the_row_is_another_s(self) -> None:
        run = self.take(self.first)
        self.first._check(run)
        self.after(self.conf.engine.lease + 1)
        self.take(self.second)
        self.first.beat()
        self.assertRaises(exceptions.LostLease, self.first._check, run)

    def test_a_run_is_given_up_past_its_time(self) -> None:
        run = self.take(self.first)
        self.after(self.conf.workflow.action_timeout + 2)
        self.first.beat()
        self.assertRaises(exceptions.LostLease, self.first._check, run)
        row = self.row()
        self.assertEqual("FAILED", row.state)
        limit = self.conf.workflow.action_timeout
        self.assertEqual(f"not finished within {limit:g} s", row.result)
