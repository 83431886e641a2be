# Settings for `cmake -C`: a plain build whose tests labelled valgrind run under it.
set(CMAKE_BUILD_TYPE Debug CACHE STRING "" FORCE)
set(CMAKE_C_FLAGS_DEBUG "-O1 -g" CACHE STRING "" FORCE)
set(COACH_VALGRIND ON CACHE BOOL "" FORCE)
