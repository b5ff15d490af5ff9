"""What the tests over several hosts share: jobs on hosts that are namespaces of this machine."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import namespace_hosts  # noqa: E402
from job_testing import CLRUN, JobTest  # noqa: E402


class HostsTest(JobTest):
    COUNT = 3

    @classmethod
    def setUpClass(cls):
        cls.hosts = namespace_hosts.Hosts(cls.COUNT)
        cls.addClassCleanup(cls.hosts.close)

    def setUp(self):
        super().setUp()
        self.environment.update(self.hosts.environment())
        self.names = self.hosts.names

    def on(self, host, command, **options):
        return self.start(self.hosts.command(host, command), **options)

    def clrun_on(self, host, *arguments):
        """(code, output, error) of clrun, started on the host with this index."""
        return self.finish(self.on(host, [CLRUN, *arguments]))

    def all_hosts(self):
        """The CPU of each: one rank server a host, whatever else the machine has."""
        return ["--hosts", ",".join(self.names), "--devices", "cpu"]

    def hostfile(self, text):
        path = os.path.join(self.directory, "hosts.txt")
        with open(path, "w") as file:
            file.write(text.format(*self.names))
        return path


def main():
    """Runs the tests of the calling script, or ends as CTest takes for skipped, and says why."""
    reason = namespace_hosts.reason_against()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(namespace_hosts.SKIPPED)
    unittest.main(verbosity=2)
