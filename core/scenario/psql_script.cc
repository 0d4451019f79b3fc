#include "core/scenario/psql_script.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace cdcsim::scenario {

namespace {

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_high(char c) { return static_cast<unsigned char>(c) >= 0x80; }
bool is_word_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_high(c);
}
bool is_word_part(char c) { return is_word_start(c) || is_digit(c) || c == '$'; }
bool is_variable_part(char c) { return is_word_start(c) || is_digit(c); }

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    }
    return out;
}

// The variables that psql itself sets; `:NAME` of any other name stays as it is. Sorted.
constexpr std::array kVariables = std::to_array<std::string_view>(
    {"AUTOCOMMIT", "COMP_KEYWORD_CASE", "DBNAME", "ECHO", "ECHO_HIDDEN", "ENCODING", "ERROR",
     "FETCH_COUNT", "HIDE_TABLEAM", "HIDE_TOAST_COMPRESSION", "HISTCONTROL", "HISTSIZE", "HOST",
     "IGNOREEOF", "LAST_ERROR_MESSAGE", "LAST_ERROR_SQLSTATE", "ON_ERROR_ROLLBACK",
     "ON_ERROR_STOP", "PORT", "PROMPT1", "PROMPT2", "PROMPT3", "QUIET", "ROW_COUNT",
     "SERVER_VERSION_NAME", "SERVER_VERSION_NUM", "SHOW_ALL_RESULTS", "SHOW_CONTEXT", "SINGLELINE",
     "SINGLESTEP", "SQLSTATE", "USER", "VERBOSITY", "VERSION", "VERSION_NAME", "VERSION_NUM"});
static_assert(std::is_sorted(kVariables.begin(), kVariables.end()));

bool is_psql_variable(std::string_view name) {
    return std::binary_search(kVariables.begin(), kVariables.end(), name);
}

/// The length of `$tag$` at the begin of `text`, 0 if there is none.
std::size_t dollar_quote_length(std::string_view text) {
    std::size_t i = 1;
    if (i < text.size() && is_word_start(text[i])) {
        while (i < text.size() && is_variable_part(text[i])) ++i;
    }
    return i < text.size() && text[i] == '$' ? i + 1 : 0;
}

}  // namespace

PsqlScript::PsqlScript(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
}

bool PsqlScript::load_line() {
    if (position_ >= text_.size()) return false;
    const std::size_t end = std::min(text_.find('\n', position_), text_.size());
    line_ = text_.substr(position_, end - position_);
    position_ = end + 1;
    column_ = 0;
    ++line_number_;
    has_line_ = true;
    return true;
}

std::optional<PsqlCommand> PsqlScript::next() {
    while (true) {
        if (!has_line_) {
            if (!load_line()) break;
            const bool quoted = quote_ != Quote::kNone;
            if (line_.empty() && !quoted) {  // psql drops blank lines, so errors count without them
                has_line_ = false;
                continue;
            }
            if (!query_.empty()) query_ += '\n';
            line_begin_ = query_.size();
        }
        scan_line();
        if (complete_) return take_query();
        if (at_meta_) {  // a line of nothing but a command adds nothing to the query
            if (line_begin_ > 0 && query_.size() == line_begin_) query_.pop_back();
            line_begin_ = 0;
            return read_meta();
        }
        has_line_ = false;
    }
    if (query_.empty()) return std::nullopt;
    unterminated_ = true;
    return take_query();
}

/// Scans up to the end of the line, of the query or to a backslash command.
void PsqlScript::scan_line() {
    complete_ = at_meta_ = false;
    while (column_ < line_.size() && !complete_ && !at_meta_) {
        if (quote_ == Quote::kNone) {
            scan_plain();
        } else if (quote_ == Quote::kComment) {
            scan_comment();
        } else {
            scan_quoted();
        }
    }
}

void PsqlScript::emit(std::size_t length) {
    if (query_.empty()) query_line_ = line_number_;
    query_ += line_.substr(column_, length);
    column_ += length;
}

void PsqlScript::open_quote(Quote quote, std::size_t length) {
    emit(length);
    quote_ = quote;
}

