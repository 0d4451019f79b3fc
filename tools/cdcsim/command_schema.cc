#include "core/scenario/grammar.h"
#include "tools/cdcsim/command.h"
#include "tools/cdcsim/option_set.h"

namespace cdcsim::cli {

Status schema_command(const Arguments& arguments) {
    OptionSet options("schema", "Prints the JSON Schema of scenario files; editors complete and check with it.\n");
    if (!options.parse(arguments)) return Status::kHeld;
    write_out(scenario::json_schema());
    return Status::kHeld;
}

}  // namespace cdcsim::cli
