// A rank server of another build beside one of ours: the driver says so, offers nothing, and both servers
// end.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "common/config.h"
#include "common/transport/loopback_transport.h"
#include "common/wire/packet.h"
#include "frontend/runtime.h"
#include "rankserver/offer.h"
#include "rankserver/server.h"
#include "support/mock_opencl.h"

namespace clopencl::testing {
namespace {

constexpr std::chrono::seconds kLimit{20};

// What it says can't be understood; that it is told to quit can.
class OtherBuild final : public transport::PacketHandler {
 public:
  void Run(transport::Transport& transport) {
    wire::PacketBuilder builder(0);
    builder.Add(wire::ServerFailed{"of another build"});
    ByteBuffer packet = builder.Take(0);
    packet[offsetof(wire::PacketHeader, protocol)] ^= std::byte{1};
    transport.SendPacket(0, std::move(packet));
    const auto until = std::chrono::steady_clock::now() + kLimit;
    while (!quit_ && std::chrono::steady_clock::now() < until) transport.Progress(*this);
    EXPECT_TRUE(quit_) << "nobody told the server of another build to end";
    transport.Close();
  }

  void OnPacket(transport::Rank, std::span<const std::byte>) override {
    ADD_FAILURE() << "a server of another build was sent a message";
  }
  void OnQuit(transport::Rank) override { quit_ = true; }

 private:
  bool quit_ = false;
};

TEST(OtherBuildTest, IsNamedAndSentHome) {
  MockOpenCl mock;
  transport::LoopbackHub hub(3);
  const auto same_end = hub.Endpoint(1), other_end = hub.Endpoint(2);
  std::thread same([&same_end] {
    rankserver::Server::Settings settings;
    settings.host = "here";
    rankserver::Server server(*same_end, rankserver::FindPlatforms(MockOpenCl::Api()), std::move(settings));
    server.Run(MakeWaitPolicy(GetConfig(), UsableCores(), 3));
    server.Close(true);
  });
  std::thread other([&other_end] { OtherBuild().Run(*other_end); });
  auto* const runtime = new frontend::Runtime(hub.Endpoint(0));  // Lives as long as the process.
  frontend::Runtime::SetInstance(runtime);
  ::testing::internal::CaptureStderr();
  EXPECT_FALSE(runtime->Greet());
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("rank 2"), std::string::npos) << said;
  EXPECT_NE(said.find("another version of the protocol"), std::string::npos) << said;
  runtime->Close();
  same.join();
  other.join();
}

}  // namespace
}  // namespace clopencl::testing