void PsqlScript::scan_plain() {
    const std::string_view rest = line_.substr(column_);
    const char c = rest[0];
    const char second = rest.size() > 1 ? rest[1] : '\0';
    if (is_space(c) || rest.starts_with("--")) {
        std::size_t length = is_space(c) ? 1 : rest.size();
        while (length < rest.size() && is_space(rest[length])) ++length;
        if (query_.empty()) {
            column_ += length;  // nothing has begun yet
        } else {
            emit(length);
        }
        return;
    }
    if (rest.starts_with("/*")) return comment_depth_ = 0, open_quote(Quote::kComment, 2);
    if (c == '\'') return open_quote(Quote::kSingle, 1);
    if (c == '"') return open_quote(Quote::kDouble, 1);
    if (c == '$') {
        const std::size_t length = dollar_quote_length(rest);
        if (length == 0) return emit(1);
        dollar_tag_ = rest.substr(0, length);
        return open_quote(Quote::kDollar, length);
    }
    if (c == '(') return ++paren_depth_, emit(1);
    if (c == ')') return paren_depth_ = std::max(0, paren_depth_ - 1), emit(1);
    if (c == ';') {
        emit(1);
        complete_ = paren_depth_ == 0 && begin_depth_ == 0;
        if (complete_) word_count_ = 0;
        return;
    }
    if (c == '\\' && (second == ';' || second == ':')) {
        ++column_;
        if (second == ';') word_count_ = 0;
        return emit(1);
    }
    if (c == '\\') {
        at_meta_ = true;
        return;
    }
    if (c == ':') return scan_colon();
    if (is_word_start(c)) return scan_word();
    if (is_digit(c)) {  // a number swallows what follows it, 1e5 is not the word e5
        std::size_t length = 1;
        while (length < rest.size() && is_word_part(rest[length]) && rest[length] != '$') ++length;
        return emit(length);
    }
    emit(1);
}

/// The end of a quote is found within a line; a doubled quote closes and opens again.
void PsqlScript::scan_quoted() {
    const std::string_view rest = line_.substr(column_);
    if (quote_ == Quote::kDollar) {
        const std::size_t end = rest.find(dollar_tag_);
        if (end == std::string_view::npos) return emit(rest.size());
        emit(end + dollar_tag_.size());
        quote_ = Quote::kNone;
        return;
    }
    const char close = quote_ == Quote::kDouble ? '"' : '\'';
    const char stops[] = {close, '\\'};
    const std::string_view wanted(stops, quote_ == Quote::kEscape ? 2 : 1);
    for (std::size_t i = rest.find_first_of(wanted); i < rest.size();
         i = rest.find_first_of(wanted, i + 2)) {
        if (rest[i] == '\\') continue;  // and what it escapes
        emit(i + 1);
        quote_ = Quote::kNone;
        return;
    }
    emit(rest.size());
}

void PsqlScript::scan_comment() {
    const std::string_view rest = line_.substr(column_);
    if (rest.starts_with("/*")) {
        ++comment_depth_;
        return emit(2);
    }
    if (rest.starts_with("*/")) {
        if (comment_depth_-- == 0) quote_ = Quote::kNone;
        return emit(2);
    }
    emit(std::max<std::size_t>(1, std::min(rest.find_first_of("/*", 1), rest.size())));
}

void PsqlScript::scan_word() {
    const std::string_view rest = line_.substr(column_);
    std::size_t length = 1;
    while (length < rest.size() && is_word_part(rest[length])) ++length;
    const std::string word = lower(rest.substr(0, length));
    if (length == 1 && length < rest.size() && rest[1] == '\'') {
        if (word == "e") return open_quote(Quote::kEscape, 2);
        if (word == "b" || word == "x" || word == "n") return open_quote(Quote::kSingle, 2);
    }
    emit(length);
    follow_copy(word);
    follow_function_body(word);
    ++word_count_;
}

void PsqlScript::follow_copy(std::string_view word) {
    if (word_count_ == 0) in_copy_ = word == "copy";
    if (!in_copy_ || paren_depth_ > 0) return;
    if (after_from_ && (word == "stdin" || word == "stdout")) copies_in_ = true;
    after_from_ = word == "from";
}

