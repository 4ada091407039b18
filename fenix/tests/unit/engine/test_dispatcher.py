"""When an engine looks at a session: at once when told, and when its time has come."""

from __future__ import annotations

import datetime
import threading
import time
from typing import Any

import testtools
from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix import timing
from fenix.engine.dispatcher import Dispatcher

#: Seconds; nothing here happens by a poll.
_NEVER = 60.0
_SOON = 20.0


class _Nothing:
    """Leases and actions of an engine for which there is no work in the database."""

    def due(self, limit: int) -> list[Any]:
        return []


class _Session:
    """Has something to do again a moment after each of so many looks."""

    def __init__(self, looks: int, pause: float) -> None:
        self._left = looks
        self._pause = datetime.timedelta(seconds=pause)
        self.done = threading.Event()

    def run(self, session_id: str) -> datetime.datetime | None:
        self._left -= 1
        if not self._left:
            self.done.set()
            return None
        return timing.SystemClock().now() + self._pause


class DispatcherTest(testtools.TestCase):
    """One that polls once a minute."""

    def start(self, session: _Session) -> Dispatcher:
        conf = cfg.ConfigOpts()
        fenix_conf.load([], conf=conf, default_config_files=[])
        conf.set_override("poll_interval", _NEVER, "engine")
        dispatcher = Dispatcher(
            conf=conf,
            clock=timing.SystemClock(),
            leases=_Nothing(),  # type: ignore[arg-type]
            runner=session,  # type: ignore[arg-type]
            actions=_Nothing(),  # type: ignore[arg-type]
        )
        thread = threading.Thread(target=dispatcher.loop)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(dispatcher.stop)
        return dispatcher

    def test_a_session_is_looked_at_when_it_asked_to_be(self) -> None:
        """Not when the engine, which waits for its next poll already, happens to wake."""
        session = _Session(looks=4, pause=0.1)
        dispatcher = self.start(session)
        time.sleep(0.1)
        dispatcher.nudge("s")
        self.assertTrue(session.done.wait(_SOON))
