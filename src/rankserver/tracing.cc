#include "rankserver/tracing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <tuple>
#include <type_traits>
#include <utility>

#include "common/wire/message_names.h"

namespace clopencl::rankserver {
namespace {

// The functions that were in the tables. C functions carry no state, so it is here.
NativeApi natives;
thread_local Tracing* current = nullptr;

template <auto kMember>
constexpr std::string_view kNativeName = {};
#define CLOPENCL_NAME(name) \
  template <>               \
  [[maybe_unused]] constexpr std::string_view kNativeName<&NativeApi::name> = "cl" #name;
#define CLOPENCL_OPTIONAL_NAME(name, since) CLOPENCL_NAME(name)
CLOPENCL_REQUIRED_NATIVES(CLOPENCL_NAME)
CLOPENCL_OPTIONAL_NATIVES(CLOPENCL_OPTIONAL_NAME)
#undef CLOPENCL_NAME
#undef CLOPENCL_OPTIONAL_NAME

std::string KernelName(cl_kernel kernel) {
  std::array<char, 256> name{};
  natives.GetKernelInfo(kernel, CL_KERNEL_FUNCTION_NAME, name.size() - 1, name.data(), nullptr);
  return name.data();
}

template <auto kOne, auto kOther>
constexpr bool kSame = false;
template <auto kOne>
constexpr bool kSame<kOne, kOne> = true;

template <auto kMember>
uint64_t BytesOf(const auto& arguments) {
  if constexpr (kSame<kMember, &NativeApi::EnqueueReadBuffer> ||
                kSame<kMember, &NativeApi::EnqueueWriteBuffer> ||
                kSame<kMember, &NativeApi::EnqueueMapBuffer>) {
    constexpr size_t kSizeIndex = kSame<kMember, &NativeApi::EnqueueMapBuffer> ? 4 : 3;
    return std::get<kSizeIndex>(arguments);
  } else if constexpr (kSame<kMember, &NativeApi::EnqueueCopyBuffer>) {
    return std::get<4>(arguments);
  } else {
    return 0;
  }
}

// A function of the table that does the same and records it.
template <auto kMember, typename Function>
struct Recorded;

template <auto kMember, typename Result, typename... Args>
struct Recorded<kMember, Result(CL_API_CALL*)(cl_command_queue, Args...)> {
  static Result CL_API_CALL Call(cl_command_queue queue, Args... args) {
    Tracing* const tracing = Tracing::Current();
    if (tracing == nullptr) return (natives.*kMember)(queue, args...);
    std::tuple<Args...> arguments(args...);
    // The event comes last, or before the error code of functions that return a pointer.
    constexpr size_t kEventIndex = sizeof...(Args) - (std::is_pointer_v<Result> ? 2 : 1);
    cl_event*& wanted = std::get<kEventIndex>(arguments);
    const bool is_ours = wanted == nullptr;
    cl_event ours = nullptr;
    if (is_ours) wanted = &ours;
    const int64_t before = TraceLog::Now();
    const Result result =
        std::apply([&](auto... all) { return (natives.*kMember)(queue, all...); }, arguments);
    const bool enqueued = std::is_pointer_v<Result> ? result != Result{} : result == Result{};
    if (!enqueued || *wanted == nullptr) return result;
    if (!is_ours) natives.RetainEvent(*wanted);
    if constexpr (kSame<kMember, &NativeApi::EnqueueNDRangeKernel>) {
      tracing->Enqueued(queue, *wanted, KernelName(std::get<0>(arguments)), 0, before);
    } else {
      tracing->Enqueued(queue, *wanted, kNativeName<kMember>, BytesOf<kMember>(arguments), before);
    }
    return result;
  }
};

template <auto kMember>
void Replace(NativeApi& api) {
  auto& function = api.*kMember;
  using Function = std::remove_reference_t<decltype(function)>;
  if (function != nullptr) function = &Recorded<kMember, Function>::Call;
}

cl_command_queue CL_API_CALL CreateQueue(cl_context context, cl_device_id device,
                                         cl_command_queue_properties bits, cl_int* error) {
  const cl_command_queue queue =
      natives.CreateCommandQueue(context, device, bits | CL_QUEUE_PROFILING_ENABLE, error);
  if (queue != nullptr && Tracing::Current() != nullptr) Tracing::Current()->AddQueue(queue, device);
  return queue;
}

cl_command_queue CL_API_CALL CreateQueueWithProperties(cl_context context, cl_device_id device,
                                                       const cl_queue_properties* properties, cl_int* error) {
  std::vector<cl_queue_properties> list;
  cl_queue_properties bits = CL_QUEUE_PROFILING_ENABLE;
  for (; properties != nullptr && properties[0] != 0; properties += 2) {
    if (properties[0] == CL_QUEUE_PROPERTIES) {
      bits |= properties[1];
    } else {
      list.insert(list.end(), {properties[0], properties[1]});
    }
  }
  list.insert(list.end(), {CL_QUEUE_PROPERTIES, bits, 0});
  const cl_command_queue queue =
      natives.CreateCommandQueueWithProperties(context, device, list.data(), error);
  if (queue != nullptr && Tracing::Current() != nullptr) Tracing::Current()->AddQueue(queue, device);
  return queue;
}

cl_int CL_API_CALL ReleaseQueue(cl_command_queue queue) {
  if (Tracing::Current() != nullptr) Tracing::Current()->RemoveQueue(queue);
  return natives.ReleaseCommandQueue(queue);
}

// A pass of the event loop looks at so many commands behind the first that is not complete.
constexpr size_t kLookAhead = 16;

}  // namespace

Tracing::Tracing(int rank)
    : rank_(rank),
      messages_lane_(log_.Text("messages of the frontend")),
      packets_lane_(log_.Text("packets to the frontend")),
      packet_name_(log_.Text("packet")) {}

Tracing::~Tracing() {
  for (const Command& command : commands_) natives.ReleaseEvent(command.event);
  if (current == this) current = nullptr;
}

Tracing* Tracing::Current() { return current; }

void Tracing::Follow(NativeApi& api) {
  current = this;
  // Only another thread's server, with the same functions, could have been before us; those stay.
  static std::once_flag once;
  std::call_once(once, [&] { natives = api; });
  Replace<&NativeApi::EnqueueReadBuffer>(api);
  Replace<&NativeApi::EnqueueWriteBuffer>(api);
  Replace<&NativeApi::EnqueueReadBufferRect>(api);
  Replace<&NativeApi::EnqueueWriteBufferRect>(api);
  Replace<&NativeApi::EnqueueCopyBuffer>(api);
  Replace<&NativeApi::EnqueueCopyBufferRect>(api);
  Replace<&NativeApi::EnqueueReadImage>(api);
  Replace<&NativeApi::EnqueueWriteImage>(api);
  Replace<&NativeApi::EnqueueCopyImage>(api);
  Replace<&NativeApi::EnqueueCopyImageToBuffer>(api);
  Replace<&NativeApi::EnqueueCopyBufferToImage>(api);
  Replace<&NativeApi::EnqueueMapBuffer>(api);
  Replace<&NativeApi::EnqueueMapImage>(api);
  Replace<&NativeApi::EnqueueUnmapMemObject>(api);
  Replace<&NativeApi::EnqueueNDRangeKernel>(api);
  Replace<&NativeApi::EnqueueFillBuffer>(api);
  Replace<&NativeApi::EnqueueFillImage>(api);
  Replace<&NativeApi::EnqueueMigrateMemObjects>(api);
  Replace<&NativeApi::EnqueueMarkerWithWaitList>(api);
  Replace<&NativeApi::EnqueueBarrierWithWaitList>(api);
  Replace<&NativeApi::EnqueueSVMMemcpy>(api);
  Replace<&NativeApi::EnqueueSVMMemFill>(api);
  Replace<&NativeApi::EnqueueSVMMap>(api);
  Replace<&NativeApi::EnqueueSVMUnmap>(api);
  Replace<&NativeApi::EnqueueSVMMigrateMem>(api);
  api.CreateCommandQueue = &CreateQueue;
  if (api.CreateCommandQueueWithProperties != nullptr)
    api.CreateCommandQueueWithProperties = &CreateQueueWithProperties;
  api.ReleaseCommandQueue = &ReleaseQueue;
}

void Tracing::AddQueue(cl_command_queue queue, cl_device_id device) {
  std::array<char, 256> name{};
  natives.GetDeviceInfo(device, CL_DEVICE_NAME, name.size() - 1, name.data(), nullptr);
  const int number = ++queues_of_device_[name.data()];
  queue_lanes_[queue] = log_.Text(fmt::format("{}, queue {}", name.data(), number));
}

void Tracing::BeginChannel(uint16_t channel) {
  if (message_numbers_.size() <= channel) message_numbers_.resize(channel + size_t{1});
  message_numbers_[channel] = 1;
}

void Tracing::BeginMessage(uint16_t channel) {
  if (message_numbers_.size() <= channel) message_numbers_.resize(channel + size_t{1});
  link_ = TraceLog::Link(rank_, channel, ++message_numbers_[channel]);
  message_begin_ = TraceLog::Now();
}

void Tracing::EndMessage(uint16_t opcode) {
  log_.Add({messages_lane_, log_.Text(wire::ServerMessageName(opcode)), message_begin_, TraceLog::Now(), 0,
            std::exchange(link_, 0)});
}

void Tracing::PacketSent(size_t bytes) {
  const int64_t now = TraceLog::Now();
  log_.Add({packets_lane_, packet_name_, now, now, bytes, 0});
}

transport::Done Tracing::Payload(bool receives, transport::Rank peer, size_t bytes, transport::Done done) {
  const std::string way = receives ? "from" : "to";
  const uint32_t lane =
      log_.Text(peer == 0 ? "data " + way + " the frontend" : fmt::format("data {} rank {}", way, peer));
  const uint32_t name = log_.Text(receives ? "receive" : "send");
  return [this, lane, name, bytes, begin = TraceLog::Now(), done = std::move(done)](bool ok) {
    log_.Add({lane, name, begin, TraceLog::Now(), bytes, 0});
    done(ok);
  };
}

void Tracing::Enqueued(cl_command_queue queue, cl_event event, std::string_view name, uint64_t bytes,
                       int64_t before) {
  const auto lane = queue_lanes_.find(queue);
  if (lane == queue_lanes_.end()) {
    natives.ReleaseEvent(event);
    return;
  }
  commands_.push_back({event, lane->second, log_.Text(name), bytes, link_, before, TraceLog::Now()});
}

void Tracing::Harvest(bool all) {
  size_t waiting = 0;
  for (size_t i = 0; i < commands_.size() && (all || waiting < kLookAhead);) {
    if (!Record(commands_[i])) {
      ++waiting;
      ++i;
    } else {
      natives.ReleaseEvent(commands_[i].event);
      commands_.erase(commands_.begin() + static_cast<ptrdiff_t>(i));
    }
  }
}

bool Tracing::Record(const Command& command) {
  cl_int status = CL_COMPLETE;
  natives.GetEventInfo(command.event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, nullptr);
  if (status > CL_COMPLETE) return false;
  cl_ulong queued = 0, start = 0, end = 0;
  const auto time = [&](cl_profiling_info what, cl_ulong& value) {
    return natives.GetEventProfilingInfo(command.event, what, sizeof value, &value, nullptr) == CL_SUCCESS;
  };
  const bool known = time(CL_PROFILING_COMMAND_QUEUED, queued) && time(CL_PROFILING_COMMAND_START, start) &&
                     time(CL_PROFILING_COMMAND_END, end) && queued <= start && start <= end;
  if (!known) return true;  // It failed, or the device has no times for it.
  // The device's clock is related to ours by when the command was enqueued, each time anew: clocks drift.
  int64_t begin = (command.before + command.after) / 2 + static_cast<int64_t>(start - queued);
  const int64_t length = static_cast<int64_t>(end - start);
  begin = std::max(std::min(begin, TraceLog::Now() - length), command.before);
  log_.Add({command.lane, command.name, begin, begin + length, command.bytes, command.link});
  return true;
}

}  // namespace clopencl::rankserver
