// How rank 0 ends the MPI job when the program can't do it any more (or never joined). The only part of the
// launcher that talks to MPI.
#pragma once

namespace clopencl::launch {

// Ends this process and with it all ranks at once, silently, with `code` as the exit code of mpirun, 0
// included. Returns only where MPI doesn't start its processes through PMIx, or we were built without it;
// then nothing has happened.
void AbortJob(int code);

// Joins MPI in the program's stead, tells the rank servers to end, and leaves MPI. Must be called at most
// once and only if the program never joined. Where a server doesn't play along, the process ends with `code`
// after 20 s, and with it the job.
void DismissServers(int code);

}  // namespace clopencl::launch
