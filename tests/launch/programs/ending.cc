// Uses OpenCL (or not) and then ends in the way that its arguments say. The tests look at what clrun makes of
// it.
//
//   ending [--no-opencl] [--ready] MODE [NUMBER]
//     return N, exit N, _exit N    ends with that code
//     abort, kill N                ends by a signal
//     sleep N                      sleeps N seconds, then returns 0
//     wait N                       waits N seconds for a command that waits for a user event, then returns 0
//     catch N                      says "caught S" for every signal S among 1, 2, 10, 12 and 15 that it gets
//     and
//                                  returns N after "15"; after 20 s returns 1
//     exec PROGRAM ARGUMENTS...    becomes another program
//   --ready: says "ready PID" on standard output once OpenCL has answered
#include <CL/cl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

namespace {

sigset_t Caught() {
  sigset_t caught;
  sigemptyset(&caught);
  for (int signal : {SIGHUP, SIGINT, SIGUSR1, SIGUSR2, SIGTERM}) sigaddset(&caught, signal);
  return caught;
}

int Catch(int code) {
  const sigset_t caught = Caught();
  std::printf("ready %d\n", getpid());
  std::fflush(stdout);
  const timespec limit = {20, 0};
  while (true) {
    const int signal = sigtimedwait(&caught, nullptr, &limit);
    if (signal < 0 && errno == EINTR) continue;  // Stopped and continued.
    if (signal < 0) return 1;
    std::printf("caught %d\n", signal);
    std::fflush(stdout);
    if (signal == SIGTERM) return code;
  }
}

// 1 when a call fails.
int Wait(int seconds) {
  cl_platform_id platform = nullptr;
  cl_device_id device = nullptr;
  if (clGetPlatformIDs(1, &platform, nullptr) != CL_SUCCESS) return 1;
  if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, nullptr) != CL_SUCCESS) return 1;
  cl_context context = clCreateContext(nullptr, 1, &device, nullptr, nullptr, nullptr);
  cl_command_queue queue = clCreateCommandQueueWithProperties(context, device, nullptr, nullptr);
  cl_event user = clCreateUserEvent(context, nullptr);
  cl_event marker = nullptr;
  if (clEnqueueMarkerWithWaitList(queue, 1, &user, &marker) != CL_SUCCESS) return 1;
  std::thread setter([&] {
    std::this_thread::sleep_for(std::chrono::seconds(seconds));
    clSetUserEventStatus(user, CL_COMPLETE);
  });
  std::printf("waits %d\n", getpid());
  std::fflush(stdout);
  const cl_int status = clWaitForEvents(1, &marker);
  setter.join();
  clReleaseEvent(marker);
  clReleaseEvent(user);
  clReleaseCommandQueue(queue);
  clReleaseContext(context);
  return status == CL_SUCCESS ? 0 : 1;
}

int End(const std::string& mode, int number, char** arguments) {
  if (mode == "return") return number;
  if (mode == "exit") std::exit(number);
  if (mode == "_exit") _exit(number);
  if (mode == "abort") std::abort();
  if (mode == "kill") kill(getpid(), number);
  if (mode == "sleep") return static_cast<int>(sleep(static_cast<unsigned>(number)));
  if (mode == "wait") return Wait(number);
  if (mode == "catch") return Catch(number);
  if (mode == "exec") execvp(arguments[0], arguments);
  std::fprintf(stderr, "ending: can't end by %s\n", mode.c_str());
  return 99;
}

}  // namespace

int main(int argc, char** argv) {
  bool opencl = true;
  bool ready = false;
  int next = 1;
  for (; next < argc && std::strncmp(argv[next], "--", 2) == 0; ++next) {
    if (std::strcmp(argv[next], "--no-opencl") == 0) opencl = false;
    if (std::strcmp(argv[next], "--ready") == 0) ready = true;
  }
  if (next >= argc) return 98;
  if (std::strcmp(argv[next], "catch") == 0) {
    // Before OpenCL starts threads, which would take the signals otherwise.
    const sigset_t caught = Caught();
    sigprocmask(SIG_BLOCK, &caught, nullptr);
  }
  if (opencl) {
    cl_uint platforms = 0;
    clGetPlatformIDs(0, nullptr, &platforms);
  }
  if (ready) {
    std::printf("ready %d\n", getpid());
    std::fflush(stdout);
  }
  return End(argv[next], next + 1 < argc ? std::atoi(argv[next + 1]) : 0, argv + next + 1);
}
