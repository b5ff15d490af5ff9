"""Jobs under a plain mpirun, without clrun: the lines that docs/launching.md gives work as they stand there."""

import os
import re
import shutil
import signal
import unittest

from job_testing import BIN, BUILD, ENDING, JobTest

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
DOCUMENT = os.path.join(SOURCES, "docs", "launching.md")
TRANSPORTS = os.path.join(SOURCES, "launch", "transport")


def documented(part):
    """The only line of the document's that starts with mpirun and has `part` in it."""
    with open(DOCUMENT) as file:
        lines = [line.strip() for line in file if re.match(r" {4}mpirun ", line) and part in line]
    assert len(lines) == 1, lines
    return lines[0]


class PlainMpirun(JobTest):
    def setUp(self):
        super().setUp()
        self.environment.update(PATH=BIN + os.pathsep + os.environ["PATH"], HWLOC_COMPONENTS="-opencl,-gl",
                                OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")

    def install_driver(self):
        """As the document says: the driver's ICD file is where the loader looks."""
        vendors = os.path.join(self.directory, "vendors")
        shutil.copytree(os.environ.get("OCL_ICD_VENDORS", "/etc/OpenCL/vendors"), vendors)
        with open(os.path.join(vendors, "clopencl.icd"), "w") as file:
            file.write(os.path.join(os.path.abspath(BUILD), "lib", "libclopencl.so") + "\n")
        self.environment["OCL_ICD_VENDORS"] = vendors + "/"

    def start_line(self, line, program):
        return self.start(["sh", "-c", "exec " + line.replace("program args…", program)])

    def check_platforms(self, line):
        code, output, error = self.finish(self.start_line(line, "clinfo --raw"))
        self.assertEqual(code, 0, error)
        platforms = re.findall(r"CL_PLATFORM_NAME\s+(.*\S)", output)
        served = [name for name in platforms if f"({os.uname().nodename})" in name]
        self.assertEqual(len(served), 2, output)
        self.assertGreater(len(platforms), 2, "the native platforms are there, too")
        self.assert_nothing_left()
        return output

    def test_with_the_launcher(self):
        line = documented("clopencl-launcher program")
        output = self.check_platforms(line)
        cores = len(os.sched_getaffinity(0))
        if cores % 2 == 0:
            # Two servers of one CPU device have a half of it each.
            units = re.findall(r"CL_DEVICE_MAX_COMPUTE_UNITS\s+(\d+)", output)
            self.assertEqual(units.count(str(cores // 2)), 2, units)
        for mode, expected in ((["return", "3"], 3), (["kill", "9"], 137), (["--no-opencl", "return", "0"], 0)):
            with self.subTest(mode=mode):
                code, _, error = self.finish(self.start_line(line, " ".join([ENDING, *mode])))
                self.assertEqual(code, expected, error)
                self.assert_nothing_left()

    def test_transport_profiles_are_files_for_mpirun_itself(self):
        line = documented("clopencl-launcher program")
        for name in ("shm", "tcp"):
            with self.subTest(transport=name):
                tuned = line.replace("mpirun ", f"mpirun --tune {TRANSPORTS}/{name}.conf ", 1)
                code, _, error = self.finish(self.start_line(tuned, f"{ENDING} return 3"))
                self.assertEqual((code, error), (3, ""))

    def test_without_the_launcher(self):
        self.install_driver()
        line = documented("-np 1 program args… :")
        self.check_platforms(line)
        code, _, error = self.finish(self.start_line(line, f"{ENDING} return 3"))
        self.assertEqual(code, 3, error)
        self.assert_nothing_left()

    def test_without_the_launcher_under_another_parent(self):
        # Where the command line can't be seen, the role has to be said.
        self.install_driver()
        self.check_platforms(documented("CLOPENCL_ROLE=frontend"))

    def test_the_driver_stays_out_of_other_jobs(self):
        self.install_driver()
        line = "mpirun --oversubscribe -np 1 clinfo --raw : -np 1 true"
        code, output, error = self.finish(self.start_line(line, ""))
        self.assertEqual(code, 0, error)
        self.assertNotIn(f"({os.uname().nodename})", output)

    def test_a_rank_server_is_killed_without_the_launcher(self):
        self.install_driver()
        process = self.start_line(documented("-np 1 program args… :"), f"{ENDING} --ready sleep 60")
        self.wait_for_line(process, "ready")
        os.kill(self.processes("clopencl-rankserver")[0], signal.SIGKILL)
        code, _, error = self.finish(process, seconds=15)
        self.assertEqual(code, 137, error)
        self.assertRegex(error, r"rank [12]")
        self.assert_nothing_left()

    def test_a_rank_server_in_the_place_of_the_program(self):
        code, _, error = self.finish(self.start_line("mpirun --oversubscribe -np 2 clopencl-rankserver", ""))
        self.assertEqual(code, 1, error)
        self.assertIn("put the program first", error)
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
