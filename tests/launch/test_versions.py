"""A rank server of another build in a job: said by name, and the job ends as usual."""

import os
import re
import shutil
import subprocess
import unittest

from job_testing import BIN, CLRUN, ENDING, LIMIT, JobTest

RANKSERVER = os.path.join(BIN, "clopencl-rankserver")


class AnotherBuild(JobTest):
    def make_rankserver(self):
        """A copy of the rank server that differs in nothing but the hash of its protocol."""
        version = subprocess.run([RANKSERVER, "--version"], check=True, stdout=subprocess.PIPE, text=True, timeout=LIMIT).stdout
        number = int(re.fullmatch(r"clopencl-rankserver \S+, protocol ([0-9a-f]{16})\n", version)[1], 16)
        with open(RANKSERVER, "rb") as file:
            program = file.read()
        self.assertIn(number.to_bytes(8, "little"), program)
        os.mkdir(os.path.join(self.directory, "other"))
        other = os.path.join(self.directory, "other", "clopencl-rankserver")
        with open(other, "wb") as file:
            file.write(program.replace(number.to_bytes(8, "little"), (number ^ 1).to_bytes(8, "little")))
        shutil.copymode(RANKSERVER, other)
        listing = subprocess.run([other, "--version"], check=True, stdout=subprocess.PIPE, text=True, timeout=LIMIT).stdout
        self.assertIn(f"{number ^ 1:016x}", listing)
        return other

    def check(self, line):
        code, _, error = self.finish(self.start(["sh", "-c", "exec env " + line]), seconds=30)
        self.assertEqual(code, 4, error)
        self.assertRegex(error, r"rank [12]: speaks another version of the protocol .*same build")
        self.assert_nothing_left()

    def test_program_goes_on_without_it(self):
        line = self.plain_line("-n", "2", program=["sh", "-c", f"{ENDING} return 0; exit 4"])
        other = self.make_rankserver()
        self.assertEqual(line.count(RANKSERVER), 2, line)
        for servers in (1, 2):
            with self.subTest(of_another_build=servers):
                self.check(line.replace(RANKSERVER, other, servers))

    def test_doctor_names_the_version(self):
        code, output, error = self.finish(self.start([CLRUN, "--doctor"]))
        self.assertEqual(code, 0, output + error)
        self.assertRegex(output, r"ok +rank server: clopencl-rankserver \S+, protocol [0-9a-f]{16}\n")


class Loaders(JobTest):
    def test_doctor_warns_of_a_loader_with_a_list_of_its_own(self):
        source = os.path.join(self.directory, "loader.c")
        with open(source, "w") as file:
            file.write("int clGetPlatformIDs(unsigned room, void **into, unsigned *count)\n"
                       "{ if (count) *count = 1; return 0; }\n")
        subprocess.run(["cc", "-shared", "-fPIC", "-Wl,-soname,libOpenCL.so.1", "-o",
                        os.path.join(self.directory, "libOpenCL.so.1"), source], check=True, timeout=LIMIT)
        self.environment["LD_LIBRARY_PATH"] = self.directory
        code, output, error = self.finish(self.start([CLRUN, "--doctor"]))
        self.assertEqual(code, 1, output + error)
        self.assertRegex(output, r"BAD +loader: .*OCL_ICD_VENDORS")
        self.assertIn("copy clopencl.icd to /etc/OpenCL/vendors", output)


if __name__ == "__main__":
    unittest.main()
