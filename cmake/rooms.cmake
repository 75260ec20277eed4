# Reads cmake/rooms: asterism_rooms, the rooms in their order, and asterism_component_<room>.
set(asterism_rooms "")
file(STRINGS "${CMAKE_CURRENT_LIST_DIR}/rooms" lines REGEX "^[a-z_]+\\*?:")
foreach(line IN LISTS lines)
  string(REGEX MATCH "^([a-z_]+)\\*?: +([a-z]+):" matched "${line}")
  list(APPEND asterism_rooms "${CMAKE_MATCH_1}")
  set(asterism_component_${CMAKE_MATCH_1} "${CMAKE_MATCH_2}")
endforeach()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/rooms")
