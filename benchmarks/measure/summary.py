"""What the runs amount to: medians, spreads, floors, ratios, and where none may be given."""

import dataclasses
import math
import statistics

FLOOR_MOVED_MAX = 0.05
IDLE_LEAST = 0.10
STRAY = 1.25
STRAY_LEAST_S = 0.25
TCP = "tcp"
STAGECAST = "stagecast"


def median(values):
    known = [v for v in values if not math.isnan(v)]
    return statistics.median(known) if known else math.nan


@dataclasses.dataclass
class Row:
    """All rounds of one contender in one case."""

    case: object
    contender: str
    runs: int
    failed: int
    median_s: float
    least_s: float
    most_s: float
    idle: float
    ranks_cpu_s: float
    memory_sum_bytes: float
    memory_max_bytes: float
    ratio: float = math.nan
    ratio_least: float = math.nan
    ratio_most: float = math.nan

    @property
    def spread(self):
        """Between the slowest and the fastest, as a part of the median."""
        return (self.most_s - self.least_s) / self.median_s

    @property
    def busy(self):
        """The processor, rather than the network, may have been the limit."""
        return self.idle < IDLE_LEAST


@dataclasses.dataclass
class Floor:
    """The fastest that one recipient can have the file, at one rate and size."""

    tcp: Row
    stagecast: Row

    @property
    def row(self):
        rows = [r for r in (self.tcp, self.stagecast) if r and not math.isnan(r.median_s)]
        return min(rows, key=lambda r: r.median_s) if rows else None

    @property
    def seconds(self):
        return self.row.median_s if self.row else math.nan

    @property
    def refusal(self):
        """Why nothing may be divided by it, or ''."""
        if not self.row:
            return "there is no floor"
        if self.row.runs < 2:
            return "the floor was measured only once"
        if self.row.spread > FLOOR_MOVED_MAX:
            return f"the floor moved by {100 * self.row.spread:.0f} %"
        return ""


def _row(case, contender, runs):
    times = [r.seconds for r in runs if not r.failure]
    return Row(case, contender, len(times), len(runs) - len(times),
               median(times), min(times, default=math.nan), max(times, default=math.nan),
               median([r.idle for r in runs]), median([r.ranks_cpu_s for r in runs]),
               median([r.memory_sum_bytes for r in runs]),
               median([r.memory_max_bytes for r in runs]))


class Summary:
    """rows: by (case, contender); floors: by (rate, bytes); runs: all."""

    def __init__(self, runs):
        self.runs = runs
        grouped = {}
        for run in runs:
            grouped.setdefault((run.case, run.contender), []).append(run)
        self.rows = {key: _row(*key, group) for key, group in grouped.items()}
        self.floors = {}
        for case in self.cases():
            one = dataclasses.replace(case, nodes=1)
            self.floors[case.rate_bits, case.size_bytes] = Floor(
                self.rows.get((one, TCP)), self.rows.get((one, STAGECAST)))
        for row in self.rows.values():
            self._divide(row)

    def _divide(self, row):
        floor = self.floor(row.case)
        if floor.refusal:
            return
        row.ratio = row.median_s / floor.seconds
        row.ratio_least = row.least_s / floor.seconds
        row.ratio_most = row.most_s / floor.seconds

    def floor(self, case):
        return self.floors[case.rate_bits, case.size_bytes]

    def cases(self):
        return sorted({case for case, _ in self.rows})

    def strays(self):
        """Runs of files that take a while which took much longer than their like."""
        return [run for run in self.runs if not run.failure and run.case.wire_s >= STRAY_LEAST_S
                and run.seconds > STRAY * self.rows[run.case, run.contender].median_s]

    def row(self, case, contender):
        return self.rows.get((case, contender))
