#include "common/connection_watch.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace clopencl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kHead[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

// A machine with little-endian words, as all that Open MPI still runs on.
TEST(ConnectionWatchTest, FindsPeersThatAcknowledgeNothing) {
  const std::string table =
      std::string(kHead) +
      // Idle, with keepalive; stuck; stuck but not ours; sent again once; not yet connected.
      "   0: 01004D0A:C350 02004D0A:9C41 01 00000000:00000000 02:00000123 00000000     0        0 11 2 0 20 "
      "4 1 10 -1\n"
      "   1: 01004D0A:C351 03004D0A:9C42 01 00000123:00000000 01:00000123 00000005     0        0 12 2 0 20 "
      "4 1 1 7\n"
      "   2: 01004D0A:C352 04004D0A:9C43 01 00000123:00000000 01:00000123 00000009     0        0 99 2 0 20 "
      "4 1 1 7\n"
      "   3: 01004D0A:C353 05004D0A:9C44 01 00000123:00000000 01:00000123 00000001     0        0 13 2 0 20 "
      "4 1 1 7\n"
      "   4: 01004D0A:C354 06004D0A:9C45 02 00000001:00000000 01:00000123 00000006     0        0 14 2 0 20 "
      "4 1 1 7\n";
  EXPECT_THAT(StuckPeers(table, {11, 12, 13, 14}), ElementsAre("10.77.0.3"));
  EXPECT_THAT(StuckPeers(table, {11, 13, 14}), IsEmpty());
  EXPECT_THAT(StuckPeers("", {11}), IsEmpty());
}

TEST(ConnectionWatchTest, ReadsBothKindsOfAddresses) {
  const std::string tail = " 01 00000123:00000000 01:00000123 0000000A     0        0 12 2 0 20 4 1 1 7\n";
  const std::string mapped =
      "   0: 0000000000000000FFFF000001004D0A:C350 0000000000000000FFFF000003004D0A:9C42";
  const std::string real =
      "   1: 000000FD000000000000000001000000:C350 000000FD000000000000000002000000:9C42";
  EXPECT_THAT(StuckPeers(kHead + mapped + tail + real + tail, {12}), ElementsAre("10.77.0.3", "fd00::2"));
}

TEST(ConnectionWatchTest, AllIsWellWhereNothingIsStuck) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const int end = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(connect(end, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(FindStuckHost(getpid(), {"localhost"}), "");
  close(end);
  close(listener);
}

TEST(ConnectionWatchTest, ATestIsNotStartedByMpi) { EXPECT_EQ(ParentOfMpi(), -1); }

}  // namespace
}  // namespace clopencl
