"""The emulated cloud: topology builders in a few words, and views for tests and demos."""

import secrets
import time
from collections.abc import Iterable, Sequence
from typing import Any

from fenix.emulator.alarms import Alarms
from fenix.emulator.blazar import Lease
from fenix.emulator.clock import Clock, utc
from fenix.emulator.cold import ColdMigrations
from fenix.emulator.entities import Aggregate, Flavor, Project, Resources, ServerGroup, Token, User
from fenix.emulator.evacuate import Evacuations
from fenix.emulator.host import BINARIES, COMPUTE, CONTROLLER, Host, Service
from fenix.emulator.lifecycle import Lifecycle
from fenix.emulator.live import LiveQueues
from fenix.emulator.scheduler import Wish
from fenix.emulator.server import Server
from fenix.emulator.state import State
from fenix.emulator.timings import Timings


class Cloud(State):
    """A cloud in memory.

    ``clock`` gives model time (default: real seconds), ``timings`` how long things take,
    ``seed`` makes ids repeatable (drawn times have their own in ``timings``). There are projects
    ``admin`` and ``service`` with users ``admin`` and ``fenix``: role admin, password ``secret``.
    """

    def __init__(
        self, clock: Clock | None = None, timings: Timings | None = None, seed: int | None = None
    ) -> None:
        super().__init__(clock, timings, seed)
        self.life = Lifecycle(self)
        self.live = LiveQueues(self)
        self.cold = ColdMigrations(self)
        self.evacuations = Evacuations(self)
        self.alarms = Alarms()
        self.region = "RegionOne"
        self.maintenance_url: str | None = None
        self.not_deployed: set[str] = {"reservation"}
        """Service types that the catalogue leaves out, such as ``alarming``."""
        self.leases: list[Lease] = []
        """What Blazar knows, once ``reservation`` is deployed."""
        self.token_seconds = 3600.0
        self.tokens: dict[str, Token] = {}
        self.services: dict[str, Service] = {}
        self._by_uuid: dict[str, Host] = {}
        self.admin_project = self.add_project("admin")
        self.service_project = self.add_project("service")
        self.admin = self.add_user("admin", project=self.admin_project, roles=("admin",))
        self.fenix = self.add_user(
            "fenix", project=self.service_project, roles=("admin", "service")
        )

    # Topology
    def add_host(
        self,
        name: str,
        vcpus: int = 16,
        memory_mb: int = 65536,
        disk_gb: int = 1000,
        roles: Sequence[str] = (COMPUTE,),
        *,
        cpu_allocation_ratio: float = 1.0,
        ram_allocation_ratio: float = 1.0,
        disk_allocation_ratio: float = 1.0,
        reserved_vcpus: int = 0,
        reserved_memory_mb: int = 0,
        reserved_disk_gb: int = 0,
        disabled: bool = False,
        disabled_reason: str | None = None,
        availability_zone: str = "nova",
        aggregates: Iterable[str] = (),
        traits: Iterable[str] = (),
        others: dict[str, int] | None = None,
    ) -> Host:
        """A host with the roles ``compute`` and/or ``controller``; vCPUs, MB, GB.

        ``others``: amounts of further resource classes, such as ``PCPU``.
        """
        unknown = set(roles) - set(BINARIES)
        if unknown or not roles:
            raise ValueError(f"roles of {name}: {roles!r}; there are {sorted(BINARIES)}")
        with self.at_rest():
            if name in self.hosts:
                raise ValueError(f"there is a host {name} already")
            host = Host(
                name=name,
                uuid=self.new_uuid(),
                number=self.next_number("host"),
                roles=tuple(roles),
                total=Resources(vcpus, memory_mb, disk_gb),
                reserved=Resources(reserved_vcpus, reserved_memory_mb, reserved_disk_gb),
                cpu_allocation_ratio=cpu_allocation_ratio,
                ram_allocation_ratio=ram_allocation_ratio,
                disk_allocation_ratio=disk_allocation_ratio,
                availability_zone=availability_zone,
                traits=set(traits),
                others=dict(others or {}),
            )
            self.hosts[name] = host
            self._by_uuid[host.uuid] = host
            if CONTROLLER in roles:
                self.controllers.append(host)
            for aggregate in aggregates:
                self.add_aggregate(aggregate, [host])
            for role in roles:
                for binary in BINARIES[role]:
                    self._add_service(host, binary)
            if disabled and host.compute is not None:
                host.compute.status = "disabled"
                host.compute.disabled_reason = disabled_reason
            self.scheduler.changed(host)
            return host

    def _add_service(self, host: Host, binary: str) -> None:
        zone = host.availability_zone if binary == "nova-compute" else "internal"
        service = Service(
            self.next_number("service"), self.new_uuid(), binary, host, zone, updated=self.now
        )
        host.services.append(service)
        self.services[service.uuid] = service

    def add_aggregate(
        self, name: str, hosts: Iterable[Host] = (), metadata: dict[str, str] | None = None
    ) -> Aggregate:
        """A host aggregate, new or the one there is, with these hosts added."""
        with self.at_rest() as now:
            found = self.aggregates.get(name)
            if found is None:
                found = Aggregate(self.next_number("aggregate"), self.new_uuid(), name, now)
                self.aggregates[name] = found
            found.metadata.update(metadata or {})
            for host in hosts:
                found.hosts[host.name] = None
                host.aggregates.add(found.uuid)
            return found

    def add_project(self, name: str) -> Project:
        """A project of the domain ``default`` with an id of 32 hex digits."""
        with self.at_rest():
            project = Project(self.new_uuid().replace("-", ""), name)
            self.projects[project.id] = project
            return project

    def add_user(
        self,
        name: str,
        password: str = "secret",  # noqa: S107 - an emulated one
        project: Project | None = None,
        roles: Sequence[str] = ("member", "reader"),
    ) -> User:
        """A user with roles in a project (``admin`` implies ``member`` and ``reader``)."""
        with self.at_rest():
            user = User(self.new_uuid().replace("-", ""), name, password)
            self.users[user.id] = user
        if project is not None:
            self.grant(user, project, roles)
        return user

    def grant(self, user: User, project: Project, roles: Sequence[str]) -> None:
        """Give a user roles in a project, in place of those it had there."""
        implied = {"admin": ("manager", "member", "reader"), "member": ("reader",)}
        every = dict.fromkeys(roles)
        for role in roles:
            every.update(dict.fromkeys(implied.get(role, ())))
        with self.lock:
            user.roles[project.id] = tuple(every)
            user.default_project = user.default_project or project

    def add_flavor(
        self,
        name: str,
        vcpus: int = 1,
        memory_mb: int = 1024,
        disk_gb: int = 10,
        extra_specs: dict[str, str] | None = None,
    ) -> Flavor:
        """A flavor; vCPUs, MB, GB."""
        with self.at_rest():
            number = self.next_number("flavor")
            flavor = Flavor(str(number), name, vcpus, memory_mb, disk_gb, dict(extra_specs or {}))
            self.flavors[flavor.id] = flavor
            return flavor

    def add_server_group(
        self,
        project: Project,
        policy: str = "anti-affinity",
        name: str | None = None,
        *,
        max_server_per_host: int | None = None,
        user: User | None = None,
    ) -> ServerGroup:
        """A server group: ``anti-affinity``, ``affinity`` or ``soft-`` of these."""
        with self.at_rest():
            group_id = self.new_uuid()
            user_id = (user or self.admin).id
            most = max_server_per_host
            rules = {} if most is None else {"max_server_per_host": most}
            group = ServerGroup(group_id, name or group_id, project.id, user_id, policy, rules)
            self.groups[group.id] = group
            return group

    def boot(
        self,
        project: Project,
        name: str,
        flavor: Flavor,
        host: Host | str | None = None,
        group: ServerGroup | None = None,
        status: str = "ACTIVE",
        *,
        metadata: dict[str, str] | None = None,
        user: User | None = None,
        availability_zone: str | None = None,
    ) -> Server:
        """A server that is there at once, in ``status``, on ``host`` (full or not) or a picked one.

        Raises ValueError when no host has room or the named one does not exist.
        """
        with self.at_rest():
            if isinstance(host, str):
                host = self.host(host)
            if host is None:
                host = self.scheduler.pick(Wish(flavor, group, availability_zone))
                if host is None:
                    raise ValueError(f"no host has room for server {name}")
            server = self.life.new(project, name, flavor, user or self.admin, group, metadata)
            server.requested_zone = availability_zone
            self.life.put(server, host, status)
            return server

    def delete(self, server: Server) -> None:
        """The server is gone at once."""
        with self.at_rest():
            self.life.remove(server)

    def define_group(self, name: str, servers: Iterable[Server]) -> None:
        """Servers doing the same work, for :meth:`group_up` and ``record.group_outages``."""
        with self.at_rest() as now:
            self.record.presence.join(name, servers, now)

    # Hosts
    def host(self, name: str) -> Host:
        """The host with this name; ValueError if there is none."""
        try:
            return self.hosts[name]
        except KeyError:
            raise ValueError(f"there is no host {name}") from None

    def host_down(self, host: Host | str) -> None:
        """The machine dies with its guests; its services are ``down`` a while later."""
        with self.at_rest() as now:
            host = self.host(host) if isinstance(host, str) else host
            host.up = False
            for service in host.services:
                service.down_since = now
            for server in self.servers.on(host):
                self.record.presence.update(server, now, "host down")

    def host_up(self, host: Host | str) -> None:
        """The machine is back, and its guests run again."""
        with self.at_rest() as now:
            host = self.host(host) if isinstance(host, str) else host
            host.up = True
            for service in host.services:
                service.down_since = None
            for server in self.servers.on(host):
                self.record.presence.update(server, now, "host down")
            self.live.host_back(host)
            self.cold.host_back(host, self.servers.on(host))
            waiting, host.backlog = host.backlog, []
            for step in waiting:
                self.agenda.at(now, step)

    def provider(self, uuid: str) -> Host | None:
        """The compute host with this Placement provider (and hypervisor) uuid."""
        host = self._by_uuid.get(uuid)
        return host if host is not None and host.is_compute else None

    def next_event(self) -> float | None:
        """Model time of the next thing that will happen by itself, None if nothing will."""
        with self.at_rest():
            return self.agenda.next_at()

    # Views
    def answering(self, server_id: str) -> bool:
        """An application's probe: does the server answer at this moment?"""
        with self.at_rest():
            return self.record.presence.answering(server_id)

    def group_up(self, name: str) -> bool:
        """Does any member of the group answer at this moment?"""
        with self.at_rest():
            return self.record.presence.groups[name].answering > 0

    def snapshot_view(self) -> list[dict[str, Any]]:
        """One dict per host for a live display: name, roles, status, state, servers."""
        with self.at_rest():
            found = []
            for host in self.hosts.values():
                service = host.compute or host.services[0]
                found.append(
                    {
                        "name": host.name,
                        "roles": host.roles,
                        "status": service.status,
                        "state": "up" if host.up else "down",
                        "disabled_reason": service.disabled_reason,
                        "vcpus": host.capacity[0],
                        "vcpus_used": host.used_vcpus,
                        "servers": [
                            {
                                "id": s.id,
                                "name": s.name,
                                "project_id": s.project_id,
                                "status": s.status,
                                "answering": s.running and host.up,
                            }
                            for s in self.servers.on(host)
                        ],
                    }
                )
            return found

    def stamp(self, at: float) -> str:
        """Model time as Aodh writes dates."""
        return utc(self.clock, at).replace(tzinfo=None).isoformat()

    # Tokens
    def issue_token(
        self,
        user: User,
        project: Project | None = None,
        *,
        seconds: float | None = None,
        system: bool = False,
        methods: Sequence[str] = ("password",),
    ) -> Token:
        """A token for a user in a project, valid ``seconds`` real seconds."""
        with self.lock:
            now = time.time()
            roles = user.roles.get(project.id, ()) if project is not None else ()
            if system:
                roles = user.system_roles
            secret = secrets.token_hex(32)
            token = Token(
                f"emu-{secret}",
                user,
                project,
                roles,
                now,
                now + (self.token_seconds if seconds is None else seconds),
                tuple(methods),
                secret[:22],
                system,
            )
            self.tokens[token.id] = token
            return token

    def token(self, token_id: str | None) -> Token | None:
        """The token with this id if it is valid now."""
        token = self.tokens.get(token_id or "")
        return token if token is not None and token.expires_at > time.time() else None

    def close(self) -> None:
        """End the cloud's thread and let hanging calls go."""
        self.faults.clear()
        self.agenda.close()
