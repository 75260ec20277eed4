# What the component cuda needs beside core: read where Asterism is built, and again where an installed one is found.
# What is absent goes into asterism_missing.
find_package(CUDAToolkit QUIET)
if(NOT CUDAToolkit_FOUND)
  list(APPEND asterism_missing "the CUDA toolkit (nvcc on the PATH, or CUDAToolkit_ROOT)")
elseif(CUDAToolkit_VERSION VERSION_LESS 12)
  list(APPEND asterism_missing "CUDA toolkit 12 or newer (${CUDAToolkit_VERSION} is here)")
elseif(NOT CMAKE_CUDA_COMPILER)
  list(APPEND asterism_missing "the language CUDA: project(... LANGUAGES CXX CUDA) comes before Asterism")
endif()

# asterism::cuda_language brings C++20 to CUDA sources, which cxx_std_20 does not reach.
if(NOT TARGET asterism::cuda_language)
  add_library(asterism::cuda_language INTERFACE IMPORTED)
  if("cuda_std_20" IN_LIST CMAKE_CUDA_COMPILE_FEATURES)
    target_compile_features(asterism::cuda_language INTERFACE cuda_std_20)
  else()  # CMake 3.25 does not know it of nvcc 12 and newer
    target_compile_options(asterism::cuda_language INTERFACE "$<$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>:-std=c++20>")
  endif()
endif()
