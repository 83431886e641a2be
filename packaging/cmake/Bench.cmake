# Every tests/bench/NAME.c is a program that prints figures: build/tests/NAME. Those that prove something run in CTest
# too, for a bounded share.
file(GLOB bench_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/bench/*.c)
foreach(source IN LISTS bench_sources)
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_compile_definitions(${name} PRIVATE SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE reference coach_lib_eval)
endforeach()
coach_test(bench.differential bench differential --pairs 200000)
coach_test(bench.hostile bench hostile)
coach_test(bench.randomcalls bench randomcalls --events 100000)
