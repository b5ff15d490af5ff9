"""Divides the sub-tests of an entry over several processes, so that the longest entry does not decide how long a run
takes, and gives each process cores of its own."""

import contextlib
import math
import queue

_UNKNOWN_SECONDS = 5.0
_SHORTEST_SHARD = 10.0


def LongestShard(seconds, jobs):
    """How long a shard may take when `jobs` run at once and `seconds` (None: unknown) are those of all sub-tests."""
    total = sum(_UNKNOWN_SECONDS if value is None else value for value in seconds)
    # Several for each job, since what takes long under the launcher is not known before.
    return max(_SHORTEST_SHARD, total / (4 * jobs)) if jobs > 1 else math.inf


def Split(subtests, seconds, longest):
    """Returns lists of sub-tests, each of about `longest` seconds at most (or one sub-test), in their order.

    `seconds` gives what each sub-test is expected to take, None where nobody knows.
    """
    costs = {name: _UNKNOWN_SECONDS if seconds.get(name) is None else seconds[name] for name in subtests}
    wanted = 1 if math.isinf(longest) else math.ceil(sum(costs.values()) / longest)
    shards = [[0.0, []] for _ in range(max(1, min(wanted, len(subtests))))]
    for name in sorted(subtests, key=lambda name: costs[name], reverse=True):
        least = min(shards, key=lambda shard: (shard[0], len(shard[1])))
        least[0] += costs[name]
        least[1].append(name)
    return [[name for name in subtests if name in set(shard)] for _, shard in shards if shard]


class Cores:
    """Lends disjoint sets of `count` of the given cores. With 0 nobody is confined."""

    def __init__(self, available, count):
        self._free = None
        if count:
            ordered = sorted(available)
            self._free = queue.Queue()
            for first in range(0, len(ordered) - count + 1, count):
                self._free.put(ordered[first:first + count])
            if self._free.empty():
                raise ValueError(f"there are {len(ordered)} cores, and one process shall have {count}")

    @contextlib.contextmanager
    def Lend(self):
        """What confines a command that follows it, as words. Waits until cores are free."""
        if self._free is None:
            yield ()
            return
        cores = self._free.get()
        try:
            yield ("taskset", "--cpu-list", ",".join(map(str, cores)))
        finally:
            self._free.put(cores)
