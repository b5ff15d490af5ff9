"""The goals: what one variant must reach beside native and raw MPI of the same run."""

TRANSFERS = ("1mib", "64mib", "256mib")
BANDWIDTH_PART = 0.9


def _median(variants, variant, metric):
    found = variants.get(variant, {}).get("metrics", {}).get(metric)
    return None if found is None else found["median"]


def _best_one_way(variants, mpi):
    rates = [
        metric["median"]
        for name, metric in variants.get(mpi, {}).get("metrics", {}).items()
        if name.startswith("one_way_")
    ]
    return max(rates, default=None)


class _Goals:
    """Collects (metric, value, bound, met, what the bound is), where all figures were measured."""

    def __init__(self, variants, ours):
        self._variants = variants
        self._ours = ours
        self.found = []

    def at_most(self, metric, bound, what):
        self._add(metric, bound, what, lambda value: value <= bound)

    def at_least(self, metric, bound, what):
        self._add(metric, bound, what, lambda value: value >= bound)

    def _add(self, metric, bound, what, met):
        value = _median(self._variants, self._ours, metric)
        if value is not None and bound is not None:
            self.found.append((metric, value, bound, met(value), what))


def _plus(*terms):
    return None if None in terms else sum(terms)


def _times(factor, value):
    return None if value is None else factor * value


def _latencies(goals, native, round_trip, unified):
    for metric in ("read_4b", "write_4b"):
        if unified:
            goals.at_most(metric, native(metric), "native (unified memory)")
        else:
            goals.at_most(metric, _plus(native(metric), round_trip, 8), "native + round trip + 8 us")
        goals.at_most(metric + "_idle", 150, "150 us")
    goals.at_most(
        "kernel_finish", _plus(native("kernel_finish"), round_trip, 10), "native + round trip + 10 us"
    )


def _bandwidths(goals, variants, ours, native, best):
    for size in TRANSFERS:
        for metric in (f"write_{size}", f"read_{size}"):
            rates = [rate for rate in (native(metric), best) if rate is not None]
            goals.at_least(metric, _times(BANDWIDTH_PART, min(rates, default=None)), "90 % of native or MPI")
    read = _median(variants, ours, "read_64mib")
    write = _median(variants, ours, "write_64mib")
    goals.at_least("map_read_64mib", _times(BANDWIDTH_PART, read), "90 % of a read")
    goals.at_least("image_read_64mib", _times(BANDWIDTH_PART, read), "90 % of a buffer read")
    goals.at_least("image_write_64mib", _times(BANDWIDTH_PART, write), "90 % of a buffer write")
    goals.at_least("device_move_64mib", _times(BANDWIDTH_PART, best), "90 % of MPI")


def check(variants, ours, mpi):
    """The goals of variant `ours`, whose ranks are those that `mpi` measured: a list of
    (metric, value, bound, met, what the bound is)."""
    native_unified = variants.get("native", {}).get("device", {}).get("unified_memory", False)
    round_trip = _median(variants, mpi, "round_trip_8b")

    def native(metric):
        return _median(variants, "native", metric)

    goals = _Goals(variants, ours)
    _latencies(goals, native, round_trip, native_unified)
    goals.at_most("pipelined_call", 0.3, "0.3 us")
    goals.at_most("pipelined_call", native("pipelined_call"), "native")
    goals.at_least("pipelined_rate", _times(0.5, native("pipelined_rate")), "half of native")
    for metric in ("chain_in_order", "chain_out_of_order", "chain_two_queues"):
        goals.at_most(metric, _times(2, native(metric)), "twice native")
    goals.at_least("create_write_release", 50_000, "50,000 a second")
    goals.at_least("create_release", 5_000_000, "5 million a second")
    for metric in ("set_arg_int", "set_arg_buffer"):
        goals.at_most(metric, 20, "20 ns")
    for metric in ("info_device", "info_buffer", "info_kernel", "info_event", "info_event_status"):
        goals.at_most(metric, 100, "100 ns")
    _bandwidths(goals, variants, ours, native, _best_one_way(variants, mpi))
    goals.at_most("two_devices_hop", 60, "60 us")
    return goals.found
