"""Migrations: the list of all, and a server's live migrations in progress."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fenix.emulator.errors import BadRequest, Conflict, NotFound
from fenix.emulator.live import LISTED, LiveMigration
from fenix.emulator.nova import times
from fenix.emulator.nova.servers import find
from fenix.emulator.server import Migration, Server
from fenix.emulator.web import Request, Response, Routes

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

MOST = 1000
PARAMETERS = {
    "changes-before",
    "changes-since",
    "hidden",
    "host",
    "instance_uuid",
    "limit",
    "marker",
    "migration_type",
    "project_id",
    "source_compute",
    "status",
    "user_id",
}
#: What a filter is compared with.
_HAVE: dict[str, Callable[[Migration], tuple[str | None, ...]]] = {
    "status": lambda m: (m.status,),
    "source_compute": lambda m: (m.source.name,),
    "host": lambda m: (m.source.name, m.dest.name if m.dest is not None else None),
    "migration_type": lambda m: (m.type,),
    "user_id": lambda m: (m.user_id,),
    "project_id": lambda m: (m.project_id,),
}
routes = Routes()


def _common(cloud: "Cloud", migration: Migration, request: Request) -> dict[str, Any]:
    live = migration.type == "live-migration"
    dest = migration.dest.name if migration.dest is not None else None
    body: dict[str, Any] = {
        "id": migration.id,
        "source_compute": migration.source.name,
        "source_node": None if live and dest is None else migration.source.name,
        "dest_compute": dest,
        "dest_node": dest,
        "dest_host": None if live or dest is None else "192.168.0.1",
        "status": migration.status,
        "created_at": times.micro(cloud.clock, migration.created),
        "updated_at": times.micro(cloud.clock, migration.updated),
    }
    if request.version >= (2, 59):
        body["uuid"] = migration.uuid
    if request.version >= (2, 80):
        body["user_id"], body["project_id"] = migration.user_id, migration.project_id
    return body


def _view(cloud: "Cloud", migration: Migration, request: Request) -> dict[str, Any]:
    old, new = migration.old_flavor, migration.flavor
    body = {
        **_common(cloud, migration, request),
        "instance_uuid": migration.server.id,
        "old_instance_type_id": int(old.id) if old is not None else None,
        "new_instance_type_id": int(new.id) if new is not None else None,
    }
    if request.version >= (2, 23):
        body["migration_type"] = migration.type
        if migration.type == "live-migration" and migration.status in LISTED:
            url = f"{request.service_url}/v2.1/servers/{migration.server.id}"
            href = f"{url}/migrations/{migration.id}"
            bookmark = href.replace("/v2.1/", "/")
            body["links"] = [
                {"rel": "self", "href": href},
                {"rel": "bookmark", "href": bookmark},
            ]
    return body


@routes.get("/os-migrations")
def index(cloud: "Cloud", request: Request) -> Response:
    """Newest first, filtered, in pages from 2.59; those of deleted servers are gone."""
    request.need_admin("os_compute_api:os-migrations:index")
    if request.version >= (2, 59):
        unknown = sorted({key for key, _ in request.query} - PARAMETERS)
        if unknown:
            names = ", ".join(map(repr, unknown))
            raise BadRequest(f"Additional properties are not allowed ({names} was unexpected)")
    found = _candidates(cloud, request)
    for key, value in request.query:
        if key in _HAVE:
            have = _HAVE[key]
            found = [m for m in found if value in have(m)]
    body: dict[str, Any] = {}
    if request.version >= (2, 59):
        marker = request.get("marker")
        if marker is not None:
            after = cloud.migrations.get(marker)
            if after is None:
                raise BadRequest(f"Marker {marker} could not be found.")
            found = [m for m in found if m.id < after.id]
        limit = request.whole("limit", MOST, MOST)
        if len(found) >= limit > 0:
            found = found[:limit]
            href = request.link({"marker": found[-1].uuid})
            body["migrations_links"] = [{"rel": "next", "href": href}]
    body["migrations"] = [_view(cloud, m, request) for m in found]
    return Response(200, body)


def _candidates(cloud: "Cloud", request: Request) -> list[Migration]:
    since, server_id = request.get("changes-since"), request.get("instance_uuid")
    source = request.get("source_compute")
    if request.version < (2, 59):
        since = None
    at = times.parse(cloud.clock, since) if since is not None else None
    found: list[Migration]
    if server_id is not None:
        found = list(reversed(cloud.migrations.of(server_id)))
        if at is not None:
            found = [m for m in found if m.updated >= at]
    elif at is not None:
        found = cloud.migrations.changed_since(at)
        found.sort(key=lambda m: m.id, reverse=True)
    elif source is not None:
        found = list(reversed(cloud.migrations.off(source)))
    else:
        found = list(cloud.migrations.newest_first())
    return [m for m in found if not m.server.deleted]


def _progress(cloud: "Cloud", migration: Migration, request: Request) -> dict[str, Any]:
    total = migration.server.flavor.memory_mb * 2**20
    share = 0.0
    if migration.copy_started is not None and migration.copy_seconds:
        share = min(1.0, (cloud.now - migration.copy_started) / migration.copy_seconds)
    return {
        **_common(cloud, migration, request),
        "server_uuid": migration.server.id,
        "memory_total_bytes": total,
        "memory_processed_bytes": int(total * share),
        "memory_remaining_bytes": total - int(total * share),
        "disk_total_bytes": 0,
        "disk_processed_bytes": 0,
        "disk_remaining_bytes": 0,
    }


@routes.get("/servers/{server_id}/migrations")
def in_progress(cloud: "Cloud", request: Request, server_id: str) -> Response:
    """The server's live migration if it is queued, preparing or running."""
    request.need_admin("os_compute_api:servers:migrations:index")
    server = find(cloud, request, server_id)
    found = [
        _progress(cloud, m, request)
        for m in cloud.migrations.of(server.id)
        if m.type == "live-migration" and m.status in LISTED
    ]
    return Response(200, {"migrations": found})


