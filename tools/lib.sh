# Functions that the scripts in this folder share; sourced by them, never run.
# Daemons are kept under a state folder: RUN holds their pid files, LOG what they print.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s %s\n' "$(date +%T)" "$*" >&2; }
die() { say "$*"; exit 1; }

# --- what has to be installed

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

apt_get() { DEBIAN_FRONTEND=noninteractive as_root apt-get -qq -o DPkg::Lock::Timeout=120 "$@" >> "$LOG/apt.log" 2>&1; }

# Installs those Debian packages that are missing, and keeps them from starting by themselves.
need_packages() {  # need_packages NAME...
    local missing=() p policy=/usr/sbin/policy-rc.d made= rc=0
    for p in "$@"; do dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p"); done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing Debian packages: ${missing[*]}"
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy > /dev/null && as_root chmod +x $policy && made=1
    fi
    apt_get install -y --no-install-recommends "${missing[@]}" ||
        { apt_get update && apt_get install -y --no-install-recommends "${missing[@]}"; } || rc=1
    [ -z "$made" ] || as_root rm -f $policy
    [ $rc = 0 ] || say "cannot install ${missing[*]}: see $LOG/apt.log"
    return $rc
}

# Prints a Python that is new enough and can make virtual environments.
find_python() {
    local p
    for p in ${PYTHON:-python3 python3.13 python3.12 python3.11 /usr/bin/python3}; do
        "$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        if "$p" -c 'import ensurepip, venv' 2>/dev/null; then command -v "$p"; return; fi
    done
    need_packages python3-venv && /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' &&
        echo /usr/bin/python3
}

# Makes or renews a virtual environment; pip runs again only when what is installed may have changed.
make_venv() {  # make_venv FOLDER CHECKOUT PIP-ARGUMENT...; pip's words go to $LOG/pip.log
    local venv=$1 root=$2 python stamp; shift 2
    exec 9> "$venv.lock" && flock 9
    stamp=$(cat "$root"/{setup.cfg,setup.py,pyproject.toml,*requirements.txt,doc/requirements.txt} | cksum)" $root $*"
    if [ "$(cat "$venv/stamp" 2>/dev/null)" != "$stamp" ]; then
        say "installing into $venv"
        python=$(find_python) || { say "no Python 3.11 or later with venv"; return 1; }
        "$venv/bin/python" -c '' 2>/dev/null || "$python" -m venv --clear "$venv" || { say "cannot make $venv"; return 1; }
        "$venv/bin/pip" install -qq "$@" > "$LOG/pip.log" 2>&1 ||
            { tail -n 20 "$LOG/pip.log" >&2; say "pip failed: see $LOG/pip.log"; return 1; }
        echo "$stamp" > "$venv/stamp"
    fi
    exec 9>&-
}

# --- processes: known by pid and start time, so that a reused pid is never taken for ours

# The fields after the name, which may itself hold spaces and brackets.
stat_fields() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null; }
started() { stat_fields "$1" | cut -d' ' -f20; }

alive() {  # alive NAME
    local pid at
    read -r pid at 2>/dev/null < "$RUN/$1.pid" || return 1
    [ -n "$at" ] && [ "$(started "$pid")" = "$at" ] && [ "$(stat_fields "$pid" | cut -c1)" != Z ]
}

pid_of() { local pid _; read -r pid _ < "$RUN/$1.pid" && echo "$pid"; }

