// Encodings and digests: encode, decode, convert_from and convert_to, md5 and SHA-2, to_hex, ascii,
// chr, unistr (encode.c, mbutils.c, cryptohashfuncs.c, varlena.c).
#include <algorithm>
#include <string>

#include "core/base/digest.h"
#include "core/base/utf8.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/bytea.h"

namespace cdcsim::pg {

namespace {

using Args = std::span<const Datum>;

std::string ascii_lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return out;
}

/// The formats of encode() and decode().
struct BinaryFormat {
    std::string_view name;
    std::string (*encode)(std::string_view);
    std::string (*decode)(std::string_view);
};

std::string encode_hex(std::string_view bytes) {
    std::string out;
    append_hex(out, bytes);
    return out;
}

constexpr BinaryFormat kBinaryFormats[] = {
    {"base64", encode_base64, decode_base64},
    {"escape", encode_escape, decode_escape},
    {"hex", encode_hex, decode_hex},
};

const BinaryFormat& find_format(std::string_view name) {
    const std::string wanted = ascii_lower(name);
    for (const BinaryFormat& format : kBinaryFormats) {
        if (format.name == wanted) return format;
    }
    throw SqlError("22023", "unrecognized encoding: \"" + std::string(name) + "\"");
}

Datum binary_encode(CallContext&, Args args) {
    return Datum::of_text(find_format(args[1].as_text()).encode(args[0].as_text()));
}

Datum binary_decode(CallContext&, Args args) {
    return Datum::of_text(find_format(args[1].as_text()).decode(args[0].as_text()));
}

/// Character sets that convert_from and convert_to know here.
enum class Encoding : std::uint8_t { kUtf8, kLatin1, kSqlAscii, kOther };

struct EncodingName {
    std::string_view name;  ///< without case and punctuation
    Encoding encoding;
};

/// The names of the server's other encodings are known, so that they are refused as not simulated
/// rather than as wrong.
constexpr EncodingName kEncodings[] = {
    {"abc", Encoding::kOther},         {"alt", Encoding::kOther},
    {"big5", Encoding::kOther},        {"euccn", Encoding::kOther},
    {"eucjis2004", Encoding::kOther},  {"eucjp", Encoding::kOther},
    {"euckr", Encoding::kOther},       {"euctw", Encoding::kOther},
    {"gb18030", Encoding::kOther},     {"gbk", Encoding::kOther},
    {"iso88591", Encoding::kLatin1},   {"iso885910", Encoding::kOther},
    {"iso885913", Encoding::kOther},   {"iso885914", Encoding::kOther},
    {"iso885915", Encoding::kOther},   {"iso885916", Encoding::kOther},
    {"iso88592", Encoding::kOther},    {"iso88593", Encoding::kOther},
    {"iso88594", Encoding::kOther},    {"iso88595", Encoding::kOther},
    {"iso88596", Encoding::kOther},    {"iso88597", Encoding::kOther},
    {"iso88598", Encoding::kOther},    {"iso88599", Encoding::kOther},
    {"johab", Encoding::kOther},       {"koi8", Encoding::kOther},
    {"koi8r", Encoding::kOther},       {"koi8u", Encoding::kOther},
    {"latin1", Encoding::kLatin1},     {"latin10", Encoding::kOther},
    {"latin2", Encoding::kOther},      {"latin3", Encoding::kOther},
    {"latin4", Encoding::kOther},      {"latin5", Encoding::kOther},
    {"latin6", Encoding::kOther},      {"latin7", Encoding::kOther},
    {"latin8", Encoding::kOther},      {"latin9", Encoding::kOther},
    {"mskanji", Encoding::kOther},     {"muleinternal", Encoding::kOther},
    {"shiftjis", Encoding::kOther},    {"shiftjis2004", Encoding::kOther},
    {"sjis", Encoding::kOther},        {"sqlascii", Encoding::kSqlAscii},
    {"tcvn", Encoding::kOther},        {"tcvn5712", Encoding::kOther},
    {"uhc", Encoding::kOther},         {"unicode", Encoding::kUtf8},
    {"utf8", Encoding::kUtf8},         {"vscii", Encoding::kOther},
    {"win", Encoding::kOther},         {"win1250", Encoding::kOther},
    {"win1251", Encoding::kOther},     {"win1252", Encoding::kOther},
    {"win1253", Encoding::kOther},     {"win1254", Encoding::kOther},
    {"win1255", Encoding::kOther},     {"win1256", Encoding::kOther},
    {"win1257", Encoding::kOther},     {"win1258", Encoding::kOther},
    {"win866", Encoding::kOther},      {"win874", Encoding::kOther},
    {"win932", Encoding::kOther},      {"win936", Encoding::kOther},
    {"win949", Encoding::kOther},      {"win950", Encoding::kOther},
    {"windows1250", Encoding::kOther}, {"windows1251", Encoding::kOther},
    {"windows1252", Encoding::kOther}, {"windows1253", Encoding::kOther},
    {"windows1254", Encoding::kOther}, {"windows1255", Encoding::kOther},
    {"windows1256", Encoding::kOther}, {"windows1257", Encoding::kOther},
    {"windows1258", Encoding::kOther}, {"windows866", Encoding::kOther},
    {"windows874", Encoding::kOther},  {"windows932", Encoding::kOther},
    {"windows936", Encoding::kOther},  {"windows949", Encoding::kOther},
    {"windows950", Encoding::kOther},
};
static_assert(std::ranges::is_sorted(kEncodings, {}, &EncodingName::name));

/// `role` is "source" or "destination" in the message for an unknown name, or empty.
Encoding find_encoding(std::string_view name, std::string_view role) {
    std::string wanted;
    for (char c : ascii_lower(name)) {
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) wanted += c;
    }
    auto it = std::ranges::lower_bound(kEncodings, wanted, {}, &EncodingName::name);
    if (it == std::end(kEncodings) || it->name != wanted) {
        throw SqlError("22023", "invalid " + std::string(role) + "encoding name \"" +
                                    std::string(name) + "\"");
    }
    if (it->encoding != Encoding::kOther) return it->encoding;
    throw NotSimulated("encoding " + std::string(name));
}

