#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/trust.md against the code: which requests reach the engine and from where, and how many lines of
# root face clients.
. "$srcdir/tests/guards/tap.sh"
page=$srcdir/docs/trust.md calls=$srcdir/helper/job/engine_calls.def
need "$page" "$calls"
command -v readelf > /dev/null || fatal "readelf is there (binutils)"

# --- requests
rows=$(sed '1,/\*\//d' "$calls" | tr '\n' ' ' | sed 's/APHD_ENGINE_CALL/\n&/g' |
    sed -n 's/^APHD_ENGINE_CALL("\([A-Z]*\)", "\([^"]*\)", "\([^"]*\)", *"\([^"]*\)") *$/| \1 | `\2` | \3 | \4 |/p' |
    sed 's/|  |/| - |/')
test "$(printf '%s\n' "$rows" | wc -l)" -eq "$(grep -c '^APHD_ENGINE_CALL(' "$calls")" ||
    fatal "the rows of engine_calls.def are read"
written=$(sed -n '/^## What apphost asks/,/^## What compose asks/p' "$page" | grep -E '^\| [A-Z]+ \|')
ok "the page and engine_calls.def have the same requests" "$(printf '%s\n' "$rows" "$written" | sort | uniq -u)"

cd "$srcdir" || exit 1
# A call that was forgotten there would only be noticed when it is made.
written=$(grep -ohE '"/(_ping|build|containers|distribution|events|exec|images|info|networks|system|version|volumes)[^"?%]*' \
    $(sources c -- helper/job) | tr -d '"' | sort -u)
test "$(printf '%s\n' "$written" | wc -l)" -ge 8 || fatal "paths of the engine are found"
ok "every path of the engine in helper/job begins a row" "$(printf '%s\n' "$written" | while read -r path; do
    grep -qF "\", \"$path" "$calls" || echo "$path"
done)"
ok "only the transport, and the doctor's query, which only gets, speak to the engine" \
    "$(grep -lE 'CURLOPT_(UNIX_SOCKET|ABSTRACT_UNIX_SOCKET)' $(sources c) | grep -vxE 'helper/(job/engine|doctor/engine_query)\.c'
       grep -nE 'CUSTOMREQUEST|CURLOPT_POST|UPLOAD|NOBODY' helper/doctor/engine_query.c)"
ok "the transport asks the list before it asks the engine, and sends no body" \
    "$(grep -q 'aphd_engine_call_listed(call->method, call->path)' helper/job/engine.c || echo 'it does not ask'
       grep -n 'POSTFIELDS' helper/job/engine.c | grep -v 'CURLOPT_POSTFIELDS, "")'
       grep -nE 'CURLOPT_(READFUNCTION|READDATA|UPLOAD|MIMEPOST|COPYPOSTFIELDS)' helper/job/*.c)"
ok "compose is started in one place, on the rendered file" \
    "$(grep -n 'aphd_compose_up(' $(sources c) | grep -vE '^helper/job/(compose|bring_up)\.c:'
       grep -n '\.file = ' helper/job/bring_up.c | grep -v 'job->app.compose_path')"

# --- root that faces clients
program=$builddir/apphostd
test -x "$builddir/.libs/apphostd" && program=$builddir/.libs/apphostd
test -x "$program" || fatal "apphostd is built"
# A file's symbol names it without its folder; names are unique in the three folders it is made of.
linked=$(readelf -sW "$program" | awk '$4 == "FILE" && $8 ~ /\.c$/ { print $8 }' | sort -u)
files=$(sources c -- common helper/base helper/monitor | while read -r file; do
    printf '%s\n' "$linked" | grep -qx "${file##*/}" && echo "$file"
done)
test "$(printf '%s\n' "$files" | wc -l)" -gt 30 || fatal "the files apphostd is made of are found"
ok "what is linked into apphostd is of these folders" \
    "$(printf '%s\n' "$linked" | grep -vx 'crtstuff.c' | while read -r name; do
        printf '%s\n' "$files" | grep -q "/$name\$" || echo "$name"
    done)"
lines=$(awk '
    { line = $0
      while (1) {
          if (inside) { if (!match(line, /\*\//)) { line = ""; break }
              line = substr(line, RSTART + 2); inside = 0 }
          if (!match(line, /\/\*/)) break
          rest = substr(line, RSTART + 2); before = substr(line, 1, RSTART - 1)
          if (match(rest, /\*\//)) line = before substr(rest, RSTART + 2)
          else { line = before; inside = 1; break }
      }
      if (line ~ /[^[:space:]]/) count++ }
    END { print count }' $files)
numbers=$(sed -n 's/^| \([0-9,]*\) | \([0-9,]*\) |$/\1 \2/p' "$page" | tr -d ,)
written=${numbers% *} limit=${numbers#* }
test -n "$written" && test -n "$limit" || fatal "the page names the number and its limit"
ok "apphostd is not above $limit lines" "$(test "$lines" -le "$limit" || echo "$lines lines")"
ok "the page names the number of lines, to a twentieth" \
    "$(test $((written * 20)) -ge $((lines * 19)) && test $((written * 20)) -le $((lines * 21)) ||
       echo "the page says $written, it is $lines")"
ok "apphostd asks for nothing of the network's names, and for no program by its name" \
    "$(nm -D --undefined-only "$program" | awk '{ print $2 }' |
       grep -E '^(getaddrinfo|gethostby|res_|execvp|execlp|system|popen|dlopen|wordexp|yaml_|curl_|archive_)(@|$|[a-z_])')"
ok "apphostd connects to nothing but the socket of its jobs" \
    "$(grep -lE '(^|[^a-z_])connect[(]' $(sources c -- helper/monitor) | grep -v '^helper/monitor/job_child.c$'
       grep -nE 'AF_INET|AF_NETLINK' $(sources c h -- helper/monitor))"
done_testing
