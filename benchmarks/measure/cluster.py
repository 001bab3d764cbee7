"""The emulated cluster: tests/cluster/cluster, as commands to be run."""

import os
import subprocess

from . import cases


class Impossible(Exception):
    """This machine cannot have a cluster, and why."""


class Cluster:
    """Nodes 0 (the origin) to the number given, up while it is entered."""

    def __init__(self, nodes, rate_bits, top, build):
        """top, build: folders of the sources and of the programs, which all nodes must see."""
        self._shared = (top, build)
        self._command = os.path.join(top, "tests", "cluster", "cluster")
        self._nodes, self._rate_bits = nodes, rate_bits
        self._name = f"suite-{os.getpid()}-{cases.format_rate(rate_bits)}"

    def __enter__(self):
        done = subprocess.run(
            [self._command, "up", "-n", str(self._nodes),
             "--rate", cases.format_rate(self._rate_bits),
             "--name", self._name, "--owner", str(os.getpid()),
             *(word for folder in self._shared for word in ("--share", folder))],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode == 77:
            raise Impossible(done.stderr.strip())
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return self

    def __exit__(self, *_):
        subprocess.run([self._command, "down", self._name], check=True)

    def on_node(self, node, *command):
        """What runs a command on a node."""
        return [self._command, "exec", "--name", self._name, str(node), *command]

    def mpirun(self, nodes, ranks_per_node, options, *command):
        """What runs a program on the origin and so many others."""
        hosts = ",".join(f"node{i}:{ranks_per_node}" for i in range(nodes + 1))
        return [self._command, "mpirun", "--name", self._name, *options, "--host", hosts,
                "--map-by", f"ppr:{ranks_per_node}:node",
                "-n", str((nodes + 1) * ranks_per_node), *command]
