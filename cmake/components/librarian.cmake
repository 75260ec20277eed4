# What the component librarian needs: what text and knowledge do.
include("${CMAKE_CURRENT_LIST_DIR}/text.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/knowledge.cmake")
list(REMOVE_DUPLICATES asterism_missing)
