"""launch/quickstart again, on a machine where everything is installed and built: fast, and the whole result."""

import os
import re
import unittest

from job_testing import BUILD, JobTest

REPOSITORY = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
QUICKSTART = os.path.join(REPOSITORY, "launch", "quickstart")


class Quickstart(JobTest):
    @unittest.skipUnless(os.path.realpath(BUILD) == os.path.join(os.path.realpath(REPOSITORY), "build"),
                         "quickstart builds in another folder than this one")
    def test_both_runs_and_the_table(self):
        process = self.start([QUICKSTART, "--n", "256"])
        code, output, error = self.finish(process, seconds=240)
        self.assertEqual(code, 0, error)
        self.assertEqual(len(re.findall(r"^correct:", output, re.MULTILINE)), 2, output)
        table = output[output.rindex("n = 256 ") :]
        self.assertRegex(table, r"^n = 256 +native +two rank servers\n")
        self.assertRegex(table, r"\nverified +yes +yes\n")
        self.assertRegex(table, r"\ndevices +\d+ +2\n")
        self.assert_nothing_left()

    def test_usage(self):
        code, _, error = self.finish(self.start([QUICKSTART, "--frobnicate"]))
        self.assertEqual(code, 2)
        self.assertIn("--n N", error)


if __name__ == "__main__":
    unittest.main()
