#include "frontend/core/own_programs.h"

#include <map>
#include <mutex>

#include "frontend/core/context.h"

namespace clopencl::frontend {
namespace {

struct Kept {
  std::mutex mutex;
  std::map<const Context*, std::map<std::string, Ref<Program>>> programs;
};

// Never destroyed: contexts may outlive the process's own destructors.
Kept& All() {
  static Kept& kept = *new Kept;
  return kept;
}

}  // namespace

Ref<Program> OwnPrograms::Find(const Context& context, const std::string& name) {
  std::lock_guard lock(All().mutex);
  const auto of_context = All().programs.find(&context);
  if (of_context == All().programs.end()) return nullptr;
  const auto at = of_context->second.find(name);
  return at == of_context->second.end() ? nullptr : at->second;
}

void OwnPrograms::Keep(const Context& context, const std::string& name, Program& program) {
  std::lock_guard lock(All().mutex);
  if (context.api_references.load() != 0) All().programs[&context].insert_or_assign(name, Ref(program));
}

void OwnPrograms::Drop(const Context& context) {
  std::map<std::string, Ref<Program>> dropped;  // Without the lock.
  std::lock_guard lock(All().mutex);
  const auto at = All().programs.find(&context);
  if (at == All().programs.end()) return;
  dropped.swap(at->second);
  All().programs.erase(at);
}

}  // namespace clopencl::frontend
