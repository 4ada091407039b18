"""Managers of projects as functions: an event in, an answer out, and what is done to the cloud."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Sequence
from typing import Any

from fenix import states
from fenix.conf.workflow import OWN_ACTION
from fenix.simulator.cloud import Cloud
from fenix.simulator.moves import Moves

ACK = "ACK"
NACK = "NACK"


@dataclasses.dataclass(frozen=True, slots=True)
class Heard:
    """An event as a manager gets it, with the instances that its URL lists.

    ``number``: how many events of this state the project had before.
    """

    project_id: str
    state: str
    instance_ids: tuple[str, ...]
    allowed_actions: tuple[str, ...]
    metadata: dict[str, Any]
    number: int


@dataclasses.dataclass(frozen=True, slots=True)
class Says:
    """A reply: ACK or NACK, and an action for each instance that is given one."""

    word: str
    actions: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class World:
    """What a manager can do to the cloud."""

    cloud: Cloud
    moves: Moves
    rng: random.Random

    def scale_in(self, project_id: str, instances: int, cores: float) -> None:
        """Delete instances of a project until so many instances and cores are gone."""
        own = [s for s in self.cloud.servers.values() if s.project_id == project_id]
        for server in sorted(own, key=lambda s: (-s.vcpus, s.server_id)):
            if instances <= 0 and cores <= 0:
                return
            self.cloud.delete(server)
            instances, cores = instances - 1, cores - server.vcpus

    def own_moves(self, heard: Heard) -> None:
        """Move what the project's constraints say that it moves itself."""
        if OWN_ACTION not in heard.allowed_actions:
            return
        for instance_id in heard.instance_ids:
            server = self.cloud.servers.get(instance_id)
            group = self.cloud.groups.get(server.group_id or "") if server else None
            if server and group and group.constrained and group.migration_type == OWN_ACTION:
                self.moves.own(server, self.cloud.times.own(self.rng))


#: Called when the manager answers, some time after the event; None: it does not answer.
Manager = Callable[[Heard, World], Says | None]


def agreeable(heard: Heard, world: World) -> Says | None:
    """Agrees to everything, leaves the action to its constraints, and gives no capacity back."""
    world.own_moves(heard)
    return Says(ACK)


def helpful(heard: Heard, world: World) -> Says | None:
    """Agrees to everything, and scales in as much as it is asked to."""
    if heard.state == states.SCALE_IN:
        wanted = heard.metadata.get("scale_in", {"instances": 1, "cores": 0})
        world.scale_in(heard.project_id, wanted["instances"], wanted["cores"])
    world.own_moves(heard)
    return Says(ACK)


def silent(_heard: Heard, _world: World) -> Says | None:
    """Never answers."""
    return None


def refusing(_heard: Heard, _world: World) -> Says | None:
    """Refuses everything."""
    return Says(NACK)


def hesitant(heard: Heard, world: World) -> Says | None:
    """Refuses each question once or twice, then agrees."""
    if heard.number % 3 < 2 and world.rng.random() < 0.6:
        return Says(NACK)
    return agreeable(heard, world)


def choosing(actions: Sequence[str]) -> Manager:
    """Agrees, and chooses one of these actions for each instance, at random."""

    def manager(heard: Heard, world: World) -> Says | None:
        offered = [a for a in actions if a in heard.allowed_actions]
        if not offered:
            return helpful(heard, world)
        chosen = {i: world.rng.choice(offered) for i in heard.instance_ids}
        for instance_id, action in chosen.items():
            server = world.cloud.servers.get(instance_id)
            if action == OWN_ACTION and server is not None:
                world.moves.own(server, world.cloud.times.own(world.rng))
        return Says(ACK, chosen)

    return manager


def moody(answers: float) -> Manager:
    """Answers a share of the questions only, and refuses some of those."""

    def manager(heard: Heard, world: World) -> Says | None:
        if world.rng.random() > answers:
            return None
        return hesitant(heard, world) if world.rng.random() < 0.3 else helpful(heard, world)

    return manager
