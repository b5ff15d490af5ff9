#!/usr/bin/python3
"""The scaling suite's own logic: combinations, plans, speed-ups, resuming, and what it leaves."""

import json
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from scaling import analysis, cluster, combinations, main, offers, paper, places, report, runs  # noqa: E402
from scaling.progress import Estimate, duration  # noqa: E402

PAPERS_NODES = ["GGC", "GC", "GC", "GC"]

# Table 1 of the paper: CPUs -> the combinations for 0 to 5 GPUs.
TABLE_1 = {
    0: [None, "G", "GG", "GG,G", "GG,G,G", "GG,G,G,G"],
    1: ["C", "GC", "GGC", "GGC,G", "GGC,G,G", "GGC,G,G,G"],
    2: ["C,C", "GC,C", "GGC,C", "GGC,G,C", "GGC,G,G,C", "GGC,GC,G,G"],
    3: ["C,C,C", "GC,C,C", "GGC,C,C", "GGC,G,C,C", "GGC,GC,G,C", "GGC,GC,GC,G"],
    4: ["C,C,C,C", "GC,C,C,C", "GGC,C,C,C", "GGC,GC,C,C", "GGC,GC,GC,C", "GGC,GC,GC,GC"],
}


def outcome(combination, seconds, order=8192, schedule="paper", repetition=1, devices=(), **more):
    run = runs.Run(order, 1, combination, schedule, 1024, repetition)
    return {"key": run.key, "order": order, "scale": 1, "combination": combination, "schedule": schedule, "slice": 1024,
            "repetition": repetition, "warm_up": False, "seconds": seconds, "measured_seconds": seconds,
            "wall_seconds": seconds + 2, "verified": True, "late": False, "devices": list(devices),
            "command": "clrun"} | more


class CombinationsTest(unittest.TestCase):
    def test_the_best_are_those_of_the_papers_table(self):
        for cpus, row in TABLE_1.items():
            for gpus, combination in enumerate(row):
                self.assertEqual(combinations.best_for(PAPERS_NODES, cpus, gpus), combination)
        listed = [combination for row in TABLE_1.values() for combination in row if combination]
        self.assertEqual(set(combinations.best(PAPERS_NODES)), set(listed))

    def test_every_combination_has_the_first_node_and_is_there_once(self):
        every = combinations.every(PAPERS_NODES)
        # Five choices on the first node, 20 multisets of up to three of the others' three.
        self.assertEqual(len(every), 100)
        self.assertEqual(len(set(every)), 100)
        self.assertIn("GGC,GC,GC,GC", every)
        for combination in every:
            combinations.place(combination, PAPERS_NODES)
        self.assertEqual(combinations.every(["GC"]), ["G", "C", "GC"])

    def test_groups_go_to_nodes_that_have_what_they_need(self):
        self.assertEqual(combinations.place("C,G,GG", ["GC", "G", "GG"]), [0, 1, 2])
        self.assertEqual(combinations.place("C,GG", ["GC", "G", "GG"]), [0, 2])
        with self.assertRaisesRegex(combinations.CombinationError, "no node is left that has GG"):
            combinations.place("G,GG", PAPERS_NODES)

    def test_a_list_is_checked(self):
        self.assertEqual(combinations.choose("ggc CG;GC", PAPERS_NODES), ["GGC", "GC"])
        with self.assertRaisesRegex(combinations.CombinationError, "'X'"):
            combinations.choose("X", PAPERS_NODES)


