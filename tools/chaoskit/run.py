"""The run: worlds one after the other, in each first a calm round, then troubled ones."""

import dataclasses
import time

from oslo_db import exception as db_exc

from chaoskit import ending, referee, scene
from chaoskit.brood import Brood
from chaoskit.neighbours import Neighbours
from chaoskit.standstill import Standstill
from chaoskit.trouble import Trouble
from chaoskit.world import LEASE, World
from fenix.db import models

DATABASES = ("mysql", "postgresql")
_ENDS_IN = 600
_WHOLE_IN = 60
_LOOK = 0.3
STANDSTILL = LEASE + 5


@dataclasses.dataclass
class Outcome:
    """What the run has come to."""

    kills: int = 0
    sessions: int = 0
    standstill: float = 0.0
    where: str = ""
    troubles: dict[str, int] = dataclasses.field(default_factory=dict)
    findings: referee.Findings = dataclasses.field(default_factory=referee.Findings)
    seconds: float = 0.0

    def add(self, trouble):
        """Count what a round's trouble was."""
        self.kills += trouble.kills
        for what, count in trouble.count.items():
            self.troubles[what] = self.troubles.get(what, 0) + count


class Run:
    """``kills``: after so many the run ends with the round under way; ``minutes`` likewise."""

    def __init__(self, folder, *, kills, minutes, seed, pace, databases=DATABASES, say):
        self._folder = folder
        self._kills = kills
        self._until = time.monotonic() + 60 * minutes
        self._seed = seed
        self._pace = pace
        self._databases = databases
        self._say = say
        self.outcome = Outcome()

    def run(self):
        """Returns the outcome."""
        begun = time.monotonic()
        with Neighbours(self._folder / "services") as neighbours, Brood(self._folder) as brood:
            for number, name in enumerate(self._databases):
                left = self._kills - self.outcome.kills
                share = left / (len(self._databases) - number)
                goal = self.outcome.kills + max(1, round(share))
                place = self._folder / name
                place.mkdir()
                with neighbours.database(name) as url:
                    self._world(neighbours, brood, name, url, place, goal)
        self.outcome.seconds = time.monotonic() - begun
        return self.outcome

    def _world(self, neighbours, brood, database, url, place, goal):
        made = scene.build(self._seed)
        with World(made, neighbours, url, place, brood) as world:
            self._say(f"{database}: an uninterrupted round")
            calm = Round(world, made, None)
            calm.run()
            if calm.failure:
                raise RuntimeError(f"the uninterrupted round failed: {calm.failure}")
            self._say(f"{database}: it took {calm.seconds:.0f} s; {calm.summary()}")
            number = 0
            while self.outcome.kills < goal and time.monotonic() < self._until:
                number += 1
                trouble = Trouble(world, f"{self._seed}-{database}-{number}", database, self._pace)
                troubled = Round(world, made, trouble)
                troubled.run()
                self.outcome.add(trouble)
                self.outcome.sessions += len(made.parts)
                troubled.compare(calm, self.outcome)
                self._say(
                    f"{database}: round {number}, {self.outcome.kills} kills, "
                    f"{troubled.seconds:.0f} s, standstill {troubled.standstill:.1f} s; "
                    f"{len(self.outcome.findings.details)} findings"
                )
                for text in self.outcome.findings.details[troubled.known :]:
                    self._say(text)


class Round:
    """A session for every part of the scene, all at once."""

    def __init__(self, world, made, trouble):
        self._world = world
        self._scene = made
        self._trouble = trouble
        self.seconds = 0.0
        self.standstill = 0.0
        self.where = ""
        self.failure = ""
        self.known = 0

    def run(self):
        """Begin the sessions and follow them to their ends."""
        world, trouble = self._world, self._trouble
        self._begun = world.cloud.now
        instances = len(world.cloud.servers)
        begun = time.monotonic()
        if trouble is not None:
            trouble.start()
        try:
            self.session_ids = [world.begin(part) for part in self._scene.parts]
            watch = None
            if trouble is not None:
                watch = Standstill(world, trouble, self.session_ids, self._waits)
                watch.start()
            until = time.monotonic() + _ENDS_IN
            while not world.is_over(self.session_ids):
                if time.monotonic() > until:
                    self.failure = "the sessions do not end"
                    break
                time.sleep(_LOOK)
            if watch is not None:
                watch.stop()
                self.standstill, self.where = watch.longest, watch.where
        finally:
            if trouble is not None:
                trouble.stop()
        self.seconds = time.monotonic() - begun
        until = time.monotonic() + _WHOLE_IN
        while not ending.is_whole(world, instances) and time.monotonic() < until:
            time.sleep(_LOOK)
        self.endings = [
            ending.of_session(world, part, session_id)
            for part, session_id in zip(self._scene.parts, self.session_ids, strict=True)
        ]
        scaled = world.record.scaled
        self.scaled = [
            sum(n for (session, _), n in scaled.items() if session == session_id)
            for session_id in self.session_ids
        ]
        for found in self.endings:
            if found["state"] != "MAINTENANCE_DONE":
                self.failure = self.failure or found["reason"]

    def summary(self):
        """What a reader may want to know."""
        return (
            f"{sum(self.scaled)} instances scaled in, "
            f"{sum(len(e['actions']) for e in self.endings)} host actions"
        )

    def _waits(self, session_id):
        """Whether a question is open that may not have left, and must not be repeated."""
        outbox = models.outbox
        unsure = (
            outbox.select()
            .with_only_columns(outbox.c.outbox_id)
            .where(outbox.c.session_id == session_id, outbox.c.status == "unsure")
            .limit(1)
        )
        try:
            with self._world.database.reader() as read:
                return bool(read.scalar(unsure))
        except db_exc.DBError:
            return True

    def compare(self, calm, outcome):
        """Judge every session, and compare how it ended; then delete them."""
        findings = outcome.findings
        self.known = len(findings.details)
        if self.standstill > outcome.standstill:
            outcome.standstill, outcome.where = self.standstill, self.where
        if self.failure and "do not end" in self.failure:
            findings.say("other_ends", self.failure)
        for number, part in enumerate(self._scene.parts):
            session_id = self.session_ids[number]
            referee.judge(self._world, part, session_id, self._begun, calm.scaled[number], findings)
            differs = ending.difference(calm.endings[number], self.endings[number])
            if differs:
                findings.say("other_ends", f"{part.workflow} {session_id}: {differs}")
        for text in self._world.record.troubles:
            findings.say("other_ends", text)
        self._world.record.troubles.clear()
        for session_id in self.session_ids:
            self._world.insist("DELETE", f"/{session_id}", gone=True)
