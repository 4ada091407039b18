"""From the 200 to a project's reply until the engine turns to the outside.

One project is asked one thing at a time, and nothing else happens: so the next call is the one that
the reply has caused. The reply comes a random time after the question, so that no poll of the
engine is met or missed by design.
"""

import bisect
import math
import random
import statistics

from benchmarks.figures import Figure
from benchmarks.service import clouds
from benchmarks.service.deployment import Deployment, Failed
from benchmarks.service.managers import Managers

_P50, _P99 = 50.0, 250.0
#: Answers in a session about hosts of which one is empty: at the begin, the end, and one for each.
_HOSTS = 5
_SETTINGS = {
    # The look for hosts that come and go would be a call that no reply has caused.
    "engine": {"cloud_poll_interval": 0.1, "host_watch_interval": 0},
    "workflow": {"max_parallel_hosts": 1},
}


def measure(neighbours, database_url, folder, sessions):
    """Figures of the replies to ``sessions`` sessions, all of them."""
    chance = random.Random()
    managers = Managers(pause=lambda: chance.uniform(0.1, 1.1))
    scene = clouds.quiet(_HOSTS)
    with Deployment(scene, neighbours, database_url, folder, _SETTINGS, managers) as fenix:
        for _ in range(sessions):
            session_id = fenix.create(scene.computes)
            fenix.done(session_id)
            fenix.delete(session_id)
        took = reactions(fenix.managers.replies, fenix.calls)
    expected = sessions * (_HOSTS + 1)
    if len(took) != expected:
        raise Failed(f"{len(took)} replies were measured, not {expected}")
    compared = (
        f"{len(took)} replies of {sessions} sessions over RabbitMQ and MariaDB; shortest "
        f"{took[0]:.1f}, mean {statistics.fmean(took):.1f}, longest {took[-1]:.1f} ms"
    )
    return [
        Figure("reaction to a reply, p50", percentile(took, 50), _P50, "ms", compared=compared),
        Figure("reaction to a reply, p99", percentile(took, 99), _P99, "ms", compared=compared),
    ]


def reactions(replies, calls):
    """Milliseconds from each reply's 200 to the next call, in order of length.

    The engine is woken before the 200 leaves, so it may be the faster one: that counts as 0. Raises
    Failed when the engine called between question and reply: then the next call proves nothing.
    """
    calls = sorted(calls)
    took = []
    for reply in replies:
        at = bisect.bisect_left(calls, reply.sent)
        # What belongs to the question itself may still be under way when it is heard.
        between = [c for c in calls[:at] if c > reply.heard + (reply.sent - reply.heard) / 2]
        if between:
            raise Failed(f"{len(between)} calls while {reply.state} waited for its answer")
        if at == len(calls):
            raise Failed(f"no call followed the answer to {reply.state}")
        took.append(max(0.0, calls[at] - reply.accepted) * 1000)
    return sorted(took)


def percentile(ordered, percent):
    """The smallest value that is not exceeded by so many percent of all."""
    return round(ordered[math.ceil(len(ordered) * percent / 100) - 1], 1)
