"""A cloud of two hosts, and Nova's client on it."""

from keystoneauth1 import session
from keystoneauth1.identity import v3
from novaclient import client

from fenix.emulator import Cloud, EmulatorServer, ModelClock

cloud = Cloud(clock=ModelClock(speed=100.0))
project = cloud.add_project("demo")
small = cloud.add_flavor("small", vcpus=1, memory_mb=1024)
for name in ("compute-1", "compute-2"):
    cloud.add_host(name, vcpus=4, memory_mb=8192)
cloud.boot(project, "vm-1", small, host="compute-1")
cloud.faults.set("compute-2", pre_live_migration="error")

with EmulatorServer(cloud) as server:
    auth = v3.Password(
        auth_url=server.auth_url,
        username="admin",
        password="secret",  # noqa: S106
        project_name="admin",
        user_domain_id="default",
        project_domain_id="default",
    )
    nova = client.Client("2.79", session=session.Session(auth=auth))
    for instance in nova.servers.list(search_opts={"all_tenants": 1}):
        print(instance.name, instance.status, getattr(instance, "OS-EXT-SRV-ATTR:host"))  # noqa: T201
