#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The JSON Schema of a manifest against its reader: see manifest_schema.py.
exec python3 "${srcdir:-.}/tests/unit/manifest_schema.py" "${srcdir:-.}" "${builddir:-.}"
