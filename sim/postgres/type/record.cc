#include "sim/postgres/type/record.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <utility>

#include "core/base/error.h"
#include "sim/postgres/function/environment.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/array_image.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/compare.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

constexpr char kRecordMark = '\x01';
constexpr char kRecordEnd = '\x02';

bool is_row_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

[[noreturn]] void malformed(std::string_view literal, const char* detail) {
    throw SqlError("22P02", "malformed record literal: \"" + std::string(literal) + "\"")
        .detail(detail);
}

/// Reads the fields of a row literal one after another, with record_in's errors.
class RowReader {
  public:
    explicit RowReader(std::string_view literal) : text_(literal) {
        skip_space();
        if (at() != '(') malformed(text_, "Missing left parenthesis.");
        ++pos_;
    }

    /// The next field: false for NULL.
    bool next(std::string& field) {
        if (started_) {
            if (at() != ',') malformed(text_, "Too few columns.");
            ++pos_;
        }
        started_ = true;
        if (at_end_of_field()) return false;
        field.clear();
        bool quoted = false;
        while (quoted || !at_end_of_field()) read_char(field, quoted);
        return true;
    }

    bool has_more() const { return !started_ ? at() != ')' : at() == ','; }

    void finish() {
        if (at() != ')') malformed(text_, "Too many columns.");
        ++pos_;
        skip_space();
        if (pos_ < text_.size()) malformed(text_, "Junk after right parenthesis.");
    }

  private:
    char at() const { return pos_ < text_.size() ? text_[pos_] : '\0'; }
    bool at_end_of_field() const { return at() == ',' || at() == ')'; }
    void skip_space() {
        while (is_row_space(at())) ++pos_;
    }

    void read_char(std::string& field, bool& quoted) {
        if (pos_ >= text_.size()) malformed(text_, "Unexpected end of input.");
        char c = text_[pos_++];
        if (c == '\\') {
            if (pos_ >= text_.size()) malformed(text_, "Unexpected end of input.");
            field += text_[pos_++];
        } else if (c != '"') {
            field += c;
        } else if (!quoted) {
            quoted = true;
        } else if (at() == '"') {
            field += text_[pos_++];
        } else {
            quoted = false;
        }
    }

    std::string_view text_;
    std::size_t pos_ = 0;
    bool started_ = false;
};

void append_field(std::string_view field, std::string& out) {
    bool quotes = field.empty();
    for (char c : field)
        quotes |= c == '"' || c == '\\' || c == '(' || c == ')' || c == ',' || is_row_space(c);
    if (!quotes) {
        out += field;
        return;
    }
    out += '"';
    for (char c : field) {
        if (c == '"' || c == '\\') out += c;
        out += c;
    }
    out += '"';
}

using FieldWriter = std::function<void(const TypeInfo& type, const Datum& value, std::string& out)>;

std::string join_row(Environment& env, const RowType& row_type, std::span<const Datum> fields,
                     bool with_dropped, const FieldWriter& write) {
    std::string out = "(", field;
    bool first = true;
    for (std::size_t i = 0; i < row_type.size(); ++i) {
        if (row_type[i].dropped && !with_dropped) continue;
        if (!first) out += ',';
        first = false;
        if (row_type[i].dropped || fields[i].is_null()) continue;
        field.clear();
        write(env.type(row_type[i].type), fields[i], field);
        append_field(field, out);
    }
    out += ')';
    return out;
}

Datum row_input(Environment& env, const TypeInfo& type, std::string_view text, std::int32_t) {
    if (type.oid == oid::kRecord)
        throw SqlError("0A000", "input of anonymous composite types is not implemented");
    RowReader reader(text);
    std::vector<Datum> fields;
    std::string field;
    for (const Attribute& attribute : type.attributes) {
        Datum& value = fields.emplace_back();
        if (attribute.dropped) continue;
        if (reader.next(field)) value = input_text(env, attribute.type, field, attribute.typmod);
        if (env.type(attribute.type).typtype == 'd')
            value = env.check_domain(attribute.type, std::move(value));
    }
    reader.finish();
    return Datum::of_text(format_row(env, type.attributes, fields));
}

void row_output(Environment& env, const TypeInfo& type, const Datum& value, std::string& out) {
    std::string_view literal;
    RowType row_type = row_type_of(env, type.oid, value, literal);
    std::vector<Datum> fields = parse_row(env, row_type, literal);
    out += join_row(env, row_type, fields, false,
                    [&](const TypeInfo& field_type, const Datum& field, std::string& text) {
                        text += output_text(env, field_type.oid, field);
                    });
}

struct Fields {
    RowType type;
    std::vector<Datum> values;
};

