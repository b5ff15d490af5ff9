// Random commands on several queues and buffers, compared with a sequential model byte by byte: on the mock's
// two kinds of device, and on the real native OpenCL of this machine.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <random>

#include "loopback/server_client.h"
#include "loopback/server_natives.h"
#include "support/mock_opencl.h"

namespace clopencl::testing {
namespace {

constexpr char kSource[] =
    "kernel void add(global int* p, int n) { p[get_global_id(0)] += n; } "
    "kernel void scale_into(global int* to, global const int* from, int n) "
    "{ to[get_global_id(0)] = from[get_global_id(0)] * n; }";

struct Case {
  Natives natives;
  uint32_t seed;
};

// Posts commands and plays them on the host at the same time. Each waits for those before it that touch the
// same memory, by events, and for others at random: so any order that the events allow gives the same bytes.
class RandomCommands {
 public:
  RandomCommands(ServerHarness& harness, uint32_t seed) : harness_(harness), random_(seed) {
    context_ = link_.Context({{1, 0}}, seed % 3 == 0);
    queues_ = {link_.Queue(context_), link_.Queue(context_, CL_QUEUE_PROFILING_ENABLE),
               link_.Queue(context_, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE)};
    const auto program = link_.NewId<ProgramId>();
    link_.Post(wire::CreateProgramWithSource{program, context_, kSource});
    EXPECT_EQ(harness_.Build(program).status, CL_SUCCESS);
    link_.Post(wire::CreateKernel{add_, program, "add"});
    link_.Post(wire::CreateKernel{scale_, program, "scale_into"});
    for (const size_t size : {size_t{256}, size_t{8192}, size_t{100'000}, size_t{400'000}}) MakeBuffer(size);
  }

  void Run(int steps) {
    for (int step = 0; step < steps; ++step) {
      Step();
      if (Below(4) == 0) harness_.Pump();
    }
    for (Read& read : reads_) Check(read);
    for (size_t i = 0; i < buffers_.size(); ++i) {
      for (const QueueId queue : queues_) EXPECT_EQ(harness_.Finish(queue), CL_SUCCESS);
      EXPECT_EQ(harness_.Read(queues_[Below(3)], buffers_[i].id, 0, buffers_[i].model->size(), true),
                *buffers_[i].model)
          << "buffer " << i;
    }
  }

 private:
  struct Buffer {
    MemId id;
    std::shared_ptr<Bytes> model;  // Of a sub-buffer: its parent's.
    size_t offset = 0;
    size_t size = 0;
    std::shared_ptr<std::vector<EventId>>
        users;  // Everything posted on the memory since it was last waited for.
  };
  struct Read {
    EventId event;
    std::shared_ptr<Payload> payload;
    Bytes expected;
  };

  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(random_()) % bound; }

  void MakeBuffer(size_t size) {
    Buffer buffer{link_.NewId<MemId>(), std::make_shared<Bytes>(Pattern(size, static_cast<uint32_t>(size))),
                  0, size, std::make_shared<std::vector<EventId>>()};
    link_.Post(wire::CreateBuffer{buffer.id, context_, CL_MEM_READ_WRITE, size});
    const bool payload = Below(2) == 0;
    const auto sent = payload ? link_.SendPayload(*buffer.model) : nullptr;
    link_.Post(wire::UploadContents{buffer.id, 0, size, payload ? sent->tag : 0,
                                    payload ? wire::ByteView{} : wire::ByteView(*buffer.model)});
    buffers_.push_back(buffer);
    Buffer sub = buffer;
    sub.id = link_.NewId<MemId>();
    sub.offset = size / 2 / 128 * 128;
    sub.size = size / 4;
    link_.Post(wire::CreateSubBuffer{sub.id, buffer.id, 0, sub.offset, sub.size});
    views_.push_back(buffer);
    views_.push_back(sub);
  }

  std::span<std::byte> Model(const Buffer& view) {
    return std::span(*view.model).subspan(view.offset, view.size);
  }

  // The wait list of a command on these, of which it becomes the last user.
  std::vector<EventId> Use(std::initializer_list<const Buffer*> views, EventId event) {
    std::vector<EventId> waits;
    for (const Buffer* view : views) {
      waits.insert(waits.end(), view->users->begin(), view->users->end());
      view->users->clear();
      view->users->push_back(event);
    }
    return waits;
  }

