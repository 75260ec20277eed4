# The compiled form, chosen by the variable ASTERISM_COMPILED: what depends on no policy is compiled once, by the
# sources of its component, which its target adds to the target that links it. Read here, and where an installation is
# found.
set(asterism_source_core asterism.cpp kernels.cpp)
set(asterism_source_text load.cpp)
set(asterism_source_knowledge knowledge.cpp)
set(asterism_source_librarian librarian.cpp)
set(asterism_source_train train.cpp)

# asterism_compile(TARGET COMPONENT FOLDER): FOLDER holds the sources.
function(asterism_compile target component folder)
  if(DEFINED asterism_source_${component})
    target_compile_definitions(${target} INTERFACE ASTERISM_COMPILED)
    foreach(source IN LISTS asterism_source_${component})
      target_sources(${target} INTERFACE "${folder}/${source}")
    endforeach()
  endif()
endfunction()
