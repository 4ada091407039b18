"""What Nova's answers mean."""

from __future__ import annotations

import types
from typing import Any

import testtools

from fenix.cloud import nova


class SizeTest(testtools.TestCase):
    """An instance takes of its host's disk what Nova tells Placement."""

    def disk(self, image: Any, **flavor: int | str) -> float:
        server = types.SimpleNamespace(
            id="1",
            name="it",
            tenant_id="p",
            status="ACTIVE",
            updated="2026-01-01T00:00:00Z",
            image=image,
            flavor=flavor,
        )
        return nova._server(server, {}).disk_gb

    def test_root_ephemeral_and_swap(self) -> None:
        self.assertEqual(20, self.disk({"id": "i"}, disk=20, ephemeral=0, swap=0))
        self.assertEqual(27, self.disk({"id": "i"}, disk=20, ephemeral=5, swap=1025))

    def test_a_root_disk_on_a_volume_takes_nothing(self) -> None:
        self.assertEqual(0, self.disk("", disk=20, ephemeral=0, swap=""))
        self.assertEqual(6, self.disk("", disk=20, ephemeral=5, swap=512))
