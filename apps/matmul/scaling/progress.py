"""What a suite says while it runs: a line a run, with the remaining time."""

import sys
import time

from scaling import analysis


def duration(seconds):
    seconds = max(0, round(seconds))
    if seconds >= 3600:
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{seconds // 60}:{seconds % 60:02}"


class Estimate:
    """How long runs take. A run's computing is the ideal time at the rates seen so far, stretched as the schedule's
    earlier runs were; starting, filling and verifying are what they were at this order."""

    def __init__(self, known_rates):
        self.known_rates = known_rates  # order -> {letter: products a second}, of a model; may be empty.
        self.rates = {}
        self.beside = {}
        self.stretch = {}

    def learn(self, outcomes):
        rows = analysis.rows_of(outcomes)
        for order in {row.order for row in rows}:
            self.rates[order] = analysis.rates(rows, order)
        for outcome in outcomes:
            if "measured_seconds" in outcome:
                self.beside[outcome["order"]] = max(0, outcome["wall_seconds"] - outcome["measured_seconds"])
        for row in rows:
            if row.ratio:
                self.stretch[row.schedule] = 1 / row.ratio

    def _rates(self, order):
        if order in self.known_rates or order in self.rates:
            return {**self.rates.get(order, {}), **self.known_rates.get(order, {})}
        # The kernel's work grows with the third power.
        for other, rates in self.rates.items():
            return {letter: rate * (other / order)**3 for letter, rate in rates.items()}
        return {}

    def seconds(self, run):
        """Of the whole run, on the clock; None when nothing is known."""
        rates = self._rates(run.order)
        letters = [letter for letter in run.combination if letter != ","]
        total = sum(rates.get(letter, min(rates.values(), default=0)) for letter in letters)
        if total <= 0:
            return None
        return self.stretch.get(run.schedule, 1.1) / total / run.scale**2 + self.beside.get(run.order, 5)


class Progress:
    def __init__(self, runs, estimate, out=sys.stderr):
        self.runs = runs
        self.estimate = estimate
        self.out = out
        self.done = 0
        self.started = time.monotonic()

    def remaining(self):
        known = [self.estimate.seconds(run) for run in self.runs[self.done:]]
        if any(seconds is None for seconds in known):
            return None
        return sum(known)

    def before(self, run):
        left = self.remaining()
        left = f", about {duration(left)} left" if left is not None else ""
        print(f"[{self.done + 1}/{len(self.runs)}] {run.name}{' (warm-up)' if run.warm_up else ''} ... "
              f"({duration(time.monotonic() - self.started)} so far{left})", file=self.out, flush=True)

    def after(self, outcome):
        self.done += 1
        if "error" in outcome:
            print(f"        FAILED: {outcome['error']}", file=self.out, flush=True)
            return
        late = "  (this host was too slow for the model)" if outcome["late"] else ""
        scaled = f" (measured {outcome['measured_seconds']:.3f} s)" if outcome["scale"] > 1 else ""
        print(f"        {outcome['seconds']:.3f} s{scaled}{late}", file=self.out, flush=True)
