"""clrun as a user sees it: what it lists and prints, what its options do, what a program sees through it."""

import json
import os
import re
import socket
import subprocess
import unittest

from job_testing import BIN, BUILD, CLRUN, JobTest

DESCRIBE = os.path.join(BIN, "clopencl-test-describe")
DRIVER = os.path.abspath(os.path.join(BUILD, "lib", "libclopencl.so"))
VENDORS = os.path.abspath(os.path.join(BUILD, "etc", "OpenCL", "vendors"))
HOST = socket.gethostname()
CORES = len(os.sched_getaffinity(0))
TWO_OF_POCL = ("-n", "2", "--devices", "platform=Portable")


def parse(output):
    """[(name, host, extension, [(device, host, rank, units)])] of the program "describe"."""
    platforms = []
    for line in output.splitlines():
        kind, _, rest = line.partition(" ")
        fields = rest.split("|")
        if kind == "platform":
            platforms.append((*fields, []))
        else:
            platforms[-1][3].append((fields[0], fields[1], int(fields[2]), int(fields[3])))
    return platforms


class UseTest(JobTest):
    def output(self, command, code=0):
        got, output, error = self.finish(self.start(command))
        self.assertEqual(got, code, error)
        return output, error

    def seen(self, *options):
        return parse(self.output([CLRUN, *options, "--", DESCRIBE])[0])


class WhatTheProgramSees(UseTest):
    def test_a_platform_for_the_native_one_with_host_name_and_ranks(self):
        native = parse(self.output([DESCRIBE])[0])
        (name, host, extension, devices), = self.seen("--only-served", *TWO_OF_POCL)
        self.assertEqual((host, extension), (HOST, "yes"))
        self.assertIn(HOST, name)
        self.assertTrue(any(name.startswith(platform[0]) for platform in native), (name, native))
        self.assertEqual([device[1:3] for device in devices], [(HOST, 1), (HOST, 2)])

    def test_the_native_ones_beside_it(self):
        native = parse(self.output([DESCRIBE])[0])
        both = self.seen()
        self.assertEqual([platform[:3] for platform in both if platform[2] == "no"],
                         [platform[:3] for platform in native])
        self.assertEqual(len([platform for platform in both if platform[2] == "yes"]), len(native))
        # Natives do not know our token.
        self.assertEqual({platform[1] for platform in native}, {"-30"})

    @unittest.skipIf(CORES < 2, "there is one core")
    def test_compute_units_follow_the_cores(self):
        (_, _, _, devices), = self.seen("--only-served", *TWO_OF_POCL)
        listed = json.loads(self.output([CLRUN, "--list", "--json", *TWO_OF_POCL])[0])
        self.assertEqual([device[3] for device in devices],
                         [server["devices"][0]["compute_units"] for server in listed["servers"]])
        self.assertLess(devices[0][3], CORES)


@unittest.skipUnless(os.environ.get("CLOPENCL_TEST_LOADER"), "CLOPENCL_TEST_LOADER names no ICD loader's folder")
class UnderAnotherLoader(UseTest):
    """With the libOpenCL.so.1 of that folder, such as Khronos' own, in place of the system's."""

    def test_the_program_sees_the_same(self):
        with_own = self.seen("-n", "2")
        self.environment["LD_LIBRARY_PATH"] = os.environ["CLOPENCL_TEST_LOADER"]
        linked, _ = self.output(["ldd", DESCRIBE])
        self.assertIn(os.environ["CLOPENCL_TEST_LOADER"], linked)
        self.assertEqual(sorted(self.seen("-n", "2")), sorted(with_own))


