// The C entry points: Entry<api::CreateBuffer> is a function with the C signature of clCreateBuffer.
//
// An api function returns void where the C function returns only an error code, and the handle (any pointer
// type) where the C function has a final errcode_ret. It throws ClError for errors; nothing else about errors
// is written anywhere.
#pragma once

#include <new>
#include <type_traits>

#include "common/log.h"
#include "frontend/error.h"

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

}  // namespace internal

template <auto kFunction>
inline constexpr auto Entry = &internal::Adapter<kFunction>::Call;

}  // namespace clopencl::frontend
