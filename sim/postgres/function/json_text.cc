// Functions of type json, which keeps its text as written: each call parses it again and cuts the
// answer out. Mirrors the semantic actions of jsonfuncs.c, whose order of errors shows.
#include <array>
#include <limits>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/json_path_elements.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/json_parse.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

constexpr int kNoIndex = std::numeric_limits<int>::min();

struct PathElement {
    std::optional<std::string> name;
    int index = kNoIndex;
};

/// Elements of the valid array that starts at `start`.
int count_elements(std::string_view text, std::size_t start) {
    int depth = 0, commas = 0;
    bool any = false;
    for (std::size_t i = start; i < text.size(); ++i) {
        char c = text[i];
        if (c == '"') {
            any = true;
            for (++i; i < text.size() && text[i] != '"'; ++i)
                if (text[i] == '\\') ++i;
        } else if (c == '[' || c == '{') {
            any |= depth > 0;
            ++depth;
        } else if (c == ']' || c == '}') {
            if (--depth == 0) break;
        } else if (c == ',') {
            commas += depth == 1;
        } else if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
            any = true;
        }
    }
    return any ? commas + 1 : 0;
}

/// ->, ->>, #>, #>>: the value at the path; of equal keys the last one counts.
class PathGetter final : public JsonEvents {
  public:
    enum class Result { kJson, kText };
    PathGetter(std::string_view json, std::vector<PathElement> path, Result result)
        : lexer_(json, JsonLexer::Escapes::kDecode),
          path_(std::move(path)),
          reached_(path_.size() + 1, false),
          position_(path_.size() + 1, -1),
          as_text_(result == Result::kText) {
        reached_[0] = true;
    }

    Datum run() {
        parse_json(lexer_, *this);
        return result_ ? Datum::of_text(std::move(*result_)) : Datum();
    }

    void object_start() override { whole_start(); }
    void object_end() override { whole_end(); }
    void array_start() override {
        std::size_t level = this->level();
        if (level >= path_.size()) return whole_start();
        position_[level] = -1;
        // The path keeps the index that was counted from the end of the first array met.
        int& index = path_[level].index;
        if (index >= 0 || index == kNoIndex) return;
        int count = count_elements(lexer_.text(), lexer_.token_start());
        if (-index <= count) index += count;
    }
    void array_end() override { whole_end(); }

    void field_start(std::string_view name, bool) override { member_start(matches(name)); }
    void field_end(std::string_view name, bool is_null) override {
        member_end(matches(name), is_null);
    }
    void element_start(bool) override {
        if (level() <= path_.size()) ++position_[level() - 1];
        member_start(matches_position());
    }
    void element_end(bool is_null) override { member_end(matches_position(), is_null); }

    void scalar(JsonToken token, std::string_view text) override {
        if (level() == 0 && path_.empty()) {
            if (as_text_ && token == JsonToken::kString) next_scalar_ = true;
            else if (as_text_ && token == JsonToken::kNull) result_.reset();
            else result_ = lexer_.text().substr(0, lexer_.previous_end());
        }
        if (next_scalar_) {
            result_ = text;
            next_scalar_ = false;
        }
    }

  private:
    std::size_t level() const { return static_cast<std::size_t>(lexer_.level); }

    void whole_start() {
        if (level() == 0 && path_.empty()) start_ = lexer_.token_start();
    }
    void whole_end() {
        if (level() == 0 && path_.empty()) take();
    }
    void take() {
        result_ = lexer_.text().substr(*start_, lexer_.previous_end() - *start_);
    }

    bool on_path() const { return level() <= path_.size() && reached_[level() - 1]; }
    bool matches(std::string_view name) const {
        return on_path() && path_[level() - 1].name && *path_[level() - 1].name == name;
    }
    bool matches_position() const {
        return on_path() && position_[level() - 1] == path_[level() - 1].index;
    }

    void member_start(bool match) {
        if (!match) return;
        if (level() < path_.size()) {
            reached_[level()] = true;
            return;
        }
        result_.reset();
        start_.reset();
        if (as_text_ && lexer_.token() == JsonToken::kString) next_scalar_ = true;
        else start_ = lexer_.token_start();
    }

    void member_end(bool match, bool is_null) {
        if (!match) return;
        if (level() < path_.size()) {
            reached_[level()] = false;
            return;
        }
        if (!start_) return;
        if (is_null && as_text_) result_.reset();
        else take();
        start_.reset();
    }

