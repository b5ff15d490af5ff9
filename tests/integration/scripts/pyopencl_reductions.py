#!/usr/bin/env python3
"""pyopencl's kernel generators: reductions, scans, elementwise kernels, sorting, and sums of arrays."""

import numpy
import pyopencl
import pyopencl.algorithm
import pyopencl.array
from pyopencl.elementwise import ElementwiseKernel
from pyopencl.reduction import ReductionKernel
from pyopencl.scan import ExclusiveScanKernel, InclusiveScanKernel

from common import expect, finish, make_context, show, show_array

def main():
    context = make_context()
    queue = pyopencl.CommandQueue(context)
    generator = numpy.random.default_rng(2)

    for size in (1, 17, 1000, 100003):
        host = generator.integers(-1000, 1000, size, dtype=numpy.int32)
        device = pyopencl.array.to_device(queue, host)
        expect(int(pyopencl.array.sum(device).get()) == int(host.sum()), f"sum of {size}")
        expect(int(pyopencl.array.max(device).get()) == int(host.max()), f"maximum of {size}")
        expect(int(pyopencl.array.min(device).get()) == int(host.min()), f"minimum of {size}")

        inclusive = InclusiveScanKernel(context, numpy.int32, "a+b", neutral="0")
        scanned = device.copy()
        inclusive(scanned)
        expect((scanned.get() == numpy.cumsum(host, dtype=numpy.int32)).all(), f"inclusive scan of {size}")
        exclusive = ExclusiveScanKernel(context, numpy.int32, "a+b", neutral="0")
        scanned = device.copy()
        exclusive(scanned)
        expected = numpy.concatenate(([0], numpy.cumsum(host, dtype=numpy.int32)[:-1]))
        expect((scanned.get() == expected).all(), f"exclusive scan of {size}")

    host = generator.random(50000).astype(numpy.float32)
    device = pyopencl.array.to_device(queue, host)
    longest = ReductionKernel(context, numpy.float32, neutral="0", reduce_expr="a > b ? a : b",
                              map_expr="fabs(x[i])", arguments="__global const float *x")
    expect(float(longest(device).get()) == float(numpy.abs(host).max()), "reduction with a map")

    axpy = ElementwiseKernel(context, "float a, float *x, float *y, float *z", "z[i] = a * x[i] + y[i]",
                             "axpy")
    result = pyopencl.array.empty_like(device)
    axpy(3, device, device, result)
    expect(numpy.allclose(result.get(), 4 * host), "elementwise kernel")
    show_array("elementwise kernel's bytes", result.get())

    kept, count, _ = pyopencl.algorithm.copy_if(device, "ary[i] > 0.5f")
    expect(int(count.get()) == int((host > 0.5).sum()), "copy of those that match")
    expect((kept.get()[:int(count.get())] == host[host > 0.5]).all(), "their values")

    keys = generator.integers(0, 1 << 30, 20000, dtype=numpy.uint32)
    sort = pyopencl.algorithm.RadixSort(context, "uint *keys", key_expr="keys[i]", sort_arg_names=["keys"],
                                        key_dtype=numpy.uint32)
    (sorted_keys,), _ = sort(pyopencl.array.to_device(queue, keys), key_bits=30)
    expect((sorted_keys.get() == numpy.sort(keys)).all(), "radix sort")
    show("done", "yes")
    finish()

if __name__ == "__main__":
    main()
