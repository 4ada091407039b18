"""Placement: resource providers, inventories, usages, aggregates, traits."""

from http.client import responses
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from fenix.emulator.entities import Resources
from fenix.emulator.errors import BadRequest, NotFound, Refused
from fenix.emulator.host import Host
from fenix.emulator.web import Api, Request, Response, Routes

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

routes = Routes()
MAX_VERSION = (1, 39)
PARAMETERS = {"name", "uuid", "member_of", "resources", "in_tree", "required"}


class PlacementApi(Api):
    """Placement under ``/placement``; admin only."""

    prefix = "/placement"
    routes = routes

    def needs_token(self, request: Request) -> bool:
        """Only the versions need none."""
        return request.template != "/"

    def prepare(self, request: Request) -> None:
        """Find the microversion; raises 406 for one that is not served."""
        request.version = (1, 0)
        words = (request.header("openstack-api-version") or "").split()
        if len(words) == 2 and words[0] == "placement":
            major, _, minor = words[1].partition(".")
            if words[1] == "latest":
                request.version = MAX_VERSION
            elif minor.isdigit() and major == "1" and int(minor) <= MAX_VERSION[1]:
                request.version = (1, int(minor))
            else:
                raise Refused(f"Unacceptable version header: {words[1]}", 406)

    def finish(self, request: Request, response: Response) -> None:
        """Say which microversion was used."""
        text = f"placement {request.version[0]}.{request.version[1]}"
        response.headers["OpenStack-API-Version"] = text
        response.headers["Vary"] = "openstack-api-version"

    def refuse(self, request: Request, error: Refused) -> Response:
        """Placement's error shape: a list."""
        title = responses.get(error.code, "Error")
        one: dict[str, Any] = {
            "status": error.code,
            "title": title,
            "detail": error.message,
            "request_id": request.id,
        }
        if error.code == 406:
            one.update(min_version="1.0", max_version=f"1.{MAX_VERSION[1]}")
        return Response(error.code, {"errors": [one]})


@routes.get("/")
def versions(cloud: "Cloud", request: Request) -> Response:
    """The version there is."""
    return Response(
        200,
        {
            "versions": [
                {
                    "id": "v1.0",
                    "status": "CURRENT",
                    "min_version": "1.0",
                    "max_version": f"1.{MAX_VERSION[1]}",
                    "links": [{"rel": "self", "href": ""}],
                }
            ]
        },
    )


#: What begins so is not the host's own: each class has a provider of its own below it.
_NESTED = "CUSTOM_PCI_"


def _providers(cloud: "Cloud") -> list[Host]:
    return [h for h in cloud.hosts.values() if h.is_compute]


def _devices(host: Host) -> dict[str, str]:
    """The class of each nested provider, by its uuid."""
    kinds = [kind for kind in host.others if kind.startswith(_NESTED)]
    return {str(uuid5(UUID(host.uuid), kind)): kind for kind in kinds}


def _find(cloud: "Cloud", request: Request, uuid: str) -> Host:
    request.need_admin("placement:resource_providers:show")
    host = cloud.provider(uuid)
    if host is None:
        raise NotFound(f"No resource provider with uuid {uuid} found")
    return host


def _view(host: Host, request: Request) -> dict[str, Any]:
    url = f"/resource_providers/{host.uuid}"
    kinds = ("", "inventories", "usages", "aggregates", "traits", "allocations")
    body: dict[str, Any] = {
        "uuid": host.uuid,
        "name": host.name,
        "generation": host.generation,
        "links": [{"rel": kind or "self", "href": f"{url}/{kind}".rstrip("/")} for kind in kinds],
    }
    if request.version >= (1, 14):
        body["root_provider_uuid"], body["parent_provider_uuid"] = host.uuid, None
    return body


def _nested_view(host: Host, uuid: str, kind: str) -> dict[str, Any]:
    return {
        "uuid": uuid,
        "name": f"{host.name}_{kind}",
        "generation": host.generation,
        "links": [],
        "root_provider_uuid": host.uuid,
        "parent_provider_uuid": host.uuid,
    }


@routes.get("/resource_providers")
def index(cloud: "Cloud", request: Request) -> Response:
    """All, or those with a ``name``, ``uuid`` or ``member_of`` an aggregate."""
    request.need_admin("placement:resource_providers:list")
    unknown = {key for key, _ in request.query} - PARAMETERS
    if unknown:
        raise BadRequest(
            f"Invalid query string parameters: Additional properties are not allowed "
            f"({', '.join(sorted(map(repr, unknown)))} was unexpected)"
        )
    name, uuid, member = request.get("name"), request.get("uuid"), request.get("member_of")
    found = _providers(cloud)
    if name is not None:
        found = [h for h in (cloud.hosts.get(name),) if h is not None and h.is_compute]
    if uuid is not None:
        found = [h for h in found if h.uuid == uuid]
    if member is not None:
        wanted = set(member.removeprefix("in:").split(","))
        found = [h for h in found if wanted & h.aggregates]
    views = [_view(h, request) for h in found]
    if request.version >= (1, 14) and not (name or uuid or member):
        for host in found:
            views.extend(_nested_view(host, id_, kind) for id_, kind in _devices(host).items())
    return Response(200, {"resource_providers": views})


