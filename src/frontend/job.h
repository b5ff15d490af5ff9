// Whether this process is rank 0 of one of our jobs, and its entry into and exit from the job.
//
// A job has one MPI lifetime in rank 0: the first process (and the only one) that asks for platforms joins.
// See docs/architecture.md, "Rank 0".
#pragma once

namespace clopencl::frontend {

// Joins at the first call in the process; afterwards (and in processes that may not join) cheap. True: the
// runtime exists and has platforms. Thread-safe.
bool JoinOnce();

// Leaves the job, if this process joined it. Idempotent.
void LeaveJob();

}  // namespace clopencl::frontend
