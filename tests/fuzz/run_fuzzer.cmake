# Fills the corpus with seeds and runs a fuzzer over it. Fails when the fuzzer finds something, and leaves the
# input in the folder above the corpus.
foreach(needed MAKE_SEEDS FUZZER DIRECTION CORPUS SECONDS)
  if(NOT DEFINED ${needed})
    message(FATAL_ERROR "run_fuzzer.cmake needs -D ${needed}=...")
  endif()
endforeach()
file(MAKE_DIRECTORY ${CORPUS})
execute_process(COMMAND ${MAKE_SEEDS} ${DIRECTION} ${CORPUS} RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "making the seeds failed: ${result}")
endif()
cmake_path(GET CORPUS PARENT_PATH folder)
execute_process(COMMAND ${FUZZER} -max_total_time=${SECONDS} -max_len=4096 -rss_limit_mb=2048 -timeout=10
                        -print_final_stats=1 -artifact_prefix=${folder}/ ${CORPUS} RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "the fuzzer found something: see above, and the input in ${folder}")
endif()
