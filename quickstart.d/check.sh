# SPDX-License-Identifier: Apache-2.0
# Every test of the tree. Each part adds to passed and failed; a part that cannot run has failed.

work=$run/check

# First a build; then four lanes at once, so that the whole takes as long as the longest of them: tests
# of the product with httpd's event MPM; the same with the worker MPM; those of catalog, people and admin handler with
# either, then some on Podman; and, with what these leave of the processors, everything about the source.
# They mostly wait. Each but the first is in a network namespace of its own, with its own engine.
run_checks() {
    started=$SECONDS
    mkdir -p "$work"
    : >"$work/results"
    part "gcc: build and unit tests" unit_tests gcc CC=gcc
    make -C "$work/gcc" install >"$work/install.log" 2>&1 || die "nothing to test: see $work/install.log"
    find_registry || die "there is no registry to test with"
    find_analyze || die "there is no systemd-analyze to judge the units with"
    start_lane source lane_source
    start_lane worker unshare --net "$top/quickstart" check-worker
    start_lane catalog lane_catalog
    lane_event
    end_lane worker
    end_lane catalog
    end_lane source
    say_results
}

lane_event() {
    start_docker
    part "integration tests" run_pytest event "$top"/tests/integration/test_[1-6]*.py
    part "browser tests" run_pytest browser "$top/tests/browser"
    stop_engine
}

# In a network namespace there are no ports, networks and firewall rules but those of its own engine.
lane_catalog() {
    unshare --net "$top/quickstart" check-catalog && unshare --net "$top/quickstart" check-podman
}

check_worker() {
    enter_network worker
    mpm=worker part "integration tests under the worker MPM" \
        run_pytest worker -k "not worker" "$top"/tests/integration/test_[3-6]*.py
    stop_engine
}

check_catalog() {
    enter_network catalog
    part "tests of the catalog, people and the admin handler" run_pytest catalog "$top"/tests/integration/test_[78]*.py
    mpm=worker part "tests of the catalog under the worker MPM" \
        run_pytest catalog-worker "$top"/tests/integration/test_{7,82}*.py
    stop_engine
}

check_podman() {
    enter_network
    part "integration tests on Podman" run_podman_tests
}

