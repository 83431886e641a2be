# Settings for `cmake -C`: counts which lines and branches run; tests/coverage prints them.
set(CMAKE_BUILD_TYPE Debug CACHE STRING "" FORCE)
set(COACH_COVERAGE ON CACHE BOOL "" FORCE)
