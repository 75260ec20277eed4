# The compiled form for this project's own programs, which are many: the bodies of a component stand in one library,
# asterism_built_<component>, instead of one more source in every program. Of the components that are required alone:
# what another one needs may be absent.
include(cmake/compiled.cmake)
foreach(component IN ITEMS core text knowledge librarian)
  if(NOT component IN_LIST asterism_required_components)
    continue()
  endif()
  add_library(asterism_built_${component} STATIC EXCLUDE_FROM_ALL "include/asterism/${asterism_source_${component}}")
  target_link_libraries(asterism_built_${component} PUBLIC asterism_${component} PRIVATE asterism_developer)
  target_compile_definitions(asterism_built_${component} PUBLIC ASTERISM_COMPILED)
  if(NOT component STREQUAL core)
    target_link_libraries(asterism_built_${component} PUBLIC asterism_built_core)
  endif()
  if(component STREQUAL librarian)
    target_link_libraries(asterism_built_librarian PUBLIC asterism_built_text asterism_built_knowledge)
  endif()
  if(ASTERISM_SANITIZE)  # the rest is not optimised there: compiling takes longer than running
    target_compile_options(asterism_built_${component} PRIVATE -O1)
  endif()
endforeach()
