// cl_clopencl_collectives over all devices of the platform: each against what the host computes.
#include <CL/cl_ext_clopencl.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "support/commands.h"
#include "support/device.h"
#include "support/report.h"

using namespace clopencl::programs;

namespace {

constexpr size_t kCount = 50000;

template <typename Function>
Function Find(cl_platform_id platform, const char* name) {
  void* address = clGetExtensionFunctionAddressForPlatform(platform, name);
  if (address == nullptr) Skip(std::string("the platform has no ") + name);
  return reinterpret_cast<Function>(address);
}

class Collectives {
 public:
  explicit Collectives(std::vector<Device> devices) : devices_(std::move(devices)) {
    context_ = MakeContext(devices_);
    for (const Device& device : devices_) {
      owned_queues_.push_back(MakeQueue(context_, device));
      queues_.push_back(owned_queues_.back());
    }
  }

  void Run() {
    Broadcast();
    Scatter();
    Gather();
    AllGather();
    Order();
    Reduce<cl_int>("int", CL_REDUCTION_INT_CLOPENCL);
    Reduce<cl_float>("float", CL_REDUCTION_FLOAT_CLOPENCL);
    const bool doubles = std::all_of(devices_.begin(), devices_.end(),
                                     [](const Device& device) { return device.HasExtension("cl_khr_fp64"); });
    if (doubles) Reduce<cl_double>("double", CL_REDUCTION_DOUBLE_CLOPENCL);
    Errors();
  }

 private:
  cl_uint count() const { return static_cast<cl_uint>(devices_.size()); }

  // A buffer whose contents device `i` has written.
  template <typename T>
  Mem Written(size_t i, const std::vector<T>& values) {
    Mem buffer = MakeBuffer(context_, values.size() * sizeof(T));
    Must(clEnqueueWriteBuffer(queues_[i], buffer, CL_TRUE, 0, values.size() * sizeof(T), values.data(), 0,
                              nullptr, nullptr));
    return buffer;
  }
  static std::vector<cl_int> Values(size_t i) {
    std::vector<cl_int> values(kCount);
    std::iota(values.begin(), values.end(), static_cast<cl_int>(i * 1000000));
    return values;
  }

  void ExpectType(cl_event event, cl_command_type type, const std::string& name) {
    cl_command_type got = 0;
    Must(clGetEventInfo(event, CL_EVENT_COMMAND_TYPE, sizeof got, &got, nullptr));
    Expect(got == type, name + " event type");
    Must(clWaitForEvents(1, &event));
  }

  void Broadcast() {
    const auto broadcast =
        Find<clEnqueueBroadcastBufferCLOPENCL_fn>(devices_[0].platform, "clEnqueueBroadcastBufferCLOPENCL");
    const std::vector<cl_int> values = Values(1);
    const Mem buffer = Written(0, values);
    Event event;
    Must(broadcast(count(), queues_.data(), buffer, 400, 40000, 0, nullptr, event.Out()));
    ExpectType(event, CL_COMMAND_BROADCAST_BUFFER_CLOPENCL, "broadcast");
    for (cl_command_queue queue : queues_)
      ExpectEqual(ReadVector<cl_int>(queue, buffer, kCount), values, "broadcast");
  }

  void Scatter() {
    const auto scatter =
        Find<clEnqueueScatterBufferCLOPENCL_fn>(devices_[0].platform, "clEnqueueScatterBufferCLOPENCL");
    const size_t part = kCount / count();
    const std::vector<cl_int> values = Values(2);
    const Mem source = Written(count() - 1, values);
    std::vector<Mem> owned;
    std::vector<cl_mem> destinations;
    const std::vector<size_t> offsets(count(), 8);
    for (cl_uint i = 0; i < count(); ++i) {
      owned.push_back(MakeBuffer(context_, part * sizeof(cl_int) + 8));
      destinations.push_back(owned.back());
    }
    Event event;
    Must(scatter(count(), queues_.data(), source, 0, destinations.data(), offsets.data(),
                 part * sizeof(cl_int), 0, nullptr, event.Out()));
    ExpectType(event, CL_COMMAND_SCATTER_BUFFER_CLOPENCL, "scatter");
    for (cl_uint i = 0; i < count(); ++i) {
      std::vector<cl_int> got = ReadVector<cl_int>(queues_[i], destinations[i], part + 2);
      got.erase(got.begin(), got.begin() + 2);
      const auto first = values.begin() + static_cast<std::ptrdiff_t>(i * part);
      ExpectEqual(got, std::vector<cl_int>(first, first + static_cast<std::ptrdiff_t>(part)), "scatter");
    }
  }

