#!/usr/bin/env python3
"""Runs random graphs of commands (programs/span_graph) and shrinks the first that goes wrong.

    random_graphs.py [options] -- PROGRAM [ARGUMENT...]

The program runs under clrun with --servers rank servers, or as it is without that option. A graph is wrong when
the program says so, crashes, or does not end in time. Its steps are then left out, more and more, as long as
what is left goes wrong, too; the rest is printed. The budget is a number of graphs (--graphs) or of seconds.
"""

import argparse
import re
import sys
import time

import harness


class Runner:
    def __init__(self, options):
        self.options = options

    def run(self, seed, graphs, steps, only=None, tell=False, limit=None):
        """The result of one run of the program."""
        command = [*self.options.command, "--seed", seed, "--graphs", graphs]
        command += ["--only", ",".join(map(str, only))] if only is not None else ["--steps", steps]
        command += ["--tell"] if tell else []
        limit = limit or self.options.graph_seconds * graphs + 30
        if self.options.servers is None:
            return harness.run(command, limit)
        return harness.run_forwarded(command, limit, self.options.servers)

    def fails(self, seed, only):
        """Whether the graph of these steps goes wrong; not every run of it needs to."""
        return any(harness.failures(self.run(seed, 1, None, only), 0) for _ in range(self.options.tries))


def shrink(fails, steps, deadline):
    """The fewest steps found that still fail."""
    part = max(len(steps) // 2, 1)
    while True:
        removed = False
        at = 0
        while at < len(steps):
            if time.monotonic() > deadline:
                return steps
            rest = steps[:at] + steps[at + part:]
            if rest and fails(rest):
                steps = rest
                removed = True
            else:
                at += part
        if part == 1 and not removed:
            return steps
        part = max(part // 2, 1)


def report_failure(runner, seed, result):
    options = runner.options
    print(f"seed {seed} goes wrong: {'; '.join(harness.failures(result, 0))}")
    print(result.describe())
    deadline = time.monotonic() + options.shrink_seconds
    every = list(range(options.steps))
    if not runner.fails(seed, every):
        print("it does not go wrong alone, or not every time, so that it can't be shrunk")
        return
    steps = shrink(lambda only: runner.fails(seed, only), every, deadline)
    print(f"steps that still go wrong: --seed {seed} --only {','.join(map(str, steps))}")
    for _ in range(options.tries):
        result = runner.run(seed, 1, None, steps, tell=True)
        if harness.failures(result, 0):
            break
    print(result.describe())


def last_seed(output):
    seeds = re.findall(r"^seed: (\d+)$", output, re.MULTILINE)
    return int(seeds[-1]) if seeds else None


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", type=int, help="run under clrun with so many rank servers")
    parser.add_argument("--seed", type=int, default=1, help="of the first graph (default: 1)")
    parser.add_argument("--graphs", type=int, default=20, help="how many (default: 20)")
    parser.add_argument("--seconds", type=float, help="instead of --graphs: as many as begin in this time")
    parser.add_argument("--steps", type=int, default=60, help="of a graph (default: 60)")
    parser.add_argument("--batch", type=int, default=20, help="graphs that one run makes (default: 20)")
    parser.add_argument("--graph-seconds", type=float, default=20, help="that a graph may take (default: 20)")
    parser.add_argument("--tries", type=int, default=3, help="runs that must be right (default: 3)")
    parser.add_argument("--shrink-seconds", type=float, default=120, help="spent on shrinking (default: 120)")
    place = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:place])
    options.command = arguments[place + 1:]
    if not options.command:
        parser.error("no program is given; write -- PROGRAM ARG...")
    return options


def main(arguments):
    options = parse_arguments(arguments)
    if options.servers is not None and harness.missing_for_forwarding():
        print("skipped:", harness.missing_for_forwarding())
        return harness.SKIPPED
    runner = Runner(options)
    start = time.monotonic()
    done = 0
    while time.monotonic() - start < options.seconds if options.seconds else done < options.graphs:
        count = options.batch if options.seconds else min(options.batch, options.graphs - done)
        result = runner.run(options.seed + done, count, options.steps)
        if harness.failures(result, 0):
            report_failure(runner, last_seed(result.stdout) or options.seed + done, result)
            return 1
        done += count
    print(f"{done} graphs of {options.steps} steps in {time.monotonic() - start:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
