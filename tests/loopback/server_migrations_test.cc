// Migrations of memory objects: within one device, and between several of one native context.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "loopback/transfer_fixture.h"

namespace clopencl::testing {
namespace {

// Native commands run only when the test says so.
class MigrationsWithinADevice : public ::testing::TestWithParam<Mode>, protected TransferFixture {
 protected:
  MigrationsWithinADevice() : TransferFixture(GetParam(), 0) {}
  void TearDown() override { EXPECT_EQ(mock_.faults(), std::vector<std::string>{}); }
};

TEST_P(MigrationsWithinADevice, AreAPlaceInTheOrder) {
  const EventId user = link_.UserEvent(context_);
  const EventId copy = Copy(a_, b_, 16, {user});
  const auto waiting = link_.NewId<EventId>(), free = link_.NewId<EventId>();
  link_.Post(wire::MigrateMemObjects{{queue_, waiting, std::array{copy}}, std::array{b_}, 0});
  link_.Watch(waiting);
  const MemId c = link_.Buffer(context_, 64);
  link_.Post(wire::MigrateMemObjects{{queue_, free, {}}, std::array{c}, 0});
  link_.Watch(free);
  RunAll();
  EXPECT_FALSE(link_.events.contains(waiting));
  EXPECT_NE(link_.events.contains(free), GetParam().in_order) << "no other order than the queue's";
  link_.Post(wire::SetEventStatus{user, CL_COMPLETE});
  RunAll();
  EXPECT_EQ(link_.events.at(waiting).status, CL_COMPLETE);
  EXPECT_EQ(link_.events.at(free).status, CL_COMPLETE);
  EXPECT_EQ(mock_.calls("EnqueueMigrateMemObjects"), 0u);
}

INSTANTIATE_TEST_SUITE_P(Modes, MigrationsWithinADevice,
                         ::testing::Values(Mode{true, false, true}, Mode{false, false, false}), Name);

class MigrationsBetweenDevices : public ::testing::Test, protected TransferFixture {
 protected:
  MigrationsBetweenDevices() : TransferFixture({}, 0, 2) {}
  void TearDown() override { EXPECT_EQ(mock_.faults(), std::vector<std::string>{}); }
};

TEST_F(MigrationsBetweenDevices, KeepTheirListAndItsObjectsUntilTheyRanAndLonger) {
  const EventId user = link_.UserEvent(context_);
  const MemId a = link_.Buffer(context_, 64), b = link_.Buffer(context_, 64);
  const auto migration = link_.NewId<EventId>();
  link_.Post(wire::MigrateMemObjects{{queue_, migration, std::array{user}}, std::array{a, b}, 0});
  link_.Watch(migration);
  RunAll();
  EXPECT_FALSE(link_.events.contains(migration));
  link_.Release(wire::ObjectKind::kMem, a);
  link_.Post(wire::SetEventStatus{user, CL_COMPLETE});
  RunAll();
  EXPECT_EQ(link_.events.at(migration).status, CL_COMPLETE);
  EXPECT_EQ(mock_.calls("EnqueueMigrateMemObjects"), 1u);
  link_.Release(wire::ObjectKind::kMem, b);
  RunAll();
  link_.Post(wire::Marker{{queue_, {}, {}}});  // The native runtime looks once more before the next command.
  RunAll();
}

TEST_F(MigrationsBetweenDevices, KeepTheirObjectsHoweverManyWait) {
  const EventId user = link_.UserEvent(context_);
  for (int i = 0; i < 50; ++i) {
    const MemId mem = link_.Buffer(context_, 64);
    link_.Post(wire::MigrateMemObjects{{queue_, {}, std::array{user}}, std::array{mem}, 0});
    link_.Release(wire::ObjectKind::kMem, mem);
  }
  RunAll();
  link_.Post(wire::SetEventStatus{user, CL_COMPLETE});
  for (int i = 0; i < 10; ++i) RunAll();
  EXPECT_EQ(mock_.calls("EnqueueMigrateMemObjects"), 50u);
}

TEST_F(MigrationsBetweenDevices, KeepObjectsOfTheLastFewOnly) {
  RunAll();
  const size_t before = mock_.live_objects();
  for (int i = 0; i < 50; ++i) {
    const MemId mem = link_.Buffer(context_, 64);
    link_.Post(wire::MigrateMemObjects{{queue_, {}, {}}, std::array{mem}, 0});
    link_.Release(wire::ObjectKind::kMem, mem);
    RunAll();
  }
  EXPECT_LT(mock_.live_objects(), before + 20);
}

}  // namespace
}  // namespace clopencl::testing
