"""cmake --install puts everything anywhere, and it runs from there."""

import os
import shutil
import subprocess
import tempfile
import unittest

from job_testing import BUILD, JobTest

INSTALLED = ("bin/clrun", "bin/clopencl-launcher", "bin/clopencl-rankserver", "bin/clopencl-matmul")


@unittest.skipUnless(shutil.which("cmake"), "there is no cmake")
class Installed(JobTest):
    @classmethod
    def setUpClass(cls):
        cls.prefix = tempfile.mkdtemp(prefix="cltest-prefix-")
        cls.addClassCleanup(shutil.rmtree, cls.prefix, ignore_errors=True)
        subprocess.run(["cmake", "--install", BUILD, "--prefix", cls.prefix], check=True, capture_output=True,
                       timeout=120)

    def path(self, name):
        return os.path.join(self.prefix, name)

    def test_what_is_there(self):
        for name in (*INSTALLED, "include/CL/cl_ext_clopencl.h"):
            self.assertTrue(os.path.exists(self.path(name)), name)

    def test_the_icd_file_names_the_installed_driver(self):
        with open(self.path("etc/OpenCL/vendors/clopencl.icd")) as file:
            driver = file.read().strip()
        self.assertTrue(driver.startswith(self.prefix + "/") and driver.endswith("/libclopencl.so"), driver)
        self.assertTrue(os.path.exists(driver), driver)

    def test_a_job_runs_from_there(self):
        matmul = [self.path("bin/clopencl-matmul"), "--n", "128", "--verify"]
        process = self.start([self.path("bin/clrun"), "--only-served", "-n", "2", "--", *matmul])
        code, output, error = self.finish(process)
        self.assertEqual(code, 0, error)
        self.assertIn("correct:", output)
        self.assert_nothing_left()

    def test_nothing_of_the_build_folder_is_used(self):
        line = subprocess.run([self.path("bin/clrun"), "--dry-run", "--transport", "tcp", "true"], check=True,
                              env=self.environment, capture_output=True, text=True, timeout=60).stdout
        self.assertIn(self.prefix, line)
        self.assertNotIn(os.path.abspath(BUILD) + "/", line)
        libraries = subprocess.run(["ldd", *map(self.path, INSTALLED)], check=True, capture_output=True,
                                   text=True).stdout
        self.assertNotIn("not found", libraries)
        self.assertNotIn(os.path.abspath(BUILD) + "/", libraries)


if __name__ == "__main__":
    unittest.main()
