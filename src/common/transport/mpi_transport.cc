#include "common/transport/mpi_transport.h"

#include <mpi.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/transport/join_process.h"
#include "common/transport/message_port.h"
#include "common/transport/message_transport.h"

namespace clopencl::transport {
namespace {

constexpr size_t kRingDepth = 16;
constexpr size_t kRingBufferSize = size_t{64} << 10;

// Which packets MPI is done with at once, and which not: that depends on its transport and settings. A look
// at one that is still under way makes MPI look after all others, too, and where cores are few yield:
// somebody who posts a stream of commands would lose the core with every packet. So it is found out once for
// each size. Payloads are waited for anyway.
class PacketLooks {
 public:
  bool Worthwhile(size_t size) const { return size <= gone_at_once_ || size < under_way_; }
  void Looked(size_t size, bool complete) {
    if (size <= gone_at_once_) return;
    (complete ? gone_at_once_ : under_way_) = size;
  }
  // Packets of a stream differ by less than a message.
  static size_t Rounded(size_t size) { return (size + 1023) / 1024 * 1024; }

 private:
  size_t gone_at_once_ = 4096;   // Up to this size, over every transport.
  size_t under_way_ = SIZE_MAX;  // From this size on.
};

std::string MpiErrorText(int code) {
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  return {text.data(), static_cast<size_t>(length)};
}

class MpiPort final : public MessagePort {
 public:
  MpiPort() : ring_(kRingDepth) {
    static_assert(MPI_SUCCESS == 0);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    for (Slot& slot : ring_) {
      slot.buffer.resize(kRingBufferSize);
      Post(slot);
    }
  }

  Rank rank() const override { return rank_; }
  int size() const override { return size_; }
  size_t largest_packet() const override { return kRingBufferSize; }
  std::string ErrorText(Error error) const override { return MpiErrorText(error); }

  Started Send(Rank to, int tag, std::span<const std::byte> bytes, Transfer* owner) override;
  Error Receive(Rank from, int tag, std::span<std::byte> into, Transfer* owner) override;
  Error Test(std::vector<Completion>& completions) override;
  bool AnyUnderWay() const override { return !requests_.empty(); }
  void Forget(const std::function<bool(const Transfer&)>& fits,
              const std::function<void(Transfer*)>& forgotten) override;
  std::optional<Packet> NextPacket() override;
  void DropPacket() override;
  std::optional<Probed> Probe() override;
  void Leave(bool orderly) override;

 private:
  // A pre-posted receive for packets. MPI matches them in the order in which they were posted, so only the
  // oldest needs a look, and the packets of each peer come out in its order.
  struct Slot {
    MPI_Request request = MPI_REQUEST_NULL;
    ByteBuffer buffer;
  };

  struct Message {
    Transfer* owner = nullptr;
    size_t size = 0;
  };

  void Post(Slot& slot);
  void Add(MPI_Request request, Transfer* owner, size_t size) {
    requests_.push_back(request);
    messages_.push_back({owner, size});
  }
  void Remove(size_t index);

  Rank rank_ = 0;
  int size_ = 0;
  std::vector<Slot> ring_;
  size_t oldest_ = 0;  // In ring_.

  PacketLooks looks_;

