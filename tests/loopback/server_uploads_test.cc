// Initial contents of memory objects, on devices with memory of their own.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "loopback/server_client.h"
#include "support/mock_opencl.h"

namespace clopencl::testing {
namespace {

// Which events were made by which queue, and which queues were not flushed since.
struct Flushes {
  std::map<cl_event, cl_command_queue> makers;
  std::set<cl_command_queue> unflushed;
  int waited_flushed = 0, waited_unflushed = 0;
};
Flushes& Seen() {
  static Flushes flushes;
  return flushes;
}

rankserver::NativeApi WatchedApi() {
  static const rankserver::NativeApi native = MockOpenCl::Api();
  rankserver::NativeApi api = native;
  api.EnqueueWriteImage = [](cl_command_queue queue, cl_mem image, cl_bool blocking, const size_t* origin,
                             const size_t* region, size_t row, size_t slice, const void* data, cl_uint count,
                             const cl_event* list, cl_event* event) -> cl_int {
    const cl_int status = native.EnqueueWriteImage(queue, image, blocking, origin, region, row, slice, data,
                                                   count, list, event);
    if (event != nullptr) Seen().makers[*event] = queue;
    Seen().unflushed.insert(queue);
    return status;
  };
  api.Flush = [](cl_command_queue queue) -> cl_int {
    Seen().unflushed.erase(queue);
    return native.Flush(queue);
  };
  api.EnqueueFillImage = [](cl_command_queue queue, cl_mem image, const void* color, const size_t* origin,
                            const size_t* region, cl_uint count, const cl_event* list,
                            cl_event* event) -> cl_int {
    for (cl_uint i = 0; i < count; ++i) {
      const auto maker = Seen().makers.find(list[i]);
      if (maker == Seen().makers.end() || maker->second == queue) continue;
      ++(Seen().unflushed.contains(maker->second) ? Seen().waited_unflushed : Seen().waited_flushed);
    }
    return native.EnqueueFillImage(queue, image, color, origin, region, count, list, event);
  };
  return api;
}

// OpenCL asks for it, and on NVIDIA's runtime such commands never ended otherwise.
TEST(ServerUploads, AreFlushedBeforeCommandsOfOtherQueuesWaitForThem) {
  MockOpenCl mock{
      MockOpenCl::Settings{.devices = {{.type = CL_DEVICE_TYPE_GPU, .unified = false}}, .threads = 0}};
  ServerHarness harness(WatchedApi(), {});
  Link& link = harness.link();
  const ContextId context = link.Context();
  const QueueId queue = link.Queue(context);
  const auto image = link.NewId<MemId>();
  link.Post(wire::CreateImage{
      image, context, CL_MEM_READ_WRITE, {CL_R, CL_FLOAT}, CL_MEM_OBJECT_IMAGE2D, {10, 5, 0, 0}, {}, {}, {}});
  const Bytes data = Pattern(200, 1);
  link.Post(wire::UploadContents{image, 0, data.size(), 0, data});
  link.Post(wire::FillImage{{queue, {}, {}}, image, {}, {}, {2, 2, 1}});
  for (int i = 0; i < 5; ++i) {
    harness.Settle();
    mock.StepAll();
  }
  EXPECT_EQ(Seen().waited_flushed, 1);
  EXPECT_EQ(Seen().waited_unflushed, 0);
}

}  // namespace
}  // namespace clopencl::testing
