# Writes every configuration file of the lab under $ETC; sourced by up.sh.
sec() {  # the keystone section of a service user: sec SECTION USER
    printf '[%s]\nauth_type = password\nauth_url = http://127.0.0.1:%s/v3\nusername = %s\npassword = %s\n' \
        "$1" $P_KEYSTONE "$2" $PASS
    printf 'project_name = service\nuser_domain_id = default\nproject_domain_id = default\nregion_name = RegionOne\n'
}
authtoken() { sec keystone_authtoken "$1"; printf 'www_authenticate_uri = http://127.0.0.1:%s/v3\nmemcached_servers = 127.0.0.1:%s\n' $P_KEYSTONE $P_MEMCACHED; }

mkdir -p "$ETC"/{keystone,placement,glance,nova,aodh,ceilometer} "$STATE"/{keystone,glance/store,glance/staging,glance/tasks,nova,locks}

cat > "$ETC/keystone/keystone.conf" <<X
[DEFAULT]
use_stderr = true
[database]
connection = $(db keystone)
max_pool_size = 5
[token]
provider = fernet
expiration = 86400
[identity]
# Cheap ones: a log-in costs 2 ms instead of 250.
password_hash_rounds = 4
[fernet_tokens]
key_repository = $STATE/keystone/fernet
[credential]
key_repository = $STATE/keystone/credential
[cache]
enabled = true
backend = dogpile.cache.memcached
memcache_servers = 127.0.0.1:$P_MEMCACHED
[oslo_policy]
enforce_scope = true
X

cat > "$ETC/placement/placement.conf" <<X
[api]
auth_strategy = keystone
[placement_database]
connection = $(db placement)
max_pool_size = 5
$(authtoken placement)
X

cp -n "$VENV/etc/glance/glance-api-paste.ini" "$ETC/glance/" 2>/dev/null
cat > "$ETC/glance/glance-api.conf" <<X
[DEFAULT]
use_stderr = true
enabled_backends = file:file
[glance_store]
default_backend = file
[file]
filesystem_store_datadir = $STATE/glance/store
[os_glance_staging_store]
filesystem_store_datadir = $STATE/glance/staging
[os_glance_tasks_store]
filesystem_store_datadir = $STATE/glance/tasks
[paste_deploy]
flavor = keystone
config_file = $ETC/glance/glance-api-paste.ini
[database]
connection = $(db glance)
max_pool_size = 5
[oslo_concurrency]
lock_path = $STATE/locks
$(authtoken glance)
X

cp -n "$VENV/etc/nova/api-paste.ini" "$VENV/etc/nova/rootwrap.conf" "$ETC/nova/" 2>/dev/null
cat > "$ETC/nova/nova.conf" <<X
[DEFAULT]
my_ip = 127.0.0.1
host = controller
state_path = $STATE/nova
transport_url = $TRANSPORT
use_stderr = true
compute_driver = labfake.LabDriver
report_interval = 2
service_down_time = 20
# A call to a host that has died unnoticed ends sooner than after a minute.
rpc_response_timeout = 20
graceful_shutdown_timeout = 2
manager_shutdown_timeout = 2
cpu_allocation_ratio = 1.0
ram_allocation_ratio = 1.0
disk_allocation_ratio = 1.0
reserved_host_memory_mb = 0
reserved_host_disk_mb = 0
allow_resize_to_same_host = false
max_concurrent_builds = 10
max_concurrent_live_migrations = 4
sync_power_state_interval = 120
update_resources_interval = 30
[lab]
vcpus = $HOST_VCPUS
memory_mb = $HOST_RAM_MB
local_gb = $HOST_DISK_GB
faults = $FAULTS
[conductor]
workers = 1
[scheduler]
workers = 1
discover_hosts_in_cells_interval = 30
[filter_scheduler]
enabled_filters = ComputeFilter,ComputeCapabilitiesFilter,ImagePropertiesFilter,ServerGroupAntiAffinityFilter,ServerGroupAffinityFilter
# With Nova's default, true, the scheduler takes a live-migrated instance to be still where it came
# from, for up to two minutes (scheduler_instance_sync_interval), and keeps its group off that host.
track_instance_changes = false
[quota]
driver = nova.quota.NoopQuotaDriver
[vnc]
enabled = false
[glance]
api_servers = http://127.0.0.1:$P_GLANCE
[oslo_concurrency]
lock_path = $STATE/locks
$(authtoken nova)
$(sec placement nova)
$(sec neutron nova)
endpoint_override = http://127.0.0.1:$P_NEUTRON
$(sec service_user nova)
send_service_user_token = true
X
# Only for the services that may use the database: nova-compute must not have it.
cat > "$ETC/nova/db.conf" <<X
[api_database]
connection = $(db nova_api)
max_pool_size = 5
[database]
connection = $(db nova)
max_pool_size = 5
X
compute_conf() {  # compute_conf N
    mkdir -p "$STATE/compute-$1"
    printf '[DEFAULT]\nhost = compute-%s\nstate_path = %s\n' "$1" "$STATE/compute-$1" > "$ETC/nova/compute-$1.conf"
}


# event_alarm_cache_ttl 0: an alarm works as soon as it is made (else up to 60 s later).
cat > "$ETC/aodh/aodh.conf" <<X
[DEFAULT]
transport_url = $TRANSPORT
use_stderr = true
event_alarm_cache_ttl = 0
[api]
auth_mode = keystone
[database]
connection = $(db aodh)
max_pool_size = 5
[listener]
workers = 1
[notifier]
workers = 1
[evaluator]
workers = 1
$(authtoken aodh)
$(sec service_credentials aodh)
X
cat > "$ETC/ceilometer/ceilometer.conf" <<X
[DEFAULT]
transport_url = $TRANSPORT
use_stderr = true
event_pipeline_cfg_file = $ETC/ceilometer/event_pipeline.yaml
[notification]
# Only events: without the meter pipeline nothing asks for Gnocchi.
pipelines = event
workers = 1
# The exchanges (control_exchange) of the services whose notifications are read.
notification_control_exchanges = nova
notification_control_exchanges = fenix
notification_control_exchanges = openstack
[event]
definitions_cfg_file = $ETC/ceilometer/event_definitions.yaml
drop_unmatched_notifications = true
[oslo_messaging_notifications]
topics = notifications
X
# The files that Fenix ships are what is tried here.
cp "$ROOT/etc/fenix/event_definitions.yaml" "$ROOT/etc/fenix/event_pipeline.yaml" "$ETC/ceilometer/" ||
    exit 1

masakari_conf
vitrage_conf
