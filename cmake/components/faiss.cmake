# What the component faiss needs beside knowledge: read where Asterism is built, and again where an installed one is
# found. What is absent goes into asterism_missing. FAISS' own config file brings BLAS and LAPACK, and counts on OpenMP.
find_package(OpenMP QUIET COMPONENTS CXX)
if(TARGET OpenMP::OpenMP_CXX)
  find_package(faiss QUIET CONFIG)
  if(NOT TARGET faiss)
    list(APPEND asterism_missing "FAISS 1.7.3 or newer (Debian: libfaiss-dev)")
  endif()
else()
  list(APPEND asterism_missing "OpenMP of the compiler, on which FAISS stands (clang: libomp-dev)")
endif()
