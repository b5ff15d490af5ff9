// Rectangular reads, writes and copies with random boxes and pitches, compared with a model in host memory.
#include <string>
#include <vector>

#include "support/device.h"
#include "support/random.h"
#include "support/rect.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;
using Bytes = std::vector<unsigned char>;

constexpr size_t kSize = 256 * 1024;

// A layout in which `region` fits into `size` bytes.
BoxLayout RandomLayout(Random& random, const Triple& region, size_t size) {
  for (;;) {
    BoxLayout layout;
    if (!random.OneIn(4)) layout.row_pitch = region[0] + random.Below(20);
    if (!random.OneIn(4)) layout.slice_pitch = layout.RowPitch(region) * (region[1] + random.Below(4));
    layout.origin = {random.Below(20), random.Below(5), random.Below(3)};
    if (layout.End(region) <= size) return layout;
  }
}

Triple RandomRegion(Random& random) {
  switch (random.Below(4)) {
    case 0:
      return {1 + random.Below(1000), 1, 1};
    case 1:
      return {1 + random.Below(300), 1 + random.Below(40), 1};
    default:
      return {1 + random.Below(100), 1 + random.Below(30), 1 + random.Below(8)};
  }
}

class Test {
 public:
  void Run() {
    for (uint64_t seed = 1; seed <= 40; ++seed) {
      Writes(seed);
      Reads(seed);
      Copies(seed);
    }
    LargeBox();
    WithinOneBuffer();
  }

 private:
  void Writes(uint64_t seed) {
    Random random(seed);
    Bytes model = RandomBytes(kSize, seed);
    const Mem buffer = MakeBuffer(s_.context, kSize, CL_MEM_COPY_HOST_PTR, model.data());
    std::vector<Bytes> sources;
    for (int i = 0; i < 5; ++i) {
      const Triple region = RandomRegion(random);
      const BoxLayout device = RandomLayout(random, region, kSize);
      const BoxLayout host = RandomLayout(random, region, kSize);
      sources.push_back(RandomBytes(host.End(region), random.Next()));
      Must(clEnqueueWriteBufferRect(s_.queue, buffer, random.OneIn(2), device.origin.data(),
                                    host.origin.data(), region.data(), device.row_pitch, device.slice_pitch,
                                    host.row_pitch, host.slice_pitch, sources.back().data(), 0, nullptr,
                                    nullptr));
      CopyBox(model.data(), device, sources.back().data(), host, region);
    }
    ExpectEqual(ReadVector<unsigned char>(s_.queue, buffer, kSize), model, "write " + std::to_string(seed));
  }

  void Reads(uint64_t seed) {
    Random random(1000 + seed);
    Bytes model = RandomBytes(kSize, seed);
    const Mem buffer = MakeBuffer(s_.context, kSize, CL_MEM_COPY_HOST_PTR, model.data());
    for (int i = 0; i < 5; ++i) {
      const Triple region = RandomRegion(random);
      const BoxLayout device = RandomLayout(random, region, kSize);
      const BoxLayout host = RandomLayout(random, region, kSize);
      const bool blocking = random.OneIn(2);
      Bytes got(host.End(region) + 100, 0xcc);  // bytes around the box must stay as they are
      Bytes expected = got;
      Must(clEnqueueReadBufferRect(s_.queue, buffer, blocking, device.origin.data(), host.origin.data(),
                                   region.data(), device.row_pitch, device.slice_pitch, host.row_pitch,
                                   host.slice_pitch, got.data(), 0, nullptr, nullptr));
      if (!blocking) Must(clFinish(s_.queue));
      CopyBox(expected.data(), host, model.data(), device, region);
      ExpectEqual(got, expected, "read " + std::to_string(seed) + "." + std::to_string(i));
    }
  }

  void Copies(uint64_t seed) {
    Random random(2000 + seed);
    Bytes from_model = RandomBytes(kSize, seed);
    Bytes to_model = RandomBytes(kSize, seed + 1);
    const Mem from = MakeBuffer(s_.context, kSize, CL_MEM_COPY_HOST_PTR, from_model.data());
    const Mem to = MakeBuffer(s_.context, kSize, CL_MEM_COPY_HOST_PTR, to_model.data());
    for (int i = 0; i < 5; ++i) {
      const Triple region = RandomRegion(random);
      const BoxLayout source = RandomLayout(random, region, kSize);
      const BoxLayout target = RandomLayout(random, region, kSize);
      Must(clEnqueueCopyBufferRect(s_.queue, from, to, source.origin.data(), target.origin.data(),
                                   region.data(), source.row_pitch, source.slice_pitch, target.row_pitch,
                                   target.slice_pitch, 0, nullptr, nullptr));
      CopyBox(to_model.data(), target, from_model.data(), source, region);
    }
    ExpectEqual(ReadVector<unsigned char>(s_.queue, to, kSize), to_model, "copy " + std::to_string(seed));
  }

  void LargeBox() {
    constexpr size_t kLarge = 24 * 1024 * 1024;
    const Triple region = {1000, 500, 20};
    const BoxLayout device = {{24, 12, 1}, 1024, 1024 * 1024};
    const BoxLayout host = {{0, 0, 0}, 0, 0};
    Bytes model = RandomBytes(kLarge, 1);
    const Mem buffer = MakeBuffer(s_.context, kLarge, CL_MEM_COPY_HOST_PTR, model.data());
    const Bytes source = RandomBytes(host.End(region), 2);
    Must(clEnqueueWriteBufferRect(s_.queue, buffer, CL_FALSE, device.origin.data(), host.origin.data(),
                                  region.data(), device.row_pitch, device.slice_pitch, 0, 0, source.data(), 0,
                                  nullptr, nullptr));
    CopyBox(model.data(), device, source.data(), host, region);
    Bytes got(source.size());
    Must(clEnqueueReadBufferRect(s_.queue, buffer, CL_TRUE, device.origin.data(), host.origin.data(),
                                 region.data(), device.row_pitch, device.slice_pitch, 0, 0, got.data(), 0,
                                 nullptr, nullptr));
    ExpectEqual(got, source, "box of 10 MB");
    ExpectEqual(ReadVector<unsigned char>(s_.queue, buffer, kLarge), model, "around the box of 10 MB");
  }

  void WithinOneBuffer() {
    Bytes model = RandomBytes(kSize, 9);
    const Mem buffer = MakeBuffer(s_.context, kSize, CL_MEM_COPY_HOST_PTR, model.data());
    const Triple region = {30, 20, 3};
    const BoxLayout source = {{0, 0, 0}, 64, 64 * 32};
    const BoxLayout target = {{32, 0, 0}, 64, 64 * 32};  // the rows lie beside each other
    Must(clEnqueueCopyBufferRect(s_.queue, buffer, buffer, source.origin.data(), target.origin.data(),
                                 region.data(), source.row_pitch, source.slice_pitch, target.row_pitch,
                                 target.slice_pitch, 0, nullptr, nullptr));
    CopyBox(model.data(), target, model.data(), source, region);
    ExpectEqual(ReadVector<unsigned char>(s_.queue, buffer, kSize), model, "copy within one buffer");
  }

  Session s_;
};

}  // namespace

int main() {
  Test().Run();
  return ExitCode();
}
