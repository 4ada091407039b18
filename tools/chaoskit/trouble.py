"""What goes wrong, at random, while sessions run."""

import collections
import random
import signal
import threading
import time

from chaoskit.world import APIS, ENGINES, LEASE

_FAULTS = (
    ("*", r"/action$|os-migrations|os-services|os-hypervisors|^/placement", 503),
    ("POST", r"/action$", 504),
    ("GET", r"os-migrations|os-hypervisors|^/placement", "garbage"),
    ("GET", r"^/identity/v3/auth/tokens", 503),
    ("GET", r"os-migrations|os-services|^/placement", "hang"),
    ("POST", r"/action$", "cut"),
)
_HANG = 1.0
#: What may happen and how often, by its share.
_SHARES = {
    "kill_engine": 70,
    "kill_api": 16,
    "stop_engine": 5,
    "stop_api": 1,
    "hand_over": 3,
    "fault": 2,
}
#: One stop of a neighbour for so many kills.
_KILLS_A_STOP = 60
_AWAY = (0.5, 3.0)
_STEP = 0.05
#: How often the last that works is a victim, too: where one is looked for, in each step.
_LAST = 0.02


class Trouble:
    """A thread that makes trouble between :meth:`start` and :meth:`stop`.

    ``pace``: mean seconds from one trouble to the next.
    """

    def __init__(self, world, seed, database, pace, kills=None):
        self._world = world
        self._brood = world.brood
        self._chance = random.Random(seed)
        self._database = database
        self._pace = pace
        self._most = kills
        self._stopping = threading.Event()
        self._planned = []
        self._since_stop = 0
        self._next = None
        self.count = collections.Counter()
        self.neighbours_away = False
        self._thread = threading.Thread(target=self._run, name="trouble", daemon=True)

    @property
    def kills(self):
        """How many processes got SIGKILL."""
        return self.count["kill_engine"] + self.count["kill_api"]

    @property
    def is_over(self):
        """Whether as many were killed as were to be."""
        return self._most is not None and self.kills >= self._most

    def start(self):
        """Begin."""
        self._thread.start()

    def stop(self):
        """Make no more trouble, and put everything back."""
        self._stopping.set()
        self._thread.join()
        self._world.cloud.faults.clear()
        for _, what in self._planned:
            what()
        self._planned.clear()
        self._restock()

    def _run(self):
        next_at = time.monotonic()
        while not self._stopping.wait(_STEP):
            now = time.monotonic()
            for item in [p for p in self._planned if p[0] <= now]:
                self._planned.remove(item)
                item[1]()
            if not self._planned:
                self._restock()
            if now >= next_at and not self.is_over and self._once():
                next_at = now + self._chance.uniform(0.2, 1.8) * self._pace

    def _later(self, seconds, what):
        self._planned.append((time.monotonic() + seconds, what))

    def _restock(self):
        for kind, most in (("engine", ENGINES), ("api", APIS)):
            for _ in range(most - self._brood.count(kind)):
                self._brood.bear(kind)

    def _once(self):
        if self._since_stop >= _KILLS_A_STOP:
            self._since_stop = 0
            self._stop_neighbour()
            return True
        # What cannot happen just now comes next, or what always can would take its place.
        what = self._next or self._chance.choices(list(_SHARES), _SHARES.values())[0]
        happened = getattr(self, f"_{what}")()
        self._next = None if happened else what
        if happened:
            self.count[what] += 1
        return happened

    def _victim(self, kind):
        """One that works; seldom the last, or a slow machine would get nowhere."""
        found = self._brood.those(kind)
        if not found or (len(found) == 1 and self._chance.random() > _LAST):
            return None
        return self._chance.choice(found)

    def _kill(self, kind):
        victim = self._victim(kind)
        if victim is None or not self._brood.send(victim, signal.SIGKILL):
            return False
        self._since_stop += 1
        # Its place stays empty for a moment.
        self._later(self._chance.uniform(0, 1), lambda: self._brood.bear(kind))
        return True

    def _kill_engine(self):
        return self._kill("engine")

    def _kill_api(self):
        return self._kill("api")

    def _pause(self, kind, seconds):
        victim = self._victim(kind)
        if victim is None or not self._brood.send(victim, signal.SIGSTOP):
            return False
        self._later(seconds, lambda: self._brood.send(victim, signal.SIGCONT))
        return True

    def _stop_engine(self):
        return self._pause("engine", LEASE + self._chance.uniform(0.5, 2))

    def _stop_api(self):
        return self._pause("api", self._chance.uniform(0.5, 2))

    def _hand_over(self):
        victim = self._victim("engine")
        if victim is None or not self._brood.send(victim, signal.SIGTERM):
            return False
        victim.ready = False
        return True

    def _fault(self):
        method, path, answer = self._chance.choice(_FAULTS)
        self._world.cloud.faults.next_calls(
            method,
            path,
            answer,
            times=self._chance.randint(1, 6),
            seconds=_HANG,
            after=self._chance.random() < 0.5,
        )
        self._later(3, self._world.cloud.faults.clear)
        return True

    def _stop_neighbour(self):
        name = self._chance.choice(["rabbit", self._database])
        self.count[f"stop_{name}"] += 1
        self.neighbours_away = True
        neighbours = self._world.neighbours
        neighbours.stop(name)
        # Engines die while it is away, too.
        if self._kill_engine():
            self.count["kill_engine"] += 1
        time.sleep(self._chance.uniform(*_AWAY))
        neighbours.start(name)
        self.neighbours_away = False
