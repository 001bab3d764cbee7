"""What is measured: a file of some size to some nodes by some contender, and what came of it."""

import dataclasses
import math
import re

# A frame of 1514 bytes carries 1448 of the file: 52 are TCP's and IP's headers, 14 Ethernet's,
# which the rate counts, too.
PAYLOAD_PART = 1448 / 1514

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
RATE_UNITS = {"kbit": 1e3, "mbit": 1e6, "gbit": 1e9}


@dataclasses.dataclass(frozen=True, order=True)
class Case:
    """One column of the results, for all contenders."""

    rate_bits: float
    nodes: int
    size_bytes: int
    size_label: str

    @property
    def wire_s(self):
        """What the size takes on one link, by arithmetic."""
        return self.size_bytes * 8 / (self.rate_bits * PAYLOAD_PART)


@dataclasses.dataclass
class Run:
    """One run of a contender."""

    case: Case
    contender: str
    round: int
    seconds: float = math.nan  # from the end of MPI's start-up to the last copy's name
    idle: float = math.nan  # part of the machine's processors, over these seconds
    ranks_cpu_s: float = math.nan  # of all ranks, MPI's start-up included
    memory_sum_bytes: float = math.nan  # the ranks' largest resident sizes
    memory_max_bytes: float = math.nan
    load: float = math.nan  # of the machine, averaged over the minute before
    started_unix_s: float = math.nan
    plan: str = ""  # what stagecast says of the network and of its plan
    failure: str = ""


def parse_rate(text):
    """'50mbit' in bits a second."""
    match = re.fullmatch(r"([0-9.]+)([kmg]bit)", text.lower())
    if not match or float(match[1]) <= 0:
        raise ValueError(f"{text}: a rate is written as 50mbit or 1gbit")
    return float(match[1]) * RATE_UNITS[match[2]]


def format_rate(rate_bits):
    for unit in ("gbit", "mbit", "kbit"):
        if rate_bits >= RATE_UNITS[unit]:
            return f"{rate_bits / RATE_UNITS[unit]:g}{unit}"
    return f"{rate_bits:g}bit"


def say_rate(rate_bits):
    """The same to be read: '50 Mbit/s'."""
    return re.sub(r"([0-9.]+)(.)(.*)", lambda m: f"{m[1]} {m[2].upper()}{m[3]}/s",
                  format_rate(rate_bits)).replace("Kbit", "kbit")


def parse_size(text, rate_bits):
    """'256K' in bytes; '5s' is what takes 5 s at the rate, in whole chunks of 64 KiB."""
    match = re.fullmatch(r"([0-9.]+)([KMG]?|s)", text)
    if not match or float(match[1]) <= 0:
        raise ValueError(f"{text}: a size is written as 4K, 16M or 5s")
    if match[2] == "s":
        chunks = float(match[1]) * rate_bits * PAYLOAD_PART / 8 / (64 << 10)
        return max(1, round(chunks)) * (64 << 10)
    return round(float(match[1]) * UNITS[match[2]])


def format_size(size_bytes):
    for unit in "GMK":
        if size_bytes >= UNITS[unit]:
            return f"{size_bytes / UNITS[unit]:.3g} {unit}iB"
    return f"{size_bytes} B"


def parse_nodes(text, rate_bits):
    """'1,8,12@25mbit' as pairs of nodes and rate."""
    pairs = []
    for part in text.split(","):
        match = re.fullmatch(r"([0-9]+)(?:@(.+))?", part)
        if not match or not 1 <= int(match[1]) <= 200:
            raise ValueError(f"{text}: nodes are written as 1,2,8 or 1,2,12@25mbit")
        pairs.append((int(match[1]), parse_rate(match[2]) if match[2] else rate_bits))
    return pairs
