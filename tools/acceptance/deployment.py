"""Fenix as an operator deploys it: catalogue, schema, configuration, daemons."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys

import requests
import sqlalchemy as sa
from checks import Unmet, until
from lab import TOOL

API = "fenix-api"
ENGINES = ("fenix-engine-1", "fenix-engine-2")

_STOP = 30.0
_BIN = pathlib.Path(sys.executable).parent

#: Short times, so that a silent manager or a stuck migration shows soon.
_CONF = """\
[DEFAULT]
transport_url = {LAB_TRANSPORT_URL}
state_path = {folder}

[database]
connection = {LAB_DATABASE_URL}

[api]
host = 127.0.0.1
port = {LAB_PORT_FENIX}
# What clients are told in reply_url; the same as in the catalogue.
public_endpoint = {url}
workers = 2
rpc_timeout = {rpc_timeout}

[keystone_authtoken]
www_authenticate_uri = {OS_AUTH_URL}
memcached_servers = 127.0.0.1:{LAB_PORT_MEMCACHED}
service_token_roles_required = true
{credentials}

# The admin user with which the engines work on the cloud.
[service_auth]
{credentials}
timeout = 10

[engine]
lease = 5
max_sessions = 2
host_observers = masakari,vitrage
host_watch_interval = 5

[workflow]
project_maintenance_reply = 25
project_scale_in_reply = 60
nack_retry_interval = 2
live_migration_wait_time = 25
own_action_wait_time = 60

[command_action]
# Done to the lab's hosts by the lab itself; on a real host it would go through ssh.
allow = kill = {lab_tool} compute kill {{host}}
allow = upgrade = {lab_tool} upgrade {{host}}

[notifications]
# maintenance.host also goes to the administrators of the infrastructure.
host_event_projects = {admin_project}
# Where there is no Aodh, only projects with a webhook of their own have a manager.
project_event_types =

