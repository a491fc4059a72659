# SPDX-License-Identifier: Apache-2.0
"""The browser tests stand on the fixtures of the integration tests."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, os.path.dirname(__file__))
pytest_plugins = ["engine_env", "stack_env"]
