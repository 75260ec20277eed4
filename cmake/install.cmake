# What an installation holds. All of it is text that depends on no architecture, hence share/ and not lib/.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
option(ASTERISM_COMPILED "Users of this installation get the compiled form unless they say otherwise" OFF)
set(config_folder "${CMAKE_INSTALL_DATADIR}/cmake/asterism")
set(generated_folder "${PROJECT_BINARY_DIR}/installed")

# One export set for each component, so that a consumer needs nothing that its components do not.
foreach(component IN LISTS asterism_components)
  install(TARGETS asterism_${component} EXPORT asterism_${component}
          FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT asterism_${component} NAMESPACE asterism:: FILE ${component}-targets.cmake
          DESTINATION "${config_folder}")
  install(FILES "cmake/components/${component}.cmake" DESTINATION "${config_folder}/components")
endforeach()
install(FILES cmake/compiled.cmake cmake/Findhnswlib.cmake DESTINATION "${config_folder}")

configure_package_config_file(cmake/asterismConfig.cmake.in "${generated_folder}/asterismConfig.cmake"
                              INSTALL_DESTINATION "${config_folder}" NO_SET_AND_CHECK_MACRO
                              PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file("${generated_folder}/asterismConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${generated_folder}/asterismConfig.cmake" "${generated_folder}/asterismConfigVersion.cmake"
        DESTINATION "${config_folder}")

# pkg-config files name folders relative to themselves, so that an installation can be moved.
file(RELATIVE_PATH include_from_pkgconfig "${CMAKE_INSTALL_FULL_DATADIR}/pkgconfig" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
foreach(name IN ITEMS asterism asterism-text asterism-knowledge asterism-librarian asterism-train
                      asterism-compiled asterism-text-compiled asterism-knowledge-compiled
                      asterism-librarian-compiled asterism-train-compiled)
  configure_file("cmake/pkgconfig/${name}.pc.in" "${generated_folder}/${name}.pc" @ONLY)
  install(FILES "${generated_folder}/${name}.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
endforeach()
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