/// Single-byte encodings take any byte but zero.
void require_valid(std::string_view bytes, Encoding encoding) {
    if (encoding == Encoding::kUtf8) return utf8::require_valid(bytes);
    if (bytes.find('\0') == std::string_view::npos) return;
    const std::string name = encoding == Encoding::kLatin1 ? "LATIN1" : "SQL_ASCII";
    throw SqlError("22021", "invalid byte sequence for encoding \"" + name + "\": 0x00");
}

std::string latin1_to_utf8(std::string_view bytes) {
    std::string out;
    for (char c : bytes) utf8::append(out, static_cast<unsigned char>(c));
    return out;
}

std::string utf8_to_latin1(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t start = at;
        const char32_t character = utf8::decode(text, at);
        if (character > 255) {
            std::string shown;
            for (char c : text.substr(start, at - start)) {
                shown += shown.empty() ? "0x" : " 0x";
                append_hex(shown, std::string_view(&c, 1));
            }
            throw SqlError("22P05", "character with byte sequence " + shown +
                                        " in encoding \"UTF8\" has no equivalent in encoding "
                                        "\"LATIN1\"");
        }
        out += static_cast<char>(static_cast<unsigned char>(character));
    }
    return out;
}

/// SQL_ASCII to UTF8 checks the bytes and changes nothing.
Datum pg_convert_from(CallContext&, Args args) {
    const std::string& bytes = args[0].as_text();
    const Encoding encoding = find_encoding(args[1].as_text(), "source ");
    require_valid(bytes, encoding);
    if (encoding == Encoding::kLatin1) return Datum::of_text(latin1_to_utf8(bytes));
    utf8::require_valid(bytes);
    return args[0];
}

Datum pg_convert_to(CallContext&, Args args) {
    if (find_encoding(args[1].as_text(), "destination ") == Encoding::kLatin1) {
        return Datum::of_text(utf8_to_latin1(args[0].as_text()));
    }
    return args[0];
}

Datum pg_convert(CallContext&, Args args) {
    const Encoding from = find_encoding(args[1].as_text(), "source ");
    const Encoding to = find_encoding(args[2].as_text(), "destination ");
    const std::string& bytes = args[0].as_text();
    if (from == Encoding::kSqlAscii || to == Encoding::kSqlAscii) {
        throw NotSimulated("convert() with SQL_ASCII");
    }
    require_valid(bytes, from);
    if (from == to) return args[0];
    return Datum::of_text(from == Encoding::kLatin1 ? latin1_to_utf8(bytes)
                                                    : utf8_to_latin1(bytes));
}

Datum length_in_encoding(CallContext&, Args args) {
    const std::string& bytes = args[0].as_text();
    const Encoding encoding = find_encoding(args[1].as_text(), "");
    require_valid(bytes, encoding);
    return Datum::of_int(static_cast<std::int64_t>(
        encoding == Encoding::kUtf8 ? utf8::count(bytes) : bytes.size()));
}

Datum encoding_name(CallContext&, Args) { return Datum::of_text("UTF8"); }

Datum md5_hex(CallContext&, Args args) {
    return Datum::of_text(encode_hex(digest::md5(args[0].as_text())));
}

template <std::string (*hash)(std::string_view)>
Datum digest_of(CallContext&, Args args) {
    return Datum::of_text(hash(args[0].as_text()));
}

std::string hex_number(std::uint64_t value) {
    std::string out;
    do {
        out.insert(out.begin(), "0123456789abcdef"[value & 15]);
        value >>= 4;
    } while (value != 0);
    return out;
}

Datum to_hex32(CallContext&, Args args) {
    return Datum::of_text(hex_number(static_cast<std::uint32_t>(args[0].as_int())));
}

