"""Fills the lab's Keystone, Nova and Glance; safe to repeat. Usage: setup_cloud.py catalogue|cloud.

The environment has P_* (ports) and PASS. "catalogue" wants Keystone, "cloud" the others too.
"""

import os
import sys

import openstack

PORTS = {name[2:]: port for name, port in os.environ.items() if name.startswith("P_")}
PASSWORD = os.environ["PASS"]
SERVICES = (
    ("nova", "compute", "NOVA", "/v2.1"),
    ("placement", "placement", "PLACEMENT", ""),
    ("glance", "image", "GLANCE", ""),
    ("neutron", "network", "NEUTRON", ""),
    ("aodh", "alarming", "AODH", ""),
    ("masakari", "instance-ha", "MASAKARI", "/v1"),
    ("vitrage", "rca", "VITRAGE", ""),
    ("fenix", "maintenance", "FENIX", "/v1"),
)
TENANTS = ("demo", "vnf-a", "vnf-b")
FLAVORS = (("lab.small", 1, 1024), ("lab.medium", 2, 2048), ("lab.large", 4, 8192))


def url(port, path=""):
    return f"http://127.0.0.1:{PORTS[port]}{path}"


def connect():
    auth = {
        "auth_url": url("KEYSTONE", "/v3"),
        "username": "admin",
        "password": PASSWORD,
        "project_name": "admin",
        "user_domain_id": "default",
        "project_domain_id": "default",
    }
    return openstack.connect(auth=auth, region_name="RegionOne", identity_api_version="3")


def catalogue(cloud):
    """Projects, users (named as their project or service), services and endpoints."""
    identity = cloud.identity
    roles = {role.name: role for role in identity.roles()}
    have = {service.type: service for service in identity.services()}

    def project(name):
        found = identity.find_project(name, domain_id="default")
        return found or identity.create_project(name=name, domain_id="default")

    def user(name, project, *names):
        found = identity.find_user(name, domain_id="default") or identity.create_user(
            name=name, password=PASSWORD, domain_id="default", default_project_id=project.id
        )
        for role in names:
            identity.assign_project_role_to_user(project.id, found.id, roles[role].id)

    service_project = project("service")
    for name, kind, port, path in SERVICES:
        user(name, service_project, "admin", "service")
        service = have.get(kind) or identity.create_service(name=name, type=kind)
        there = {endpoint.interface for endpoint in identity.endpoints(service_id=service.id)}
        for interface in {"public", "internal", "admin"} - there:
            identity.create_endpoint(
                service_id=service.id,
                interface=interface,
                url=url(port, path),
                region_id="RegionOne",
            )
    for name in TENANTS:
        user(name, project(name), "member", "reader")


def cloud_contents(cloud):
    """Flavors and an image."""
    for name, vcpus, ram in FLAVORS:
        if not cloud.compute.find_flavor(name):
            cloud.compute.create_flavor(name=name, vcpus=vcpus, ram=ram, disk=10)
    image = cloud.image.find_image("lab-image")
    if image and image.status != "active":
        cloud.image.delete_image(image)
        image = None
    if not image:
        cloud.image.create_image(
            name="lab-image",
            container_format="bare",
            disk_format="raw",
            visibility="public",
            data=b"\0" * 65536,
            validate_checksum=False,
        )


if __name__ == "__main__":
    {"catalogue": catalogue, "cloud": cloud_contents}[sys.argv[1]](connect())
