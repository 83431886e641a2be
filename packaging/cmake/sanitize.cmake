# Settings for `cmake -C`: the build that the tests run in. Asserts on, memory and undefined behaviour checked.
set(CMAKE_BUILD_TYPE Debug CACHE STRING "" FORCE)
set(CMAKE_C_FLAGS_DEBUG "-O1 -g" CACHE STRING "" FORCE)
set(COACH_SANITIZE address,undefined CACHE STRING "" FORCE)