def _of(cloud: "Cloud", server: Server, number: str) -> Migration | None:
    migration = cloud.migrations.number(int(number)) if number.isdigit() else None
    return migration if migration is not None and migration.server is server else None


@routes.get("/servers/{server_id}/migrations/{migration_id}")
def show(cloud: "Cloud", request: Request, server_id: str, migration_id: str) -> Response:
    """One live migration in progress."""
    request.need_admin("os_compute_api:servers:migrations:show")
    migration = _of(cloud, find(cloud, request, server_id), migration_id)
    if migration is None:
        raise NotFound(
            f"In-progress live migration {migration_id} is not found for server {server_id}."
        )
    if migration.type != "live-migration":
        raise NotFound(f"Migration {migration_id} for server {server_id} is not live-migration.")
    if migration.status not in LISTED:
        raise NotFound(f"Live migration {migration_id} for server {server_id} is not in progress.")
    return Response(200, {"migration": _progress(cloud, migration, request)})


def _running(
    cloud: "Cloud", server: Server, number: str, verb: str, allowed: tuple[str, ...]
) -> LiveMigration:
    if server.task_state != "migrating":
        raise Conflict(f"Instance {server.id} is in an invalid state for '{verb}'")
    migration = _of(cloud, server, number)
    if migration is None:
        raise NotFound(f"Migration {number} not found for instance {server.id}")
    running = cloud.live.of(migration)
    if migration.status not in allowed or running is None:
        raise BadRequest(
            f"Migration {number} state of instance {server.id} is {migration.status}. "
            f"Cannot {verb} while the migration is in this state."
        )
    return running


@routes.delete("/servers/{server_id}/migrations/{migration_id}")
def abort(cloud: "Cloud", request: Request, server_id: str, migration_id: str) -> Response:
    """Abort a live migration; a queued or preparing one from 2.65."""
    request.need_admin("os_compute_api:servers:migrations:delete")
    server = find(cloud, request, server_id)
    allowed = ("queued", "preparing", "running") if request.version >= (2, 65) else ("running",)
    running = _running(cloud, server, migration_id, "abort live migration", allowed)
    running.abort(request.id, request.caller.user.id)
    return Response(202)


@routes.post("/servers/{server_id}/migrations/{migration_id}/action")
def force(cloud: "Cloud", request: Request, server_id: str, migration_id: str) -> Response:
    """``force_complete`` a running live migration."""
    request.need_admin("os_compute_api:servers:migrations:force_complete")
    if "force_complete" not in request.json():
        raise BadRequest("There is no such action")
    server = find(cloud, request, server_id)
    running = _running(cloud, server, migration_id, "force_complete", ("running",))
    running.force_complete(request.id, request.caller.user.id)
    return Response(202)
