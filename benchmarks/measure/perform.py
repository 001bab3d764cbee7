"""One run of a contender on the cluster, checked and measured."""

import datetime
import os
import re
import subprocess
import threading
import time

from . import machine
from .cases import Run, format_rate
from .summary import TCP

DEST = "/tmp/stagecast-suite/copy"  # in each node's own /tmp
TCP_PORT = 17389
KILL_AFTER_S = 30
HERE = os.path.dirname(os.path.abspath(__file__))


class Failed(Exception):
    """A run that gave no time."""


class Performer:
    """folder: where sources and logs are, seen by all nodes."""

    def __init__(self, folder, idle_recorder):
        self._folder, self._idle = folder, idle_recorder

    def _path(self, name):
        return os.path.join(self._folder, name)

    def source(self, case):
        """A file of the size, of bytes that cannot be compressed."""
        path = self._path(f"random-{case.size_label}-{format_rate(case.rate_bits)}")
        if not os.path.exists(path):
            with open(path + ".part", "wb") as file:
                left = case.size_bytes
                while left > 0:
                    file.write(os.urandom(min(left, 1 << 20)))
                    left -= min(left, 1 << 20)
            os.rename(path + ".part", path)
        return path

    def run(self, cluster, contender, case, number, extra=()):
        """extra: options of the program."""
        run = Run(case, contender.name, number, load=machine.load(), started_unix_s=time.time())
        source, used = self.source(case), self._path("used")
        with open(used, "w", encoding="utf-8"):
            pass
        ranks = (case.nodes + 1) * contender.ranks_per_node
        if contender.ours:
            extra = ("-v", *extra)  # some lines more: the plan, for runs that are out of line
        command = cluster.mpirun(
            case.nodes, contender.ranks_per_node, contender.mpirun,
            "bash", os.path.join(HERE, "rank.sh"), used, source, DEST,
            contender.program, *contender.options_for(case.nodes), *extra, source, DEST)
        environment = dict(os.environ, HAVE_ULFM="yes" if contender.ours else "no")
        limit_s = 60 + 4 * case.wire_s * max(2, contender.floors(case.nodes))
        try:
            lines = self._converse(command, environment, limit_s)
            run.plan = "; ".join(re.findall(r"\b((?:network|plan): .*\S)",
                                            "".join(line for _, line in lines)))
            self._take_time(run, contender, lines)
            self._take_usage(run, used, ranks)
        except Failed as failure:
            run.failure = str(failure)
        return run

    @staticmethod
    def _converse(command, environment, limit_s):
        """Lines and the moments at which they came."""
        lines = []
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace",
                              env=environment) as process:
            timer = threading.Timer(limit_s, process.terminate)
            killer = threading.Timer(limit_s + KILL_AFTER_S, process.kill)
            timer.start()
            killer.start()
            try:
                lines.extend((time.monotonic(), line) for line in process.stdout)
                status = process.wait()
            except BaseException:
                process.terminate()
                raise
            finally:
                timer.cancel()
                killer.cancel()
        if status != 0:
            told = [line.strip() for _, line in lines if line.strip()]
            raise Failed(f"status {status}: " + " / ".join(told[-3:]))
        return lines

    def _take_time(self, run, contender, lines):
        for moment, line in lines:
            seconds = contender.seconds(line)
            if seconds is not None:
                run.seconds = seconds
                run.idle = self._idle.between(moment - seconds, moment)
                return
        raise Failed("it did not say how long it took")

    @staticmethod
    def _take_usage(run, used, ranks):
        with open(used, encoding="utf-8") as file:
            told = [line.split() for line in file]
        numbers = [[float(v) for v in words[1:]] for words in told if words[:1] == ["used"]]
        same = sum(words[:1] == ["same"] for words in told)
        if same != ranks or len(numbers) != ranks:
            run.seconds = float("nan")
            raise Failed(f"{same} of {ranks} copies are as the source")
        run.ranks_cpu_s = sum(n[0] + n[1] for n in numbers)
        run.memory_sum_bytes = sum(n[2] for n in numbers) * 1024
        run.memory_max_bytes = max(n[2] for n in numbers) * 1024

    def tcp(self, cluster, case, number):
        """socat from the origin to node 1, between the moments that its own logs tell."""
        run = Run(case, TCP, number, load=machine.load(), started_unix_s=time.time())
        source, dest = self.source(case), os.path.dirname(DEST) + "/tcp"
        logs = {end: self._path(f"tcp.{end}.log") for end in ("sender", "receiver")}
        for log in logs.values():
            with open(log, "w", encoding="utf-8"):
                pass
        subprocess.run(cluster.on_node(1, "mkdir", "-p", os.path.dirname(dest)), check=True)
        socat = ["socat", "-u", "-b65536", "-d", "-d", "-lu", "-lf"]
        receiver = subprocess.Popen(
            cluster.on_node(1, *socat, logs["receiver"],
                            f"TCP-LISTEN:{TCP_PORT},reuseaddr", f"CREATE:{dest}"),
            stdin=subprocess.DEVNULL)
        try:
            self._await(logs["receiver"], "listening on", receiver)
            subprocess.run(cluster.on_node(0, *socat, logs["sender"], f"OPEN:{source},rdonly",
                                           f"TCP:node1:{TCP_PORT}"),
                           stdin=subprocess.DEVNULL, check=True, timeout=60 + 4 * case.wire_s)
            if receiver.wait(timeout=60) != 0:
                raise Failed("the receiving socat failed")
            begin = self._moment(logs["sender"], "opening connection to AF")
            end = self._moment(logs["receiver"], "exiting with status 0")
            subprocess.run(cluster.on_node(1, "cmp", source, dest), check=True)
            run.seconds = end - begin
            offset = time.monotonic() - time.time()
            run.idle = self._idle.between(begin + offset, end + offset)
        except (Failed, subprocess.SubprocessError) as failure:
            run.failure = f"TCP copy: {failure}"
        finally:
            if receiver.poll() is None:
                receiver.terminate()
                receiver.wait()
        return run

    @staticmethod
    def _await(log, words, process):
        until = time.monotonic() + 10
        while time.monotonic() < until and process.poll() is None:
            with open(log, encoding="utf-8") as file:
                if words in file.read():
                    return
            time.sleep(0.01)
        raise Failed("the receiving socat does not listen")

    @staticmethod
    def _moment(log, words):
        """When a log says the words, in seconds since the Epoch."""
        with open(log, encoding="utf-8") as file:
            for line in file:
                stamp = re.match(r"(\d+/\d+/\d+ \d+:\d+:\d+\.\d+) ", line)
                if stamp and words in line:
                    when = datetime.datetime.strptime(stamp[1], "%Y/%m/%d %H:%M:%S.%f")
                    return when.timestamp()
        raise Failed(f"socat did not log: {words}")
