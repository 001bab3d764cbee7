"""The suite: which runs there are, in which order, and what is made of them."""

import math
import os
import re
import signal
import subprocess
import sys
import time

from . import cases, contenders, figures, machine, simulate, store, tables
from .cluster import Cluster, Impossible
from .options import parse_options
from .perform import Performer
from .summary import Summary, median

SKIPPED = 77
INTERRUPTED = 130
SLOW_FLOORS = 2.5  # a contender that takes more floors with large files gets fewer rounds
SLOW_ROUNDS = 3
LARGE_S = 4.0
START_S = 0.9  # of mpirun, for the estimate
SHAPED = ("stagecast", "chain", "group")  # what is simulated, too
SIMULATED_BYTES_MIN = 1 << 20
LATENCY_US = 100.0  # where stagecast measured none


def choose(options, parser, build):
    """The contenders to run, by name, and the reasons of those that cannot be."""
    known = contenders.known(build)
    reasons = contenders.unavailable(known)
    wanted = options.contenders.split(",") if options.contenders else list(known)
    for name in wanted:
        if name not in known:
            parser.error(f"--contenders: there is no {name}; there are {', '.join(known)}")
    names = [name for name in known if name in wanted and name not in reasons]
    if not names:
        parser.error("--contenders: none of these can be run here")
    return known, names, reasons


class Suite:
    def __init__(self, options, known, names, build):
        self.options, self.known, self.names, self.build = options, known, names, build
        self.runs, self.shapes = [], []
        self.idle_before, self.loads = [], []
        self.interrupted = False

    def all_cases(self):
        """Every rate's, the floors' one node included."""
        pairs = set(self.options.pairs) | {(1, rate) for _, rate in self.options.pairs}
        return [cases.Case(rate, nodes, cases.parse_size(size, rate), size)
                for nodes, rate in sorted(pairs) for size in self.options.sizes.split(",")]

    def _asked_for(self, case):
        return (case.nodes, case.rate_bits) in self.options.pairs

    def contenders_of(self, case):
        """Those that run in a case; with one node only those that differ, and the floor."""
        if case.nodes > 1:
            return list(self.names)
        some = [n for n in self.names if self.known[n].one and self._asked_for(case)]
        return some if "stagecast" in some else ["stagecast"] + some

    def rounds_of(self, case, name):
        slow = self.known[name].floors(case.nodes) > SLOW_FLOORS and case.wire_s > LARGE_S
        return min(self.options.rounds, SLOW_ROUNDS) if slow else self.options.rounds

    def estimate_s(self):
        total = 0
        for case in self.all_cases():
            if case.nodes == 1:
                total += self.options.rounds * (case.wire_s + START_S)
            for name in self.contenders_of(case):
                total += self.rounds_of(case, name) * (
                    START_S + case.wire_s * self.known[name].floors(case.nodes))
            for _ in self.shaped_of(case):
                total += START_S + case.wire_s
        return total

    def shaped_of(self, case):
        if case.nodes == 1 or case.size_bytes < SIMULATED_BYTES_MIN:
            return []
        return [name for name in SHAPED if name in self.names]

    def _add(self, run):
        self.runs.append(run)
        self.loads.append(run.load)
        said = f"FAILED: {run.failure}" if run.failure else tables.say_seconds(run.seconds)
        if not math.isnan(run.idle):
            said += f", {100 * run.idle:.0f} % idle"
        print(f"{run.round + 1}/{self.options.rounds}  {run.case.size_label:>5} to "
              f"{run.case.nodes:>3} at {cases.format_rate(run.case.rate_bits)}  "
              f"{run.contender:<10} {said}", flush=True)

    def measure_rate(self, rate_bits, performer, cluster):
        mine = [case for case in self.all_cases() if case.rate_bits == rate_bits]
        # The machine may not be warm before the first run.
        self._warm_up(mine[0], performer, cluster)
        for number in range(self.options.rounds):
            self.idle_before.append(machine.idle_now(1.0))
            for size in self.options.sizes.split(","):
                turn = [case for case in mine if case.size_label == size]
                self._measure_turn(turn, number, performer, cluster)
        for case in mine:
            for name in self.shaped_of(case):
                self._take_shape(case, name, performer, cluster)

    def _warm_up(self, case, performer, cluster):
        run = performer.run(cluster, self.known["stagecast"], case, 0)
        if run.failure:
            raise RuntimeError(f"stagecast does not run: {run.failure}")

    def _measure_turn(self, turn, number, performer, cluster):
        """All contenders.  Each round begins with another one, so that a busy contender is not
        always followed by the same one."""
        jobs = [(case, "") for case in turn if case.nodes == 1]
        jobs += [(case, name) for case in turn for name in self.contenders_of(case)
                 if number < self.rounds_of(case, name)]
        first = number * len(jobs) // max(1, self.options.rounds)
        for case, name in jobs[first:] + jobs[:first]:
            if name:
                run = performer.run(cluster, self.known[name], case, number)
            else:
                run = performer.tcp(cluster, case, number)
            self._add(run)

    def _timings_path(self, case, name):
        return os.path.join(self.options.output,
                            f"timings-{name}-{case.size_label}-{case.nodes}.h5")

    def _take_shape(self, case, name, performer, cluster):
        """A run that is not counted: it also writes its timings."""
        timings = self._timings_path(case, name)
        run = performer.run(cluster, self.known[name], case, 0, (f"--timings={timings}",))
        if run.failure:
            print(f"not simulated: {name} to {case.nodes}: {run.failure}", flush=True)
            return
        latency = re.search(r"network: .* latency ([0-9]+) us", run.plan)
        self.shapes.append(simulate.read_shape(
            case, name, timings, float(latency[1]) if latency else math.nan))

    def predict(self):
        """The predictions, and what they assume."""
        latency_us = median([shape.latency_us for shape in self.shapes])
        if math.isnan(latency_us):
            latency_us = LATENCY_US
        simulator = os.path.join(self.build, "stagecast-sim")
        predictions = [simulate.predict(simulator, shape, latency_us) for shape in self.shapes]
        options = " ".join(simulate.machine_options(self.options.rate_bits, latency_us))
        return predictions, options

    def draw_timeline(self):
        """What stagecast-report makes of the largest run, if it is there."""
        report = os.path.join(self.build, "stagecast-report")
        mine = [s.case for s in self.shapes if s.contender == "stagecast"
                and s.case.rate_bits == self.options.rate_bits]
        if not mine or not os.access(report, os.X_OK):
            return
        case = max(mine, key=lambda c: (c.nodes, c.size_bytes))
        picture = os.path.join(self.options.output, "timeline.svg")
        subprocess.run([report, f"--svg={picture}", self._timings_path(case, "stagecast")],
                       stdout=subprocess.DEVNULL, check=True)


