#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Documents that repeat a table: the manual, the completion, the protocol page, the configuration.
. "$srcdir/tests/guards/tap.sh"
ctl=$builddir/apphostctl
test -x "$ctl" || fatal "apphostctl is built"
manual=$srcdir/ctl/apphostctl.1 completion=$srcdir/ctl/completion/apphostctl
protocol=$srcdir/docs/protocol.md ops=$srcdir/common/ops.def errors=$srcdir/common/errors.def
need "$manual" "$completion" "$protocol" "$ops" "$errors"
plain=$(sed 's/\\-/-/g' "$manual")

verbs=$(sed -n 's/^APH_OP_ROW("\([a-z-]*\)".*/\1/p' "$ops")
# Those with NULL where the usage stands: reached by an option of another verb, or by programs alone.
wordless=$(tr '\n' ' ' < "$ops" | sed 's/APH_OP_ROW(/\n/g' | sed -n 's/^"\([a-z-]*\)"[^A]*APH_OP_[A-Z]*, APH_SCOPE_[A-Z]*,\( *"[^"]*"\)*, *NULL,.*/\1/p')
test "$(printf '%s\n' "$verbs" | wc -l)" -ge 10 || fatal "operations are found"
table=$("$ctl" help protocol)
ok "the protocol page has the table of operations" "$(printf '%s\n' "$table" | while read -r line; do
    grep -qxF -- "$line" "$protocol" || echo "$line"
done)"
ok "the protocol page has no other operation" "$(grep -E '^\| `' "$protocol" | while read -r line; do
    printf '%s\n' "$table" | grep -qxF -- "$line" || echo "$line"
done)"
ok "every operation is in the table" "$(for verb in $verbs; do
    printf '%s\n' "$table" | grep -q "^| \`$verb\` |" || echo "$verb"
done)"

commands=$("$ctl" help | sed -n '/^Commands/,/^$/s/^  \([a-z][a-z ]*[a-z]\)  .*/\1/p')
test "$(printf '%s\n' "$commands" | wc -l)" -ge 10 || fatal "commands are found"
ok "every operation is a command" "$(for verb in $verbs; do
    printf '%s\n' "$wordless" | grep -qx "$verb" || printf '%s\n' "$commands" | tr ' ' - | grep -qx "$verb" || echo "$verb"
done)"
ok "the manual explains every command by its usage and help" "$(printf '%s\n' "$commands" | while read -r command; do
    usage=$("$ctl" help $command | sed -n 's/^usage: apphostctl //p')
    help=$("$ctl" help $command | sed -n 3p)
    test -n "$usage" && test -n "$help" || echo "$command: no help"
    printf '%s\n' "$plain" | grep -qxF -- ".B $usage" || echo "$usage"
    printf '%s\n' "$plain" | grep -qF -- "$help" || echo "$command: $help"
done)"
ok "the manual has every option, and no other" "$( {
    printf '%s\n' "$commands" | while read -r command; do "$ctl" help $command; done | grep -oE '^  .{4}--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u
    printf '%s\n' "$plain" | grep -E '^\.(BR|BI|B) (-|--)' | grep -oE -- '--[a-z-]+' | sort -u
} | sort | uniq -u)"
ok "the manual explains no other command" "$(printf '%s\n' "$plain" |
    sed -n '/^\.SH COMMANDS/,/^\.SH OPTIONS/s/^\.B \([a-z][a-z]*\).*/\1/p' | sort -u |
    while read -r word; do printf '%s\n' "$commands" | grep -qE "^$word( |\$)" || echo "$word"; done)"

codes=$("$ctl" help exit-codes)
ok "the manual has every exit code" "$(printf '%s\n' "$codes" | while IFS= read -r line; do
    printf '%s\n' "$plain" | grep -qxF -- "$line" || echo "$line"
done)"
ok "exit codes are unique, and not the shell's" \
    "$(sed -n 's/^APH_ERROR_ROW([^,]*,[^,]*, *\([0-9]*\).*/\1/p' "$errors" | sort -n |
       awk '$1 == last || $1 < 1 || $1 > 125 { print $1 } { last = $1 }')"
ok "the completion is the one apphostctl prints" "$("$ctl" help completion | diff - "$completion" 2>&1)"

knows=$(sed -n 's/^#define SCHEMA_VERSION *\([0-9]*\).*/\1/p' "$srcdir/helper/doctor/check_database.c")
makes=$(sed -n 's/^#define APHD_SCHEMA_VERSION *\([0-9]*\).*/\1/p' "$srcdir"/helper/monitor/*.h)
test -n "$knows" && test -n "$makes" || fatal "versions of the schema are found"
ok "the doctor knows the schema apphostd makes" "$(test "$knows" = "$makes" || echo "$knows, $makes")"

directives=$(sed -n 's/.*AP_INIT_[A-Z0-9]*("\([A-Za-z]*\)".*/\1/p' "$srcdir/mod_apphost/config.c" | sort)
test -n "$directives" || fatal "directives are found"
need "$srcdir/conf/apphost.conf"
ok "conf/apphost.conf explains every directive" "$(for directive in $directives; do
    grep -qE "^#? *$directive( |\$)" "$srcdir/conf/apphost.conf" || echo "$directive"
done)"
ok "conf/apphost.conf has no other directive" \
    "$(grep -oE '^#? ?AppHost[A-Za-z]*' "$srcdir/conf/apphost.conf" | tr -d '# ' | sort -u |
       while read -r word; do printf '%s\n' "$directives" | grep -qx "$word" || echo "$word"; done)"

need "$srcdir/conf/apphostd.conf" "$srcdir/helper/base/settings.c"
keys=$(sed -n 's/^ \*   \([A-Z][A-Za-z]*\) =.*/\1/p' "$srcdir/helper/base/settings.h" | sort)
test -n "$keys" || fatal "keys of the configuration are found"
ok "conf/apphostd.conf explains every key" "$(for key in $keys; do
    grep -qE "^[#; ]*$key *=" "$srcdir/conf/apphostd.conf" || echo "$key"
done)"
ok "settings.c reads every key" "$(for key in $keys; do
    grep -q "\"$key\"" "$srcdir/helper/base/settings.c" || echo "$key"
done)"
done_testing
