// What travels between the ranks when a context spans servers (cl_clopencl_traffic).
#include <CL/cl_ext_clopencl.h>

#include <algorithm>
#include <numeric>

#include "support/commands.h"
#include "support/device.h"
#include "support/random.h"
#include "support/report.h"

using namespace clopencl::programs;

namespace {

constexpr size_t kSize = 8 << 20;

using Row = std::vector<cl_traffic_clopencl>;

cl_ulong Payload(const Row& row) {
  return std::accumulate(row.begin(), row.end(), cl_ulong{0},
                         [](cl_ulong sum, const auto& to) { return sum + to.payload_bytes; });
}

// What each rank has sent to each.
std::vector<Row> Sent(const std::vector<Device>& devices) {
  size_t size = 0;
  Must(clGetPlatformInfo(devices[0].platform, CL_PLATFORM_TRAFFIC_CLOPENCL, 0, nullptr, &size));
  std::vector<Row> rows(devices.size() + 1, Row(size / sizeof(cl_traffic_clopencl)));
  Must(clGetPlatformInfo(devices[0].platform, CL_PLATFORM_TRAFFIC_CLOPENCL, size, rows[0].data(), nullptr));
  for (const Device& device : devices) {
    const auto rank = device.Get<cl_uint>(CL_DEVICE_RANK_CLOPENCL);
    Must(clGetDeviceInfo(device.id, CL_DEVICE_TRAFFIC_CLOPENCL, size, rows.at(rank).data(), nullptr));
  }
  return rows;
}

std::vector<Row> Since(const std::vector<Row>& before, const std::vector<Device>& devices) {
  std::vector<Row> now = Sent(devices);
  for (size_t from = 0; from < now.size(); ++from) {
    for (size_t to = 0; to < now[from].size(); ++to) {
      now[from][to].payloads -= before[from][to].payloads;
      now[from][to].payload_bytes -= before[from][to].payload_bytes;
      now[from][to].packets -= before[from][to].packets;
      now[from][to].packet_bytes -= before[from][to].packet_bytes;
    }
  }
  return now;
}

}  // namespace

int main() {
  const std::vector<Device> devices = PlatformDevices();
  if (!devices[0].HasExtension(CL_CLOPENCL_TRAFFIC_EXTENSION_NAME)) Skip("the platform does not count");
  const Context context = MakeContext(devices);
  std::vector<Queue> queues;
  for (const Device& device : devices) queues.push_back(MakeQueue(context, device));
  const auto finish = [&] {
    for (const Queue& queue : queues) Must(clFinish(queue));
  };
  const std::vector<unsigned char> data = RandomBytes(kSize, 1);

  // Read by all devices: rank 0 sends it once. Who else sends depends on when commands come: when they come
  // one by one, the first holder may be the best each time.
  std::vector<Row> before, sent;
  std::vector<Mem> copies;
  bool replicas_send = false;
  for (int attempt = 0; attempt < 10 && !replicas_send; ++attempt) {
    const Mem buffer =
        MakeBuffer(context, kSize, CL_MEM_COPY_HOST_PTR, const_cast<unsigned char*>(data.data()));
    before = Sent(devices);
    copies.clear();
    for (const Queue& queue : queues) {
      copies.push_back(MakeBuffer(context, kSize));
      Must(clEnqueueCopyBuffer(queue, buffer, copies.back(), 0, 0, kSize, 0, nullptr, nullptr));
    }
    finish();
    sent = Since(before, devices);
    Expect(Payload(sent[0]) == kSize, "rank 0 sends once what all read", std::to_string(Payload(sent[0])));
    cl_ulong payloads = 0;
    for (size_t rank = 1; rank < sent.size(); ++rank) payloads += sent[0][rank].payloads;
    Expect(payloads == 1, "in one payload");
    cl_ulong most = 0, all = 0;
    for (size_t rank = 1; rank < sent.size(); ++rank) {
      most = std::max(most, Payload(sent[rank]));
      all += Payload(sent[rank]);
    }
    Expect(all == (devices.size() - 1) * kSize, "each other server gets it once", std::to_string(all));
    replicas_send = most < all;
  }
  Expect(replicas_send, "replicas are sources, too");

  // Copied on and on from one device to the next: nothing of it passes rank 0.
  before = Sent(devices);
  std::vector<Event> events(1);
  for (size_t i = 0; i < 3 * devices.size(); ++i) {
    const Queue& queue = queues[i % queues.size()];
    const Mem& from = copies[i % copies.size()];
    const Mem& to = copies[(i + 1) % copies.size()];
    const cl_event wait = events.back();
    Event event;
    Must(clEnqueueCopyBuffer(queue, from, to, 0, 0, kSize, wait == nullptr ? 0 : 1,
                             wait == nullptr ? nullptr : &wait, event.Out()));
    Must(clFlush(queue));
    events.push_back(std::move(event));
  }
  finish();
  sent = Since(before, devices);
  Expect(Payload(sent[0]) == 0, "rank 0 sends nothing of what servers exchange");
  cl_ulong all = 0;
  cl_ulong back = 0;
  for (size_t rank = 1; rank < sent.size(); ++rank) {
    all += Payload(sent[rank]);
    back += sent[rank][0].payload_bytes;
  }
  Expect(back == 0, "and takes nothing of it");
  Expect(all >= (devices.size() - 1) * kSize, "the servers exchange it", std::to_string(all));
  cl_ulong commands = 0;
  for (const auto& to : sent[0]) commands += to.packet_bytes;
  Expect(commands < 100000, "rank 0's commands are small", std::to_string(commands));

  // Ahead of time: to a device, and back to the host.
  const Mem& moved = copies[0];
  const cl_mem handle = moved;
  const cl_int pattern = 3;
  Must(clEnqueueFillBuffer(queues[0], moved, &pattern, sizeof pattern, 4096, 65536, 0, nullptr, nullptr));
  finish();
  before = Sent(devices);
  Must(clEnqueueMigrateMemObjects(queues[1], 1, &handle, 0, 0, nullptr, nullptr));
  finish();
  const cl_ulong migrated = Payload(Since(before, devices)[devices[0].Get<cl_uint>(CL_DEVICE_RANK_CLOPENCL)]);
  Expect(migrated > 0 && migrated <= kSize, "migration moves contents", std::to_string(migrated));
  before = Sent(devices);
  const std::vector<cl_int> got = ReadVector<cl_int>(queues[1], moved, kSize / sizeof(cl_int));
  Expect(Payload(Since(before, devices)[devices[0].Get<cl_uint>(CL_DEVICE_RANK_CLOPENCL)]) == 0,
         "what was migrated is in place");
  Expect(got[1024] == pattern && got[1024 + 65536 / 4 - 1] == pattern, "with the contents");
  return ExitCode();
}
