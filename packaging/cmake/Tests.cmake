# Every tests/unit/test_*.c is a program and a test; every tests/integration/*.py and tests/lint/*.py is a test.
# A test that exits 77 was skipped, and says why. Labels: unit, integration, lint, fuzz, bench, valgrind.
option(COACH_VALGRIND "Add tests that run the unit tests and the daemon under valgrind" OFF)
coach_find(CHECK check check)

# Debian's own Python: it has the modules of packaging/packages, another one on PATH may not.
find_program(COACH_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(COACH_PYTHON python3 REQUIRED)

set(test_environment COACH_BUILD=${PROJECT_BINARY_DIR} PYTHONPATH=${PROJECT_SOURCE_DIR}/tests/support
    PYTHONDONTWRITEBYTECODE=1)
if(COACH_SANITIZE)
  # Check's fork mode shows leaks of its own under a leak checker.
  list(APPEND test_environment CK_FORK=no UBSAN_OPTIONS=print_stacktrace=1
       ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1)
endif()
# Under valgrind the cases tagged "large" are left out: they take minutes there and run everywhere else.
set(valgrind valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible)

function(coach_test name label)
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 600 SKIP_RETURN_CODE 77
    ENVIRONMENT "${test_environment}")
endfunction()

# What the engine's conversations are held against.
add_library(reference STATIC ${PROJECT_SOURCE_DIR}/tests/support/reference.c
  ${PROJECT_SOURCE_DIR}/tests/support/callscript.c)
target_compile_definitions(reference PRIVATE SOURCE_DIR="${PROJECT_SOURCE_DIR}")
target_link_libraries(reference PUBLIC coach_lib_eval)

file(GLOB unit_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/test_*.c)
if(NOT COACH_GATEWAY)
  list(FILTER unit_sources EXCLUDE REGEX "/test_gateway_")
endif()
foreach(source IN LISTS unit_sources)
  get_filename_component(name ${source} NAME_WE)
  string(REPLACE "test_" "" module ${name})
  add_executable(${name} ${source})
  # what tests the public functions takes them from the library that others would link
  if(module STREQUAL "coach")
    target_link_libraries(${name} PRIVATE coach_shared PkgConfig::CHECK)
  elseif(module STREQUAL "allocation")
    target_link_libraries(${name} PRIVATE coach_lib_eval coach_shared PkgConfig::CHECK)
  elseif(module STREQUAL "sentences")
    target_link_libraries(${name} PRIVATE reference PkgConfig::CHECK)
  else()
    target_link_libraries(${name} PRIVATE coach_daemon_base coach_lib_eval PkgConfig::CHECK)
  endif()
  if(module MATCHES "^gateway_")
    target_link_libraries(${name} PRIVATE coach_daemon_gateway)
  endif()
  target_compile_definitions(${name} PRIVATE SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  coach_test(unit.${module} unit ${name})
  if(COACH_VALGRIND)
    coach_test(valgrind.${module} valgrind ${CMAKE_COMMAND} -E env CK_FORK=no CK_EXCLUDE_TAGS=large ${valgrind} $<TARGET_FILE:${name}>)
  endif()
endforeach()

# For test_redos.py, which asks for CPU time measured within the process.
add_executable(regexcost ${PROJECT_SOURCE_DIR}/tests/support/regexcost.c)
target_link_libraries(regexcost PRIVATE coach_lib_rules coach_lib_wire)
set_target_properties(regexcost PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)

foreach(folder IN ITEMS integration lint)
  file(GLOB scripts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${folder}/test_*.py)
  foreach(script IN LISTS scripts)
    get_filename_component(name ${script} NAME_WE)
    string(REPLACE "test_" "${folder}." name ${name})
    coach_test(${name} ${folder} ${COACH_PYTHON} ${script})
  endforeach()
endforeach()

if(COACH_VALGRIND)
  coach_test(valgrind.session valgrind ${COACH_PYTHON} ${PROJECT_SOURCE_DIR}/tests/integration/session.py ${valgrind})
endif()

include(FuzzTargets)
include(Bench)

# The longest come first, so that no processor is idle at the end. Later runs go by what CTest has measured.
foreach(name IN ITEMS unit.forked unit.scanner unit.trace valgrind.phrase valgrind.rules valgrind.scanner valgrind.site
        valgrind.sentences valgrind.regex integration.daemon_conversation integration.install integration.interims
        integration.practice integration.score integration.tools integration.cli integration.samples
        integration.daemon_clients integration.redos bench.randomcalls)
  if(TEST ${name})
    set_tests_properties(${name} PROPERTIES COST 100)
  endif()
endforeach()
