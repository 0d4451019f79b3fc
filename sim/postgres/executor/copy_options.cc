// The options of COPY. Mirrors copy.c's ProcessCopyOptions, its checks in their order.
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <set>

#include <fmt/format.h>

#include "core/base/error.h"
#include "sim/postgres/executor/copy.h"
#include "sim/postgres/executor/utility.h"

namespace cdcsim::pg {
namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

/// defGetBoolean.
bool boolean_of(const Node& option) {
    Node arg = option["arg"];
    if (!arg) return true;
    if (arg.is("Integer") && (arg.integer("ival") == 0 || arg.integer("ival") == 1)) return arg.integer("ival") == 1;
    if (!arg.is("Integer")) {
        std::string text = lower(option_string(option));
        if (text == "true" || text == "on") return true;
        if (text == "false" || text == "off") return false;
    }
    throw SqlError("42601", fmt::format("{} requires a Boolean value", option.text("defname")));
}

CopyHeader header_of(const Node& option, CopyDirection direction) {
    Node arg = option["arg"];
    if (!arg) return CopyHeader::kPresent;
    if (arg.is("Integer")) {
        if (arg.integer("ival") == 0) return CopyHeader::kNone;
        if (arg.integer("ival") == 1) return CopyHeader::kPresent;
    } else {
        std::string text = lower(option_string(option));
        if (text == "true" || text == "on") return CopyHeader::kPresent;
        if (text == "false" || text == "off") return CopyHeader::kNone;
        if (text == "match" && direction == CopyDirection::kTo) throw SqlError("0A000", "cannot use \"match\" with HEADER in COPY TO");
        if (text == "match") return CopyHeader::kMatch;
    }
    throw SqlError("42601", fmt::format("{} requires a Boolean value or \"match\"", option.text("defname")));
}

std::vector<std::string> columns_of(const Node& option) {
    Node arg = option["arg"];
    if (!arg.is("List")) {
        throw SqlError("22023", fmt::format("argument to option \"{}\" must be a list of column names", option.text("defname"))).at(option.location());
    }
    return name_list(arg.items());
}

/// What was given, before it is checked as a whole.
struct Given {
    bool binary = false;
    std::optional<std::string> delimiter, null_text, quote, escape;
};

void take_option(const Node& option, CopyDirection direction, CopyOptions& options, Given& given) {
    std::string_view name = option.text("defname");
    if (name == "format") {
        std::string format = option_string(option);
        if (format != "text" && format != "csv" && format != "binary") {
            throw SqlError("22023", fmt::format("COPY format \"{}\" not recognized", format)).at(option.location());
        }
        options.csv = format == "csv";
        given.binary = format == "binary";
    } else if (name == "freeze") {
        if (boolean_of(option)) throw NotSimulated("COPY FREEZE");
    } else if (name == "delimiter") {
        given.delimiter = option_string(option);
    } else if (name == "null") {
        given.null_text = option_string(option);
    } else if (name == "header") {
        options.header = header_of(option, direction);
    } else if (name == "quote") {
        given.quote = option_string(option);
    } else if (name == "escape") {
        given.escape = option_string(option);
    } else if (name == "force_quote") {
        options.force_quote_all = option["arg"].is("A_Star");
        if (!options.force_quote_all) options.force_quote = columns_of(option);
    } else if (name == "force_not_null") {
        options.force_not_null = columns_of(option);
    } else if (name == "force_null") {
        options.force_null = columns_of(option);
    } else if (name == "encoding") {
        std::string encoding = lower(option_string(option));
        if (encoding != "utf8" && encoding != "utf-8" && encoding != "unicode") throw NotSimulated("COPY ENCODING other than UTF8");
    } else {
        throw SqlError("42601", fmt::format("option \"{}\" not recognized", name)).at(option.location());
    }
}

[[noreturn]] void unsupported(const std::string& message) { throw SqlError("0A000", message); }

void check_delimiter(const std::string& delimiter, const std::string& null_text, bool csv) {
    if (delimiter.size() != 1) unsupported("COPY delimiter must be a single one-byte character");
    if (delimiter == "\r" || delimiter == "\n") throw SqlError("22023", "COPY delimiter cannot be newline or carriage return");
    if (null_text.find_first_of("\r\n") != std::string::npos) throw SqlError("22023", "COPY null representation cannot use newline or carriage return");
    constexpr std::string_view kTaken = "\\.abcdefghijklmnopqrstuvwxyz0123456789";
    if (!csv && kTaken.find(delimiter[0]) != std::string_view::npos) throw SqlError("22023", fmt::format("COPY delimiter cannot be \"{}\"", delimiter));
}

void check_csv(const CopyOptions& options, const Given& given, CopyDirection direction) {
    bool from = direction == CopyDirection::kFrom;
    if (!options.csv && given.quote) unsupported("COPY quote available only in CSV mode");
    if (given.quote && given.quote->size() != 1) unsupported("COPY quote must be a single one-byte character");
    if (options.csv && options.delimiter == options.quote) throw SqlError("22023", "COPY delimiter and quote must be different");
    if (!options.csv && given.escape) unsupported("COPY escape available only in CSV mode");
    if (given.escape && given.escape->size() != 1) unsupported("COPY escape must be a single one-byte character");
    bool force_quote = options.force_quote_all || !options.force_quote.empty();
    if (!options.csv && force_quote) unsupported("COPY force quote available only in CSV mode");
    if (force_quote && from) unsupported("COPY force quote only available using COPY TO");
    if (!options.csv && !options.force_not_null.empty()) unsupported("COPY force not null available only in CSV mode");
    if (!options.force_not_null.empty() && !from) unsupported("COPY force not null only available using COPY FROM");
    if (!options.csv && !options.force_null.empty()) unsupported("COPY force null available only in CSV mode");
    if (!options.force_null.empty() && !from) unsupported("COPY force null only available using COPY FROM");
    if (options.null_text.find(options.delimiter) != std::string::npos) unsupported("COPY delimiter must not appear in the NULL specification");
    if (options.csv && options.null_text.find(options.quote) != std::string::npos) unsupported("CSV quote character must not appear in the NULL specification");
}

}  // namespace

CopyOptions bind_copy_options(const std::vector<Node>& items, CopyDirection direction) {
    CopyOptions options;
    Given given;
    std::set<std::string> seen;
    for (const Node& option : items) {
        if (!seen.emplace(option.text("defname")).second) throw SqlError("42601", "conflicting or redundant options").at(option.location());
        take_option(option, direction, options, given);
    }
    if (given.binary && given.delimiter) throw SqlError("42601", "cannot specify DELIMITER in BINARY mode");
    if (given.binary && given.null_text) throw SqlError("42601", "cannot specify NULL in BINARY mode");
    std::string delimiter = given.delimiter.value_or(options.csv ? "," : "\t");
    options.null_text = given.null_text.value_or(options.csv ? "" : "\\N");
    check_delimiter(delimiter, options.null_text, options.csv);
    if (given.binary && options.header != CopyHeader::kNone) unsupported("cannot specify HEADER in BINARY mode");
    options.delimiter = delimiter[0];
    if (given.quote && !given.quote->empty()) options.quote = (*given.quote)[0];
    options.escape = given.escape && !given.escape->empty() ? (*given.escape)[0] : options.quote;
    check_csv(options, given, direction);
    if (given.binary) throw NotSimulated("COPY in binary format");
    return options;
}

}  // namespace cdcsim::pg