    JsonLexer lexer_;
    std::vector<PathElement> path_;
    std::vector<bool> reached_;
    std::vector<int> position_;
    bool as_text_, next_scalar_ = false;
    std::optional<std::size_t> start_;
    std::optional<std::string> result_;
};

template <PathGetter::Result kResult>
Datum object_field(CallContext&, Args args) {
    return PathGetter(args[0].as_text(), {{args[1].as_text(), kNoIndex}}, kResult).run();
}

template <PathGetter::Result kResult>
Datum array_element(CallContext&, Args args) {
    return PathGetter(args[0].as_text(), {{std::nullopt, static_cast<int>(args[1].as_int())}},
                      kResult)
        .run();
}

template <PathGetter::Result kResult>
Datum extract_path(CallContext&, Args args) {
    std::vector<PathElement> path;
    for (auto& name : read_text_array(args[1].as_text())) {
        if (!name) return Datum();
        int index = path_index(*name).value_or(kNoIndex);
        path.push_back({std::move(name), index});
    }
    return PathGetter(args[0].as_text(), std::move(path), kResult).run();
}

[[noreturn]] void cannot(const std::string& what) { throw SqlError("22023", "cannot " + what); }

/// A parse that looks at the top level only; `name` is the SQL function's, for its errors.
class TopLevel : public JsonEvents {
  public:
    TopLevel(std::string_view json, JsonLexer::Escapes escapes, std::string name)
        : name_(std::move(name)), lexer_(json, escapes) {}
    void run() { parse_json(lexer_, *this); }

  protected:
    std::string_view since(std::size_t start) const {
        return lexer_.text().substr(start, lexer_.previous_end() - start);
    }
    std::string name_;
    JsonLexer lexer_;
};

class ArrayLength final : public TopLevel {
  public:
    using TopLevel::TopLevel;
    void object_start() override {
        if (lexer_.level == 0) cannot("get array length of a non-array");
    }
    void scalar(JsonToken, std::string_view) override {
        if (lexer_.level == 0) cannot("get array length of a scalar");
    }
    void element_start(bool) override { count += lexer_.level == 1; }
    int count = 0;
};

Datum json_array_length(CallContext&, Args args) {
    ArrayLength counter(args[0].as_text(), JsonLexer::Escapes::kKeep, "");
    counter.run();
    return Datum::of_int(counter.count);
}

class ObjectKeys final : public TopLevel {
  public:
    using TopLevel::TopLevel;
    void field_start(std::string_view name, bool) override {
        if (lexer_.level == 1) keys.push_back(Datum::of_text(name));
    }
    void array_start() override {
        if (lexer_.level == 0) cannot("call " + name_ + " on an array");
    }
    void scalar(JsonToken, std::string_view) override {
        if (lexer_.level == 0) cannot("call " + name_ + " on a scalar");
    }
    std::vector<Datum> keys;
};

void json_object_keys(CallContext&, Args args, const RowSink& emit) {
    ObjectKeys reader(args[0].as_text(), JsonLexer::Escapes::kDecode, "json_object_keys");
    reader.run();
    for (const Datum& key : reader.keys)
        if (!emit({&key, 1})) return;
}

/// The members of the top-level container, as text where `as_text` is set.
class Members : public TopLevel {
  public:
    Members(std::string_view json, JsonLexer::Escapes escapes, std::string name, bool as_text)
        : TopLevel(json, escapes, std::move(name)), as_text_(as_text) {}
    std::vector<std::array<Datum, 2>> rows;

  protected:
    void start() {
        if (lexer_.level != 1) return;
        next_scalar_ = as_text_ && lexer_.token() == JsonToken::kString;
        start_ = lexer_.token_start();
    }
    void end(std::string_view key, bool is_null) {
        if (lexer_.level != 1) return;
        Datum value;
        if (is_null && as_text_) value = Datum();
        else if (next_scalar_) value = Datum::of_text(string_);
        else value = Datum::of_text(since(start_));
        next_scalar_ = false;
        rows.push_back({Datum::of_text(key), std::move(value)});
    }
    void keep(std::string_view text) {
        if (next_scalar_) string_ = text;
    }

  private:
    bool as_text_, next_scalar_ = false;
    std::size_t start_ = 0;
    std::string string_;
};

class Fields final : public Members {
  public:
    using Members::Members;
    void field_start(std::string_view, bool) override { start(); }
    void field_end(std::string_view name, bool is_null) override { end(name, is_null); }
    void array_start() override {
        if (lexer_.level == 0) cannot("deconstruct an array as an object");
    }
    void scalar(JsonToken, std::string_view text) override {
        if (lexer_.level == 0) cannot("deconstruct a scalar");
        keep(text);
    }
};

