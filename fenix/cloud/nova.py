"""The compute service, through python-novaclient."""

from __future__ import annotations

import datetime
import math
import operator
from collections.abc import Iterable, Mapping
from typing import Any

from novaclient import api_versions
from novaclient import client as nova_client

from fenix import timing
from fenix.cloud import base, flavors, paging
from fenix.cloud.keystone import ServiceAuth, guarded, read
from fenix.cloud.placement import Placement
from fenix.together import Shared

#: The newest microversion that is asked for; older clouds are spoken to in theirs. From 2.88
#: hypervisors carry no figures, and Placement may be out of reach.
_NEWEST = "2.87"
_OLDEST = "2.56"
#: From here a server says which availability zone it is bound to.
_PINNED_ZONE = "2.96"
_COMPUTE_BINARY = "nova-compute"
_CONTROL_BINARIES = frozenset({"nova-conductor", "nova-scheduler"})


class NovaCloud:
    """:class:`fenix.cloud.base.Cloud` on Nova and Placement.

    :param pci_aliases: the resource class of each PCI alias that flavors ask for.
    """

    def __init__(self, auth: ServiceAuth, pci_aliases: Mapping[str, str] | None = None) -> None:
        self._auth = auth
        self._pci_aliases = dict(pci_aliases or {})
        self._placement = Placement(auth)
        self._client: Any = None
        self._lister: Any = None
        self._moments = paging.Moments()
        #: Whoever wants to know of some hosts needs a listing of the nodes of all.
        self._nodes = Shared(lambda: read("Nova: list hypervisors", self._hypervisors))

    @property
    def _nova(self) -> Any:
        if self._client is None:
            self._client = read("Nova: negotiate a microversion", self._negotiate)
        return self._client

    def _negotiate(self) -> Any:
        options = {
            "session": self._auth.session,
            "region_name": self._auth.region,
            "endpoint_type": self._auth.interface,
            # Reads are repeated by `read`. A write whose answer is lost may have been taken:
            # whoever made it has to look first.
            "connect_retries": 0,
            "status_code_retries": 0,
        }
        probe = nova_client.Client("2.1", **options)
        newest = _offered(probe)
        client = nova_client.Client(min(newest, api_versions.APIVersion(_NEWEST)), **options)
        pinned = api_versions.APIVersion(_PINNED_ZONE)
        self._lister = nova_client.Client(pinned, **options) if newest >= pinned else client
        return client

    def admin_project(self) -> str:
        """Id of the project that the ``[service_auth]`` user works in."""
        return self._auth.project_id()

    # Hosts

    def hosts(self, host: str | None = None, *, recent: bool = False) -> list[base.CloudHost]:
        """Hosts of nova-compute are computes, those of nova-conductor or -scheduler controllers."""
        del recent
        services: dict[str, list[Any]] = {}
        what = f"Nova: list services of {host or 'all hosts'}"
        for service in read(what, lambda: self._nova.services.list(host=host)):
            if service.binary == _COMPUTE_BINARY or service.binary in _CONTROL_BINARIES:
                services.setdefault(service.host, []).append(service)
        found = [_host(name, of) for name, of in sorted(services.items())]
        self._moments.saw(h.reported for h in found)
        return found

    def capacity(self, hostnames: Iterable[str]) -> dict[str, base.Capacity]:
        """From Placement, by the node of each host; hypervisor figures where it knows none."""
        wanted = set(hostnames)
        nodes = {h.hypervisor_hostname: h for h in self._nodes() if h.service["host"] in wanted}
        known = self._placement.capacity(nodes)
        return {
            node.service["host"]: known.get(name) or _figures(node) for name, node in nodes.items()
        }

    def traits(self, hostnames: Iterable[str]) -> dict[str, frozenset[str]]:
        """From Placement, by the node of each host."""
        wanted = set(hostnames)
        nodes = {
            h.hypervisor_hostname: h.service["host"]
            for h in self._nodes()
            if h.service["host"] in wanted
        }
        return {nodes[name]: found for name, found in self._placement.traits(nodes).items()}

    def places(self) -> dict[str, base.Place]:
        """From host aggregates; their metadata may name the projects they are kept for."""
        aggregates = read("Nova: list aggregates", lambda: self._nova.aggregates.list())
        of: dict[str, list[Any]] = {}
        for aggregate in aggregates:
            for name in aggregate.hosts:
                of.setdefault(name, []).append(aggregate)
        return {name: _place(found) for name, found in of.items()}

    def _hypervisors(self) -> list[Any]:
        return paging.pages(
            lambda marker: self._nova.hypervisors.list(
                detailed=True, limit=paging.SIZE, marker=marker
            ),
            lambda node: node,
        )

    def disable(self, host: base.CloudHost, reason: str) -> None:
        """Disable the host's nova-compute service."""
        guarded(
            f"Nova: disable {_COMPUTE_BINARY} on {host.hostname}",
            lambda: self._nova.services.disable_log_reason(host.service_id, reason),
        )

    def enable(self, host: base.CloudHost) -> None:
        """Enable the host's nova-compute service."""
        guarded(
            f"Nova: enable {_COMPUTE_BINARY} on {host.hostname}",
            lambda: self._nova.services.enable(host.service_id),
        )

    # Instances

    def servers(self, host: str | None = None, *, recent: bool = False) -> list[base.Server]:
        """All instances, or those on one host; listed in pages of 1,000."""
        del recent
        if host is not None:
            return self._servers(f"Nova: list servers of {host}", {"host": host})
        found = self._moments.whole(
            lambda: self._servers("Nova: list servers of all hosts", {}),
            self._changed_since,
            operator.attrgetter("server_id"),
        )
        return [s for s in found if s.status != base.DELETED]

    def changed_since(self, moment: datetime.datetime) -> list[base.Server]:
        """Nova's ``changes-since``; includes deleted instances."""
        return self._moments.whole(
            lambda: self._changed_since(moment),
            self._changed_since,
            operator.attrgetter("server_id"),
        )

    def _changed_since(self, moment: datetime.datetime) -> list[base.Server]:
        return self._servers("Nova: list changed servers", {"changes-since": _iso(moment)})

    def _servers(self, what: str, options: dict[str, Any]) -> list[base.Server]:
        lister = self._nova and self._lister
        asked = {"all_tenants": 1, **options}

        def page(marker: str | None) -> list[Any]:
            found: list[Any] = lister.servers.list(
                detailed=True, search_opts=asked, marker=marker, limit=paging.SIZE
            )
            return found

        def convert(server: Any) -> base.Server:
            return _server(server, self._pci_aliases)

        return read(what, lambda: paging.pages(page, convert))

    def groups(self) -> list[base.Group]:
        """Server groups of all projects."""

        def listed() -> list[base.Group]:
            groups: list[base.Group] = []
            while True:
                page = self._nova.server_groups.list(
                    all_projects=True, limit=paging.SIZE, offset=len(groups)
                )
                groups.extend(_group(g) for g in page)
                if len(page) < paging.SIZE:
                    return groups

        return read("Nova: list server groups", listed)

    # Moves

    def migrations_since(self, moment: datetime.datetime) -> list[base.Migration]:
        """Nova's migration records, oldest first."""
        found = self._moments.whole(
            lambda: self._migrations_since(moment),
            self._migrations_since,
            operator.attrgetter("migration_id"),
        )
        return sorted(found, key=lambda m: (m.created, m.updated))

    def _migrations_since(self, moment: datetime.datetime) -> list[base.Migration]:
        def page(marker: str | None) -> list[Any]:
            found: list[Any] = self._nova.migrations.list(
                changes_since=_iso(moment), limit=paging.SIZE, marker=marker
            )
            return found

        return read("Nova: list migrations", lambda: paging.pages(page, _migration, key="uuid"))

    def departures(self, host: str) -> list[base.Migration]:
        """Nova's migration records with this source, of whatever age."""
        found = read(
            f"Nova: list migrations off {host}",
            lambda: self._nova.migrations.list(source_compute=host, limit=paging.SIZE),
        )
        return [_migration(m) for m in found]

    def live_migrate(self, server_id: str, target: str) -> None:
        """``os-migrateLive`` with a target that the scheduler validates."""
        guarded(
            f"Nova: live-migrate {server_id} to {target}",
            lambda: self._nova.servers.live_migrate(server_id, target, "auto"),
        )

    def cold_migrate(self, server_id: str, target: str) -> None:
        """``migrate`` with a target that the scheduler validates."""
        guarded(
            f"Nova: migrate {server_id} to {target}",
            lambda: self._nova.servers.migrate(server_id, host=target),
        )

    def confirm(self, server_id: str) -> None:
        """``confirmResize``."""
        guarded(
            f"Nova: confirm the migration of {server_id}",
            lambda: self._nova.servers.confirm_resize(server_id),
        )

    def abort(self, server_id: str) -> bool:
        """Delete the in-progress live migration of an instance."""

        def aborted() -> bool:
            running = self._nova.server_migrations.list(server_id)
            for migration in running:
                self._nova.server_migrations.live_migration_abort(server_id, migration.id)
            return bool(running)

        return guarded(f"Nova: abort the live migration of {server_id}", aborted)


