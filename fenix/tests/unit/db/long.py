"""Statements of long transactions: many rows, and others that must not wait for them."""

from __future__ import annotations

import concurrent.futures
import datetime
from typing import Any

import sqlalchemy as sa

from fenix.db import advance, claims, models, records
from fenix.db import sessions as db_sessions
from fenix.tests.unit.db import base, known


class LongMixin(known.KnownMixin):
    """A session with many hosts, and another."""

    def test_many_rows_are_sent_together(self) -> None:
        """What is sent row by row keeps the session locked for as many answers of the database."""
        names = tuple(f"host-{n}" for n in range(20))
        self.make("s1", hosts=names)
        self.make("s2", hosts=("other",))
        session = self.take()
        assert session is not None
        detail = db_sessions.detail(self.database, "s1")
        for number, host in enumerate(detail.hosts[:-1]):
            host.offers, host.phase, host.details = {"zone": "x"}, "draining", None
            host.used_vcpus = float(number)
        written: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            written.append(statement)

        engine = self.database.engine
        sa.event.listen(engine, "after_cursor_execute", note)
        self.addCleanup(sa.event.remove, engine, "after_cursor_execute", note)
        # A handler may change what it has just added.
        new = records.Host("s1", "new", "compute", phase="draining")
        changed = {h.hostname: h for h in [*detail.hosts[:-1], new]}
        changes = advance.Changes(hosts=changed, new_hosts=[new])
        advance.commit(self.database, session, changes, self.now)
        found = {h.hostname: h for h in db_sessions.detail(self.database, "s1").hosts}
        self.assertEqual({h.hostname: h for h in [*detail.hosts, new]}, found)
        self.assertEqual([1], [len(db_sessions.detail(self.database, "s2").hosts)])
        if engine.dialect.name != "sqlite":
            sent = [w for w in written if "hosts" in w and not w.startswith("SELECT")]
            self.assertEqual(["INSERT INTO hosts"] * 2, [w[:17] for w in sent])

    def test_who_renews_leases_waits_for_no_transaction(self) -> None:
        """One long transaction of a session must not let the leases of others end."""
        for name in ("s1", "s2"):
            self.make(name, hosts=(f"{name}-host",))
            claims.claim(
                self.database, name, "a", self.now + datetime.timedelta(seconds=1), base.LEASE
            )
        later = self.now + datetime.timedelta(seconds=base.LEASE)
        if not self.database.skips_locked:
            self.assertEqual("sqlite", self.database.engine.dialect.name)
            renewed = claims.renew(self.database, ["s1", "s2"], "a", later, base.LEASE)
            self.assertEqual({"s1", "s2"}, renewed)
            return
        table = models.sessions
        with self.database.writer() as writing, concurrent.futures.ThreadPoolExecutor(1) as pool:
            locks = sa.update(table).where(table.c.session_id == "s1").values(reason="long")
            writing.execute(locks)
            args = (self.database, ["s1", "s2"], "a", later, base.LEASE)
            self.assertEqual({"s2"}, pool.submit(claims.renew, *args).result(timeout=30))
        self.assertEqual({"s1", "s2"}, claims.renew(*args))
