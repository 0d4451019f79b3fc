// The README's table of what is simulated, counted from the tables that the simulator runs on: what
// is claimed cannot drift from what is there.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "sim/debezium/connector_options.h"
#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/function/registry.h"
#include "tools/cdcsim/command.h"
#include "tools/cdcsim/option_set.h"

namespace cdcsim::cli {
namespace {

bool is_simulated(const pg::ProcRow& proc) {
    return pg::find_scalar_function(proc.oid) != nullptr || pg::find_set_function(proc.oid) != nullptr ||
           pg::find_aggregate(proc.oid) != nullptr;
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "`" : ", `") + name + "`";
    return text;
}

std::string row(std::string_view what, std::size_t simulated, std::size_t known, const std::string& note) {
    return fmt::format("| {} | {} | {} | {} |\n", what, simulated, known, note);
}

/// Base types that columns can have; pseudo-types, arrays and rows of catalogs are left out.
std::string types_row() {
    std::vector<std::string> names;
    std::size_t known = 0;
    for (const pg::TypeRow& type : pg::builtin_types()) {
        bool is_column_type = type.typtype == 'b' && type.category != 'A' && type.category != 'Z' &&
                              !type.name.starts_with("pg_") && !type.name.starts_with("reg");
        if (!is_column_type) continue;
        ++known;
        if (pg::find_type_ops(type.oid) != nullptr) names.emplace_back(type.name);
    }
    std::ranges::sort(names);
    return row("Base types (and arrays of them, enums, domains, composites, ranges)", names.size(), known, joined(names));
}

std::string functions_row(std::string_view what, char kind) {
    std::set<std::string_view> all, simulated;
    for (const pg::ProcRow& proc : pg::builtin_procs()) {
        if (proc.kind != kind) continue;
        all.insert(proc.name);
        if (is_simulated(proc)) simulated.insert(proc.name);
    }
    return row(what, simulated.size(), all.size(), "by name; all of `pg_proc` is known, the rest is refused by name");
}

std::string operators_row() {
    std::size_t simulated = 0;
    for (const pg::OperatorRow& op : pg::builtin_operators()) {
        if (pg::find_scalar_function(op.function) != nullptr) ++simulated;
    }
    return row("Operators", simulated, pg::builtin_operators().size(), "of `pg_operator`");
}

std::string casts_row() {
    std::size_t simulated = 0;
    for (const pg::CastRow& cast : pg::builtin_casts()) {
        if (cast.function == 0 || pg::find_scalar_function(cast.function) != nullptr) ++simulated;
    }
    return row("Casts", simulated, pg::builtin_casts().size(), "of `pg_cast`");
}

std::string options_row() {
    std::vector<std::string> refused;
    std::size_t obeyed = 0, known = 0;
    for (auto options : {debezium::connector_options(), debezium::unlisted_options(), debezium::worker_options()}) {
        for (const debezium::Option& option : options) {
            ++known;
            if (option.use == debezium::Option::Use::kDefaultOnly) {
                refused.emplace_back(option.name);
            } else {
                ++obeyed;
            }
        }
    }
    std::ranges::sort(refused);
    return row("Connector options", obeyed, known, "only with their default: " + joined(refused));
}

}  // namespace

Status support_command(const Arguments& arguments) {
    OptionSet options("support", "Prints the table of what is simulated, as Markdown: the README's.\n");
    if (!options.parse(arguments)) return Status::kHeld;
    write_out("| what | simulated | known | which |\n|---|---|---|---|\n" + types_row() +
              functions_row("Functions", 'f') + functions_row("Aggregates", 'a') + operators_row() +
              casts_row() + options_row());
    return Status::kHeld;
}

}  // namespace cdcsim::cli