@routes.get("/resource_providers/{uuid}")
def show(cloud: "Cloud", request: Request, uuid: str) -> Response:
    """One provider."""
    return Response(200, _view(_find(cloud, request, uuid), request))


@routes.get("/resource_providers/{uuid}/inventories")
def inventories(cloud: "Cloud", request: Request, uuid: str) -> Response:
    """What the host, or a device of it, has, with ratios and reserved amounts."""

    def one(total: int, reserved: int, ratio: float) -> dict[str, Any]:
        return {
            "total": total,
            "reserved": reserved,
            "min_unit": 1,
            "max_unit": total,
            "step_size": 1,
            "allocation_ratio": ratio,
        }

    if cloud.provider(uuid) is None:
        for host in _providers(cloud):
            kind = _devices(host).get(uuid)
            if kind is not None:
                request.need_admin("placement:resource_providers:show")
                found = {kind: one(host.others[kind], 0, 1.0)}
                return Response(
                    200, {"resource_provider_generation": host.generation, "inventories": found}
                )
    host = _find(cloud, request, uuid)
    nested = _devices(host).values()
    return Response(
        200,
        {
            "resource_provider_generation": host.generation,
            "inventories": {
                "VCPU": one(host.total.vcpus, host.reserved.vcpus, host.cpu_allocation_ratio),
                "MEMORY_MB": one(
                    host.total.memory_mb, host.reserved.memory_mb, host.ram_allocation_ratio
                ),
                "DISK_GB": one(
                    host.total.disk_gb, host.reserved.disk_gb, host.disk_allocation_ratio
                ),
                **{
                    kind: one(total, 0, 1.0)
                    for kind, total in host.others.items()
                    if kind not in nested
                },
            },
        },
    )


@routes.get("/resource_providers/{uuid}/usages")
def usages(cloud: "Cloud", request: Request, uuid: str) -> Response:
    """What is allocated on the host."""
    host = _find(cloud, request, uuid)
    used = {
        "VCPU": host.used_vcpus,
        "MEMORY_MB": host.used_memory_mb,
        "DISK_GB": host.used_disk_gb,
        **{kind: host.used_others.get(kind, 0) for kind in host.others},
    }
    return Response(200, {"resource_provider_generation": host.generation, "usages": used})


def _amounts(what: Resources) -> dict[str, int]:
    own = {"VCPU": what.vcpus, "MEMORY_MB": what.memory_mb, "DISK_GB": what.disk_gb}
    # Nothing is allocated of a class of which nothing is asked for.
    return {kind: amount for kind, amount in {**own, **dict(what.others)}.items() if amount}


@routes.get("/resource_providers/{uuid}/allocations")
def allocations(cloud: "Cloud", request: Request, uuid: str) -> Response:
    """Who holds what on the host: server ids, and migration ids of moves in progress."""
    host = _find(cloud, request, uuid)
    held = {consumer: {"resources": _amounts(what)} for consumer, what in host.allocations.items()}
    return Response(200, {"resource_provider_generation": host.generation, "allocations": held})


@routes.get("/allocations/{consumer}")
def consumer_allocations(cloud: "Cloud", request: Request, consumer: str) -> Response:
    """What a server or migration holds, by provider."""
    request.need_admin("placement:allocations:list")
    server = cloud.servers.get(consumer, deleted=True)
    migration = cloud.migrations.get(consumer)
    if server is not None:
        last = cloud.migrations.of(server.id)[-1:]
        hosts = {server.host, *(m.dest for m in last)}
    else:
        hosts = {migration.source} if migration is not None else set()
    found = {
        host.uuid: {"resources": _amounts(host.allocations[consumer]), "generation": 1}
        for host in hosts
        if host is not None and consumer in host.allocations
    }
    body: dict[str, Any] = {"allocations": found}
    if found and request.version >= (1, 12):
        owner = server or (migration.server if migration is not None else None)
        body["project_id"] = owner.project_id if owner is not None else None
        body["user_id"] = owner.user_id if owner is not None else None
    return Response(200, body)


@routes.get("/resource_providers/{uuid}/aggregates")
def aggregates(cloud: "Cloud", request: Request, uuid: str) -> Response:
    """The aggregates the host is in."""
    host = _find(cloud, request, uuid)
    if request.version < (1, 1):
        raise NotFound("The resource could not be found.")
    body: dict[str, Any] = {"aggregates": sorted(host.aggregates)}
    if request.version >= (1, 19):
        body["resource_provider_generation"] = host.generation
    return Response(200, body)


@routes.get("/resource_providers/{uuid}/traits")
def traits(cloud: "Cloud", request: Request, uuid: str) -> Response:
    """The host's traits; a disabled compute has COMPUTE_STATUS_DISABLED."""
    host = _find(cloud, request, uuid)
    service = host.compute
    disabled = service is not None and service.status == "disabled"
    found = host.traits | ({"COMPUTE_STATUS_DISABLED"} if disabled else set())
    return Response(200, {"traits": sorted(found), "resource_provider_generation": host.generation})
