# Tests of the frontend against real rank servers in the same process, and of its parts.
add_library(clopencl_job_in_process STATIC ${CMAKE_CURRENT_LIST_DIR}/job_in_process.cc)
target_link_libraries(clopencl_job_in_process PUBLIC clopencl_frontend clopencl_memory_opencl clopencl_packet_recording)

foreach(test IN ITEMS frontend_test frontend_entry_points_test span_test)
  add_executable(${test} ${CMAKE_CURRENT_LIST_DIR}/${test}.cc)
  target_link_libraries(${test} PRIVATE clopencl_job_in_process GTest::gtest)
  gtest_discover_tests(${test} PROPERTIES ${CLOPENCL_LOOPBACK_TEST_PROPERTIES} TIMEOUT 120)
endforeach()

foreach(test IN ITEMS extensions_test move_load_test residency_test)
  add_executable(${test} ${CMAKE_SOURCE_DIR}/tests/unit/${test}.cc)
  target_link_libraries(${test} PRIVATE clopencl_frontend GTest::gtest_main)
  gtest_discover_tests(${test} PROPERTIES LABELS unit TIMEOUT 120)
endforeach()

add_executable(other_build_test ${CMAKE_CURRENT_LIST_DIR}/other_build_test.cc)
target_link_libraries(other_build_test PRIVATE clopencl_job_in_process GTest::gtest_main)
gtest_discover_tests(other_build_test PROPERTIES LABELS loopback TIMEOUT 120)

# One test: each would run the whole job first.
add_executable(observer_test ${CMAKE_CURRENT_LIST_DIR}/observer_test.cc)
target_link_libraries(observer_test PRIVATE clopencl_job_in_process GTest::gtest nlohmann_json::nlohmann_json)
add_test(NAME observer_test COMMAND observer_test)
set_tests_properties(observer_test PROPERTIES ${CLOPENCL_LOOPBACK_TEST_PROPERTIES} TIMEOUT 120)
