# One set of warnings for every target of ours, through the interface library clopencl_options.
add_library(clopencl_options INTERFACE)
target_compile_options(clopencl_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                       -Wno-missing-field-initializers)
# Symbols of templates must not become process-wide unique: that would keep the driver from being unloaded, and tie its
# library code to the application's.
target_compile_options(clopencl_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
target_include_directories(clopencl_options INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
target_compile_definitions(clopencl_options INTERFACE CL_TARGET_OPENCL_VERSION=300
                           CL_USE_DEPRECATED_OPENCL_1_0_APIS CL_USE_DEPRECATED_OPENCL_1_1_APIS
                           CL_USE_DEPRECATED_OPENCL_1_2_APIS CL_USE_DEPRECATED_OPENCL_2_0_APIS
                           CL_USE_DEPRECATED_OPENCL_2_1_APIS CL_USE_DEPRECATED_OPENCL_2_2_APIS)
if(CLOPENCL_SANITIZE)
  target_compile_options(clopencl_options INTERFACE -fsanitize=${CLOPENCL_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(clopencl_options INTERFACE -fsanitize=${CLOPENCL_SANITIZE})
endif()
