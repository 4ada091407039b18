"""Instances that Nova moves nowhere: members of server groups with the policy ``affinity``."""

from __future__ import annotations

from collections.abc import Iterable

from fenix.cloud.base import Group
from fenix.db import records
from fenix.workflow.hold import Hold

_NOTE = "bound"


def note(hold: Hold, groups: Iterable[Group]) -> None:
    """Remember which groups bind their members to one host."""
    bound = sorted(g.group_id for g in groups if g.affinity and g.hard)
    hold.note(_NOTE, bound or None)


def why(hold: Hold, instance: records.Instance) -> str | None:
    """Why Nova will not move an instance, and what helps; None when it may.

    Its scheduler counts the host that a member leaves among those of the group (seen with Nova
    34), so it finds no other host even for the last member.
    """
    if instance.group_id not in (hold.noted(_NOTE) or ()):
        return None
    return (
        f"{instance.instance_name} ({instance.instance_id}) of project {instance.project_id} is in "
        f"the server group {instance.group_id} with the policy affinity; Nova moves no member of "
        f"such a group to another host. Let its project choose OWN_ACTION and make it "
        f"anew outside of the group; soft-affinity is no such policy"
    )
