# Every tests/unit/test_*.c is a program and a test; every tests/integration/*.py and tests/lint/*.py is a test.
# A test that exits 77 was skipped, and says why.
coach_find(CHECK check check)
file(GLOB unit_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/test_*.c)
foreach(source IN LISTS unit_sources)
  get_filename_component(name ${source} NAME_WE)
  string(REPLACE "test_" "unit." test ${name})
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE coach_daemon_base coach_lib_eval PkgConfig::CHECK)
  target_compile_definitions(${name} PRIVATE SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME ${test} COMMAND ${name})
  # Check's fork mode shows leaks of its own under a leak checker.
  set_tests_properties(${test} PROPERTIES TIMEOUT 300)
  if(COACH_SANITIZE)
    set_tests_properties(${test} PROPERTIES ENVIRONMENT "CK_FORK=no")
  endif()
endforeach()

file(GLOB scripts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/integration/test_*.py
     ${PROJECT_SOURCE_DIR}/tests/lint/test_*.py)
foreach(script IN LISTS scripts)
  get_filename_component(name ${script} NAME_WE)
  get_filename_component(folder ${script} DIRECTORY)
  get_filename_component(folder ${folder} NAME)
  string(REPLACE "test_" "${folder}." test ${name})
  add_test(NAME ${test} COMMAND python3 ${script})
  set_tests_properties(${test} PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77
    ENVIRONMENT "COACH_BUILD=${PROJECT_BINARY_DIR};PYTHONPATH=${PROJECT_SOURCE_DIR}/tests/support;PYTHONDONTWRITEBYTECODE=1")
endforeach()
