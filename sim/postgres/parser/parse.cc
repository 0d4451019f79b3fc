#include "sim/postgres/parser/parse.h"

#include <pg_query.h>
#include <pthread.h>
#include <simdjson.h>

#include <cctype>
#include <string>

#include "core/base/error.h"
#include "sim/postgres/parser/negative_integer.h"
#include "sim/postgres/type/stack_depth.h"

namespace cdcsim::pg {
namespace {

/// JSON levels; one level of an expression takes about three. Deeper than this PostgreSQL's stack
/// would not hold either.
constexpr std::size_t kMaxTreeDepth = 100'000;
/// Texts up to this size have no tree that libpg_query could not write within a usual stack: it
/// recurses once a level, and `1+1+1+...` has as many levels as terms.
constexpr std::size_t kShortTextBytes = 64U << 10U;
/// Address space only; pages come as they are touched.
constexpr std::size_t kLargeStackBytes = std::size_t{1} << 30U;

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

struct ParseJob {
    const std::string& text;
    PgQueryParseResult result;
};

PgQueryParseResult parse_on_large_stack(const std::string& text) {
    ParseJob job{text, {}};
    auto run = [](void* argument) -> void* {
        auto& mine = *static_cast<ParseJob*>(argument);
        mine.result = pg_query_parse(mine.text.c_str());
        return nullptr;
    };
    pthread_attr_t attributes;
    pthread_t thread{};
    CDCSIM_CHECK(pthread_attr_init(&attributes) == 0);
    CDCSIM_CHECK(pthread_attr_setstacksize(&attributes, kLargeStackBytes) == 0);
    CDCSIM_CHECK(pthread_create(&thread, &attributes, run, &job) == 0);
    pthread_attr_destroy(&attributes);
    pthread_join(thread, nullptr);
    return job.result;
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
    {"", "processCASbits", "0A000"},
    {"CREATE ASSERTION is not yet implemented", "", "0A000"},
    {"CREATE EXTENSION ... FROM is no longer supported", "", "0A000"},
    {"CREATE OR REPLACE CONSTRAINT TRIGGER is not supported", "", "0A000"},
    {"CREATE SCHEMA IF NOT EXISTS cannot include schema elements", "", "0A000"},
    {"MATCH PARTIAL not yet implemented", "", "0A000"},
    {"UNENCRYPTED PASSWORD is no longer supported", "", "0A000"},
    {"UNIQUE predicate is not yet implemented", "", "0A000"},
    {"WITH CHECK OPTION not supported on recursive views", "", "0A000"},
    {"a column list with ", "", "0A000"},
    {"column number must be in range from 1 to ", "", "22023"},
    {"current database cannot be changed", "", "0A000"},
    {"frame ", "", "42P20"},
    {"precision for type float must be ", "", "22023"},
    {"nonstandard use of escape character", "", "22P06"},
    {"unsafe use of \\' in a string literal", "", "22P06"},
};

struct ErrorHint {
    std::string_view message, sqlstate, hint;
};
/// libpg_query loses hints too.
constexpr ErrorHint kErrorHints[] = {
    {"LIMIT #,# syntax is not supported", "", "Use separate LIMIT and OFFSET clauses."},
    {"VALUES in FROM must have an alias", "", "For example, FROM (VALUES ...) [AS] foo."},
    {"invalid Unicode escape", "22025", "Unicode escapes must be \\uXXXX or \\UXXXXXXXX."},
    {"invalid Unicode escape", "42601", "Unicode escapes must be \\XXXX or \\+XXXXXX."},
    {"missing argument", "", "Use NONE to denote the missing argument of a unary operator."},
    {"subquery in FROM must have an alias", "", "For example, FROM (SELECT ...) [AS] foo."},
    {"unsafe use of \\' in a string literal", "", "Use '' to write quotes in strings. \\' is insecure in client-only encodings."},
};

/// What newer minor versions say, and details, which libpg_query loses too.
struct OtherWords {
    std::string_view message, said, detail;
};
constexpr OtherWords kOtherWords[] = {
    {"ALTER CONSTRAINT statement constraints cannot be marked NO INHERIT", "FOREIGN KEY constraints cannot be marked NO INHERIT", ""},
    {"ALTER CONSTRAINT statement constraints cannot be marked NOT VALID", "FOREIGN KEY constraints cannot be marked NOT VALID", ""},
    {"invalid publication object list", "invalid publication object list", "One of TABLE or TABLES IN SCHEMA must be specified before a standalone table or schema name."},
    {"invalid schema name at or near", "invalid schema name", ""},
    {"invalid table name at or near", "invalid table name", ""},
};

SqlError make_error(std::string_view text, const PgQueryError& error) {
    std::string_view message = error.message, function = error.funcname ? error.funcname : "";
    std::string_view sqlstate = "42601";
    for (const ErrorCode& row : kErrorCodes) {
        if (message.starts_with(row.prefix) && (row.function.empty() || row.function == function)) {
            sqlstate = row.sqlstate;
        }
    }
    int at = byte_offset(text, error.cursorpos);
    std::string said(message);
    // Newer minor versions take the whole word in.
    if (said.starts_with("trailing junk after numeric literal at or near") && at >= 0) {
        auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || (static_cast<unsigned char>(c) & 0x80U) != 0; };
        std::size_t end = static_cast<std::size_t>(at) + (said.size() - said.find('"') - 2);
        while (end < text.size() && is_word(text[end])) ++end;
        said = "trailing junk after numeric literal at or near \"" + std::string(text.substr(static_cast<std::size_t>(at), end - static_cast<std::size_t>(at))) + "\"";
    }
    std::string detail;
    for (const OtherWords& row : kOtherWords) {
        if (said != row.message) continue;
        said = row.said;
        detail = row.detail;
    }
    SqlError result = SqlError(sqlstate, said).detail(detail);
    result.set_position(at);
    for (const ErrorHint& row : kErrorHints) {
        if (said == row.message && (row.sqlstate.empty() || row.sqlstate == sqlstate)) result.set_hint(std::string(row.hint));
    }
    return result;
}

/// What is left without the insides of '...': a literal is one node of the tree, however long.
std::size_t bytes_outside_literals(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t open = std::min(text.find('\'', at), text.size());
        count += open - at;
        std::size_t close = open == text.size() ? open : text.find('\'', open + 1);
        at = close == std::string_view::npos ? text.size() : close + 1;
    }
    return count;
}

