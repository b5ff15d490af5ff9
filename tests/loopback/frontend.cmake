# Tests of the frontend against real rank servers in the same process, and of its parts.
add_library(clopencl_job_in_process STATIC ${CMAKE_CURRENT_LIST_DIR}/job_in_process.cc)
target_link_libraries(clopencl_job_in_process PUBLIC clopencl_frontend clopencl_memory_opencl clopencl_packet_recording)

add_executable(frontend_test ${CMAKE_CURRENT_LIST_DIR}/frontend_test.cc)
target_link_libraries(frontend_test PRIVATE clopencl_job_in_process GTest::gtest)
gtest_discover_tests(frontend_test PROPERTIES ${CLOPENCL_LOOPBACK_TEST_PROPERTIES} TIMEOUT 120)

add_executable(residency_test ${CMAKE_SOURCE_DIR}/tests/unit/residency_test.cc)
target_link_libraries(residency_test PRIVATE clopencl_frontend GTest::gtest_main)
gtest_discover_tests(residency_test PROPERTIES LABELS unit TIMEOUT 120)
