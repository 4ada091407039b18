"""Sessions with plug-ins of installed packages, in a process of their own.

Takes JSON: ``{"engine": {option: value}, "sessions": [body, ...]}``. Prints JSON: for
each body the detail of its session once it has ended, or the error that refused it.
"""

from __future__ import annotations

import json
import pathlib
import sys
import tempfile
import time
from typing import Any

from fenix.cmd.demo.cluster import Cluster
from fenix.emulator import Cloud, ModelClock, Timings

_PATIENCE = 60.0


def cloud() -> Cloud:
    """A controller and two computes with an instance each."""
    made = Cloud(clock=ModelClock(speed=40.0), timings=Timings(live_migration=2.0))
    project = made.add_project("vnf")
    flavor = made.add_flavor("small", vcpus=1, memory_mb=1024)
    made.add_host("controller-1", roles=("controller",))
    for number in (1, 2):
        made.add_host(f"compute-{number}", vcpus=4, memory_mb=8192)
        made.boot(project, f"vm-{number}", flavor, host=f"compute-{number}")
    return made


def ended(cluster: Cluster, body: dict[str, Any]) -> dict[str, Any]:
    """Create a session and follow it to its end."""
    admin, url = cluster.admin(), f"{cluster.url}/v1/maintenance"
    answer = admin.post(url, json=body, raise_exc=False)
    if answer.status_code != 200:
        return dict(answer.json())
    mine = f"{url}/{answer.json()['session_id']}"
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if admin.get(mine).json()["state"] in ("MAINTENANCE_DONE", "MAINTENANCE_FAILED"):
            break
        time.sleep(0.05)
    return dict(admin.get(f"{mine}/detail").json())


def main() -> None:
    asked = json.load(sys.stdin)
    settings = {
        "engine": {"poll_interval": 0.5, "cloud_poll_interval": 0.05, **asked["engine"]},
        "api": {"rpc_timeout": 20},
    }
    with (
        tempfile.TemporaryDirectory(prefix="fenix-test-") as folder,
        Cluster(cloud(), pathlib.Path(folder), settings) as cluster,
    ):
        found = [ended(cluster, body) for body in asked["sessions"]]
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