class ClusterTest(unittest.TestCase):
    def setUp(self):
        self.paper = cluster.load(places.model("paper"))

    def test_the_papers_cluster(self):
        self.assertEqual(self.paper.letters(), PAPERS_NODES)
        gpu, cpu = self.paper.kinds["gtx460"], self.paper.kinds["q9650"]
        for order, its in paper.RESULTS.items():
            self.assertAlmostEqual(2e-9 * order**3 / cpu.gflops_at(order), its.cpu)
            self.assertAlmostEqual(2e-9 * order**3 / gpu.gflops_at(order), its.gpu)
        self.assertEqual(gpu.gflops_at(4096), 12.1)

    def test_a_scaled_model_keeps_the_proportion_of_kernels_to_transfers(self):
        scale = self.paper.scale_of(24576)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.toml")
            cluster.write_for_rank_servers(self.paper, 24576, ["h1", "h2", "h3", "h4"], path)
            written = cluster.load(path)
        kernel = 2e-9 * (24576 / scale)**3 / written.kinds["gtx460"].gflops
        self.assertAlmostEqual(kernel * scale**2, 2403, places=3)
        self.assertEqual(written.kinds["gtx460"].memory, 2**30 // scale**2)
        self.assertEqual([name for name, _ in written.nodes], ["h1", "h2", "h3", "h4"])

    def test_mistakes_are_named(self):
        for text, message in (("[[node]]\nname='a'\ndevices=['x']", r"no \[device.x\]"), ("", "no .*node"),
                              ("[device.x]\nname='x'\ntype='gpu'\nmemory='1GB'\ngflops=1", "1GB"),
                              ("[device.x]\nname='x'", "no type"), ("a b", "cluster.toml")):
            with self.assertRaisesRegex(cluster.ClusterError, message):
                cluster.parse(text, "cluster.toml")


class OffersTest(unittest.TestCase):
    LISTING = {"servers": [{"node": "a", "cpus": "0-3", "devices": [{"type": "gpu"}]},
                           {"node": "a", "cpus": "4-7", "devices": [{"type": "gpu"}]},
                           {"node": "a", "cpus": "0-7", "devices": [{"type": "cpu"}]},
                           {"node": "b", "cpus": "1", "devices": [{"type": "cpu"}]}]}

    def test_hostfiles_say_which_devices_serve(self):
        hosts = offers.of_listing(self.LISTING, "a gpu:1,3 cpu:0-7\nb cpu:1\n")
        self.assertEqual([host.letters for host in hosts], ["GGC", "C"])
        self.assertEqual(offers.hostfile_for("GC,C", hosts), "a gpu:1 cpu:0-7\nb cpu:1\n")
        self.assertEqual(offers.hostfile_for("GG", offers.of_listing(self.LISTING, "")), "a gpu:0 gpu:1\n")

    def test_a_model_offers_what_it_describes(self):
        hosts = offers.of_model(cluster.load(places.model("paper")), ["w", "x", "y", "z"])
        self.assertEqual(offers.hostfile_for("GGC,GC", hosts), "w gpu:0 gpu:1 cpu\nx gpu:0 cpu\n")


class AnalysisTest(unittest.TestCase):
    def test_slices_are_the_papers(self):
        wanted = analysis.wanted_runs(PAPERS_NODES)
        self.assertEqual(wanted, 28)
        self.assertEqual([analysis.slice_rule(order, wanted) for order in (8192, 16384, 24576)], [1024, 2048, 4096])
        self.assertIsNone(analysis.slice_rule(1009, 28))

    def test_speedups_as_in_the_paper(self):
        rows = analysis.rows_of([outcome("C", 179), outcome("G", 91), outcome("GGC,GC,GC,GC", 22)])
        row = analysis.best_row(rows, 8192, "paper")
        its = paper.RESULTS[8192]
        self.assertAlmostEqual(row.s_real, its.s_real, delta=0.1)
        self.assertAlmostEqual(row.s_ideal, its.exact_ideal)
        self.assertAlmostEqual(row.ratio, its.exact_ratio)
        self.assertAlmostEqual(row.ratio, its.ratio, delta=0.01)

    def test_the_median_counts_and_failures_do_not(self):
        rows = analysis.rows_of([outcome("C", 5, repetition=1), outcome("C", 9, repetition=2),
                                 outcome("C", 6, repetition=3), outcome("C", 1, repetition=0, warm_up=True),
                                 outcome("G", 1, error="exit code 7")])
        self.assertEqual([(row.combination, row.seconds) for row in rows], [("C", 6)])

    def test_rates_come_from_kernels_where_no_single_device_ran(self):
        device = {"type": "GPU", "blocks": 32, "kernel_seconds": 2.0}
        rows = analysis.rows_of([outcome("GG", 2.5, devices=[device, device])])
        # Half of the 64 tiles in 2 s: a product in 4 s.
        self.assertAlmostEqual(analysis.rates(rows, 8192)["G"], 1 / 4)
        self.assertAlmostEqual(rows[0].ratio, 2 / 2.5)

    def test_table_1_and_the_base(self):
        rows = analysis.rows_of([outcome("GGC", 40), outcome("GG", 45), outcome("GG,G", 30), outcome("G,G,G", 35)])
        table = analysis.table_1(rows, 8192, "paper")
        self.assertEqual(table[(0, 3)].combination, "GG,G")
        self.assertEqual(analysis.base_row(rows, 8192, "paper").combination, "GGC")


class PlanTest(unittest.TestCase):
    @staticmethod
    def plan(*words):
        options = main.parse_arguments([*words, "--out", "x"])
        return main.plan(options, PAPERS_NODES, options.orders or [8192], lambda order: 4 if order == 16384 else 1)

    def test_runs(self):
        planned = self.plan("--combos", "C GGC,G", "--orders", "8K,16K", "--schedule", "paper,overlap",
                            "--repetitions", "2", "--warm-up")
        self.assertEqual(len(planned), 2 * 2 * 2 * 3)
        self.assertEqual({run.slice for run in planned if run.schedule == "paper" and run.order == 8192}, {1024})
        self.assertEqual({run.slice for run in planned if run.schedule == "overlap" and run.order == 16384}, {128})
        self.assertEqual(sum(run.warm_up for run in planned), 8)
        self.assertEqual(len({run.key for run in planned}), len(planned))

    def test_wrong_options(self):
        for words in (["--orders", "8x"], ["--schedule", "fastest"], ["--repetitions", "0"]):
            with self.assertRaises(SystemExit), open(os.devnull, "w") as quiet:
                sys.stderr, keep = quiet, sys.stderr
                try:
                    self.plan(*words)
                finally:
                    sys.stderr = keep


class JournalTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_goes_on_where_it_stopped(self):
        journal = runs.Journal(self.folder.name, {"model": "paper"})
        journal.add(outcome("C", 5))
        with open(journal.path, "a", encoding="utf-8") as file:
            file.write('{"key": "half a li')  # Killed while writing.
        again = runs.Journal(self.folder.name, {"model": "paper"})
        self.assertEqual(list(again.outcomes), ["8192/paper/1024/C/1"])
        again.add(outcome("G", 3))
        third = runs.Journal(self.folder.name, {"model": "paper"})
        self.assertEqual(len(third.outcomes), 2)
        with self.assertRaisesRegex(runs.RunsError, "another cluster"):
            runs.Journal(self.folder.name, {"model": "other"})
        self.assertEqual(runs.Journal(self.folder.name, {"model": "other"}, fresh=True).outcomes, {})


class EstimateTest(unittest.TestCase):
    def test_from_what_was_seen(self):
        estimate = Estimate({})
        self.assertIsNone(estimate.seconds(runs.Run(8192, 1, "C", "paper", 1024, 1)))
        estimate.learn([outcome("C", 100), outcome("G", 50)])
        self.assertAlmostEqual(estimate.seconds(runs.Run(8192, 1, "GC", "paper", 1024, 1)), 100 / 3 + 2, delta=5)
        # Eight times the work.
        self.assertGreater(estimate.seconds(runs.Run(16384, 1, "C", "paper", 1024, 1)), 700)
        self.assertEqual(duration(3725), "1:02:05")


class ReportTest(unittest.TestCase):
    def test_leaves_what_it_promises(self):
        rows = analysis.rows_of([outcome(combination, seconds) for combination, seconds in
                                 (("C", 179), ("G", 91), ("GG", 46), ("GGC", 37), ("GGC,G", 28), ("GGC,GC", 25))])
        about = {"cluster": "a <test>", "when": "today", "notes": ["noted"], "hardware": "none", "commands": ["c"]}
        with tempfile.TemporaryDirectory() as folder:
            from scaling import figures
            names = figures.draw_all(rows, folder, True)
            report.write_data(rows, about, folder)
            report.write_html(rows, about, names, folder, True)
            with open(os.path.join(folder, "results.json"), encoding="utf-8") as file:
                records = json.load(file)["results"]
            for field in ("order", "combination", "schedule", "seconds", "s_real", "s_ideal", "ratio"):
                self.assertTrue(all(record[field] is not None for record in records), field)
            with open(os.path.join(folder, "results.csv"), encoding="utf-8") as file:
                self.assertEqual(len(file.readlines()), 7)
            with open(os.path.join(folder, "report.html"), encoding="utf-8") as file:
                page = file.read()
            self.assertIn("a &lt;test&gt;", page)
            self.assertIn("58.7%", page)
            # It opens without a network: nothing in it is fetched.
            self.assertNotRegex(page, r'(src|href)="(?!data:)')
            for name in ("ratio", "time_8192_paper", "speedup_8192_paper", "combinations_8192"):
                for kind in ("svg", "png"):
                    self.assertGreater(os.path.getsize(os.path.join(folder, f"{name}.{kind}")), 1000)


if __name__ == "__main__":
    unittest.main()
