#include "sim/postgres/type/array_text.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

#include "core/base/error.h"

namespace cdcsim::pg {
namespace {

[[noreturn]] void malformed(std::string_view literal, std::string detail = {}) {
    SqlError error("22P02", "malformed array literal: \"" + std::string(literal) + "\"");
    if (detail.empty()) throw error;
    throw std::move(error).detail(std::move(detail));
}

[[noreturn]] void unexpected(std::string_view literal, char c) {
    malformed(literal, std::string("Unexpected \"") + c + "\" character.");
}

[[noreturn]] void too_many_dimensions(int count) {
    throw SqlError("54000", "number of array dimensions (" + std::to_string(count) +
                                ") exceeds the maximum allowed (6)");
}

bool is_array_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

bool is_null_word(std::string_view text) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return text.size() == 4 && lower(text[0]) == 'n' && lower(text[1]) == 'u' &&
           lower(text[2]) == 'l' && lower(text[3]) == 'l';
}

/// The first pass: checks the syntax and finds the dimensions.
class DimensionCounter {
  public:
    DimensionCounter(std::string_view text, char delimiter) : text_(text), delimiter_(delimiter) {
        nelems_.fill(1);
    }

    /// Number of dimensions, 0 for an empty array; `dims` is filled.
    int count(std::array<std::int32_t, kMaxDimensions>& dims) {
        while (!end_) {
            while (!item(at(pos_))) ++pos_;
            ++temp_[ndim_ - 1];
            ++pos_;
        }
        for (int i = 0; i < ndim_; ++i) dims[i] = temp_[i];
        for (; pos_ < text_.size(); ++pos_)
            if (!is_array_space(text_[pos_])) malformed(text_, "Junk after closing right brace.");
        return empty_ ? 0 : ndim_;
    }

  private:
    enum class State {
        kNoLevel, kLevelStarted, kElemStarted, kElemCompleted, kQuotedStarted, kQuotedCompleted,
        kElemDelimited, kLevelCompleted, kLevelDelimited
    };
    template <typename... States>
    bool in(States... states) const {
        return ((state_ == states) || ...);
    }
    /// '\0' stands for the end, as in a C string.
    char at(std::size_t pos) const { return pos < text_.size() ? text_[pos] : '\0'; }

    /// One character; true at the end of an item.
    bool item(char c) {
        if (in(State::kElemStarted, State::kQuotedStarted)) empty_ = false;
        switch (c) {
            case '\0': malformed(text_, "Unexpected end of input.");
            case '\\': return backslash(), false;
            case '"': return quote(), false;
            default: break;
        }
        if (quoted_) return false;
        if (c == '{') return open(), false;
        if (c == '}') return close();
        if (c == delimiter_) return delimit();
        if (!is_array_space(c)) plain();
        return false;
    }

    void backslash() {
        if (!in(State::kLevelStarted, State::kElemStarted, State::kQuotedStarted,
                State::kElemDelimited))
            unexpected(text_, '\\');
        if (state_ != State::kQuotedStarted) state_ = State::kElemStarted;
        if (at(pos_ + 1) == '\0') malformed(text_, "Unexpected end of input.");
        ++pos_;
    }

    void quote() {
        if (!in(State::kLevelStarted, State::kQuotedStarted, State::kElemDelimited))
            malformed(text_, "Unexpected array element.");
        quoted_ = !quoted_;
        state_ = quoted_ ? State::kQuotedStarted : State::kQuotedCompleted;
    }

    void open() {
        if (!in(State::kNoLevel, State::kLevelStarted, State::kLevelDelimited))
            unexpected(text_, '{');
        state_ = State::kLevelStarted;
        if (level_ >= kMaxDimensions) too_many_dimensions(level_ + 1);
        temp_[level_++] = 0;
        ndim_ = std::max(ndim_, level_);
    }

    bool close() {
        if (!in(State::kElemStarted, State::kElemCompleted, State::kQuotedCompleted,
                State::kLevelCompleted) &&
            !(level_ == 1 && state_ == State::kLevelStarted))
            unexpected(text_, '}');
        state_ = State::kLevelCompleted;
        if (level_ == 0) malformed(text_, "Unmatched \"}\" character.");
        --level_;
        if (last_[level_] != 0 && nelems_[level_] != last_[level_])
            malformed(text_,
                      "Multidimensional arrays must have sub-arrays with matching dimensions.");
        last_[level_] = nelems_[level_];
        nelems_[level_] = 1;
        if (level_ == 0) return end_ = true;
        ++temp_[level_ - 1];
        return false;
    }

    bool delimit() {
        if (!in(State::kElemStarted, State::kElemCompleted, State::kQuotedCompleted,
                State::kLevelCompleted))
            unexpected(text_, delimiter_);
        state_ = state_ == State::kLevelCompleted ? State::kLevelDelimited : State::kElemDelimited;
        ++nelems_[level_ - 1];
        return true;
    }

