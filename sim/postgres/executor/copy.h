// COPY: its options, and the reading of its text and CSV formats. Inner header of executor/.
// Mirrors copy.c's ProcessCopyOptions and copyfromparse.c.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/postgres/parser/node.h"

namespace cdcsim::pg {

enum class CopyDirection : char { kFrom, kTo };
enum class CopyHeader : char { kNone, kPresent, kMatch };

struct CopyOptions {
    bool csv = false;
    char delimiter = '\t', quote = '"', escape = '"';
    std::string null_text = "\\N";
    CopyHeader header = CopyHeader::kNone;
    bool force_quote_all = false;
    std::vector<std::string> force_quote, force_not_null, force_null;
};
/// Throws what PostgreSQL says of options that do not fit. REQUIRES: items are DefElems.
CopyOptions bind_copy_options(const std::vector<Node>& items, CopyDirection direction);

/// One field: nullopt is the NULL text.
using CopyField = std::optional<std::string>;

/// Splits COPY data into lines and lines into fields.
class CopyReader {
  public:
    CopyReader(std::string data, const CopyOptions& options) : data_(std::move(data)), options_(options) {}
    /// The next line without its end; false at the end of the data.
    bool next_line();
    const std::string& line() const { return line_; }
    std::uint64_t line_number() const { return line_number_; }
    std::vector<CopyField> fields() const;

  private:
    enum class LineEnd : char { kUnknown, kNewline, kReturn, kBoth };
    bool read_line();
    bool end_of_line(char c, bool in_quote);
    bool end_marker(std::size_t line_begin);
    std::vector<CopyField> text_fields() const;
    std::vector<CopyField> csv_fields() const;

    std::string data_;
    const CopyOptions& options_;
    std::size_t position_ = 0;
    LineEnd line_end_ = LineEnd::kUnknown;
    std::string line_;
    std::uint64_t line_number_ = 0;
    bool done_ = false;
};

}  // namespace cdcsim::pg
