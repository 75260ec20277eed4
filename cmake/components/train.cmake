# What the component train needs: what text does.
include("${CMAKE_CURRENT_LIST_DIR}/text.cmake")
