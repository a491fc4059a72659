# SPDX-License-Identifier: Apache-2.0
# The private instance: apphostd and an httpd of its own, below ./run.

start_instance() {
    write_configuration
    start_apphostd
    start_httpd
    write_env
    start_stopped_apps
}

# Written only when something differs, so that a second run restarts nothing.
write_configuration() {
    mkdir -p "$run/etc" "$run/state" "$run/httpd/logs" "$runtime"
    write_if_changed "$run/etc/apphostd.conf" <<END
# Written by quickstart; a change here is overwritten by the next run.
[apphost]
Domain = $domains
StateDir = $run/state
RuntimeDir = $runtime/apphost
PublicPort = $PORT
[engine]
Socket = $engine_socket
[httpd]
Command = $(httpd_program) -f $run/httpd/httpd.conf
Address = $(own_address)
END
    local modules; modules=$(apxs -q LIBEXECDIR)
    write_if_changed "$run/httpd/httpd.conf" <<END
# Written by quickstart; a change here is overwritten by the next run.
ServerRoot "$run/httpd"
PidFile "$run/httpd/httpd.pid"
DefaultRuntimeDir "$run/httpd"
ServerName localhost
Listen $LISTEN:$PORT
User www-data
Group www-data
$(for module in mpm_event authn_core authn_file auth_basic authz_core authz_host authz_user alias dir headers mime \
        setenvif proxy proxy_http; do
        printf 'LoadModule %s_module %s/mod_%s.so\n' "$module" "$modules" "$module"
    done)
LoadModule apphost_module $prefix/modules/mod_apphost.so
ErrorLog "$run/httpd/logs/error_log"
LogLevel warn
<Directory "/">
    AllowOverride None
    Require all denied
</Directory>
TypesConfig /etc/mime.types
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"" combined
AppHostDomain $domains
AppHostRoutes "$run/state/routes"
<IfDefine !APPHOST_CANDIDATE>
    IncludeOptional "$run/state/vhosts-enabled/*.conf"
</IfDefine>
<IfDefine APPHOST_CANDIDATE>
    IncludeOptional "$run/state/vhosts-candidate/*.conf"
</IfDefine>
<VirtualHost *:$PORT>
    ServerName $DOMAIN
    ServerAlias *.$DOMAIN $lan_domain *.$lan_domain
    AppHost On
</VirtualHost>
END
}

# write_if_changed FILE <content: remembers in "changed" which files were written.
write_if_changed() {
    local file=$1 new; new=$(cat)
    [ -f "$file" ] && [ "$(cat "$file")" = "$new" ] && return 0
    printf '%s\n' "$new" >"$file"
    changed+=" ${file##*/}"
}
changed=

# Binaries that were rebuilt since the process started, or its configuration, ask for a new one.
stale() {
    local name=$1 file
    shift
    for file in "$@"; do [ "$file" -nt "$run/pids/$name" ] && return 0; done
    return 1
}

start_apphostd() {
    if started_by_us apphostd; then
        stale apphostd "$prefix/sbin/apphostd" "$run/etc/apphostd.conf" || return 0
        end_process apphostd
    fi
    step "Starting apphostd"
    setsid "$prefix/sbin/apphostd" -c "$run/etc/apphostd.conf" >>"$run/apphostd.log" 2>&1 </dev/null &
    remember apphostd $!
    wait_until 30 "apphostd (see $run/apphostd.log)" ctl list
}

start_httpd() {
    if started_by_us httpd; then
        stale httpd "$prefix/modules/mod_apphost.so" "$run/httpd/httpd.conf" || return 0
        end_process httpd
    fi
    step "Starting httpd on $LISTEN:$PORT"
    local httpd; httpd=$(httpd_program)
    "$httpd" -t -f "$run/httpd/httpd.conf" >"$run/httpd/check.log" 2>&1 \
        || { cat "$run/httpd/check.log" >&2; die "httpd does not accept its configuration"; }
    setsid "$httpd" -DFOREGROUND -f "$run/httpd/httpd.conf" >>"$run/httpd/logs/start_log" 2>&1 </dev/null &
    remember httpd $!
    wait_until 20 "httpd (see $run/httpd/logs/error_log; is port $PORT taken?)" \
        curl -sS -m 2 -o /dev/null "http://$(own_address):$PORT/"
}

httpd_program() { printf '%s/%s' "$(apxs -q SBINDIR)" "$(apxs -q PROGNAME)"; }

# From the table: name, then state.
running_apps() { awk 'NR > 1 && $2 == "running" { print $1 }'; }

start_stopped_apps() {
    [ -s "$run/stopped-apps" ] || return 0
    step "Starting the apps that ran before"
    while read -r name; do ctl --quiet start "$name" </dev/null || true; done <"$run/stopped-apps"
    rm -f "$run/stopped-apps"
}

own_address() { [ "$LISTEN" = 0.0.0.0 ] && printf 127.0.0.1 || printf '%s' "$LISTEN"; }

# The apps are stopped the ordinary way, and noted, so that the next start brings the same ones back.
stop_instance() {
    if started_by_us apphostd; then
        ctl list | running_apps >"$run/stopped-apps"
        while read -r name; do ctl --quiet stop "$name"; done <"$run/stopped-apps"
    fi
    end_process httpd
    end_process apphostd
}

ctl() { APPHOST_SOCKET=$runtime/apphost/apphostd.sock "$prefix/bin/apphostctl" "$@"; }

write_env() {
    cat >"$run/env" <<END
# Source this file: . run/env
export APPHOST_SOCKET=$runtime/apphost/apphostd.sock
export APPHOST_CONFIG=$run/etc/apphostd.conf
export APPHOST_URL=http://hello.$DOMAIN:$PORT/
export PATH=$prefix/bin:$prefix/sbin:\$PATH
END
}

# The demo goes the ordinary way: an image the engine has, an install script, a plan, a job.
install_hello() {
    if ! have_image apphost-hello:1; then
        step "Making the demo image"
        local tree; tree=$(mktemp -d)
        mkdir -p "$tree/bin"
        cp /bin/busybox "$tree/bin/busybox"
        cp -R "$top/examples/hello/www" "$tree/www"
        # The shell ends at once when the container is stopped; busybox's httpd, as process 1, would not.
        import_image apphost-hello:1 "$tree" \
            'CMD ["/bin/busybox","sh","-c","trap '"'exit 0'"' TERM; /bin/busybox httpd -f -p 80 -h /www & wait"]'
        rm -rf "$tree"
    fi
    ctl status hello >/dev/null 2>&1 && return 0
    step "Installing the demo app"
    ctl install "$top/examples/hello/install.sh" --name hello \
        --uninstall-script "$top/examples/hello/uninstall.sh" --yes
}

print_addresses() {
    local address name=hello.$lan_domain
    say
    say "Ready:        http://hello.$DOMAIN:$PORT/"
    say "Use it:       . run/env && apphostctl list"
    say "Stop it:      ./quickstart down"
    say
    if [ "$LISTEN" = 127.0.0.1 ]; then
        say "From another machine of the network: ./quickstart --lan, then there http://$name:$PORT/ with"
    else
        say "From another machine of the network: http://$name:$PORT/ with"
    fi
    for address in $(lan_addresses); do
        say "  one line in its hosts file:     $address $name"
        say "  or one line in its DNS server:  address=/$lan_domain/$address      (dnsmasq; every app at once)"
    done
}

# Addresses of this machine, without the bridges of containers.
lan_addresses() {
    ip -4 -o addr show scope global | awk '$2 !~ /^(docker|br-|veth|podman|cni)/ { sub("/.*", "", $4); print $4 }'
}
