# drover_room(NAME SOURCES... [DEPENDS targets...] [PRIVATE_DEPENDS targets...])
# One static library per room. Its link line is the room's list of what it may know.
function(drover_room name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    target_link_libraries(${name} PUBLIC ${ARG_DEPENDS} PRIVATE drover_options ${ARG_PRIVATE_DEPENDS})
    target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${ARG_DEPENDS})
    target_include_directories(${name} INTERFACE ${PROJECT_SOURCE_DIR})
  endif()
endfunction()

# drover_program(NAME static|shared SOURCES... DEPENDS rooms...)
function(drover_program name runtime)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  if(DROVER_SANITIZER)
    set(runtime shared) # a sanitizer's runtime cannot be part of a static file
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE drover_options ${ARG_DEPENDS} drover_${runtime}_runtime)
endfunction()

# drover_test(NAME LABEL SOURCES... DEPENDS ... [TIMEOUT seconds])
# A GoogleTest program whose cases appear one by one in ctest under the label.
function(drover_test name label)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPENDS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE drover_options ${ARG_DEPENDS} drover_shared_runtime
                        GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE DROVER_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                             DROVER_BINARY_DIR="${PROJECT_BINARY_DIR}")
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST
                       PROPERTIES LABELS ${label} TIMEOUT ${ARG_TIMEOUT})
endfunction()