# Managers listen on this machine.
[webhook]
allow_http = true
allowed_networks = 127.0.0.0/8
"""

_CREDENTIALS = """\
auth_type = password
auth_url = {OS_AUTH_URL}
region_name = {OS_REGION_NAME}
username = fenix
password = {LAB_PASSWORD}
user_domain_id = default
project_domain_id = default
project_name = service
"""


class Deployment:
    """The daemons of one Fenix, and its database."""

    RPC_TIMEOUT = 8

    def __init__(self, lab):
        self._lab = lab
        self._running = {}
        self.folder = pathlib.Path(lab.env["LAB"]) / "fenix"
        self.conf = self.folder / "fenix.conf"
        self.url = f"http://127.0.0.1:{lab.env['LAB_PORT_FENIX']}"
        self._database = sa.create_engine(
            lab.env["LAB_DATABASE_URL"], poolclass=sa.pool.NullPool, isolation_level="AUTOCOMMIT"
        )

    # Before the start

    def register(self):
        """Puts the service and its endpoints into the catalogue, where they are not there yet."""
        get, post = self._lab.get, self._identity_post
        services = get("identity", "/services?type=maintenance")["services"]
        service = (
            services[0]
            if services
            else post("service", {"name": "fenix", "type": "maintenance"})["service"]
        )
        there = get("identity", f"/endpoints?service_id={service['id']}")["endpoints"]
        for interface in {"public", "internal", "admin"} - {e["interface"] for e in there}:
            endpoint = {"service_id": service["id"], "region_id": self._lab.region}
            post("endpoint", {**endpoint, "interface": interface, "url": f"{self.url}/v1"})

    def endpoint(self):
        """What clients find in the catalogue."""
        where = {"service_type": "maintenance", "region_name": self._lab.region}
        return self._lab.admin.get_endpoint(**where)

    def _identity_post(self, kind, body):
        return self._lab.admin.post(
            f"/{kind}s", endpoint_filter={"service_type": "identity"}, json={kind: body}
        ).json()

    def configure(self):
        """Writes fenix.conf into an empty folder, and empties the database."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        values = {
            **self._lab.env,
            "folder": self.folder,
            "lab_tool": TOOL,
            "url": self.url,
            "rpc_timeout": self.RPC_TIMEOUT,
            "admin_project": self._lab.admin.get_project_id(),
            "credentials": _CREDENTIALS.format(**self._lab.env).strip(),
        }
        self.conf.write_text(_CONF.format(**values))
        name = self._database.url.database
        with self._database.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name}"))
            connection.execute(sa.text(f"CREATE DATABASE {name} CHARACTER SET utf8mb4"))

    def add(self, section, **options):
        """Adds options at the end of fenix.conf, where they win; for daemons started later."""
        lines = [f"[{section}]", *(f"{name} = {value}" for name, value in options.items())]
        with open(self.conf, "a") as file:
            file.write("\n".join(["", *lines, ""]))

    def run(self, *command):
        """Runs one of the commands to its end; returns (exit code, what it printed)."""
        name, *arguments = command
        done = subprocess.run(
            [_BIN / name, "--config-file", self.conf, *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    # Daemons

    def start(self, *names):
        """Starts daemons, each printing into its log; a process group each."""
        for name in names:
            program = API if name == API else "fenix-engine"
            with open(self.folder / f"{name}.log", "a") as log:
                self._running[name] = subprocess.Popen(
                    [_BIN / program, "--config-file", self.conf],
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )

    def wait_ready(self):
        """Waits for the API to be healthy, and the engines that were started to report.

        :raises Unmet: naming the log of a daemon that ended instead.
        """
        until(f"{self.url}/healthcheck answers", self._healthy, 60)
        engines = len(self.engines())
        until(f"{engines} engines report", lambda: self._reporting() >= engines, 60)

    def engines(self):
        """Names of the engines that were started."""
        return [name for name in ENGINES if name in self._running]

    def _all_run(self):
        for name, process in self._running.items():
            if process.poll() is not None:
                raise Unmet(f"{name} ended ({process.returncode}): see {self.folder}/{name}.log")

    def _healthy(self):
        self._all_run()
        try:
            return requests.get(f"{self.url}/healthcheck", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def _reporting(self):
        self._all_run()
        return self.count("engines", "heartbeat_at > UTC_TIMESTAMP() - INTERVAL 5 SECOND")

    def stop(self, *names):
        """Asks daemons to end, and waits; returns the exit code of each, None where killed."""
        for name in names:
            self._running[name].terminate()
        codes = {}
        for name in names:
            process = self._running.pop(name)
            try:
                codes[name] = process.wait(_STOP)
            except subprocess.TimeoutExpired:
                codes[name] = None
            self._end_group(process)
        return codes

    @staticmethod
    def _end_group(process):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        process.wait()

    def stop_all(self):
        return self.stop(*self._running)

    def kill(self, engine_id):
        """Ends the daemon that a worker belongs to with SIGKILL, its parent first.

        :param engine_id: as Fenix writes it: host, pid, and something random.
        :returns: the name of the daemon.
        """
        group = os.getpgid(int(engine_id.split(":")[1]))
        name = next(n for n, process in self._running.items() if process.pid == group)
        os.kill(group, signal.SIGKILL)
        self._end_group(self._running.pop(name))
        return name

    def workers(self, name):
        """Pids of a daemon's worker processes."""
        tasks = pathlib.Path(f"/proc/{self._running[name].pid}/task")
        return " ".join(path.read_text() for path in tasks.glob("*/children")).split()

    # What it has written

    def rows(self, table, **where):
        """The rows of a table whose columns have these values, as tuples."""
        condition = " AND ".join(f"{column} = :{column}" for column in where) or "TRUE"
        with self._database.connect() as connection:
            found = connection.execute(sa.text(f"SELECT * FROM {table} WHERE {condition}"), where)
            return [tuple(row) for row in found]

    def count(self, table, condition="TRUE"):
        with self._database.connect() as connection:
            return connection.scalar(sa.text(f"SELECT COUNT(*) FROM {table} WHERE {condition}"))

    def owner(self, session_id):
        """The engine that works on a session at this moment, None between two looks."""
        query = sa.text("SELECT owner FROM sessions WHERE session_id = :id")
        with self._database.connect() as connection:
            return connection.scalar(query, {"id": session_id})