class WithoutAJob(UseTest):
    """The driver in a process that is not rank 0 of a job of ours: no platform, at once, silently."""

    def test_in_a_plain_shell(self):
        self.environment["OCL_ICD_VENDORS"] = VENDORS
        self.assertEqual(self.output([DESCRIBE]), ("", ""))

    def test_in_a_plain_shell_that_claims_the_role(self):
        self.environment.update(OCL_ICD_VENDORS=VENDORS, CLOPENCL_ROLE="frontend")
        self.assertEqual(self.output([DESCRIBE]), ("", ""))

    def test_in_a_rank_server(self):
        self.environment["OCL_ICD_VENDORS"] = VENDORS
        output, error = self.output([os.path.join(BIN, "clopencl-rankserver"), "--list", "--json"])
        self.assertEqual((json.loads(output)["devices"], error), ([], ""))

    def test_in_a_job_that_is_not_ours(self):
        self.environment.update(OCL_ICD_VENDORS=VENDORS, HWLOC_COMPONENTS="-opencl,-gl",
                                OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        self.assertEqual(self.output(["mpirun", "--oversubscribe", "-np", "2", DESCRIBE]), ("", ""))


class Listing(UseTest):
    def test_table(self):
        output, error = self.output([CLRUN, "--list", "-n", "2"])
        self.assertEqual(error, "")
        head = output.splitlines()[0].lower()
        for column in ("node", "rank", "device", "type", "units", "memory", "cpus"):
            self.assertIn(column, head)
        # The program and two servers.
        self.assertEqual(len(re.findall(rf"^{re.escape(HOST)}\s+[012]\s", output, re.MULTILINE)), 3, output)

    def test_json(self):
        listed = json.loads(self.output([CLRUN, "--list", "--json", "-n", "2"])[0])
        self.assertEqual([server["rank"] for server in listed["servers"]], [1, 2])
        cpus = [server["cpus"] for server in listed["servers"]]
        self.assertTrue(all(cpus), cpus)
        if CORES >= 2:
            self.assertNotEqual(cpus[0], cpus[1])

    def test_a_rank_server_says_what_it_would_serve(self):
        server = os.path.join(BIN, "clopencl-rankserver")
        self.assertIn("Portable", self.output([server, "--list"])[0])
        self.assertGreater(len(json.loads(self.output([server, "--list", "--json"])[0])["devices"]), 0)


class UsageErrors(UseTest):
    """Each ends with code 2 and says what is allowed."""

    def refused(self, *arguments):
        output, error = self.output([CLRUN, *arguments], code=2)
        self.assertEqual(output, "")
        return error

    def test_no_program(self):
        self.assertIn("the program is missing", self.refused())

    def test_unknown_option(self):
        self.assertIn("--frobnicate", self.refused("--frobnicate", "true"))

    def test_count_that_is_none(self):
        self.assertRegex(self.refused("-n", "0", "true"), r"1 to \d+")
        self.assertIn("many", self.refused("-n", "many", "true"))

    def test_device_selection(self):
        error = self.refused("--devices", "graphics", "true")
        for word in ("graphics", "cpu", "gpu", "all"):
            self.assertIn(word, error)

    def test_device_that_is_not_there(self):
        self.assertRegex(self.refused("--devices", "cpu:9999", "true"), "no CPU 9999 .*; it has 0")
        error = self.refused("--devices", "platform=Nobody's", "true")
        self.assertRegex(error, r"no such device; \S+ has cpu 0 \(")

    def test_json_without_list(self):
        self.assertIn("--list", self.refused("--json", "true"))


class HowItStarts(UseTest):
    def test_more_servers_than_cores(self):
        servers = 2 * CORES + 1
        (_, _, _, devices), = self.seen("--only-served", "-n", str(servers), *TWO_OF_POCL[2:])
        self.assertEqual([device[2] for device in devices], list(range(1, servers + 1)))

    def test_dry_run_line_works_when_pasted(self):
        line, _ = self.output([CLRUN, "--only-served", "-n", "2", "--dry-run", "--", DESCRIBE])
        # Into another shell, elsewhere, long after.
        process = subprocess.Popen(["sh", "-c", line], env=self.environment, cwd="/",
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        code, output, error = self.finish(process)
        self.assertEqual(code, 0, error)
        self.assertEqual(sum(len(platform[3]) for platform in parse(output)), 2)
        self.assertNotIn("clrun", line)
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