def _offered(probe: Any) -> api_versions.APIVersion:
    current = probe.versions.get_current()
    newest = api_versions.APIVersion(current.version)
    oldest = api_versions.APIVersion(_OLDEST)
    if newest < oldest:
        raise ValueError(
            f"Nova offers microversions up to {current.version}; at least {_OLDEST} is needed, "
            f"to name the target of a migration"
        )
    return newest


def _iso(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _host(name: str, services: list[Any]) -> base.CloudHost:
    compute = next((s for s in services if s.binary == _COMPUTE_BINARY), None)
    roles = {base.COMPUTE} if compute is not None else set()
    if any(s.binary in _CONTROL_BINARIES for s in services):
        roles.add(base.CONTROLLER)
    return base.CloudHost(
        hostname=name,
        roles=frozenset(roles),
        enabled=compute is None or compute.status == "enabled",
        up=all(s.state == "up" for s in services),
        service_id=None if compute is None else str(compute.id),
        disabled_reason=None if compute is None else compute.disabled_reason,
        reported=_oldest_report(services),
        zone=None if compute is None else compute.zone,
    )


def _oldest_report(services: list[Any]) -> datetime.datetime | None:
    stamps = [str(stamp) for s in services if (stamp := getattr(s, "updated_at", None))]
    return min(map(timing.parse, stamps)) if len(stamps) == len(services) else None


def _figures(node: Any) -> base.Capacity:
    return base.Capacity(float(node.vcpus), float(node.memory_mb), float(node.local_gb))


def _server(server: Any, pci_aliases: Mapping[str, str]) -> base.Server:
    flavor = server.flavor
    fault = getattr(server, "fault", None) or {}
    vcpus = float(flavor.get("vcpus", 0))
    # Older clouds do not say what a server is bound to; then it stays where it is.
    here: str | None = getattr(server, "OS-EXT-AZ:availability_zone", None) or None
    zone: str | None = getattr(server, "pinned_availability_zone", here)
    needs = flavors.needs(vcpus, flavor.get("extra_specs") or {}, zone, pci_aliases)
    return base.Server(
        server_id=server.id,
        name=server.name,
        project_id=server.tenant_id,
        host=getattr(server, "OS-EXT-SRV-ATTR:host", None),
        status=server.status,
        task_state=getattr(server, "OS-EXT-STS:task_state", None),
        vcpus=vcpus,
        memory_mb=float(flavor.get("ram", 0)),
        disk_gb=_disk(server),
        updated=timing.parse(server.updated),
        fault=fault.get("message"),
        needs=base.NO_NEEDS if needs == base.NO_NEEDS else needs,
    )


def _place(aggregates: list[Any]) -> base.Place:
    labels: set[tuple[str, str]] = set()
    projects: set[str] = set()
    for aggregate in aggregates:
        for key, text in aggregate.metadata.items():
            values = {v.strip() for v in str(text).split(",")}
            if key.startswith("filter_tenant_id"):
                projects.update(values)
            else:
                labels.update((key, value) for value in values)
    return base.Place(frozenset(labels), frozenset(projects))


def _disk(server: Any) -> float:
    """GiB of its host's disk, as Nova tells Placement: none for the root disk on a volume."""
    flavor = server.flavor
    root = flavor.get("disk", 0) if server.image else 0
    swap = math.ceil((flavor.get("swap") or 0) / 1024)
    return float(root + flavor.get("ephemeral", 0) + swap)


def _group(group: Any) -> base.Group:
    policy = getattr(group, "policy", None) or (getattr(group, "policies", None) or [""])[0]
    return base.Group(
        group_id=group.id,
        name=group.name,
        anti_affinity="anti-affinity" in policy,
        affinity=policy in ("affinity", "soft-affinity"),
        hard=not policy.startswith("soft-"),
        members=frozenset(group.members),
    )


def _migration(migration: Any) -> base.Migration:
    return base.Migration(
        migration_id=str(migration.id),
        server_id=migration.instance_uuid,
        kind=getattr(migration, "migration_type", "") or "",
        status=migration.status,
        source=migration.source_compute,
        target=migration.dest_compute,
        created=timing.parse(migration.created_at),
        updated=timing.parse(migration.updated_at or migration.created_at),
    )
