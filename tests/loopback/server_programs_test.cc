// Programs: built beside everything else, in order for what depends on them.
#include <gtest/gtest.h>

#include <algorithm>

#include "loopback/server_client.h"
#include "support/mock_opencl.h"

namespace clopencl::testing {
namespace {

class ServerPrograms : public ::testing::Test {
 protected:
  explicit ServerPrograms(const MockOpenCl::Settings& settings = {}) : mock_(settings) {}

  MockOpenCl mock_;
  ServerHarness harness_{MockOpenCl::Api(), {}};
  Link& link_ = harness_.link();
  ContextId context_ = link_.Context();
  QueueId queue_ = link_.Queue(context_);
  MemId mem_ = link_.Buffer(context_, 1024);

  ProgramId Source(const std::string& text = kMockSource) {
    const auto program = link_.NewId<ProgramId>();
    link_.Post(wire::CreateProgramWithSource{program, context_, text});
    return program;
  }
  uint32_t PostBuild(ProgramId program, const std::string& options = "") {
    const uint32_t request = link_.NewRequest();
    link_.Post(wire::BuildProgram{request, program, {}, options});
    return request;
  }
  uint32_t PostCompile(ProgramId program) {
    const uint32_t request = link_.NewRequest();
    link_.Post(wire::CompileProgram{request, program, {}, "", {}, {}});
    return request;
  }
  uint32_t PostCompileWith(ProgramId program, ProgramId header) {
    const uint32_t request = link_.NewRequest();
    const std::string_view name = "header.h";
    link_.Post(wire::CompileProgram{
        request, program, {}, "", std::array{header}, std::span<const std::string_view>(&name, 1)});
    return request;
  }
  uint32_t PostLink(ProgramId linked, std::span<const ProgramId> objects) {
    const uint32_t request = link_.NewRequest();
    link_.Post(wire::LinkProgram{request, linked, context_, {}, "", objects});
    return request;
  }
  const Built& Answer(uint32_t request) {
    EXPECT_TRUE(harness_.Until([&] { return link_.built.contains(request); }));
    return link_.built[request];
  }
  int32_t LaunchStatus(KernelId kernel) {
    const auto event = link_.NewId<EventId>();
    link_.Post(wire::LaunchKernel{{queue_, event, {}}, kernel, {}, std::array{uint64_t{1}}, {}, {}, {}});
    return harness_.Wait(event).status;
  }
};

// NVIDIA's compiler does so over kernels without arguments.
TEST_F(ServerPrograms, AreBuiltWithoutArgumentInfoWhereTheCompilerFailsOverIt) {
  mock_.FailNext("BuildProgram", CL_BUILD_PROGRAM_FAILURE);
  EXPECT_EQ(harness_.Build(Source()).status, CL_SUCCESS);
  EXPECT_EQ(mock_.calls("BuildProgram"), 2u);
}

TEST_F(ServerPrograms, FindOutWhatArgumentsAreWhereNothingTells) {
  mock_.FailNext("BuildProgram", CL_BUILD_PROGRAM_FAILURE);
  const Built built = harness_.Build(
      Source("kernel void k(global int* p, local float* l, int i, float4 v, size_t s, pair_t pair)"));
  ASSERT_EQ(built.kernels.size(), 1u);
  EXPECT_FALSE(built.kernels[0].has_arg_info);
  std::vector<std::pair<cl_uint, uint32_t>> found;
  for (const BuiltArg& arg : built.kernels[0].args)
    found.emplace_back(arg.facts.address_qualifier, arg.facts.value_size);
  const std::vector<std::pair<cl_uint, uint32_t>> expected = {
      {CL_KERNEL_ARG_ADDRESS_GLOBAL, 0},  {CL_KERNEL_ARG_ADDRESS_LOCAL, 0},
      {CL_KERNEL_ARG_ADDRESS_PRIVATE, 4}, {CL_KERNEL_ARG_ADDRESS_PRIVATE, 16},
      {CL_KERNEL_ARG_ADDRESS_PRIVATE, 8}, {CL_KERNEL_ARG_ADDRESS_PRIVATE, 24}};
  EXPECT_EQ(found, expected);
}

TEST_F(ServerPrograms, TellEverythingOnceBuilt) {
  const Built built =
      harness_.Build(Source("kernel void add(global int* p, int n) "
                            "kernel void shapes(local float* l, float4 v, size_t s, pair_t pair)"));
  EXPECT_EQ(built.status, CL_SUCCESS);
  EXPECT_EQ(built.logs, std::vector<std::string>{"built"});
  EXPECT_EQ(built.build_status, std::vector<int32_t>{CL_BUILD_SUCCESS});
  EXPECT_EQ(built.kernel_names, "add;shapes");
  ASSERT_EQ(built.kernels.size(), 2u);
  const BuiltKernel& add = built.kernels[0];
  EXPECT_EQ(add.name, "add");
  EXPECT_TRUE(add.has_arg_info);
  EXPECT_EQ(add.devices, 1u);
  ASSERT_EQ(add.args.size(), 2u);
  EXPECT_EQ(add.args[0].name, "p");
  EXPECT_EQ(add.args[0].facts.address_qualifier, cl_uint{CL_KERNEL_ARG_ADDRESS_GLOBAL});
  EXPECT_EQ(add.args[0].facts.value_size, 0u);
  EXPECT_EQ(add.args[1].type_name, "int");
  EXPECT_EQ(add.args[1].facts.value_size, 4u);
  const BuiltKernel& shapes = built.kernels[1];
  ASSERT_EQ(shapes.args.size(), 4u);
  EXPECT_EQ(shapes.args[0].facts.value_size, 0u);
  EXPECT_EQ(shapes.args[1].facts.value_size, 16u);
  EXPECT_EQ(shapes.args[2].facts.value_size, 8u);
  EXPECT_EQ(shapes.args[3].facts.value_size, 24u) << "found by trying";
}

TEST_F(ServerPrograms, FailuresHaveLogs) {
  const Built built = harness_.Build(Source("#error"));
  EXPECT_EQ(built.status, CL_BUILD_PROGRAM_FAILURE);
  EXPECT_EQ(built.logs, std::vector<std::string>{"error: #error"});
  EXPECT_EQ(built.build_status, std::vector<int32_t>{CL_BUILD_ERROR});
  EXPECT_TRUE(built.kernels.empty());
  EXPECT_EQ(harness_.Build(Source(), "-bad").status, CL_INVALID_BUILD_OPTIONS);
  EXPECT_EQ(harness_.Build(ProgramId{99, 1}).status, CL_INVALID_PROGRAM);
}

TEST_F(ServerPrograms, BuildWhileOtherCommandsGoOn) {
  mock_.HoldBuilds();
  const uint32_t request = PostBuild(Source());
  const auto event = link_.NewId<EventId>();
  link_.Post(wire::CopyBuffer{{queue_, event, {}}, mem_, mem_, 0, 512, 16});
  EXPECT_EQ(harness_.Wait(event).status, CL_COMPLETE);
  EXPECT_EQ(harness_.Finish(queue_), CL_SUCCESS);
  EXPECT_FALSE(link_.built.contains(request));
  mock_.ReleaseBuilds();
  EXPECT_EQ(Answer(request).status, CL_SUCCESS);
}

TEST_F(ServerPrograms, WhatNeedsTheProgramWaitsInOrder) {
  mock_.HoldBuilds();
  const ProgramId program = Source();
  const uint32_t first = PostBuild(program);
  const uint32_t info = link_.NewRequest();
  link_.Post(wire::QueryInfo{
      info, wire::Query::kProgramBuildInfo, CL_PROGRAM_BUILD_STATUS, program.Pack(), {1, 0}, {}});
  const auto kernel = link_.NewId<KernelId>();
  link_.Post(wire::CreateKernel{kernel, program, "nothing"});
  const uint32_t kernel_info = link_.NewRequest();
  link_.Post(
      wire::QueryInfo{kernel_info, wire::Query::kKernelInfo, CL_KERNEL_FUNCTION_NAME, kernel.Pack(), {}, {}});
  EXPECT_EQ(LaunchStatus(kernel), CL_INVALID_PROGRAM_EXECUTABLE) << "not built yet";
  EXPECT_TRUE(link_.infos.empty());
  mock_.ReleaseBuilds();
  EXPECT_EQ(Answer(first).status, CL_SUCCESS);
  ASSERT_TRUE(harness_.Until([&] { return link_.infos.contains(kernel_info); }));
  EXPECT_EQ(link_.infos[info].status, CL_SUCCESS);
  EXPECT_EQ(link_.infos[kernel_info].value.size(), sizeof "nothing");
  EXPECT_EQ(LaunchStatus(kernel), CL_COMPLETE);
}

TEST_F(ServerPrograms, OthersBuildMeanwhile) {
  mock_.HoldBuilds();
  std::vector<uint32_t> requests;
  for (int i = 0; i < 6; ++i) requests.push_back(PostBuild(Source()));
  harness_.Settle();
  mock_.ReleaseBuilds();
  for (const uint32_t request : requests) EXPECT_EQ(Answer(request).status, CL_SUCCESS);
}

TEST_F(ServerPrograms, MayBeReleasedWhileTheyAreBuilt) {
  mock_.HoldBuilds();
  const ProgramId program = Source();
  const uint32_t request = PostBuild(program);
  const auto kernel = link_.NewId<KernelId>();
  link_.Post(wire::CreateKernel{kernel, program, "nothing"});
  link_.Release(wire::ObjectKind::kProgram, program);
  const ProgramId again{program.index, program.generation + 1};
  link_.Post(wire::CreateProgramWithSource{again, context_, "kernel void other()"});
  harness_.Settle();
  mock_.ReleaseBuilds();
  EXPECT_EQ(Answer(request).status, CL_SUCCESS);
  EXPECT_EQ(LaunchStatus(kernel), CL_COMPLETE);
  EXPECT_EQ(harness_.Build(again).kernel_names, "other");
  EXPECT_EQ(harness_.Build(program).status, CL_INVALID_PROGRAM);
}

TEST_F(ServerPrograms, CompileAndLink) {
  mock_.HoldBuilds();
  const ProgramId one = Source("kernel void nothing()");
  const ProgramId two = Source("kernel void add(global int* p, int n)");
  const uint32_t compile_one = PostCompile(one), compile_two = PostCompile(two);
  const auto linked = link_.NewId<ProgramId>();
  const uint32_t link_request = PostLink(linked, std::array{one, two});
  const auto kernel = link_.NewId<KernelId>();
  link_.Post(wire::CreateKernel{kernel, linked, "nothing"});
  link_.Release(wire::ObjectKind::kProgram, one);
  link_.Release(wire::ObjectKind::kProgram, two);
  harness_.Settle();
  EXPECT_TRUE(link_.built.empty());
  mock_.ReleaseBuilds();
  EXPECT_EQ(Answer(compile_one).status, CL_SUCCESS);
  EXPECT_EQ(Answer(compile_two).status, CL_SUCCESS);
  EXPECT_EQ(Answer(link_request).status, CL_SUCCESS);
  EXPECT_EQ(link_.built[link_request].kernel_names, "nothing;add");
  EXPECT_EQ(LaunchStatus(kernel), CL_COMPLETE);

  const auto bad = link_.NewId<ProgramId>();
  EXPECT_EQ(Answer(PostLink(bad, std::array{Source()})).status, CL_INVALID_OPERATION);
  EXPECT_EQ(harness_.Build(bad).status, CL_INVALID_OPERATION) << "the id keeps the error";
}

class ServerProgramsOfNvidia : public ServerPrograms {
 protected:
  ServerProgramsOfNvidia() : ServerPrograms(MockOpenCl::Settings{.arg_info_breaks_links = true}) {}
};

TEST_F(ServerProgramsOfNvidia, AreCompiledAnewWhereTheLinkFailsOverArgumentInfo) {
  const ProgramId header = Source("#define N 1");
  const ProgramId bare = Source("kernel void nothing()");
  const ProgramId add = Source("kernel void add(global int* p, int n)");
  EXPECT_EQ(Answer(PostCompileWith(bare, header)).status, CL_SUCCESS);
  EXPECT_EQ(Answer(PostCompile(add)).status, CL_SUCCESS);
  link_.Release(wire::ObjectKind::kProgram, header);
  const auto linked = link_.NewId<ProgramId>();
  const Built& built = Answer(PostLink(linked, std::array{bare, add}));
  EXPECT_EQ(built.status, CL_SUCCESS);
  EXPECT_EQ(built.kernel_names, "nothing;add");
  EXPECT_EQ(mock_.calls("CompileProgram"), 4u);
  EXPECT_EQ(mock_.calls("LinkProgram"), 2u);

  EXPECT_EQ(Answer(PostLink(link_.NewId<ProgramId>(), std::array{bare, add})).status, CL_SUCCESS);
  EXPECT_EQ(mock_.calls("CompileProgram"), 4u) << "they are as they should be now";
  EXPECT_EQ(mock_.calls("LinkProgram"), 3u);

  EXPECT_EQ(Answer(PostLink(link_.NewId<ProgramId>(), std::array{Source(), bare})).status,
            CL_INVALID_OPERATION);
}

TEST_F(ServerProgramsOfNvidia, ThatIncludeEachOtherAreReleasedAllTheSame) {
  const ProgramId one = Source("kernel void nothing()"), two = Source("kernel void nothing()");
  EXPECT_EQ(Answer(PostCompileWith(one, two)).status, CL_SUCCESS);
  EXPECT_EQ(Answer(PostCompileWith(two, one)).status, CL_SUCCESS);
  EXPECT_EQ(Answer(PostCompileWith(two, two)).status, CL_SUCCESS);
  const size_t objects = mock_.live_objects();
  link_.Release(wire::ObjectKind::kProgram, one);
  link_.Release(wire::ObjectKind::kProgram, two);
  harness_.Settle();
  EXPECT_EQ(mock_.live_objects(), objects - 2);
}

TEST_F(ServerPrograms, BinariesGoAndComeBack) {
  const ProgramId program = Source("kernel void nothing()");
  ASSERT_EQ(harness_.Build(program).status, CL_SUCCESS);
  const uint32_t request = link_.NewRequest();
  link_.Post(wire::GetProgramBinaries{request, program});
  ASSERT_TRUE(harness_.Until([&] { return link_.binaries.contains(request); }));
  const auto& [status, binaries] = link_.binaries[request];
  ASSERT_EQ(status, CL_SUCCESS);
  ASSERT_EQ(binaries.size(), 1u);

  const auto copy = link_.NewId<ProgramId>();
  const uint32_t create = link_.NewRequest();
  const std::array<DeviceId, 1> devices{DeviceId{1, 0}};
  link_.Post(wire::CreateProgramWithBinary{create, copy, context_, devices,
                                           std::array{wire::ByteView(binaries[0])}});
  const uint32_t build = PostBuild(copy);
  EXPECT_EQ(Answer(build).kernel_names, "nothing");
  EXPECT_EQ(link_.created[create].first, CL_SUCCESS);
  EXPECT_EQ(link_.created[create].second, std::vector<int32_t>{CL_SUCCESS});

  const auto bad = link_.NewId<ProgramId>();
  const uint32_t bad_create = link_.NewRequest();
  const Bytes noise = Pattern(20, 1);
  link_.Post(
      wire::CreateProgramWithBinary{bad_create, bad, context_, devices, std::array{wire::ByteView(noise)}});
  ASSERT_TRUE(harness_.Until([&] { return link_.created.contains(bad_create); }));
  EXPECT_EQ(link_.created[bad_create].first, CL_INVALID_BINARY);
  EXPECT_EQ(link_.created[bad_create].second, std::vector<int32_t>{CL_INVALID_BINARY});
  EXPECT_EQ(harness_.Build(bad).status, CL_INVALID_BINARY);
}

TEST_F(ServerPrograms, FromIlAndBuiltIns) {
  const auto il = link_.NewId<ProgramId>();
  link_.Post(wire::CreateProgramWithIl{il, context_, std::as_bytes(std::span("kernel void nothing()"))});
  const Bytes value = Pattern(4, 1);
  link_.Post(wire::SetSpecializationConstant{il, 7, value});
  EXPECT_EQ(harness_.Build(il).kernel_names, "nothing");
  link_.Post(wire::SetSpecializationConstant{il, 7000, value});
  EXPECT_EQ(harness_.Build(il).status, CL_INVALID_SPEC_ID) << "the next build tells";
  EXPECT_EQ(harness_.Build(il).status, CL_SUCCESS);
  const auto built_in = link_.NewId<ProgramId>();
  link_.Post(
      wire::CreateProgramWithBuiltInKernels{built_in, context_, std::array{DeviceId{1, 0}}, "nothing"});
  EXPECT_EQ(harness_.Build(built_in).kernel_names, "nothing");
  link_.Post(wire::UnloadCompiler{});
  harness_.Finish(queue_);
  EXPECT_EQ(mock_.calls("UnloadPlatformCompiler"), 1u);
}

TEST_F(ServerPrograms, TheSessionEndsDuringABuild) {
  mock_.HoldBuilds();
  PostBuild(Source());
  harness_.Settle();
  link_.Post(wire::Shutdown{});
  EXPECT_TRUE(harness_.Until([&] { return harness_.server().ended(); }));
  mock_.ReleaseBuilds();
  harness_.Close();
}

TEST_F(ServerPrograms, TheSessionEndsWhileMessagesWaitForABuild) {
  mock_.HoldBuilds();
  const ProgramId program = Source(), other = Source();
  PostBuild(program);
  PostBuild(program);
  link_.Post(wire::LinkProgram{
      link_.NewRequest(), link_.NewId<ProgramId>(), context_, {}, "", std::array{program, other}});
  PostBuild(other);
  link_.Release(wire::ObjectKind::kProgram, program);
  link_.Release(wire::ObjectKind::kProgram, other);
  harness_.Settle();
  link_.Post(wire::Shutdown{});
  EXPECT_TRUE(harness_.Until([&] { return harness_.server().ended(); }));
  mock_.ReleaseBuilds();
  harness_.Close();
  EXPECT_EQ(mock_.calls("BuildProgram"), 1u) << "the end waits for what runs, and starts nothing";
  EXPECT_EQ(mock_.calls("LinkProgram"), 0u);
  EXPECT_EQ(mock_.live_objects(), 0u);
}

}  // namespace
}  // namespace clopencl::testing
