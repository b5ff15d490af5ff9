# Unit tests of the parts, and runs of the program on native PoCL that check its exit code and what it says.
include(GoogleTest)
add_executable(matmul_unit_test
  block_cache_test.cc device_selection_test.cc progress_test.cc slice_rule_test.cc tile_choice_test.cc verify_test.cc
  work_pool_test.cc)
target_link_libraries(matmul_unit_test PRIVATE clopencl_matmul_core GTest::gtest_main)
gtest_discover_tests(matmul_unit_test TEST_PREFIX matmul. PROPERTIES LABELS unit TIMEOUT 60)

# The driver below is not built with a sanitizer: its leaks and a preloaded library would end the program.
if(CLOPENCL_SANITIZE)
  return()
endif()

add_library(matmul_fault_injection MODULE fault_injection.cc)
target_link_libraries(matmul_fault_injection PRIVATE clopencl_options ${CMAKE_DL_LIBS})

# matmul_test(NAME CODE PATTERN [ENV VAR=VALUE...] [ARGS ARGUMENT...]): the program with ARGS exits with CODE and says
# something that matches PATTERN.
function(matmul_test name code pattern)
  cmake_parse_arguments(PARSE_ARGV 3 TEST "" "" "ENV;ARGS")
  add_test(NAME matmul.run.${name}
           COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/expect_exit ${code} ${pattern} $<TARGET_FILE:clopencl-matmul> ${TEST_ARGS})
  set_tests_properties(matmul.run.${name} PROPERTIES LABELS integration TIMEOUT 120 SKIP_RETURN_CODE 77
                       ENVIRONMENT "${TEST_ENV}")
endfunction()
set(pocl --devices platform=Portable)
set(preload LD_PRELOAD=$<TARGET_FILE:matmul_fault_injection>)

matmul_test(paper 0 "^correct: all 262144 entries" ARGS ${pocl} --n 512 --verify)
matmul_test(overlap 0 "^correct: all 262144 entries" ARGS ${pocl} --n 512 --schedule overlap)
matmul_test(large 0 "^correct: every row" ARGS ${pocl} --n 1152 --slice 384)
matmul_test(two_devices 0 "^correct:" ENV TWO_DEVICES=1 ARGS ${pocl} --n 512 --slice 64)
matmul_test(two_devices_overlap 0 "^correct:" ENV TWO_DEVICES=1 ARGS ${pocl} --n 512 --slice 64 --schedule overlap)
matmul_test(shared 0 "^correct: all 262144 entries" ARGS ${pocl} --n 512 --schedule shared)
# Both of one kind: linked by events, a basic and a thread device of PoCL 3 wait for each other for ever.
matmul_test(two_devices_shared 0 "^correct:" ENV "POCL_DEVICES=pthread pthread"
            ARGS ${pocl} --n 512 --slice 64 --schedule shared)
matmul_test(unverified 0 "^not verified" ARGS ${pocl} --n 64 --no-verify)
matmul_test(json 0 "\"verified\": true" ARGS ${pocl} --n 128 --json -)
matmul_test(list 0 "Portable Computing Language" ARGS --list)
matmul_test(list_json 0 "\"max_allocation\"" ARGS --list --json -)
# However far it is when the bar is drawn first.
matmul_test(progress 0 "\\[[# ]*. +[0-9]+ %" ARGS ${pocl} --n 64 --progress on)

matmul_test(help 0 "Exit codes" ARGS --help)
matmul_test(usage_unknown 2 "--frobnicate" ARGS --frobnicate)
matmul_test(usage_number 2 "'12x' is not a whole number" ARGS --n 12x)
matmul_test(usage_zero 2 "'0' is not a whole number" ARGS --n 0)
matmul_test(usage_schedule 2 "fastest" ARGS --schedule fastest)
matmul_test(devices_syntax 3 "'graphics' cannot be read" ARGS --devices graphics)
matmul_test(devices_none 3 "'999' names none" ARGS --devices 999)
matmul_test(no_device 4 "no OpenCL device" ENV OCL_ICD_VENDORS=/nonexistent ARGS --n 64)
matmul_test(slice_indivisible 5 "100 does not divide n = 512. choose 64 or 128" ARGS ${pocl} --n 512 --slice 100)
matmul_test(order_indivisible 5 "choose --n 1010" ARGS --devices 0 --n 1009)
matmul_test(host_memory 6 "host memory" ARGS ${pocl} --n 256K)
matmul_test(device_memory 6 "too small for --slice 16384" ENV POCL_MEMORY_LIMIT=1
            ARGS ${pocl} --n 16K --slice 16K)
