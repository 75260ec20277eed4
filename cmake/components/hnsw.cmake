# What the component hnsw needs beside knowledge: read where Asterism is built, and again where an installed one is
# found. What is absent goes into asterism_missing.
list(APPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}/..")
find_package(hnswlib QUIET MODULE)
list(POP_BACK CMAKE_MODULE_PATH)
if(NOT TARGET hnswlib::hnswlib)
  list(APPEND asterism_missing "hnswlib (Debian: libhnswlib-dev)")
endif()
