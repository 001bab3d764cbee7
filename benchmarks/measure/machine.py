"""The machine: what it is, and how busy its processors are."""

import bisect
import os
import platform
import re
import subprocess
import threading
import time

SAMPLE_S = 0.1
SPAN_MIN_S = 0.4


def _read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _first_line(*command):
    """Of what a program prints, or '' where there is no such program."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
    except OSError:
        return ""
    return next((line.strip() for line in done.stdout.splitlines() if line.strip()), "")


def describe(stagecast):
    """Names and texts, in the order in which they are to be shown."""
    model = re.search(r"^model name\s*: (.*)$", _read("/proc/cpuinfo"), re.M)
    total_kib = re.search(r"^MemTotal:\s+(\d+)", _read("/proc/meminfo"), re.M)
    release = re.search(r'^PRETTY_NAME="?([^"\n]*)', _read("/etc/os-release"), re.M)
    version = subprocess.run([stagecast, "--version"], stdout=subprocess.PIPE, text=True,
                             check=True)
    lines = version.stdout.splitlines()
    return {
        "processors": f"{os.cpu_count()}, {model[1] if model else platform.machine()}",
        "memory": f"{int(total_kib[1]) / (1 << 20):.0f} GiB" if total_kib else "unknown",
        "system": f"{release[1] if release else 'unknown'}, "
                  f"{platform.system()} {platform.release()}",
        "stagecast": ", ".join(lines[:1] + lines[2:]),
        "MPI": lines[1].split(",")[0],
        "TCP copy": _socat_version(),
        "network": "namespaces, veth and htb, by " + _first_line("tc", "-V").split(", ")[1],
    }


def _socat_version():
    done = subprocess.run(["socat", "-V"], stdout=subprocess.PIPE, text=True, check=True)
    match = re.search(r"socat version \S+", done.stdout)
    return match[0] if match else "socat"


def load():
    """Processes that ran or wanted to, averaged over a minute."""
    return float(_read("/proc/loadavg").split()[0])


def _ticks():
    """All processors' ticks so far, and the idle ones of them."""
    values = [int(v) for v in _read("/proc/stat").split("\n", 1)[0].split()[1:9]]
    return sum(values), values[3] + values[4]


def idle_now(seconds):
    """The idle part of the processors over the next seconds."""
    before = _ticks()
    time.sleep(seconds)
    after = _ticks()
    return (after[1] - before[1]) / max(1, after[0] - before[0])


class IdleRecorder:
    """Records how idle the processors are, while it is entered."""

    def __init__(self):
        self._samples = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._record)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def _record(self):
        while True:
            self._samples.append((time.monotonic(), *_ticks()))
            if self._end.wait(SAMPLE_S):
                return

    def between(self, begin, end):
        """The idle part between two moments of time.monotonic(); NaN where that was too short or
        too little is known of it."""
        samples = self._samples + [(time.monotonic(), *_ticks())]
        first = max(0, bisect.bisect_right(samples, (begin,)) - 1)
        last = min(len(samples) - 1, bisect.bisect_left(samples, (end,)))
        began, all_before, idle_before = samples[first]
        ended, all_after, idle_after = samples[last]
        span_s = end - begin
        if span_s < SPAN_MIN_S or ended - began > 1.5 * span_s or all_after == all_before:
            return float("nan")
        return (idle_after - idle_before) / (all_after - all_before)
