"""Memory of the engine while it plans and begins to empty a large cloud."""

import time

from benchmarks.figures import Figure
from benchmarks.service import clouds
from benchmarks.service.deployment import Deployment

_LIMIT = 500.0
_VCPUS = 16


def measure(neighbours, database_url, folder, hosts, watched):
    """The figure for a cloud of so many computes.

    ``watched``: seconds of work on hosts, after everything was read and planned.
    """
    scene = clouds.used(hosts, vcpus=_VCPUS)
    with Deployment(scene, neighbours, database_url, folder) as fenix:
        first = fenix.create([clouds.CONTROLLER])
        fenix.done(first)
        fenix.delete(first)
        idle = fenix.engine.memory()
        session_id = fenix.create(scene.computes)
        fenix.wait(lambda: fenix.state(session_id) != "MAINTENANCE", "the session begins its work")
        time.sleep(watched)
        peak = fenix.engine.peak()
    return [
        Figure(
            "engine memory per 1,000 hosts",
            round((peak - idle) * 1000 / hosts),
            _LIMIT,
            "MiB",
            compared=(
                f"{peak:.0f} MiB at the most in a session over {hosts} computes with "
                f"{scene.instances} instances, {idle:.0f} MiB before it"
            ),
        )
    ]