/// `BEGIN ATOMIC ... END` of CREATE FUNCTION holds semicolons; psql's heuristic follows the first
/// words of the statement, and counts BEGIN, CASE and END from then on.
void PsqlScript::follow_function_body(std::string_view word) {
    if (word_count_ == 0) std::fill(std::begin(words_), std::end(words_), '\0');
    if (word_count_ < 4 && (word == "create" || word == "function" || word == "procedure" ||
                            word == "or" || word == "replace")) {
        words_[word_count_] = word[0];
    }
    const bool or_replace = words_[1] == 'o' && words_[2] == 'r';
    const char kind = or_replace ? words_[3] : words_[1];
    if (words_[0] != 'c' || (kind != 'f' && kind != 'p') || paren_depth_ != 0) return;
    if (word == "begin" || (word == "case" && begin_depth_ > 0)) ++begin_depth_;
    if (word == "end") begin_depth_ = std::max(0, begin_depth_ - 1);
}

/// psql puts its variables in place of :NAME, :'NAME' and :"NAME".
void PsqlScript::scan_colon() {
    const std::string_view rest = line_.substr(column_);
    if (rest.starts_with("::")) return emit(2);
    std::size_t begin = 1;
    const char quote = rest.size() > 1 && (rest[1] == '\'' || rest[1] == '"') ? rest[1] : '\0';
    if (quote) ++begin;
    std::size_t end = begin;
    while (end < rest.size() && is_variable_part(rest[end])) ++end;
    const std::string_view name = rest.substr(begin, end - begin);
    const bool closed = !quote || (end < rest.size() && rest[end] == quote);
    if (closed && variable_.empty() && is_psql_variable(name)) variable_ = ":" + std::string(name);
    emit(1);
}

PsqlCommand PsqlScript::take_query() {
    PsqlCommand out;
    out.text.swap(query_);
    out.variable.swap(variable_);
    out.line = query_line_;
    out.copies_in = std::exchange(copies_in_, false);
    if (unterminated_) {
        quote_ = Quote::kNone;
        paren_depth_ = begin_depth_ = word_count_ = 0;
    }
    return out;
}

/// Reads `\name argument ...` to the end of the line, or to `\\`, or to the next command.
PsqlCommand PsqlScript::read_meta() {
    PsqlCommand out;
    out.is_meta = true;
    out.line = line_number_;
    ++column_;
    while (column_ < line_.size() && !is_space(line_[column_]) && line_[column_] != '\\') {
        out.text += line_[column_++];
    }
    while (true) {
        while (column_ < line_.size() && is_space(line_[column_])) ++column_;
        if (column_ >= line_.size()) break;
        if (line_[column_] == '\\') {
            if (line_.substr(column_).starts_with("\\\\")) column_ += 2;
            break;
        }
        out.arguments.push_back(read_argument());
    }
    return out;
}

/// Single quotes are taken away and their backslashes resolved, double quotes stay.
std::string PsqlScript::read_argument() {
    std::string out;
    char quote = '\0';
    for (; column_ < line_.size(); ++column_) {
        const char c = line_[column_];
        if (quote == '\0' && (is_space(c) || c == '\\')) break;
        if (quote == '\'' && c == '\\' && column_ + 1 < line_.size()) {
            const char next = line_[++column_];
            static constexpr std::string_view kNames = "ntbrf", kValues = "\n\t\b\r\f";
            const std::size_t found = kNames.find(next);
            out += found == std::string_view::npos ? next : kValues[found];
        } else if (quote == '\'' && c == '\'' && line_.substr(column_ + 1).starts_with("'")) {
            out += line_[++column_];
        } else if (c == '\'' && quote != '"') {
            quote = quote ? '\0' : '\'';
        } else {
            if (c == '"') quote = quote ? '\0' : '"';
            out += c;
        }
    }
    return out;
}

std::string PsqlScript::copy_data() {
    std::string out;
    while (position_ < text_.size()) {
        const std::size_t end = std::min(text_.find('\n', position_), text_.size());
        std::string_view line = text_.substr(position_, end - position_);
        position_ = end + 1;
        ++line_number_;
        if (line == "\\." || line == "\\.\r") break;
        out += line;
        out += '\n';
    }
    return out;
}

}  // namespace cdcsim::scenario
