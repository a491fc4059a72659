#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The policy's table against the keys compose has: none without a row, no row without a key, and the page of
# documentation that repeats the table.
. "$srcdir/tests/guards/tap.sh"
list=$srcdir/tests/guards/compose_keys.txt page=$srcdir/docs/compose.md check=$builddir/apphost-check
need "$list" "$page"
test -x "$check" || fatal "apphost-check is built"
rows=$("$check" --keys)
test "$(printf '%s\n' "$rows" | wc -l)" -gt 200 || fatal "apphost-check prints its table"
paths=$(printf '%s\n' "$rows" | sed 's/^| `\([^`]*\)`.*/\1/')
test "$(grep -c '^spec ' "$list")" -gt 250 || fatal "the list of keys is whole"

# A key has a row when one has its path; when one ends in .** above it, which speaks for all below; or when it
# only holds others, and one of those has a row.
ok "every key of compose has a row" "$( { printf '%s\n' "$paths" | sed 's/^/row /'; grep -E '^(spec|newer|older|ours) ' "$list"; } | awk '
    $1 == "row" {
        row = $2; last = ""
        if (sub(/\.\*\*$/, "", row)) whole[row] = 1
        while (row != last) { has[row] = 1; last = row; sub(/\.[^.]*$/, "", row) }
        next
    }
    function covered(path, last) {
        while (path != last) { if (path in whole) return 1; last = path; sub(/\.[^.]*$/, "", path) }
        return 0
    }
    !($2 in has) && !covered($2) && $2 != "services" { print $2 }')"

# Names and places an author chooses are no keys: rows that end in them say what their values may be.
ok "every row is about a key compose has" "$( { grep -E '^(spec|newer|older|ours) ' "$list"; printf '%s\n' "$paths" | sed 's/^/row /'; } | awk '
    $1 != "row" { known[$2] = 1; next }
    { path = $2; while (sub(/\.(\*\*|\*|#)$/, "", path)); if (!(path in known)) print $2 }')"
ok "no row stands twice" "$(printf '%s\n' "$paths" | sort | uniq -d | grep -vE '^(services\.\*\.gpus|(volumes|configs|secrets)\.\*\.external)$')"
ok "every row has a reason" "$(printf '%s\n' "$rows" | grep -vE '^\| `[^`]+` \| (allow|rewrite|ask|deny) \| .+ \|$')"
ok "docs/compose.md has the table" "$(sed '1,/^## The table/d' "$page" | grep -E '^\| `' |
    awk -v rows="$rows" 'BEGIN { count = split(rows, row, "\n") } $0 != row[NR] { print } END { if (NR != count) print NR " rows of " count }')"

rules=$(sed -n 's/^APH_RULE("\([a-z-]*\)".*/\1/p' "$srcdir/common/rules.def")
test "$(printf '%s\n' "$rules" | wc -l)" -ge 8 || fatal "rules are found"
ok "every rule that can be overridden is one of a judge's, and explained" "$(for rule in $rules; do
    grep -q "\"$rule\"" "$srcdir"/helper/policy/judge_*.c || echo "$rule: no judge"
    grep -qF "| \`$rule\` |" "$page" || echo "$rule: not in docs/compose.md"
done)"
done_testing
