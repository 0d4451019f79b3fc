// Splits a script into the messages that psql would send, and finds psql's own commands in it.
// Mirrors psql's psqlscan.l, psqlscanslash.l and mainloop.c: what is dropped (blank lines between
// the lines of a statement, comments before it) changes the LINE of an error, so it is dropped here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdcsim::scenario {

struct PsqlCommand {
    bool is_meta = false;
    /// The query with its semicolon, or the name of a backslash command without the backslash.
    std::string text;
    /// Of a backslash command. Quotes are resolved as psql does for ordinary arguments.
    std::vector<std::string> arguments;
    /// A psql variable that the text names and that psql would have replaced (":USER"), or "".
    std::string variable;
    /// COPY ... FROM STDIN by its words: psql skips the data even if the query fails before it is read.
    bool copies_in = false;
    int line = 0;  ///< where it begins, from 1
};

/// Reads one script from its begin to its end. The text must outlive it.
class PsqlScript {
  public:
    explicit PsqlScript(std::string_view text);

    /// The next command; nullopt at the end. What stands unterminated at the end is sent, too.
    std::optional<PsqlCommand> next();

    /// The lines after the current one up to `\.` (not included) or the end of the script:
    /// the data of a COPY ... FROM STDIN that the last query started.
    std::string copy_data();

    /// The line that was read last, from 1: where psql stands when it sends a query.
    int current_line() const { return line_number_; }

    /// True if the last query ended at the end of the text without a semicolon.
    bool unterminated() const { return unterminated_; }

  private:
    enum class Quote { kNone, kSingle, kEscape, kDouble, kDollar, kComment };

    bool load_line();
    void scan_line();
    void scan_plain();
    void scan_quoted();
    void scan_comment();
    void scan_word();
    void follow_copy(std::string_view word);
    void follow_function_body(std::string_view word);
    void scan_colon();
    void open_quote(Quote quote, std::size_t length);
    void emit(std::size_t length);
    PsqlCommand take_query();
    PsqlCommand read_meta();
    std::string read_argument();

    std::string_view text_;
    std::size_t position_ = 0;  ///< of the line after the current one
    std::string_view line_;
    std::size_t column_ = 0;
    int line_number_ = 0;
    bool has_line_ = false;
    std::size_t line_begin_ = 0;  ///< where the current line begins in query_

    std::string query_;
    int query_line_ = 0;
    std::string variable_;
    Quote quote_ = Quote::kNone;
    std::string dollar_tag_;
    int comment_depth_ = 0;
    int paren_depth_ = 0;
    int begin_depth_ = 0;
    int word_count_ = 0;
    bool in_copy_ = false;    ///< the statement's first word is COPY
    bool after_from_ = false;  ///< the last word was FROM
    bool copies_in_ = false;
    char words_[4] = {0, 0, 0, 0};
    bool complete_ = false;
    bool at_meta_ = false;
    bool unterminated_ = false;
};

}  // namespace cdcsim::scenario
