"""Sessions and clients for scripts that try the lab; openstack-lab env gives their environment."""

import os
import time

from keystoneauth1 import session
from keystoneauth1.identity import v3
from novaclient import client as nova_client

GONE = object()


def keystone(user="admin"):
    """Returns a session of a user, whose project has the same name."""
    return session.Session(
        auth=v3.Password(
            auth_url=os.environ["OS_AUTH_URL"],
            username=user,
            password=os.environ["OS_PASSWORD"],
            project_name=user,
            user_domain_id="default",
            project_domain_id="default",
        )
    )


def nova(version="2.79", user="admin"):
    return nova_client.Client(version, session=keystone(user), region_name="RegionOne")


def wait(get, done, what, seconds=60):
    """Polls until done(get()); returns (last value, seconds taken)."""
    begin = time.monotonic()
    while True:
        value = get()
        taken = time.monotonic() - begin
        if done(value):
            return value, taken
        if taken > seconds:
            raise SystemExit(f"not in {seconds} s: {what}; last seen: {value}")
        time.sleep(0.1)


def host(server):
    return getattr(server, "OS-EXT-SRV-ATTR:host")


def idle(server):
    return getattr(server, "OS-EXT-STS:task_state") is None and server.status != "RESIZE"


def brief(server):
    fault = getattr(server, "fault", {}).get("message", "")
    return f"{server.name} {server.status} on {host(server)} {fault}".rstrip()
