// SQL text to raw parse trees, by libpg_query (PostgreSQL 15's own parser).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/postgres/parser/node.h"

namespace cdcsim::pg {

struct RawStatement {
    Node node;
    int begin = 0;  ///< byte offset of the statement's text (leading blanks included)
    int end = 0;
};

/// Owns the memory that its Nodes view.
class ParseTree {
  public:
    ParseTree();
    ~ParseTree();
    ParseTree(ParseTree&&) noexcept;
    ParseTree& operator=(ParseTree&&) noexcept;

    const std::vector<RawStatement>& statements() const { return statements_; }
    /// Some hundred levels or more: what recurses over it wants a stack of its own.
    bool deep() const { return deep_; }

  private:
    friend ParseTree parse_sql(std::string_view text);
    struct Impl;
    std::unique_ptr<Impl> impl_;
    std::vector<RawStatement> statements_;
    bool deep_ = false;
};

/// Texts above this size, string literals not counted, are refused before they are parsed (a tree
/// takes 30 times the text).
inline constexpr std::size_t kMaxStatementBytes = 32U << 20U;

/// Throws SqlError with the position of a syntax error, as PostgreSQL does; NotSimulated above
/// kMaxStatementBytes.
ParseTree parse_sql(std::string_view text);

/// A token of PostgreSQL's lexer: byte offsets, libpg_query's token number and keyword kind
/// (0 none, 1 unreserved, 2 col_name, 3 type_func_name, 4 reserved).
struct Token {
    int begin = 0, end = 0, token = 0, keyword = 0;
};
/// Comments come as tokens 275 and 276. Throws SqlError.
std::vector<Token> scan_sql(std::string_view text);

}  // namespace cdcsim::pg
