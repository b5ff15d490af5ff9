"""The paper's figures 3 to 6 from our own runs, and the share of the ideal speed-up, as SVG and PNG."""

import os

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.ticker import MaxNLocator, PercentFormatter  # noqa: E402

from scaling import analysis, paper  # noqa: E402

# Okabe and Ito's colours, which differ for colour-blind people, too; markers and line styles differ as well.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
LINES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1))]
INK = "#222222"
MANY = 12  # More combinations than that are drawn without their names.


def _style():
    pyplot.rcParams.update({
        "font.size": 10, "axes.titlesize": 11, "axes.edgecolor": INK, "axes.labelcolor": INK, "axes.grid": True,
        "grid.color": "#dddddd", "grid.linewidth": 0.6, "axes.axisbelow": True, "axes.spines.top": False,
        "axes.spines.right": False, "legend.frameon": False, "legend.fontsize": 9, "svg.fonttype": "none",
        "svg.hashsalt": "clopencl", "figure.dpi": 110, "savefig.bbox": "tight"})


def _save(figure, folder, name):
    for kind in ("svg", "png"):
        metadata = {"Date": None} if kind == "svg" else None
        figure.savefig(os.path.join(folder, f"{name}.{kind}"), metadata=metadata)
    pyplot.close(figure)
    return name


def _series(rows, value, keep):
    """{CPUs: [(GPUs, value)]} of the best row of each number of devices."""
    series = {}
    for (cpus, gpus), row in sorted(rows.items()):
        number = value(row)
        if keep(cpus, gpus) and number is not None:
            series.setdefault(cpus, []).append((gpus, number))
    return series


def _draw(axes, series, label, title):
    for cpus, points in series.items():
        # The same for the same number of CPUs in both panels.
        i = cpus
        axes.plot(*zip(*points), color=COLOURS[i % 7], marker=MARKERS[i % 7], linestyle=LINES[i % 7], linewidth=1.6,
                  markersize=6, label=f"{cpus} CPU{'' if cpus == 1 else 's'}")
    axes.set_xlabel("GPUs")
    axes.set_ylabel(label)
    axes.set_title(title)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(0, 1.07 * max(number for points in series.values() for _, number in points))


def _two_panels(rows, order, schedule, folder, value, label, name, what):
    table = analysis.table_1(rows, order, schedule)
    whole = _series(table, value, lambda cpus, gpus: True)
    # The paper's zoom: where the first node's devices are all in use.
    base = analysis.base_row(rows, order, schedule)
    cpus_of_base, gpus_of_base = base.counts if base else (0, 0)
    zoom = _series(table, value, lambda cpus, gpus: cpus >= cpus_of_base and gpus >= gpus_of_base)
    panels = 2 if sum(map(len, zoom.values())) > 1 and zoom != whole else 1
    figure, axes = pyplot.subplots(1, panels, figsize=(5.2 * panels, 3.9), squeeze=False)
    _draw(axes[0][0], whole, label, f"{what}, n = {order}, schedule {schedule}")
    if panels == 2:
        _draw(axes[0][1], zoom, label,
              f"from {base.combination} on ({cpus_of_base} CPU{'s' * (cpus_of_base != 1)}, {gpus_of_base} GPUs)")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncol=len(labels), bbox_to_anchor=(0.5, -0.07))
    figure.tight_layout()
    return _save(figure, folder, name)


def time_figure(rows, order, schedule, folder):
    return _two_panels(rows, order, schedule, folder, lambda row: row.seconds, "execution time (s)",
                       f"time_{order}_{schedule}", "Execution time")


def speedup_figure(rows, order, schedule, folder):
    base = analysis.base_row(rows, order, schedule)
    if base is None:
        return None
    return _two_panels(rows, order, schedule, folder, lambda row: base.seconds / row.seconds,
                       f"speed-up over {base.combination}", f"speedup_{order}_{schedule}", "Speed-up")


def combination_figure(rows, order, folder):
    """Time of every combination, the schedules beside each other."""
    mine = [row for row in rows if row.order == order]
    schedules = sorted({row.schedule for row in mine}, key=_schedule_rank)
    names = sorted({row.combination for row in mine},
                   key=lambda name: -max(row.seconds for row in mine if row.combination == name))
    if len(names) < 2:
        return None
    height = 1.6 + 0.11 * len(names) * (1 + len(schedules))
    figure, axes = pyplot.subplots(figsize=(7.5, height))
    ideals = {row.combination: row.seconds * row.ratio for row in mine if row.ratio}
    thickness = 0.8 / len(schedules)
    for i, schedule in enumerate(schedules):
        found = [(names.index(row.combination), row.seconds) for row in mine if row.schedule == schedule]
        axes.barh([at + (i - (len(schedules) - 1) / 2) * thickness for at, _ in found], [s for _, s in found],
                  height=thickness, color=COLOURS[_schedule_rank(schedule)], label=schedule)
    if ideals:
        axes.scatter([ideals[name] for name in ideals], [names.index(name) for name in ideals], marker="|", s=90,
                     color=INK, linewidths=2, zorder=3, label="ideal")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("execution time (s)")
    axes.set_title(f"All combinations, n = {order}")
    axes.legend(loc="lower right")
    figure.tight_layout()
    return _save(figure, folder, f"combinations_{order}")


