"""What the driver in the program costs for each rank server: time and memory against their number. All servers run on this
machine, with a modelled device each, so that nothing but the number grows."""

import csv
import json
import os
import platform
import subprocess
import sys

from scaling import places, runs

COLUMNS = ["servers", "join_seconds", "first_use_seconds", "round_trip_seconds", "memory_bytes", "memory_joined_bytes",
           "idle_processor", "job_seconds"]


def model_text(servers):
    devices = ", ".join(['"small"'] * servers)
    return ('[device.small]\nname = "Modelled device"\ntype = "gpu"\nmemory = "1MiB"\ngflops = 1\n'
            f'[[node]]\nname = "{platform.node()}"\ndevices = [{devices}]\n')


def measure(servers, folder, clrun):
    path = os.path.join(folder, f"model_{servers}_servers.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(model_text(servers))
    command = [clrun, "--only-served", "--", "/usr/bin/python3", "-B", os.path.join(places.HERE, "probe.py")]
    before = os.times().elapsed
    done = subprocess.run(command, env={**os.environ, "CLOPENCL_MODEL": path}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)
    if done.returncode != 0:
        raise runs.RunsError(f"the job with {servers} rank servers ended with {done.returncode}:\n{done.stderr.strip()}")
    result = json.loads(done.stdout)
    if result["devices"] != servers:
        raise runs.RunsError(f"{servers} rank servers, but the program found {result['devices']} devices")
    return {"servers": servers, "job_seconds": os.times().elapsed - before, **result}


def slope(results, column):
    """Least squares: what one more server costs."""
    count = len(results)
    mean_x = sum(r["servers"] for r in results) / count
    mean_y = sum(r[column] for r in results) / count
    spread = sum((r["servers"] - mean_x)**2 for r in results)
    return sum((r["servers"] - mean_x) * (r[column] - mean_y) for r in results) / spread if spread else 0.0


def run(numbers, folder, clrun):
    results = []
    for servers in numbers:
        print(f"{servers} rank servers ...", file=sys.stderr, flush=True)
        results.append(measure(servers, folder, clrun))
    with open(os.path.join(folder, "servers.json"), "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
        file.write("\n")
    with open(os.path.join(folder, "servers.csv"), "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(results)
    try:
        from scaling import figures
        figures.servers_figure(results, folder)
    except ImportError:
        print("no figure: matplotlib is missing (Debian: python3-matplotlib)", file=sys.stderr)
    print("servers  join s  first use s  round trip us  memory MiB  idle CPU")
    for r in results:
        print(f"{r['servers']:7}  {r['join_seconds']:6.2f}  {r['first_use_seconds']:11.3f}  "
              f"{r['round_trip_seconds'] * 1e6:13.0f}  {r['memory_bytes'] / 2**20:10.1f}  {r['idle_processor']:8.1%}")
    print(f"one more server: {slope(results, 'memory_bytes') / 2**10:.0f} KiB and "
          f"{slope(results, 'first_use_seconds') * 1e3:.2f} ms to use its device for the first time")
