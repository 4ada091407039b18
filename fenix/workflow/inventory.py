"""What runs where: rows of hosts and instances, brought in line with the cloud."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from fenix.cloud import base
from fenix.cloud.paging import MARGIN
from fenix.db import records
from fenix.workflow import demands
from fenix.workflow.hold import Hold
from fenix.workflow.outcome import Fatal
from fenix.workflow.server_groups import ServerGroups

#: Task and server states in which an instance cannot be moved, and what helps.
_BLOCKING = {
    "SUSPENDED": "resume or stop it",
    "RESCUE": "unrescue it",
    "ERROR": "repair or delete it (openstack server set --state active)",
    "BUILD": "wait until it is built",
    "REBUILD": "wait until it is rebuilt",
    "RESIZE": "wait for its resize",
    "VERIFY_RESIZE": "confirm or revert its resize",
    "SHELVED": "unshelve it, or let it leave its host (openstack server shelve --offload)",
    "REVERT_RESIZE": "wait for the revert",
    "MIGRATING": "wait for its migration",
    "UNKNOWN": "bring its host back",
    # A state of Nova's.
    "PASSWORD": "wait for its password change",  # nosec B105
    "REBOOT": "wait for its reboot",
    "HARD_REBOOT": "wait for its reboot",
}
#: On no host.
_HOMELESS = frozenset({"SHELVED_OFFLOADED", "DELETED", "SOFT_DELETED"})

#: Phases of hosts that nothing more is done to.
_ENDED = frozenset({"done", "quarantined", "skipped"})


def _at_rest(instance: records.Instance) -> bool:
    return instance.move_phase in (None, "planned")


def blocking(instance: records.Instance) -> str | None:
    """Why an instance cannot be moved, and what to do; None when it can."""
    remedy = _BLOCKING.get(instance.state)
    if remedy is not None:
        return f"{instance.state}: {remedy}"
    if instance.task_state:
        return f"busy with {instance.task_state}: wait for it"
    return None


class Inventory:
    """Reads the cloud into the session's rows."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._snapshot = hold.snapshot
        self._groups = ServerGroups(hold)

    def discover(self) -> None:
        """Know capacities, the hosts outside the session, every instance and server group.

        :raises Fatal: when a host of the session is not in the cloud any more.
        """
        hold = self._hold
        found = {h.hostname: h for h in hold.cloud.hosts()}
        missing = [
            h.hostname
            for h in self._snapshot.session_hosts()
            if h.hostname not in found and h.phase not in _ENDED
        ]
        if missing:
            raise Fatal(
                f"the cloud does not know {', '.join(missing)} any more; bring the host back or "
                f"start a session without it"
            )
        for host in self._snapshot.session_hosts():
            if not host.started_at and host.hostname in found:
                self._service(host, found[host.hostname])
        self._capacities()
        self.refresh(found.values())

    def usable_elsewhere(self, found: Iterable[base.CloudHost]) -> list[base.CloudHost]:
        """Computes that may take instances, and that neither this session nor another knows.

        Where every instance is bound to an availability zone, those of other zones are no use.
        """
        zones = self._zones()
        new = [
            h
            for h in found
            if h.hostname not in self._snapshot.hosts
            and base.COMPUTE in h.roles
            and h.enabled
            and h.up
            and (zones is None or h.zone in zones)
        ]
        if not new:
            return []
        held = self._hold.store.holders()
        session_id = self._hold.session.session_id
        return [h for h in new if held.get(h.hostname, session_id) == session_id]

    def _zones(self) -> set[str] | None:
        """The zones that all instances are bound to; None: there is one that may go anywhere."""
        zones: set[str] = {i.needs.get("zone", "") for i in self._snapshot.alive()}
        return zones if zones and "" not in zones else None

    def add_outside(self, cloud_host: base.CloudHost) -> records.Host:
        """Take a host into view that the session does not maintain."""
        host = records.Host(
            self._hold.session.session_id,
            cloud_host.hostname,
            base.COMPUTE,
            outside=True,
            phase="outside",
            service_id=cloud_host.service_id,
        )
        self._hold.add_host(host)
        return host

    def _service(self, host: records.Host, cloud_host: base.CloudHost) -> None:
        host.service_id = cloud_host.service_id
        ours = cloud_host.disabled_reason == f"fenix {self._hold.session.session_id}"
        if not host.disabled and not ours:
            host.found_disabled = not cloud_host.enabled
        self._hold.touch(host)

    def _capacities(self) -> None:
        self.measure([h.hostname for h in self._snapshot.hosts.values() if h.is_compute])

    def measure(self, hostnames: Iterable[str]) -> None:
        """Know how much can be used of these computes."""
        cloud = self._hold.cloud
        found = cloud.capacity(hostnames)
        places = cloud.places() if found else {}
        zones = {h.hostname: h.zone for h in cloud.hosts(recent=True)} if found else {}
        for name, capacity in found.items():
            host = self._snapshot.hosts[name]
            place = places.get(name, base.Place())
            host.offers = demands.offers_row(capacity, place, zones.get(name))
            host.vcpus, host.memory_mb = capacity.vcpus, capacity.memory_mb
            host.disk_gb = capacity.disk_gb
            self._hold.touch(host)

    def refresh(self, elsewhere: Iterable[base.CloudHost] = (), *, recent: bool = True) -> None:
        """Read every instance and server group.

        :param elsewhere: hosts among which are new ones that may take instances.
        :param recent: a large cloud's instances may have been listed by another session, if what
            has changed since is added.
        """
        servers = self._hold.cloud.servers(recent=recent)
        member_of = self._groups.read()
        self._snapshot.elsewhere = {}
        by_host: dict[str | None, list[base.Server]] = {}
        seen = set()
        for server in servers:
            self.apply(server, member_of.get(server.server_id))
            seen.add(server.server_id)
            by_host.setdefault(server.host, []).append(server)
            self._elsewhere(server)
        self._groups.note()
        for instance in self._snapshot.alive():
            if instance.instance_id not in seen:
                self._gone(instance)
        new = [self.add_outside(h) for h in self.usable_elsewhere(elsewhere)]
        if new:
            self.measure([h.hostname for h in new])
        for host in self._snapshot.hosts.values():
            self._count(host, by_host.get(host.hostname, []), member_of)
        self._learn_traits()
        self._advance_cursor(servers)

    def _learn_traits(self) -> None:
        """Read traits of hosts where they are not known, once an instance demands one."""
        if not any(demands.wants_traits(i.needs) for i in self._snapshot.alive()):
            return
        unknown = [
            h.hostname
            for h in self._snapshot.hosts.values()
            if h.is_compute and "traits" not in h.offers
        ]
        if not unknown:
            return
        for name, traits in self._hold.cloud.traits(unknown).items():
            host = self._snapshot.hosts[name]
            host.offers = {**host.offers, "traits": sorted(traits)}
            self._hold.touch(host)

    def _count(
        self, host: records.Host, servers: Iterable[base.Server], member_of: dict[str, str]
    ) -> None:
        """Know what those take of a host, and which groups they are in, that are not ours."""
        others = [
            s
            for s in servers
            if s.server_id not in self._snapshot.instances and s.status not in _HOMELESS
        ]
        sums = [
            sum(s.vcpus for s in others),
            sum(s.memory_mb for s in others),
            sum(s.disk_gb for s in others),
        ]
        if [host.used_vcpus, host.used_memory_mb, host.used_disk_gb] != sums:
            host.used_vcpus, host.used_memory_mb, host.used_disk_gb = sums
            self._hold.touch(host)
        used = demands.used_by(others)
        if host.offers.get("used", {}) != used:
            host.offers = {**host.offers, "used": used}
            self._hold.touch(host)
        groups = sorted({member_of[s.server_id] for s in others if s.server_id in member_of})
        known = self._hold.noted("others_groups", {})
        if known.get(host.hostname, []) != groups:
            without = {name: ids for name, ids in known.items() if name != host.hostname}
            found = {host.hostname: groups} if groups else {}
            self._hold.note("others_groups", {**without, **found})

    def observe(self) -> None:
        """Read what changed since the last look."""
        known = self._hold.noted("cursor")
        if known is None:
            self.refresh()
            return
        since = datetime.datetime.fromisoformat(known) - MARGIN
        servers = self._hold.cloud.changed_since(since)
        if any(self._is_new(s) for s in servers):
            self._groups.read()
        for server in servers:
            self.apply(server, self._groups.of(server.server_id))
            self._elsewhere(server)
        self._groups.note()
        self._recount(servers)
        self._learn_traits()
        self._advance_cursor(servers)

    def _is_new(self, server: base.Server) -> bool:
        known = self._snapshot.elsewhere
        return (
            server.status not in _HOMELESS
            and server.server_id not in self._snapshot.instances
            and known is not None
            and server.server_id not in known
        )

    def _elsewhere(self, server: base.Server) -> None:
        """Keep an instance in view that the session does not follow."""
        known = self._snapshot.elsewhere
        if known is None:
            return
        if server.status in _HOMELESS or server.server_id in self._snapshot.instances:
            known.pop(server.server_id, None)
        else:
            known[server.server_id] = server

    def _recount(self, changed: Iterable[base.Server]) -> None:
        """Look at hosts outside the session on which something changed that is not ours."""
        known, hosts = self._snapshot.others, self._snapshot.hosts
        names: set[str | None] = set()
        for server in changed:
            if server.server_id in self._snapshot.instances:
                continue
            size = (server.vcpus, server.memory_mb, server.disk_gb)
            now = (server.host, server.status in _HOMELESS, *size)
            before = known.get(server.server_id)
            if before != now:
                known[server.server_id] = now
                names.update({server.host, before[0] if before else None})
        changed_on = [hosts[n] for n in sorted(filter(None, names)) if n in hosts]
        self.count([h for h in changed_on if h.outside])

    def count(self, hosts: list[records.Host]) -> None:
        """Know what instances that the session does not follow take of these hosts now."""
        if not hosts:
            return
        member_of = self._groups.read()
        self._groups.note()
        for host in hosts:
            self._count(host, self._hold.cloud.servers(host.hostname), member_of)

    def look_at(self, hostname: str) -> list[records.Instance]:
        """Read what is on one host now."""
        servers = self._hold.cloud.servers(hostname)
        if any(self._is_new(s) for s in servers):
            self._groups.read()
        for server in servers:
            self.apply(server, self._groups.of(server.server_id))
        self._groups.note()
        there = {s.server_id for s in servers}
        missing = [i for i in self._snapshot.on(hostname) if i.instance_id not in there]
        if missing:
            self.observe()
        for instance in missing:
            if instance.host == hostname and not instance.gone and _at_rest(instance):
                self._gone(instance)
        return self._snapshot.on(hostname)

    def _advance_cursor(self, servers: list[base.Server]) -> None:
        newest = max((s.updated for s in servers), default=None)
        known = self._hold.noted("cursor")
        text = newest.isoformat() if newest else None
        if text and (known is None or text > known):
            self._hold.note("cursor", text)
        elif known is None:
            self._hold.note("cursor", self._hold.now().isoformat())

    def apply(self, server: base.Server, group_id: str | None = None) -> None:
        """Take what the cloud says of one server into the rows."""
        instance = self._snapshot.instances.get(server.server_id)
        if instance is None:
            if server.status not in _HOMELESS and self._is_ours(server.host):
                self._hold.add_instance(self._new(server, group_id))
            return
        if instance.gone:
            return
        if server.status in _HOMELESS:
            self._gone(instance)
            return
        before = (instance.host, instance.state, instance.task_state, instance.group_id)
        if server.host != instance.host:
            self._snapshot.place(instance, server.host)
        instance.state, instance.task_state = server.status, server.task_state
        if server.fault and server.status == "ERROR":
            instance.details = server.fault
        if group_id is not None:
            instance.group_id = group_id
        if before != (instance.host, instance.state, instance.task_state, instance.group_id):
            self._hold.touch(instance)

    def _is_ours(self, hostname: str | None) -> bool:
        host = self._snapshot.hosts.get(hostname or "")
        return host is not None and not host.outside

    def _new(self, server: base.Server, group_id: str | None) -> records.Instance:
        return records.Instance(
            session_id=self._hold.session.session_id,
            instance_id=server.server_id,
            instance_name=server.name,
            project_id=server.project_id,
            state=server.status,
            task_state=server.task_state,
            host=server.host,
            origin=server.host,
            group_id=group_id,
            vcpus=server.vcpus,
            memory_mb=server.memory_mb,
            disk_gb=server.disk_gb,
            needs=demands.needs_row(server.needs),
        )

    def _gone(self, instance: records.Instance) -> None:
        if instance.project_state is not None:
            # Its project was asked about it: replaced or retired, it needs no move any more.
            instance.action_done = True
        self._snapshot.forget(instance)
        self._hold.touch(instance)
        self._hold.event(
            "instance",
            f"{instance.instance_name} ({instance.instance_id}) does not exist any more",
            host=instance.host,
            project_id=instance.project_id,
            instance_id=instance.instance_id,
        )

    def demand_movable(self) -> None:
        """Stop before any work when an instance of the session's hosts cannot be moved.

        :raises Fatal: naming every such instance, its host, why, and what to do.
        """
        blocked = []
        for host in self._snapshot.computes():
            if host.maintained:
                continue
            for instance in self._snapshot.on(host.hostname):
                why = blocking(instance)
                if why is not None and instance.move_phase is None:
                    blocked.append(
                        f"{host.hostname}: {instance.instance_name} ({instance.instance_id}, "
                        f"project {instance.project_id}) is {why}"
                    )
        if blocked:
            raise Fatal(f"hosts cannot be emptied: {'; '.join(blocked)}. Then continue the session")
