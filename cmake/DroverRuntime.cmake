# Third-party libraries, chosen once per program and not per room: a room compiles against headers
# in /usr/include, the program decides how they are linked.
#   drover_shared_runtime  Debian's shared libraries: the controller and the tests
#   drover_static_runtime  one file that runs on any Linux: the agent and the CLI (style.md section 3.8)

add_library(drover_shared_runtime INTERFACE)
target_link_libraries(drover_shared_runtime INTERFACE
  gRPC::grpc++ protobuf::libprotobuf
  absl::status absl::statusor absl::time absl::strings
  SQLiteCpp SQLite::SQLite3 yaml-cpp OpenSSL::SSL OpenSSL::Crypto Threads::Threads)

set(static_archives
  libgrpc++.a libgrpc.a libgpr.a libupb.a libaddress_sorting.a libprotobuf.a
  libre2.a libcares.a libSQLiteCpp.a libsqlite3.a libyaml-cpp.a libssl.a libcrypto.a libz.a)
set(static_paths "")
foreach(archive IN LISTS static_archives)
  find_library(DROVER_${archive} NAMES ${archive} REQUIRED)
  list(APPEND static_paths ${DROVER_${archive}})
endforeach()
get_filename_component(library_folder ${DROVER_libgrpc.a} DIRECTORY)
file(GLOB absl_archives ${library_folder}/libabsl_*.a)
# These bring a main() or hooks of their own.
list(FILTER absl_archives EXCLUDE REGEX "test|flags|leak|failure_signal|scoped_mock|random_internal_distribution_test")

add_library(drover_static_runtime INTERFACE)
target_link_libraries(drover_static_runtime INTERFACE
  -static -Wl,--gc-sections -Wl,--start-group ${static_paths} ${absl_archives} -Wl,--end-group)
