"""Statements about sessions that have failed: what they hold, and what begins in them."""

from __future__ import annotations

import datetime

from fenix import states
from fenix.db import advance, lifecycle, records, runs
from fenix.tests.unit.db import base, hosts


class FailedMixin(hosts.HostsMixin):
    """One that failed, and others."""

    def fail(self) -> records.Session:
        """The session ``s1``, as its engine leaves it when nothing was done to ``h2`` yet."""
        session = self.take()
        assert session is not None
        session.state = states.MAINTENANCE_FAILED
        left = advance.Changes(session=True, release_claims={"h2"})
        later = advance.Release(self.now)
        advance.commit(self.database, session, left, self.now, later)
        return session

    def test_it_lets_go_of_no_host_that_another_has_taken(self) -> None:
        self.make(hosts=("h1", "h2"))
        self.fail()
        self.make("s2", hosts=("h2",))
        session = self.take()
        gone = advance.Changes(release_claims={"h1", "h2"})
        advance.commit(self.database, session, gone, self.now, advance.Release(None))
        self.assertEqual({"h2": "s2"}, lifecycle.holders(self.database))

    def test_no_action_begins_before_it_is_continued(self) -> None:
        self.make()
        session = self.take()
        waiting = records.ActionRun("s1", "dummy", "host", "h1", "k1", self.now)
        begun = records.ActionRun("s1", "dummy", "host", "h2", "k2", self.now)
        changes = advance.Changes(new_runs=[waiting, begun])
        advance.commit(self.database, session, changes, self.now, advance.Release(self.now))
        begun = runs.due(self.database, self.now, base.LEASE, 10)[1]
        self.assertTrue(runs.claim(self.database, begun, "a", self.now, base.LEASE, self.now))
        self.fail()
        # Not by an engine that dies now, either.
        later = self.now + datetime.timedelta(seconds=2 * base.LEASE)
        self.assertEqual([], runs.due(self.database, later, base.LEASE, 10))
        self.assertFalse(runs.claim(self.database, waiting, "b", later, base.LEASE, later))
        self.control().give({}, "s1", "continue")
        self.assertEqual(2, len(runs.due(self.database, later, base.LEASE, 10)))
