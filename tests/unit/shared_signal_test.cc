#include "common/shared_signal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>

namespace clopencl {
namespace {

using namespace std::chrono_literals;

TEST(SharedSignal, IsKnownByItsAddress) {
  const auto own = SharedSignal::Create();
  ASSERT_EQ(own->address().process_id, getpid());
  EXPECT_EQ(own->openers(), 0u);
  {
    const auto opened = SharedSignal::Open(own->address());
    ASSERT_NE(opened, nullptr);
    EXPECT_EQ(own->openers(), 1u);
    opened->signal().Happened();
    EXPECT_EQ(own->signal().count(), 1u);
  }
  EXPECT_EQ(own->openers(), 0u);
}

TEST(SharedSignal, WakesAnotherProcess) {
  const auto own = SharedSignal::Create();
  const pid_t child = fork();
  if (child == 0) {
    const auto opened = SharedSignal::Open(own->address());
    if (opened == nullptr) _exit(1);
    std::this_thread::sleep_for(20ms);
    opened->signal().Happened();
    _exit(0);  // Stays among the openers, as who is killed.
  }
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(own->signal().WaitForOther(0, 60s));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 30s);
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(own->openers(), 1u);
}

TEST(SharedSignal, OutlivesItsProcess) {
  int addresses[2];
  ASSERT_EQ(pipe(addresses), 0);
  int end[2];
  ASSERT_EQ(pipe(end), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto own = SharedSignal::Create();
    char byte;
    if (write(addresses[1], &own->address(), sizeof(SignalAddress)) < 0) _exit(1);
    close(end[1]);
    _exit(read(end[0], &byte, 1) == 0 ? 0 : 1);
  }
  SignalAddress address;
  ASSERT_EQ(read(addresses[0], &address, sizeof address), static_cast<ssize_t>(sizeof address));
  const auto opened = SharedSignal::Open(address);
  ASSERT_NE(opened, nullptr);
  for (const int descriptor : {end[0], end[1], addresses[0], addresses[1]}) close(descriptor);
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  opened->signal().Happened();
  EXPECT_EQ(opened->signal().count(), 1u);
  EXPECT_EQ(SharedSignal::Open(address), nullptr) << "nobody is there any more";
}

TEST(SharedSignal, OpensNothingElse) {
  const auto own = SharedSignal::Create();
  SignalAddress other = own->address();
  other.key ^= 1;
  EXPECT_EQ(SharedSignal::Open(other), nullptr) << "another key";
  EXPECT_EQ(own->openers(), 0u);
  EXPECT_EQ(SharedSignal::Open({}), nullptr) << "no address";
  EXPECT_EQ(SharedSignal::Open({getpid(), -1, 1}), nullptr);
  EXPECT_EQ(SharedSignal::Open({getpid(), 1 << 20, 1}), nullptr) << "no such descriptor";
  char name[] = "/tmp/clopencl-signal-XXXXXX";
  const int file = mkstemp(name);
  ASSERT_GE(file, 0);
  unlink(name);
  ASSERT_EQ(ftruncate(file, 128), 0);
  EXPECT_EQ(SharedSignal::Open({getpid(), file, 0}), nullptr) << "a file";
  close(file);
}

}  // namespace
}  // namespace clopencl
