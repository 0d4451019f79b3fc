// parse_ident (misc.c) and Unicode normalization (varlena.c) as far as it needs no tables.
#include <algorithm>
#include <string>
#include <vector>

#include "core/base/utf8.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/array.h"

namespace cdcsim::pg {

namespace {

using Args = std::span<const Datum>;

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v'); }

bool is_ident_start(char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80;
}

bool is_ident_continuation(char c) {
    return is_ident_start(c) || (c >= '0' && c <= '9') || c == '$';
}

class IdentParser {
  public:
    explicit IdentParser(std::string_view text) : text_(text), rest_(text) {}

    /// The parts of a qualified name. `strict`: nothing may follow it.
    std::vector<Datum> parse(bool strict) {
        std::vector<Datum> parts;
        for (bool after_dot = false;; after_dot = true) {
            skip_spaces();
            parts.push_back(Datum::of_text(take_part(after_dot)));
            skip_spaces();
            if (rest_.starts_with('.')) {
                rest_.remove_prefix(1);
                continue;
            }
            if (!rest_.empty() && strict) fail("");
            return parts;
        }
    }

  private:
    [[noreturn]] void fail(std::string detail) const {
        SqlError error("22023",
                       "string is not a valid identifier: \"" + std::string(text_) + "\"");
        error.set_detail(std::move(detail));
        throw std::move(error);
    }

    void skip_spaces() {
        while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
    }

    std::string take_part(bool after_dot) {
        if (rest_.starts_with('"')) return take_quoted();
        std::string part;
        if (!rest_.empty() && is_ident_start(rest_.front())) {
            while (!rest_.empty() && is_ident_continuation(rest_.front())) {
                const char c = rest_.front();
                part += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
                rest_.remove_prefix(1);
            }
            return part;
        }
        if (rest_.starts_with('.')) fail("No valid identifier before \".\".");
        fail(after_dot ? "No valid identifier after \".\"." : "");
    }

    std::string take_quoted() {
        std::string part;
        rest_.remove_prefix(1);
        while (true) {
            const std::size_t quote = rest_.find('"');
            if (quote == std::string_view::npos) fail("String has unclosed double quotes.");
            part += rest_.substr(0, quote);
            rest_.remove_prefix(quote + 1);
            if (!rest_.starts_with('"')) break;
            part += '"';
            rest_.remove_prefix(1);
        }
        if (part.empty()) fail("Quoted identifier must not be empty.");
        return part;
    }

    std::string_view text_, rest_;
};

Datum parse_ident(CallContext& call, Args args) {
    IdentParser parser(args[0].as_text());
    return array_datum(call.env, call.result_type,
                       ArrayValue::of(parser.parse(args[1].as_bool())));
}

/// Throws unless `text` is the same in the normal form asked for, or is not simulated.
void require_normal(std::string_view text, std::string_view form) {
    std::string name(form);
    for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    if (name != "NFC" && name != "NFD" && name != "NFKC" && name != "NFKD") {
        throw SqlError("22023", "invalid normalization form: " + std::string(form));
    }
    // Below U+0300 nothing composes; below U+0080 nothing decomposes either.
    const char32_t limit = name == "NFC" ? 0x300 : 0x80;
    for (std::size_t at = 0; at < text.size();) {
        if (utf8::decode(text, at) >= limit) throw NotSimulated("Unicode normalization");
    }
}

Datum unicode_normalize_func(CallContext&, Args args) {
    require_normal(args[0].as_text(), args[1].as_text());
    return args[0];
}

Datum unicode_is_normalized(CallContext&, Args args) {
    require_normal(args[0].as_text(), args[1].as_text());
    return Datum::of_bool(true);
}

constexpr ScalarRow kScalars[] = {
    {"parse_ident", parse_ident},
    {"unicode_is_normalized", unicode_is_normalized},
    {"unicode_normalize_func", unicode_normalize_func},
};

}  // namespace

FunctionTables text_ident_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
