"""Many hosts and many callers: still right."""

import collections
import concurrent.futures

import testtools
from keystoneauth1 import session
from keystoneauth1.identity import v3
from novaclient import client, exceptions

from fenix.emulator import Cloud, EmulatorServer, ManualClock, ModelClock, Timings


def nova_of(server):
    auth = v3.Password(
        auth_url=server.auth_url,
        username="admin",
        password="secret",
        project_name="admin",
        user_domain_id="default",
        project_domain_id="default",
    )
    return client.Client("2.96", session=session.Session(auth=auth))


class TestScale(testtools.TestCase):
    def build(self, clock, hosts, per_host, room=4):
        cloud = Cloud(clock, Timings(seed=1), seed=1)
        self.flavor = cloud.add_flavor("small", vcpus=1, memory_mb=1024, disk_gb=1)
        projects = [cloud.add_project(f"p{n}") for n in range(10)]
        for n in range(hosts):
            cloud.add_host(f"c{n}", vcpus=per_host + room, memory_mb=1 << 20, disk_gb=1000)
        for n in range(hosts * per_host):
            cloud.boot(projects[n % 10], f"vm{n}", self.flavor)
        return cloud

    def balanced(self, cloud):
        self.assertEqual([], cloud.record.violations)
        with cloud.at_rest():
            for host in cloud.hosts.values():
                on = cloud.servers.on(host)
                self.assertEqual({s.id for s in on}, set(host.allocations))
                self.assertEqual(len(on), host.used_vcpus)
                self.assertTrue(all(s.host is host for s in on))

    def test_300_hosts_with_20_servers_each(self):
        clock = ManualClock()
        cloud = self.build(clock, 300, 20)
        self.assertEqual({20}, {cloud.servers.count_on(h) for h in cloud.hosts.values()})
        with EmulatorServer(cloud, threads=4) as server:
            nova = nova_of(server)
            servers = nova.servers.list(detailed=False, search_opts={"all_tenants": 1}, limit=-1)
            self.assertEqual(6000, len({s.id for s in servers}))
            self.assertEqual(
                20, len(nova.servers.list(search_opts={"all_tenants": 1, "host": "c7"}))
            )
            for host in ("c0", "c1"):
                for vm in cloud.servers.on(host):
                    nova.servers.live_migrate(vm.id, None, "auto")
            clock.advance(10000)
            since = cloud.clock.epoch.strftime("%Y-%m-%dT%H:%M:%SZ")
            moved = nova.migrations.list(changes_since=since)
            self.assertEqual({"completed": 40}, collections.Counter(m.status for m in moved))
        self.balanced(cloud)
        self.assertEqual(6000, len(cloud.servers))

    def test_many_callers_at_once(self):
        cloud = self.build(ModelClock(200.0), 10, 4)
        with EmulatorServer(cloud, threads=8) as server:
            novas = [nova_of(server) for _ in range(4)]

            def churn(n):
                nova = novas[n % 4]
                made = nova.servers.create(f"new{n}", None, self.flavor.id, nics="none")
                vms = list(cloud.servers.on(f"c{n % 10}"))
                for vm in vms[:1]:
                    try:
                        nova.servers.live_migrate(vm.id, None, "auto")
                    except exceptions.Conflict as error:
                        self.assertIn("task_state", str(error))
                nova.servers.list(search_opts={"all_tenants": 1}, limit=-1)
                nova.migrations.list()
                nova.servers.delete(made.id)
                cloud.snapshot_view()

            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                list(pool.map(churn, range(40)))
            while cloud.next_event() is not None:
                pass
        self.balanced(cloud)
        self.assertEqual(40, len(cloud.servers))
