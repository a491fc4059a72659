#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What compose makes of rendered files: see differential.py.
root=${srcdir:-.}
for candidate in /usr/bin/python3 "${PYTHON3:-}" python3; do
    [ -n "$candidate" ] || continue
    "$candidate" -c 'import yaml' 2>/dev/null || continue
    exec "$candidate" -B "$root/tests/unit/differential.py" "$root" "${builddir:-.}"
done
echo "1..1"
echo "not ok 1 - python3 with yaml is needed (Debian: python3-yaml)"
exit 1
