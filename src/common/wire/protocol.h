// Which messages there are. An opcode is the index of its type in the list; a new message goes anywhere,
// because the protocol hash in every packet tells builds apart.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/wire/messages/command_buffer.h"
#include "common/wire/messages/enqueue.h"
#include "common/wire/messages/event.h"
#include "common/wire/messages/object.h"
#include "common/wire/messages/program.h"
#include "common/wire/messages/session.h"
#include "common/wire/messages/trace.h"

namespace clopencl::wire {

template <typename... Ts>
struct TypeList {
  static constexpr size_t kSize = sizeof...(Ts);
};

// What a rank server handles (from the frontend; SetEventStatus from other servers, too).
using ServerMessages =
    TypeList<Configure, MeetNeighbours, Shutdown, CreateContext, CreateQueue, CreateBuffer, CreateSubBuffer,
             CreateImage, CreatePipe, CreateSampler, Release, UploadContents, CreateSubDevices, QueryInfo,
             SvmAllocate, SvmFree, CreateProgramWithSource, CreateProgramWithIl,
             CreateProgramWithBuiltInKernels, CreateProgramWithBinary, SetSpecializationConstant,
             BuildProgram, CompileProgram, LinkProgram, GetProgramBinaries, UnloadCompiler, CreateKernel,
             ReadBuffer, WriteBuffer, ReadBufferRect, WriteBufferRect, CopyBufferRect, CopyBuffer, FillBuffer,
             ReadImage, WriteImage, CopyImage, FillImage, CopyImageToBuffer, CopyBufferToImage,
             MigrateMemObjects, Marker, Barrier, LaunchKernel, SvmRead, SvmWrite, SvmCopy, SvmFill,
             SvmMigrate, Flush, Finish, SendContents, ReceiveContents, CreateUserEvent, SetEventStatus,
             WatchEvent, ForwardEvent, QueryEvent, ReadClock, FetchTrace, CreateCommandBuffer,
             RecordCopyBuffer, RecordCopyBufferRect, RecordFillBuffer, RecordCopyImage, RecordFillImage,
             RecordCopyImageToBuffer, RecordCopyBufferToImage, RecordMarker, RecordBarrier,
             RecordLaunchKernel, FinalizeCommandBuffer, EnqueueCommandBuffer, SetDefaultDeviceQueue>;

// What the frontend handles.
using FrontendMessages =
    TypeList<ServerReady, ServerFailed, Output, SubDevicesCreated, InfoAnswered, SvmAllocated, ProgramCreated,
             ProgramBuilt, ProgramBinaries, QueueFinished, EventCompleted, EventStatusChanged, EventAnswered,
             ContentsMoved, ClockRead, TraceFetched>;

namespace internal {

template <typename T, typename List>
struct IndexOf;
template <typename T, typename... Ts>
struct IndexOf<T, TypeList<Ts...>> {
  static constexpr bool kFound = (std::is_same_v<T, Ts> || ...);
  static constexpr uint16_t value = [] {
    uint16_t index = 0;
    (void)((std::is_same_v<T, Ts> ? true : (++index, false)) || ...);
    return index;
  }();
};

constexpr uint64_t HashText(uint64_t hash, std::string_view text) {
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

// Of the layout on the wire: the names of messages and the encoding of their fields, not the names of types
// that compilers spell differently.
template <typename T>
constexpr uint64_t HashLayout(uint64_t hash) {
  if constexpr (Scalar<T>) {
    return HashText(hash, std::is_floating_point_v<T> ? "f"
                          : std::is_signed_v<T>       ? "i"
                                                      : "u") *
               31 +
           sizeof(T);
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    return HashText(hash, "text");
  } else if constexpr (IsSpan<T>::value) {
    if constexpr (std::is_same_v<typename IsSpan<T>::Element, std::byte>)
      return HashText(hash, "bytes");
    else
      return HashLayout<typename IsSpan<T>::Element>(HashText(hash, "list"));
  } else if constexpr (IsArray<T>::value) {
    return HashLayout<typename IsArray<T>::Element>(HashText(hash, "array")) * 31 + std::tuple_size_v<T>;
  } else {
    hash = HashText(hash, "struct");
    T value{};
    WithFields(value, [&hash](auto&... field) {
      ((hash = HashLayout<std::remove_cvref_t<decltype(field)>>(hash)), ...);
    });
    return hash;
  }
}

template <typename... Ts>
constexpr uint64_t HashList(uint64_t hash, TypeList<Ts...>) {
  ((hash = HashLayout<Ts>(hash * 31 + 7)), ...);
  return hash;
}

}  // namespace internal

// Bumped when the meaning of a message changes while its layout stays.
inline constexpr uint64_t kProtocolRevision = 2;

// Equal in two builds exactly when they understand each other.
inline constexpr uint64_t kProtocolHash = internal::HashList(
    internal::HashList(0xcbf29ce484222325u + kProtocolRevision, ServerMessages{}), FrontendMessages{});

template <typename T>
inline constexpr bool kIsServerMessage = internal::IndexOf<T, ServerMessages>::kFound;
template <typename T>
inline constexpr uint16_t kOpcode = kIsServerMessage<T> ? internal::IndexOf<T, ServerMessages>::value
                                                        : internal::IndexOf<T, FrontendMessages>::value;

}  // namespace clopencl::wire
