#include "core/scenario/psql_print.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "core/scenario/display_width.h"

namespace cdcsim::scenario {

namespace {

struct Character {
    char32_t code = 0;
    std::size_t length = 1;
    bool valid = true;
};

/// The character at the begin of `text`, which is not empty.
Character read_character(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return {first, 1, true};
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length) return {first, 1, false};
    char32_t code = first & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return {first, 1, false};
        code = (code << 6) | (byte(i) & 0x3F);
    }
    return {code, length, true};
}

/// A line of a cell as it is shown, and the columns that it takes.
struct CellLine {
    std::string text;
    int width = 0;
};

void show_control(const Character& c, CellLine& line) {
    const std::string shown = c.length == 1 ? fmt::format("\\x{:02X}", static_cast<unsigned>(c.code))
                                            : fmt::format("\\u{:04X}", static_cast<unsigned>(c.code));
    line.text += shown;
    line.width += static_cast<int>(shown.size());
}

/// Splits a cell at its newlines; tabs become spaces, control characters escapes.
std::vector<CellLine> format_cell(std::string_view text) {
    std::vector<CellLine> lines(1);
    while (!text.empty()) {
        CellLine& line = lines.back();
        const Character c = read_character(text);
        const std::string_view bytes = text.substr(0, c.length);
        text.remove_prefix(c.length);
        if (!c.valid || (c.code > 0xFFFF && (c.code & 0xFFFE) == 0xFFFE)) continue;  // psql drops it
        if (c.code == '\n') {
            lines.emplace_back();
        } else if (c.code == '\r') {
            line.text += "\\r";
            line.width += 2;
        } else if (c.code == '\t') {
            do {
                line.text += ' ';
            } while (++line.width % 8 != 0);
        } else if (const int width = display_width(c.code); width < 0) {
            show_control(c, line);
        } else {
            line.text += bytes;
            line.width += width;
        }
    }
    return lines;
}

// int8, int2, int4, oid, xid, cid, float4, float8, money, numeric, xid8
constexpr std::array<Oid, 11> kRightAligned = {20, 21, 23, 26, 28, 29, 700, 701, 790, 1700, 5069};

class Table {
  public:
    explicit Table(const QueryResult& result) : result_(result) {
        for (const auto& column : result.columns) {
            headers_.push_back(format_cell(column.name));
            widths_.push_back(width_of(headers_.back()));
            right_.push_back(std::find(kRightAligned.begin(), kRightAligned.end(), column.type) !=
                             kRightAligned.end());
        }
        for (const auto& row : result.rows) {
            auto& cells = rows_.emplace_back();
            for (std::size_t i = 0; i < row.size(); ++i) {
                cells.push_back(format_cell(row[i].value_or("")));
                widths_[i] = std::max(widths_[i], width_of(cells.back()));
            }
        }
    }

    std::string print() {
        if (!headers_.empty()) print_headers();
        print_rule();
        for (const auto& row : rows_) {
            if (!row.empty()) print_row(row);
        }
        out_ += rows_.size() == 1 ? "(1 row)\n\n" : fmt::format("({} rows)\n\n", rows_.size());
        return std::move(out_);
    }

  private:
    using Cell = std::vector<CellLine>;

    static int width_of(const Cell& cell) {
        int width = 0;
        for (const CellLine& line : cell) width = std::max(width, line.width);
        return width;
    }
    void pad(int columns) { out_.append(static_cast<std::size_t>(std::max(0, columns)), ' '); }

    void print_headers() {
        std::size_t height = 1;
        for (const Cell& header : headers_) height = std::max(height, header.size());
        for (std::size_t line = 0; line < height; ++line) {
            for (std::size_t i = 0; i < headers_.size(); ++i) print_header_cell(i, line);
            out_ += '\n';
        }
    }

    void print_header_cell(std::size_t i, std::size_t line) {
        const Cell& header = headers_[i];
        out_ += ' ';
        if (line < header.size()) {
            const int space = widths_[i] - header[line].width;
            pad(space / 2);
            out_ += header[line].text;
            pad((space + 1) / 2);
        } else {
            pad(widths_[i]);
        }
        out_ += line + 1 < header.size() ? '+' : ' ';
        if (i + 1 < headers_.size()) out_ += '|';
    }

    void print_rule() {
        out_ += '-';
        for (std::size_t i = 0; i < widths_.size(); ++i) {
            if (i > 0) out_ += "-+-";
            out_.append(static_cast<std::size_t>(widths_[i]), '-');
        }
        out_ += "-\n";
    }

    void print_row(const std::vector<Cell>& row) {
        std::size_t height = 1;
        for (const Cell& cell : row) height = std::max(height, cell.size());
        for (std::size_t line = 0; line < height; ++line) {
            for (std::size_t i = 0; i < row.size(); ++i) {
                print_cell(row[i], line, widths_[i], right_[i], i + 1 == row.size());
            }
            out_ += '\n';
        }
    }

