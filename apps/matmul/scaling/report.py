"""What a suite leaves: results.json, results.csv, report.html, and a summary for the terminal."""

import base64
import csv
import dataclasses
import html
import json
import os
import sys

from scaling import analysis, paper

COLUMNS = ["order", "combination", "schedule", "seconds", "s_real", "s_ideal", "ratio", "slice", "scale", "repetitions",
           "verified", "late"]

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#222;max-width:1100px;margin:2em auto;padding:0 1em}
h1,h2{line-height:1.2} table{border-collapse:collapse;margin:1em 0;font-variant-numeric:tabular-nums}
th,td{padding:.25em .7em;border-bottom:1px solid #ddd;text-align:right} th{border-bottom:2px solid #222}
th:first-child,td:first-child,td.text,th.text{text-align:left} img{max-width:100%;height:auto}
pre{background:#f4f4f4;padding:.8em;overflow:auto;font-size:14px} .best{font-weight:bold} .note{color:#555}
"""


def write_data(rows, about, folder):
    records = [dataclasses.asdict(row) for row in rows]
    with open(os.path.join(folder, "results.json"), "w", encoding="utf-8") as file:
        json.dump({"about": about, "results": records}, file, indent=1)
        file.write("\n")
    with open(os.path.join(folder, "results.csv"), "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        for record in records:
            writer.writerow(record | {"repetitions": " ".join(f"{s:.6g}" for s in record["repetitions"])})


def _number(value, digits=2):
    return "-" if value is None else f"{value:.{digits}f}"


def _percent(value):
    return "-" if value is None else f"{value:.1%}"


def summary_table(rows, with_paper):
    """(heads, rows of texts): the fastest combination of each order and schedule, the paper's beside them."""
    heads = ["order", "schedule", "fastest", "seconds", "S_real", "S_ideal", "ratio"]
    lines = []
    for order in sorted({row.order for row in rows}):
        for schedule in sorted({row.schedule for row in rows if row.order == order}):
            row = analysis.best_row(rows, order, schedule)
            lines.append([str(order), schedule, row.combination, _number(row.seconds), _number(row.s_real),
                          _number(row.s_ideal), _percent(row.ratio)])
        if with_paper and order in paper.RESULTS:
            its = paper.RESULTS[order]
            lines.append([str(order), "the paper, as printed", its.best_combination, _number(its.best, 0),
                          _number(its.s_real), _number(its.s_ideal, 0), _percent(its.ratio)])
            lines.append([str(order), "the paper, from its times", its.best_combination, _number(its.best, 0),
                          _number(its.cpu / its.best), _number(its.exact_ideal), _percent(its.exact_ratio)])
    return heads, lines


def print_summary(rows, with_paper, out=sys.stdout):
    heads, lines = summary_table(rows, with_paper)
    widths = [max(len(line[i]) for line in [heads, *lines]) for i in range(len(heads))]
    for line in [heads, *lines]:
        cells = [text.ljust(width) if i in (1, 2) else text.rjust(width)
                 for i, (text, width) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip(), file=out)


def _html_table(heads, lines, text_columns=()):
    def cell(kind, i, text):
        style = ' class="text"' if i in text_columns else ""
        return f"<{kind}{style}>{text}</{kind}>"
    rows = ["<tr>" + "".join(cell("th", i, html.escape(head)) for i, head in enumerate(heads)) + "</tr>"]
    rows += ["<tr>" + "".join(cell("td", i, text) for i, text in enumerate(line)) + "</tr>" for line in lines]
    return "<table>" + "\n".join(rows) + "</table>"


def _table_1(rows, order, schedule):
    table = analysis.table_1(rows, order, schedule)
    cpus = sorted({c for c, _ in table})
    gpus = sorted({g for _, g in table})
    fastest = analysis.best_row(rows, order, schedule)
    lines = []
    for c in cpus:
        line = [str(c)]
        for g in gpus:
            row = table.get((c, g))
            if row is None:
                line.append("")
                continue
            text = f"{row.combination}<br>{row.seconds:.2f} s"
            if row.ratio:
                text += f"<br>{row.ratio:.1%}"
            line.append(f'<span class="best">{text}</span>' if row is fastest else text)
        lines.append(line)
    return _html_table(["CPUs \\ GPUs", *map(str, gpus)], lines)


def _escaped(lines):
    return [[html.escape(text) for text in line] for line in lines]


def _image(folder, name):
    with open(os.path.join(folder, f"{name}.svg"), "rb") as file:
        data = base64.b64encode(file.read()).decode()
    return f'<p><img alt="{html.escape(name)}" src="data:image/svg+xml;base64,{data}"></p>'


def write_html(rows, about, figures, folder, with_paper):
    heads, lines = summary_table(rows, with_paper)
    parts = ["<!doctype html><html lang=en><meta charset=utf-8><title>clopencl-matmul scaling suite</title>",
             f"<style>{STYLE}</style><h1>clopencl-matmul scaling suite</h1>",
             f"<p>{html.escape(about['cluster'])}. {html.escape(about['when'])}.</p>",
             _html_table(heads, _escaped(lines), (1, 2))]
    parts += [f'<p class="note">{html.escape(note)}</p>' for note in about["notes"]]
    parts += [_image(folder, name) for name in figures if name == "ratio"]
    for order in sorted({row.order for row in rows}):
        parts.append(f"<h2>n = {order}</h2>")
        for schedule in sorted({row.schedule for row in rows if row.order == order}):
            parts.append(f"<h3>Best combination for each count of CPUs and GPUs, schedule {html.escape(schedule)}</h3>"
                         + _table_1(rows, order, schedule))
        parts += [_image(folder, name) for name in figures if f"_{order}" in name]
    parts.append("<h2>All runs</h2>" + _html_table(
        ["order", "combination", "schedule", "slice", "runs", "median s", "S_real", "S_ideal", "ratio", "verified"],
        [[str(row.order), row.combination, row.schedule, str(row.slice * row.scale), str(len(row.repetitions)),
          _number(row.seconds, 3), _number(row.s_real), _number(row.s_ideal), _percent(row.ratio),
          "yes" if row.verified else "NO"] for row in rows], (1, 2)))
    parts.append("<h2>Hardware and commands</h2><pre>" + html.escape(about["hardware"]) + "</pre><pre>"
                 + html.escape("\n".join(about["commands"])) + "</pre></html>")
    with open(os.path.join(folder, "report.html"), "w", encoding="utf-8") as file:
        file.write("\n".join(parts) + "\n")
