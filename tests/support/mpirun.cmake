# Tests that run under mpirun.
include_guard(GLOBAL)

# What mpirun needs to start more ranks than cores, unbound, and (in a container) as root.
set(CLOPENCL_MPIRUN_OPTIONS "")
execute_process(COMMAND ${MPIEXEC_EXECUTABLE} --version OUTPUT_VARIABLE clopencl_mpiexec_version
                ERROR_VARIABLE clopencl_mpiexec_version)
set(CLOPENCL_MPI_IS_OPEN_MPI OFF)
if(clopencl_mpiexec_version MATCHES "Open MPI|OpenRTE|PRRTE")
  set(CLOPENCL_MPI_IS_OPEN_MPI ON)
  set(CLOPENCL_MPIRUN_OPTIONS --oversubscribe --bind-to none)
endif()
set(CLOPENCL_MPIRUN_ENVIRONMENT OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
                                HWLOC_COMPONENTS=-opencl,-gl)

# clopencl_add_mpi_test(NAME name NP ranks COMMAND command... [TIMEOUT seconds] [LABELS label...]
#                       [MPIRUN_OPTIONS option...] [ENVIRONMENT name=value...])
#
# Runs `command` as `ranks` equal processes; a command that holds ":" is a line of several programs in
# mpirun's own form, and NP counts its first one. The default time limit is 120 seconds, the default label
# "mpi". Such tests are run with as few others beside them as possible, because ranks spin.
function(clopencl_add_mpi_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;NP;TIMEOUT" "COMMAND;LABELS;MPIRUN_OPTIONS;ENVIRONMENT")
  if(NOT arg_NAME OR NOT arg_NP OR NOT arg_COMMAND OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "clopencl_add_mpi_test needs NAME, NP and COMMAND, and knows no: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS mpi)
  endif()
  list(POP_FRONT arg_COMMAND program)
  if(TARGET ${program})
    set(program $<TARGET_FILE:${program}>)
  endif()
  add_test(NAME ${arg_NAME} COMMAND ${MPIEXEC_EXECUTABLE} ${CLOPENCL_MPIRUN_OPTIONS} ${arg_MPIRUN_OPTIONS}
                                    ${MPIEXEC_NUMPROC_FLAG} ${arg_NP} ${program} ${arg_COMMAND})
  set_tests_properties(${arg_NAME} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}" PROCESSORS ${arg_NP}
                       ENVIRONMENT "${CLOPENCL_MPIRUN_ENVIRONMENT};${arg_ENVIRONMENT}")
endfunction()
