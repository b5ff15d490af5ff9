#include "launch/transport_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "launch/error.h"

namespace clopencl::launch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(TransportProfileTest, ReadsParametersAndNeeds) {
  const TransportProfile profile = ParseTransportProfile("p",
                                                         "# About it.\n"
                                                         "# needs btl:mx mtl:mx\n"
                                                         "-mca pml ob1\n"
                                                         "  -mca btl mx,self -x UCX_TLS=tcp\n");
  EXPECT_THAT(profile.mpirun_arguments,
              ElementsAre("--mca", "pml", "ob1", "--mca", "btl", "mx,self", "-x", "UCX_TLS=tcp"));
  EXPECT_THAT(profile.needs, ElementsAre("btl:mx", "mtl:mx"));
}

TEST(TransportProfileTest, ErrorsNameTheLine) {
  for (const char* text : {"-mca pml\n", "-mca\n", "pml ob1\n", "-x\n", "-mca a b c\n"}) {
    try {
      ParseTransportProfile("p", std::string("# first\n") + text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("line 2 of the transport profile p")) << text;
    }
  }
}

TEST(TransportProfileTest, TheProfilesOfOursCanBeRead) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(CLOPENCL_TRANSPORT_FOLDER)) {
    std::ifstream file(entry.path());
    std::ostringstream text;
    text << file.rdbuf();
    EXPECT_FALSE(ParseTransportProfile(entry.path().filename(), text.str()).mpirun_arguments.empty());
    ++count;
  }
  EXPECT_GE(count, 6);
}

// `auto` is a guess, and gives way to what the user says.
TEST(TransportProfileTest, AutoLeavesTheEnvironmentItsSay) {
  using testing::Contains;
  EXPECT_THAT(FindTransport("auto", true).mpirun_arguments, Contains("btl"));
  setenv("OMPI_MCA_btl", "tcp,self", 1);
  EXPECT_THAT(FindTransport("auto", true).mpirun_arguments,
              ElementsAre("--mca", "pml", "ob1", "--mca", "oob_tcp_if_include", "lo"));
  EXPECT_THAT(FindTransport("shm", true).mpirun_arguments, Contains("btl")) << "said on the command line";
  unsetenv("OMPI_MCA_btl");
}

}  // namespace
}  // namespace clopencl::launch
