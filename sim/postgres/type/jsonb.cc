#include "sim/postgres/type/jsonb.h"

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/oids.h"
#include "sim/postgres/type/stack_depth.h"

namespace cdcsim::pg {
namespace {

/// Behind the string that starts at `pos` (its opening quote).
const char* skip_string(const char* pos, const char* end) {
    for (++pos; pos < end; ++pos) {
        if (*pos == '\\') ++pos;
        else if (*pos == '"') return pos + 1;
    }
    return end;
}

/// Behind the stored value that starts at `pos`.
const char* skip_value(const char* pos, const char* end) {
    if (*pos == '"') return skip_string(pos, end);
    if (*pos != '{' && *pos != '[') {
        while (pos < end && *pos != ',' && *pos != ']' && *pos != '}') ++pos;
        return pos;
    }
    int depth = 0;
    while (pos < end) {
        char c = *pos;
        if (c == '"') {
            pos = skip_string(pos, end);
            continue;
        }
        ++pos;
        if (c == '{' || c == '[') ++depth;
        else if ((c == '}' || c == ']') && --depth == 0) break;
    }
    return pos;
}

bool has_escapes(std::string_view quoted) { return quoted.find('\\') != std::string_view::npos; }

/// Length of the text of a string in quotes.
std::size_t text_size(std::string_view quoted) {
    return has_escapes(quoted) ? jsonb_unescape(quoted).size() : quoted.size() - 2;
}

/// jsonb_in: the events of a parse written down in stored form.
class StoredWriter final : public JsonEvents {
  public:
    explicit StoredWriter(JsonbBuilder& builder) : builder_(builder) {}
    void object_start() override { builder_.begin_object(); }
    void object_end() override { builder_.end_object(); }
    void array_start() override { builder_.begin_array(); }
    void array_end() override { builder_.end_array(); }
    void field_start(std::string_view name, bool) override { builder_.key(name); }
    void scalar(JsonToken token, std::string_view text) override {
        if (token == JsonToken::kString) builder_.string(text);
        else if (token == JsonToken::kNumber) builder_.number(text);
        else builder_.value(text);
    }

  private:
    JsonbBuilder& builder_;
};

Datum jsonb_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    return Datum::of_text(parse_jsonb(text));
}

void text_output(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    out += value.as_text();
}

int jsonb_compare(const Datum& a, const Datum& b) noexcept {
    return compare_jsonb(a.as_text(), b.as_text());
}

void jsonb_to_disk(Environment& env, const TypeInfo&, const Datum& value, std::string& out) {
    append_jsonb_image(env, value.as_text(), out);
}

Datum json_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    validate_json(text);
    return Datum::of_text(text);
}

constexpr TypeOps kTypes[] = {
    {oid::kJson, json_input, text_output, nullptr, nullptr, false},
    {oid::kJsonb, jsonb_input, text_output, jsonb_compare, jsonb_to_disk, false},
};

[[noreturn]] void throw_overflow() { throw SqlError("22003", "value overflows numeric format"); }

constexpr std::int64_t kMaxWeightDigits = 131'072;
constexpr std::int64_t kMaxScale = 16'383;

/// The number `digits` * 10^-scale with `scale` digits behind the point (scale may be negative).
void append_scaled(bool negative, std::string_view digits, std::int64_t scale, std::string& out) {
    std::size_t zeros = digits.find_first_not_of('0');
    digits.remove_prefix(zeros == std::string_view::npos ? digits.size() : zeros);
    std::int64_t shown = std::max<std::int64_t>(scale, 0);
    auto size = static_cast<std::int64_t>(digits.size());
    if (shown > kMaxScale || (size > 0 && size - scale > kMaxWeightDigits)) throw_overflow();
    if (negative && size > 0) out += '-';
    std::int64_t whole = size > 0 ? size - scale : 0;
    if (whole > 0) {
        std::int64_t given = std::min(whole, size);
        out += digits.substr(0, static_cast<std::size_t>(given));
        out.append(static_cast<std::size_t>(whole - given), '0');
        digits.remove_prefix(static_cast<std::size_t>(given));
    } else {
        out += '0';
    }
    if (shown == 0) return;
    out += '.';
    out.append(static_cast<std::size_t>(shown) - digits.size(), '0');
    out += digits;
}

}  // namespace

