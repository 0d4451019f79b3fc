// Lines and fields of COPY FROM. Mirrors copyfromparse.c: CopyReadLineText, CopyReadAttributesText
// and CopyReadAttributesCSV.
#include <cstdint>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "sim/postgres/executor/copy.h"

namespace cdcsim::pg {
namespace {

constexpr std::string_view kBadFormat = "22P04";

int octal_digit(char c) { return c >= '0' && c <= '7' ? c - '0' : -1; }

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// Reads up to `limit` digits at `at`; -1 if there is none.
int read_digits(std::string_view text, std::size_t& at, int limit, int base, int (*digit)(char)) {
    int value = -1;
    for (; limit > 0 && at < text.size() && digit(text[at]) >= 0; --limit) {
        value = (value < 0 ? 0 : value * base) + digit(text[at++]);
    }
    return value;
}

/// The character behind a backslash; `at` stands on it and is moved behind what was read.
char unescape(std::string_view text, std::size_t& at) {
    char c = text[at];
    if (octal_digit(c) >= 0) return static_cast<char>(read_digits(text, at, 3, 8, octal_digit) & 0377);
    ++at;
    switch (c) {
        case 'b': return '\b';
        case 'f': return '\f';
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        case 'v': return '\v';
        case 'x': {
            int value = read_digits(text, at, 2, 16, hex_digit);
            return value < 0 ? c : static_cast<char>(value & 0xFF);
        }
        default: return c;
    }
}

}  // namespace

bool CopyReader::next_line() {
    if (done_) return false;
    ++line_number_;
    bool ended = read_line();
    std::size_t bad = utf8::invalid_at(line_);
    if (bad != std::string::npos) throw NotSimulated("COPY data that is not valid UTF-8");
    if (!ended) return true;
    done_ = true;
    return !line_.empty();
}

/// True if `c` ends the line. The first line's end is that of all lines.
bool CopyReader::end_of_line(char c, bool in_quote) {
    bool csv = options_.csv;
    if (in_quote) return false;
    if (c == '\r') {
        if (line_end_ == LineEnd::kNewline) {
            throw SqlError(kBadFormat, csv ? "unquoted carriage return found in data" : "literal carriage return found in data")
                .hint(csv ? "Use quoted CSV field to represent carriage return." : "Use \"\\r\" to represent carriage return.");
        }
        bool newline = position_ < data_.size() && data_[position_] == '\n';
        if (line_end_ == LineEnd::kUnknown) line_end_ = newline ? LineEnd::kBoth : LineEnd::kReturn;
        if (line_end_ == LineEnd::kBoth && !newline) {
            throw SqlError(kBadFormat, csv ? "unquoted carriage return found in data" : "literal carriage return found in data")
                .hint(csv ? "Use quoted CSV field to represent carriage return." : "Use \"\\r\" to represent carriage return.");
        }
        if (line_end_ == LineEnd::kBoth) ++position_;
        return true;
    }
    if (c != '\n') return false;
    if (line_end_ == LineEnd::kReturn || line_end_ == LineEnd::kBoth) {
        throw SqlError(kBadFormat, csv ? "unquoted newline found in data" : "literal newline found in data")
            .hint(csv ? "Use quoted CSV field to represent newline." : "Use \"\\n\" to represent newline.");
    }
    line_end_ = LineEnd::kNewline;
    return true;
}

/// `\.`: the end of the data. `position_` stands behind the dot.
bool CopyReader::end_marker(std::size_t line_begin) {
    char next = position_ < data_.size() ? data_[position_] : '\n';
    bool ends = next == '\n' || next == '\r';
    if (!ends && options_.csv) return false;
    if (!ends) throw SqlError(kBadFormat, "end-of-copy marker corrupt");
    line_ = data_.substr(line_begin, position_ - 2 - line_begin);
    position_ = data_.size();
    return true;
}

/// Reads one line into line_. True: the data has ended.
bool CopyReader::read_line() {
    std::size_t begin = position_;
    bool in_quote = false, escaped = false;
    // A quote that is its own escape needs no care here: two of them close and open.
    char escape = options_.escape == options_.quote ? '\0' : options_.escape;
    line_.clear();
    while (position_ < data_.size()) {
        std::size_t at = position_;
        char c = data_[position_++];
        if (options_.csv) {
            if (in_quote && escape != '\0' && c == escape) escaped = !escaped;
            if (c == options_.quote && !escaped) in_quote = !in_quote;
            if (c != escape) escaped = false;
            if (in_quote && c == (line_end_ == LineEnd::kNewline ? '\n' : '\r')) ++line_number_;
        }
        if (end_of_line(c, options_.csv && in_quote)) {
            line_ = data_.substr(begin, at - begin);
            return false;
        }
        if (c != '\\' || (options_.csv && at != begin) || position_ >= data_.size()) continue;
        char next = data_[position_];
        if (next == '.') {
            ++position_;
            if (end_marker(begin)) return true;
        } else if (!options_.csv) {
            ++position_;
        }
    }
    line_ = data_.substr(begin);
    return true;
}

std::vector<CopyField> CopyReader::fields() const { return options_.csv ? csv_fields() : text_fields(); }

std::vector<CopyField> CopyReader::text_fields() const {
    std::vector<CopyField> fields;
    std::size_t at = 0;
    while (true) {
        std::size_t begin = at;
        std::string value;
        bool found_delimiter = false, special = false;
        std::size_t end = line_.size();
        while (at < line_.size()) {
            char c = line_[at];
            if (c == options_.delimiter) {
                found_delimiter = true;
                end = at++;
                break;
            }
            ++at;
            if (c == '\\' && at < line_.size()) {
                c = unescape(line_, at);
                special = special || c == '\0' || (static_cast<unsigned char>(c) & 0x80U) != 0;
            }
            value += c;
        }
        if (std::string_view(line_).substr(begin, end - begin) == options_.null_text) {
            fields.emplace_back();
        } else {
            if (special) utf8::require_valid(value);
            fields.emplace_back(std::move(value));
        }
        if (!found_delimiter) return fields;
    }
}

std::vector<CopyField> CopyReader::csv_fields() const {
    std::vector<CopyField> fields;
    std::size_t at = 0;
    while (true) {
        std::string value;
        bool found_delimiter = false, quoted = false, in_quote = false;
        std::size_t begin = at, end = line_.size();
        while (at < line_.size()) {
            char c = line_[at++];
            bool has_next = at < line_.size();
            if (!in_quote && c == options_.delimiter) {
                found_delimiter = true;
                end = at - 1;
                break;
            }
            if (!in_quote && c == options_.quote) {
                quoted = in_quote = true;
            } else if (in_quote && c == options_.escape && has_next && (line_[at] == options_.escape || line_[at] == options_.quote)) {
                value += line_[at++];
            } else if (in_quote && c == options_.quote) {
                in_quote = false;
            } else {
                value += c;
            }
        }
        if (in_quote) throw SqlError(kBadFormat, "unterminated CSV quoted field");
        bool is_null = !quoted && std::string_view(line_).substr(begin, end - begin) == options_.null_text;
        if (is_null) {
            fields.emplace_back();
        } else {
            fields.emplace_back(std::move(value));
        }
        if (!found_delimiter) return fields;
    }
}

}  // namespace cdcsim::pg
