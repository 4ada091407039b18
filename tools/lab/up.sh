# Installs, configures and starts the lab; sourced by tools/openstack-lab. Safe to repeat.

install() {
    local python
    need_packages mariadb-server rabbitmq-server memcached || exit 1
    if ! cmp -s "$HERE/packages.txt" "$VENV/packages.txt"; then
        say "installing OpenStack into $VENV (a few minutes the first time)"
        python=$(find_python) || die "no Python 3.11 or later"
        rm -rf "$VENV"
        "$python" -m venv "$VENV" &&
            "$VENV/bin/pip" install -qq --no-deps -r "$HERE/packages.txt" > "$LOG/pip.log" 2>&1 &&
            "$VENV/bin/pip" check >> "$LOG/pip.log" 2>&1 || die "pip failed: see $LOG/pip.log"
        cp "$HERE/packages.txt" "$VENV/packages.txt"
    fi
    # Nova loads drivers from this package only.
    cp "$HERE/labfake.py" "$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/nova/virt/"
}

# manage PROGRAM FOLDER ARGUMENT...: a management command with its configuration
manage() {
    local files=(--config-file "$(ls "$ETC/$2"/*.conf | grep -E '/(keystone|placement|glance-api|aodh|nova|vitrage)\.conf')")
    [ "$2" != nova ] || files+=(--config-file "$ETC/nova/db.conf")
    "$VENV/bin/$1" "${files[@]}" "${@:3}" >> "$LOG/setup.out" 2>&1 ||
        { say "failed: $1 ${*:3}"; tail -n 20 "$LOG/setup.out" >&2; return 1; }
}

sql() { mariadb_root "$STATE/mysql" -N -e "$1"; }

keystone_schema() {
    local u=http://127.0.0.1:$P_KEYSTONE/v3 me; me=$(id -un)
    manage keystone-manage keystone fernet_setup --keystone-user "$me" --keystone-group "$(id -gn)" &&
        manage keystone-manage keystone credential_setup --keystone-user "$me" --keystone-group "$(id -gn)" &&
        manage keystone-manage keystone db_sync &&
        manage keystone-manage keystone bootstrap --bootstrap-password $PASS --bootstrap-region-id RegionOne \
            --bootstrap-admin-url "$u" --bootstrap-internal-url "$u" --bootstrap-public-url "$u"
}
nova_schema() {
    manage nova-manage nova api_db sync &&
        manage nova-manage nova cell_v2 map_cell0 --database_connection "$(db nova_cell0)" &&
        manage nova-manage nova db sync || return 1
    [ "$(sql "SELECT COUNT(*) FROM nova_api.cell_mappings WHERE name = 'cell1'")" = 1 ] ||
        manage nova-manage nova cell_v2 create_cell --name cell1
}
other_schemas() {
    manage placement-manage placement db sync && manage aodh-dbsync aodh && manage glance-manage glance db_sync
}

databases() {
    local d jobs=() j
    start_rabbit rabbit "$LAB/rabbit" $P_RABBIT lab $PASS || exit 1
    start_on $P_MEMCACHED memcached memcached -u "$(id -un)" -l 127.0.0.1 -p $P_MEMCACHED -m 32 || exit 1
    start_mariadb mysql "$STATE/mysql" $P_MYSQL && wait_port $P_MYSQL mysql || exit 1
    if [ -e "$STATE/databases.done" ]; then neighbour_schemas; return; fi
    say "making the databases"
    sql "CREATE USER IF NOT EXISTS lab@'127.0.0.1' IDENTIFIED BY '$PASS'; GRANT ALL ON *.* TO lab@'127.0.0.1'"
    for d in keystone placement glance nova_api nova nova_cell0 aodh; do
        sql "CREATE DATABASE IF NOT EXISTS $d CHARACTER SET utf8mb3"
    done
    sql "CREATE DATABASE IF NOT EXISTS fenix CHARACTER SET utf8mb4"
    for j in keystone_schema nova_schema other_schemas neighbour_schemas; do $j & jobs+=($!); done
    for j in "${jobs[@]}"; do wait "$j" || exit 1; done
    touch "$STATE/databases.done"
}

