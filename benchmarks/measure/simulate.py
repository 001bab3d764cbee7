"""What stagecast-sim says of a run that was made: the same shape on the cluster's links."""

import dataclasses
import re
import subprocess

import h5py

from .cases import PAYLOAD_PART


@dataclasses.dataclass
class Shape:
    """Of one run, from its timings file and its messages."""

    case: object
    contender: str
    options: tuple
    latency_us: float  # as stagecast measured it; NaN for small files


@dataclasses.dataclass
class Prediction:
    case: object
    contender: str
    shape: str
    seconds: float


def read_shape(case, contender, timings, latency_us):
    with h5py.File(timings) as run:
        attrs = run.attrs
        chunk = int(attrs["chunk_bytes"])
        chunk = f"{chunk >> 10}K" if chunk % 1024 == 0 else str(chunk)
        options = (f"-k{attrs['subfiles']}", f"-m{attrs['tree_groups']}",
                   f"-b{attrs['branching']}", f"-s{chunk}", f"-w{attrs['window']}")
        if attrs["store_and_forward"]:
            options += ("--store-and-forward",)
    return Shape(case, contender, options, latency_us)


def machine_options(rate_bits, latency_us):
    """Without the bytes of frames and headers, which the simulator does not know; and what TCP
    sends back, a frame of nothing but headers for two full ones."""
    acks = 100 * (1 - PAYLOAD_PART) / 2
    return [f"--nic={rate_bits * PAYLOAD_PART / 1e6:.3f}Mbit", f"--latency={latency_us:.0f}us",
            f"--acks={acks:.1f}"]


def predict(simulator, shape, latency_us):
    case = shape.case
    command = [simulator, f"--nodes={case.nodes}", f"--size={case.size_bytes}",
               *machine_options(case.rate_bits, latency_us), *shape.options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    last = re.search(r"^last node\s+([0-9.]+) s", done.stdout, re.M)
    if not last:
        raise RuntimeError(f"no time of the last node from: {' '.join(command)}")
    return Prediction(case, shape.contender, " ".join(shape.options), float(last[1]))
