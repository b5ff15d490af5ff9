// Programs of the runtime itself, built for a context when they are first needed. A program holds its
// context, so they are given up when the application gives up the context.
#pragma once

#include <string>

#include "frontend/core/program.h"

namespace clopencl::frontend {

// Thread-safe.
class OwnPrograms {
 public:
  // Null: there is none.
  static Ref<Program> Find(const Context& context, const std::string& name);
  // Does nothing when the application has given up the context already.
  static void Keep(const Context& context, const std::string& name, Program& program);
  static void Drop(const Context& context);
};

}  // namespace clopencl::frontend