    void plain() {
        if (!in(State::kLevelStarted, State::kElemStarted, State::kElemDelimited))
            malformed(text_, "Unexpected array element.");
        state_ = State::kElemStarted;
    }

    std::string_view text_;
    char delimiter_;
    std::size_t pos_ = 0;
    int level_ = 0, ndim_ = 1;
    std::array<std::int32_t, kMaxDimensions> temp_{}, nelems_{}, last_{};
    bool quoted_ = false, end_ = false, empty_ = true;
    State state_ = State::kNoLevel;
};

/// The second pass: takes the elements out. `literal` is the whole text, for errors.
class ElementReader {
  public:
    ElementReader(std::string_view literal, std::string_view text, char delimiter,
                  ArrayValue& value, const ArrayItemReader& read)
        : literal_(literal), text_(text), delimiter_(delimiter), value_(value), read_(read) {}

    void run() {
        while (!end_) {
            start_item();
            while (!step()) {
            }
            finish_item();
        }
    }

  private:
    void start_item() {
        index_ = -1;
        buffer_.clear();
        kept_ = 0;
        leading_ = true;
        quoting_ = false;
    }

    bool step() {
        if (pos_ >= text_.size()) malformed(literal_);
        char c = text_[pos_++];
        switch (c) {
            case '\\':
                if (pos_ >= text_.size()) malformed(literal_);
                keep(text_[pos_++]);
                quoting_ = true;
                return false;
            case '"':
                quoted_ = !quoted_;
                if (quoted_) leading_ = false;
                else kept_ = buffer_.size();
                quoting_ = true;
                return false;
            default: break;
        }
        if (quoted_) return buffer_ += c, false;
        if (c == '{') return open(), false;
        if (c == '}') return close();
        if (c == delimiter_) {
            set_index();
            ++indexes_[value_.ndim - 1];
            return true;
        }
        if (!is_array_space(c)) keep(c);
        else if (!leading_) buffer_ += c;
        return false;
    }

    void keep(char c) {
        buffer_ += c;
        leading_ = false;
        kept_ = buffer_.size();
    }

    void open() {
        if (level_ >= value_.ndim) malformed(literal_);
        indexes_[level_++] = 0;
    }

    bool close() {
        if (level_ == 0) malformed(literal_);
        set_index();
        indexes_[--level_] = 0;
        if (level_ == 0) return end_ = true;
        ++indexes_[level_ - 1];
        return false;
    }

    void set_index() {
        if (index_ != -1) return;
        index_ = 0;
        for (int i = 0; i < value_.ndim; ++i) index_ = index_ * value_.dims[i] + indexes_[i];
    }

    void finish_item() {
        buffer_.resize(kept_);
        if (index_ < 0 || index_ >= static_cast<std::int64_t>(value_.elements.size()))
            malformed(literal_);
        bool is_null = !quoting_ && is_null_word(buffer_);
        value_.elements[static_cast<std::size_t>(index_)] = read_(is_null, buffer_);
    }

    std::string_view literal_, text_;
    char delimiter_;
    ArrayValue& value_;
    const ArrayItemReader& read_;
    std::size_t pos_ = 0, kept_ = 0;
    std::string buffer_;
    std::int64_t index_ = -1;
    std::array<std::int64_t, kMaxDimensions> indexes_{};
    int level_ = 0;
    bool leading_ = true, quoting_ = false, quoted_ = false, end_ = false;
};

/// `[m:n]` items before the braces. Mirrors atoi: nonsense digits are what atoi makes of them.
std::size_t read_bounds(std::string_view text, ArrayValue& value) {
    auto at = [&](std::size_t i) { return i < text.size() ? text[i] : '\0'; };
    auto digits_end = [&](std::size_t i) {
        while ((at(i) >= '0' && at(i) <= '9') || at(i) == '-' || at(i) == '+') ++i;
        return i;
    };
    auto number = [&](std::size_t from, std::size_t to) {
        return std::atoi(std::string(text.substr(from, to - from)).c_str());
    };
    std::size_t pos = 0;
    for (;;) {
        while (is_array_space(at(pos))) ++pos;
        if (at(pos) != '[') return pos;
        ++pos;
        if (value.ndim >= kMaxDimensions) too_many_dimensions(value.ndim + 1);
        std::size_t end = digits_end(pos);
        if (end == pos)
            malformed(text, "\"[\" must introduce explicitly-specified array dimensions.");
        int lower = 1;
        if (at(end) == ':') {
            lower = number(pos, end);
            pos = end + 1;
            end = digits_end(pos);
            if (end == pos) malformed(text, "Missing array dimension value.");
        }
        if (at(end) != ']') malformed(text, "Missing \"]\" after array dimensions.");
        int upper = number(pos, end);
        pos = end + 1;
        if (upper < lower)
            throw SqlError("2202E", "upper bound cannot be less than lower bound");
        value.lower[value.ndim] = lower;
        value.dims[value.ndim] = static_cast<std::int32_t>(
            static_cast<std::uint32_t>(upper) - static_cast<std::uint32_t>(lower) + 1);
        ++value.ndim;
    }
}

}  // namespace

