"""Migrations: the list of all, and a server's live migrations in progress."""

from typing import TYPE_CHECKING, Any

from fenix.emulator.errors import BadRequest, NotFound
from fenix.emulator.nova import times
from fenix.emulator.nova.servers import find
from fenix.emulator.server import Migration
from fenix.emulator.web import Request, Response, Routes

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

MOST = 1000
routes = Routes()


def _view(cloud: "Cloud", migration: Migration, request: Request) -> dict[str, Any]:
    dest = migration.dest.name if migration.dest is not None else migration.requested
    old, new = migration.old_flavor, migration.flavor
    body: dict[str, Any] = {
        "id": migration.id,
        "instance_uuid": migration.server.id,
        "source_compute": migration.source.name,
        "source_node": migration.source.name,
        "dest_compute": dest,
        "dest_node": migration.dest.name if migration.dest is not None else None,
        "dest_host": "127.0.0.1" if migration.dest is not None else None,
        "status": migration.status,
        "old_instance_type_id": int(old.id) if old is not None else None,
        "new_instance_type_id": int(new.id) if new is not None else None,
        "created_at": times.micro(cloud.clock, migration.created),
        "updated_at": times.micro(cloud.clock, migration.updated),
    }
    if request.version >= (2, 23):
        body["migration_type"] = migration.type
        if migration.type == "live-migration" and migration.in_progress:
            url = f"{request.service_url}/v2.1/servers/{migration.server.id}"
            href = f"{url}/migrations/{migration.id}"
            body["links"] = [{"rel": "self", "href": href}]
    if request.version >= (2, 59):
        body["uuid"] = migration.uuid
    if request.version >= (2, 80):
        body["user_id"], body["project_id"] = migration.user_id, migration.project_id
    return body


@routes.get("/os-migrations")
def index(cloud: "Cloud", request: Request) -> Response:
    """Newest first, filtered, in pages from 2.59."""
    request.need_admin("os_compute_api:os-migrations:index")
    since, server_id = request.get("changes-since"), request.get("instance_uuid")
    found: list[Migration]
    if server_id is not None:
        found = list(reversed(cloud.migrations.of(server_id)))
        if since is not None:
            at = times.parse(cloud.clock, since)
            found = [m for m in found if m.updated >= at]
    elif since is not None and request.version >= (2, 59):
        found = cloud.migrations.changed_since(times.parse(cloud.clock, since))
        found.sort(key=lambda m: m.id, reverse=True)
    else:
        found = list(cloud.migrations.newest_first())
    found = [m for m in found if _wanted(m, request)]
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


def _wanted(migration: Migration, request: Request) -> bool:
    dest = migration.dest.name if migration.dest is not None else None
    have = {
        "status": (migration.status,),
        "source_compute": (migration.source.name,),
        "host": (migration.source.name, dest),
        "migration_type": (migration.type,),
        "user_id": (migration.user_id,),
        "project_id": (migration.project_id,),
    }
    return all(value in have.get(key, (value,)) for key, value in request.query)


def _progress(cloud: "Cloud", migration: Migration, request: Request) -> dict[str, Any]:
    total = migration.server.flavor.memory_mb * 2**20
    share = 0.0
    if migration.copy_started is not None and migration.copy_seconds:
        share = min(1.0, (cloud.now - migration.copy_started) / migration.copy_seconds)
    dest = migration.dest.name if migration.dest is not None else migration.requested
    body: dict[str, Any] = {
        "id": migration.id,
        "server_uuid": migration.server.id,
        "source_compute": migration.source.name,
        "source_node": migration.source.name,
        "dest_compute": dest,
        "dest_node": migration.dest.name if migration.dest is not None else None,
        "dest_host": "127.0.0.1" if migration.dest is not None else None,
        "status": migration.status,
        "memory_total_bytes": total,
        "memory_processed_bytes": int(total * share),
        "memory_remaining_bytes": total - int(total * share),
        "disk_total_bytes": 0,
        "disk_processed_bytes": 0,
        "disk_remaining_bytes": 0,
        "created_at": times.micro(cloud.clock, migration.created),
        "updated_at": times.micro(cloud.clock, migration.updated),
    }
    if request.version >= (2, 59):
        body["uuid"] = migration.uuid
    if request.version >= (2, 80):
        body["user_id"], body["project_id"] = migration.user_id, migration.project_id
    return body


@routes.get("/servers/{server_id}/migrations")
def in_progress(cloud: "Cloud", request: Request, server_id: str) -> Response:
    """The server's live migration in progress, if any."""
    request.need_admin("os_compute_api:servers:migrations:index")
    server = find(cloud, request, server_id)
    found = [
        _progress(cloud, m, request)
        for m in cloud.migrations.of(server.id)
        if m.type == "live-migration" and m.in_progress
    ]
    return Response(200, {"migrations": found})


def _one(cloud: "Cloud", request: Request, server_id: str, number: str) -> Migration:
    server = find(cloud, request, server_id)
    migration = cloud.migrations.number(int(number)) if number.isdigit() else None
    if migration is None or migration.server is not server:
        raise NotFound(f"Migration {number} not found for instance {server_id}")
    return migration


@routes.get("/servers/{server_id}/migrations/{migration_id}")
def show(cloud: "Cloud", request: Request, server_id: str, migration_id: str) -> Response:
    """One live migration in progress."""
    request.need_admin("os_compute_api:servers:migrations:show")
    migration = _one(cloud, request, server_id, migration_id)
    if migration.type != "live-migration" or not migration.in_progress:
        raise NotFound(f"In-progress live migration {migration_id} is not found for {server_id}.")
    return Response(200, {"migration": _progress(cloud, migration, request)})


@routes.delete("/servers/{server_id}/migrations/{migration_id}")
def abort(cloud: "Cloud", request: Request, server_id: str, migration_id: str) -> Response:
    """Abort a live migration; a queued or preparing one from 2.65."""
    request.need_admin("os_compute_api:servers:migrations:delete")
    migration = _one(cloud, request, server_id, migration_id)
    allowed = ("queued", "preparing", "running") if request.version >= (2, 65) else ("running",)
    if migration.status not in allowed:
        raise BadRequest(
            f"Migration {migration.id} state of instance {server_id} is {migration.status}. "
            f"Cannot abort the migration."
        )
    cloud.live.by_migration[migration.uuid].abort()
    return Response(202)


@routes.post("/servers/{server_id}/migrations/{migration_id}/action")
def force(cloud: "Cloud", request: Request, server_id: str, migration_id: str) -> Response:
    """``force_complete`` a running live migration."""
    request.need_admin("os_compute_api:servers:migrations:force_complete")
    if "force_complete" not in request.json():
        raise BadRequest("There is no such action")
    migration = _one(cloud, request, server_id, migration_id)
    if migration.status != "running":
        raise BadRequest(
            f"Migration {migration.id} state of instance {server_id} is {migration.status}. "
            f"Cannot force_complete the migration."
        )
    cloud.live.by_migration[migration.uuid].force_complete()
    return Response(202)