  void Gather() {
    const auto gather =
        Find<clEnqueueGatherBuffersCLOPENCL_fn>(devices_[0].platform, "clEnqueueGatherBuffersCLOPENCL");
    std::vector<Mem> owned;
    std::vector<cl_mem> sources;
    std::vector<cl_int> expected;
    for (cl_uint i = 0; i < count(); ++i) {
      const std::vector<cl_int> values = Values(i);
      owned.push_back(Written(i, values));
      sources.push_back(owned.back());
      expected.insert(expected.end(), values.begin(), values.end());
    }
    const Mem destination = MakeBuffer(context_, expected.size() * sizeof(cl_int));
    Event event;
    Must(gather(count(), queues_.data(), sources.data(), nullptr, destination, 0, kCount * sizeof(cl_int), 0,
                nullptr, event.Out()));
    ExpectType(event, CL_COMMAND_GATHER_BUFFERS_CLOPENCL, "gather");
    ExpectEqual(ReadVector<cl_int>(queues_[0], destination, expected.size()), expected, "gather");
  }

  void AllGather() {
    const auto all_gather =
        Find<clEnqueueAllGatherBuffersCLOPENCL_fn>(devices_[0].platform, "clEnqueueAllGatherBuffersCLOPENCL");
    std::vector<Mem> owned;
    std::vector<cl_mem> sources, destinations;
    std::vector<cl_int> expected;
    for (cl_uint i = 0; i < count(); ++i) {
      const std::vector<cl_int> values = Values(i + 7);
      sources.push_back(owned.emplace_back(Written(i, values)));
      expected.insert(expected.end(), values.begin(), values.end());
      destinations.push_back(owned.emplace_back(MakeBuffer(context_, count() * kCount * sizeof(cl_int))));
    }
    Event event;
    Must(all_gather(count(), queues_.data(), sources.data(), nullptr, destinations.data(), nullptr,
                    kCount * sizeof(cl_int), 0, nullptr, event.Out()));
    ExpectType(event, CL_COMMAND_ALL_GATHER_BUFFERS_CLOPENCL, "all-gather");
    for (cl_uint i = 0; i < count(); ++i) {
      ExpectEqual(ReadVector<cl_int>(queues_[i], destinations[i], expected.size()), expected, "all-gather");
    }
  }

  // A collective is a command of each in-order queue: after what that holds, before what comes to it.
  void Order() {
    const auto gather =
        Find<clEnqueueGatherBuffersCLOPENCL_fn>(devices_[0].platform, "clEnqueueGatherBuffersCLOPENCL");
    std::vector<Mem> owned;
    std::vector<cl_mem> sources;
    std::vector<cl_int> expected;
    const Mem destination = MakeBuffer(context_, count() * kCount * sizeof(cl_int));
    for (cl_uint i = 0; i < count(); ++i) {
      owned.push_back(Written(i, Values(0)));
      sources.push_back(owned.back());
    }
    const Event gate = MakeUserEvent(context_);
    const cl_event wait = gate;
    const cl_int before = 5, after = 6;
    const size_t size = kCount * sizeof(cl_int);
    for (cl_uint i = 0; i < count(); ++i)
      Must(clEnqueueFillBuffer(queues_[i], sources[i], &before, sizeof before, 0, size, 1, &wait, nullptr));
    Must(gather(count(), queues_.data(), sources.data(), nullptr, destination, 0, size, 0, nullptr, nullptr));
    for (cl_uint i = 0; i < count(); ++i)
      Must(clEnqueueFillBuffer(queues_[i], sources[i], &after, sizeof after, 0, size, 0, nullptr, nullptr));
    for (cl_command_queue queue : queues_) Must(clFlush(queue));
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    for (cl_command_queue queue : queues_) Must(clFinish(queue));
    ExpectEqual(ReadVector<cl_int>(queues_[0], destination, count() * kCount),
                std::vector<cl_int>(count() * kCount, before), "gather in order");
    for (cl_uint i = 0; i < count(); ++i)
      ExpectEqual(ReadVector<cl_int>(queues_[i], sources[i], kCount), std::vector<cl_int>(kCount, after),
                  "filled after the gather");
  }

