// The options that every command understands.
#ifndef DROVER_CONTROLLER_CLI_OPTIONS_H_
#define DROVER_CONTROLLER_CLI_OPTIONS_H_

#include <optional>
#include <string>

#include "common/base/time.h"

namespace drover::cli {

enum class Format { kTable, kJson, kYaml, kNdjson };

struct GlobalOptions {
  std::string context;
  std::string address;
  std::string ca;
  std::string certificate;
  std::string key;
  bool no_color = false;
  bool verbose = false;
  Format format = Format::kTable;
  // How long a call or a watch may take.
  std::optional<Millis> timeout;
};

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_OPTIONS_H_