  // Parallel: what MPI works on, and what that is.
  std::vector<MPI_Request> requests_;
  std::vector<Message> messages_;
  std::vector<int> indices_;          // Scratch of Test().
  std::vector<MPI_Status> statuses_;  // Scratch of Test().
};

MessagePort::Started MpiPort::Send(Rank to, int tag, std::span<const std::byte> bytes, Transfer* owner) {
  MPI_Request request = MPI_REQUEST_NULL;
  int complete = 0;
  int error = MPI_Isend(const_cast<std::byte*>(bytes.data()), static_cast<int>(bytes.size()), MPI_BYTE, to,
                        tag, MPI_COMM_WORLD, &request);
  // What is gone at once need not be kept.
  const bool packet = tag == kPacketTag;
  const size_t rounded = PacketLooks::Rounded(bytes.size());
  const bool look = !packet || looks_.Worthwhile(rounded);
  if (error == MPI_SUCCESS && look) error = MPI_Test(&request, &complete, MPI_STATUS_IGNORE);
  if (error != MPI_SUCCESS) return {error, false};
  if (packet && look) looks_.Looked(rounded, complete != 0);
  if (complete == 0) Add(request, owner, bytes.size());
  return {0, complete != 0};
}

MessagePort::Error MpiPort::Receive(Rank from, int tag, std::span<std::byte> into, Transfer* owner) {
  MPI_Request request = MPI_REQUEST_NULL;
  const int error =
      MPI_Irecv(into.data(), static_cast<int>(into.size()), MPI_BYTE, from, tag, MPI_COMM_WORLD, &request);
  if (error == MPI_SUCCESS) Add(request, owner, into.size());
  return error;
}

MessagePort::Error MpiPort::Test(std::vector<Completion>& completions) {
  indices_.resize(requests_.size());
  statuses_.resize(requests_.size());
  int count = 0;
  const int result = MPI_Testsome(static_cast<int>(requests_.size()), requests_.data(), &count,
                                  indices_.data(), statuses_.data());
  if (result != MPI_SUCCESS && result != MPI_ERR_IN_STATUS) return result;
  if (count == MPI_UNDEFINED || count == 0) return 0;
  for (int i = 0; i < count; ++i) {
    const Message& message = messages_[static_cast<size_t>(indices_[i])];
    Completion completion{message.owner, message.size, message.size, false, 0};
    const int error = result == MPI_SUCCESS ? MPI_SUCCESS : statuses_[i].MPI_ERROR;
    int error_class = MPI_SUCCESS;
    if (error != MPI_SUCCESS) MPI_Error_class(error, &error_class);
    if (error_class == MPI_ERR_TRUNCATE) {
      completion.too_long = true;
    } else if (error != MPI_SUCCESS) {
      completion.error = error;
    } else if (message.owner->receive) {
      int received = 0;
      MPI_Get_count(&statuses_[i], MPI_BYTE, &received);
      completion.actual = static_cast<size_t>(received);
    }
    completions.push_back(completion);
  }
  // From the back: removing an entry puts the last one in its place.
  const auto end = indices_.begin() + count;
  std::sort(indices_.begin(), end, std::greater<>());
  std::for_each(indices_.begin(), end, [this](int index) { Remove(static_cast<size_t>(index)); });
  return 0;
}

void MpiPort::Remove(size_t index) {
  requests_[index] = requests_.back();
  requests_.pop_back();
  messages_[index] = messages_.back();
  messages_.pop_back();
}

void MpiPort::Forget(const std::function<bool(const Transfer&)>& fits,
                     const std::function<void(Transfer*)>& forgotten) {
  for (size_t index = messages_.size(); index-- > 0;) {
    Transfer* owner = messages_[index].owner;
    if (!fits(*owner)) continue;
    if (owner->receive) MPI_Cancel(&requests_[index]);
    MPI_Request_free(&requests_[index]);
    Remove(index);
    forgotten(owner);
  }
}

void MpiPort::Post(Slot& slot) {
  const int error = MPI_Irecv(slot.buffer.data(), static_cast<int>(kRingBufferSize), MPI_BYTE, MPI_ANY_SOURCE,
                              kPacketTag, MPI_COMM_WORLD, &slot.request);
  if (error == MPI_SUCCESS) return;
  slot.request = MPI_REQUEST_NULL;
  Log().error("MPI refuses to receive packets: {}. Nothing can be heard any more", MpiErrorText(error));
}

std::optional<MessagePort::Packet> MpiPort::NextPacket() {
  Slot& slot = ring_[oldest_];
  if (slot.request == MPI_REQUEST_NULL) return {};
  int arrived = 0;
  MPI_Status status;
  const int error = MPI_Test(&slot.request, &arrived, &status);
  if (error == MPI_SUCCESS && arrived == 0) return {};
  const bool known = status.MPI_SOURCE >= 0 && status.MPI_SOURCE < size_;
  if (error != MPI_SUCCESS) return Packet{known ? status.MPI_SOURCE : -1, {}, error};
  int count = 0;
  MPI_Get_count(&status, MPI_BYTE, &count);
  return Packet{status.MPI_SOURCE, {slot.buffer.data(), static_cast<size_t>(count)}, 0};
}

void MpiPort::DropPacket() {
  Post(ring_[oldest_]);
  oldest_ = (oldest_ + 1) % ring_.size();
}

std::optional<MessagePort::Probed> MpiPort::Probe() {
  int arrived = 0;
  MPI_Status status;
  const int error = MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &arrived, &status);
  if (error != MPI_SUCCESS || arrived == 0) return {};
  int count = 0;
  MPI_Get_count(&status, MPI_BYTE, &count);
  return Probed{status.MPI_SOURCE, status.MPI_TAG, static_cast<size_t>(count)};
}

// MPI_Finalize would wait for a lost rank; without it, the launcher of MPI ends the job as failed.
void MpiPort::Leave(bool orderly) {
  for (Slot& slot : ring_) {
    if (slot.request == MPI_REQUEST_NULL) continue;
    MPI_Cancel(&slot.request);
    MPI_Wait(&slot.request, MPI_STATUS_IGNORE);
  }
  if (!orderly) return;
  if (const int error = MPI_Finalize(); error != MPI_SUCCESS) {
    Log().error("MPI_Finalize failed: {}", MpiErrorText(error));
  }
}

}  // namespace

std::unique_ptr<Transport> JoinMpi(std::string& error) {
  int initialized = 0, finalized = 0;
  MPI_Initialized(&initialized);
  MPI_Finalized(&finalized);
  if (initialized != 0 || finalized != 0) {
    error = finalized != 0
                ? "this process was in an MPI job before and has left it; MPI can't be joined twice"
                : "the program itself uses MPI; clOpenCL can't share it";
    return nullptr;
  }
  MakeLibraryGlobal(reinterpret_cast<void*>(&MPI_Init_thread));
  int provided = 0;
  int result = MPI_SUCCESS;
  {
    KeptSignalHandlers kept;
    result = MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided);
  }
  if (result != MPI_SUCCESS) {
    error = "MPI_Init_thread failed: " + MpiErrorText(result);
    return nullptr;
  }
  if (provided < MPI_THREAD_SERIALIZED) {
    Log().info("this MPI promises nothing for calls from more than one thread; clOpenCL makes one at a time");
  }
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  return std::make_unique<MessageTransport>(std::make_unique<MpiPort>());
}

}  // namespace clopencl::transport
