"""Which pictures are made of the results: ratio.svg and sizes.svg."""

import math

from . import cases
from .plots import Axis, Line, panel, picture

NEAR = 1.25  # what is below is also shown enlarged


def _largest(summary):
    """The size label that takes longest, and the cases that have it."""
    longest = max(summary.cases(), key=lambda case: case.wire_s)
    same = [c for c in summary.cases() if c.size_label == longest.size_label]
    return longest.size_label, same


def _ticks(least, most):
    ticks = [t for t in (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 64, 128, 200)
             if least <= t <= most]
    if len(ticks) < 3:  # all near to 1
        ticks = [1 + i / 10 for i in range(10) if 1 + i / 10 <= most]
    return ticks


def _line(contenders, name, points):
    """A contender looks the same, whichever others there are."""
    return Line(contenders[name].label, list(contenders).index(name), points)


def _ratio_lines(summary, names, contenders, columns):
    lines = []
    for name in names:
        rows = [(case.nodes, summary.row(case, name)) for case in columns]
        points = [(n, row.ratio, row.ratio_least, row.ratio_most) for n, row in rows
                  if row and not math.isnan(row.ratio)]
        if points:
            lines.append(_line(contenders, name, points))
    return lines


def ratio_figure(summary, names, contenders, rate_bits):
    """Time over that of the floor, over the number of nodes; None where no ratio is known."""
    label, same = _largest(summary)
    columns = {c.nodes: c for c in same if c.rate_bits != rate_bits}
    columns |= {c.nodes: c for c in same if c.rate_bits == rate_bits}
    columns = [columns[n] for n in sorted(columns)]
    lines = _ratio_lines(summary, names, contenders, columns)
    if not lines:
        return None
    numbers = [c.nodes for c in columns]
    other = {c.nodes: c.rate_bits for c in columns if c.rate_bits != rate_bits}

    def say(n):
        return f"{n}*" if n in other else str(n)

    def horizontal(begin, end):
        return Axis(min(numbers) / 1.12, max(numbers) * 1.12, begin, end, numbers, True)

    most = max(p[3] for line in lines for p in line.points)
    near = [line for line in lines if max(p[1] for p in line.points) <= NEAR]
    top = max([1.04] + [p[1] for line in near for p in line.points])
    high = math.ceil(top * 50 + 0.5) / 50
    low = min([1.0] + [math.floor(p[1] * 50) / 50 for line in near for p in line.points])
    step = 0.02 if high - low < 0.17 else 0.05
    ticks = [round(low + i * step, 4) for i in range(int((high - low) / step + 1.001))]
    titles = ("nodes that receive the file", "time / floor")
    parts = panel(lines, horizontal(70, 370),
                  Axis(0.9, most * 1.12, 400, 110, _ticks(0.9, most * 1.12), True),
                  titles, say, lambda v: f"{v:g}", strong=1)
    if near:
        parts += panel(near, horizontal(630, 910), Axis(low - .01, high, 400, 110, ticks),
                       (titles[0], "the same, enlarged"), say, lambda v: f"{v:.2f}",
                       strong=1)
    subtitle = (f"{cases.say_rate(rate_bits)} each way; medians and spreads of "
                f"{max(row.runs for row in summary.rows.values())} rounds; floor: the faster of "
                f"stagecast to one node and a TCP copy")
    if other:
        subtitle += "; * at " + ", ".join(sorted({cases.say_rate(r) for r in other.values()}))
    size = next((c for c in columns if c.rate_bits == rate_bits), columns[-1])
    title = (f"{cases.format_size(size.size_bytes)} to n nodes: time of the last one over the "
             f"floor of {summary.floor(size).seconds:.3g} s")
    return picture(1100, 460, title, subtitle, parts)


def _decades(least, most):
    first, last = math.floor(math.log10(least)), math.ceil(math.log10(most))
    return [10.0 ** e for e in range(first, last + 1) if least <= 10.0 ** e <= most]


def _say_seconds(seconds):
    if seconds >= 1:
        return f"{seconds:g} s"
    return f"{seconds * 1e3:g} ms"


def sizes_figure(summary, names, contenders, rate_bits):
    """Time over size, for most nodes at the main rate; None with fewer than two sizes."""
    mine = [c for c in summary.cases() if c.rate_bits == rate_bits]
    nodes = max(c.nodes for c in mine)
    columns = sorted((c for c in mine if c.nodes == nodes), key=lambda c: c.size_bytes)
    if len(columns) < 2:
        return None
    lines = []
    for name in names:
        rows = [(c.size_bytes, summary.row(c, name)) for c in columns]
        points = [(size, row.median_s, row.least_s, row.most_s) for size, row in rows
                  if row and not math.isnan(row.median_s)]
        if points:
            lines.append(_line(contenders, name, points))
    floors = [(c.size_bytes, summary.floor(c).tcp) for c in columns]
    lines.append(Line("TCP copy to one node", len(contenders),
                      [(size, row.median_s, row.least_s, row.most_s) for size, row in floors
                       if row and not math.isnan(row.median_s)]))
    values = [v for line in lines for p in line.points for v in p[1:]]
    sizes = [c.size_bytes for c in columns]
    x = Axis(sizes[0] / 1.6, sizes[-1] * 1.6, 80, 620, sizes, True)
    least, most = min(values) / 1.3, max(values) * 1.3
    parts = panel(lines, x, Axis(least, most, 420, 100, _decades(least, most), True),
                  ("size of the file", "time until the last node has it"),
                  cases.format_size, _say_seconds)
    title = f"Files of several sizes to {nodes} nodes"
    subtitle = f"{cases.say_rate(rate_bits)} each way; start-up of MPI not counted"
    return picture(840, 480, title, subtitle, parts)
