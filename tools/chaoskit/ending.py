"""What a session has come to: to be compared with the one that nobody interrupted."""

from fenix.db import models

_FINE = ("SUCCEEDED", "SKIPPED")


def of_session(world, part, session_id):
    """As a dictionary of what must be the same however often engines were killed."""
    detail = world.insist("GET", f"/{session_id}/detail")
    cloud = world.cloud
    mine = {owner.project.id for owner in part.owners}
    with cloud.at_rest():
        services = {
            name: (cloud.host(name).compute.status if cloud.host(name).compute else "-")
            for name in part.hosts
        }
        instances = {
            f"{cloud.projects[s.project_id].name} {s.name}": s.status
            for s in cloud.servers
            if s.project_id in mine
        }
    actions = {
        f"{run['hostname']} {run['plugin']}": run["state"] in _FINE
        for run in detail["action_plugin_instances"]
    }
    return {
        "state": detail["session"]["state"],
        "reason": detail["session"]["reason"],
        "percent_done": detail["percent_done"],
        "maintained": {h["hostname"]: h["maintained"] for h in detail["hosts"]},
        "services": services,
        "instances": instances,
        "actions": actions,
        "claims": sorted(_claims(world, session_id)),
    }


def is_whole(world, instances):
    """Whether applications have scaled out again."""
    with world.cloud.at_rest():
        return len(world.cloud.servers) >= instances and all(
            s.status == "ACTIVE" for s in world.cloud.servers
        )


def _claims(world, session_id):
    claims = models.host_claims
    with world.database.reader() as read:
        return list(
            read.scalars(
                claims.select()
                .with_only_columns(claims.c.hostname)
                .where(claims.c.session_id == session_id)
            )
        )


def difference(calm, now):
    """What differs, as text; empty when nothing does."""
    return "; ".join(
        f"{key}: {now[key]!r} instead of {calm[key]!r}" for key in calm if calm[key] != now[key]
    )
