# SPDX-License-Identifier: Apache-2.0
# What quickstart needs of the machine: root, packages, a folder, a build.

say() { printf '%s\n' "$*"; }
die() { printf 'quickstart: %s\n' "$1" >&2; exit "${2:-1}"; }
step() { printf '\n== %s\n' "$*"; }

need_root() { [ "$(id -u)" = 0 ] || die "must run as root: it starts a container engine and httpd"; }

# httpd without Debian's service around it: apache2-bin, not apache2.
build_packages=(gcc make libc6-dev autoconf automake libtool pkg-config apache2-bin apache2-dev libapr1-dev
    libaprutil1-dev libjansson-dev libsqlite3-dev libcurl4-openssl-dev libyaml-dev libinih-dev
    libidn2-dev libsodium-dev libseccomp-dev busybox-static curl procps iproute2 media-types)
check_packages=(libcmocka-dev clang libclang-rt-dev clang-tidy cppcheck valgrind python3 python3-pytest
    python3-jsonschema python3-requests python3-websocket python3-yaml wrk strace universal-ctags openssl apache2-utils e2fsprogs
    chromium chromium-driver)
engine_packages=(docker.io docker-compose iptables)
# Beside Docker's packages, which bring runc: names of services, and "init: true".
podman_packages=(podman netavark aardvark-dns catatonit)

# Asks dpkg first, so that a second run costs no look at the network.
install_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    step "Installing ${missing[*]}"
    apt_get update
    apt_get install -y --no-install-recommends "${missing[@]}"
}

apt_get() {
    local log=$run/apt.log
    DEBIAN_FRONTEND=noninteractive apt-get -q "$@" >>"$log" 2>&1 </dev/null \
        || { tail -n 20 "$log" >&2; die "apt-get $1 failed; the whole output is in $log"; }
}

# httpd's children and the reader run without privileges, and must reach the files of the instance. A
# clone below /root is closed to them: then ./run points to a folder in /var/lib.
choose_run_folder() {
    local key; key=$(printf '%s' "$top" | cksum | cut -d' ' -f1)
    runtime=/run/apphost-$key
    if [ ! -e "$top/run" ]; then
        if reachable "$top"; then
            mkdir "$top/run"
        else
            mkdir -p "/var/lib/apphost-quickstart-$key"
            ln -s "/var/lib/apphost-quickstart-$key" "$top/run"
        fi
    fi
    run=$(readlink -f "$top/run")
    prefix=$run/inst
    mkdir -p "$run"
    chmod 0755 "$run"
}

find_run_folder() {
    [ -e "$top/run" ] || return 1
    choose_run_folder
}

reachable() { setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$1" 2>/dev/null; }

# build_product FOLDER PREFIX [CONFIGURE-OPTION...]: configure once, make what changed, install.
build_product() {
    local folder=$1 into=$2 log=$1/build.log
    shift 2
    mkdir -p "$folder"
    if [ ! -x "$top/configure" ] || [ "$top/configure.ac" -nt "$top/configure" ]; then
        step "Preparing the build"
        (cd "$top" && autoreconf -i) >"$log" 2>&1 || { tail -n 20 "$log" >&2; die "autoreconf failed"; }
    fi
    if [ ! -f "$folder/Makefile" ]; then
        step "Configuring"
        (cd "$folder" && "$top/configure" --prefix="$into" --with-moduledir="$into/modules" "$@") \
            >"$log" 2>&1 || { tail -n 20 "$log" >&2; die "configure failed; see $log"; }
    fi
    # Unchanged files keep their time (install -C), which tells stale() that nothing is to be restarted.
    [ -x "$into/sbin/apphostd" ] || step "Building"
    make -C "$folder" -j"$(nproc)" install INSTALL="$(command -v install) -C" >"$log" 2>&1 \
        || { grep -E 'error|Error' "$log" | head -n 20 >&2; die "make failed; see $log"; }
}

# started_by_us NAME: whether the process of run/pids/NAME still is the one we started. A pid alone
# could be somebody else's by now, so its start time is kept beside it.
started_by_us() {
    local file=$run/pids/$1 pid born
    [ -f "$file" ] || return 1
    read -r pid born <"$file"
    [ "$(birth "$pid")" = "$born" ]
}

birth() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

remember() { mkdir -p "$run/pids"; printf '%s %s\n' "$2" "$(birth "$2")" >"$run/pids/$1"; }

pid_of() { local pid; read -r pid _ <"$run/pids/$1"; printf '%s' "$pid"; }

# end_process NAME: TERM, and a wait until it is gone.
end_process() {
    started_by_us "$1" || { rm -f "$run/pids/$1"; return 0; }
    local pid; pid=$(pid_of "$1")
    kill "$pid"
    for _ in $(seq 300); do
        started_by_us "$1" || { rm -f "$run/pids/$1"; return 0; }
        sleep 0.1
    done
    die "$1 (process $pid) does not end; look at it with: ps -fp $pid"
}

# wait_until SECONDS WHAT COMMAND...
wait_until() {
    local tries=$(($1 * 10)) what=$2
    shift 2
    while ! "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || die "$what did not come up in time"
        sleep 0.1
    done
}
