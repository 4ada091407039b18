"""Which hosts of a cloud a new session is about."""

from __future__ import annotations

from fenix import exceptions
from fenix.cloud import base


def in_cloud(cloud: base.Cloud, wanted: list[str]) -> list[base.CloudHost]:
    """The hosts that a new session is about.

    :param wanted: names; empty: every host of the cloud.
    :raises Unprocessable: a name that the cloud does not know, or a cloud without hosts.
    """
    found = {h.hostname: h for h in cloud.hosts()}
    unknown = [name for name in wanted if name not in found]
    if unknown:
        raise exceptions.Unprocessable(
            f"hosts: the cloud does not know {', '.join(unknown)}; it knows "
            f"{', '.join(sorted(found)[:20])}{' ...' if len(found) > 20 else ''}"
        )
    if not found:
        raise exceptions.Unprocessable("hosts: the cloud has none")
    return [found[name] for name in (wanted or sorted(found))]