def _schedule_rank(name):
    order = ["paper", "overlap", "shared"]
    return order.index(name) if name in order else len(order)


def ratio_figure(rows, folder, with_paper):
    """S_real / S_ideal of the fastest combination at each order."""
    orders = sorted({row.order for row in rows})
    schedules = sorted({row.schedule for row in rows}, key=_schedule_rank)
    bars = []
    if with_paper:
        bars.append(("the paper (2012)", "#999999",
                     {order: paper.RESULTS[order].exact_ratio for order in orders if order in paper.RESULTS}))
    for schedule in schedules:
        best = {order: analysis.best_row(rows, order, schedule) for order in orders}
        bars.append((schedule, COLOURS[_schedule_rank(schedule)],
                     {order: row.ratio for order, row in best.items() if row and row.ratio}))
    if not any(values for _, _, values in bars):
        return None
    figure, axes = pyplot.subplots(figsize=(max(5.0, 1.6 + 2.0 * len(orders)), 3.8))
    width = 0.8 / len(bars)
    hatches = ["", "//", "..", "xx", "\\\\"]
    for i, (label, colour, values) in enumerate(bars):
        places = [orders.index(order) + (i - (len(bars) - 1) / 2) * width for order in values]
        drawn = axes.bar(places, list(values.values()), width=width * 0.94, color=colour, label=label,
                         hatch=hatches[i % 5], edgecolor="white", linewidth=0)
        axes.bar_label(drawn, [f"{value:.0%}" for value in values.values()], fontsize=8, padding=3,
                       bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"})
    axes.axhline(1, color=INK, linewidth=1, linestyle="--", zorder=0)
    axes.set_xticks(range(len(orders)), [f"n = {order}" for order in orders])
    axes.set_ylim(0, 1.15)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(axis="x", visible=False)
    axes.set_ylabel("$S_{real}$ / $S_{ideal}$")
    axes.set_title("Share of the ideal speed-up, fastest combination")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncol=len(bars))
    figure.tight_layout()
    return _save(figure, folder, "ratio")


def draw_all(rows, folder, with_paper):
    """The names of the figures, without their extensions, in the order of a report."""
    _style()
    names = [ratio_figure(rows, folder, with_paper)]
    for order in sorted({row.order for row in rows}):
        names.append(nodes_figure(rows, order, folder))
        names.append(combination_figure(rows, order, folder))
        for schedule in sorted({row.schedule for row in rows if row.order == order}, key=_schedule_rank):
            if len({row.combination for row in rows if row.order == order and row.schedule == schedule}) > 2:
                names.append(time_figure(rows, order, schedule, folder))
                names.append(speedup_figure(rows, order, schedule, folder))
    return [name for name in names if name]


def servers_figure(results, folder):
    """servers.py: time and memory against the number of rank servers."""
    _style()
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9.6, 3.7))
    numbers = [result["servers"] for result in results]
    times = [("join_seconds", "joining the job and learning the devices"),
             ("first_use_seconds", "first use of every device")]
    for i, (column, label) in enumerate(times):
        left.plot(numbers, [result[column] for result in results], color=COLOURS[i], marker=MARKERS[i],
                  linestyle=LINES[i], label=label)
    left.set_ylabel("time (s)")
    right.plot(numbers, [result["memory_bytes"] / 2**20 for result in results], color=COLOURS[2], marker=MARKERS[2],
               label="the driver in the program")
    right.set_ylabel("memory (MiB)")
    for axes in (left, right):
        axes.set_xlabel("rank servers")
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="upper left")
    left.set_title("Start-up")
    right.set_title("Memory")
    figure.tight_layout()
    return _save(figure, folder, "servers")


def _nodes(row):
    return row.combination.count(",") + 1


def nodes_figure(rows, order, folder):
    """How far a cluster carries: speed-up over one device against the number of nodes, where combinations grow node by
    node."""
    mine = [row for row in rows if row.order == order and row.s_real]
    if len({_nodes(row) for row in mine}) < 4:
        return None
    figure, axes = pyplot.subplots(figsize=(6.4, 4.2))
    ideal = {}
    for schedule in sorted({row.schedule for row in mine}, key=_schedule_rank):
        best = {}
        i = _schedule_rank(schedule)  # The same look in all figures.
        for row in mine:
            ideal[_nodes(row)] = max(ideal.get(_nodes(row), 0), row.s_ideal)
            if row.schedule == schedule:
                best[_nodes(row)] = max(best.get(_nodes(row), 0), row.s_real)
        axes.plot(*zip(*sorted(best.items())), color=COLOURS[i], marker=MARKERS[i], linestyle=LINES[i], label=schedule)
    axes.plot(*zip(*sorted(ideal.items())), color=INK, linewidth=1, label="ideal")
    axes.set_xlabel("nodes")
    axes.set_ylabel("speed-up over the slowest device")
    axes.set_title(f"Speed-up against nodes, n = {order}")
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left")
    figure.tight_layout()
    return _save(figure, folder, f"nodes_{order}")
