"""A SLURM of its own on this one machine: munged, slurmctld and a slurmd for each made-up node.

Everything lives in one temporary folder, on ports of its own, on the loopback interface. Each node has its
own host name where the kernel allows UTS namespaces, as real nodes have. Nothing needs systemd. When the
process that made the cluster is gone, however it ended, so is the cluster.
"""

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid

MARK = "CLOPENCL_SLURM_MARK"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scancel", "scontrol", "sinfo", "squeue")
DAEMONS = ("munged", "slurmctld", "slurmscriptd", "slurmd")  # As ps shows them.
PATH = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"

CONFIGURATION = """\
ClusterName=clopencl
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdSpoolDir={folder}/spool.%n
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmdLogFile={folder}/slurmd.%n.log
TmpFS={folder}/tmp.%n
PlugStackConfig={folder}/plugstack.conf
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=1
GresTypes=gpu
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdDebug=info
SlurmctldTimeout=60
SlurmdTimeout=60
InactiveLimit=0
KillWait={kill_wait}
MinJobAge=300
MpiDefault=none
{nodes}
PartitionName=all Nodes=ALL Default=YES MaxTime=60 State=UP OverSubscribe=NO
"""

NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} Gres=gpu:{gpus}\n"


class SlurmError(Exception):
    """SLURM does not do what a working SLURM does; the text holds its logs."""


