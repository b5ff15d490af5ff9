// How fast bulk data travels.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "bench/benchmarks.h"

namespace clopencl::bench {
namespace {

using apps::Check;

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kLarge = 64 * kMiB;

double GigabytesPerSecond(std::size_t bytes, double seconds) {
  return static_cast<double>(bytes) / seconds * 1e-9;
}

// Rates of `count` calls that move `bytes` each, after two that do not count.
template <typename Call>
std::vector<double> Rates(int count, std::size_t bytes, const Call& call) {
  std::vector<double> rates;
  for (int i = -2; i < count; ++i) {
    const Stopwatch watch;
    call();
    const double seconds = watch.Seconds();
    if (i >= 0) rates.push_back(GigabytesPerSecond(bytes, seconds));
  }
  return rates;
}

void Buffers(const Bench& bench, std::size_t mib, int count) {
  const std::size_t bytes = mib * kMiB;
  const apps::Queue queue = bench.target.MakeQueue();
  const apps::Memory buffer = bench.target.MakeBuffer(bytes);
  HostMemory from(bytes);
  HostMemory to(bytes);
  from.Fill(static_cast<unsigned>(mib));
  const auto write = [&] {
    Check(
        clEnqueueWriteBuffer(queue.get(), buffer.get(), CL_TRUE, 0, bytes, from.data(), 0, nullptr, nullptr),
        "clEnqueueWriteBuffer");
  };
  const auto read = [&] {
    Check(clEnqueueReadBuffer(queue.get(), buffer.get(), CL_TRUE, 0, bytes, to.data(), 0, nullptr, nullptr),
          "clEnqueueReadBuffer");
  };
  bench.metrics.Add(fmt::format("write_{}mib", mib), kGigabytesPerSecond, Rates(count, bytes, write));
  bench.metrics.Add(fmt::format("read_{}mib", mib), kGigabytesPerSecond, Rates(count, bytes, read));
  to.Expect(static_cast<unsigned>(mib), "blocking write and read");
}

void Buffers1(const Bench& bench) { Buffers(bench, 1, bench.effort.Count(100)); }
void Buffers64(const Bench& bench) { Buffers(bench, 64, bench.effort.Count(10)); }
void Buffers256(const Bench& bench) {
  if (bench.effort.quick) {
    bench.metrics.Skip("write_256mib", "--quick");
    bench.metrics.Skip("read_256mib", "--quick");
    return;
  }
  Buffers(bench, 256, 4);
}

void Map(const Bench& bench) {
  const apps::Queue queue = bench.target.MakeQueue();
  const apps::Memory buffer = bench.target.MakeBuffer(kLarge);
  const apps::Kernel fill = bench.target.MakeKernel("fill");
  SetArgument(fill.get(), 0, buffer.get());
  const std::size_t words = kLarge / sizeof(cl_int);
  std::vector<double> rates;
  for (cl_int round = -1; round < bench.effort.Count(10); ++round) {
    // The device has written since the last map, so there is something to fetch.
    SetArgument(fill.get(), 1, round);
    Check(clEnqueueNDRangeKernel(queue.get(), fill.get(), 1, nullptr, &words, nullptr, 0, nullptr, nullptr),
          "clEnqueueNDRangeKernel");
    Check(clFinish(queue.get()), "clFinish");

    const Stopwatch watch;
    cl_int code = CL_SUCCESS;
    const auto* const mapped = static_cast<const cl_int*>(clEnqueueMapBuffer(
        queue.get(), buffer.get(), CL_TRUE, CL_MAP_READ, 0, kLarge, 0, nullptr, nullptr, &code));
    Check(code, "clEnqueueMapBuffer");
    bool right = true;
    // One word of each page, or a driver that fetches pages late would look fast.
    for (std::size_t i = 0; i < words; i += 1024)
      right = right && mapped[i] == round + static_cast<cl_int>(i);
    Check(
        clEnqueueUnmapMemObject(queue.get(), buffer.get(), const_cast<cl_int*>(mapped), 0, nullptr, nullptr),
        "clEnqueueUnmapMemObject");
    Check(clFinish(queue.get()), "clFinish");
    const double seconds = watch.Seconds();
    if (!right) throw std::runtime_error("mapping for reading: wrong data");
    if (round >= 0) rates.push_back(GigabytesPerSecond(kLarge, seconds));
  }
  bench.metrics.Add("map_read_64mib", kGigabytesPerSecond, rates);
}

void Image(const Bench& bench) {
  // RGBA of floats: 16 bytes a pixel, 64 MiB.
  constexpr std::size_t kSide = 2048;
  if (!bench.target.device().images) {
    bench.metrics.Skip("image_write_64mib", "the device has no images");
    bench.metrics.Skip("image_read_64mib", "the device has no images");
    return;
  }
  const apps::Queue queue = bench.target.MakeQueue();
  const cl_image_format format = {CL_RGBA, CL_FLOAT};
  cl_image_desc description{};
  description.image_type = CL_MEM_OBJECT_IMAGE2D;
  description.image_width = kSide;
  description.image_height = kSide;
  cl_int code = CL_SUCCESS;
  const apps::Memory image(
      clCreateImage(bench.target.context(), CL_MEM_READ_WRITE, &format, &description, nullptr, &code));
  Check(code, "clCreateImage");
  HostMemory from(kLarge);
  HostMemory to(kLarge);
  from.Fill(7);
  const std::size_t origin[3] = {0, 0, 0};
  const std::size_t region[3] = {kSide, kSide, 1};
  const auto write = [&] {
    Check(clEnqueueWriteImage(queue.get(), image.get(), CL_TRUE, origin, region, 0, 0, from.data(), 0,
                              nullptr, nullptr),
          "clEnqueueWriteImage");
  };
  const auto read = [&] {
    Check(clEnqueueReadImage(queue.get(), image.get(), CL_TRUE, origin, region, 0, 0, to.data(), 0, nullptr,
                             nullptr),
          "clEnqueueReadImage");
  };
  const int count = bench.effort.Count(10);
  bench.metrics.Add("image_write_64mib", kGigabytesPerSecond, Rates(count, kLarge, write));
  bench.metrics.Add("image_read_64mib", kGigabytesPerSecond, Rates(count, kLarge, read));
  to.Expect(7, "image write and read");
}

}  // namespace

const std::vector<Benchmark>& TransferBenchmarks() {
  static const std::vector<Benchmark> benchmarks = {
      {"buffers_1", "blocking write and read of 1 MiB", Buffers1},
      {"buffers_64", "blocking write and read of 64 MiB", Buffers64},
      {"buffers_256", "blocking write and read of 256 MiB", Buffers256},
      {"map", "map 64 MiB for reading after the device has written them, look at each page, unmap", Map},
      {"image", "blocking write and read of a 64 MiB image", Image},
  };
  return benchmarks;
}

}  // namespace clopencl::bench
