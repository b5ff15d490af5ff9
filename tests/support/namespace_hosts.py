#!/usr/bin/env python3
"""Hosts out of network and UTS namespaces on one machine: each has its own name, address and interface, a bridge
joins them, and mpirun reaches them through a launch agent. Needs root and a kernel that lets us.

As a command: makes hosts, runs a command in the first of them, removes them and ends with the command's exit code.

    namespace_hosts.py --hosts 4 --rate 1gbit -- clrun --hosts {hosts} -- ./program
    namespace_hosts.py --hosts 3 --rate 1gbit,1gbit,10gbit -- mpirun -np 3 --host {hosts} --bind-to none ./program

In the command, {hosts} stands for the names with commas between, {1}, {2}, ... for one of them. Its environment
has the names as CLOPENCL_TEST_HOSTS, and in CLOPENCL_TEST_AGENT a program that runs a command on one: AGENT HOST
COMMAND... Open MPI finds the hosts through the same, as OMPI_MCA_plm_rsh_agent. 77: hosts can't be made here.

As a module: Hosts, and reason_against() for tests that skip themselves."""

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SKIPPED = 77  # What CTest takes for "skipped".

AGENT = """#!/bin/sh
# What mpirun calls instead of ssh: [options] HOST COMMAND...
while [ "${1#-}" != "$1" ]; do shift; done
host=$1
shift
[ -e "/run/netns/$host" ] || { echo "$0: there is no host $host" >&2; exit 255; }
exec ip netns exec "$host" unshare -u sh -c 'hostname "$0"; exec sh -c "$*"' "$host" "$@"
"""


def run(*command, check=True):
    return subprocess.run(command, check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)


def reason_against(rate=False):
    """Why hosts (with limited rates) can't be made here; empty when they can."""
    if os.geteuid() != 0:
        return "making network namespaces needs root"
    for tool in ("ip", "tc", "unshare"):
        if shutil.which(tool) is None:
            return f"the command {tool} is missing (Debian: iproute2, util-linux)"
    try:
        Hosts(2, rate="1gbit" if rate else None).close()
    except subprocess.CalledProcessError as error:
        return f"the kernel forbids it: {' '.join(error.cmd)}: {error.stdout.strip()}"
    return ""


def is_alive(pid):
    return os.path.exists(f"/proc/{pid}")


def remove_host(name):
    """Ends what runs there, then the namespace and with it the interface."""
    for pid in run("ip", "netns", "pids", name, check=False).stdout.split():
        if pid.isdigit():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
    run("ip", "netns", "del", name, check=False)
    shutil.rmtree(f"/etc/netns/{name}", ignore_errors=True)


def remove_leftovers():
    """Of runs that were killed: a name tells the process that made it."""
    names = re.findall(r"^(cl(\d+)[a-z]h\d+)\b", run("ip", "netns", "list", check=False).stdout, re.MULTILINE)
    for name, pid in names:
        if not is_alive(pid):
            remove_host(name)
    links = run("ip", "-o", "link", "show", "type", "bridge", check=False).stdout
    for name, pid in re.findall(r"\b(cl(\d+)[a-z]br)\b", links):
        if not is_alive(pid):
            run("ip", "link", "del", name, check=False)


