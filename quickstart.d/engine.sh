# SPDX-License-Identifier: Apache-2.0
# A container engine: the one that answers already, or one of our own.

engine_answers() { curl -fsS -m 5 --unix-socket "$1" http://engine/_ping >/dev/null 2>&1; }

# Podman names itself, also where its socket is called docker.sock (package podman-docker).
is_podman() { curl -fsSI -m 5 --unix-socket "$1" http://engine/_ping 2>/dev/null | grep -qi '^libpod-api-version:'; }

# Sets engine_socket: Docker's or Podman's that answers, or a Docker of our own. What this starts,
# stop_engine stops; an engine that was there is left alone. Docker is not put beside a Podman that
# merely sleeps: two engines mind each other's packet filter, and which of them it is to be is the
# admin's choice.
start_engine() {
    for engine_socket in /run/docker.sock /run/podman/podman.sock; do
        engine_answers "$engine_socket" || continue
        have_compose || install_packages docker-compose
        return 0
    done
    if command -v podman >/dev/null && [ ! -x /usr/sbin/dockerd ]; then
        local start="systemctl enable --now podman.socket"
        [ -d /run/systemd/system ] || start="mkdir -p /run/podman; podman system service --time=0 unix:///run/podman/podman.sock &"
        die "Podman is installed, and its service does not answer. Start it and run this again:
  $start
or, to use Docker instead: apt-get install docker.io"
    fi
    start_docker
}

# Sets engine_socket to a Docker, whatever else there is.
start_docker() {
    engine_socket=/run/docker.sock
    if engine_answers "$engine_socket" && ! is_podman "$engine_socket"; then
        have_compose || install_packages docker-compose
        return 0
    fi
    engine_socket=$runtime/docker.sock
    engine_answers "$engine_socket" && return 0
    install_packages "${engine_packages[@]}"
    if [ -d /run/systemd/system ]; then
        step "Starting Docker"
        systemctl start docker
        engine_socket=/run/docker.sock
    else
        step "Starting a Docker engine of our own"
        start_dockerd
    fi
    wait_until 60 "the container engine (see $run/dockerd.log)" engine_answers "$engine_socket"
}

have_compose() {
    local place
    for place in /usr/libexec/docker/cli-plugins /usr/lib/docker/cli-plugins \
        /usr/local/lib/docker/cli-plugins /usr/local/bin /usr/bin; do
        [ -x "$place/docker-compose" ] && return 0
    done
    return 1
}

# Sockets have short paths, so they lie in /run whatever the clone's path is.
start_dockerd() {
    mkdir -p "$runtime" "${engine_data:=$run/engine}"
    setsid /usr/sbin/dockerd --host "unix://$engine_socket" --data-root "$engine_data" \
        --exec-root "$runtime/engine" --pidfile "$runtime/dockerd.pid" \
        >>"$run/$engine_name.log" 2>&1 </dev/null &
    remember "$engine_name" $!
}
engine_name=dockerd

stop_engine() { end_process "$engine_name"; }

# import_image NAME:TAG FOLDER CHANGE...: an image from a folder, without a Dockerfile or a builder. The
# tag stands in repo: Docker takes it there as well, and Podman 4.3 nowhere else.
import_image() {
    local name=$1 folder=$2 query change
    shift 2
    query="fromSrc=-&repo=$(url_encode "$name")"
    for change in "$@"; do query+="&changes=$(url_encode "$change")"; done
    tar -C "$folder" --numeric-owner --owner=0 --group=0 -cf - . \
        | curl -sS --fail-with-body --unix-socket "$engine_socket" -X POST -H 'Content-Type: application/x-tar' \
            --data-binary @- -o "$run/import.log" "http://engine/images/create?$query" \
        || die "the engine did not take the image $name: $(cat "$run/import.log")"
}

url_encode() {
    local text=$1 i c
    for ((i = 0; i < ${#text}; i++)); do
        c=${text:i:1}
        case $c in [a-zA-Z0-9._~-]) printf '%s' "$c" ;; *) printf '%%%02X' "'$c" ;; esac
    done
}

have_image() { curl -fsS -o /dev/null --unix-socket "$engine_socket" "http://engine/images/$1/json" 2>/dev/null; }