std::int64_t check_array_size(int ndim, const std::int32_t* dims, const std::int32_t* lower) {
    std::string limit = std::to_string(kMaxArrayElements);
    std::int64_t count = ndim == 0 ? 0 : 1;
    for (int i = 0; i < ndim; ++i) {
        if (dims[i] < 0 || count * dims[i] > std::numeric_limits<std::int32_t>::max())
            throw SqlError("54000", "array size exceeds the maximum allowed (" + limit + ")");
        count *= dims[i];
    }
    if (count > kMaxArrayElements)
        throw SqlError("54000", "array size exceeds the maximum allowed (" + limit + ")");
    for (int i = 0; i < ndim && lower != nullptr; ++i) {
        if (std::int64_t{dims[i]} + lower[i] > std::numeric_limits<std::int32_t>::max())
            throw SqlError("54000",
                           "array lower bound is too large: " + std::to_string(lower[i]));
    }
    return count;
}

ArrayValue split_array(std::string_view text, char delimiter, const ArrayItemReader& read) {
    ArrayValue value;
    std::size_t pos = read_bounds(text, value);
    auto at = [&](std::size_t i) { return i < text.size() ? text[i] : '\0'; };
    if (value.ndim == 0) {
        if (at(pos) != '{')
            malformed(text, "Array value must start with \"{\" or dimension information.");
        value.ndim = DimensionCounter(text.substr(pos), delimiter).count(value.dims);
        value.lower.fill(1);
    } else {
        if (at(pos) != '=') malformed(text, "Missing \"=\" after array dimensions.");
        ++pos;
        while (is_array_space(at(pos))) ++pos;
        if (at(pos) != '{') malformed(text, "Array contents must start with \"{\".");
        std::array<std::int32_t, kMaxDimensions> dims{};
        int ndim = DimensionCounter(text.substr(pos), delimiter).count(dims);
        if (ndim != value.ndim ||
            !std::equal(dims.begin(), dims.begin() + ndim, value.dims.begin()))
            malformed(text, "Specified array dimensions do not match array contents.");
    }
    std::int64_t count = check_array_size(value.ndim, value.dims.data(), value.lower.data());
    if (count == 0) return ArrayValue{};
    value.elements.resize(static_cast<std::size_t>(count));
    ElementReader(text, text.substr(pos), delimiter, value, read).run();
    return value;
}

void append_array_item(std::string_view item, char delimiter, std::string& out) {
    bool quotes = item.empty() || is_null_word(item);
    bool escapes = false;
    for (char c : item) {
        if (c == '"' || c == '\\') quotes = escapes = true;
        else if (c == '{' || c == '}' || c == delimiter || is_array_space(c)) quotes = true;
    }
    if (!quotes) {
        out += item;
        return;
    }
    out += '"';
    if (!escapes) {
        out += item;
    } else {
        for (char c : item) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
    }
    out += '"';
}

void join_array(const ArrayValue& value, char delimiter,
                const std::function<void(std::size_t index, std::string& out)>& write_item,
                std::string& out) {
    if (value.ndim == 0 || value.elements.empty()) {
        out += "{}";
        return;
    }
    bool bounds = false;
    for (int i = 0; i < value.ndim; ++i) bounds |= value.lower[i] != 1;
    if (bounds) {
        for (int i = 0; i < value.ndim; ++i) {
            out += '[' + std::to_string(value.lower[i]) + ':';
            out += std::to_string(value.upper(i)) + ']';
        }
        out += '=';
    }
    // A brace opens or closes for each dimension whose sub-array begins or ends at the element.
    std::array<std::size_t, kMaxDimensions> span{};
    std::size_t size = 1;
    for (int i = value.ndim - 1; i >= 0; --i)
        span[i] = size *= static_cast<std::size_t>(value.dims[i]);
    for (std::size_t index = 0; index < value.elements.size(); ++index) {
        if (index > 0) out += delimiter;
        for (int i = 0; i < value.ndim; ++i)
            if (index % span[i] == 0) out += '{';
        write_item(index, out);
        for (int i = 0; i < value.ndim; ++i)
            if ((index + 1) % span[i] == 0) out += '}';
    }
}

}  // namespace cdcsim::pg
