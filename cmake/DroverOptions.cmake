# Compiler settings of Drover's own code, linked PRIVATE; generated code does not get them.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)

option(DROVER_WERROR "Treat warnings as errors" ON)
option(DROVER_BUILD_TESTS "Build the tests" ON)
set(DROVER_SANITIZER "" CACHE STRING "Value for -fsanitize=, empty for none")

# Line tables are what a stack trace needs; full debug information costs a third of the build.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

# Paths below the source folder are cached relative to it, so that a second clone finds everything.
find_program(DROVER_CCACHE ccache)
if(DROVER_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
      ${DROVER_CCACHE})
endif()

add_library(drover_options INTERFACE)
target_compile_options(drover_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  $<$<BOOL:${DROVER_WERROR}>:-Werror>)
target_include_directories(drover_options INTERFACE ${PROJECT_SOURCE_DIR})

if(DROVER_SANITIZER)
  add_compile_options(-fsanitize=${DROVER_SANITIZER} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${DROVER_SANITIZER})
else()
  add_compile_options(-ffunction-sections -fdata-sections)
endif()
