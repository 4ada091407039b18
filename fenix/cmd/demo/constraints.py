"""What the demo's applications tolerate, and whether the emulated cloud saw more than that."""

from __future__ import annotations

from typing import Any

from fenix.cmd.demo.topology import HA, WORKER
from fenix.emulator import Cloud

#: Seconds of real time: constraints are whole seconds, and a demo's are short.
_RECOVERY = 1
#: Members of a group of workers for each that may be impacted.
_WORKERS_EACH = 4

#: For each group of an application, as ``vnfm.VNFM`` takes them.
Constraints = dict[str, dict[str, dict[str, Any]]]


def of_vnf(workers: int) -> Constraints:
    """One of the HA pair at a time, and a quarter of the workers.

    :param workers: how many there are.
    """
    return {
        HA: {
            "group": {
                "anti_affinity_group": True,
                "max_instances_per_host": 1,
                "max_impacted_members": 1,
                "recovery_time": _RECOVERY,
            },
            "instance": {"migration_type": "LIVE_MIGRATE", "lead_time": 10},
        },
        WORKER: {
            "group": {
                "max_impacted_members": max(1, workers // _WORKERS_EACH),
                "recovery_time": 0,
            },
            "instance": {"migration_type": "MIGRATE"},
        },
    }


def impacted(cloud: Cloud, given: dict[str, dict[str, Any]], speed: float) -> dict[str, list[int]]:
    """Most members that were impacted at the same time, and how many may be, by group.

    :param given: constraints by the groups' names in the cloud's record.
    :param speed: model seconds per second.
    """
    with cloud.at_rest():
        record = cloud.record
        found = {}
        for name, group in given.items():
            recovery = group["recovery_time"] * speed
            # What a manager deletes to scale in is made again by it at the end: no move of ours.
            most = record.most_impacted(recovery, without=["own"]).get(name, 0)
            found[name] = [most, group["max_impacted_members"]]
        return found
