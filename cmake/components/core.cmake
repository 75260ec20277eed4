# What the component core needs: read where Asterism is built, and again where an installed one is found.
# What is absent goes into asterism_missing.
find_package(Eigen3 QUIET NO_MODULE)  # of any version: linalg/eigen.hpp knows which ones are too old
if(NOT TARGET Eigen3::Eigen)
  list(APPEND asterism_missing "Eigen 3.4 or newer (Debian: libeigen3-dev)")
endif()
find_package(Threads QUIET)
if(NOT TARGET Threads::Threads)
  list(APPEND asterism_missing "the system's threads library")
endif()