/// Without the dropped ones.
Fields live_fields(Environment& env, Oid type, const Datum& value) {
    std::string_view literal;
    RowType row_type = row_type_of(env, type, value, literal);
    std::vector<Datum> values = parse_row(env, row_type, literal);
    Fields live;
    for (std::size_t i = 0; i < row_type.size(); ++i) {
        if (row_type[i].dropped) continue;
        live.type.push_back(row_type[i]);
        live.values.push_back(std::move(values[i]));
    }
    return live;
}

/// Walks both rows; `compare` sees two non-NULL values of one type and returns <0, 0, >0.
/// `require` checks each type that is reached.
template <typename Compare>
int walk(Environment& env, const Fields& left, const Fields& right,
         void (*require)(Environment& env, Oid type), Compare compare) {
    std::size_t common = std::min(left.type.size(), right.type.size());
    for (std::size_t i = 0; i < common; ++i) {
        Oid type = left.type[i].type;
        if (type != right.type[i].type)
            throw SqlError("42804", "cannot compare dissimilar column types " +
                                        format_type(env, type) + " and " +
                                        format_type(env, right.type[i].type) +
                                        " at record column " + std::to_string(i + 1));
        require(env, type);
        const Datum &a = left.values[i], &b = right.values[i];
        int order = 0;
        if (!a.is_null() && !b.is_null()) order = compare(type, a, b);
        else if (a.is_null() != b.is_null()) order = a.is_null() ? 1 : -1;
        if (order != 0) return order;
    }
    if (left.type.size() != right.type.size())
        throw SqlError("42804", "cannot compare record types with different numbers of columns");
    return 0;
}

}  // namespace

RowType row_type_of(Environment& env, Oid type, const Datum& value, std::string_view& literal) {
    std::string_view text = value.as_text();
    if (!text.empty() && text[0] == kRecordMark) {
        std::size_t end = text.find(kRecordEnd);
        CDCSIM_CHECK(end != std::string_view::npos);
        int number = 0;
        std::from_chars(text.data() + 1, text.data() + end, number);
        literal = text.substr(end + 1);
        return env.row_type(number);
    }
    literal = text;
    const TypeInfo& info = base_type(env, env.type(type));
    CDCSIM_CHECK(info.typtype == 'c');
    return info.attributes;
}

std::vector<Datum> parse_row(Environment& env, const RowType& row_type, std::string_view literal) {
    RowReader reader(literal);
    std::vector<Datum> fields(row_type.size());
    std::string field;
    // A value stored before ALTER TYPE ... ADD ATTRIBUTE has fewer fields: the rest are NULL.
    for (std::size_t i = 0; i < row_type.size() && (i == 0 || reader.has_more()); ++i) {
        if (!reader.next(field) || row_type[i].dropped) continue;
        fields[i] = read_canonical(env, env.type(row_type[i].type), field);
    }
    return fields;
}

std::string format_row(Environment& env, const RowType& row_type, std::span<const Datum> fields) {
    return join_row(env, row_type, fields, true,
                    [&](const TypeInfo& type, const Datum& value, std::string& text) {
                        write_canonical(env, type, value, text);
                    });
}

Datum make_row(Environment& env, Oid type, const RowType& row_type, std::span<const Datum> fields) {
    std::string literal = format_row(env, row_type, fields);
    if (type != oid::kRecord) return Datum::of_text(std::move(literal));
    std::string text(1, kRecordMark);
    text += std::to_string(env.register_row_type(row_type));
    text += kRecordEnd;
    text += literal;
    return Datum::of_text(std::move(text));
}

int compare_records(Environment& env, Oid left_type, const Datum& left, Oid right_type,
                    const Datum& right) {
    return walk(env, live_fields(env, left_type, left), live_fields(env, right_type, right),
                require_order, [&](Oid type, const Datum& a, const Datum& b) {
                    return compare_values(env, type, a, b);
                });
}

bool records_equal(Environment& env, Oid left_type, const Datum& left, Oid right_type,
                   const Datum& right) {
    return walk(env, live_fields(env, left_type, left), live_fields(env, right_type, right),
                require_equality, [&](Oid type, const Datum& a, const Datum& b) {
                    return values_equal(env, type, a, b) ? 0 : 1;
                }) == 0;
}

const TypeOps kCompositeOps{kInvalidOid, row_input, row_output, nullptr, row_to_disk, false};

/// The pseudo-types of anonymous rows.
FunctionTables record_type_tables() {
    static const TypeOps types[] = {
        {oid::kRecord, row_input, row_output, nullptr, row_to_disk, false},
        {oid::kRecordArray, kArrayOps.input, kArrayOps.output, nullptr, kArrayOps.to_disk, false},
    };
    return {.types = types};
}

}  // namespace cdcsim::pg
