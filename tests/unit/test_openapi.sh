#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The document of the API against the table it is made by hand from: see openapi.py.
exec python3 "${srcdir:-.}/tests/unit/openapi.py" "${srcdir:-.}"
