# Settings for `cmake -C`: the second compiler, with its own warnings, optimised and without asserts.
set(CMAKE_C_COMPILER clang CACHE STRING "" FORCE)
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
set(COACH_WERROR ON CACHE BOOL "" FORCE)
