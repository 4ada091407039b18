"""What sessions of one engine look at together in a large cloud."""

from __future__ import annotations

import concurrent.futures
import datetime
import threading
from typing import Any
from unittest import mock

import testtools

from fenix.cloud import base
from fenix.cloud.paging import MARGIN
from fenix.cloud.shared import SharedCloud

_DAY = datetime.datetime(2026, 1, 1)


class _Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> datetime.datetime:
        return _DAY + datetime.timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


class RecentTest(testtools.TestCase):
    """A cloud that counts what it is asked, large from three hosts or instances on."""

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(mock.patch.object(base, "LARGE", 2))
        self.clock = _Clock()
        self.there = {f"h{n}": base.CloudHost(f"h{n}", frozenset({base.COMPUTE})) for n in range(6)}
        self.servers = {f"s{n}": self.server(f"s{n}") for n in range(4)}
        self.changes: list[base.Server] = []
        self.asked: list[Any] = []
        self.go, self.takes = threading.Event(), 0.0
        self.go.set()
        nova = mock.Mock(spec=base.Cloud)
        nova.hosts.side_effect = self.list_hosts
        nova.servers.side_effect = self.list_servers
        nova.changed_since.side_effect = self.list_changes
        self.nova = nova
        self.cloud = SharedCloud(nova, self.clock)

    def server(self, server_id: str, status: str = "ACTIVE", at: float = 0.0) -> base.Server:
        updated = _DAY + datetime.timedelta(seconds=at)
        return base.Server(server_id, server_id, "p", "h1", status, None, 1, 512, 1, updated)

    def list_hosts(self, host: str | None = None) -> list[base.CloudHost]:
        self.asked.append(("hosts", host))
        self.assertTrue(self.go.wait(60))
        self.clock.seconds += self.takes
        return list(self.there.values()) if host is None else [self.there[host]]

    def list_servers(self, host: str | None = None) -> list[base.Server]:
        self.asked.append(("servers", host))
        # As Nova does: new objects each time.
        return [self.server(s.server_id, s.status) for s in self.servers.values()]

    def list_changes(self, moment: datetime.datetime) -> list[base.Server]:
        self.asked.append(("changes", moment))
        return self.changes

    def up(self, name: str) -> bool:
        return {h.hostname: h.up for h in self.cloud.hosts(recent=True)}[name]

    def ids(self, *, recent: bool = True) -> dict[str, str]:
        return {s.server_id: s.status for s in self.cloud.servers(recent=recent)}

    def test_listed_hosts_serve_for_seconds(self) -> None:
        self.assertTrue(self.up("h1"))
        self.there["h1"] = base.CloudHost("h1", frozenset({base.COMPUTE}), up=False)
        self.clock.seconds += 2.9
        self.assertTrue(self.up("h1"))
        self.assertFalse(self.cloud.hosts("h1")[0].up)
        self.clock.seconds += 0.2
        self.assertFalse(self.up("h1"))
        self.assertEqual([("hosts", None), ("hosts", "h1"), ("hosts", None)], self.asked)

    def test_who_comes_while_hosts_are_listed_waits_for_that(self) -> None:
        self.cloud.hosts(recent=True)
        self.clock.seconds += 9
        self.go.clear()
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            others = [pool.submit(self.cloud.hosts, recent=True) for _ in range(5)]
            self.go.set()
            self.assertEqual([6] * 5, [len(other.result(timeout=60)) for other in others])
        self.assertEqual([("hosts", None)] * 2, self.asked)

    def test_a_listing_that_takes_long_serves_afterwards(self) -> None:
        self.takes = 50.0
        self.cloud.hosts(recent=True)
        self.clock.seconds += 2.9
        self.cloud.hosts(recent=True)
        self.assertEqual([("hosts", None)], self.asked)

    def test_who_wants_hosts_as_they_are_now_lists_them(self) -> None:
        self.assertTrue(self.up("h1"))
        self.there["h1"] = base.CloudHost("h1", frozenset({base.COMPUTE}), up=False)
        self.assertEqual(5, sum(h.up for h in self.cloud.hosts()))
        self.assertFalse(self.up("h1"))

    def test_a_listing_knows_what_this_process_has_changed(self) -> None:
        (host,) = (h for h in self.cloud.hosts(recent=True) if h.hostname == "h1")
        self.cloud.disable(host, "fenix x")
        self.nova.disable.assert_called_once_with(host, "fenix x")
        (host,) = (h for h in self.cloud.hosts(recent=True) if h.hostname == "h1")
        self.assertEqual((False, "fenix x"), (host.enabled, host.disabled_reason))
        self.cloud.enable(host)
        (host,) = (h for h in self.cloud.hosts(recent=True) if h.hostname == "h1")
        self.assertEqual((True, None), (host.enabled, host.disabled_reason))
        self.assertEqual([("hosts", None)], self.asked)

    def test_a_change_that_fails_is_none(self) -> None:
        (host,) = (h for h in self.cloud.hosts(recent=True) if h.hostname == "h1")
        self.nova.disable.side_effect = OSError("away")
        self.assertRaises(OSError, self.cloud.disable, host, "fenix x")
        self.assertTrue(all(h.enabled for h in self.cloud.hosts(recent=True)))

    def test_in_a_small_cloud_everybody_lists(self) -> None:
        for name in ("h2", "h3", "h4", "h5"):
            del self.there[name]
        for name in ("s2", "s3"):
            del self.servers[name]
        for _ in range(2):
            self.cloud.hosts(recent=True)
            self.cloud.servers(recent=True)
        self.assertEqual([("hosts", None), ("servers", None)] * 2, self.asked)

    def test_instances_are_listed_once_and_followed(self) -> None:
        self.assertEqual(dict.fromkeys(self.servers, "ACTIVE"), self.ids())
        self.changes = [
            self.server("s1", base.DELETED, at=7),
            self.server("s2", "MIGRATING", at=9),
            self.server("new", at=8),
        ]
        self.assertEqual(
            {"s0": "ACTIVE", "s2": "MIGRATING", "s3": "ACTIVE", "new": "ACTIVE"}, self.ids()
        )
        self.changes = []
        self.ids()
        newest = _DAY + datetime.timedelta(seconds=9)
        self.assertEqual(
            [("servers", None), ("changes", _DAY - MARGIN), ("changes", newest - MARGIN)],
            self.asked,
        )

    def test_instances_are_listed_anew_after_a_minute_or_when_asked(self) -> None:
        self.ids()
        del self.servers["s3"]
        self.assertIn("s3", self.ids())
        self.assertNotIn("s3", self.ids(recent=False))
        del self.servers["s2"]
        self.servers["s4"] = self.server("s4")
        self.assertIn("s2", self.ids())
        self.clock.seconds += 61
        self.assertEqual({"s0", "s1", "s4"}, self.ids().keys())

    def test_sessions_share_what_did_not_change(self) -> None:
        first = {s.server_id: s for s in self.cloud.servers()}
        self.servers["s1"] = self.server("s1", "ERROR")
        second = {s.server_id: s for s in self.cloud.servers()}
        same = {name for name, server in second.items() if server is first[name]}
        self.assertEqual({"s0", "s2", "s3"}, same)
        self.assertEqual("ERROR", second["s1"].status)

    def changed(self, since: float) -> set[str]:
        moment = _DAY + datetime.timedelta(seconds=since)
        return {s.server_id for s in self.cloud.changed_since(moment)}

    def asked_since(self) -> list[float]:
        return [(moment - _DAY).total_seconds() for _, moment in self.asked]

    def test_sessions_that_look_at_different_times_read_a_change_once(self) -> None:
        self.changes = [self.server("s1", at=100), self.server("s2", at=120)]
        self.assertEqual({"s1", "s2"}, self.changed(90))
        self.changes = [self.server("s2", at=125)]
        self.assertEqual({"s2"}, self.changed(110))
        self.changes = []
        self.assertEqual({"s1", "s2"}, self.changed(95))
        self.assertEqual([90, 115, 120], self.asked_since())

    def test_what_changed_again_is_told_as_it_is(self) -> None:
        self.changes = [self.server("s1", at=100)]
        self.changed(90)
        self.changes = [self.server("s1", base.DELETED, at=101)]
        (server,) = self.cloud.changed_since(_DAY + datetime.timedelta(seconds=99))
        self.assertEqual(base.DELETED, server.status)

    def test_changes_are_read_anew_by_who_asks_for_earlier_ones(self) -> None:
        self.changed(90)
        self.changes = [self.server("s1", at=60)]
        self.assertEqual({"s1"}, self.changed(50))
        self.assertEqual([90, 50], self.asked_since())

    def test_changes_are_read_anew_after_a_minute(self) -> None:
        """A clock that was ahead is not believed for longer."""
        self.changes = [self.server("s1", at=9000)]
        self.changed(90)
        self.changes = [self.server("s2", at=130)]
        self.clock.seconds += 61
        self.assertEqual({"s2"}, self.changed(120))
        self.assertEqual([90, 120], self.asked_since())
