# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: a figure with its aim, and the table they are shown in."""
import collections
import re

Figure = collections.namedtuple("Figure", "what value unit aim", defaults=(None,))


def missed(figure):
    return figure.aim is not None and figure.value > figure.aim


def show(figures):
    """Prints the table; the exit status: 0 where every aim is met."""
    for f in figures:
        aim = "" if f.aim is None else f"at most {f.aim:g}{'  MISSED' if missed(f) else ''}"
        print(f"{f.what:<62} {f.value:>9.4g} {f.unit:<10} {aim}".rstrip(), flush=True)
    return 1 if any(missed(f) for f in figures) else 0


def pss_kib(pid):
    """What the process weighs: its own pages, and its share of those it has in common with others."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return int(re.search(r"^Pss: *(\d+)", f.read(), re.M)[1])
