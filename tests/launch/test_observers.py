"""clrun --trace and --stats: what a user gets of a real job."""

import json
import os
import re
import unittest

from job_testing import BIN, JobTest

PROGRAM = os.path.join(BIN, "tests", "buffer_transfers")


class Observers(JobTest):
    def run_program(self, *arguments):
        code, output, error = self.finish(self.clrun(*arguments, program=[PROGRAM]))
        self.assertEqual(code, 0, error)
        self.assert_nothing_left()
        return output, error

    def test_without_them_nothing_is_said(self):
        _, error = self.run_program("-n", "1")
        self.assertEqual(error, "")

    def test_statistics_of_each_server(self):
        plain, _ = self.run_program("-n", "2")
        output, error = self.run_program("-n", "2", "--stats")
        self.assertEqual(output, plain)
        self.assertIn("clOpenCL statistics", error)
        rows = re.findall(r"^rank (\d) \(\S+\), .*?  +(\d+)  +(\d+)  +(\d+)  ", error, re.MULTILINE)
        self.assertEqual([rank for rank, *_ in rows], ["1", "2"])
        commands, messages, packets = map(int, rows[0][1:])
        self.assertGreater(commands, 10)
        self.assertGreater(messages, commands)
        self.assertGreater(packets, 1)
        self.assertRegex(error, r"waited most for rank 1")
        self.assertRegex(error, r"(?m)^clEnqueueReadBuffer +\d+ ")

    def test_a_timeline_of_all_ranks(self):
        self.run_program("-n", "2", "--trace", "timeline.json")
        with open(os.path.join(self.directory, "timeline.json"), encoding="utf-8") as file:
            events = json.load(file)["traceEvents"]
        named = [event for event in events if event["ph"] == "M" and event["name"] == "process_name"]
        self.assertEqual([event["pid"] for event in named], [0, 1, 2])
        lanes = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["name"] == "thread_name"}
        slices = [event for event in events if event["ph"] == "X"]

        def found(pid, lane, name):
            return [e for e in slices if e["pid"] == pid and e["name"] == name and lane in lanes[pid, e["tid"]]]

        self.assertTrue(found(0, "main thread", "clEnqueueReadBuffer"))
        self.assertTrue(found(1, "messages of the frontend", "ReadBuffer"))
        self.assertTrue([e for e in slices if e["pid"] == 1 and ", queue " in lanes[1, e["tid"]]], "no native command")
        self.assertTrue({"s", "f"} <= {event["ph"] for event in events}, "no arrows")
        # One clock: everything lies between the first and the last call of the program.
        calls = [e for e in slices if lanes[e["pid"], e["tid"]] == "main thread" and e["name"].startswith("cl")]
        first = min(call["ts"] for call in calls)
        last = max(call["ts"] + call["dur"] for call in calls)
        for event in found(1, "messages of the frontend", "ReadBuffer"):
            self.assertGreaterEqual(event["ts"], first)
            self.assertLessEqual(event["ts"] + event["dur"], last)

    def test_a_file_that_cannot_be_written(self):
        process = self.clrun("--trace", "no/such/folder/file", program=[PROGRAM])
        code, _, error = self.finish(process)
        self.assertEqual(code, 2)
        self.assertIn("no/such/folder/file", error)


if __name__ == "__main__":
    unittest.main()
