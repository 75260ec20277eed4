# What a developer of Asterism itself builds; a consumer sees none of it.
option(ASTERISM_BUILD_TESTS "Build the tests" ON)
option(ASTERISM_BUILD_EXAMPLES "Build the examples" ON)
option(ASTERISM_BUILD_BENCHMARKS "Build the benchmarks (needs Google Benchmark)" OFF)
option(ASTERISM_WARNINGS_AS_ERRORS "Treat compiler warnings as errors" ON)
set(ASTERISM_TEST_ROOMS "" CACHE STRING "Only the tests of these rooms, for example parallel;backend; empty: all")
set(ASTERISM_SANITIZE "" CACHE STRING "Sanitizers, for example address,undefined or thread")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(ccache_program ccache)
if(ccache_program AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${ccache_program}")
endif()

# Everything that this project compiles itself links asterism_developer.
add_library(asterism_developer INTERFACE)
target_compile_options(asterism_developer INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                       $<$<BOOL:${ASTERISM_WARNINGS_AS_ERRORS}>:-Werror>)
if(ASTERISM_SANITIZE)
  target_compile_options(asterism_developer INTERFACE -fsanitize=${ASTERISM_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(asterism_developer INTERFACE -fsanitize=${ASTERISM_SANITIZE})
endif()

# Checks of the sources and of programs' output are Python scripts.
find_package(Python3 COMPONENTS Interpreter)
