"""boot_servers.py [COUNT [PROJECT [PREFIX]]]: boots servers without networks.

PROJECT is demo, vnf-a or vnf-b. FLAVOR names the flavor (lab.small); with ANTI_AFFINITY=1 the
servers become a server group.
"""

import os
import sys

from clients import brief, nova, wait


def boot(count, project, prefix, flavor_name, anti_affinity=False):
    """Returns the servers, seen as admin, when each is ACTIVE or ERROR."""
    tenant, admin = nova(user=project), nova()
    flavor = next(flavor for flavor in tenant.flavors.list() if flavor.name == flavor_name)
    image = tenant.glance.find_image("lab-image")
    hints = None
    if anti_affinity:
        hints = {"group": tenant.server_groups.create(prefix, "anti-affinity").id}
    made = [
        tenant.servers.create(f"{prefix}-{n}", image, flavor, nics="none", scheduler_hints=hints)
        for n in range(1, count + 1)
    ]

    def booted(server):
        done = {"ACTIVE", "ERROR"}
        return wait(lambda: admin.servers.get(server.id), lambda s: s.status in done, "boot")[0]

    return [booted(server) for server in made]


if __name__ == "__main__":
    count, project = (sys.argv[1:3] + ["10", "demo"][len(sys.argv) - 1 :])[:2]
    prefix = sys.argv[3] if len(sys.argv) > 3 else project
    flavor_name = os.environ.get("FLAVOR", "lab.small")
    servers = boot(int(count), project, prefix, flavor_name, bool(os.environ.get("ANTI_AFFINITY")))
    for server in servers:
        print(server.id, brief(server))
    sys.exit(any(server.status == "ERROR" for server in servers))
