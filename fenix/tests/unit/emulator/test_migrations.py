"""The list of migrations: filters and pages."""

from novaclient import exceptions

from fenix.tests.unit.emulator import base


class TestMigrations(base.EmulatorTestCase):
    def setUp(self):
        super().setUp()
        self.vms = [self.boot(f"vm{n}", f"c{n}") for n in range(3)]
        self.nova.servers.live_migrate(self.vms[0].id, "c1", "auto")
        self.advance(20)
        self.nova.servers.migrate(self.vms[1].id, host="c2")
        self.advance(30)
        self.nova.servers.live_migrate(self.vms[2].id, "c2", "auto")
        self.advance(20)

    def ids(self, **search):
        return [m.id for m in self.nova.migrations.list(**search)]

    def test_newest_first(self):
        self.assertEqual([3, 2, 1], self.ids())

    def test_filters(self):
        self.assertEqual([2], self.ids(status="finished"))
        self.assertEqual([3], self.ids(status="error"))
        self.assertEqual([1], self.ids(source_compute="c0"))
        self.assertEqual([2, 1], self.ids(host="c1"))
        self.assertEqual([2], self.ids(migration_type="migration"))
        self.assertEqual([2], self.ids(instance_uuid=self.vms[1].id))
        self.assertEqual([3, 2, 1], self.ids(project_id=self.project.id))
        self.assertEqual([], self.ids(user_id="nobody"))

    def test_changes_since(self):
        now = self.cloud.clock.epoch.timestamp() + self.clock.now()
        self.assertEqual([3], self.ids(changes_since=base.stamp(now - 25)))
        self.assertEqual([], self.ids(changes_since=base.stamp(now + 10)))
        self.nova.servers.confirm_resize(self.vms[1].id)
        self.assertEqual([2], self.ids(changes_since=base.stamp(now)))
        self.assertRaises(exceptions.BadRequest, self.ids, changes_since="yesterday")

    def test_pages(self):
        first = self.nova.migrations.list(limit=2)
        self.assertEqual([3, 2], [m.id for m in first])
        self.assertEqual([1], self.ids(marker=first[-1].uuid, limit=2))
        self.assertRaises(exceptions.BadRequest, self.ids, marker="nope")

    def test_those_of_a_deleted_server_are_gone(self):
        self.nova.servers.delete(self.vms[0].id)
        self.advance(2)
        self.assertEqual([3, 2], self.ids())

    def test_old_microversions_know_less(self):
        seen = self.nova_at("2.22").migrations.list()[0]
        for name in ("uuid", "migration_type", "user_id"):
            self.assertFalse(hasattr(seen, name), name)

    def test_an_unknown_filter(self):
        headers = {"OpenStack-API-Version": "compute 2.59"}
        answer = self.call("compute", "GET", "/os-migrations?nope=1", headers=headers)
        self.assertEqual(400, answer.status_code)

    def test_instance_actions(self):
        actions = self.nova.instance_action.list(self.vms[1].id)
        self.assertEqual(["migrate"], [a.action for a in actions])
        shown = self.nova.instance_action.get(self.vms[1].id, actions[0].request_id)
        self.assertEqual(
            ["compute_finish_resize", "compute_resize_instance", "compute_prep_resize"],
            [e["event"] for e in shown.events][:3],
        )
        self.assertEqual("ctl", shown.events[-1]["host"])
        self.assertRaises(
            exceptions.NotFound, self.nova.instance_action.get, self.vms[1].id, "req-x"
        )
        self.nova.servers.delete(self.vms[1].id)
        self.advance(2)
        self.assertEqual(2, len(self.nova.instance_action.list(self.vms[1].id)))
