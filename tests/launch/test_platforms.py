"""What a program sees: platforms beside the native ones, host names and ranks; and nothing outside of a job."""

import json
import os
import socket
import subprocess
import sys
import unittest

from job_testing import BIN, BUILD, CLRUN, JobTest

DESCRIBE = os.path.join(BIN, "clopencl-test-describe")
INTEGRATION = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration")
VENDORS = os.path.abspath(os.path.join(BUILD, "etc", "OpenCL", "vendors"))
HOST = socket.gethostname()


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


class DescribeTest(JobTest):
    def output(self, command):
        code, output, error = self.finish(self.start(command))
        self.assertEqual(code, 0, error)
        return output, error

    def seen(self, *options):
        return parse(self.output([CLRUN, *options, "--", DESCRIBE])[0])


class UnderClrun(DescribeTest):
    def test_a_platform_for_the_native_one_with_host_name_and_ranks(self):
        native = parse(self.output([DESCRIBE])[0])
        (name, host, extension, devices), = self.seen("--only-served", "-n", "2", "--devices", "platform=Portable")
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


@unittest.skipUnless(os.environ.get("CLOPENCL_TEST_LOADER"), "CLOPENCL_TEST_LOADER names no ICD loader's folder")
class UnderAnotherLoader(DescribeTest):
    """With the libOpenCL.so.1 of that folder, such as Khronos' own, in place of the system's."""

    def use_it(self):
        self.environment["LD_LIBRARY_PATH"] = os.environ["CLOPENCL_TEST_LOADER"]

    def test_the_program_sees_the_same(self):
        with_own = self.seen("-n", "2")
        self.use_it()
        linked, _ = self.output(["ldd", DESCRIBE])
        self.assertIn(os.environ["CLOPENCL_TEST_LOADER"], linked)
        self.assertEqual(sorted(self.seen("-n", "2")), sorted(with_own))

    def check_as_natively(self, *program):
        """The program gives natively and from rank servers the same, both times under this loader."""
        self.use_it()
        harness = [sys.executable, os.path.join(INTEGRATION, "harness.py")]
        code, output, error = self.finish(self.start([*harness, "compare", "--servers", "2", "--", *program]))
        self.assertEqual(code, 0, output + error)
        self.assertIn("device 1 of 2", output)

    def test_threads(self):
        self.check_as_natively(os.path.join(BIN, "tests", "threads"))

    def test_a_program_that_opens_the_loader_itself(self):
        for arguments in ([], ["--close"]):
            with self.subTest(arguments=arguments):
                self.check_as_natively(os.path.join(BIN, "tests", "loader_dlopen"), *arguments)

    def test_python(self):
        python = "/usr/bin/python3"
        if subprocess.run([python, "-c", "import pyopencl"], capture_output=True, check=False).returncode != 0:
            self.skipTest("pyopencl is not installed (Debian package python3-pyopencl)")
        self.use_it()
        mapped, _ = self.output([python, "-c", "import pyopencl; print(open('/proc/self/maps').read())"])
        self.assertIn(os.environ["CLOPENCL_TEST_LOADER"], mapped)
        self.check_as_natively(python, os.path.join(INTEGRATION, "scripts", "pyopencl_arrays.py"))


class WithoutAJob(DescribeTest):
    """The driver in a process that is not rank 0 of a job of ours: no platform, at once, silently."""

    def setUp(self):
        super().setUp()
        self.environment["OCL_ICD_VENDORS"] = VENDORS

    def test_in_a_plain_shell(self):
        self.assertEqual(self.output([DESCRIBE]), ("", ""))

    def test_in_a_plain_shell_that_claims_the_role(self):
        self.environment["CLOPENCL_ROLE"] = "frontend"
        self.assertEqual(self.output([DESCRIBE]), ("", ""))

    def test_in_a_rank_server(self):
        output, error = self.output([os.path.join(BIN, "clopencl-rankserver"), "--list", "--json"])
        self.assertEqual((json.loads(output)["devices"], error), ([], ""))

    def test_in_a_job_that_is_not_ours(self):
        self.environment.update(HWLOC_COMPONENTS="-opencl,-gl", OMPI_ALLOW_RUN_AS_ROOT="1",
                                OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        self.assertEqual(self.output(["mpirun", "--oversubscribe", "-np", "2", DESCRIBE]), ("", ""))


if __name__ == "__main__":
    unittest.main()
