#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Words that must not stand in the source: shells, unbounded copies, names that need a resolver.
. "$srcdir/tests/guards/tap.sh"

files=$(sources c h)
test "$(printf '%s\n' "$files" | wc -l)" -gt 20 || fatal "the sources are found"
cd "$srcdir" || exit 1

for word in system popen sprintf vsprintf strcpy stpcpy strcat gets tmpnam mktemp alloca execlp execvp; do
    ok "nobody calls $word" "$(grep -nE "(^|[^A-Za-z0-9_.>])$word[[:space:]]*\(" $files)"
done
ok "apr does not print %lld or %zu, which it does not know" \
    "$(grep -nE 'apr_(p|pv|)s(n|)printf[(].*%(ll|z)' $files)"
ok "no shell is named" "$(grep -nE '"(/usr)?/bin/(ba|da)?sh"' $files)"
ok "connections name 127.0.0.1, never localhost" \
    "$(grep -nE '(getaddrinfo|connect|CURLOPT_URL|inet_pton)[^;]*localhost|"https?://localhost' $files)"
ok "descriptors are opened with CLOEXEC" \
    "$(grep -nE '(^|[^a-z_])(pipe|accept|dup|dup2|epoll_create|inotify_init) ?\(' $files |
       grep -v 'common/child.c')"
ok "no file is called util" "$(sources c h | grep -iE '(^|/)[a-z_]*utils?[._]')"
ok "nothing is left to do" "$(grep -nE '(TODO|FIXME|HACK|(^|[^X])XXX([^X]|$))' $files)"
done_testing