# enter_network [NAME]: with a name, that of a Docker engine to start.
enter_network() {
    find_registry
    find_analyze
    ip link set lo up
    printf '35001-35999\n' >/proc/sys/net/ipv4/ip_local_reserved_ports
    engine_socket=
    [ $# -eq 1 ] || return 0
    runtime=$runtime-$1 engine_name=dockerd-$1 engine_data=$run/engine-$1
    engine_socket=$runtime/docker.sock
    start_dockerd
    wait_until 60 "the container engine (see $run/$engine_name.log)" engine_answers "$engine_socket"
}

lane_source() {
    renice -n 19 "$BASHPID" >/dev/null
    part "clang: build without a warning" clean_build clang CC=clang --disable-tests
    part "ASan and UBSan: unit tests" unit_tests sanitizers CC=clang --enable-sanitizers --enable-fuzz
    part "valgrind: unit tests" valgrind_tests
    part "cppcheck" run_cppcheck
    part "clang-tidy" run_clang_tidy
    part "make distcheck" run_distcheck
}

# start_lane NAME COMMAND...: in the background; what it says is shown when it has ended. A lane that
# ends early has failed, whatever its parts said.
start_lane() {
    local name=$1
    shift
    ("$@" || printf '0 1 %s\n' "lane $name ended early" >>"$work/results") >"$work/lane-$name.log" 2>&1 </dev/null &
    lanes[$name]=$!
}
declare -A lanes

end_lane() {
    wait "${lanes[$1]}" || true
    cat "$work/lane-$1.log"
}

# part TITLE FUNCTION ARGUMENT...: the function sets ok and bad.
part() {
    local title=$1 begin=$SECONDS
    shift
    step "$title"
    ok=0 bad=0
    "$@" || bad=$((bad + 1))
    [ $((ok + bad)) -gt 0 ] || { say "ran nothing"; bad=1; }
    printf '%s %s %s\n' "$ok" "$bad" "$title" >>"$work/results"
    say "$ok passed, $bad failed in $((SECONDS - begin)) s"
}

say_results() {
    say
    awk '$2 > 0 { sub(/^[0-9]+ /, ""); n = $1; sub(/^[0-9]+ /, ""); print "failed: " $0 " (" n ")" }' "$work/results"
    say "took $((SECONDS - started)) s"
    awk '{ ok += $1; bad += $2 } END { printf "%d passed, %d failed\n", ok, bad; exit bad > 0 }' "$work/results"
}

# configure_for NAME OPTION...: a build folder of its own, out of the tree, without earlier traces.
configure_for() {
    local name=$1
    shift
    build=$work/$name
    rm -rf "$build"
    mkdir -p "$build"
    [ -x "$top/configure" ] || (cd "$top" && autoreconf -i) >"$work/autoreconf.log" 2>&1 || return 1
    (cd "$build" && "$top/configure" --enable-werror --prefix="$build/inst" \
        --with-moduledir="$build/inst/modules" CFLAGS="-O1 -g" "$@") >"$build/configure.log" 2>&1 \
        || { tail -n 20 "$build/configure.log"; return 1; }
}

show_errors() { grep -nE 'error:|warning:|Error [0-9]|undefined' "$1" | head -n 30; }

unit_tests() {
    configure_for "$@" || return 1
    make -C "$build" -j"$(nproc)" all >"$build/make.log" 2>&1 || { show_errors "$build/make.log"; return 1; }
    timeout 900 make -C "$build" -j"$(nproc)" -k check >"$build/check.log" 2>&1 || true
    count_tap "$build/check.log"
}

# Automake's summary: "# PASS:  12". An XFAIL or SKIP is not a pass, and is shown.
count_tap() {
    ok=$(sum_of PASS "$1")
    bad=$(($(sum_of FAIL "$1") + $(sum_of ERROR "$1") + $(sum_of XPASS "$1")))
    grep -E '^(FAIL|ERROR|XPASS|SKIP)' "$1" | head -n 30 || true
    [ $((ok + bad)) -gt 0 ] || show_errors "$1"
}

sum_of() { sed -n "s/^# $1: *\([0-9]*\)$/\1/p" "$2" | awk '{ n += $1 } END { print n + 0 }'; }

clean_build() {
    configure_for "$@" || return 1
    make -C "$build" -j"$(nproc)" -k all >"$build/make.log" 2>&1 || { show_errors "$build/make.log"; return 1; }
    ok=1
}

# The same test programs under valgrind; libtool runs the real program, not its wrapper.
valgrind_tests() {
    build=$work/gcc
    timeout 1500 make -C "$build" -j"$(nproc)" -k check TESTS="$(valgrind_programs)" \
        LOG_COMPILER="./libtool --mode=execute valgrind" \
        AM_LOG_FLAGS="-q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible --child-silent-after-fork=yes" \
        >"$build/valgrind.log" 2>&1 || true
    count_tap "$build/valgrind.log"
}

# Only programs of ours: a shell script under valgrind would test the shell. test_child looks at the
# descriptors and signals of a fresh process, and valgrind has its own of both; test_reader measures
# limits of time, and under valgrind everything takes longer; test_*_hostile need openat2, which this
# valgrind does not know, and mounts.
valgrind_programs() {
    (cd "$build" && find tests/unit -maxdepth 1 -name 'test_*' -type f -perm -u+x ! -name '*.*' ! -name test_child ! -name test_reader ! -name "test_*_hostile" | sort | tr '\n' ' ')
}

run_cppcheck() {
    (cd "$top" && cppcheck -q --std=c11 --enable=warning,performance,portability --inline-suppr \
        --library=tests/guards/cppcheck-jansson.cfg --error-exitcode=1 -j"$(nproc)" -I . \
        common mod_apphost helper ctl) >"$work/cppcheck.log" 2>&1 \
        || { head -n 30 "$work/cppcheck.log"; return 1; }
    ok=1
}

# The files come before "--", what the compiler is told after it; no file at all is a failure.
run_clang_tidy() {
    local flags files
    flags="-std=gnu11 -D_GNU_SOURCE -I. -I$work/gcc -isystem $(apxs -q INCLUDEDIR)
        $(pkg-config --cflags apr-1 jansson sqlite3 libcurl libseccomp libsodium inih libidn2)
        -DAPH_LIBEXECDIR=\"\" -DAPH_SYSCONFDIR=\"\" -DAPH_PKGDATADIR=\"\" -DAPH_DATADIR=\"\"
        -DAPH_MODULEDIR=\"\" -DAPH_SBINDIR=\"\" -DAPH_UIDIR=\"\" -DAPH_VERSION=\"\""
    files=$(cd "$top" && find common mod_apphost helper ctl -name '*.c')
    [ -n "$files" ] || return 1
    # shellcheck disable=SC2016
    (cd "$top" && flags=$flags xargs -P "$(nproc)" -n 8 sh -c \
        'clang-tidy --quiet --warnings-as-errors="*" "$@" -- $flags' clang-tidy <<<"$files") \
        >"$work/tidy.log" 2>&1 || { grep -E 'error:|warning:' "$work/tidy.log" | head -n 30; return 1; }
    ok=1
}

run_distcheck() {
    build=$work/gcc
    make -C "$build" distcheck DISTCHECK_CONFIGURE_FLAGS="--with-moduledir=$work/gcc/distcheck-modules" \
        >"$build/distcheck.log" 2>&1 || { show_errors "$build/distcheck.log"; return 1; }
    ok=1
}

# run_pytest NAME ARGUMENT...: the tests see an installed product, as an admin would have it. The tests of
# the module alone (test_1xx) take both MPMs themselves, those of test_2xx need no httpd; all others take
# the one of mpm.
run_pytest() {
    local name=$1
    shift
    APPHOST_MPM=${mpm:-event} APPHOST_ARTEFACTS=$run/artefacts APPHOST_PREFIX=$work/gcc/inst \
        APPHOST_BUILD=$work/gcc DOCKER_SOCKET=$engine_socket REGISTRY=$registry \
        SYSTEMD_ANALYZE=$analyze \
        PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m pytest -q -p no:cacheprovider --tb=short \
        --junitxml="$work/$name.xml" "$@" 2>&1 | tee "$work/$name.log" || true
    read -r ok bad < <(/usr/bin/python3 - "$work/$name.xml" <<'END'
import sys, xml.etree.ElementTree as tree
suite = tree.parse(sys.argv[1]).getroot().find("testsuite")
n = {k: int(suite.get(k, 0)) for k in ("tests", "failures", "errors", "skipped")}
bad = n["failures"] + n["errors"]
print(n["tests"] - bad - n["skipped"], bad)
END
    ) || return 1
}

# On an engine of the tests' own (tests/integration/podman_env.py). Those whose outcome depends on what an
# engine says and does: installing in every form there is (300, 365), one that answers wrongly or goes away
# (350), what is Podman's alone: boot, crashes, ports (390), and of the catalog an entry with all kinds of
# questions, a rock-on, a storage location, an update, one that fails, and the way back. Left to a run by
# hand, because there the engine is only the ground that apphost stands on: our own kills, full disks,
# streams and wear.
run_podman_tests() {
    APPHOST_ENGINE=podman run_pytest podman "$top"/tests/integration/test_3{00,50,65,90}*.py \
        "$top"/tests/integration/test_740_entry_install.py::test_{an_entry_becomes_an_app,a_digest_is_the_only_one,a_rockon_of_two_containers} \
        "$top"/tests/integration/test_750_update.py::test_{update_and_rollback,'a_failing_update[mute]'} \
        "$top"/tests/integration/test_760_storage.py::test_an_answer_becomes_a_folder
}

# Debian's registry program, unpacked rather than installed: its package would start a service.
find_registry() {
    registry=$(command -v docker-registry || true)
    [ -z "$registry" ] || return 0
    registry=$work/registry/usr/bin/docker-registry
    [ -x "$registry" ] && return 0
    mkdir -p "$work/registry"
    (cd "$work/registry" && apt-get -q download docker-registry && dpkg-deb -x docker-registry_*.deb .) \
        >"$work/registry.log" 2>&1 || { tail -n 5 "$work/registry.log"; return 1; }
}

# The same for the command that judges units: a machine without systemd has none.
find_analyze() {
    analyze=$(command -v systemd-analyze || true)
    [ -z "$analyze" ] || return 0
    analyze=$work/systemd/usr/bin/systemd-analyze
    [ -x "$analyze" ] && return 0
    mkdir -p "$work/systemd"
    (cd "$work/systemd" && apt-get -q download systemd libsystemd-shared libsystemd0 \
        && for package in *.deb; do dpkg-deb -x "$package" . || exit 1; done) \
        >"$work/systemd.log" 2>&1 || { tail -n 5 "$work/systemd.log"; return 1; }
}
