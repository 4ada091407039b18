"""Observers: their defects are theirs."""

from __future__ import annotations

import datetime
from unittest import mock

import testtools
from keystoneauth1 import loading
from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix import exceptions, timing
from fenix.db import records
from fenix.engine import observing
from fenix.workflow.observer import BaseHostObserver, HostEvent, Memory


class _Sound(BaseHostObserver):
    seen: list[HostEvent] = []

    def observe(self, event: HostEvent, memory: Memory) -> str | None:
        self.seen.append(event)
        return None


class _Raising(BaseHostObserver):
    def observe(self, event: HostEvent, memory: Memory) -> str | None:
        raise KeyError("what")


class _Unmade(BaseHostObserver):
    def __init__(self, *_: object) -> None:
        raise ValueError("no address")

    def observe(self, event: HostEvent, memory: Memory) -> str | None:
        return None


class ObservingTest(testtools.TestCase):
    """The carrier of one observer."""

    def carrier(self, observer: type[BaseHostObserver]) -> observing.Carrier:
        conf = cfg.ConfigOpts()
        fenix_conf.load([], conf=conf, default_config_files=[])
        conf.register_opts(loading.get_auth_plugin_conf_options("password"), "service_auth")
        conf.set_override("auth_type", "password", "service_auth")
        conf.set_override("auth_url", "http://127.0.0.1:1/v3", "service_auth")
        database = mock.sentinel.database
        (found,) = observing.carriers(conf, [("mine", observer)], database, timing.SystemClock())
        return found

    def row(self) -> records.Outgoing:
        now = datetime.datetime(2026, 11, 29)
        payload = {"host": "compute-1", "state": "HOST_ADDED", "session_id": ""}
        return records.Outgoing("", "compute-1", "m", "maintenance.host", payload, now, now)

    def test_what_it_is_told(self) -> None:
        carrier = self.carrier(_Sound)
        carrier.deliver(self.row())
        expected = HostEvent("compute-1", "HOST_ADDED", "", datetime.datetime(2026, 11, 29), "m")
        self.assertEqual([expected], _Sound.seen)
        self.assertEqual("observer-mine", carrier.name)

    def test_an_exception_is_tried_again(self) -> None:
        error = self.assertRaises(
            exceptions.Unavailable, self.carrier(_Raising).deliver, self.row()
        )
        self.assertEqual("KeyError: 'what'", str(error))

    def test_one_that_cannot_be_made_stops_the_engine(self) -> None:
        error = self.assertRaises(exceptions.PluginError, self.carrier, _Unmade)
        self.assertEqual("fenix.host_observers: mine: ValueError: no address", str(error))