    void print_cell(const Cell& cell, std::size_t line, int width, bool right, bool last) {
        out_ += ' ';
        const bool more = line + 1 < cell.size();
        if (line >= cell.size()) {
            if (!last) pad(width);
        } else if (right) {
            pad(width - cell[line].width);
            out_ += cell[line].text;
        } else {
            out_ += cell[line].text;
            if (!last || more) pad(width - cell[line].width);
        }
        if (more) {
            out_ += '+';
        } else if (!last) {
            out_ += ' ';
        }
        if (!last) out_ += '|';
    }

    const QueryResult& result_;
    std::vector<Cell> headers_;
    std::vector<std::vector<Cell>> rows_;
    std::vector<int> widths_;
    std::vector<bool> right_;
    std::string out_;
};

/// The line of a query that holds an error, cut to the width of a screen.
class ErrorLine {
  public:
    ErrorLine(std::string_view query, int position) : at_(static_cast<std::size_t>(position) - 1) {
        scan(query);
    }

    std::string print() {
        if (at_ > count_) return "";
        shorten();
        std::string out = fmt::format("LINE {}: ", line_number_);
        if (cut_left_) out += "...";
        const int indent = static_cast<int>(out.size()) + column_[at_] - column_[begin_];
        out.append(text_, offset_[begin_], offset_[end_] - offset_[begin_]);
        if (cut_right_) out += "...";
        out += '\n';
        out.append(static_cast<std::size_t>(std::max(0, indent)), ' ');
        return out + "^\n";
    }

  private:
    static constexpr int kDisplaySize = 60;  // columns of the query that are shown
    static constexpr int kMinRightCut = 10;  // columns to keep right of the error

    /// Finds the line and where each of its characters begins, in bytes and in columns.
    void scan(std::string_view query) {
        std::size_t i = 0;
        int column = 0;
        bool ended = false;
        for (; i < query.size(); ++count_) {
            const char c = query[i];
            offset_.push_back(text_.size());
            column_.push_back(column);
            if (c == '\r' || c == '\n') {
                if (count_ >= at_) {
                    ended = true;
                    break;
                }
                if (c == '\r' || count_ == 0 || text_.back() != '\r') ++line_number_;
                begin_ = count_ + 1;
            }
            const Character character = read_character(query.substr(i));
            const int width = display_width(character.code);
            text_ += c == '\t' ? std::string(" ") : std::string(query.substr(i, character.length));
            column += width <= 0 ? 1 : width;
            i += character.length;
        }
        end_ = count_;
        if (!ended) {
            offset_.push_back(text_.size());
            column_.push_back(column);
        }
    }

    int width() const { return column_[end_] - column_[begin_]; }

    void shorten() {
        if (width() <= kDisplaySize) return;
        if (column_[begin_] + kDisplaySize >= column_[at_] + kMinRightCut) {
            while (width() > kDisplaySize) --end_;
            cut_right_ = true;
            return;
        }
        for (; column_[at_] + kMinRightCut < column_[end_]; --end_) cut_right_ = true;
        for (; width() > kDisplaySize; ++begin_) cut_left_ = true;
    }

    std::size_t at_;         // the error's character
    std::size_t count_ = 0;  // characters seen
    std::size_t begin_ = 0, end_ = 0;
    int line_number_ = 1;
    std::string text_;
    std::vector<std::size_t> offset_;
    std::vector<int> column_;
    bool cut_left_ = false, cut_right_ = false;
};

void add_field(std::string& out, std::string_view name, std::string_view value) {
    if (!value.empty()) out += fmt::format("{}:  {}\n", name, value);
}

}  // namespace

std::string print_table(const QueryResult& result) { return Table(result).print(); }

std::string print_report(const Report& report, std::string_view sql) {
    std::string out = fmt::format("{}:  {}\n", report.severity, report.message);
    if (report.position > 0) {
        out += ErrorLine(sql, report.position).print();
    } else if (report.internal_position > 0) {
        out += ErrorLine(report.internal_query, report.internal_position).print();
    }
    add_field(out, "DETAIL", report.detail);
    add_field(out, "HINT", report.hint);
    add_field(out, "QUERY", report.internal_query);
    const bool is_error = report.severity == "ERROR" || report.severity == "FATAL" || report.severity == "PANIC";
    if (is_error) add_field(out, "CONTEXT", report.context);
    return out;
}

std::string message_prefix(const Outcome& outcome) {
    return outcome.file.empty() ? "" : fmt::format("psql:{}:{}: ", outcome.file, outcome.sent_line);
}

std::string print_outcome(const Outcome& outcome) {
    std::string out = outcome.output;
    const std::string prefix = message_prefix(outcome);
    for (const StatementAnswer& answer : outcome.answers) {
        for (const Report& notice : answer.notices) out += prefix + print_report(notice, outcome.sql);
        if (answer.copy_out) {
            out += *answer.copy_out;
            continue;
        }
        const std::string& tag = answer.result.command_tag;
        if (answer.returns_rows) out += print_table(answer.result);
        const bool changes = tag.starts_with("INSERT") || tag.starts_with("UPDATE") || tag.starts_with("DELETE");
        if (!tag.empty() && (!answer.returns_rows || changes)) out += tag + "\n";
    }
    for (const Report& notice : outcome.error_notices) out += prefix + print_report(notice, outcome.sql);
    if (outcome.error) out += prefix + print_report(*outcome.error, outcome.sql);
    return out;
}

}  // namespace cdcsim::scenario
