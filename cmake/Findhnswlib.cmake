# Finds hnswlib, which is headers without a version and without a config file of its own in Debian.
# hnswlib::hnswlib, hnswlib_FOUND; hnswlib_INCLUDE_DIR may say where it is.
find_path(hnswlib_INCLUDE_DIR hnswlib/hnswlib.h)
mark_as_advanced(hnswlib_INCLUDE_DIR)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(hnswlib REQUIRED_VARS hnswlib_INCLUDE_DIR)
if(hnswlib_FOUND AND NOT TARGET hnswlib::hnswlib)
  add_library(hnswlib::hnswlib INTERFACE IMPORTED)
  set_target_properties(hnswlib::hnswlib PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${hnswlib_INCLUDE_DIR}")
endif()
