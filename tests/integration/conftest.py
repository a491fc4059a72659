# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the integration tests; each file beside this one says what it stands for."""
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
pytest_plugins = ["engine_env", "stack_env", "httpd_env", "own_engine", "kills", "reload_env", "setup_env"]