JsonbKind jsonb_kind(std::string_view value) {
    switch (value[0]) {
        case '{': return JsonbKind::kObject;
        case '[': return JsonbKind::kArray;
        case '"': return JsonbKind::kString;
        case 'n': return JsonbKind::kNull;
        case 't': case 'f': return JsonbKind::kBool;
        default: return JsonbKind::kNumeric;
    }
}

JsonbReader::JsonbReader(std::string_view container)
    : pos_(container.data() + 1), end_(container.data() + container.size() - 1) {}

std::string_view JsonbReader::take_value() {
    const char* start = pos_;
    pos_ = skip_value(pos_, end_);
    std::string_view value(start, static_cast<std::size_t>(pos_ - start));
    if (pos_ < end_) pos_ += 2;  // ", "
    return value;
}

bool JsonbReader::next_element(std::string_view& value) {
    if (pos_ >= end_) return false;
    value = take_value();
    return true;
}

bool JsonbReader::next_pair(std::string_view& key, std::string_view& value) {
    if (pos_ >= end_) return false;
    const char* start = pos_;
    pos_ = skip_string(pos_, end_);
    key = std::string_view(start, static_cast<std::size_t>(pos_ - start));
    pos_ += 2;  // ": "
    value = take_value();
    return true;
}

int jsonb_count(std::string_view container) {
    JsonbReader reader(container);
    std::string_view key, value;
    int count = 0;
    if (jsonb_is_object(container)) {
        while (reader.next_pair(key, value)) ++count;
    } else {
        while (reader.next_element(value)) ++count;
    }
    return count;
}

std::optional<std::string_view> jsonb_find_key(std::string_view object, std::string_view key) {
    std::string wanted;
    append_json_string(key, wanted);
    JsonbReader reader(object);
    std::string_view name, value;
    while (reader.next_pair(name, value))
        if (name == wanted) return value;
    return std::nullopt;
}

std::optional<std::string_view> jsonb_find_index(std::string_view array, std::int64_t index) {
    if (index < 0) index += jsonb_count(array);
    if (index < 0) return std::nullopt;
    JsonbReader reader(array);
    std::string_view value;
    while (reader.next_element(value))
        if (index-- == 0) return value;
    return std::nullopt;
}

std::string jsonb_unescape(std::string_view quoted) {
    std::string text;
    append_json_unescaped(quoted, text);
    return text;
}

std::optional<std::string> jsonb_as_text(std::string_view value) {
    switch (jsonb_kind(value)) {
        case JsonbKind::kNull: return std::nullopt;
        case JsonbKind::kString: return jsonb_unescape(value);
        default: return std::string(value);
    }
}

void JsonbBuilder::separate() {
    if (frames_.empty() || frames_.back().object) return;
    if (frames_.back().count++ > 0) out_ += ", ";
}

void JsonbBuilder::open(bool object, char bracket) {
    separate();
    out_ += bracket;
    frames_.push_back({object, 0, pairs_.size(), out_.size()});
    if (frames_.size() > kMaxJsonDepth) throw_stack_depth();
}

void JsonbBuilder::begin_array() { open(false, '['); }
void JsonbBuilder::begin_object() { open(true, '{'); }

void JsonbBuilder::end_array() {
    frames_.pop_back();
    out_ += ']';
}

void JsonbBuilder::key(std::string_view text) {
    if (frames_.back().count++ > 0) out_ += ", ";
    std::size_t begin = out_.size();
    append_json_string(text, out_);
    pairs_.push_back({begin, out_.size() - begin, 0, text.size()});
    out_ += ": ";
}

void JsonbBuilder::stored_key(std::string_view quoted) {
    if (frames_.back().count++ > 0) out_ += ", ";
    pairs_.push_back({out_.size(), quoted.size(), 0, text_size(quoted)});
    out_ += quoted;
    out_ += ": ";
}

