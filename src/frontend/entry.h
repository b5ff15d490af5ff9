// The C entry points: Entry<api::CreateBuffer> is a function with the C signature of clCreateBuffer.
//
// An api function returns void where the C function returns only an error code, and the handle (any pointer
// type) where the C function has a final errcode_ret. It throws ClError for errors; nothing else about errors
// is written anywhere.
#pragma once

#include <new>
#include <type_traits>

#include "common/log.h"
#include "common/type_name.h"
#include "frontend/error.h"
#include "frontend/observe/call_site.h"

namespace clopencl::frontend {

namespace internal {

// Calls and returns the error code, whatever is thrown.
template <typename Call>
cl_int Fenced(Call&& call) noexcept {
  try {
    call();
    return CL_SUCCESS;
  } catch (const ClError& error) {
    return error.code;
  } catch (const std::bad_alloc&) {
    return CL_OUT_OF_HOST_MEMORY;
  } catch (const std::exception& error) {
    Log().error("internal error: {}", error.what());
    return CL_OUT_OF_RESOURCES;
  }
}

template <auto kFunction, typename Signature = decltype(kFunction)>
struct Adapter;

template <auto kFunction, typename... Args>
struct Adapter<kFunction, void (*)(Args...)> {
  static cl_int CL_API_CALL Call(Args... args) noexcept {
    return Fenced([&] { kFunction(args...); });
  }
};

template <auto kFunction, typename Result, typename... Args>
struct Adapter<kFunction, Result (*)(Args...)> {
  static_assert(std::is_pointer_v<Result>);
  static Result CL_API_CALL Call(Args... args, cl_int* errcode_ret) noexcept {
    Result result = nullptr;
    const cl_int error = Fenced([&] { result = kFunction(args...); });
    if (errcode_ret != nullptr) *errcode_ret = error;
    return error == CL_SUCCESS ? result : nullptr;
  }
};

template <auto kFunction>
inline CallSite call_site{kFunctionName<kFunction>};

// A C function that is called with an observer.
template <auto kFunction, auto kEntry, typename Signature = std::remove_const_t<decltype(kEntry)>>
struct Observed;

template <auto kFunction, auto kEntry, typename Result, bool kNoexcept, typename... Args>
struct Observed<kFunction, kEntry, Result(CL_API_CALL*)(Args...) noexcept(kNoexcept)> {
  static Result CL_API_CALL Call(Args... args) noexcept(kNoexcept) {
    const CallScope scope(call_site<kFunction>);
    return kEntry(args...);
  }
};

}  // namespace internal

// The C entry point of an api function, which notes its calls if it is observed.
template <auto kFunction, bool kObserved = false>
inline constexpr auto Entry = [] {
  if constexpr (kObserved) {
    return &internal::Observed<kFunction, Entry<kFunction>>::Call;
  } else {
    return &internal::Adapter<kFunction>::Call;
  }
}();

// The same for the few that have the C signature already.
template <auto kFunction, bool kObserved>
inline constexpr auto Ready = [] {
  if constexpr (kObserved) {
    return &internal::Observed<kFunction, kFunction>::Call;
  } else {
    return kFunction;
  }
}();

}  // namespace clopencl::frontend
