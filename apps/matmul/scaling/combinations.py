"""Combinations of devices in the paper's notation: "GGC,GC,G" is two GPUs and the CPU of the first node, both devices
of a second, and the GPU of a third."""

import itertools

ORDER = "GCA"


class CombinationError(Exception):
    pass


def canonical(group):
    return "".join(letter * group.count(letter) for letter in ORDER)


def parse(text):
    groups = [group.strip().upper() for group in text.split(",")]
    for group in groups:
        if not group or set(group) - set(ORDER):
            raise CombinationError(f"{text!r} is no combination such as GGC,G,C: letters G (a GPU), C (a CPU) and A "
                                   "(an accelerator), a group for each node")
    return [canonical(group) for group in groups]


def counts(combination):
    """(CPUs, GPUs and accelerators)"""
    cpus = combination.count("C")
    return cpus, sum(combination.count(letter) for letter in "GA")


def place(combination, nodes):
    """The node of each group: the first group is on the first node, the others on the first nodes that are free and
    have what they need. `nodes` as Cluster.letters()."""
    groups = parse(combination)
    free = list(range(1, len(nodes)))
    placed = []
    for i, group in enumerate(groups):
        candidates = [0] if i == 0 else free
        for node in candidates:
            if all(group.count(letter) <= nodes[node].count(letter) for letter in set(group)):
                break
        else:
            raise CombinationError(f"no node is left that has {group}, as {combination} wants; there are "
                                   f"{', '.join(nodes)}")
        if i > 0:
            free.remove(node)
        placed.append(node)
    return placed


def _subsets(letters):
    """All parts of a node's devices, the empty one too, devices of a kind being alike."""
    numbers = [range(letters.count(letter) + 1) for letter in ORDER]
    return ["".join(letter * number for letter, number in zip(ORDER, choice))
            for choice in itertools.product(*numbers)]


def _sorted(combinations):
    return sorted(set(combinations), key=lambda text: (sum(counts(text)), counts(text), text))


def every(nodes):
    """Where the first node takes part, and nodes with the same devices are alike."""
    found = set()
    for first in _subsets(nodes[0]):
        if not first:
            continue
        for rest in itertools.product(*(_subsets(letters) for letters in nodes[1:])):
            groups = sorted((group for group in rest if group), key=lambda g: (-len(g), g.replace("G", "0")))
            found.add(",".join([first, *groups]))
    return _sorted(found)


def best(nodes):
    """The paper's rule, one for each number of CPUs and GPUs: as many devices as possible on the first node, the
    others scattered as much as possible over the rest."""
    found = []
    cpus = sum(letters.count("C") for letters in nodes)
    gpus = sum(letters.count("G") for letters in nodes)
    for wanted_cpus in range(cpus + 1):
        for wanted_gpus in range(gpus + 1):
            combination = best_for(nodes, wanted_cpus, wanted_gpus)
            if combination:
                found.append(combination)
    return _sorted(found)


def best_for(nodes, cpus, gpus):
    groups = [""] * len(nodes)
    left = {"G": gpus, "C": cpus}
    for letter in "GC":
        local = min(left[letter], nodes[0].count(letter))
        groups[0] += letter * local
        left[letter] -= local
    if not groups[0]:
        return None
    for letter in "GC":
        while left[letter] > 0:
            room = [i for i in range(1, len(nodes)) if groups[i].count(letter) < nodes[i].count(letter)]
            if not room:
                return None
            # The emptiest node; GPUs from the front, CPUs behind them.
            chosen = min(room, key=lambda i: (len(groups[i]), i))
            groups[chosen] += letter
            left[letter] -= 1
    remote = sorted((canonical(group) for group in groups[1:] if group),
                    key=lambda group: (-group.count("G"), -len(group)))
    return ",".join([canonical(groups[0]), *remote])


def choose(text, nodes):
    """What --combos means: "all", "best", or combinations separated by blanks or semicolons."""
    if text == "all":
        return every(nodes)
    if text == "best":
        return best(nodes)
    listed = [part for part in text.replace(";", " ").split() if part]
    chosen = [",".join(parse(part)) for part in listed]
    for combination in chosen:
        place(combination, nodes)
    return list(dict.fromkeys(chosen))
