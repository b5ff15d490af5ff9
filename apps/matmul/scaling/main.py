"""The command line of the suite."""

import argparse
import contextlib
import datetime
import os
import platform
import shlex
import signal
import subprocess
import sys

from scaling import analysis, cluster, combinations, offers, places, report, runs, servers
from scaling.progress import Estimate, Progress

SCHEDULES = ["paper", "overlap", "shared"]
SKIPPED = 77

DESCRIPTION = """Runs the evaluation of the clOpenCL paper: the matrix product on combinations of a cluster's devices,
and reports execution times, speed-ups and their share of the ideal.

  clopencl-matmul-suite --out results                          # this machine's devices
  clopencl-matmul-suite --hostfile hosts --out results         # a cluster, as for clrun
  clopencl-matmul-suite --model paper --out results            # the paper's cluster, its devices modelled (root)
  clopencl-matmul-suite --model cluster.toml --out results     # a cluster that you describe

A model runs on hosts made of network namespaces with links of the modelled rate, or on those of --hostfile.
What was run already in --out is not run again."""


def parse_arguments(words):
    parser = argparse.ArgumentParser(prog="clopencl-matmul-suite", description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hostfile", metavar="FILE", help="hosts and their devices, as clrun takes it")
    parser.add_argument("--model", metavar="NAME|FILE", help="'paper', or a file that describes a cluster")
    parser.add_argument("--orders", metavar="N,...", help="orders of the matrices; 8K is 8192 (default: the model's, "
                                                          "else 8K)")
    parser.add_argument("--schedule", default="paper,overlap", help="paper, overlap, shared, several with commas, or "
                                                                    "all (default: paper,overlap)")
    parser.add_argument("--combos", default="best", help="'all', 'best' (default: one for each count of CPUs and GPUs, "
                                                         "by the paper's rule), or some: 'GGC GGC,G GC,C'")
    parser.add_argument("--slice", type=_order, metavar="N", help="rows of a block (default: the paper's rule)")
    parser.add_argument("--cut", type=int, default=4, metavar="K",
                        help="overlap and shared cut blocks K times finer than paper (default: 4)")
    parser.add_argument("--repetitions", type=int, default=1, metavar="N", help="runs of each; the median counts")
    parser.add_argument("--warm-up", action="store_true", help="one more run of each before, which does not count")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for results; is made")
    parser.add_argument("--fresh", action="store_true", help="forget what --out holds of earlier runs")
    parser.add_argument("--redo-late", action="store_true", help="run again what this host was too slow to model")
    parser.add_argument("--report-only", action="store_true", help="write the report of what was run so far")
    parser.add_argument("--servers", type=_numbers, metavar="N,...",
                        help="instead: what the driver costs in time and memory with so many rank servers, all on this "
                             "machine with modelled devices; such as 1,2,4,8,16,32,64")
    parser.add_argument("--clrun-argument", action="append", default=[], metavar="WORD",
                        help="a further argument for clrun, such as --clrun-argument=--transport=tcp")
    return check(parser, parser.parse_args(words))


def _order(text):
    try:
        number = int(text[:-1]) * 1024 if text[-1:] in "kK" else int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0, such as 8192 or 8K")
    return number


def _numbers(text):
    return [_order(part) for part in text.split(",")]


def check(parser, options):
    try:
        options.orders = [_order(text) for text in options.orders.split(",")] if options.orders else None
    except argparse.ArgumentTypeError as error:
        parser.error(f"--orders: {error}")
    options.schedules = SCHEDULES if options.schedule == "all" else options.schedule.split(",")
    for schedule in options.schedules:
        if schedule not in SCHEDULES:
            parser.error(f"--schedule: {schedule!r} is none of {', '.join(SCHEDULES)} and all")
    if options.repetitions < 1 or options.cut < 1:
        parser.error("--repetitions and --cut are at least 1")
    return options


def plan(options, nodes, orders, scale_of):
    """All runs, the small combinations first: they tell the devices' rates."""
    planned = []
    chosen = combinations.choose(options.combos, nodes)
    for order in orders:
        scale = scale_of(order)
        rule = options.slice or analysis.slice_rule(order, analysis.wanted_runs(nodes))
        if rule is None:
            raise runs.RunsError(f"the order {order} can't be cut into blocks for these devices; give --slice")
        for schedule in options.schedules:
            cut = 1 if schedule == "paper" else options.cut
            if order % scale or rule % (scale * cut):
                raise runs.RunsError(f"order {order}, cut into blocks of {rule} rows, can't be divided by the scale "
                                     f"{scale} and --cut {cut}")
            for combination in chosen:
                numbers = range(0 if options.warm_up else 1, options.repetitions + 1)
                planned += [runs.Run(order, scale, combination, schedule, rule // scale // cut, number, number == 0)
                            for number in numbers]
    return planned


def describe_hardware():
    lines = [f"host {platform.node()}, {platform.platform()}"]
    for command in (["lscpu"], ["nvidia-smi", "-L"]):
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            said = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=30)
            keep = ("Model name", "CPU(s):", "Thread", "Socket", "Hypervisor", "L3")
            lines += [line.strip() for line in said.stdout.splitlines()
                      if command[0] != "lscpu" or line.strip().startswith(keep)]
    return "\n".join(lines)


def describe(options, words, described, model, journal):
    notes = []
    if model is not None:
        notes.append("The devices are modelled: their kernels take the modelled time, while transfers, runtime and "
                     "scheduling are real. Every product was verified.")
        scaled = {run["order"]: run["scale"] for run in journal.outcomes.values() if run["scale"] > 1}
        for order, scale in sorted(scaled.items()):
            notes.append(f"Order {order} was run as order {order // scale} on devices with 1/{scale} of the speed and "
                         f"1/{scale**2} of the memory, which keeps the proportion of transfers to kernels; times are "
                         f"multiplied by {scale**2}.")
    late = sorted({f"{run['combination']} ({run['order']}, {run['schedule']})" for run in journal.outcomes.values()
                   if run.get("late")})
    if late:
        notes.append("In these runs this host was at times too slow to keep to the modelled times, so that their times "
                     "are too long: " + "; ".join(late) + ".")
    told = [word for word in words if word not in ("--fresh", "--report-only", "--redo-late")]
    commands = ["clopencl-matmul-suite " + shlex.join(told)]
    last = next(reversed(journal.outcomes.values()), None)
    if last:
        commands.append("the last run: " + last["command"])
    return {"cluster": described, "when": datetime.datetime.now().strftime("%Y-%m-%d %H:%M"), "notes": notes,
            "hardware": describe_hardware(), "commands": commands, "schedules": options.schedules}


def describe_model(model):
    """As in "Cluster of the paper: GGC, 3 x GC, links of 1gbit"."""
    letters = model.letters()
    groups = [f"{letters.count(group)} x {group}" if letters.count(group) > 1 else group
              for group in dict.fromkeys(letters)]
    return f"{model.name}: {', '.join(groups)}" + (f", links of {model.rate}" if model.rate else "")


def make_hosts(stack, model, options):
    """(names of hosts, what runs a command on the first, their environment) for a model."""
    module = places.namespace_hosts()
    reason = module.reason_against(bool(model.rate))
    if reason:
        print(f"a model needs hosts made of network namespaces, or --hostfile: {reason}", file=sys.stderr)
        raise SystemExit(SKIPPED)
    made = stack.enter_context(module.Hosts(len(model.nodes), rate=model.rate, mtu=model.mtu))
    return made.names, made.command(0, []), made.environment()


def execute(options, journal, planned, runner, estimate):
    todo = [run for run in planned if run.key not in journal.outcomes or "error" in journal.outcomes[run.key]
            or (options.redo_late and journal.outcomes[run.key]["late"])]
    if len(todo) < len(planned):
        print(f"{len(planned) - len(todo)} of {len(planned)} runs are done already", file=sys.stderr)
    estimate.learn(list(journal.outcomes.values()))
    progress = Progress(todo, estimate)
    for run in todo:
        progress.before(run)
        expected = estimate.seconds(run) or 600
        outcome = runner.execute(run, 120 + 10 * expected)
        journal.add(outcome)
        estimate.learn(list(journal.outcomes.values()))
        progress.after(outcome)


def write_report(options, words, described, model, journal, with_paper):
    rows = analysis.rows_of(journal.outcomes.values())
    if not rows:
        return
    about = describe(options, words, described, model, journal)
    report.write_data(rows, about, options.out)
    try:
        from scaling import figures
        names = figures.draw_all(rows, options.out, with_paper)
    except ImportError:
        print("no figures: matplotlib is missing (Debian: python3-matplotlib)", file=sys.stderr)
        names = []
    report.write_html(rows, about, names, options.out, with_paper)
    report.print_summary(rows, with_paper)
    print(f"see {os.path.join(options.out, 'report.html')}")


def run_suite(options, words):
    os.makedirs(options.out, exist_ok=True)
    options.out = os.path.abspath(options.out)
    clrun, matmul = places.program("clrun"), places.program("clopencl-matmul")
    if options.servers:
        servers.run(options.servers, options.out, clrun)
        return 0
    model = cluster.load(places.model(options.model)) if options.model else None
    setting = {"model": model and places.model(options.model), "hostfile": options.hostfile}
    with_paper = options.model == "paper"
    environment = dict(os.environ)
    prefix = []
    with contextlib.ExitStack() as stack:
        if model is None:
            hosts = offers.ask_clrun(clrun, options.hostfile, environment)
            described = "; ".join(f"{host.name}: {host.letters}" for host in hosts)
        else:
            described = describe_model(model)
            if options.hostfile:
                names = [line.split()[0] for line in open(options.hostfile, encoding="utf-8")
                         if line.split("#")[0].strip()]
            elif options.report_only:
                names = [name for name, _ in model.nodes]
            else:
                names, prefix, more = make_hosts(stack, model, options)
                environment.update(more)
            if len(names) < len(model.nodes):
                raise cluster.ClusterError(f"{options.hostfile} has {len(names)} hosts, the model has "
                                           f"{len(model.nodes)} nodes")
            hosts = offers.of_model(model, names)
        orders = options.orders or (model and model.orders) or [8192]
        planned = plan(options, [host.letters for host in hosts], orders, model.scale_of if model else lambda order: 1)
        journal = runs.Journal(options.out, setting, options.fresh)
        models = {}
        for order in orders if model else []:
            models[order] = os.path.join(options.out, f"model_{order}.toml")
            if not options.report_only:
                cluster.write_for_rank_servers(model, order, [host.name for host in hosts], models[order])
        runner = runs.Runner(options.out, clrun, matmul, hosts, environment, prefix, models, options.clrun_argument)
        known = {order: {kind.letter: kind.gflops_at(order) / (2e-9 * order**3) for kind in model.kinds.values()}
                 for order in orders} if model else {}
        try:
            if not options.report_only:
                execute(options, journal, planned, runner, Estimate(known))
        finally:
            write_report(options, words, described, model, journal, with_paper)
    failed = [run for run in planned if "error" in journal.outcomes.get(run.key, {"error": ""})]
    return 1 if failed else 0


def main(words):
    options = parse_arguments(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return run_suite(options, words)
    except (cluster.ClusterError, combinations.CombinationError, offers.OfferError, places.MissingError,
            runs.RunsError) as error:
        print(f"clopencl-matmul-suite: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("clopencl-matmul-suite: stopped; the same command goes on from here", file=sys.stderr)
        return 130
