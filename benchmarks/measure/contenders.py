"""The contenders: what each is started with, and how it says how long it took."""

import dataclasses
import math
import os
import re
import shutil
from typing import Callable

UNIT_S = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0}


@dataclasses.dataclass(frozen=True)
class Contender:
    name: str
    label: str
    program: str
    options: tuple = ()
    mpirun: tuple = ()  # options of mpirun
    ranks_per_node: int = 1
    pattern: str = r"^copied in ([0-9.]+) (s)$"
    floors: Callable = lambda n: 1.0  # what is expected, in times of the floor
    one: bool = False  # measured with one recipient, too, where most do the same
    ours: bool = False  # stagecast, in one shape or another
    note: str = ""

    def options_for(self, nodes):
        return [option.format(n=nodes) for option in self.options]

    def seconds(self, line):
        """What a line of its output says it took, or None."""
        match = re.search(self.pattern, line)
        return float(match[1]) * UNIT_S[match[2]] if match else None


STAGED = r"^staged .* in ([0-9.]+) (us|ms|s) \("


def _log2(nodes):
    return math.ceil(math.log2(nodes + 1))


def known(build):
    """All contenders, by name, in the order in which they are shown."""
    stagecast = os.path.join(build, "stagecast")
    bcast = os.path.join(build, "benchmarks", "bcast_copy")
    tree = os.path.join(build, "benchmarks", "tree_copy")
    ours = {"program": stagecast, "pattern": STAGED, "ours": True}  # and -v: see perform.py
    contenders = [
        Contender("stagecast", "stagecast", one=True, **ours,
                  note="the plan is its own choice"),
        Contender("chain", "chain (-k1)", options=("-k1", "-b1"), **ours,
                  note="stagecast, made to be a chain of nodes"),
        Contender("group", "one group (-kN)", options=("-k{n}",), **ours,
                  note="stagecast, with all nodes in one group"),
        Contender("store", "store and forward", options=("--store-and-forward",),
                  floors=lambda n: 2, **ours,
                  note="stagecast --store-and-forward: FastReplica as it was published"),
        Contender("pipeline", "MPI_Bcast, pipeline", bcast,
                  options=("--block=8M", "--origin-copy"),
                  mpirun=("--mca", "coll_tuned_use_dynamic_rules", "1",
                          "--mca", "coll_tuned_bcast_algorithm", "3",
                          "--mca", "coll_tuned_bcast_algorithm_segmentsize", "32768"),
                  note="the same loop, for users who know that Open MPI can be told to use its "
                       "pipeline algorithm, in segments of 32 KiB, and blocks of 8 MiB"),
        Contender("binomial", "binomial tree", tree, options=("--origin-copy",),
                  floors=_log2,
                  note="blocks of 32 KiB down a binomial tree, 16 in flight"),
        Contender("bcast", "MPI_Bcast loop", bcast, options=("--origin-copy",),
                  floors=lambda n: n, one=True,
                  note="read a block of 1 MiB, MPI_Bcast, write it; Open MPI's own choice of "
                       "the algorithm"),
        Contender("unicast", "unicast", tree, options=("--flat", "--origin-copy"),
                  floors=lambda n: n,
                  note="the origin sends each node a copy of its own, all at the same time"),
        Contender("dbcast", "dbcast", shutil.which("dbcast") or "", ranks_per_node=2,
                  pattern=r"Bcast complete: .*time=([0-9.]+) (s)ecs", floors=lambda n: 2,
                  note="mpiFileUtils; by its own clock, and all nodes read the source for free"),
    ]
    return {contender.name: contender for contender in contenders}


def unavailable(contenders):
    """Names and reasons of those that are well known and cannot be measured here."""
    reasons = {}
    if not contenders["dbcast"].program:
        reasons["dbcast"] = "not on PATH"
    reasons["sbcast"] = "not on PATH"
    if shutil.which("sbcast"):
        reasons["sbcast"] = "the emulated nodes are no Slurm job: see benchmarks/slurm.sh"
    return reasons
