# Masakari's API and Vitrage, which react to a host's maintenance; sourced by tools/openstack-lab.
# Neither of their recoveries runs: Masakari is its API alone, Vitrage its API, graph and persistor.

masakari_conf() {
    mkdir -p "$ETC/masakari"
    cp -n "$VENV/etc/masakari/api-paste.ini" "$ETC/masakari/" 2>/dev/null
    cat > "$ETC/masakari/masakari.conf" <<X
[DEFAULT]
transport_url = $TRANSPORT
use_stderr = true
auth_strategy = keystone
# A host of a segment has to be one that Nova knows.
os_privileged_user_name = nova
os_privileged_user_password = $PASS
os_privileged_user_tenant = service
os_privileged_user_auth_url = http://127.0.0.1:$P_KEYSTONE/v3
os_region_name = RegionOne
[database]
connection = $(db masakari)
max_pool_size = 5
[taskflow]
connection = $(db masakari)
[wsgi]
api_paste_config = $ETC/masakari/api-paste.ini
[oslo_concurrency]
lock_path = $STATE/locks
$(authtoken masakari)
X
}

# What Vitrage's package leaves out: its API's pipeline, and the values of the data sources used.
vitrage_conf() {
    mkdir -p "$ETC/vitrage/values"
    cat > "$ETC/vitrage/api-paste.ini" <<X
[composite:vitrage+keystone]
use = egg:Paste#urlmap
/v1 = v1
[pipeline:v1]
pipeline = authtoken api
[app:api]
paste.app_factory = vitrage.api.app:app_factory
root = vitrage.api.controllers.v1.root.V1Controller
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
oslo_config_project = vitrage
X
    local type states='40 DELETED DELETED\n30 ERROR ERROR\n20 SUBOPTIMAL SUBOPTIMAL\n10 AVAILABLE OK\n'
    local severities='50 CRITICAL CRITICAL\n30 WARNING WARNING\n20 UNKNOWN N/A\n10 OK OK\n'
    for type in default nova.host nova.instance nova.zone; do values RESOURCE "$states" "$type"; done
    for type in doctor vitrage; do values ALARM "$severities" "$type"; done
    cat > "$ETC/vitrage/vitrage.conf" <<X
[DEFAULT]
transport_url = $TRANSPORT
use_stderr = true
[api]
host = 127.0.0.1
port = $P_VITRAGE
paste_config = $ETC/vitrage/api-paste.ini
[database]
connection = $(db vitrage)
max_pool_size = 5
[entity_graph]
datasources_values_dir = $ETC/vitrage/values
[datasources]
types = nova.host,nova.zone,nova.instance,doctor
snapshots_interval = 60
[evaluator]
workers = 1
$(authtoken vitrage)
$(sec service_credentials vitrage)
X
}
values() {  # values CATEGORY LINES TYPE: each line a priority, a name, and what it means
    local priority name value
    {   printf 'category: %s\nvalues:\n' "$1"
        printf "$2" | while read -r priority name value; do
            printf ' - aggregated values:\n    priority: %s\n    original values:\n' "$priority"
            printf '     - name: %s\n       operational_value: %s\n' "$name" "$value"
        done
    } > "$ETC/vitrage/values/$3.yaml"
}

# Once, also in a lab that was made without them: their databases, and then their places in the catalogue.
neighbour_schemas() {
    [ ! -e "$STATE/neighbours.done" ] || return 0
    local d
    for d in masakari vitrage; do sql "CREATE DATABASE IF NOT EXISTS $d CHARACTER SET utf8mb3"; done
    masakari_schema && vitrage_schema || exit 1
    rm -f "$STATE/catalogue.done"
    touch "$STATE/neighbours.done"
}
# Masakari's command makes its own, then stops at those of a library that only its engine uses.
masakari_schema() {
    "$VENV/bin/masakari-manage" --config-file "$ETC/masakari/masakari.conf" db sync >> "$LOG/setup.out" 2>&1
    [ "$(sql "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'masakari' AND table_name = 'hosts'")" = 1 ] ||
        { say "failed: masakari-manage db sync"; tail -n 20 "$LOG/setup.out" >&2; return 1; }
}
vitrage_schema() { manage vitrage-dbsync vitrage; }

# Started with the others, and waited for last: Vitrage's graph needs Nova to answer.
neighbours() {
    # As aodh-api they read their files in the home folder or under /etc, nothing else.
    local name
    mkdir -p "$ETC/home"
    for name in masakari vitrage; do ln -sfn "$ETC/$name" "$ETC/home/.$name"; done
    if [ "$WITH_MASAKARI" = 1 ]; then
        HOME=$ETC/home OS_MASAKARI_CONFIG_DIR=$ETC/masakari api masakari-api $P_MASAKARI masakari.wsgi.api
    fi
    if [ "$WITH_VITRAGE" = 1 ]; then
        start vitrage-graph "$VENV/bin/vitrage-graph" --config-file "$ETC/vitrage/vitrage.conf"
        start vitrage-persistor "$VENV/bin/vitrage-persistor" --config-file "$ETC/vitrage/vitrage.conf"
        HOME=$ETC/home api vitrage-api $P_VITRAGE vitrage_app
    fi
}
wait_neighbours() {
    [ "$WITH_MASAKARI" != 1 ] || wait_port $P_MASAKARI masakari-api || exit 1
    [ "$WITH_VITRAGE" != 1 ] || wait_port $P_VITRAGE vitrage-api || exit 1
}
