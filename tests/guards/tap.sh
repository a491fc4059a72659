# SPDX-License-Identifier: Apache-2.0
# What the guards share: TAP, and the list of the sources. A guard that finds no input fails.
# The caller has $srcdir (the tree) and $builddir from the environment of `make check`.
: "${srcdir:?set by make check}" "${builddir:?set by make check}"
LC_ALL=C
export LC_ALL
number=0

# ok DESCRIPTION FINDINGS: passes when there are no findings; they are shown otherwise.
ok() {
    number=$((number + 1))
    if test -z "$2"; then
        echo "ok $number - $1"
    else
        echo "not ok $number - $1"
        printf '%s\n' "$2" | sed 's/^/# /'
    fi
}

done_testing() {
    echo "1..$number"
}

# fatal REASON: the guard cannot do its work.
fatal() {
    ok "$1" "cannot look"
    done_testing
    exit 1
}

# need PATH...: each must be there and not be empty.
need() {
    for needed in "$@"; do
        test -s "$needed" || fatal "input $needed"
    done
}

# sources SUFFIX... [-- FOLDER...]: the files of ours, one a line; without folders, of all of them.
sources() {
    folders="common mod_apphost helper ctl"
    names=
    while test $# -gt 0; do
        case $1 in
        --) shift; folders=$*; break ;;
        *) names="$names -o -name *.$1"; shift ;;
        esac
    done
    set -f
    (cd "$srcdir" && find $folders -type f \( ${names# -o} \)) | sort
    set +f
}
