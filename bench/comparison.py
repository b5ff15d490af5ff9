"""What bench/compare and bench/diff share: results of several variants, their summary, the goals."""

import json
import statistics


def summarize_rounds(runs):
    """One variant's metrics from the JSON of its runs (one run a round).

    A metric is {"unit", "less_is_better", "median": of the rounds' medians, "low" and "high": the extreme
    rounds, "p90": median of the rounds' p90, "rounds": the medians}. A metric that was skipped or failed in
    any round is in "skipped" or "failed" with the reason, and keeps what the other rounds measured.
    """
    collected = {}
    skipped = {}
    failed = {}
    for run in runs:
        skipped.update(run.get("skipped", {}))
        failed.update(run.get("failed", {}))
        for name, metric in run.get("results", {}).items():
            entry = collected.setdefault(
                name,
                {
                    "unit": metric["unit"],
                    "less_is_better": metric["less_is_better"],
                    "rounds": [],
                    "p90s": [],
                },
            )
            entry["rounds"].append(metric["median"])
            entry["p90s"].append(metric["p90"])
    metrics = {}
    for name, entry in collected.items():
        rounds = entry["rounds"]
        metrics[name] = {
            "unit": entry["unit"],
            "less_is_better": entry["less_is_better"],
            "median": statistics.median(rounds),
            "low": min(rounds),
            "high": max(rounds),
            "p90": statistics.median(entry["p90s"]),
            "rounds": rounds,
        }
    return {"metrics": metrics, "skipped": skipped, "failed": failed}


def spread(metric):
    """(high - low) / median of the rounds."""
    return (metric["high"] - metric["low"]) / metric["median"] if metric["median"] else 0.0


def cost_ratio(metric, base):
    """How many times as dear as `base`: above 1 is worse, whether times or rates are measured."""
    if not metric["median"] or not base["median"]:
        return None
    ratio = metric["median"] / base["median"]
    return ratio if metric["less_is_better"] else 1 / ratio


def beyond_slow_down(times, native):
    """How many times native's own slow-down `times` is. What got faster natively did not slow down: 1."""
    return times / max(native, 1)


def format_value(value):
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"


def format_table(rows):
    """Rows of cells, the first row being titles; the first column is left-aligned, the others right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def metric_names(variants):
    """All names, in the order in which the variants have them."""
    names = {}
    for variant in variants.values():
        names.update(dict.fromkeys(variant["metrics"]))
    return list(names)


def variants_table(variants, base="native"):
    """Medians with the spread of the rounds, and the cost ratio to `base` beside every other variant."""
    titles = ["metric", "unit"]
    for name in variants:
        titles.append(name)
        titles.append("+-%")
        if name != base and base in variants:
            titles.append("ratio")
    rows = [titles]
    for metric_name in metric_names(variants):
        unit = next(
            v["metrics"][metric_name]["unit"] for v in variants.values() if metric_name in v["metrics"]
        )
        row = [metric_name, unit]
        for name, variant in variants.items():
            metric = variant["metrics"].get(metric_name)
            row.append(format_value(metric["median"]) if metric else "-")
            row.append(f"{spread(metric) * 50:.0f}" if metric else "-")
            if name != base and base in variants:
                native = variants[base]["metrics"].get(metric_name)
                ratio = cost_ratio(metric, native) if metric and native else None
                row.append(f"{ratio:.2f}" if ratio is not None else "-")
        rows.append(row)
    return format_table(rows)


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)
