"""Small random sessions in which much goes wrong: what a seed stands for."""

from __future__ import annotations

import random

from fenix.conf.workflow import LIVE_MIGRATE, MIGRATE, OWN_ACTION
from fenix.simulator import clouds, managers
from fenix.simulator.faults import Faults
from fenix.simulator.session import Scenario

_MANAGERS: tuple[tuple[managers.Manager, int], ...] = (
    (managers.helpful, 8),
    (managers.agreeable, 2),
    (managers.choosing((LIVE_MIGRATE, MIGRATE, OWN_ACTION)), 4),
    (managers.choosing((MIGRATE,)), 2),
    (managers.hesitant, 2),
    (managers.moody(0.9), 1),
    (managers.silent, 1),
    (managers.refusing, 1),
)


def scenario(seed: int, workflow: str = "default") -> Scenario:
    """The session of a seed: 3 to 10 hosts, any mix of managers, faults in four of five."""
    rng = random.Random(f"{workflow}-{seed}")  # noqa: S311 - no secret
    shape = clouds.Shape(
        hosts=rng.randint(3, 10),
        used=rng.uniform(0.3, 0.95),
        unequal=rng.random() < 0.3,
        spread=rng.choice((0.0, 0.1, 0.3)),
        apart=rng.choice((0.0, 0.2, 0.5)),
        grouped=0.0 if workflow == "default" else rng.choice((0.0, 0.3, 0.8)),
        group_size=rng.randint(2, 5),
        projects=rng.randint(1, 4),
        asleep=rng.choice((0.0, 0.0, 0.1)),
        outside=rng.choice((0, 0, 1)),
        flavors=rng.choice((((2, 8192, 20), (4, 16384, 40)), ((4, 8192, 40), (8, 16384, 80)))),
    )
    workings, weights = zip(*_MANAGERS, strict=True)
    answers = {
        f"project-{number}": rng.choices(workings, weights)[0]
        for number in range(shape.projects)
        if rng.random() < 0.8
    }
    return Scenario(
        topology=clouds.generate(shape, rng.randrange(2**32)),
        seed=rng.randrange(2**32),
        workflow=workflow,
        answers=answers,
        options={
            "workflow": {
                "second_moves_percent": rng.choice((0, 20, 100)),
                "project_silent": rng.choice(("default_action", "default_action", "fail")),
                "max_parallel_hosts": rng.choice((0, 0, 1, 2)),
                "action_retries": rng.choice((1, 5)),
            }
        },
        faults=_faults(rng),
        look=rng.choice((1.0, 5.0)),
    )


def _faults(rng: random.Random) -> Faults:
    if rng.random() < 0.2:
        return Faults()

    def share(most: float) -> float:
        return rng.choice((0.0, 0.0, rng.uniform(0.0, most)))

    return Faults(
        move_fails=share(0.3),
        move_silent=share(0.1),
        move_sticks=share(0.1),
        move_hangs=share(0.02),
        move_breaks=share(0.02),
        call_lost=share(0.1),
        call_taken=share(0.1),
        call_busy=share(0.1),
        action_fails=share(0.1),
        engine_dies=share(0.02),
        boots_per_hour=share(10.0),
        deletes_per_hour=share(10.0),
        downs_per_hour=share(2.0),
    )