void check_text(std::string_view text) {
    if (text.size() <= kMaxStatementBytes || bytes_outside_literals(text) <= kMaxStatementBytes) return;
    throw NotSimulated("a statement of more than 32 MB without its literals (" +
                       std::to_string(text.size()) + " bytes)");
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
    PgQueryParseResult result = text.size() <= kShortTextBytes ? pg_query_parse(terminated.c_str()) : parse_on_large_stack(terminated);
    struct Free {
        PgQueryParseResult& result;
        ~Free() { pg_query_free_parse_result(result); }
    } free_result{result};
    if (result.error != nullptr) throw make_error(text, *result.error);

    ParseTree tree;
    simdjson::dom::element root;
    std::string_view json = result.parse_tree;
    std::string restored;
    if (has_unwritten_integer(json)) json = restored = restore_negative_integers(text, json);
    std::size_t length = json.size();
    auto code = tree.impl_->parser.parse(json.data(), length).get(root);
    if (code == simdjson::DEPTH_ERROR) {
        tree.deep_ = true;
        code = tree.impl_->parser.allocate(length, kMaxTreeDepth);
        CDCSIM_CHECK(code == simdjson::SUCCESS);
        code = tree.impl_->parser.parse(json.data(), length).get(root);
    }
    if (code == simdjson::DEPTH_ERROR) {
        throw_stack_depth();
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
