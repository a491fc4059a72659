#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whole catalogs through apphost-check: see catalogs.py. The corpus lies in APPHOST_CORPUS or beside the tree;
# without it the shipped catalog and the tree's own cases are judged.
root=${srcdir:-.}
for candidate in "${PYTHON3:-}" /usr/bin/python3 python3; do
    [ -n "$candidate" ] || continue
    "$candidate" -c 'import json' 2>/dev/null || continue
    exec "$candidate" "$root/tests/unit/catalogs.py" "$root" "${builddir:-.}"
done
echo "1..1"
echo "not ok 1 - python3 is needed"
exit 1
