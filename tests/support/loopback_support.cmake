# What the tests of the loopback layer and the fuzzers share.
include_guard(GLOBAL)

# Packets as the fuzzers read them.
add_library(clopencl_packet_records STATIC ${CMAKE_CURRENT_LIST_DIR}/packet_records.cc)
target_include_directories(clopencl_packet_records PUBLIC ${CMAKE_CURRENT_LIST_DIR}/..)
target_link_libraries(clopencl_packet_records PUBLIC clopencl_transport)

# With the fuzzers, the loopback tests record their packets for them.
set(CLOPENCL_LOOPBACK_TEST_PROPERTIES LABELS loopback)
if(CLOPENCL_BUILD_FUZZERS)
  set(CLOPENCL_RECORDED_PACKETS ${CMAKE_BINARY_DIR}/tests/fuzz/corpus/recorded)
  file(MAKE_DIRECTORY ${CLOPENCL_RECORDED_PACKETS})
  list(APPEND CLOPENCL_LOOPBACK_TEST_PROPERTIES
       ENVIRONMENT CLOPENCL_RECORD_PACKETS=${CLOPENCL_RECORDED_PACKETS} FIXTURES_SETUP fuzz_corpus)
endif()