void JsonbBuilder::string(std::string_view text) {
    separate();
    append_json_string(text, out_);
}

void JsonbBuilder::value(std::string_view stored) {
    separate();
    out_ += stored;
}

void JsonbBuilder::number(std::string_view lexeme) {
    separate();
    append_jsonb_number(lexeme, out_);
}

bool JsonbBuilder::before(const Pair& a, const Pair& b) const {
    if (a.text_size != b.text_size) return a.text_size < b.text_size;
    std::string_view x(out_.data() + a.begin, a.key_size), y(out_.data() + b.begin, b.key_size);
    if (x.size() == a.text_size + 2 && y.size() == b.text_size + 2) return x < y;
    return compare_jsonb_keys(x, y) < 0;
}

void JsonbBuilder::end_object() {
    Frame frame = frames_.back();
    frames_.pop_back();
    // A pair ends where the next one's ", " begins.
    bool ordered = true;
    for (std::size_t i = frame.first_pair; i < pairs_.size(); ++i) {
        bool last = i + 1 == pairs_.size();
        pairs_[i].end = last ? out_.size() : pairs_[i + 1].begin - 2;
        ordered = ordered && (last || before(pairs_[i], pairs_[i + 1]));
    }
    if (!ordered) sort_pairs(frame);
    pairs_.resize(frame.first_pair);
    out_ += '}';
}

void JsonbBuilder::sort_pairs(const Frame& frame) {
    auto first = pairs_.begin() + static_cast<std::ptrdiff_t>(frame.first_pair);
    std::stable_sort(first, pairs_.end(),
                     [this](const Pair& a, const Pair& b) { return before(a, b); });
    std::string body;
    body.reserve(out_.size() - frame.start);
    for (auto it = first; it != pairs_.end(); ++it) {
        // Of equal keys the last one stays.
        if (it + 1 != pairs_.end() && !before(*it, *(it + 1))) continue;
        if (!body.empty()) body += ", ";
        body.append(out_, it->begin, it->end - it->begin);
    }
    out_.replace(frame.start, std::string::npos, body);
}

void parse_jsonb(std::string_view json, JsonbBuilder& builder) {
    JsonLexer lexer(json, JsonLexer::Escapes::kDecode);
    StoredWriter writer(builder);
    parse_json(lexer, writer);
}

std::string parse_jsonb(std::string_view json) {
    JsonbBuilder builder;
    parse_jsonb(json, builder);
    return builder.take();
}

void append_jsonb_number(std::string_view lexeme, std::string& out) {
    bool negative = lexeme.starts_with('-');
    std::string_view body = lexeme.substr(negative);
    bool plain = body.size() < 1000 && body.find_first_of("eE") == std::string_view::npos;
    if (plain && (!negative || body.find_first_of("123456789") != std::string_view::npos)) {
        out += lexeme;
        return;
    }
    std::size_t mantissa_end = std::min(body.find_first_of("eE"), body.size());
    std::string_view mantissa = body.substr(0, mantissa_end);
    std::size_t point = std::min(mantissa.find('.'), mantissa.size());
    std::string digits(mantissa.substr(0, point));
    std::int64_t scale = 0;
    if (point < mantissa.size()) {
        digits += mantissa.substr(point + 1);
        scale = static_cast<std::int64_t>(mantissa.size() - point - 1);
    }
    if (mantissa_end < body.size()) {
        constexpr std::int64_t kLimit = INT32_MAX / 2;
        std::string_view text = body.substr(mantissa_end + 1);
        bool minus = text.starts_with('-');
        if (minus || text.starts_with('+')) text.remove_prefix(1);
        std::int64_t exponent = 0;
        for (char c : text) exponent = std::min(kLimit, exponent * 10 + (c - '0'));
        if (exponent >= kLimit) throw_overflow();
        scale += minus ? exponent : -exponent;
    }
    append_scaled(negative, digits, scale, out);
}

FunctionTables json_type_tables() { return {.types = kTypes}; }

}  // namespace cdcsim::pg