def missing_parts():
    """What of SLURM this machine lacks."""
    return [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def can_rename_hosts():
    """Whether a process may have a host name of its own."""
    test = ["unshare", "--uts", "sh", "-c", "hostname clopencl-test"]
    try:
        return subprocess.run(test, capture_output=True, timeout=20).returncode == 0
    except FileNotFoundError:
        return False


def environment_of(pid):
    """A process's environment, as it was at the start; empty when that can't be read."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            entries = file.read().decode(errors="replace").split("\0")
    except OSError:
        return {}
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def marked_processes(mark):
    """{pid: (name, command line)} of the living processes with this mark in their environment."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        if environment_of(entry).get(MARK) != mark:
            continue
        try:
            with open(f"/proc/{entry}/comm") as file:
                name = file.read().strip()
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                line = file.read().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if line:  # Zombies have none.
            found[int(entry)] = (name, line)
    return found


def kill_marked(mark):
    while True:
        pids = marked_processes(mark)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not pids:
            return
        time.sleep(0.05)


def shared_memory_of(hosts):
    """The files that Open MPI has in shared memory for processes of these hosts."""
    names = [name for name in os.listdir("/dev/shm") if any(f".{host}." in name for host in hosts)]
    return [os.path.join("/dev/shm", name) for name in names]


def remove_shared_memory(hosts):
    for path in shared_memory_of(hosts):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def start_guard(folder, mark, hosts):
    """A process that clears up when this one is gone. Returns the pipe whose end tells it so."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setsid()
        os.close(writing)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        while os.read(reading, 1):
            pass
        kill_marked(mark)
        remove_shared_memory(hosts)
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)
    os.close(reading)
    return writing


class SlurmCluster:
    """Use as a context: `with SlurmCluster(["fn1", "fn2"]) as cluster`."""

    def __init__(self, names, cpus=4, gpus=2, kill_wait=10):
        self.names = names
        self.cpus = cpus
        self.gpus = gpus
        self.kill_wait = kill_wait
        self.renames_hosts = can_rename_hosts()
        self.mark = uuid.uuid4().hex
        self.daemons = []
        self.folder = None
        self.guard = None

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="clopencl-slurm-")
        # Others than its owner have to reach munged's socket, if munged is to start at all.
        os.chmod(self.folder, 0o711)
        self.guard = start_guard(self.folder, self.mark, self.names)
        try:
            self._configure()
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in reversed(self.daemons):
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        kill_marked(self.mark)
        remove_shared_memory(self.names)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self.guard)
        os.wait()

    def environment(self, **more):
        """What a user of this cluster has in the environment."""
        mine = dict(os.environ, PATH=PATH, SLURM_CONF=f"{self.folder}/slurm.conf", **{MARK: self.mark})
        mine.update(more)
        return mine

    def path(self, name):
        return os.path.join(self.folder, name)

    def temporary_folder(self, node):
        return self.path(f"tmp.{node}")

    def run(self, *command, check=True, **more):
        done = subprocess.run(
            command,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        if check and done.returncode != 0:
            said = f"{done.stdout}{done.stderr}"
            raise SlurmError(f"{' '.join(command)}: {done.returncode}\n{said}\n{self.logs()}")
        return done

    def logs(self):
        parts = []
        for name in sorted(os.listdir(self.folder)):
            if name.endswith(".log"):
                with open(self.path(name), errors="replace") as file:
                    parts.append(f"--- {name}\n" + "".join(file.readlines()[-40:]))
        return "\n".join(parts)

    def host_of(self, node):
        """The host name that processes on the node have."""
        return node if self.renames_hosts else socket.gethostname()

    def _configure(self):
        folders = [f"{kind}.{node}" for kind in ("spool", "tmp") for node in self.names]
        for name in ("munge", "state", *folders):
            os.mkdir(self.path(name))
        os.chmod(self.path("munge"), 0o711)
        with open(os.open(self.path("munge/key"), os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(os.urandom(128))
        controller_port, *ports = free_ports(1 + len(self.names))
        nodes = "".join(
            NODE.format(name=name, host=self.host_of(name), port=port, cpus=self.cpus, gpus=self.gpus)
            for name, port in zip(self.names, ports)
        )
        values = {
            "host": socket.gethostname(),
            "folder": self.folder,
            "user": getpass.getuser(),
            "controller_port": controller_port,
            "kill_wait": self.kill_wait,
            "nodes": nodes,
        }
        # A GPU of SLURM's is a device file; these two are on every machine.
        files = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random"][: self.gpus]
        texts = {
            "slurm.conf": CONFIGURATION.format(**values),
            "gres.conf": "".join(f"Name=gpu File={file}\n" for file in files),
            "plugstack.conf": "",
            "cgroup.conf": "CgroupPlugin=cgroup/v1\n",
        }
        for name, text in texts.items():
            with open(self.path(name), "w") as file:
                file.write(text)

    def _daemon(self, name, *command):
        log = open(self.path(f"{name}.output.log"), "wb")
        self.daemons.append(
            subprocess.Popen(
                command,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        )
        log.close()

    def _start(self):
        munge = self.path("munge")
        self._daemon(
            "munged",
            *("munged", "--foreground", f"--key-file={munge}/key", f"--socket={munge}/socket"),
            *(f"--pid-file={munge}/pid", f"--log-file={munge}/log", f"--seed-file={munge}/seed"),
        )
        self._wait_until("munged answers", lambda: os.path.exists(f"{munge}/socket"))
        self._daemon("slurmctld", "slurmctld", "-D", "-c")
        for name in self.names:
            slurmd = ["slurmd", "-D", "-c", "-N", name]
            if self.renames_hosts:
                slurmd = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', name, *slurmd]
            self._daemon(f"slurmd.{name}", *slurmd)
        self._wait_until("all nodes are idle", self._all_idle)

    def _all_idle(self):
        shown = self.run("sinfo", "--noheader", "--Node", "--format=%T", check=False)
        return shown.stdout.split() == ["idle"] * len(self.names)

    def _wait_until(self, what, condition, seconds=40):
        end = time.monotonic() + seconds
        while not condition():
            dead = [daemon.args for daemon in self.daemons if daemon.poll() is not None]
            if dead or time.monotonic() > end:
                raise SlurmError(f"SLURM does not start: not so that {what}; ended: {dead}\n{self.logs()}")
            time.sleep(0.1)


if __name__ == "__main__":
    # A shell in which sbatch, squeue and so on use such a cluster: tests/support/slurm_cluster.py [NODE…]
    with SlurmCluster(sys.argv[1:] or ["fn1", "fn2"]) as made:
        print(f"SLURM in {made.folder}; leave the shell to end it", flush=True)
        subprocess.call([os.environ.get("SHELL", "/bin/sh")], env=made.environment())
