// Reads, writes, copies and fills of buffers from 1 byte to 64 MiB + 3, at offsets, blocking and not,
// compared byte by byte with a model in host memory.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "support/device.h"
#include "support/random.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;
using Bytes = std::vector<unsigned char>;

constexpr size_t kKiB = 1024;
constexpr size_t kMiB = kKiB * kKiB;
constexpr size_t kSizes[] = {1,         2,
                             3,         4,
                             7,         8,
                             15,        16,
                             63,        64,
                             65,        255,
                             256,       1000,
                             4095,      4096,
                             4097,      65535,
                             65536,     65537,
                             kMiB - 1,  kMiB,
                             kMiB + 1,  4 * kMiB + 5,
                             16 * kMiB, 64 * kMiB + 3};

class Test {
 public:
  void Run() {
    for (size_t size : kSizes) {
      RoundTrip(size, true);
      RoundTrip(size, false);
      Offsets(size);
      Copies(size);
    }
    Fills();
    ManySmallWrites();
    InFlight();
    OneMemoryForAll();
    UsesInAnotherQueue();
  }

 private:
  static std::string Title(const char* what, size_t size) {
    return std::string(what) + " of " + std::to_string(size) + " bytes";
  }

  void Write(cl_mem buffer, size_t offset, size_t size, const void* data, bool blocking) {
    Must(clEnqueueWriteBuffer(s_.queue, buffer, blocking, offset, size, data, 0, nullptr, nullptr));
  }
  void Read(cl_mem buffer, size_t offset, size_t size, void* data, bool blocking) {
    Must(clEnqueueReadBuffer(s_.queue, buffer, blocking, offset, size, data, 0, nullptr, nullptr));
  }

  void RoundTrip(size_t size, bool blocking) {
    const Bytes data = RandomBytes(size, size);
    Bytes got(size);
    const Mem buffer = MakeBuffer(s_.context, size);
    Write(buffer, 0, size, data.data(), blocking);
    Read(buffer, 0, size, got.data(), blocking);
    Must(clFinish(s_.queue));
    ExpectEqual(got, data, Title(blocking ? "blocking round trip" : "round trip", size));
  }

  // Pieces written and read at odd places; the bytes between stay.
  void Offsets(size_t size) {
    if (size < 16) return;
    Bytes model = RandomBytes(size, 3 * size);
    const Mem buffer = MakeBuffer(s_.context, size, CL_MEM_COPY_HOST_PTR, model.data());
    Random random(size);
    std::vector<Bytes> pieces;
    for (int i = 0; i < 8; ++i) {
      const size_t length = 1 + random.Below(std::min(size / 2, 3 * kMiB));
      const size_t offset = random.Below(size - length + 1);
      pieces.push_back(RandomBytes(length, random.Next()));
      std::copy(pieces.back().begin(), pieces.back().end(),
                model.begin() + static_cast<std::ptrdiff_t>(offset));
      Write(buffer, offset, length, pieces.back().data(), i % 3 == 0);
    }
    const size_t from = size / 3;
    Bytes got(size - from);
    Read(buffer, from, got.size(), got.data(), true);
    ExpectBytes(got.data(), model.data() + from, got.size(), Title("pieces, the end", size));
    got.resize(size);
    Read(buffer, 0, size, got.data(), true);
    ExpectEqual(got, model, Title("pieces, all", size));
  }

  void Copies(size_t size) {
    Bytes from_model = RandomBytes(size, 5 * size);
    Bytes to_model = RandomBytes(size, 7 * size);
    const Mem from = MakeBuffer(s_.context, size, CL_MEM_COPY_HOST_PTR, from_model.data());
    const Mem to = MakeBuffer(s_.context, size, CL_MEM_COPY_HOST_PTR, to_model.data());
    const size_t length = (size + 1) / 2;
    const size_t source = size - length;
    Must(clEnqueueCopyBuffer(s_.queue, from, to, source, 0, length, 0, nullptr, nullptr));
    std::memcpy(to_model.data(), from_model.data() + source, length);
    if (size >= 4) {
      const size_t quarter = size / 4;
      Must(clEnqueueCopyBuffer(s_.queue, to, to, 0, size - quarter, quarter, 0, nullptr, nullptr));
      std::memcpy(to_model.data() + size - quarter, to_model.data(), quarter);
    }
    ExpectEqual(ReadVector<unsigned char>(s_.queue, to, size), to_model, Title("copies", size));
  }

