#!/usr/bin/python3
"""suite_run_test.py BUILD_BIN: a short run of the whole suite on two modelled nodes, stopped and resumed."""

import json
import os
import subprocess
import sys
import tempfile

MODEL = """
name = "Two nodes"
orders = [512]
[network]
rate = "1gbit"
mtu = 9000
[device.gpu]
name = "Modelled GPU"
type = "gpu"
memory = "64MiB"
gflops = 1.5
[device.cpu]
name = "Modelled CPU"
type = "cpu"
memory = "256MiB"
gflops = 0.75
[[node]]
name = "a"
devices = ["gpu", "cpu"]
[[node]]
name = "b"
devices = ["gpu"]
"""


def main():
    suite = os.path.join(sys.argv[1], "clopencl-matmul-suite")
    with tempfile.TemporaryDirectory() as folder:
        model, out = os.path.join(folder, "two.toml"), os.path.join(folder, "out")
        with open(model, "w", encoding="utf-8") as file:
            file.write(MODEL)

        def run(*words):
            done = subprocess.run([suite, "--model", model, "--out", out, "--cut", "2", *words], timeout=200,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            print(done.stdout)
            return done

        first = run("--combos", "C", "--schedule", "paper")
        if first.returncode == 77:
            return 77
        assert first.returncode == 0, first.returncode
        second = run("--combos", "C G GC,G")
        assert second.returncode == 0, second.returncode
        assert "1 of 6 runs are done already" in second.stdout
        with open(os.path.join(out, "results.json"), encoding="utf-8") as file:
            results = json.load(file)["results"]
        assert len(results) == 6, results
        for row in results:
            assert row["verified"] and row["seconds"] > 0 and 0 < row["ratio"] < 1.5, row
            # 2 * 512^3 operations at the modelled speed: less would be no model.
            kernels = {"G": 0.179, "C": 0.358}.get(row["combination"], 0)
            assert row["seconds"] >= kernels, row
        moved = sum(device["bytes_written"] for row in results for device in row["devices"])
        assert moved >= 6 * 2 * 4 * 512**2, moved
        for name in ("report.html", "results.csv", "ratio.svg", "ratio.png"):
            assert os.path.getsize(os.path.join(out, name)) > 500, name
    return 0


if __name__ == "__main__":
    sys.exit(main())
