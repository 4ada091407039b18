"""Nova's server groups: who is a member of which, and what they ask for."""

from __future__ import annotations

from fenix.cloud import base
from fenix.workflow import bound
from fenix.workflow.hold import Hold


class ServerGroups:
    """Listed when an instance appears that nobody knew."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        #: Groups that were listed, and of which nothing is noted yet.
        self._listed: list[base.Group] | None = None

    def read(self) -> dict[str, str]:
        """List them; to be followed by :meth:`note`, once the instances are known too.

        :returns: group by instance.
        """
        self._listed = self._hold.cloud.groups()
        member_of = {member: g.group_id for g in self._listed for member in g.members}
        self._hold.snapshot.server_groups = member_of
        return member_of

    def of(self, server_id: str) -> str | None:
        """The group of an instance, as of the last listing."""
        return self._hold.snapshot.server_groups.get(server_id)

    def note(self) -> None:
        """Remember which keep their members apart, and which would like something.

        Only those of instances that the session follows: a cloud may have thousands of groups, and
        what is noted is read and written with each step.
        """
        listed, self._listed = self._listed, None
        if listed is None:
            return
        ours = {i.group_id for i in self._hold.snapshot.instances.values()}
        groups = [g for g in listed if g.group_id in ours]
        apart = sorted([g.group_id, g.hard] for g in groups if g.anti_affinity and g.hard)
        wishes = {
            g.group_id: g.affinity for g in groups if not g.hard and (g.anti_affinity or g.affinity)
        }
        self._hold.note("apart", apart)
        self._hold.note("wishes", wishes or None)
        bound.note(self._hold, groups)
