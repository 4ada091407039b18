"""The cloud, as its own clients see it: nothing here asks Fenix.

``eval "$(tools/openstack-lab env)"`` gives the environment that is read.
"""

import collections
import contextlib
import datetime
import json
import os
import pathlib
import signal
import subprocess

from checks import Unmet, until
from keystoneauth1 import adapter
from keystoneauth1 import session as ka_session
from keystoneauth1.identity import v3
from novaclient import client as nova_client
from novaclient import exceptions as nova_exc

_SHIPPED = pathlib.Path(__file__).parents[2] / "etc" / "fenix"
TOOL = pathlib.Path(__file__).parents[1] / "openstack-lab"
PROJECTS = ("vnf-a", "vnf-b")
FILLER = "acceptance-filler"
OWN_ALARMS = "acceptance-"
#: Migration records of moves that came to their end.
MOVED = frozenset({"completed", "confirmed", "done"})

_MICROVERSION = "2.87"
_PATIENCE = 90.0
#: A server may close a connection that was idle at the moment it is used again.
_RETRIES = 3


def now():
    """Naive UTC, as Nova and Fenix write times."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def host_of(server):
    return getattr(server, "OS-EXT-SRV-ATTR:host")


def task_of(server):
    return getattr(server, "OS-EXT-STS:task_state")


def run_tool(*words, good=(0,)):
    """Runs tools/openstack-lab; returns what it printed.

    :param good: exit codes of a success.
    :raises Unmet: when it fails.
    """
    command = [str(TOOL), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in good:
        raise Unmet(f"{TOOL.name} {' '.join(words)}: {done.returncode} {done.stderr}")
    return done.stdout


class Lab:
    """Users, hosts, instances, alarms and faults of the lab."""

    def __init__(self, env):
        self.env = env
        self.region = env["OS_REGION_NAME"]
        self.hosts = [f"compute-{n}" for n in range(1, int(env["LAB_HOSTS"]) + 1)]
        self.vcpus = int(env["LAB_HOST_VCPUS"])
        self.admin = self.session("admin")
        self.nova = self.client(self.admin)
        self.projects = {name: self.session(name).get_project_id() for name in PROJECTS}
        self.image = self.nova.glance.find_image("lab-image")
        self.flavors = {flavor.name: flavor for flavor in self.nova.flavors.list()}

    # Users

    def session(self, user, project=None):
        """A session of a user, in the project of the same name unless another is given."""
        auth = v3.Password(
            auth_url=self.env["OS_AUTH_URL"],
            username=user,
            password=self.env["LAB_PASSWORD"],
            project_name=project or user,
            user_domain_id="default",
            project_domain_id="default",
        )
        return ka_session.Session(auth=auth, timeout=60)

    def client(self, session):
        """Nova, with the token of a session."""
        return nova_client.Client(
            _MICROVERSION, session=session, region_name=self.region, connect_retries=_RETRIES
        )

    def get(self, service_type, path, session=None, **more):
        """The JSON of a GET to one of the cloud's services."""
        return self._rest("GET", service_type, path, session, **more).json()

    def _rest(self, method, service_type, path, session=None, **more):
        where = {"service_type": service_type, "region_name": self.region}
        return (session or self.admin).request(
            path, method, endpoint_filter=where, connect_retries=_RETRIES, **more
        )

    def rest(self, service_type):
        """A client of one of the cloud's services, as administrator."""
        return adapter.Adapter(
            self.admin,
            service_type=service_type,
            region_name=self.region,
            connect_retries=_RETRIES,
        )

    def unlike_shipped(self):
        """Names of files under ``etc/fenix`` that Ceilometer here does not use as they are."""
        used = pathlib.Path(self.env["LAB"]) / "etc" / "ceilometer"
        return [
            path.name
            for path in sorted(_SHIPPED.glob("event_*.yaml"))
            if not (used / path.name).exists()
            or (used / path.name).read_bytes() != path.read_bytes()
        ]

    def let_admin_boot_for_projects(self):
        """Gives the user admin its role in the projects too: an admin may name a server's host."""
        roles = self.get("identity", "/roles?name=admin")["roles"]
        for project_id in self.projects.values():
            path = f"/projects/{project_id}/users/{self.admin.get_user_id()}"
            self._rest("PUT", "identity", f"{path}/roles/{roles[0]['id']}")

    # Hosts

    def services(self):
        """Status and reason of nova-compute, by host."""
        found = self.nova.services.list(binary="nova-compute")
        return {s.host: (s.status, s.disabled_reason) for s in found}

    def set_service(self, host, reason=None):
        """Disables a host's nova-compute with a reason; without one, enables it."""
        service = self.nova.services.list(binary="nova-compute", host=host)[0]
        if reason is None:
            self.nova.services.enable(service.id)
        else:
            self.nova.services.disable_log_reason(service.id, reason)

    def fault(self, **of_hosts):
        """Makes hosts misbehave: ``fault(**{"compute-1": {"live_migration": "error"}})``."""
        path = self.env["LAB_FAULTS"]
        with open(path + ".new", "w") as file:
            json.dump(of_hosts, file)
        os.replace(path + ".new", path)

    @contextlib.contextmanager
    def frozen(self, daemon):
        """While in it, a daemon of the lab takes connections and answers nothing."""
        with open(f"{self.env['LAB']}/run/{daemon}.pid") as file:
            pid = int(file.read().split()[0])
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def up(self, host):
        """Whether Nova believes that a host's nova-compute is alive."""
        return self.nova.services.list(binary="nova-compute", host=host)[0].state == "up"

    def compute(self, order, host):
        """``stop``, ``kill`` or ``start`` a host's nova-compute."""
        run_tool("compute", order, host)

    def releases(self):
        """Release and service version of Nova's processes, by name."""
        lines = run_tool("releases").splitlines()
        return {name: said for name, _, said in (line.partition(" ") for line in lines)}

    def downgrade(self, *hosts):
        """Restarts Nova's processes on hosts from the previous release."""
        run_tool("downgrade", *hosts)

    def upgrade(self, *hosts):
        """And from the newest."""
        run_tool("upgrade", *hosts)

    @contextlib.contextmanager
    def killed(self, host):
        """While in it, a host's nova-compute is dead, without a word to anybody."""
        self.compute("kill", host)
        try:
            yield
        finally:
            self.compute("start", host)

    def misplaced_allocations(self):
        """What Placement has allocated otherwise than servers run, as lines of text."""
        runs = {s.id: host_of(s) for s in self.servers()}
        seen = collections.Counter()
        lines = []
        for provider in self.get("placement", "/resource_providers")["resource_providers"]:
            path = f"/resource_providers/{provider['uuid']}/allocations"
            for consumer in self.get("placement", path)["allocations"]:
                seen[consumer] += 1
                if runs.get(consumer) != provider["name"]:
                    where = runs.get(consumer, "nowhere")
                    lines.append(f"{consumer} on {provider['name']}, runs {where}")
        return lines + [f"{server} has no allocation" for server in runs if not seen[server]]

    def audit_placement(self):
        """Removes allocations that belong to no instance and no move; 4 says that it did."""
        run_tool("nova-manage", "placement", "audit", "--delete", good=(0, 4))

    # Instances

    def servers(self, project=None):
        """All instances, or those of a project."""
        found = self.nova.servers.list(search_opts={"all_tenants": 1})
        return [s for s in found if project in (None, s.tenant_id)]

    def server(self, server_id):
        """An instance, None when there is none (any more)."""
        try:
            return self.nova.servers.get(server_id)
        except nova_exc.NotFound:
            return None

    def boot(self, specs):
        """Boots instances at once.

        :param specs: dicts with ``project`` and ``name``, perhaps ``host``, ``group`` (the name
            of an anti-affinity group), ``flavor``.
        :returns: the instances, ACTIVE, in the same order.
        """
        made = [self._create(dict(spec)) for spec in specs]
        for server in made:
            until(f"{server.name} is ACTIVE", lambda s=server: self._booted(s), _PATIENCE)
        return [self.nova.servers.get(server.id) for server in made]

    def _create(self, spec):
        project, host, group = spec["project"], spec.get("host"), spec.get("group")
        user = "admin" if host else project
        nova = self.client(self.session(user, project))
        hints = {"group": self._group(nova, group)} if group else None
        flavor = self.flavors[spec.get("flavor", "lab.small")]
        more = {"host": host} if host else {}
        return nova.servers.create(
            spec["name"], self.image, flavor, nics="none", scheduler_hints=hints, **more
        )

    @staticmethod
    def _group(nova, name):
        known = {group.name: group.id for group in nova.server_groups.list()}
        return known.get(name) or nova.server_groups.create(name, "anti-affinity").id

    def _booted(self, server):
        seen = self.nova.servers.get(server.id)
        if seen.status == "ERROR":
            raise Unmet(f"{seen.name} did not boot: {seen.fault}")
        return seen.status == "ACTIVE"

    def delete(self, servers):
        """Deletes instances, and waits until they are gone."""
        for server in servers:
            if self.server(server.id) is not None:
                self.nova.servers.delete(server.id)
        for server in servers:
            until(f"{server.name} is gone", lambda s=server: not self.server(s.id), _PATIENCE)

    def migrations(self, since):
        """Nova's records of moves begun after a moment, oldest first."""
        found = self.nova.migrations.list(changes_since=f"{since:%Y-%m-%dT%H:%M:%SZ}")
        mine = [m for m in found if m.created_at >= f"{since:%Y-%m-%dT%H:%M:%S}"]
        return sorted(mine, key=lambda m: m.id)

    # Order

    def clean(self):
        """Removes what a run leaves; other people's instances stop it.

        :raises Unmet: when the hosts do not get empty.
        """
        if os.path.exists(self.env["LAB_FAULTS"]):
            os.unlink(self.env["LAB_FAULTS"])
        for host, (_status, reason) in self.services().items():
            if (reason or "").startswith(("fenix ", OWN_ALARMS)):
                self.set_service(host)
        mine = set(self.projects.values())
        self.delete([s for s in self.servers() if s.tenant_id in mine or s.name == FILLER])
        for project in PROJECTS:
            nova = self.client(self.session(project))
            for group in nova.server_groups.list():
                nova.server_groups.delete(group.id)
        until("other people's servers are gone", lambda: not self.servers(), _PATIENCE)
        for line in self.misplaced_allocations():
            # Nova leaves one behind when an instance is deleted while it is live-migrated.
            self._rest("DELETE", "placement", f"/allocations/{line.split()[0]}")

    def clean_alarms(self):
        """Removes the alarms of the projects, and ours among the administrators'."""
        for session in (self.admin, self.session("fenix", "service"), *map(self.session, PROJECTS)):
            for alarm in self.get("alarming", "/v2/alarms", session):
                mine = alarm["project_id"] in self.projects.values()
                if mine or alarm["name"].startswith(OWN_ALARMS):
                    self._rest("DELETE", "alarming", f"/v2/alarms/{alarm['alarm_id']}", session)

    def subscribe(self, session, event_type, url):
        """An event alarm of a project's own."""
        alarm = {
            "name": f"{OWN_ALARMS}{event_type}",
            "type": "event",
            "event_rule": {"event_type": event_type},
            "repeat_actions": True,
            "alarm_actions": [url],
        }
        self._rest("POST", "alarming", "/v2/alarms", session, json=alarm)
