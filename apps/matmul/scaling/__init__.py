"""The matmul scaling suite: runs clopencl-matmul on combinations of a cluster's devices and reports how it scales."""