matmul_test(json_unwritable 8 "cannot write '/nonexistent/result.json'" ARGS ${pocl} --json /nonexistent/result.json)

matmul_test(wrong_result 1 "^C\\[[0-9]+\\]\\[[0-9]+\\] is .*, expected .*, computed by device 0"
            ENV ${preload} MATMUL_FAULT=flip:2 ARGS ${pocl} --n 256)
foreach(schedule paper overlap shared)
  matmul_test(device_fails_${schedule} 7 "device 0 .*failed: clEnqueueNDRangeKernel.*CL_OUT_OF_RESOURCES"
              ENV ${preload} MATMUL_FAULT=launch:10 ARGS ${pocl} --n 512 --slice 64 --schedule ${schedule})
endforeach()
foreach(schedule paper overlap)
  # The others finish its tiles, and the product is right.
  matmul_test(others_finish_${schedule} 7 "^correct: all" ENV TWO_DEVICES=1 ${preload} MATMUL_FAULT=launch:10
              ARGS ${pocl} --n 512 --slice 64 --schedule ${schedule})
  matmul_test(others_named_${schedule} 7 "device 0 .*failed: clBuildProgram" ENV TWO_DEVICES=1 ${preload}
              MATMUL_FAULT=build ARGS ${pocl} --n 256 --schedule ${schedule})
endforeach()

# Devices that are modelled: results are right, and what is lost or stale is noticed in whatever schedule.
if(CLOPENCL_WITH_MPI)
  function(model_test name code pattern)
    cmake_parse_arguments(PARSE_ARGV 3 TEST "" "" "ENV;ARGS")
    add_test(NAME matmul.model.${name}
             COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/expect_exit ${code} ${pattern} ${CMAKE_CURRENT_SOURCE_DIR}/on_model
                     $<TARGET_FILE:clrun> $<TARGET_FILE:clopencl-matmul> --operands sparse --n 1280 --slice 160 ${TEST_ARGS})
    set_tests_properties(matmul.model.${name} PROPERTIES LABELS integration TIMEOUT 120 ENVIRONMENT "${TEST_ENV}")
  endfunction()
  set(preload PRELOAD=$<TARGET_FILE:matmul_fault_injection>)
  foreach(schedule paper overlap shared)
    set(merge CLOPENCL_MERGE=0)
    if(schedule STREQUAL shared)
      set(merge CLOPENCL_MERGE=1)
    endif()
    model_test(${schedule} 0 "^correct: every row" ENV ${merge} ARGS --schedule ${schedule})
    # A device fails, the others finish its tiles.
    model_test(${schedule}_others_finish 7 "^correct: every row" ENV ${merge} ${preload} MATMUL_FAULT=launch:10
               ARGS --schedule ${schedule})
    # Room for five blocks of 16 on the GPUs, which have to give some up for others.
    model_test(${schedule}_little_memory 0 "^correct: every row" ENV ${merge} GPU_MEMORY=5MiB
               ARGS --schedule ${schedule})
    foreach(fault lose:1 stale:2)
      string(REPLACE ":" "_" word ${fault})
      model_test(${schedule}_${word} 1 "the product is wrong" ENV ${merge} ${preload} MATMUL_FAULT=${fault}
                 ARGS --schedule ${schedule})
    endforeach()
  endforeach()

  add_test(NAME matmul.suite COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/suite_run_test.py $<TARGET_FILE_DIR:clopencl-matmul>)
  set_tests_properties(matmul.suite PROPERTIES LABELS integration TIMEOUT 240 SKIP_RETURN_CODE 77
                       ENVIRONMENT "PYTHONDONTWRITEBYTECODE=1")
endif()

# The scaling suite's logic.
add_test(NAME matmul.scaling COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/scaling_test.py)
set_tests_properties(matmul.scaling PROPERTIES LABELS unit TIMEOUT 120 ENVIRONMENT "PYTHONDONTWRITEBYTECODE=1")
