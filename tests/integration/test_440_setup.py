# SPDX-License-Identifier: Apache-2.0
"""apphostctl setup and teardown: into an httpd that already serves, and out again."""
import json
import os
import re
import stat

import pytest

from engine_env import WEB, busybox_files
from stack_env import PREFIX, wait_for

IMAGE = f"apphost-test-setup-{os.getpid()}:1"


def test_nothing_without_consent(new_farm):
    farm = new_farm()
    before = farm.tree()
    done = farm.setup(expect=4)
    for word in ("apphost.load", "LoadModule apphost_module", "sites-enabled/zzz-apphost.conf", "60-apphost.conf",
                 "AppHostDomain test.example", f"+ PublicPort = {farm.port}"):
        assert word in done.stdout, (word, done.stdout)
    farm.same_tree(before)
    assert not os.path.exists(farm.state)


def test_debian_in_and_out(new_farm):
    farm = new_farm()
    tree, answers = farm.tree(), farm.answers()
    farm.setup("--yes")
    farm.same_answers(answers)
    after = farm.tree()
    assert "nothing was changed" in farm.setup("--yes").stdout
    farm.same_tree(after)
    farm.teardown("--yes")
    farm.same_tree(tree)
    farm.same_answers(answers)


def test_fedora_in_and_out(new_farm):
    farm = new_farm("fedora")
    tree, answers = farm.tree(), farm.answers()
    assert b"the main server" in answers["unknown.example", "/"]
    farm.setup("--yes")
    farm.same_answers(answers)
    after = farm.tree()
    assert "nothing was changed" in farm.setup("--yes").stdout
    farm.same_tree(after)
    farm.teardown("--yes")
    farm.same_tree(tree)
    farm.same_answers(answers)
