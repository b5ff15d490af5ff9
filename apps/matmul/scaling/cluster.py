"""Clusters as TOML files describe them, for device models: src/rankserver/model/device_model.h reads the devices of
each node, this module the rest. docs/model.md describes the format."""

import dataclasses
import os
import tomllib

LETTERS = {"gpu": "G", "cpu": "C", "accelerator": "A"}
UNITS = {"GiB": 2**30, "MiB": 2**20, "KiB": 2**10}


class ClusterError(Exception):
    pass


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of device."""
    name: str
    type: str
    memory: int
    gflops: float
    seconds: dict  # Order -> seconds that one such device takes for the whole product, where known.

    @property
    def letter(self):
        return LETTERS[self.type]

    def gflops_at(self, order):
        """Its speed in the kernel sbmp."""
        if order in self.seconds:
            return 2e-9 * order**3 / self.seconds[order]
        return self.gflops


@dataclasses.dataclass(frozen=True)
class Cluster:
    name: str
    kinds: dict  # Key -> Kind.
    nodes: list  # (name, keys of its devices).
    rate: str | None
    mtu: int
    orders: list
    scale: dict  # Order -> divisor of its rows and columns; 1 where missing.

    def letters(self):
        """What each node has, as in "GGC"."""
        return ["".join(self.kinds[key].letter for key in keys) for _, keys in self.nodes]

    def scale_of(self, order):
        return self.scale.get(order, 1)


def parse_memory(text):
    for unit, factor in UNITS.items():
        if str(text).endswith(unit) and str(text)[:-len(unit)].isdigit():
            return int(str(text)[:-len(unit)]) * factor
    raise ClusterError(f"{text!r} is no amount of memory, such as \"1GiB\"")


def _kind(key, table):
    try:
        kind = Kind(table["name"], table["type"], parse_memory(table["memory"]), float(table["gflops"]),
                    {int(order): float(seconds) for order, seconds in table.get("seconds", {}).items()})
    except KeyError as missing:
        raise ClusterError(f"the device {key} has no {missing.args[0]}") from None
    if kind.type not in LETTERS:
        raise ClusterError(f"the device {key} has the type {kind.type!r}, which is none of {', '.join(LETTERS)}")
    return kind


def _nodes(table, kinds):
    count = int(table.get("count", 1))
    first = int(table.get("first", 0))
    devices = list(table.get("devices", []))
    unknown = [key for key in devices if key not in kinds]
    if unknown:
        raise ClusterError(f"there is no [device.{unknown[0]}]")
    if count > 1 and "%d" not in table["name"]:
        raise ClusterError(f"{count} nodes need a name with %d in it, not {table['name']!r}")
    return [(table["name"].replace("%d", str(first + i)), devices) for i in range(count)]


def parse(text, where):
    try:
        data = tomllib.loads(text)
        kinds = {key: _kind(key, table) for key, table in data.get("device", {}).items()}
        nodes = [node for table in data.get("node", []) for node in _nodes(table, kinds)]
    except (tomllib.TOMLDecodeError, ClusterError, KeyError, TypeError, ValueError) as error:
        raise ClusterError(f"{where}: {error}") from None
    if not nodes:
        raise ClusterError(f"{where}: there is no [[node]]")
    network = data.get("network", {})
    return Cluster(data.get("name", os.path.basename(where)), kinds, nodes, network.get("rate"),
                   int(network.get("mtu", 1500)), [int(order) for order in data.get("orders", [])],
                   {int(order): int(scale) for order, scale in data.get("scale", {}).items()})


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return parse(file.read(), path)
    except OSError as error:
        raise ClusterError(f"{path}: {error.strerror}") from None


def write_for_rank_servers(cluster, order, hosts, path):
    """The file for CLOPENCL_MODEL in runs of this order: the cluster's nodes on `hosts`, scaled."""
    scale = cluster.scale_of(order)
    lines = [f"# {cluster.name}, for order {order}" + (f" scaled by 1/{scale}" if scale > 1 else "")]
    for key, kind in cluster.kinds.items():
        lines += ["", f"[device.{key}]", f'name = "{kind.name}"', f'type = "{kind.type}"',
                  f'memory = "{kind.memory // scale**2 // 1024}KiB"',
                  f"gflops = {kind.gflops_at(order) / scale:.9g}"]
    for host, (_, keys) in zip(hosts, cluster.nodes):
        listed = ", ".join(f'"{key}"' for key in keys)
        lines += ["", "[[node]]", f'name = "{host}"', f"devices = [{listed}]"]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