class Elements final : public Members {
  public:
    using Members::Members;
    void element_start(bool) override { start(); }
    void element_end(bool is_null) override { end({}, is_null); }
    void object_start() override {
        if (lexer_.level == 0) cannot("call " + name_ + " on a non-array");
    }
    void scalar(JsonToken, std::string_view text) override {
        if (lexer_.level == 0) cannot("call " + name_ + " on a scalar");
        keep(text);
    }
};

void emit_fields(Args args, bool as_text, const RowSink& emit) {
    Fields reader(args[0].as_text(), JsonLexer::Escapes::kDecode, "", as_text);
    reader.run();
    for (const auto& row : reader.rows)
        if (!emit(row)) return;
}
void json_each(CallContext&, Args args, const RowSink& emit) { emit_fields(args, false, emit); }
void json_each_text(CallContext&, Args args, const RowSink& emit) { emit_fields(args, true, emit); }

void emit_elements(Args args, bool as_text, const char* name, const RowSink& emit) {
    auto escapes = as_text ? JsonLexer::Escapes::kDecode : JsonLexer::Escapes::kKeep;
    Elements reader(args[0].as_text(), escapes, name, as_text);
    reader.run();
    for (const auto& row : reader.rows)
        if (!emit({&row[1], 1})) return;
}
void json_array_elements(CallContext&, Args args, const RowSink& emit) {
    emit_elements(args, false, "json_array_elements", emit);
}
void json_array_elements_text(CallContext&, Args args, const RowSink& emit) {
    emit_elements(args, true, "json_array_elements_text", emit);
}

Datum json_typeof(CallContext&, Args args) {
    JsonLexer lexer(args[0].as_text(), JsonLexer::Escapes::kKeep);
    lexer.advance();
    switch (lexer.token()) {
        case JsonToken::kObjectStart: return Datum::of_text("object");
        case JsonToken::kArrayStart: return Datum::of_text("array");
        case JsonToken::kString: return Datum::of_text("string");
        case JsonToken::kNumber: return Datum::of_text("number");
        case JsonToken::kTrue: case JsonToken::kFalse: return Datum::of_text("boolean");
        default: return Datum::of_text("null");
    }
}

class NullStripper final : public JsonEvents {
  public:
    void object_start() override { out += '{'; }
    void object_end() override { out += '}'; }
    void array_start() override { out += '['; }
    void array_end() override { out += ']'; }
    void field_start(std::string_view name, bool is_null) override {
        skip_ = is_null;
        if (is_null) return;
        if (out.back() != '{') out += ',';
        append_json_string(name, out);
        out += ':';
    }
    void element_start(bool) override {
        if (out.back() != '[') out += ',';
    }
    void scalar(JsonToken token, std::string_view text) override {
        if (!skip_ && token == JsonToken::kString) append_json_string(text, out);
        else if (!skip_) out += text;
        skip_ = false;
    }
    std::string out;

  private:
    bool skip_ = false;
};

Datum json_strip_nulls(CallContext&, Args args) {
    JsonLexer lexer(args[0].as_text(), JsonLexer::Escapes::kDecode);
    NullStripper stripper;
    parse_json(lexer, stripper);
    return Datum::of_text(std::move(stripper.out));
}

constexpr auto kJson = PathGetter::Result::kJson;
constexpr auto kText = PathGetter::Result::kText;

constexpr ScalarRow kScalars[] = {
    {"json_array_element", array_element<kJson>},
    {"json_array_element_text", array_element<kText>},
    {"json_array_length", json_array_length},
    {"json_extract_path", extract_path<kJson>},
    {"json_extract_path_text", extract_path<kText>},
    {"json_object_field", object_field<kJson>},
    {"json_object_field_text", object_field<kText>},
    {"json_strip_nulls", json_strip_nulls},
    {"json_typeof", json_typeof},
};

constexpr SetRow kSets[] = {
    {"json_array_elements", json_array_elements},
    {"json_array_elements_text", json_array_elements_text},
    {"json_each", json_each},
    {"json_each_text", json_each_text},
    {"json_object_keys", json_object_keys},
};

}  // namespace

FunctionTables json_text_tables() { return {.scalars = kScalars, .sets = kSets}; }

}  // namespace cdcsim::pg