  void Step() {
    const Buffer& view = views_[Below(static_cast<uint32_t>(views_.size()))];
    const Buffer& other = views_[Below(static_cast<uint32_t>(views_.size()))];
    const auto event = link_.NewId<EventId>();
    const QueueId queue = queues_[Below(3)];
    const size_t offset = Below(static_cast<uint32_t>(view.size));
    const size_t room = view.size - offset;
    const size_t size = 1 + Below(static_cast<uint32_t>(Below(3) == 0 ? room : std::min<size_t>(room, 600)));
    const bool payload = size > 4096 || Below(3) == 0;
    switch (Below(8)) {
      case 0:
      case 1: {
        Bytes data = Pattern(size, event.index);
        std::copy(data.begin(), data.end(), Model(view).begin() + static_cast<ptrdiff_t>(offset));
        const auto sent = payload ? link_.SendPayload(data) : nullptr;
        link_.Post(
            wire::WriteBuffer{{queue, event, Use({&view}, event)},
                              view.id,
                              offset,
                              size,
                              {payload ? sent->tag : 0, payload ? wire::ByteView{} : wire::ByteView(data)}});
        break;
      }
      case 2:
      case 3: {
        const auto part = Model(view).subspan(offset, size);
        Read read{event, payload ? link_.ExpectPayload(size) : nullptr, ToBytes(part)};
        link_.Post(wire::ReadBuffer{
            {queue, event, Use({&view}, event)}, view.id, offset, size, {payload ? read.payload->tag : 0}});
        link_.Watch(event);
        reads_.push_back(std::move(read));
        break;
      }
      case 4: {
        if (view.model == other.model) return Skip(event, queue);
        const size_t count = std::min(size, other.size);
        std::copy_n(Model(view).begin() + static_cast<ptrdiff_t>(offset), count, Model(other).begin());
        link_.Post(wire::CopyBuffer{
            {queue, event, Use({&view, &other}, event)}, view.id, other.id, offset, 0, count});
        break;
      }
      case 5: {
        const Bytes pattern = Pattern(4, event.index);
        const size_t from = offset / 4 * 4, count = (view.size - from) / 4 * 4;
        if (count == 0) return Skip(event, queue);
        for (size_t i = 0; i < count; ++i) Model(view)[from + i] = pattern[i % 4];
        link_.Post(wire::FillBuffer{{queue, event, Use({&view}, event)}, view.id, pattern, from, count});
        break;
      }
      default:
        Launch(event, queue, view, other);
    }
    if (Below(40) == 0) {
      EXPECT_EQ(harness_.Finish(queue), CL_SUCCESS);
    }
    if (Below(30) == 0) {
      EXPECT_EQ(harness_.Wait(event).status, CL_COMPLETE);
    }
  }

  void Skip(EventId event, QueueId queue) { link_.Post(wire::Marker{{queue, event, {}}}); }

  void Launch(EventId event, QueueId queue, const Buffer& view, const Buffer& other) {
    const auto ints = [&](const Buffer& buffer) { return reinterpret_cast<int32_t*>(Model(buffer).data()); };
    const auto n = static_cast<int32_t>(1 + Below(5));
    const auto value = std::as_bytes(std::span(&n, 1));
    const auto mem = [](uint32_t index, MemId id) {
      return wire::KernelArg{index, wire::ArgKind::kMem, id.Pack(), {}};
    };
    if (view.model == other.model) {
      const uint64_t count = view.size / 4;
      for (uint64_t i = 0; i < count; ++i) ints(view)[i] = static_cast<int32_t>(ints(view)[i] + uint32_t(n));
      link_.Post(
          wire::LaunchKernel{{queue, event, Use({&view}, event)},
                             add_,
                             {},
                             std::array{count},
                             {},
                             std::array{mem(0, view.id), wire::KernelArg{1, wire::ArgKind::kValue, 0, value}},
                             {}});
      return;
    }
    const uint64_t count = std::min(view.size, other.size) / 4;
    for (uint64_t i = 0; i < count; ++i) {
      ints(view)[i] = static_cast<int32_t>(static_cast<uint32_t>(ints(other)[i]) * static_cast<uint32_t>(n));
    }
    link_.Post(wire::LaunchKernel{
        {queue, event, Use({&view, &other}, event)},
        scale_,
        {},
        std::array{count},
        {},
        std::array{mem(0, view.id), mem(1, other.id), wire::KernelArg{2, wire::ArgKind::kValue, 0, value}},
        {}});
  }

  void Check(Read& read) {
    const Completed completed = harness_.Wait(read.event);
    EXPECT_EQ(completed.status, CL_COMPLETE);
    if (read.payload != nullptr) {
      EXPECT_TRUE(harness_.Until([&] { return read.payload->done; }));
    }
    EXPECT_EQ(read.payload != nullptr ? read.payload->data : completed.data, read.expected);
  }

  ServerHarness& harness_;
  Link& link_ = harness_.link();
  std::mt19937 random_;
  ContextId context_;
  std::vector<QueueId> queues_;
  KernelId add_ = link_.NewId<KernelId>();
  KernelId scale_ = link_.NewId<KernelId>();
  std::vector<Buffer> buffers_;
  std::vector<Buffer> views_;  // The buffers and their sub-buffers.
  std::vector<Read> reads_;
};

class ServerRandom : public ::testing::TestWithParam<Case> {};

TEST_P(ServerRandom, GivesTheBytesOfASequentialModel) {
  NativeSetup setup(GetParam().natives);
  if (!setup.available()) GTEST_SKIP() << setup.why_not();
  ServerHarness harness(setup.api(), {});
  RandomCommands commands(harness, GetParam().seed);
  const char* steps = std::getenv("CLOPENCL_RANDOM_STEPS");
  commands.Run(steps != nullptr ? std::atoi(steps) : 300);
  harness.Close();
  if (setup.mock() != nullptr) {
    EXPECT_EQ(setup.mock()->faults(), std::vector<std::string>{});
    EXPECT_EQ(setup.mock()->live_objects(), 0u);
  }
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const Natives natives : {Natives::kMockUnified, Natives::kMockDiscrete, Natives::kReal}) {
    for (uint32_t seed = 1; seed <= 12; ++seed) cases.push_back({natives, seed});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Seeds, ServerRandom, ::testing::ValuesIn(Cases()), [](const auto& test) {
  return NativesName(test.param.natives) + std::to_string(test.param.seed);
});

}  // namespace
}  // namespace clopencl::testing