def measure(suite, top):
    with machine.IdleRecorder() as idle:
        performer = Performer(suite.options.output, idle)
        for rate_bits in sorted({case.rate_bits for case in suite.all_cases()}, reverse=True):
            most = max(c.nodes for c in suite.all_cases() if c.rate_bits == rate_bits)
            with Cluster(most, rate_bits, top, suite.build) as cluster:
                suite.measure_rate(rate_bits, performer, cluster)


def write_results(suite, reasons, started, argv):
    folder = suite.options.output
    summary = Summary(suite.runs)
    predictions, simulator = suite.predict()
    failures = [f"Failed: {r.contender}, {r.case.size_label} to {r.case.nodes}, round "
                f"{r.round + 1}: {r.failure}" for r in suite.runs if r.failure]
    if suite.interrupted:
        failures.append("Interrupted: not all rounds were made.")
    facts = {
        "machine": machine.describe(suite.known["stagecast"].program),
        "idle_before": suite.idle_before, "loads": suite.loads,
        "when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(started)),
        "minutes": (time.time() - started) / 60,
        "command": " ".join(["benchmarks/suite", *argv]),
        "rate_bits": suite.options.rate_bits, "predictions": predictions,
        "simulator": simulator, "unavailable": reasons, "failures": failures,
    }
    store.write(os.path.join(folder, "results.h5"), suite.runs, summary, suite.known, suite.names,
                facts)
    report = tables.Report(summary, suite.known, suite.names, facts).text()
    pictures = {"ratio.svg": figures.ratio_figure, "sizes.svg": figures.sizes_figure}
    for name, draw in pictures.items():
        picture = draw(summary, suite.names, suite.known, suite.options.rate_bits)
        if picture:
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(picture)
    with open(os.path.join(folder, "results.md"), "w", encoding="utf-8") as file:
        file.write(report)
    suite.draw_timeline()
    print("\n" + report)
    return failures


RESULTS = r"results\.(md|h5)|(ratio|sizes|timeline)\.svg|timings-.*\.h5"
WORK = r"random-.*|used|tcp\..*\.log"


def clean(folder, pattern):
    for name in os.listdir(folder):
        if re.fullmatch(pattern, name):
            os.remove(os.path.join(folder, name))


def main(argv, top, build):
    options, parser = parse_options(argv)
    known, names, reasons = choose(options, parser, build)
    started = time.time()
    suite = Suite(options, known, names, build)
    os.makedirs(options.output, exist_ok=True)
    clean(options.output, RESULTS + "|" + WORK)  # nothing old is to be taken for new
    print(f"about {suite.estimate_s() / 60:.0f} min", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        measure(suite, top)
    except Impossible as reason:
        print(f"benchmarks/suite: skipped: {reason}")
        return SKIPPED
    except KeyboardInterrupt:
        suite.interrupted = True
    finally:
        clean(options.output, WORK)
    if not suite.runs:
        return INTERRUPTED
    failures = write_results(suite, reasons, started, argv)
    print("written: " + ", ".join(os.path.join(os.path.relpath(options.output), name)
                                  for name in sorted(os.listdir(options.output))
                                  if re.fullmatch(RESULTS, name)))
    if suite.interrupted:
        return INTERRUPTED
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[3:], os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])))
