"""The results as HDF5: /runs, /summary, /floors and /simulated, and what was measured where."""

import os

import h5py
import numpy

from . import cases

SCHEMA_VERSION = 1


def _table(rows):
    """rows: dicts of the same keys; texts get the length of the longest."""
    kinds = []
    for key, value in rows[0].items():
        if isinstance(value, str):
            length = max(len(row[key].encode()) for row in rows)
            kinds.append((key, f"S{max(1, length)}"))
        else:
            kinds.append((key, "u8" if isinstance(value, int) else "f8"))
    table = numpy.zeros(len(rows), dtype=kinds)
    for i, row in enumerate(rows):
        table[i] = tuple(v.encode() if isinstance(v, str) else v for v in row.values())
    return table


def _case(case):
    return {"rate_bits_per_s": float(case.rate_bits), "nodes": case.nodes,
            "size_bytes": case.size_bytes, "size_label": case.size_label}


def _run(run):
    return {**_case(run.case), "contender": run.contender, "round": run.round,
            "elapsed_s": run.seconds, "idle": run.idle, "ranks_cpu_s": run.ranks_cpu_s,
            "memory_sum_bytes": float(run.memory_sum_bytes),
            "memory_max_bytes": float(run.memory_max_bytes), "load": run.load,
            "started_unix_s": run.started_unix_s, "failure": run.failure, "plan": run.plan}


def _row(row):
    return {**_case(row.case), "contender": row.contender, "runs": row.runs,
            "failed": row.failed, "median_s": row.median_s, "least_s": row.least_s,
            "most_s": row.most_s, "floor_ratio": row.ratio, "idle": row.idle,
            "ranks_cpu_s": row.ranks_cpu_s, "memory_sum_bytes": float(row.memory_sum_bytes),
            "memory_max_bytes": float(row.memory_max_bytes)}


def _floor(key, floor):
    return {"rate_bits_per_s": float(key[0]), "size_bytes": key[1], "floor_s": floor.seconds,
            "measured_by": floor.row.contender if floor.row else "", "refusal": floor.refusal}


def _prediction(prediction, summary):
    row = summary.row(prediction.case, prediction.contender)
    return {**_case(prediction.case), "contender": prediction.contender,
            "shape": prediction.shape, "simulated_s": prediction.seconds,
            "measured_s": row.median_s if row else float("nan")}


def write(path, runs, summary, contenders, names, facts):
    """To a temporary name first: the file is whole or absent."""
    tables = {
        "runs": [_run(run) for run in runs],
        "summary": [_row(summary.rows[key]) for key in sorted(summary.rows)],
        "floors": [_floor(key, summary.floors[key]) for key in sorted(summary.floors)],
        "simulated": [_prediction(p, summary) for p in facts["predictions"]],
        "contenders": [{"name": n, "label": contenders[n].label, "note": contenders[n].note}
                       for n in names],
    }
    with h5py.File(path + ".part", "w") as file:
        for name, rows in tables.items():
            if rows:
                file.create_dataset(name, data=_table(rows))
        file.attrs["schema_version"] = SCHEMA_VERSION
        file.attrs["program"] = "stagecast benchmarks/suite"
        file.attrs["command"] = facts["command"]
        file.attrs["started"] = facts["when"]
        file.attrs["rate"] = cases.format_rate(facts["rate_bits"])
        file.attrs["idle_before"] = facts["idle_before"]
        for name, text in facts["machine"].items():
            file.attrs[name.replace(" ", "_")] = text
        for name, reason in facts["unavailable"].items():
            file.attrs["unavailable_" + name] = reason
    os.replace(path + ".part", path)
