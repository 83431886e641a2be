# Settings for `cmake -C`: the fuzz targets under clang's libFuzzer; tests/fuzz/run builds and runs them.
set(CMAKE_C_COMPILER clang CACHE STRING "" FORCE)
set(CMAKE_BUILD_TYPE Debug CACHE STRING "" FORCE)
set(CMAKE_C_FLAGS_DEBUG "-O1 -g" CACHE STRING "" FORCE)
set(COACH_SANITIZE fuzzer-no-link,address,undefined CACHE STRING "" FORCE)
set(COACH_LIBFUZZER ON CACHE BOOL "" FORCE)
