"""The small things of the cloud: projects, users, flavors, groups, tokens."""

from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Project:
    """A Keystone project of the domain ``default``; ``id`` is 32 hex digits."""

    id: str
    name: str
    enabled: bool = True


@dataclass(slots=True, eq=False)
class User:
    """A Keystone user of the domain ``default`` and its roles by project id."""

    id: str
    name: str
    password: str
    roles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    default_project: Project | None = None
    system_roles: tuple[str, ...] = ()
    #: Application credentials: by id, the secret and the project.
    credentials: dict[str, tuple[str, Project]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Token:
    """An issued token; times are real POSIX seconds, because clients compare with their clock."""

    id: str
    user: User
    project: Project | None
    roles: tuple[str, ...]
    issued_at: float
    expires_at: float
    methods: tuple[str, ...] = ("password",)
    audit_id: str = ""
    system: bool = False

    @property
    def is_admin(self) -> bool:
        """Whether the role ``admin`` is among its roles."""
        return "admin" in self.roles


@dataclass(slots=True, frozen=True)
class Resources:
    """An amount of vCPUs, MB of memory and GB of disk, and of other resource classes."""

    vcpus: int = 0
    memory_mb: int = 0
    disk_gb: int = 0
    others: tuple[tuple[str, int], ...] = ()


@dataclass(slots=True, eq=False)
class Flavor:
    """A size of server.

    ``extra_specs`` may ask for traits (``trait:NAME`` = ``required``), for resources by class
    (``resources:NAME`` = amount), for host CPUs of its own (``hw:cpu_policy`` = ``dedicated``),
    for PCI devices (``pci_passthrough:alias`` = ``gpu:1``: a device of class ``CUSTOM_PCI_GPU``)
    and for aggregates (``aggregate_instance_extra_specs:KEY`` = value).
    """

    id: str
    name: str
    vcpus: int
    memory_mb: int
    disk_gb: int
    extra_specs: dict[str, str] = field(default_factory=dict)

    @property
    def resources(self) -> Resources:
        """What one server of this flavor takes on its host."""
        others = {
            key.removeprefix("resources:"): int(value)
            for key, value in self.extra_specs.items()
            if key.startswith("resources:")
        }
        for part in self.extra_specs.get("pci_passthrough:alias", "").split(","):
            alias, _, count = part.strip().rpartition(":")
            if alias:
                others[f"CUSTOM_PCI_{alias.upper()}"] = int(count)
        vcpus = self.vcpus
        if self.extra_specs.get("hw:cpu_policy") == "dedicated":
            others["PCPU"], vcpus = self.vcpus, 0
        return Resources(vcpus, self.memory_mb, self.disk_gb, tuple(sorted(others.items())))


@dataclass(slots=True, eq=False)
class Aggregate:
    """A host aggregate; ``hosts`` are names."""

    id: int
    uuid: str
    name: str
    created: float
    hosts: dict[str, None] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class ServerGroup:
    """A Nova server group; ``members`` are the ids of its servers that exist."""

    id: str
    name: str
    project_id: str
    user_id: str
    policy: str
    rules: dict[str, int] = field(default_factory=dict)
    members: dict[str, None] = field(default_factory=dict)

    @property
    def max_server_per_host(self) -> int:
        """How many members one host may have under ``anti-affinity``."""
        return self.rules.get("max_server_per_host", 1)
