#include "sim/postgres/parser/parse.h"

#include <pg_query.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

#include "core/base/error.h"

namespace cdcsim::pg {
namespace {

/// JSON levels; one level of an expression takes about three.
constexpr std::size_t kMaxTreeDepth = 100'000;

/// libpg_query gives positions as 1-based characters; the rest of the server uses byte offsets.
int byte_offset(std::string_view text, int character) {
    if (character <= 0) return -1;
    int seen = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U && ++seen == character) {
            return static_cast<int>(i);
        }
    }
    return static_cast<int>(text.size());
}

struct ErrorCode {
    std::string_view prefix, function, sqlstate;
};
/// libpg_query loses the SQLSTATE; all but these are 42601.
constexpr ErrorCode kErrorCodes[] = {
    {"invalid Unicode escape", "core_yylex", "22025"},
    {"invalid byte sequence", "", "22021"},
    {"invalid Unicode surrogate pair", "", "42601"},
    {"memory exhausted", "", "54001"},
    {"stack depth limit exceeded", "", "54001"},
    {"unsafe use of string constant with Unicode escapes", "", "0A000"},
    {"nonstandard use of escape character", "", "22P06"},
    {"unsafe use of \\' in a string literal", "", "22P06"},
};

SqlError make_error(std::string_view text, const PgQueryError& error) {
    std::string_view message = error.message, function = error.funcname ? error.funcname : "";
    std::string_view sqlstate = "42601";
    for (const ErrorCode& row : kErrorCodes) {
        if (message.starts_with(row.prefix) && (row.function.empty() || row.function == function)) {
            sqlstate = row.sqlstate;
        }
    }
    return SqlError(sqlstate, std::string(message)).at(byte_offset(text, error.cursorpos));
}

void check_text(std::string_view text) {
    if (text.size() > kMaxStatementBytes) {
        throw SqlError("54000", "statement of " + std::to_string(text.size()) +
                                    " bytes is longer than the " +
                                    std::to_string(kMaxStatementBytes) + " that are parsed");
    }
}

std::uint64_t read_varint(const std::uint8_t*& p) {
    std::uint64_t value = 0;
    int shift = 0;
    while ((*p & 0x80U) != 0) {
        value |= std::uint64_t{*p++ & 0x7FU} << shift;
        shift += 7;
    }
    return value | std::uint64_t{*p++} << shift;
}

/// One ScanToken message: start = 1, end = 2, token = 4, keyword kind = 5.
Token read_token(const std::uint8_t* p, const std::uint8_t* end) {
    Token token;
    while (p < end) {
        auto key = read_varint(p);
        auto value = static_cast<int>(read_varint(p));
        switch (key >> 3U) {
            case 1: token.begin = value; break;
            case 2: token.end = value; break;
            case 4: token.token = value; break;
            case 5: token.keyword = value; break;
            default: break;
        }
    }
    return token;
}

/// The number that starts at or behind `pos` (behind signs, blanks, words and comments) if it is not
/// 0 and has a minus sign in front; 0 otherwise.
std::int64_t negative_number_at(std::string_view text, std::size_t pos) {
    bool minus = false;
    for (; pos < text.size() && (text[pos] < '0' || text[pos] > '9'); ++pos) {
        std::string_view rest = text.substr(pos);
        if (rest.starts_with("--")) {
            pos += std::min(rest.find('\n'), rest.size() - 1);
        } else if (rest.starts_with("/*")) {
            pos += std::min(rest.find("*/") + 1, rest.size() - 1);
        } else {
            minus |= text[pos] == '-';
        }
    }
    std::int64_t value = 0;
    std::from_chars(text.data() + pos, text.data() + text.size(), value);
    return minus ? -value : 0;
}