api() {  # api NAME PORT MODULE [THREADS]
    start_on "$2" "$1" "$VENV/bin/python" "$HERE/serve.py" "$2" "${4:-4}" "$3" || exit 1
}
# Nova's processes that do not run, as forks of one: the computes wait for what they need, since one
# that finds no conductor at first asks again only ten seconds later.
fork_nova() {  # fork_nova NAME...
    local n first=() computes=()
    for n in "$@"; do
        if alive "$n"; then continue; fi
        case $n in compute-*) computes+=("$n") ;; *) first+=("$n") ;; esac
    done
    [ ${#first[@]} != 0 ] || [ ${#computes[@]} != 0 ] || return 0
    { wait_port $P_RABBIT rabbit && wait_port $P_KEYSTONE keystone && fill catalogue && echo go &&
        wait_port $P_PLACEMENT placement && wait_conductor "${first[@]}" && echo go; } |
        "$VENV/bin/python" "$HERE/nova_fork.py" "$RUN" "$LOG" "$ETC/nova" "${first[@]}" -- "${computes[@]}" 9>&-
}
wait_conductor() {  # wait_conductor STARTED...: until it reports, if it is among those just started
    local since n=300
    case " $* " in *' nova-conductor '*) ;; *) return 0 ;; esac
    while ! alive nova-conductor && [ $((n -= 1)) -gt 0 ]; do sleep 0.1; done      # it is forked meanwhile
    since=$(sql 'SELECT UTC_TIMESTAMP()')
    while [ "$(sql "SELECT COUNT(*) FROM nova.services WHERE \`binary\` = 'nova-conductor' AND updated_at >= '$since'")" = 0 ]; do
        alive nova-conductor && [ $((n -= 1)) -gt 0 ] || { say "nova-conductor does not report: see $LOG/nova-conductor.out"; return 1; }
        sleep 0.2
    done
}
fill() {  # fill STEP: once
    [ ! -e "$STATE/$1.done" ] || return 0
    "$VENV/bin/python" "$HERE/setup_cloud.py" "$1" >> "$LOG/setup.out" 2>&1 ||
        { tail -n 20 "$LOG/setup.out" >&2; die "filling the $1 failed"; }
    touch "$STATE/$1.done"
}

nova_api() {
    export OS_NOVA_CONFIG_DIR=$ETC/nova OS_NOVA_CONFIG_FILES='api-paste.ini;nova.conf;db.conf'
    api nova-api $P_NOVA nova.wsgi.osapi_compute
}

services() {  # services NAME...: the names of the computes
    local nova
    export OS_KEYSTONE_CONFIG_DIR=$ETC/keystone OS_PLACEMENT_CONFIG_DIR=$ETC/placement OS_GLANCE_CONFIG_DIR=$ETC/glance
    api keystone $P_KEYSTONE keystone.wsgi.api
    # One thread: with four, ten simultaneous boots once claimed 5 vCPU on a host of 4.
    api placement $P_PLACEMENT placement.wsgi.api 1
    fork_nova nova-conductor nova-scheduler "$@" & nova=$!
    start_on $P_NEUTRON neutron-stub "$VENV/bin/python" "$HERE/neutron_stub.py" $P_NEUTRON || exit 1
    wait_port $P_RABBIT rabbit || exit 1
    nova_api
    api glance $P_GLANCE glance.wsgi.api
    wait $nova || die "Nova does not start"
    if [ "$WITH_AODH" = 1 ]; then
        # aodh-api and its token filter read ~/.aodh/aodh.conf or /etc/aodh/aodh.conf, nothing else.
        mkdir -p "$ETC/home"; ln -sfn "$ETC/aodh" "$ETC/home/.aodh"
        HOME=$ETC/home api aodh-api $P_AODH aodh.wsgi.api
        start aodh-listener "$VENV/bin/aodh-listener" --config-file "$ETC/aodh/aodh.conf"
        start aodh-notifier "$VENV/bin/aodh-notifier" --config-file "$ETC/aodh/aodh.conf"
        start ceilometer "$VENV/bin/ceilometer-agent-notification" --config-file "$ETC/ceilometer/ceilometer.conf"
        wait_port $P_AODH aodh-api || exit 1
    fi
    neighbours
    wait_port $P_GLANCE glance && wait_port $P_NOVA nova-api || exit 1
    fill cloud
    wait_neighbours
}

# wait_hosts SINCE NAME...: until each has reported after SINCE (a time of the database) and belongs to the cell
wait_hosts() {
    local since=$1 n=600 up
    local list="'${2}'$(printf ",'%s'" "${@:3}")"
    while :; do
        up=$(sql "SELECT COUNT(*) FROM nova.services s JOIN nova.compute_nodes c ON c.host = s.host AND c.deleted = 0
                  WHERE s.\`binary\` = 'nova-compute' AND s.deleted = 0 AND s.updated_at >= '$since' AND s.host IN ($list)")
        [ "$up" -lt $(($# - 1)) ] || break
        [ $((n -= 1)) -gt 0 ] || die "only $up of $(($# - 1)) hosts came up: see $LOG/compute-*.out"
        sleep 0.2
    done
    [ "$(sql "SELECT COUNT(*) FROM nova_api.host_mappings WHERE host IN ($list)")" -ge $(($# - 1)) ] ||
        manage nova-manage nova cell_v2 discover_hosts || exit 1
}

up() {
    local t0 t1 t2 t3 since n computes=()
    t0=$(date +%s)
    install; t1=$(date +%s)
    . "$HERE/configure.sh"
    databases; t2=$(date +%s)
    since=$(sql 'SELECT UTC_TIMESTAMP() - INTERVAL 20 SECOND')     # a report after this counts as "up"
    for n in $(seq "$N_COMPUTE"); do
        compute_conf "$n"; computes+=("compute-$n")
        alive "compute-$n" || since=$(sql 'SELECT UTC_TIMESTAMP()')
    done
    services "${computes[@]}"
    wait_hosts "$since" "${computes[@]}"
    t3=$(date +%s)
    say "up: installing $((t1 - t0)) s, databases $((t2 - t1)) s, services $((t3 - t2)) s"
}
