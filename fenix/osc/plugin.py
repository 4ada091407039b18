"""What python-openstackclient asks of a plug-in: its options, and its client."""

from __future__ import annotations

import argparse
from typing import Any

from keystoneauth1 import noauth, session
from osc_lib import exceptions, utils

from fenix.client import Client

API_NAME = "maintenance"
API_VERSION_OPTION = "os_maintenance_api_version"
API_VERSIONS = ("1",)
DEFAULT_API_VERSION = "1"

#: ``--os-auth-type`` of a service without Keystone.
NO_AUTH = "none"

_OVERRIDE = "maintenance_endpoint_override"


def build_option_parser(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the plug-in's global options."""
    parser.add_argument(
        "--os-maintenance-api-version",
        metavar="<version>",
        default=utils.env("OS_MAINTENANCE_API_VERSION"),
        help=f"Version of the maintenance API, default {DEFAULT_API_VERSION} "
        "(Env: OS_MAINTENANCE_API_VERSION)",
    )
    parser.add_argument(
        "--os-maintenance-endpoint-override",
        metavar="<url>",
        dest=_OVERRIDE,
        default=utils.env("OS_MAINTENANCE_ENDPOINT_OVERRIDE", default=None),
        help="URL of the maintenance service, instead of the catalogue's "
        "(Env: OS_MAINTENANCE_ENDPOINT_OVERRIDE)",
    )
    return parser


def make_client(instance: Any) -> Client:
    """A client for an ``osc_lib`` client manager.

    :raises osc_lib.exceptions.CommandError: without Keystone, when no URL is named.
    """
    configuration = instance.get_configuration()
    endpoint = configuration.get(_OVERRIDE)
    auth_type = configuration.get("auth_type")
    if not endpoint and auth_type in (NO_AUTH, "admin_token"):
        # --os-endpoint; below "auth" once the shell has looked at it.
        endpoint = configuration.get("endpoint") or configuration.get("auth", {}).get("endpoint")
        if not endpoint:
            raise exceptions.CommandError(
                "--os-maintenance-endpoint-override: without Keystone the service's URL has to be "
                "named, such as http://controller:12347"
            )
    if auth_type == NO_AUTH:
        # What a cloud or OS_* say of users is nothing to a service that asks nobody who he is;
        # the shell would refuse to make the plug-in with it.
        instance.session = session.Session(
            noauth.NoAuth(),
            verify=instance.verify,
            cert=instance.cert,
            collect_timing=instance.timing,
        )
    return Client(
        instance.session,
        endpoint,
        # Who sits before a terminal is told at once.
        retries=0,
        region_name=instance.region_name,
        interface=instance.interface,
    )
