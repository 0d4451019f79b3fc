// Storage parameters: CREATE TABLE ... WITH (...), ALTER TABLE ... SET (...), RESET (...). Mirrors
// reloptions.c. Those that do not decide where rows lie are checked and shown.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/type/bool.h"

namespace cdcsim::pg {
namespace {

enum class OptionKind : std::uint8_t { kBoolean, kInteger, kReal, kIndexCleanup };
struct StorageOptionRow {
    std::string_view name;
    OptionKind kind = OptionKind::kInteger;
    double least = 0, greatest = 0;
    int StorageOptions::* member = nullptr;  ///< what it decides
};
constexpr double kIntMax = 2147483647, kFreezeMax = 2000000000;
constexpr StorageOptionRow kStorageOptions[] = {
    {"autovacuum_analyze_scale_factor", OptionKind::kReal, 0, 100},
    {"autovacuum_analyze_threshold", OptionKind::kInteger, 0, kIntMax},
    {"autovacuum_enabled", OptionKind::kBoolean},
    {"autovacuum_freeze_max_age", OptionKind::kInteger, 100000, kFreezeMax},
    {"autovacuum_freeze_min_age", OptionKind::kInteger, 0, 1000000000},
    {"autovacuum_freeze_table_age", OptionKind::kInteger, 0, kFreezeMax},
    {"autovacuum_multixact_freeze_max_age", OptionKind::kInteger, 10000, kFreezeMax},
    {"autovacuum_multixact_freeze_min_age", OptionKind::kInteger, 0, 1000000000},
    {"autovacuum_multixact_freeze_table_age", OptionKind::kInteger, 0, kFreezeMax},
    {"autovacuum_vacuum_cost_delay", OptionKind::kReal, 0, 100},
    {"autovacuum_vacuum_cost_limit", OptionKind::kInteger, 1, 10000},
    {"autovacuum_vacuum_insert_scale_factor", OptionKind::kReal, 0, 100},
    {"autovacuum_vacuum_insert_threshold", OptionKind::kInteger, -1, kIntMax},
    {"autovacuum_vacuum_scale_factor", OptionKind::kReal, 0, 100},
    {"autovacuum_vacuum_threshold", OptionKind::kInteger, 0, kIntMax},
    {"fillfactor", OptionKind::kInteger, 10, 100, &StorageOptions::fill_factor},
    {"log_autovacuum_min_duration", OptionKind::kInteger, -1, kIntMax},
    {"parallel_workers", OptionKind::kInteger, 0, 1024},
    {"toast_tuple_target", OptionKind::kInteger, 128, 8160, &StorageOptions::toast_target},
    {"user_catalog_table", OptionKind::kBoolean},
    {"vacuum_index_cleanup", OptionKind::kIndexCleanup},
    {"vacuum_truncate", OptionKind::kBoolean},
};
static_assert(std::ranges::is_sorted(kStorageOptions, {}, &StorageOptionRow::name));
/// Those of a btree index. Nothing looks at how full its pages are.
constexpr StorageOptionRow kIndexOptions[] = {
    {"deduplicate_items", OptionKind::kBoolean},
    {"fillfactor", OptionKind::kInteger, 10, 100},
};
using OptionRows = std::span<const StorageOptionRow>;

const StorageOptionRow& find_option(OptionRows rows, std::string_view name) {
    const auto row = std::ranges::lower_bound(rows, name, {}, &StorageOptionRow::name);
    if (row == rows.end() || row->name != name) throw SqlError("22023", fmt::format("unrecognized parameter \"{}\"", name));
    return *row;
}

SqlError bad_value(std::string_view kind, const StorageOptionRow& row, const std::string& text) {
    return SqlError("22023", fmt::format("invalid value for {} option \"{}\": {}", kind, row.name, text));
}

double number_of(const StorageOptionRow& row, const std::string& text) {
    const bool is_integer = row.kind == OptionKind::kInteger;
    double value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool read = error == std::errc() && end == text.data() + text.size() && !text.empty();
    if (is_integer && read) value = std::nearbyint(value);
    if (!read || (is_integer && std::abs(value) > kIntMax)) throw bad_value(is_integer ? "integer" : "floating point", row, text);
    if (value < row.least || value > row.greatest) {
        const auto shown = [&](double limit) { return is_integer ? fmt::format("{:.0f}", limit) : fmt::format("{:f}", limit); };
        throw SqlError("22023", fmt::format("value {} out of bounds for option \"{}\"", text, row.name))
            .detail(fmt::format("Valid values are between \"{}\" and \"{}\".", shown(row.least), shown(row.greatest)));
    }
    return value;
}

void check_value(const StorageOptionRow& row, const std::string& text, StorageOptions& options) {
    if (row.kind == OptionKind::kInteger || row.kind == OptionKind::kReal) {
        const double value = number_of(row, text);
        if (row.member != nullptr) options.*row.member = static_cast<int>(value);
        return;
    }
    const bool automatic = row.kind == OptionKind::kIndexCleanup && text == "auto";
    if (automatic || parse_bool(text)) return;
    if (row.kind == OptionKind::kBoolean) throw bad_value("boolean", row, text);
    throw bad_value("enum", row, text).detail("Valid values are \"on\", \"off\", and \"auto\".");
}

bool is_text_of(std::string_view text, std::string_view name) { return text.starts_with(name) && text.substr(name.size()).starts_with("="); }

/// A parameter of the table itself. Those of its TOAST table (toast.x) are known, too, and nothing is kept of them.
bool is_for_table(const Node& option) {
    std::string_view space = option.text("defnamespace");
    if (!space.empty() && space != "toast") throw SqlError("22023", fmt::format("unrecognized parameter namespace \"{}\"", space));
    return space.empty();
}

/// The parameters again, from their texts.
void read_texts(StorageOptions& options, OptionRows rows) {
    options.fill_factor = StorageOptions().fill_factor;
    options.toast_target = StorageOptions().toast_target;
    for (const std::string& text : options.texts) {
        const std::size_t equals = text.find('=');
        const std::string_view name = std::string_view(text).substr(0, equals);
        check_value(find_option(rows, name), text.substr(equals + 1), options);
    }
}

void set_options(StorageOptions& options, const std::vector<Node>& given, OptionRows rows) {
    std::vector<std::string_view> names;
    for (const Node& option : given) {
        std::string_view name = option.text("defname");
        if (!is_for_table(option)) {
            if (find_option(rows, name).member != nullptr) throw SqlError("22023", fmt::format("unrecognized parameter \"{}\"", name));
            continue;
        }
        const std::string text = option.has("arg") ? option_string(option) : "true";
        if (name == "oids" && rows.data() == kStorageOptions) {
            if (parse_bool(text).value_or(true)) throw SqlError("0A000", "tables declared WITH OIDS are not supported");
            continue;
        }
        if (std::ranges::find(names, name) != names.end()) throw SqlError("22023", fmt::format("parameter \"{}\" specified more than once", name));
        names.push_back(name);
        std::erase_if(options.texts, [&](const std::string& old) { return is_text_of(old, name); });
        options.texts.push_back(fmt::format("{}={}", name, text));
    }
    read_texts(options, rows);
}

}  // namespace

void set_storage_options(StorageOptions& options, const std::vector<Node>& given) { set_options(options, given, kStorageOptions); }
void set_index_options(StorageOptions& options, const std::vector<Node>& given) { set_options(options, given, kIndexOptions); }

void reset_storage_options(StorageOptions& options, const std::vector<Node>& given) {
    for (const Node& option : given) {
        if (option.has("arg")) throw SqlError("42601", "RESET must not include values for parameters");
        if (!is_for_table(option)) continue;
        std::erase_if(options.texts, [&](const std::string& old) { return is_text_of(old, option.text("defname")); });
    }
    read_texts(options, kStorageOptions);
}

}  // namespace cdcsim::pg
