"""A cloud in memory that speaks Nova's, Keystone's, Placement's and Aodh's HTTP.

For tests, the demo and benchmarks::

    cloud = Cloud(clock=ModelClock(speed=100.0))
    project = cloud.add_project("demo")
    flavor = cloud.add_flavor("small", vcpus=1, memory_mb=1024)
    for n in range(3):
        cloud.add_host(f"compute-{n}", vcpus=8)
    cloud.boot(project, "vm-1", flavor, host="compute-0")
    with EmulatorServer(cloud) as server:
        ...  # keystoneauth1 with auth_url=server.auth_url, user admin, password secret

The bus side is ``fenix.emulator.ceilometer.EventRelay``, apart because it needs oslo.messaging.
"""

from fenix.emulator.clock import ManualClock, ModelClock
from fenix.emulator.cloud import Cloud
from fenix.emulator.serve import EmulatorServer
from fenix.emulator.timings import Timings

__all__ = ["Cloud", "EmulatorServer", "ManualClock", "ModelClock", "Timings"]
