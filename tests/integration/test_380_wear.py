# SPDX-License-Identifier: Apache-2.0
"""Long use leaves no descriptor open and no memory behind; tests/bench/endurance.py is the long one."""
import os

import pytest

import wear
from engine_env import WEB, busybox_files

IMAGE = f"apphost-test-wear-{os.getpid()}:1"


@pytest.fixture
def image(engine):
    engine.import_image(IMAGE, busybox_files(), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


def test_use_leaves_nothing_behind(new_stack, image):
    stack = new_stack(httpd=False)
    wear.use(stack, image, 60, 3)      # what is made once is made by then
    before = wear.seen(stack)
    wear.use(stack, image, 400, 8)
    after = wear.seen(stack)
    for name in before:
        assert after[name][0] == before[name][0], f"descriptors of the {name}: {before} {after}"
        assert after[name][1] <= before[name][1] + 300, f"KiB of the {name}: {before} {after}"