  void Fills() {
    for (size_t pattern_size : {1, 2, 4, 8, 16, 32, 64, 128}) {
      for (size_t count : {1, 3, 1000}) {
        const size_t size = pattern_size * (count + 2);
        Bytes model = RandomBytes(size, size);
        const Bytes pattern = RandomBytes(pattern_size, pattern_size);
        const Mem buffer = MakeBuffer(s_.context, size, CL_MEM_COPY_HOST_PTR, model.data());
        Must(clEnqueueFillBuffer(s_.queue, buffer, pattern.data(), pattern_size, pattern_size,
                                 pattern_size * count, 0, nullptr, nullptr));
        for (size_t i = 1; i <= count; ++i)
          std::memcpy(&model[i * pattern_size], pattern.data(), pattern_size);
        ExpectEqual(ReadVector<unsigned char>(s_.queue, buffer, size), model,
                    Title("fill of", pattern_size) + " times " + std::to_string(count));
      }
    }
    // The pattern may be changed as soon as the call returns.
    unsigned int pattern = 0x01020304;
    const Mem buffer = MakeBuffer(s_.context, 4 * kMiB);
    Must(clEnqueueFillBuffer(s_.queue, buffer, &pattern, sizeof pattern, 0, 4 * kMiB, 0, nullptr, nullptr));
    const std::vector<unsigned int> expected(kMiB, pattern);
    pattern = 0;
    ExpectEqual(ReadVector<unsigned int>(s_.queue, buffer, kMiB), expected,
                "fill with a pattern changed afterwards");
  }

  // Thousands of non-blocking writes, each of memory that stays as it is until the finish.
  void ManySmallWrites() {
    constexpr size_t kCount = 3000;
    constexpr size_t kPiece = 13;
    const Bytes data = RandomBytes(kCount * kPiece, 11);
    const Mem buffer = MakeBuffer(s_.context, data.size());
    for (size_t i = 0; i < kCount; ++i) {
      const size_t offset = (i * 7919 % kCount) * kPiece;
      Write(buffer, offset, kPiece, data.data() + offset, false);
    }
    Bytes got(data.size());
    for (size_t i = 0; i < kCount; ++i) {
      const size_t offset = (i * 104729 % kCount) * kPiece;
      Read(buffer, offset, kPiece, got.data() + offset, false);
    }
    Must(clFinish(s_.queue));
    ExpectEqual(got, data, "3000 small writes and reads");
  }

  // Large transfers of several buffers under way at the same time.
  void InFlight() {
    constexpr size_t kCount = 6;
    constexpr size_t kSize = 5 * kMiB + 1;
    std::vector<Bytes> data;
    std::vector<Bytes> got(kCount, Bytes(kSize));
    std::vector<Mem> buffers;
    for (size_t i = 0; i < kCount; ++i) {
      data.push_back(RandomBytes(kSize, 100 + i));
      buffers.push_back(MakeBuffer(s_.context, kSize));
    }
    for (size_t i = 0; i < kCount; ++i) Write(buffers[i], 0, kSize, data[i].data(), false);
    for (size_t i = 0; i < kCount; ++i) Read(buffers[i], 0, kSize, got[i].data(), false);
    Must(clFlush(s_.queue));
    Must(clFinish(s_.queue));
    for (size_t i = 0; i < kCount; ++i) ExpectEqual(got[i], data[i], "in flight " + std::to_string(i));
  }

  // A blocking write's memory may be used again at once.
  void OneMemoryForAll() {
    constexpr size_t kCount = 50;
    constexpr size_t kSize = 100 * kKiB;
    const Mem buffer = MakeBuffer(s_.context, kCount * kSize);
    Bytes memory(kSize);
    Bytes expected;
    for (size_t i = 0; i < kCount; ++i) {
      std::fill(memory.begin(), memory.end(), static_cast<unsigned char>(i));
      expected.insert(expected.end(), memory.begin(), memory.end());
      Write(buffer, i * kSize, kSize, memory.data(), true);
    }
    ExpectEqual(ReadVector<unsigned char>(s_.queue, buffer, expected.size()), expected,
                "one memory for 50 writes");
  }

  // What a blocking write wrote is there for a command of another queue, though the write's queue is at work.
  void UsesInAnotherQueue() {
    constexpr size_t kWork = 16 * kMiB;
    const Queue other = MakeQueue(s_.context, s_.device);
    const Mem work = MakeBuffer(s_.context, 2 * kWork);
    for (size_t size : {size_t{1}, 4097 * kKiB, kMiB, kMiB - 1, 65536 * size_t{1}, size_t{4097}}) {
      const Mem written = MakeBuffer(s_.context, size);
      std::vector<Mem> copies;
      Bytes memory(size);
      for (unsigned char i = 0; i < 10; ++i) {
        Must(clEnqueueCopyBuffer(s_.queue, work, work, 0, kWork, kWork, 0, nullptr, nullptr));
        std::fill(memory.begin(), memory.end(), i);
        Write(written, 0, size, memory.data(), true);
        copies.push_back(MakeBuffer(s_.context, size));
        Must(clEnqueueCopyBuffer(other, written, copies.back(), 0, 0, size, 0, nullptr, nullptr));
        Must(clFinish(other));
      }
      for (unsigned char i = 0; i < 10; ++i)
        ExpectEqual(ReadVector<unsigned char>(other, copies[i], size), Bytes(size, i),
                    Title("use in another queue", size));
    }
    Must(clFinish(s_.queue));
  }

  Session s_;
};

}  // namespace

int main() {
  Test().Run();
  return ExitCode();
}