class Hosts:
    """Makes `count` hosts; close() removes them and everything that runs in them.

    `rate`, as tc takes it ("1gbit"), limits each host's link in both directions; a list gives each its own, None for
    no limit."""

    made = 0

    def __init__(self, count, rate=None, mtu=9000):
        remove_leftovers()
        self.tag = f"cl{os.getpid()}{chr(ord('a') + Hosts.made % 26)}"
        Hosts.made += 1
        self.names = [f"{self.tag}h{i}" for i in range(1, count + 1)]
        # No address is outside of its own bridge, so other runs may have the same ones.
        self.addresses = [f"10.77.0.{i}" for i in range(1, count + 1)]
        self.bridge = f"{self.tag}br"
        self.directory = tempfile.mkdtemp(prefix="clhosts-")
        self.agent = os.path.join(self.directory, "agent")
        rates = rate if isinstance(rate, (list, tuple)) else [rate] * count
        try:
            with open(self.agent, "w") as file:
                file.write(AGENT)
            os.chmod(self.agent, 0o755)
            run("ip", "link", "add", self.bridge, "mtu", str(mtu), "type", "bridge")
            run("ip", "link", "set", self.bridge, "up")
            for host in range(count):
                self._make(host, rates[host], str(mtu))
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _make(self, host, rate, mtu):
        name, outside, inside = self.names[host], self._cable(host), "eth0"
        os.makedirs(f"/etc/netns/{name}", exist_ok=True)
        with open(f"/etc/netns/{name}/hosts", "w") as file:
            file.write("127.0.0.1 localhost\n")
            file.writelines(f"{address} {other}\n" for address, other in zip(self.addresses, self.names))
        run("ip", "netns", "add", name)
        run("ip", "link", "add", outside, "mtu", mtu, "type", "veth", "peer", "name", inside, "netns", name)
        run("ip", "link", "set", outside, "master", self.bridge, "up")
        run("ip", "-n", name, "link", "set", inside, "mtu", mtu, "up")
        run("ip", "-n", name, "addr", "add", f"{self.addresses[host]}/24", "dev", inside)
        run("ip", "-n", name, "link", "set", "lo", "up")
        if rate:
            limit = ("root", "tbf", "rate", rate, "burst", "256kb", "latency", "50ms")
            run("tc", "qdisc", "add", "dev", outside, *limit)
            run("tc", "-n", name, "qdisc", "add", "dev", inside, *limit)

    def _cable(self, host):
        return f"{self.tag}v{host + 1}"

    def command(self, host, command):
        """The command line that runs `command` (words) on the host with this index."""
        name = self.names[host]
        script = 'hostname "$0"; exec "$@"'
        return ["ip", "netns", "exec", name, "unshare", "-u", "sh", "-c", script, name, *command]

    def environment(self):
        """What mpirun, and whoever else wants to reach the hosts, has to find in its environment."""
        return {"OMPI_MCA_plm_rsh_agent": self.agent, "CLOPENCL_TEST_AGENT": self.agent,
                "CLOPENCL_TEST_HOSTS": ",".join(self.names)}

    def pids(self, host):
        return [int(pid) for pid in run("ip", "netns", "pids", self.names[host]).stdout.split()]

    def cut_off(self, host):
        """Pulls the host's cable."""
        run("ip", "link", "set", self._cable(host), "down")

    def plug_in(self, host):
        """Returns when packets pass between the host and all others, both ways; TimeoutError after 20 s."""
        run("ip", "link", "set", self._cable(host), "up")
        end = time.monotonic() + 20
        for other in range(len(self.names)):
            for source, target in ((other, host), (host, other)):
                while other != host and not self._reaches(source, target):
                    if time.monotonic() > end:
                        raise TimeoutError(f"{self.names[source]} does not reach {self.names[target]}")
                    time.sleep(0.05)

    def _reaches(self, source, target):
        # A refusal is an answer, too.
        script = ("import errno, socket, sys; s = socket.socket(); s.settimeout(1); "
                  "sys.exit(s.connect_ex((sys.argv[1], 9)) not in (0, errno.ECONNREFUSED))")
        run("ip", "-n", self.names[source], "neigh", "flush", "dev", "eth0", check=False)
        tried = run("ip", "netns", "exec", self.names[source], sys.executable, "-c", script, self.addresses[target],
                    check=False)
        return tried.returncode == 0

    def power_off(self, host):
        """The host is gone: no packet leaves it any more, and then nothing runs there."""
        self.cut_off(host)
        for pid in self.pids(host):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def close(self):
        for name in self.names:
            remove_host(name)
        for host in range(len(self.names)):
            run("ip", "link", "del", self._cable(host), check=False)
        run("ip", "link", "del", self.bridge, check=False)
        shutil.rmtree(self.directory, ignore_errors=True)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=2, metavar="N", help="how many (default: 2)")
    parser.add_argument("--rate", metavar="RATE[,RATE...]", help="of all links, or of each: 1gbit, 100mbit; none")
    parser.add_argument("--mtu", type=int, default=9000)
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    options = parser.parse_args()
    if options.command[:1] == ["--"]:
        del options.command[0]
    if not options.command:
        parser.error("the command is missing")
    rates = [None if rate == "none" else rate for rate in options.rate.split(",")] if options.rate else [None]
    if len(rates) not in (1, options.hosts):
        parser.error(f"{len(rates)} rates for {options.hosts} hosts")
    options.rates = rates * options.hosts if len(rates) == 1 else rates
    return options


def run_command(options):
    def fill(word):
        word = word.replace("{hosts}", ",".join(hosts.names))
        for i, name in enumerate(hosts.names, 1):
            word = word.replace(f"{{{i}}}", name)
        return word

    # Whoever ends us ends the command, and the hosts are removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with Hosts(options.hosts, options.rates, options.mtu) as hosts:
        process = subprocess.Popen(hosts.command(0, [fill(word) for word in options.command]),
                                   env={**os.environ, **hosts.environment()})
        while True:
            try:
                code = process.wait()
                break
            except KeyboardInterrupt:
                time.sleep(0.1)  # The terminal told the command, too.
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    arguments = parse_arguments()
    reason = reason_against(any(arguments.rates))
    if reason:
        print(f"skipped: {reason}", file=sys.stderr)
        sys.exit(SKIPPED)
    sys.exit(run_command(arguments))
