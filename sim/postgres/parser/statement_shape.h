// What is the same in two statements that differ in their literals: the key under which a bound plan
// is shared. One pass over the text by a lexer of our own, a tenth of the time of PostgreSQL's; what
// it does not know for certain (comments, dollar quotes, E'' and its kin, parameters) it leaves to
// the parser. Tests compare it with scan_sql.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdcsim::pg {

/// The binder's view of a literal: its type before any context is known.
enum class LiteralClass : std::uint8_t { kString, kInt4, kInt8, kNumeric };

struct Literal {
    LiteralClass kind = LiteralClass::kString;
    int begin = 0, end = 0;   ///< byte offsets, quotes included
};

struct StatementShape {
    std::string key;              ///< the text with each literal replaced by its class
    std::vector<Literal> literals;
    std::vector<std::size_t> stand_ins;   ///< where they stand in `key`

    /// False: not one INSERT, UPDATE, DELETE or SELECT that the lexer is certain about; then this is empty.
    /// REQUIRES: `text` is valid UTF-8.
    bool read(std::string_view text);
    /// As read(), but only for a text of the very shape that this has already: a program's next
    /// statement often has it, and then a comparison is enough. After false comes read().
    bool read_alike(std::string_view text);
};

/// The characters of a '...' literal.
std::string literal_characters(std::string_view text, const Literal& literal);

}  // namespace cdcsim::pg
