# What a developer of Asterism itself builds. A consumer sees none of it: with add_subdirectory this file is not read,
# and an installation does not hold it. Packagers turn tests and examples off; then no dependency has to be there
# either.
option(ASTERISM_BUILD_TESTS "Build the tests" ON)
option(ASTERISM_BUILD_EXAMPLES "Build the examples" ON)
option(ASTERISM_BUILD_DOCS "The target docs, API pages by Doxygen; there with the tests too" OFF)
option(ASTERISM_BUILD_BENCHMARKS "Build the benchmarks (needs Google Benchmark)" OFF)
set(ASTERISM_CUDA AUTO CACHE STRING "Build what needs nvcc: AUTO where there is one, ON, OFF")
option(ASTERISM_WARNINGS_AS_ERRORS "Treat compiler warnings as errors" ON)
option(ASTERISM_TESTS_TOGETHER "Compile the tests of a room together, which takes less time in all" ON)
set(ASTERISM_SANITIZE "" CACHE STRING "Sanitizers, for example address,undefined or thread")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# A compiler cache, where there is one, knows what another checkout has compiled: no absolute path goes into an object.
find_program(ccache_program ccache)
if(ccache_program AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_CURRENT_SOURCE_DIR}"
      CCACHE_NOHASHDIR=1
      "${ccache_program}")
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-ffile-prefix-map=${CMAKE_CURRENT_SOURCE_DIR}=.>")
endif()

# Components that have to be there for what is built.
set(asterism_required_components "")
if(ASTERISM_BUILD_TESTS OR ASTERISM_BUILD_EXAMPLES OR ASTERISM_BUILD_BENCHMARKS)
  set(asterism_required_components core text train)
  if(ASTERISM_BUILD_TESTS OR ASTERISM_BUILD_BENCHMARKS)
    list(APPEND asterism_required_components knowledge librarian)
  endif()
  if(NOT ASTERISM_CUDA STREQUAL OFF)
    include(CheckLanguage)
    check_language(CUDA)
  endif()
  if(CMAKE_CUDA_COMPILER OR ASTERISM_CUDA STREQUAL ON)
    set(CMAKE_CUDA_ARCHITECTURES "80;90" CACHE STRING "GPUs for which this project compiles")
    enable_language(CUDA)
    list(APPEND asterism_required_components cuda)
  endif()
endif()

# Everything that this project compiles itself links asterism_developer.
add_library(asterism_developer INTERFACE)
target_compile_options(asterism_developer INTERFACE
                       "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wnon-virtual-dtor>"
                       "$<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${ASTERISM_WARNINGS_AS_ERRORS}>>:-Werror>")
if(ASTERISM_SANITIZE)
  target_compile_options(asterism_developer INTERFACE -fsanitize=${ASTERISM_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(asterism_developer INTERFACE -fsanitize=${ASTERISM_SANITIZE})
endif()

# Checks of the sources and of programs' output are Python scripts.
find_package(Python3 COMPONENTS Interpreter)