/// libpg_query 15-4.0.0 writes no negative integers: -1 comes as `"ival":{}` or `"Integer":{}`, as 0
/// does. They are read from the statement's text again, at the node's location.
std::string restore_negative_integers(std::string json, std::string_view text) {
    struct Shape {
        std::string_view before, after, field;
    };
    static constexpr Shape kShapes[] = {
        {"\"A_Const\":{\"ival\":{", "},\"location\":", "\"ival\":"},
        {"\"arg\":{\"Integer\":{", "}},\"defaction\":\"DEFELEM_UNSPEC\",\"location\":", "\"ival\":"},
    };
    for (const Shape& shape : kShapes) {
        std::string pattern = std::string(shape.before) + std::string(shape.after);
        for (std::size_t at = 0; (at = json.find(pattern, at)) != std::string::npos;) {
            std::size_t location = 0;
            const char* digits = json.data() + at + pattern.size();
            std::from_chars(digits, json.data() + json.size(), location);
            std::int64_t value = negative_number_at(text, location);
            at += shape.before.size();
            if (value != 0) json.insert(at, std::string(shape.field) + std::to_string(value));
        }
    }
    return json;
}

}  // namespace

struct ParseTree::Impl {
    simdjson::dom::parser parser;
};

ParseTree::ParseTree() : impl_(std::make_unique<Impl>()) {}
ParseTree::~ParseTree() = default;
ParseTree::ParseTree(ParseTree&&) noexcept = default;
ParseTree& ParseTree::operator=(ParseTree&&) noexcept = default;

ParseTree parse_sql(std::string_view text) {
    check_text(text);
    std::string terminated(text);
    PgQueryParseResult result = pg_query_parse(terminated.c_str());
    struct Free {
        PgQueryParseResult& result;
        ~Free() { pg_query_free_parse_result(result); }
    } free_result{result};
    if (result.error != nullptr) throw make_error(text, *result.error);

    ParseTree tree;
    simdjson::dom::element root;
    std::string json = restore_negative_integers(result.parse_tree, text);
    std::size_t length = json.size();
    auto code = tree.impl_->parser.parse(json).get(root);
    if (code == simdjson::DEPTH_ERROR) {
        code = tree.impl_->parser.allocate(length, kMaxTreeDepth);
        CDCSIM_CHECK(code == simdjson::SUCCESS);
        code = tree.impl_->parser.parse(json).get(root);
    }
    if (code == simdjson::DEPTH_ERROR) {
        throw SqlError("54001", "stack depth limit exceeded")
            .hint("Increase the configuration parameter \"max_stack_depth\" (currently 2048kB), after "
                  "ensuring the platform's stack depth limit is adequate.");
    }
    CDCSIM_CHECK(code == simdjson::SUCCESS);
    for (const Node& raw : Node::wrap(&root).items("stmts")) {
        RawStatement statement;
        statement.node = raw["stmt"];
        statement.begin = static_cast<int>(raw.integer("stmt_location"));
        auto bytes = static_cast<int>(raw.integer("stmt_len"));
        statement.end = bytes == 0 ? static_cast<int>(text.size()) : statement.begin + bytes;
        tree.statements_.push_back(statement);
    }
    return tree;
}

std::vector<Token> scan_sql(std::string_view text) {
    check_text(text);
    std::string terminated(text);
    PgQueryScanResult result = pg_query_scan(terminated.c_str());
    struct Free {
        PgQueryScanResult& result;
        ~Free() { pg_query_free_scan_result(result); }
    } free_result{result};
    if (result.error != nullptr) throw make_error(text, *result.error);

    std::vector<Token> tokens;
    const auto* p = reinterpret_cast<const std::uint8_t*>(result.pbuf.data);
    const auto* end = p + result.pbuf.len;
    while (p < end) {
        auto key = read_varint(p);
        if ((key & 7U) == 0) {
            read_varint(p);
            continue;
        }
        auto length = read_varint(p);
        if (key == (2U << 3U | 2U)) tokens.push_back(read_token(p, p + length));
        p += length;
    }
    return tokens;
}

}  // namespace cdcsim::pg
