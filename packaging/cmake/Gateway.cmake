# coach-gateway, which takes calls from the network. Its libraries are nobody else's: with -DCOACH_GATEWAY=OFF none of
# them is needed. Neither http-parser nor wslay ships a .pc file.
option(COACH_GATEWAY "Build coach-gateway, the way in from the network" ON)
if(NOT COACH_GATEWAY)
  return()
endif()

# coach_find_plain(<prefix> <header> <library> <Debian package>)
function(coach_find_plain prefix header library package)
  find_path(${prefix}_INCLUDE ${header})
  find_library(${prefix}_LIBRARY ${library})
  if(NOT ${prefix}_INCLUDE OR NOT ${prefix}_LIBRARY)
    message(FATAL_ERROR "${header} was not found: install Debian's ${package}, or leave coach-gateway out with "
                        "-DCOACH_GATEWAY=OFF")
  endif()
endfunction()
coach_find_plain(HTTP_PARSER http_parser.h http_parser libhttp-parser-dev)
coach_find_plain(WSLAY wslay/wslay.h wslay libwslay-dev)
coach_find(CRYPTO libcrypto libssl-dev)
coach_find(JWT libjwt libjwt-dev)

# A layer without main.c, so that tests can link it.
file(GLOB gateway_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/daemon/gateway/*.c)
list(FILTER gateway_sources EXCLUDE REGEX "/main\\.c$")
add_library(coach_daemon_gateway STATIC ${gateway_sources})
coach_link(coach_daemon_gateway USES lib/base lib/wire daemon/base
           LIBRARIES PkgConfig::CRYPTO PkgConfig::JWT ${HTTP_PARSER_LIBRARY} ${WSLAY_LIBRARY})

add_executable(coach-gateway ${PROJECT_SOURCE_DIR}/daemon/gateway/main.c)
target_compile_definitions(coach-gateway PRIVATE COACH_DATADIR="${CMAKE_INSTALL_FULL_DATADIR}/coachd")
target_link_libraries(coach-gateway PRIVATE coach_daemon_gateway)
install(TARGETS coach-gateway RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${PROJECT_SOURCE_DIR}/packaging/coach-gateway.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR})
