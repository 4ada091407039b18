"""Tries in the lab what a maintenance service does with Nova, and prints how long each takes.

It makes its own servers and deletes them; it needs hosts with room for six.
"""

import json
import os
import sys
import time

from boot_servers import boot
from clients import GONE, brief, host, idle, keystone, nova, wait
from novaclient import exceptions

FAULTS = os.environ["LAB_FAULTS"]
admin = nova()


def show(what, seconds=None):
    taken = "" if seconds is None else f" {seconds:.1f} s"
    print(f"{time.strftime('%T')} {what}{taken}", flush=True)


def check(good, what, seconds=None):
    show(what, seconds)
    if not good:
        sys.exit(f"WRONG: {what}")


def get(server):
    try:
        return admin.servers.get(server.id)
    except exceptions.NotFound:
        return GONE


def settle(server, what):
    return wait(lambda: get(server), idle, what)


def migration(server):
    return admin.migrations.list(instance_uuid=server.id)[0]


def free_hosts():
    """Asks Placement: after a reverted migration the hypervisor's figures are wrong for a while."""
    session, where = keystone(), {"service_type": "placement"}
    free = {}
    for node in admin.hypervisors.list():
        path = f"/resource_providers/{node.id}"
        total = session.get(f"{path}/inventories/VCPU", endpoint_filter=where).json()["total"]
        used = session.get(f"{path}/usages", endpoint_filter=where).json()["usages"]["VCPU"]
        free[node.hypervisor_hostname] = total - used
    return free


def other_host(server):
    free = free_hosts()
    return max((h for h in free if h != host(get(server))), key=free.get)


def fault(where, **kinds):
    with open(FAULTS + ".new", "w") as file:
        json.dump({where: kinds}, file)
    os.replace(FAULTS + ".new", FAULTS)


def disable_and_enable():
    service = admin.services.list(binary="nova-compute", host="compute-2")[0]
    answer = admin.services.disable_log_reason(service.id, "prove")
    check(answer.status == "disabled" and answer.disabled_reason == "prove", "disabled compute-2")
    check(admin.services.enable(service.id).status == "enabled", "enabled compute-2")


def live_migrate(server):
    source, target = host(get(server)), other_host(server)
    admin.servers.live_migrate(server, target, "auto")
    now, taken = settle(server, "live migration")
    check(host(now) == target, f"live migration {source} -> {target}: {brief(now)}", taken)
    record, late = wait(
        lambda: migration(server), lambda m: m.status not in ("running", "preparing"), "its record"
    )
    check(record.status == "completed", "its record is completed, later by", late)


def cold_migrate(server, finish):
    admin.servers.migrate(server, host=other_host(server))
    now, taken = settle(server, "cold migration")
    check(now.status == "VERIFY_RESIZE", f"cold migration: {brief(now)}", taken)
    getattr(admin.servers, finish)(server)
    now, taken = wait(lambda: get(server), lambda s: s.status == "ACTIVE", finish)
    check(True, f"{finish}: {brief(now)}", taken)


def migrate_to_full_host(server):
    """Accepted, and fails a moment later: only the migration's record tells."""
    target = other_host(server)
    flavor = next(f for f in admin.flavors.list() if f.name == "lab.small")
    image = admin.glance.find_image("lab-image")
    fillers = [
        admin.servers.create("prove-filler", image, flavor, nics="none", host=target)
        for _ in range(free_hosts()[target])
    ]
    for filler in fillers:
        wait(lambda f=filler: get(f), lambda s: s.status == "ACTIVE", "filler")
    before = host(get(server))
    admin.servers.live_migrate(server, target, "auto")
    now, taken = settle(server, "migration to a full host")
    kept = now.status == "ACTIVE" and host(now) == before
    check(kept and migration(server).status == "error", f"full host: {brief(now)}", taken)
    return fillers


def failing_hosts(server):
    fault(host(get(server)), live_migration="error")
    admin.servers.live_migrate(server, other_host(server), "auto")
    now, taken = settle(server, "failing live migration")
    wait(lambda: migration(server).status, lambda status: status == "error", "its record")
    check(now.status == "ACTIVE", f"failing live migration: {brief(now)}", taken)
    fault(host(get(server)), migrate_disk="error")
    admin.servers.migrate(server)
    now, taken = settle(server, "failing cold migration")
    check(now.status == "ERROR", f"failing cold migration: {brief(now)}", taken)
    admin.servers.reset_state(server, "active")


def stuck_migration(server):
    fault(host(get(server)), live_migration="stuck")
    admin.servers.live_migrate(server, other_host(server), "auto")
    running, _ = wait(
        lambda: admin.server_migrations.list(server.id),
        lambda found: found and found[0].status == "running",
        "stuck migration",
    )
    admin.server_migrations.live_migration_abort(server.id, running[0].id)
    now, taken = settle(server, "aborted migration")
    wait(lambda: migration(server).status, lambda status: status == "cancelled", "its record")
    check(now.status == "ACTIVE", f"stuck live migration, aborted: {brief(now)}", taken)


def delete(servers):
    for server in servers:
        admin.servers.delete(server)
    for server in servers:
        wait(lambda s=server: get(s), lambda s: s is GONE, "deletion")


def main():
    show(f"Nova {admin.versions.get_current().version}, hosts and free vCPUs: {free_hosts()}")
    begin = time.monotonic()
    servers = boot(2, "demo", "prove", "lab.small")
    try:
        up = all(server.status == "ACTIVE" for server in servers)
        check(up, "booted two servers", time.monotonic() - begin)
        server = servers[0]
        disable_and_enable()
        live_migrate(server)
        cold_migrate(server, "confirm_resize")
        cold_migrate(server, "revert_resize")
        servers += migrate_to_full_host(server)
        failing_hosts(server)
        stuck_migration(server)
    finally:
        if os.path.exists(FAULTS):
            os.unlink(FAULTS)
        begin = time.monotonic()
        delete(servers)
    check(True, "deleted all servers", time.monotonic() - begin)


if __name__ == "__main__":
    main()
