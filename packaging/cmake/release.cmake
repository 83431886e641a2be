# Settings for `cmake -C`: what is packaged and installed. Optimised, hardened, without tests.
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
set(CMAKE_C_FLAGS "-D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection" CACHE STRING "" FORCE)
foreach(kind EXE SHARED)
  set(CMAKE_${kind}_LINKER_FLAGS "-Wl,-z,relro,-z,now" CACHE STRING "" FORCE)
endforeach()
set(BUILD_TESTING OFF CACHE BOOL "" FORCE)
