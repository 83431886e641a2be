# Settings for `cmake -C`: the second compiler, with its own warnings, optimised and without asserts; its tests labelled
# valgrind run under it.
set(CMAKE_C_COMPILER clang CACHE STRING "" FORCE)
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
# Debian 12's valgrind cannot read what clang writes of later versions of DWARF.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g -gdwarf-4 -DNDEBUG" CACHE STRING "" FORCE)
set(COACH_WERROR ON CACHE BOOL "" FORCE)
set(COACH_VALGRIND ON CACHE BOOL "" FORCE)
