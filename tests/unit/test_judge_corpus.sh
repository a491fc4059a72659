#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Real files through apphost-check: see judge_corpus.py. The corpus lies in APPHOST_CORPUS or beside the tree;
# without it the tree's own cases are judged.
root=${srcdir:-.}
for candidate in "${PYTHON3:-}" /usr/bin/python3 python3; do
    [ -n "$candidate" ] || continue
    "$candidate" -c 'import yaml' 2>/dev/null || continue
    exec "$candidate" "$root/tests/unit/judge_corpus.py" "$root" "${builddir:-.}"
done
echo "1..1"
echo "not ok 1 - python3 with yaml is needed (Debian: python3-yaml)"
exit 1
