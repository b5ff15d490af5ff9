#!/usr/bin/env python3
"""The transport keeps to MPI 2.1, so that old MPI libraries can carry it, and no other code knows MPI.

Debian's compilers of newer MPIs accept far more, so the names are checked here.
"""

import pathlib
import re
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
TRANSPORT = REPOSITORY / "src/common/transport/mpi_transport.cc"

# Of MPI 2.1: chapters 3 (point to point), 6.4 (communicators) and 8 (environment), with their constants.
FUNCTIONS = """
Send Recv Bsend Ssend Rsend Isend Ibsend Issend Irsend Irecv Sendrecv Sendrecv_replace Buffer_attach
Buffer_detach
Get_count Get_elements Wait Waitany Waitall Waitsome Test Testany Testall Testsome Request_free
Request_get_status
Probe Iprobe Cancel Test_cancelled Send_init Bsend_init Ssend_init Rsend_init Recv_init Start Startall
Comm_size Comm_rank Comm_dup Comm_free Comm_get_attr Barrier
Init Init_thread Initialized Query_thread Is_thread_main Finalize Finalized Abort Get_version
Get_processor_name Comm_create_errhandler Comm_set_errhandler Comm_get_errhandler Error_class Error_string
Wtime Wtick Alloc_mem Free_mem
"""
NAMES = """
Comm Request Status Datatype Errhandler SOURCE TAG ERROR SUCCESS UNDEFINED BYTE CHAR INT ANY_SOURCE ANY_TAG
PROC_NULL COMM_WORLD COMM_SELF COMM_NULL REQUEST_NULL STATUS_IGNORE STATUSES_IGNORE TAG_UB
ERRORS_ARE_FATAL ERRORS_RETURN MAX_ERROR_STRING MAX_PROCESSOR_NAME
THREAD_SINGLE THREAD_FUNNELED THREAD_SERIALIZED THREAD_MULTIPLE
ERR_BUFFER ERR_COUNT ERR_TYPE ERR_TAG ERR_COMM ERR_RANK ERR_REQUEST ERR_TRUNCATE ERR_OTHER ERR_INTERN
ERR_PENDING ERR_IN_STATUS ERR_UNKNOWN
"""
MPI_2_1 = set(FUNCTIONS.split()) | set(NAMES.split())


def code_of(path):
    """The file without comments and texts."""
    text = re.sub(r"//[^\n]*", "", path.read_text())
    return re.sub(r'"(\\.|[^"\\\n])*"', '""', text)


class MpiVersion(unittest.TestCase):
    def test_the_transport_uses_names_of_mpi_2_1_only(self):
        used = set(re.findall(r"\bP?MPI_(\w+)", code_of(TRANSPORT)))
        self.assertIn("Isend", used, "the check looks at the wrong file")
        self.assertEqual(used - MPI_2_1, set())
        self.assertEqual(re.findall(r"\b(?:MPIX|OMPI)_\w+", code_of(TRANSPORT)), [])

    def test_no_other_file_includes_mpi(self):
        including = [
            path
            for folder in ("src", "launch", "apps")
            for path in sorted((REPOSITORY / folder).rglob("*"))
            if path.suffix in (".cc", ".h") and re.search(r"#\s*include\s*[<\"]mpi\.h", path.read_text())
        ]
        self.assertEqual(including, [TRANSPORT])


if __name__ == "__main__":
    unittest.main()
