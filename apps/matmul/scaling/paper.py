"""What the clOpenCL paper (2012) says of its own runs, to stand beside ours. Times in seconds, as printed there: of a
single CPU, a single GPU, and the best combination; the combination GGC follows from the peak speed-up over it."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Result:
    order: int
    cpu: float
    gpu: float
    best: float
    best_combination: str
    peak_speedup: float  # Over GGC.
    s_real: float
    s_ideal: float
    ratio: float

    @property
    def ggc(self):
        return self.best * self.peak_speedup

    @property
    def exact_ideal(self):
        """S_ideal from the times themselves; the paper takes a GPU for twice a CPU at every order."""
        cpus, gpus = self.best_combination.count("C"), self.best_combination.count("G")
        return cpus + gpus * self.cpu / self.gpu

    @property
    def exact_ratio(self):
        return self.cpu / self.best / self.exact_ideal


RESULTS = {result.order: result for result in (
    Result(8192, 179, 91, 22, "GGC,GC,GC,GC", 1.76, 8.21, 14, 0.5868),
    Result(16384, 1422, 840, 157, "GGC,GC,GC,GC", 2.15, 9.05, 14, 0.6469),
    Result(24576, 4800, 2403, 469, "GGC,GC,GC,G", 2.31, 10.23, 13, 0.7872),
)}
