#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the linker says of the layers: who needs which library.
. "$srcdir/tests/guards/tap.sh"
command -v readelf > /dev/null || fatal "readelf is there (binutils)"

# needed PROGRAM: the libraries it asks for, without the wrapper libtool may have put in its place.
needed() {
    program=$builddir/$1
    test -x "$builddir/.libs/$1" && program=$builddir/.libs/$1
    test -x "$program" || fatal "$1 is built"
    libraries=$(readelf -d "$program" 2> /dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
    test -n "$libraries" || fatal "readelf reads $1"
}

without() {
    needed "$1"
    ok "$1 links none of: $2" "$(printf '%s\n' "$libraries" | grep -E "^lib($2)")"
}

without apphostctl 'sqlite3|curl|yaml|archive|sodium|seccomp|inih|aprutil|httpd'
# libsodium is there for digests of sessions and tokens; a password is hashed in a child.
without apphostd 'curl|yaml|archive|seccomp|aprutil|ssl|resolv'
without apphost-read 'curl|sqlite3'
without apphost-check 'curl|sqlite3'
without apphost-job 'yaml'
done_testing
