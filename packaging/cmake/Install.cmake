# What `cmake --install` puts where (GNUInstallDirs).
set(data ${CMAKE_INSTALL_DATADIR}/coachd)
configure_file(${PROJECT_SOURCE_DIR}/packaging/cmake/libcoach.pc.in ${PROJECT_BINARY_DIR}/libcoach.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/libcoach.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${PROJECT_SOURCE_DIR}/lib/coach.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS coach_shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/rules/ DESTINATION ${data}/rules)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/packaging/schema/ DESTINATION ${data}/schema)
install(FILES ${PROJECT_SOURCE_DIR}/packaging/LICENSE ${PROJECT_SOURCE_DIR}/packaging/coachd.yaml
        DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/packaging/examples/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples USE_SOURCE_PERMISSIONS)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/packaging/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man7)
