// Whether the kernel lets processes of this user copy straight from each other's memory, which Open MPI's
// shared memory transport uses without asking first. Containers often forbid it.
#pragma once

namespace clopencl::launch {

bool ProcessesMayCopy();

}  // namespace clopencl::launch
