"""The results as Markdown."""

import math

from . import cases
from .summary import IDLE_LEAST

GIB = 1 << 30
SMALL_S = 0.25  # below, a ratio to the floor says little: it is compared with MPI_Bcast
BUSY = "†"


def say_seconds(seconds):
    if math.isnan(seconds):
        return "failed"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.4g} s"


def _spread(row):
    """The median, and between what the runs were."""
    if row.runs < 2:
        return say_seconds(row.median_s)
    unit, scale = ("ms", 1e3) if row.median_s < 1 else ("s", 1)
    return (f"{row.median_s * scale:.4g} {unit} "
            f"({row.least_s * scale:.4g} to {row.most_s * scale:.4g})")


def _table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return lines + [""]


class Report:
    def __init__(self, summary, contenders, names, facts):
        """names: of the contenders that ran, in the order to show them; facts: see main."""
        self.summary, self.contenders, self.names, self.facts = summary, contenders, names, facts

    def text(self):
        lines = ["# stagecast and others on an emulated cluster", ""]
        lines += self._machine()
        lines += self._in_short()
        lines += self._floors()
        for label in self._labels():
            lines += self._size(label)
        lines += self._costs()
        lines += self._simulated()
        lines += self._notes()
        return "\n".join(lines)

    def _labels(self):
        by_time = sorted(self.summary.cases(), key=lambda c: -c.wire_s)
        return list(dict.fromkeys(c.size_label for c in by_time))

    def _machine(self):
        lines = [f"- {name}: {text}" for name, text in self.facts["machine"].items()]
        idle = self.facts["idle_before"]
        loads = self.facts["loads"]
        lines.append(f"- load: between {min(loads):.1f} and {max(loads):.1f}; while nothing of "
                     f"ours ran, {100 * min(idle):.0f} to {100 * max(idle):.0f} % of the "
                     "processors were idle")
        lines.append(f"- when: {self.facts['when']}, {self.facts['minutes']:.0f} min, by "
                     f"`{self.facts['command']}`")
        return lines + [""]

    def _longest(self):
        rate = self.facts["rate_bits"]
        mine = [c for c in self.summary.cases() if c.rate_bits == rate]
        return max(mine, key=lambda c: (c.nodes, c.size_bytes))

    def _in_short(self):
        case = self._longest()
        ours = self.summary.row(case, "stagecast")
        if not ours or math.isnan(ours.median_s):
            return []
        text = (f"{cases.format_size(case.size_bytes)} to {case.nodes} nodes at "
                f"{cases.say_rate(case.rate_bits)}: stagecast takes {say_seconds(ours.median_s)}, ")
        refusal = self.summary.floor(case).refusal
        text += f"no ratio to the floor ({refusal})" if refusal else f"{ours.ratio:.3f} floors"
        factors = []
        for name in self.names:
            row = self.summary.row(case, name)
            if row and not self.contenders[name].ours and not math.isnan(row.median_s):
                factors.append(f"{self.contenders[name].label} "
                               f"{row.median_s / ours.median_s:.2f} times as long")
        return [text + "".join(f"; {f}" for f in factors) + ".", ""]

    def _floors(self):
        rows = []
        for (rate, size), floor in sorted(self.summary.floors.items()):
            rows.append([
                cases.say_rate(rate), cases.format_size(size),
                _spread(floor.tcp) if floor.tcp else "-",
                _spread(floor.stagecast) if floor.stagecast else "-",
                say_seconds(floor.seconds),
                floor.refusal + ": no ratios" if floor.refusal else
                f"moved by {100 * floor.row.spread:.1f} %"])
        return ["## The floor: one recipient", ""] + _table(
            ["link", "file", "TCP copy", "stagecast", "floor, the faster", ""], rows)

    def _cell(self, case, name, against):
        row = self.summary.row(case, name)
        if not row:
            return ""
        if not row.runs:
            return "failed"
        text = _spread(row)
        if against:
            if against is not row and not math.isnan(against.median_s):
                text += f", {row.median_s / against.median_s:.2f} b"
        elif not math.isnan(row.ratio):
            text = f"**{row.ratio:.3f}**, {text}"
        if row.failed:
            text += f", {row.failed} failed"
        return text + (f" {BUSY}" if row.busy else "")

    def _size(self, label):
        rate = self.facts["rate_bits"]
        columns = sorted((c for c in self.summary.cases() if c.size_label == label),
                         key=lambda c: (c.rate_bits != rate, c.rate_bits, c.nodes))
        sizes = {c.size_bytes: c.rate_bits for c in reversed(columns)}
        bytes_text = ", ".join(
            cases.format_size(size) +
            (f" at {cases.say_rate(sizes[size])}" if len(sizes) > 1 else "")
            for size in reversed(sizes))
        small = columns[0].wire_s < SMALL_S
        refusals = {self.summary.floor(c).refusal for c in columns} - {""}
        lines = [f"## {bytes_text}", ""]
        if small:
            lines += ["Median (fastest to slowest); b: times of the MPI_Bcast loop.", ""]
        else:
            lines += ["**Times of the floor**, median (fastest to slowest)." +
                      "".join(f" No ratios where {r}." for r in sorted(refusals)), ""]
        head = [""]
        for case in columns:
            other = case.rate_bits != rate
            head.append(f"n = {case.nodes}" +
                        (f", {cases.say_rate(case.rate_bits)}" if other else ""))
        rows = []
        for name in self.names:
            rows.append([self.contenders[name].label] + [
                self._cell(c, name, self.summary.row(c, "bcast") if small else None)
                for c in columns])
        return lines + _table(head, rows)

    def _costs(self):
        case = self._longest()
        least = min((c for c in self.summary.cases()
                     if c.rate_bits == case.rate_bits and c.nodes == case.nodes),
                    key=lambda c: c.size_bytes)
        delivered = case.nodes * case.size_bytes / GIB
        small = [] if least == case else [f"for {cases.format_size(least.size_bytes)}"]
        also = "".join(f", which is about what it takes {text}" for text in small)
        rows = []
        for name in self.names:
            row = self.summary.row(case, name)
            first = self.summary.row(least, name)
            if not row or not first or math.isnan(row.ranks_cpu_s + first.ranks_cpu_s):
                continue
            start = first.ranks_cpu_s if least != case else math.nan
            rows.append([
                self.contenders[name].label, f"{row.ranks_cpu_s:.2f} s",
                *([] if math.isnan(start) else [f"{start:.2f} s"]),
                f"{row.ranks_cpu_s / delivered:.1f} s",
                f"{row.memory_max_bytes / (1 << 20):.1f} MiB",
                f"{row.memory_sum_bytes / (1 << 20):.0f} MiB",
                f"{row.memory_sum_bytes / (1 << 20) / delivered:.0f} MiB",
                "-" if math.isnan(row.idle) else f"{100 * row.idle:.0f} %"])
        if not rows:
            return []
        return [f"## Processor and memory: {cases.format_size(case.size_bytes)} to {case.nodes} "
                f"nodes, {delivered:.2f} GiB delivered", "",
                "Of all ranks together, MPI's start-up included" + also +
                "; memory is the largest resident size.", ""] + _table(
            ["", "processor", *small, "a GiB delivered",
             "memory of one rank", "of all", "of all, a GiB delivered", "processors idle"], rows)

    def _simulated(self):
        predictions = self.facts["predictions"]
        if not predictions:
            return []
        rows = []
        for p in predictions:
            row = self.summary.row(p.case, p.contender)
            if not row or math.isnan(row.median_s):
                continue
            rows.append([
                self.contenders[p.contender].label, str(p.case.nodes),
                cases.format_size(p.case.size_bytes), cases.say_rate(p.case.rate_bits), p.shape,
                say_seconds(row.median_s), say_seconds(p.seconds),
                f"{100 * (p.seconds / row.median_s - 1):+.1f} %"])
        return ["## The simulator", "",
                f"stagecast-sim {self.facts['simulator']}, with the shape that ran.", ""] + _table(
            ["", "n", "file", "link", "shape", "measured", "simulated", "error"], rows)

    def _notes(self):
        lines = ["## Notes", "",
                 "- Times are from the end of MPI's start-up to the last copy under its name; of "
                 "the TCP copy, from the connection's begin to the receiver's end of file. Every "
                 "copy was compared with the source.",
                 f"- {BUSY}: less than {100 * IDLE_LEAST:.0f} % of the processors were idle, so "
                 "that they, rather than the network, may have been the limit. Ranks that wait "
                 "in MPI_Bcast spin, and leave nothing idle in any case."]
        lines += [f"- {self.contenders[n].label}: {self.contenders[n].note}."
                  for n in self.names if self.contenders[n].note]
        lines += [f"- {name}: not available ({reason})."
                  for name, reason in self.facts["unavailable"].items()]
        for run in self.summary.strays():
            idle = "" if math.isnan(run.idle) else f", {100 * run.idle:.0f} % idle"
            lines.append(f"- Out of line: {run.contender}, {run.case.size_label} to "
                         f"{run.case.nodes}, round {run.round + 1}: {say_seconds(run.seconds)}"
                         f"{idle}" + (f" ({run.plan})" if run.plan else ""))
        lines += [f"- {text}" for text in self.facts["failures"]]
        return lines + [""]
