"""Speed-ups and their ideals, from the outcomes of runs."""

import dataclasses
import statistics

from scaling import combinations


@dataclasses.dataclass
class Row:
    """The runs of one order, combination and schedule."""
    order: int
    combination: str
    schedule: str
    slice: int
    scale: int
    seconds: float           # Median; of a scaled run already multiplied back.
    repetitions: list        # Seconds of each.
    verified: bool
    late: bool               # A modelled kernel took longer than modelled in every repetition.
    s_real: float | None = None
    s_ideal: float | None = None
    ratio: float | None = None
    devices: list = dataclasses.field(default_factory=list)  # Of the median run, as clopencl-matmul reports them.

    @property
    def counts(self):
        return combinations.counts(self.combination)


def slice_rule(order, runs):
    """The paper's: the largest divisor of the order that gives at least so many tiles. None if there is none."""
    for blocks in range(1, min(order, 256) + 1):
        if blocks * blocks >= runs and order % blocks == 0:
            return order // blocks
    return None


def wanted_runs(nodes):
    """Two for each CPU and four for each GPU, which is taken to be twice as fast."""
    cpus, gpus = combinations.counts("".join(nodes))
    return 2 * cpus + 4 * gpus


def rows_of(outcomes):
    """`outcomes`: dictionaries as runs.py keeps them."""
    groups = {}
    for outcome in outcomes:
        if outcome.get("error") or outcome.get("warm_up"):
            continue
        key = (outcome["order"], outcome["combination"], outcome["schedule"])
        groups.setdefault(key, []).append(outcome)
    rows = []
    for (order, combination, schedule), runs in groups.items():
        seconds = sorted(run["seconds"] for run in runs)
        median = statistics.median_low(seconds)
        middle = next(run for run in runs if run["seconds"] == median)
        rows.append(Row(order, combination, schedule, middle["slice"], middle["scale"], statistics.median(seconds),
                        [run["seconds"] for run in runs], all(run["verified"] for run in runs),
                        all(run["late"] for run in runs), devices=middle["devices"]))
    add_speedups(rows)
    rows.sort(key=lambda row: (row.order, row.schedule, row.counts, row.combination))
    return rows


def rates(rows, order):
    """Products a second of one device of each kind, at this order: {"C": ..., "G": ...}. The better of its time alone,
    where that was run, and what such devices computed in a second of kernel time."""
    found = {}
    for row in rows:
        if row.order == order and len(row.combination) == 1:
            found[row.combination] = max(found.get(row.combination, 0), 1 / row.seconds)
    for letter in "GCA":
        if rate := max(found.get(letter, 0), kernel_rate(rows, order, letter)):
            found[letter] = rate
    return found


def kernel_rate(rows, order, letter):
    names = {"G": "GPU", "C": "CPU", "A": "accelerator"}
    best = 0
    for row in rows:
        for device in row.devices:
            if row.order != order or device["type"] != names[letter] or not device.get("kernel_seconds"):
                continue
            share = device["blocks"] * row.slice**2 * row.scale**2 / order**2
            best = max(best, share / (device["kernel_seconds"] * row.scale**2))
    return best


def add_speedups(rows):
    """s_real: over the slowest single device; s_ideal: the sum of the devices' rates over the slowest one's."""
    for order in {row.order for row in rows}:
        known = rates(rows, order)
        for row in rows:
            if row.order != order:
                continue
            letters = [letter for letter in row.combination if letter != ","]
            if not known or any(letter not in known for letter in letters):
                continue
            slowest = min(known.values())
            row.s_real = 1 / slowest / row.seconds
            row.s_ideal = sum(known[letter] for letter in letters) / slowest
            row.ratio = row.s_real / row.s_ideal


def best_row(rows, order, schedule):
    mine = [row for row in rows if row.order == order and row.schedule == schedule]
    return min(mine, key=lambda row: row.seconds, default=None)


def table_1(rows, order, schedule):
    """{(CPUs, GPUs): the fastest row with so many}"""
    table = {}
    for row in rows:
        if row.order == order and row.schedule == schedule:
            if row.counts not in table or row.seconds < table[row.counts].seconds:
                table[row.counts] = row
    return table


def base_row(rows, order, schedule):
    """The run on all devices of the first node alone, the paper's GGC; the others' speed-up is over it. Of those runs
    on one node the one with the most devices."""
    local = [row for row in rows if row.order == order and row.schedule == schedule and "," not in row.combination]
    return max(local, key=lambda row: sum(row.counts), default=None)
