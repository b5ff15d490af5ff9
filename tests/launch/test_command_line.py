"""What clrun's command line promises: lists, dry runs, usage errors, many ranks, another place, another loader."""

import json
import os
import re
import shutil
import subprocess
import sys
import unittest

from job_testing import BIN, BUILD, CLRUN, ENDING, LIMIT, JobTest


class CommandLine(JobTest):
    def run_clrun(self, *arguments):
        return self.finish(self.start([CLRUN, *arguments]))

    def plan(self, *arguments):
        code, output, error = self.run_clrun("--list", "--json", *arguments)
        self.assertEqual(code, 0, error)
        return json.loads(output)

    def test_list_shows_every_native_device(self):
        plan = self.plan()
        natives = subprocess.run([os.path.join(BIN, "clopencl-rankserver"), "--list", "--json"], check=True,
                                 stdout=subprocess.PIPE, timeout=LIMIT).stdout
        natives = json.loads(natives)["devices"]
        served = [device for server in plan["servers"] for device in server["devices"]]
        self.assertEqual([d["name"] for d in served], [d["name"] for d in natives])
        for server in plan["servers"]:
            self.assertEqual(server["node"], os.uname().nodename)
            self.assertRegex(server["cpus"], r"^[0-9,-]+$")
        code, table, _ = self.run_clrun("--list")
        self.assertEqual(code, 0)
        self.assertEqual(table.splitlines()[0].split(), ["node", "rank", "device", "type", "units", "memory", "CPUs"])
        for device in served:
            self.assertIn(device["name"], table)

    def test_cpu_is_divided_by_cores(self):
        if len(os.sched_getaffinity(0)) < 2:
            self.skipTest("this machine has one CPU")
        servers = self.plan("--devices", "cpu", "-n", "2", "--reserve-cores", "0")["servers"]
        sets = [set(expand(server["cpus"])) for server in servers]
        self.assertEqual(len(sets), 2)
        self.assertFalse(sets[0] & sets[1])
        for server, cpus in zip(servers, sets):
            self.assertEqual(server["devices"][0]["compute_units"], len(cpus))

    def test_native_runtime_is_limited_to_its_cpus(self):
        if len(os.sched_getaffinity(0)) < 2:
            self.skipTest("this machine has one CPU")
        command = ["--only-served", "--devices", "cpu:0 cpu:0,1", "--", "clinfo", "--raw"]
        code, output, error = self.run_clrun(*command)
        self.assertEqual(code, 0, error)
        units = re.findall(r"CL_DEVICE_MAX_COMPUTE_UNITS\s+(\d+)", output)
        self.assertEqual(units, ["1", "2"])

    def test_more_ranks_than_cores(self):
        servers = len(os.sched_getaffinity(0)) + 3
        code, output, error = self.run_clrun("--only-served", "-n", str(servers), "--", "clinfo", "--raw")
        self.assertEqual(code, 0, error)
        self.assertEqual(len(re.findall(r"CL_DEVICE_MAX_COMPUTE_UNITS", output)), servers)
        self.assert_nothing_left(seconds=0.3)
        # Said once, to whoever reads standard error, whatever that is.
        self.assertEqual((error, len(self.crowding)), ("", 1))
        self.environment["CLOPENCL_LOG"] = "error"
        code, output, error = self.run_clrun("--only-served", "-n", str(servers), "--", "true")
        self.assertEqual((code, error, self.crowding), (0, "", []))
        code, output, error = self.run_clrun("--only-served", "-n", str(servers), "--report-bindings", "--", "true")
        self.assertEqual((code, output), (0, ""), error)
        self.assertIn("is over-subscribed", error)
        self.assertIn("yield", error)

    def test_servers_are_bound_as_the_plan_says(self):
        command = [CLRUN, "--only-served", "--devices", "cpu:0", "--report-bindings", "--", ENDING, "--ready", "sleep", "20"]
        process = self.start(command)
        self.wait_for_line(process, "ready")
        server = self.processes("clopencl-rankserver")[0]
        with open(f"/proc/{server}/status") as file:
            self.assertIn("Cpus_allowed_list:\t0\n", file.read())
        if memory_can_be_bound():
            with open(f"/proc/{server}/numa_maps") as file:
                self.assertRegex(file.read(), r"(?m)^[0-9a-f]+ (prefer|bind)")
        process.terminate()
        _, _, error = self.finish(process)
        self.assertRegex(error, r"(?m)^\S+ +1 +\S.* cpu +1 .* 0$")

    def test_native_platforms_are_beside_the_served_ones_unless_hidden(self):
        def platforms(*arguments):
            code, output, error = self.run_clrun(*arguments, "--", "clinfo", "--raw")
            self.assertEqual(code, 0, error)
            return set(re.findall(r"CL_PLATFORM_NAME\s+(.*\S)", output))

        both, served = platforms(), platforms("--only-served")
        self.assertTrue(served)
        self.assertTrue(all(f"({os.uname().nodename})" in name for name in served), served)
        self.assertGreater(both, served)

    def test_dry_run_prints_a_line_that_works(self):
        code, line, error = self.run_clrun("--dry-run", "--only-served", "-n", "2", "--", ENDING, "--ready", "return", "4")
        self.assertEqual((code, error), (0, ""))
        self.assertEqual(len(line.splitlines()), 1)
        self.assertIn("mpirun", line)
        code, output, error = self.finish(self.start(["sh", "-c", line]))
        self.assertEqual((code, output[:6]), (4, "ready "), error)
        self.assert_nothing_left()

    def test_the_program_writes_into_the_servers_memory(self):
        def command(**environment):
            self.environment.update(environment)
            code, line, error = self.run_clrun("--dry-run", "-n", "2", "true")
            self.assertEqual(code, 0, error)
            return line

        line = command()
        if "single_copy_mechanism none" in line:
            self.skipTest("processes may not copy from each other here")
        program, *servers = line.split(" : ")
        self.assertIn(" -x OMPI_MCA_btl_vader_flags=send,put,inplace ", program)
        self.assertEqual(len(servers), 2)
        self.assertNotIn("vader_flags", "".join(servers))
        line = command(OMPI_MCA_btl_vader_flags="send,get,inplace")
        self.assertNotRegex(line, "vader_(flags|single|rdma|min)", "somebody has chosen")

    def test_full_packets_are_sent_at_once(self):
        command = ["--dry-run", "true"]
        self.assertIn(" --mca btl_vader_eager_limit 12800 ", self.run_clrun(*command)[1])
        self.environment.update(OMPI_MCA_btl_vader_eager_limit="4096")
        self.assertNotIn("eager", self.run_clrun(*command)[1], "somebody has chosen")

    def test_usage_errors_say_what_is_allowed(self):
        for arguments, expected in (
            ([], "program is missing"),
            (["--unknown", "true"], "--devices"),
            (["-n", "0", "true"], "1 to 1024"),
            (["-n", "x", "true"], "-n|--servers"),
            (["--json", "true"], "--list"),
            (["--devices", "fpga", "true"], "allowed are cpu, gpu"),
            (["--devices", "custom", "true"], "has .*cpu 0"),
            (["--hostfile", "/nonexistent", "true"], "/nonexistent"),
            (["--hosts", "allocation", "true"], "no SLURM or PBS job"),
            (["--combo", "X", "true"], "G (a GPU)"),
            (["--transport", "pigeon", "true"], "there are auto"),
        ):
            with self.subTest(arguments=arguments):
                code, output, error = self.run_clrun(*arguments)
                self.assertEqual((code, output), (2, ""))
                self.assertRegex(error, f"^clrun: .*(?:\n.*)*(?:{expected})".replace("(a", r"\(a").replace("U)", r"U\)"))

    def test_transport_that_this_mpi_lacks(self):
        code, _, error = self.run_clrun("--transport", "openmx", "true")
        if code == 0:
            self.skipTest("this Open MPI has MX")
        self.assertEqual(code, 1)
        self.assertIn("btl:mx", error)
        self.assertIn("docs/launching.md", error)

    def test_transports_that_this_mpi_has(self):
        for name in ("tcp", "shm", os.path.join(BUILD, "share/clopencl/transport/shm.conf")):
            with self.subTest(transport=name):
                code, _, error = self.run_clrun("--transport", name, "--only-served", "--", ENDING, "return", "0")
                self.assertEqual((code, error), (0, ""))

    def test_installed_elsewhere(self):
        place = os.path.join(self.directory, "installed")
        subprocess.run(["cmake", "--install", BUILD, "--prefix", place], check=True, stdout=subprocess.DEVNULL, timeout=LIMIT)
        with open(os.path.join(place, "etc/OpenCL/vendors/clopencl.icd")) as file:
            driver = file.read().strip()
        self.assertTrue(driver.startswith(place) and os.path.exists(driver), driver)
        for name in ("bin/clopencl-rankserver", "bin/clopencl-matmul", "include/CL/cl_ext_clopencl.h"):
            self.assertTrue(os.path.exists(os.path.join(place, name)), name)
        # And it still runs after a move, because nothing but the ICD file holds its own place.
        moved = os.path.join(self.directory, "moved")
        os.rename(place, moved)
        clrun = os.path.join(moved, "bin/clrun")
        code, output, error = self.finish(self.start([clrun, "--only-served", "-n", "2", "--", "clinfo", "-l"]))
        self.assertEqual(code, 0, error)
        self.assertIn(f"({os.uname().nodename})", output)

    def test_the_loader_is_told_a_folder_with_a_slash(self):
        # CUDA's loader puts the names of the files right behind it.
        code, output, error = self.run_clrun("--only-served", "--", "sh", "-c", "echo $OCL_ICD_VENDORS")
        self.assertEqual(code, 0, error)
        self.assertRegex(output, "/$")

    def test_other_icd_files_of_ours_are_left_out(self):
        vendors = os.path.join(self.directory, "vendors")
        shutil.copytree("/etc/OpenCL/vendors", vendors)
        with open(os.path.join(vendors, "another.icd"), "w") as file:
            file.write("/somewhere/else/libclopencl.so\n")
        self.environment["OCL_ICD_VENDORS"] = vendors
        program = ["sh", "-c", "ls $OCL_ICD_VENDORS; stat -c %a $CLOPENCL_JOB_DIR; stat -c %a ${OCL_ICD_VENDORS%/vendors/}"]
        code, output, error = self.run_clrun("--", *program)
        self.assertEqual(code, 0, error)
        files = output.split()
        self.assertIn("clopencl.icd", files)
        self.assertNotIn("another.icd", files)
        self.assertEqual(files[-2:], ["700", "700"])


def memory_can_be_bound():
    """Containers often forbid it."""
    if not os.path.exists("/proc/self/numa_maps") or os.uname().machine != "x86_64":
        return False
    call = ("import ctypes; set_mempolicy, preferred, mask = 238, 1, ctypes.c_ulong(1); "
            "raise SystemExit(ctypes.CDLL(None).syscall(set_mempolicy, preferred, ctypes.byref(mask), 64))")
    return subprocess.run([sys.executable, "-c", call], timeout=LIMIT, check=False).returncode == 0


def expand(cpus):
    for part in cpus.split(","):
        low, _, high = part.partition("-")
        yield from range(int(low), int(high or low) + 1)


if __name__ == "__main__":
    unittest.main()
