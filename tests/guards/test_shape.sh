#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The shape of the source: licence, lengths, comments on what is public, nothing forgotten by make.
. "$srcdir/tests/guards/tap.sh"

code=$(sources c h def)
test "$(printf '%s\n' "$code" | wc -l)" -gt 20 || fatal "the sources are found"
cd "$srcdir" || exit 1

# What lies in tests/cases is data: scripts as their authors would write them.
scripts=$(find tests -path tests/cases -prune -o -type f \
    \( -name '*.sh' -o -name '*.py' -o -name '*.c' -o -name '*.h' \) -print)
bare=$(for file in $code $scripts; do
    head -3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$file"
done)
ok "every file names its licence" "$bare"

ok "no file has more than 600 lines" "$(wc -l $code | awk '$2 != "total" && $1 > 600 { print $2 ": " $1 }')"
tidy=$(sources c h -- common ctl mod_apphost helper/policy helper/doctor helper/setup helper/httpd helper/vhost)
test "$(printf '%s\n' "$tidy" | wc -l)" -gt 100 || fatal "the folders of short lines are found"
ok "no line of them has more than 100 columns" "$(awk 'length($0) > 100 { print FILENAME ":" FNR }' $tidy)"
# A function's body stands between a { and a } in the first column.
ok "no function has more than 100 lines" "$(for file in $(sources c); do
    awk -v file="$file" '/^\{/ { start = FNR } /^\}/ && start { if (FNR - start + 1 > 100)
        print file ":" start ": " FNR - start + 1 " lines"; start = 0 }' "$file"
done)"

# A prototype of a common header stands under a comment, alone or in a paragraph that has one.
headers=$(sources h -- common)
test -n "$headers" || fatal "common has headers"
ok "what common offers is explained" "$(for file in $headers; do
    awk -v file="$file" '
        function end() { if (bare != "" && !comment) print file ": " bare; bare = ""; comment = 0 }
        /^[[:space:]]*$/ { end(); next }
        /\*\// { comment = 1 }
        /^[a-z].*[a-z0-9_]+\(/ && !/^typedef|^static|^#/ && bare == "" { bare = FNR ": " $0 }
        END { end() }' "$file"
done)"

lists=$(find common mod_apphost helper ctl -name local.am)
test -n "$lists" || fatal "the lists of make are found"
ok "make knows every source" "$(for file in $(sources c h def); do
    grep -qF "$file" $lists || echo "$file"
done)"
ok "unit tests are in the list" "$(for file in $(find tests/unit -name 'test_*.c'); do
    grep -qF "${file%.c}" tests/unit/local.am || echo "$file"
done)"
ok "guards are in the list" "$(for file in $(find tests/guards -name 'test_*.sh'); do
    grep -qF "$file" tests/guards/local.am || echo "$file"
done)"
done_testing