Datum to_hex64(CallContext&, Args args) {
    return Datum::of_text(hex_number(static_cast<std::uint64_t>(args[0].as_int())));
}

Datum ascii(CallContext&, Args args) {
    const std::string& text = args[0].as_text();
    std::size_t at = 0;
    return Datum::of_int(text.empty() ? 0 : static_cast<std::int64_t>(utf8::decode(text, at)));
}

bool is_surrogate(std::int64_t code) { return code >= 0xD800 && code <= 0xDFFF; }

Datum chr(CallContext&, Args args) {
    const std::int64_t code = args[0].as_int();
    if (code < 0) throw SqlError("22023", "character number must be positive");
    auto fail = [&](const std::string& message) { throw SqlError("54000", message); };
    if (code == 0) fail("null character not permitted");
    if (code > 0x10FFFF) {
        fail("requested character too large for encoding: " + std::to_string(code));
    }
    if (is_surrogate(code)) {
        fail("requested character not valid for encoding: " + std::to_string(code));
    }
    std::string out;
    utf8::append(out, static_cast<char32_t>(code));
    return Datum::of_text(std::move(out));
}

/// Reads the escapes of unistr(): \XXXX, \+XXXXXX, \uXXXX, \UXXXXXXXX.
class UnicodeEscapes {
  public:
    explicit UnicodeEscapes(std::string_view text) : text_(text) {}

    std::string decode() {
        while (!text_.empty()) {
            if (text_.front() != '\\' || text_.starts_with("\\\\")) {
                require_no_pair();
                out_ += text_.front();
                text_.remove_prefix(text_.front() == '\\' ? 2 : 1);
            } else {
                put(take_escape());
            }
        }
        require_no_pair();
        return std::move(out_);
    }

  private:
    [[noreturn]] static void bad_pair() {
        throw SqlError("42601", "invalid Unicode surrogate pair");
    }

    void require_no_pair() const {
        if (first_of_pair_ != 0) bad_pair();
    }

    std::uint32_t take_escape() {
        struct Form {
            std::string_view prefix;
            std::size_t digits;
        };
        static constexpr Form kForms[] = {{"\\", 4}, {"\\u", 4}, {"\\+", 6}, {"\\U", 8}};
        for (const Form& form : kForms) {
            if (!text_.starts_with(form.prefix)) continue;
            const std::string_view digits = text_.substr(form.prefix.size(), form.digits);
            if (digits.size() < form.digits || !std::ranges::all_of(digits, is_hex)) continue;
            text_.remove_prefix(form.prefix.size() + form.digits);
            return static_cast<std::uint32_t>(std::stoul(std::string(digits), nullptr, 16));
        }
        throw SqlError("42601", "invalid Unicode escape")
            .hint("Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.");
    }

    static bool is_hex(char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    }

    void put(std::uint32_t code) {
        if (code == 0 || code > 0x10FFFF) {
            throw SqlError("22023", "invalid Unicode code point: " + upper_hex(code));
        }
        const bool first = code >= 0xD800 && code <= 0xDBFF;
        const bool second = code >= 0xDC00 && code <= 0xDFFF;
        if (first_of_pair_ != 0) {
            if (!second) bad_pair();
            code = ((first_of_pair_ & 0x3FF) << 10) + 0x10000 + (code & 0x3FF);
            first_of_pair_ = 0;
        } else if (second) {
            bad_pair();
        } else if (first) {
            first_of_pair_ = code;
            return;
        }
        utf8::append(out_, code);
    }

    static std::string upper_hex(std::uint32_t code) {
        std::string digits = hex_number(code);
        for (char& c : digits) c = c >= 'a' ? static_cast<char>(c - 32) : c;
        return std::string(digits.size() < 4 ? 4 - digits.size() : 0, '0') + digits;
    }

    std::string_view text_;
    std::string out_;
    std::uint32_t first_of_pair_ = 0;
};

Datum unistr(CallContext&, Args args) {
    return Datum::of_text(UnicodeEscapes(args[0].as_text()).decode());
}

constexpr ScalarRow kScalars[] = {
    {"ascii", ascii},
    {"binary_decode", binary_decode},
    {"binary_encode", binary_encode},
    {"chr", chr},
    {"getdatabaseencoding", encoding_name},
    {"length_in_encoding", length_in_encoding},
    {"md5_bytea", md5_hex},
    {"md5_text", md5_hex},
    {"pg_convert", pg_convert},
    {"pg_convert_from", pg_convert_from},
    {"pg_convert_to", pg_convert_to},
    {"sha224_bytea", digest_of<digest::sha224>},
    {"sha256_bytea", digest_of<digest::sha256>},
    {"sha384_bytea", digest_of<digest::sha384>},
    {"sha512_bytea", digest_of<digest::sha512>},
    {"to_hex32", to_hex32},
    {"to_hex64", to_hex64},
    {"unistr", unistr},
};
static_assert(std::ranges::is_sorted(kScalars, {}, &ScalarRow::key));

}  // namespace

FunctionTables text_encode_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
