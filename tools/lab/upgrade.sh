# Nova's previous release beside the newest, to upgrade hosts from it; sourced by tools/openstack-lab.

# The previous release sees everything else of the newest one's environment.
install_previous() {
    local newest python=$VENV_PREVIOUS/bin/python site
    newest=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    if [ "$(cat "$VENV_PREVIOUS/release" 2>/dev/null)" != "$NOVA_PREVIOUS $newest" ]; then
        say "installing Nova $NOVA_PREVIOUS into $VENV_PREVIOUS"
        rm -rf "$VENV_PREVIOUS"
        "$VENV/bin/python" -m venv "$VENV_PREVIOUS" || die "cannot make $VENV_PREVIOUS"
        site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
        echo "$newest" > "$site/newest.pth"
        { "$VENV_PREVIOUS/bin/pip" install -qq --no-deps "nova==$NOVA_PREVIOUS" &&
            "$VENV_PREVIOUS/bin/pip" check; } > "$LOG/pip-previous.log" 2>&1 ||
            die "pip failed: see $LOG/pip-previous.log"
        echo "$NOVA_PREVIOUS $newest" > "$VENV_PREVIOUS/release"
    fi
    site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    cp "$HERE/labfake.py" "$site/nova/virt/"
}

# The names of Nova's processes on a host.
processes() {  # processes HOST
    case $1 in
        controller) echo nova-conductor nova-scheduler nova-api ;;
        *) [ -e "$ETC/nova/$1.conf" ] || die "no host is called $1"; echo "$1" ;;
    esac
}
service_of() {  # service_of NAME: binary and host, as SQL
    case $1 in
        compute-*) echo "'nova-compute','$1'" ;;
        nova-api) echo "'nova-osapi_compute','controller'" ;;
        *) echo "'$1','controller'" ;;
    esac
}

# The release that a process runs: as it wrote itself (nova_fork.py), or that of its interpreter.
release_of() {  # release_of NAME
    local python
    if [ "$1" != nova-api ]; then cat "$RUN/$1.release"; return; fi
    python=$(tr '\0' '\n' < "/proc/$(pid_of "$1")/cmdline" | head -n 1)
    "$python" -c 'from importlib import metadata; print(metadata.version("nova"))'
}

# "NAME RELEASE VERSION" of those that run; VERSION is the service version that it reported to Nova.
releases() {  # releases NAME...
    local n
    for n in "$@"; do
        if alive "$n"; then echo "$n $(release_of "$n") $(sql "SELECT version FROM nova.services
            WHERE deleted = 0 AND (\`binary\`, host) = ($(service_of "$n"))")"; fi
    done
}

stop_all() { local n; for n in "$@"; do stop "$n" & done; wait; }

# Nova lets no service start that is older than all its like: in a cloud that is about to be
# upgraded they never were newer.
downgrade() {  # downgrade HOST...
    local site version n names=()
    install_previous
    for n in "$@"; do names+=($(processes "$n")) || exit 1; done
    stop_all "${names[@]}"
    site=$("$VENV_PREVIOUS/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    version=$(sed -n 's/^SERVICE_VERSION = //p' "$site/nova/objects/service.py")
    for n in "${names[@]}"; do
        sql "UPDATE nova.services SET version = $version WHERE (\`binary\`, host) = ($(service_of "$n"))"
    done
    restart_from "$VENV_PREVIOUS" "$@"
}

restart_from() {  # restart_from VENV HOST...: all of them together; returns when each has reported
    local VENV=$1 n since names=() reporting=(); shift
    for n in "$@"; do names+=($(processes "$n")) || exit 1; done
    for n in "${names[@]}"; do [ "$n" = nova-api ] || reporting+=("$n"); done
    releases "${names[@]}" | sed 's/^/before: /'
    stop_all "${names[@]}"
    since=$(sql 'SELECT UTC_TIMESTAMP()')
    fork_nova "${reporting[@]}" || die "Nova does not start"
    case " ${names[*]} " in *' nova-api '*) nova_api && wait_port $P_NOVA nova-api || exit 1 ;; esac
    wait_services "$since" "${reporting[@]}"
    releases "${names[@]}" | sed 's/^/after: /'
}

wait_services() {  # wait_services SINCE NAME...: until each has reported after SINCE
    local since=$1 name n=600 list=; shift
    for name in "$@"; do list+=",($(service_of "$name"))"; done
    while [ "$(sql "SELECT COUNT(*) FROM nova.services WHERE deleted = 0 AND last_seen_up > '$since'
                    AND (\`binary\`, host) IN (${list#,})")" -lt $# ]; do
        [ $((n -= 1)) -gt 0 ] || die "not all came up again: $*; see $LOG"
        sleep 0.2
    done
}
