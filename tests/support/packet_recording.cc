#include "support/packet_recording.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>

#include "common/wire/packet.h"

namespace clopencl::testing {
namespace {

// As a file's name.
std::string CurrentTest() {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  if (test == nullptr) return "outside";
  std::string name = std::string(test->test_suite_name()) + "." + test->name();
  std::replace(name.begin(), name.end(), '/', '-');
  return name;
}

class RecordingTransport final : public transport::Transport {
 public:
  RecordingTransport(std::unique_ptr<transport::Transport> inner, std::string folder)
      : Transport(inner->size()), inner_(std::move(inner)), folder_(std::move(folder)) {}
  ~RecordingTransport() override { Write(); }

  transport::Rank rank() const override { return inner_->rank(); }
  int size() const override { return inner_->size(); }
  void SendPacket(transport::Rank to, ByteBuffer packet) override {
    Record(to, 0, packet);
    traffic_.CountPacket(to, packet.size());
    inner_->SendPacket(to, std::move(packet));
  }
  ByteBuffer AcquireBuffer() override { return inner_->AcquireBuffer(); }
  void SendPayload(transport::Rank to, transport::Tag tag, std::span<const std::byte> data, size_t chunk,
                   transport::Done done) override {
    traffic_.CountPayload(to, data.size());
    inner_->SendPayload(to, tag, data, chunk, std::move(done));
  }
  void ReceivePayload(transport::Rank from, transport::Tag tag, std::span<std::byte> into, size_t chunk,
                      transport::Done done) override {
    inner_->ReceivePayload(from, tag, into, chunk, std::move(done));
  }
  bool Progress(transport::PacketHandler& handler) override {
    Listener listener(*this, handler);
    return inner_->Progress(listener);
  }
  bool HasPending() const override { return inner_->HasPending(); }
  bool AwaitsArrivals() const override { return inner_->AwaitsArrivals(); }
  void SetSignal(transport::Rank peer, std::shared_ptr<SharedSignal> signal) override {
    inner_->SetSignal(peer, std::move(signal));
  }
  void SendQuit(transport::Rank to) override { inner_->SendQuit(to); }
  void Close() override {
    inner_->Close();
    Write();
  }

 private:
  class Listener final : public transport::PacketHandler {
   public:
    Listener(RecordingTransport& owner, transport::PacketHandler& inner) : owner_(owner), inner_(inner) {}
    void OnPacket(transport::Rank from, std::span<const std::byte> packet) override {
      owner_.Record(from, RecordedPacket::kToFrontend, packet);
      inner_.OnPacket(from, packet);
    }
    void OnQuit(transport::Rank from) override { inner_.OnQuit(from); }
    void OnPeerLost(transport::Rank peer) override { inner_.OnPeerLost(peer); }

   private:
    RecordingTransport& owner_;
    transport::PacketHandler& inner_;
  };

  void Record(transport::Rank peer, uint8_t direction, std::span<const std::byte> packet) {
    if (packet.size() <= wire::kPacketHeaderSize) return;
    const auto body = packet.subspan(wire::kPacketHeaderSize);
    std::string test = CurrentTest();
    if (test != test_) Write();
    test_ = std::move(test);
    std::vector<std::byte>& stream = streams_[peer];
    if (stream.size() + body.size() + 3 > kLargestRecording) return;
    const uint8_t passes = 1 << RecordedPacket::kPassShift;
    AppendRecord({static_cast<uint8_t>(direction | passes), body}, stream);
  }

  void Write() {
    for (const auto& [peer, stream] : std::exchange(streams_, {})) {
      const std::string path = folder_ + "/" + test_ + "-" + std::to_string(peer);
      std::FILE* file = std::fopen(path.c_str(), "wb");
      if (file == nullptr || std::fwrite(stream.data(), 1, stream.size(), file) != stream.size() ||
          std::fclose(file) != 0) {
        ADD_FAILURE() << "packets can't be recorded in " << path;
      }
    }
  }

  const std::unique_ptr<transport::Transport> inner_;
  const std::string folder_;
  std::string test_;
  std::map<transport::Rank, std::vector<std::byte>> streams_;
};

}  // namespace

std::unique_ptr<transport::Transport> RecordPackets(std::unique_ptr<transport::Transport> inner) {
  const char* folder = std::getenv("CLOPENCL_RECORD_PACKETS");
  if (folder == nullptr || *folder == '\0') return inner;
  return std::make_unique<RecordingTransport>(std::move(inner), folder);
}

}  // namespace clopencl::testing
