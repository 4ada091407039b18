"""A fake virt driver for the lab: nova's own FakeDriver, made to behave like one real host.

It lies in nova/virt/ because nova loads compute drivers from that package only.
What it adds to the driver in nova/virt/fake.py:
- the size of the host comes from the configuration ([lab] vcpus, memory_mb, local_gb);
- the node keeps its UUID, and the guests stay known, across a restart of nova-compute;
- a guest leaves the source host after a live migration, and lands SHUTDOWN/RUNNING as it was;
- boot, live migration and cold migration take time;
- faults can be switched on and off while it runs: the file [lab] faults holds JSON such as
  {"compute-3": {"live_migration": "error", "finish_migration": "error", "spawn": "error"}}
  with the actions live_migration and migrate_disk looked up by the SOURCE host, and
  pre_live_migration, check_destination, finish_migration and spawn by the DESTINATION host.
  The value "error" raises, "hang:SECONDS" waits first. For live_migration "error" ends as a
  failed libvirt migration does (the guest stays, ACTIVE; the migration record says error),
  "crash" raises (nova puts the server in ERROR), and "stuck" runs until aborted or forced. For
  check_destination "error" is a failed pre-check (the guest stays, ACTIVE), "crash" raises.
"""

import json
import os
import threading
import time

import nova.conf
import nova.virt.node
from nova import exception
from nova.compute import power_state
from nova.virt import fake
from oslo_config import cfg

CONF = nova.conf.CONF
CONF.register_opts(
    [
        cfg.IntOpt("vcpus", default=4),
        cfg.IntOpt("memory_mb", default=16384),
        cfg.IntOpt("local_gb", default=200),
        cfg.FloatOpt("spawn_seconds", default=0.5),
        cfg.FloatOpt("live_migration_seconds", default=2.0),
        cfg.FloatOpt("cold_migration_seconds", default=1.0),
        cfg.StrOpt("faults", default=""),
    ],
    group="lab",
)


#: Actions whose "error" is one that Nova expects.
_GENTLE = ("live_migration", "check_destination")


class LabDriver(fake.FakeDriverWithoutFakeNodes):
    def __init__(self, virtapi, read_only=False):
        self.vcpus = CONF.lab.vcpus
        self.memory_mb = CONF.lab.memory_mb
        self.local_gb = CONF.lab.local_gb
        super().__init__(virtapi, read_only)
        self._lock = threading.Lock()
        self._guests_file = os.path.join(CONF.state_path, "guests.json")
        self._migrating = {}  # instance uuid -> (event, list with the order given)

    def init_host(self, host):
        super().init_host(host)
        if os.path.exists(self._guests_file):
            with open(self._guests_file) as f:
                for uuid, (name, state) in json.load(f).items():
                    self.instances[uuid] = fake.FakeInstance(name, state, uuid)

    def _save(self):
        with self._lock:
            guests = {u: (i.name, i.state) for u, i in list(self.instances.items())}
            temp = self._guests_file + ".new"
            with open(temp, "w") as f:
                json.dump(guests, f)
            os.rename(temp, self._guests_file)

    def _fault(self, action, instance):
        try:
            with open(CONF.lab.faults) as f:
                what = json.load(f).get(CONF.host, {}).get(action, "")
        except (OSError, ValueError):
            return ""
        if what.startswith("hang:"):
            time.sleep(float(what[5:]))
        elif what == "crash" or (what == "error" and action not in _GENTLE):
            raise exception.NovaException(f"lab fault: {action} on {CONF.host}")
        return what

    # Guests
    def spawn(self, context, instance, *args, **kwargs):
        time.sleep(CONF.lab.spawn_seconds)
        self._fault("spawn", instance)
        super().spawn(context, instance, *args, **kwargs)
        self._save()

    def destroy(self, context, instance, *args, **kwargs):
        super().destroy(context, instance, *args, **kwargs)
        self._save()

    def power_off(self, instance, *args, **kwargs):
        super().power_off(instance, *args, **kwargs)
        self._save()

    def power_on(self, context, instance, *args, **kwargs):
        super().power_on(context, instance, *args, **kwargs)
        self._save()

    def pause(self, instance):
        self.instances[instance.uuid].state = power_state.PAUSED
        self._save()

    def unpause(self, instance):
        self.instances[instance.uuid].state = power_state.RUNNING
        self._save()

    def suspend(self, context, instance):
        self.instances[instance.uuid].state = power_state.SUSPENDED
        self._save()

    def resume(self, context, instance, *args, **kwargs):
        self.instances[instance.uuid].state = power_state.RUNNING
        self._save()

    # Cold migration
    def migrate_disk_and_power_off(
        self,
        context,
        instance,
        dest,
        flavor,
        network_info,
        block_device_info=None,
        timeout=0,
        retry_interval=0,
    ):
        self._fault("migrate_disk", instance)
        time.sleep(CONF.lab.cold_migration_seconds)
        if instance.uuid in self.instances:
            self.power_off(instance)

    def finish_migration(
        self,
        context,
        migration,
        instance,
        disk_info,
        network_info,
        image_meta,
        resize_instance,
        allocations,
        block_device_info=None,
        power_on=True,
        share_info=None,
    ):
        self._fault("finish_migration", instance)
        state = power_state.RUNNING if power_on else power_state.SHUTDOWN
        self.instances[instance.uuid] = fake.FakeInstance(instance.name, state, instance.uuid)
        self._save()

    def finish_revert_migration(self, *args, **kwargs):
        super().finish_revert_migration(*args, **kwargs)
        self._save()

    def confirm_migration(self, context, migration, instance, network_info):
        self.instances.pop(instance.uuid, None)
        self._save()

    # Live migration
    def check_can_live_migrate_destination(self, context, instance, *args, **kwargs):
        if self._fault("check_destination", instance) == "error":
            raise exception.MigrationPreCheckError(reason=f"lab fault on {CONF.host}")
        return super().check_can_live_migrate_destination(context, instance, *args, **kwargs)

    def pre_live_migration(self, context, instance, *args, **kwargs):
        self._fault("pre_live_migration", instance)
        return super().pre_live_migration(context, instance, *args, **kwargs)

    def live_migration(
        self,
        context,
        instance,
        dest,
        post_method,
        recover_method,
        block_migration=False,
        migrate_data=None,
    ):
        event, order = threading.Event(), []
        self._migrating[instance.uuid] = (event, order)
        try:
            what = self._fault("live_migration", instance)
            event.wait(3600 if what == "stuck" else CONF.lab.live_migration_seconds)
        finally:
            self._migrating.pop(instance.uuid, None)
        if order[:1] == ["abort"]:
            recover_method(context, instance, dest, migrate_data, migration_status="cancelled")
        elif what == "error":
            recover_method(context, instance, dest, migrate_data, migration_status="error")
        else:
            post_method(context, instance, dest, block_migration, migrate_data)

    def live_migration_abort(self, instance):
        self._order(instance, "abort")

    def live_migration_force_complete(self, instance):
        self._order(instance, "complete")

    def _order(self, instance, order):
        if instance.uuid in self._migrating:
            event, orders = self._migrating[instance.uuid]
            orders.append(order)
            event.set()

    def post_live_migration(self, context, instance, block_device_info, migrate_data=None):
        self.instances.pop(instance.uuid, None)  # it has left this host
        self._save()

    def post_live_migration_at_destination(
        self, context, instance, network_info, block_migration=False, block_device_info=None
    ):
        state = instance.power_state or power_state.RUNNING
        self.instances[instance.uuid] = fake.FakeInstance(instance.name, state, instance.uuid)
        self._save()
