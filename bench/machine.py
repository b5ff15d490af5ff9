"""What is kept beside a result: the machine, its load, the commit."""

import datetime
import os
import platform
import subprocess


def git(source, *command):
    done = subprocess.run(["git", "-C", str(source), *command], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def describe_machine():
    cpu = platform.machine()
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo", encoding="utf-8") as file:
        memory = int(file.readline().split()[1]) // 1024
    try:
        system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        system = "Linux"
    return {
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": memory,
        "system": system,
        "kernel": platform.release(),
    }


def describe_run(source):
    return {
        "format": 1,
        "when": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": {
            "id": git(source, "rev-parse", "HEAD"),
            "changed": bool(git(source, "status", "--porcelain", "--untracked-files=no")),
        },
        "machine": describe_machine(),
        "load_now": os.getloadavg()[0],
    }


def result_path(source, result, kind):
    """A new file under bench/results/, named by kind ('' for a comparison), day and commit."""
    prefix = f"{kind}-" if kind else ""
    name = f"{prefix}{result['when'][:10]}-{result['commit']['id'][:10] or 'unknown'}"
    path = source / "bench" / "results" / f"{name}.json"
    number = 2
    while path.exists():
        path = path.with_name(f"{name}-{number}.json")
        number += 1
    return path
