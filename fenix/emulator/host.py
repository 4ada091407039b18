"""A host: its size, what is allocated on it, its services."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fenix.emulator.entities import Resources

CONTROLLER = "controller"
COMPUTE = "compute"
BINARIES = {CONTROLLER: ("nova-conductor", "nova-scheduler"), COMPUTE: ("nova-compute",)}


@dataclass(slots=True, eq=False)
class Service:
    """One nova service on a host."""

    id: int
    uuid: str
    binary: str
    host: "Host"
    zone: str
    status: str = "enabled"
    disabled_reason: str | None = None
    forced_down: bool = False
    updated: float = 0.0
    down_since: float | None = None
    """Model time since when it does not report; None while it runs."""
    deleted: bool = False


@dataclass(slots=True, eq=False)
class Host:
    """A machine. ``allocations`` maps a consumer (server or migration id) to what it holds."""

    name: str
    uuid: str
    number: int
    roles: tuple[str, ...]
    total: Resources
    reserved: Resources
    cpu_allocation_ratio: float
    ram_allocation_ratio: float
    disk_allocation_ratio: float
    availability_zone: str = "nova"
    aggregates: set[str] = field(default_factory=set)
    traits: set[str] = field(default_factory=set)
    others: dict[str, int] = field(default_factory=dict)
    """Total of each further resource class, such as ``PCPU``."""
    used_others: dict[str, int] = field(default_factory=dict)
    services: list[Service] = field(default_factory=list)
    allocations: dict[str, Resources] = field(default_factory=dict)
    used_vcpus: int = 0
    used_memory_mb: int = 0
    used_disk_gb: int = 0
    generation: int = 0
    up: bool = True
    backlog: list[Callable[[], None]] = field(default_factory=list)
    """Messages that wait for nova-compute to come back."""
    capacity: tuple[float, float, float] = field(init=False)

    def __post_init__(self) -> None:
        self.measure()

    def measure(self) -> None:
        """Compute ``capacity`` (vCPUs, MB, GB that can be allocated) after a change of size."""
        self.capacity = (
            int((self.total.vcpus - self.reserved.vcpus) * self.cpu_allocation_ratio),
            int((self.total.memory_mb - self.reserved.memory_mb) * self.ram_allocation_ratio),
            int((self.total.disk_gb - self.reserved.disk_gb) * self.disk_allocation_ratio),
        )

    @property
    def compute(self) -> Service | None:
        """Its nova-compute, if it has the role."""
        for service in self.services:
            if service.binary == "nova-compute" and not service.deleted:
                return service
        return None

    @property
    def is_compute(self) -> bool:
        """Whether it runs nova-compute."""
        return COMPUTE in self.roles

    def fits(self, need: Resources) -> bool:
        """Whether ``need`` can be allocated besides what is."""
        return (
            self.used_vcpus + need.vcpus <= self.capacity[0]
            and self.used_memory_mb + need.memory_mb <= self.capacity[1]
            and self.used_disk_gb + need.disk_gb <= self.capacity[2]
            and all(
                self.used_others.get(kind, 0) + amount <= self.others.get(kind, 0)
                for kind, amount in need.others
            )
        )

    @property
    def overcommitted(self) -> bool:
        """Whether more is allocated than there is."""
        return not self.fits(Resources())

    @property
    def free_share(self) -> float:
        """The scarcest resource's free share, for spreading servers."""
        used = (self.used_vcpus, self.used_memory_mb, self.used_disk_gb)
        return min(
            ((cap - u) / cap for cap, u in zip(self.capacity, used, strict=True) if cap),
            default=0.0,
        )

    def hold(self, consumer: str, what: Resources) -> None:
        """Allocate ``what`` for ``consumer``, replacing what it held."""
        self.drop(consumer)
        self.allocations[consumer] = what
        self._add(what, 1)

    def drop(self, consumer: str) -> Resources | None:
        """Free what ``consumer`` holds; returns it, None if nothing."""
        held = self.allocations.pop(consumer, None)
        if held is not None:
            self._add(held, -1)
        return held

    def _add(self, what: Resources, sign: int) -> None:
        self.used_vcpus += sign * what.vcpus
        self.used_memory_mb += sign * what.memory_mb
        self.used_disk_gb += sign * what.disk_gb
        for kind, amount in what.others:
            self.used_others[kind] = self.used_others.get(kind, 0) + sign * amount
        self.generation += 1
