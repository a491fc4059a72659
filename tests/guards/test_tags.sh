#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A tag (APH0123) names one place in the source: every number is used once. Tags are the number after
# the status in aph_error_set, or after err in the small functions of a file that wrap it.
. "$srcdir/tests/guards/tap.sh"

files=$(sources c h)
cd "$srcdir" || exit 1
tags=$(for file in $files; do
    tr '\n' ' ' < "$file" |
        grep -oE 'aph_error_set\([^;"]*"|[a-z_]+\([^;"()]*[&>a-z_]*(err|error|cause|why)[,][[:space:]]*[0-9]{1,4},' |
        grep -oE ',[[:space:]]*[0-9]{1,4}[[:space:]]*,' | grep -oE '[0-9]+' | sed "s|\$| $file|"
done)
test "$(printf '%s\n' "$tags" | wc -l)" -gt 30 || fatal "tags are found"
twice=$(printf '%s\n' "$tags" | sort -n | awk '$1 == last { print "APH" $1 ": " file " and " $2 } { last = $1; file = $2 }')
ok "every tag is used once" "$twice"
ok "tags are 1 to 9999" "$(printf '%s\n' "$tags" | awk '$1 < 1 || $1 > 9999')"
done_testing
