// exit_paths WAY [CODE]: a program that ends in one of many ways, with OpenCL objects alive and commands
// under way. What it leaves is the harness's to see: the exit code, its output, and no process.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "support/commands.h"
#include "support/device.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;

// A program in the middle of its work. Its objects are never released.
struct Live {
  Live() : log(session.device, session.context) {
    for (cl_int i = 0; i < 50; ++i) {
      buffers.push_back(MakeBuffer(session.context, 100000));
      log.Append(session.queue, i);
    }
    Must(clFinish(session.queue));
    for (cl_int i = 0; i < 20; ++i) log.AppendSlowly(session.queue, i);
    Must(clFlush(session.queue));
    Print("work", "begun");
  }

  Session session;
  CommandLog log;
  std::vector<Mem> buffers;
};

Live& MakeLive() { return *new Live; }

int Return(int code) {
  MakeLive();
  return code;
}

int ReturnReleased(int code) {
  {
    const Live live;
    Must(clFinish(live.session.queue));
  }
  return code;
}

int Exit(int code) {
  MakeLive();
  std::exit(code);
}

int ExitFromThread(int code) {
  Live& live = MakeLive();
  std::thread([code] { std::exit(code); }).detach();
  for (;;) {
    live.log.Append(live.session.queue, 1);
    Must(clFinish(live.session.queue));
  }
}

int ExitFromThreadWhileWaiting(int code) {
  Live& live = MakeLive();
  const Event& gate = *new Event(MakeUserEvent(live.session.context));
  const cl_event list[] = {gate};
  std::thread([code] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    std::exit(code);
  }).detach();
  clWaitForEvents(1, list);
  return 99;  // never: nobody sets the user event
}

int QuickExit(int code) {
  MakeLive();
  std::fflush(stdout);
  std::quick_exit(code);
}

int UnderscoreExit(int code) {
  MakeLive();
  std::fflush(stdout);
  _exit(code);
}

int Abort(int) {
  MakeLive();
  std::abort();
}

int Crash(int) {
  MakeLive();
  // Not raise(SIGSEGV): PoCL's compiler has a handler that returns, after which only a real fault happens
  // again.
  volatile int* nowhere = nullptr;
  *nowhere = 1;
  return 99;
}

int Kill(int) {
  MakeLive();
  std::raise(SIGKILL);
  return 99;
}

int Terminate(int) {
  MakeLive();
  std::raise(SIGTERM);
  return 99;
}

// Commands wait for a user event that is never set.
int HeldBack(int code) {
  Live& live = MakeLive();
  Must(clFinish(live.session.queue));
  const Event& gate = *new Event(MakeUserEvent(live.session.context));
  const Queue& queue = *new Queue(MakeQueue(live.session.context, live.session.device));
  for (cl_int i = 0; i < 10; ++i) live.log.Append(queue, i, {gate});
  Must(clFlush(queue));
  return code;
}

int Mapped(int code) {
  Live& live = MakeLive();
  cl_int error = CL_SUCCESS;
  auto* pointer = static_cast<char*>(clEnqueueMapBuffer(live.session.queue, live.buffers[0], CL_TRUE,
                                                        CL_MAP_WRITE, 0, 1000, 0, nullptr, nullptr, &error));
  Must(error);
  std::memset(pointer, 1, 1000);
  return code;
}

int PlatformsOnly(int code) {
  cl_uint count = 0;
  Must(clGetPlatformIDs(0, nullptr, &count));
  Expect(count > 0, "platforms");
  return code;
}

int NoOpenCl(int code) {
  Print("no OpenCL", "used");
  return code;
}

// A child that only exits must not take the program's OpenCL with it, whose exit handlers it has inherited.
int ForkAndExit(int code) {
  const Session session;
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) std::exit(0);
  int status = -1;
  waitpid(child, &status, 0);
  PrintNumber("child", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  CommandLog log(session.device, session.context);
  log.Append(session.queue, 1);
  log.ExpectValues(session.queue, {1}, "parent afterwards");
  return code;
}

int Shell(int code) {
  const Session session;
  std::fflush(stdout);
  const int status = std::system("echo shell: ran; exit 3");
  PrintNumber("shell's code", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  CommandLog log(session.device, session.context);
  log.Append(session.queue, 1);
  log.ExpectValues(session.queue, {1}, "parent afterwards");
  return code;
}

int AtExit(int code) {
  static Live& live = MakeLive();
  std::atexit([] {
    live.log.Append(live.session.queue, 7);
    PrintError("finish in an exit handler", clFinish(live.session.queue));
  });
  return code;
}

// Reads all of standard input after OpenCL is in use.
int Echo(int code) {
  Live& live = MakeLive();
  const std::string text((std::istreambuf_iterator<char>(std::cin)), std::istreambuf_iterator<char>());
  PrintNumber("characters read", static_cast<long long>(text.size()));
  if (!text.empty()) {
    const Mem buffer = MakeBuffer(live.session.context, text.size());
    WriteAll(live.session.queue, buffer, text.data(), text.size());
    const std::vector<char> got = ReadVector<char>(live.session.queue, buffer, text.size());
    PrintHash("text", got.data(), got.size());
  }
  return code;
}

// More output than a pipe holds, on both streams, with OpenCL under way.
int Flood(int code) {
  MakeLive();
  for (int i = 0; i < 40000; ++i)
    std::printf("flood: line %d with enough text to fill a buffer sooner or later\n", i);
  for (int i = 0; i < 2000; ++i) std::fprintf(stderr, "flood: line %d on standard error\n", i);
  return code;
}

struct Way {
  const char* name;
  int (*run)(int code);
};

constexpr Way kWays[] = {
    {"return", Return},
    {"return-released", ReturnReleased},
    {"exit", Exit},
    {"exit-from-thread", ExitFromThread},
    {"exit-from-thread-while-waiting", ExitFromThreadWhileWaiting},
    {"quick-exit", QuickExit},
    {"underscore-exit", UnderscoreExit},
    {"abort", Abort},
    {"crash", Crash},
    {"kill", Kill},
    {"terminate", Terminate},
    {"held-back", HeldBack},
    {"mapped", Mapped},
    {"platforms-only", PlatformsOnly},
    {"no-opencl", NoOpenCl},
    {"fork-and-exit", ForkAndExit},
    {"shell", Shell},
    {"at-exit", AtExit},
    {"echo", Echo},
    {"flood", Flood},
};

}  // namespace

int main(int argc, char** argv) {
  for (const Way& way : kWays) {
    if (argc > 1 && std::strcmp(argv[1], way.name) == 0) {
      const int code = way.run(argc > 2 ? std::atoi(argv[2]) : 0);
      return ExitCode() != 0 ? ExitCode() : code;
    }
  }
  std::fprintf(stderr, "usage: exit_paths WAY [CODE], where WAY is one of:");
  for (const Way& way : kWays) std::fprintf(stderr, " %s", way.name);
  std::fprintf(stderr, "\n");
  return 2;
}