  template <typename T>
  void Reduce(const std::string& name, cl_reduction_type_clopencl type) {
    const auto reduce =
        Find<clEnqueueReduceBuffersCLOPENCL_fn>(devices_[0].platform, "clEnqueueReduceBuffersCLOPENCL");
    std::vector<Mem> owned;
    std::vector<cl_mem> sources;
    std::vector<T> sum(kCount), least(kCount), most(kCount);
    for (cl_uint i = 0; i < count(); ++i) {
      std::vector<T> values(kCount);
      // Small whole numbers: every order of adding gives the same.
      for (size_t k = 0; k < kCount; ++k)
        values[k] = static_cast<T>(static_cast<int>((k * (i + 3)) % 1001) - 500);
      for (size_t k = 0; k < kCount; ++k) {
        sum[k] += values[k];
        least[k] = i == 0 ? values[k] : std::min(least[k], values[k]);
        most[k] = i == 0 ? values[k] : std::max(most[k], values[k]);
      }
      owned.push_back(Written(i, values));
      sources.push_back(owned.back());
    }
    const Mem destination = MakeBuffer(context_, (kCount + 1) * sizeof(T));
    const auto check = [&](cl_reduction_operation_clopencl operation, const std::vector<T>& expected,
                           const std::string& what) {
      Event event;
      Must(reduce(count(), queues_.data(), sources.data(), nullptr, destination, sizeof(T), kCount, type,
                  operation, 0, nullptr, event.Out()));
      ExpectType(event, CL_COMMAND_REDUCE_BUFFERS_CLOPENCL, what + " of " + name);
      std::vector<T> got = ReadVector<T>(queues_[0], destination, kCount + 1);
      got.erase(got.begin());
      ExpectEqual(got, expected, what + " of " + name);
    };
    check(CL_REDUCTION_SUM_CLOPENCL, sum, "sum");
    check(CL_REDUCTION_MIN_CLOPENCL, least, "minimum");
    check(CL_REDUCTION_MAX_CLOPENCL, most, "maximum");
  }

  void Errors() {
    const auto broadcast =
        Find<clEnqueueBroadcastBufferCLOPENCL_fn>(devices_[0].platform, "clEnqueueBroadcastBufferCLOPENCL");
    const auto reduce =
        Find<clEnqueueReduceBuffersCLOPENCL_fn>(devices_[0].platform, "clEnqueueReduceBuffersCLOPENCL");
    const Mem buffer = MakeBuffer(context_, 64);
    const std::vector<cl_mem> sources(count(), buffer);
    ExpectError(broadcast(0, queues_.data(), buffer, 0, 64, 0, nullptr, nullptr), CL_INVALID_VALUE,
                "no queue");
    ExpectError(broadcast(count(), queues_.data(), buffer, 1, 64, 0, nullptr, nullptr), CL_INVALID_VALUE,
                "out of the buffer");
    ExpectError(broadcast(count(), queues_.data(), nullptr, 0, 64, 0, nullptr, nullptr),
                CL_INVALID_MEM_OBJECT, "no buffer");
    ExpectError(broadcast(count(), queues_.data(), buffer, 0, 64, 1, nullptr, nullptr),
                CL_INVALID_EVENT_WAIT_LIST, "no list");
    ExpectError(reduce(count(), queues_.data(), sources.data(), nullptr, buffer, 0, 4, 99,
                       CL_REDUCTION_SUM_CLOPENCL, 0, nullptr, nullptr),
                CL_INVALID_VALUE, "unknown type");
    const Context other = MakeContext(devices_[0]);
    const Queue queue = MakeQueue(other, devices_[0]);
    const cl_command_queue mixed[] = {queues_[0], queue};
    ExpectError(broadcast(2, mixed, buffer, 0, 64, 0, nullptr, nullptr), CL_INVALID_CONTEXT, "two contexts");
  }

  const std::vector<Device> devices_;
  Context context_;
  std::vector<Queue> owned_queues_;
  std::vector<cl_command_queue> queues_;
};

}  // namespace

int main() {
  Collectives(PlatformDevices()).Run();
  return ExitCode();
}