names() { local f; for f in "$RUN"/*.pid; do [ ! -e "$f" ] || basename "$f" .pid; done; }

start() {  # start NAME COMMAND...
    local name=$1 pid; shift
    if alive "$name"; then return 0; fi
    setsid nohup "$@" >> "$LOG/$name.out" 2>&1 < /dev/null 9>&- &
    pid=$!
    echo "$pid $(started $pid)" > "$RUN/$name.pid"
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A port that somebody else has would look like ours to wait_port.
start_on() {  # start_on PORT NAME COMMAND...
    if ! alive "$2" && listens "$1"; then say "$2 cannot start: port $1 is in use"; return 1; fi
    start "${@:2}"
}

stop() {  # stop NAME [SECONDS]: asks, waits, then kills
    local pid n=$(( ${2:-20} * 10 ))
    if alive "$1"; then
        pid=$(pid_of "$1")
        kill "$pid" 2>/dev/null
        while alive "$1" && [ $((n--)) -gt 0 ]; do sleep 0.1; done
        if alive "$1"; then say "$1 did not stop, killing pid $pid"; kill -9 "$pid"; fi
    fi
    rm -f "$RUN/$1.pid"
}

wait_port() {  # wait_port PORT NAME [SECONDS]
    local n=$(( ${3:-60} * 10 ))
    while [ $((n--)) -gt 0 ]; do
        alive "$2" || { say "$2 died: see $LOG/$2.out"; tail -n 5 "$LOG/$2.out" >&2; return 1; }
        if listens "$1"; then return 0; fi
        sleep 0.1
    done
    say "$2 does not listen on $1: see $LOG/$2.out"; return 1
}

# One command at a time in a state folder. Daemons must not inherit descriptor 9 (see start).
lock() { mkdir -p "$1" && exec 9> "$1/lock" && { flock -n 9 || { say "waiting for another run"; flock 9; }; }; }

# An authority of its own, and a certificate for this machine that it has signed.
make_tls() {  # make_tls FOLDER: ca.pem, server.pem, server.key
    [ ! -e "$1/server.pem" ] || return 0
    mkdir -p "$1"
    {   openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=fenix-test-ca -keyout "$1/ca.key" -out "$1/ca.pem" &&
        openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$1/server.key" -out "$1/server.csr" &&
        openssl x509 -req -days 3650 -in "$1/server.csr" -CA "$1/ca.pem" -CAkey "$1/ca.key" -CAcreateserial \
            -extfile <(echo 'subjectAltName = DNS:localhost, IP:127.0.0.1') -out "$1/server.new" &&
        mv "$1/server.new" "$1/server.pem"
    } > "$LOG/tls.log" 2>&1 || { say "no certificate: see $LOG/tls.log"; return 1; }
}

# --- daemons that the test services and the lab have in common

# Data is thrown away after a run, so nothing waits for the disk. What is committed outlives the server
# all the same: tests kill it.
start_mariadb() {  # start_mariadb NAME FOLDER PORT [OPTION...]
    local me; me=$(id -un)
    if [ ! -d "$2/mysql" ]; then
        rm -rf "$2.new"
        mariadb-install-db --no-defaults --datadir="$2.new" --user="$me" --skip-test-db \
            --innodb-flush-method=nosync > "$LOG/mariadb-install.log" 2>&1 || return 1
        mv "$2.new" "$2"
    fi
    start_on "$3" "$1" mariadbd --no-defaults --datadir="$2" --socket="$2.sock" --pid-file="$2.pid" --user="$me" \
        --port="$3" --bind-address=127.0.0.1 --skip-log-bin --skip-name-resolve --max-connections=600 \
        --innodb-buffer-pool-size=128M --innodb-flush-method=nosync --innodb-doublewrite=0 \
        --innodb-flush-log-at-trx-commit=2 --performance-schema=OFF "${@:4}"
}
mariadb_root() { mariadb --no-defaults -u"$(id -un)" -S "$1.sock" "${@:2}"; }  # mariadb_root FOLDER ARGUMENT...

# Past Debian's wrapper, which changes the user and drops the environment. It thinks that systemd
# started it: then it does not put a shell in between, and the pid is the broker's own. With a folder of
# make_tls it listens with TLS only.
start_rabbit() {  # start_rabbit NAME FOLDER PORT USER PASSWORD [TLS] (takes the two ports after PORT: distribution, epmd)
    local listen="listeners.tcp.1 = 127.0.0.1:$3"
    [ -z "$6" ] || listen="listeners.tcp = none
listeners.ssl.1 = 127.0.0.1:$3
ssl_options.cacertfile = $6/ca.pem
ssl_options.certfile = $6/server.pem
ssl_options.keyfile = $6/server.key"
    mkdir -p "$2"
    printf '[].\n' > "$2/plugins"
    cat > "$2/rabbitmq.conf" <<X
$listen
default_user = $4
default_pass = $5
vm_memory_high_watermark.absolute = 1GB
X
    (   export HOME=$2 ERL_EPMD_PORT=$(($3 + 2)) ERL_EPMD_ADDRESS=127.0.0.1 RUNNING_UNDER_SYSTEMD=1
        export RABBITMQ_NODENAME=fenix$3@localhost
        [ -n "$6" ] || export RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=$3
        export RABBITMQ_DIST_PORT=$(($3 + 1)) RABBITMQ_MNESIA_BASE=$2/mnesia RABBITMQ_LOG_BASE=$LOG
        export RABBITMQ_ENABLED_PLUGINS_FILE=$2/plugins RABBITMQ_CONFIG_FILE=$2/rabbitmq
        export RABBITMQ_PID_FILE=$2/pid RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='+sbwt none +sbwtdcpu none +sbwtdio none'
        start "$1-epmd" epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1
        start_on "$3" "$1" /usr/lib/rabbitmq/bin/rabbitmq-server )
}
