# clopencl_transport_scenarios: what every transport must do, for the test programs of each transport.
include_guard(GLOBAL)
add_library(clopencl_transport_scenarios STATIC
            ${CMAKE_CURRENT_LIST_DIR}/transport_steps.cc ${CMAKE_CURRENT_LIST_DIR}/packet_scenarios.cc
            ${CMAKE_CURRENT_LIST_DIR}/payload_scenarios.cc ${CMAKE_CURRENT_LIST_DIR}/closing_scenarios.cc)
target_include_directories(clopencl_transport_scenarios PUBLIC ${CMAKE_CURRENT_LIST_DIR}/..)
target_link_libraries(clopencl_transport_scenarios PUBLIC clopencl_transport GTest::gtest)
