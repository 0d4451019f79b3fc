#include "sim/postgres/type/xml.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "core/base/error.h"
#include "sim/postgres/function/environment.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {

namespace {

[[noreturn]] void refuse() { throw NotSimulated("an xml value that is not plainly well-formed"); }

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name(char c) {
    return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':';
}

/// Control characters and U+FFFE, U+FFFF are not XML.
bool has_bad_character(std::string_view text) {
    const bool control = std::ranges::any_of(text, [](char c) {
        return static_cast<unsigned char>(c) < 0x20 && !is_space(c);
    });
    return control || text.find("\xEF\xBF\xBE") != std::string_view::npos ||
           text.find("\xEF\xBF\xBF") != std::string_view::npos;
}

/// <?xml version="1.0" encoding="..." standalone="..."?> at the start of a value.
struct Declaration {
    std::string_view version, standalone;
    std::size_t size = 0;  ///< of its text
};

/// Reads ` name="value"` at the front of `rest`; nullopt if it is not there.
std::optional<std::string_view> take_pseudo_attribute(std::string_view& rest,
                                                      std::string_view name) {
    std::string_view after = rest;
    while (!after.empty() && is_space(after.front())) after.remove_prefix(1);
    if (after.size() == rest.size() || !after.starts_with(name)) return std::nullopt;
    after.remove_prefix(name.size());
    if (!after.starts_with("=\"") && !after.starts_with("='")) return std::nullopt;
    const std::size_t end = after.find(after[1], 2);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view value = after.substr(2, end - 2);
    rest = after.substr(end + 1);
    return value;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return out;
}

std::optional<Declaration> read_declaration(std::string_view text) {
    if (!text.starts_with("<?xml") || text.size() < 6 || !is_space(text[5])) return std::nullopt;
    std::string_view rest = text.substr(5);
    Declaration declaration;
    const auto version = take_pseudo_attribute(rest, "version");
    if (!version || *version != "1.0") refuse();
    declaration.version = *version;
    const auto encoding = take_pseudo_attribute(rest, "encoding");
    if (encoding && lower(*encoding) != "utf-8") refuse();
    if (const auto standalone = take_pseudo_attribute(rest, "standalone")) {
        if (*standalone != "yes" && *standalone != "no") refuse();
        declaration.standalone = *standalone;
    }
    if (!rest.starts_with("?>")) refuse();
    declaration.size = text.size() - rest.size() + 2;
    return declaration;
}

class WellFormedness {
  public:
    explicit WellFormedness(std::string_view text) : rest_(text) {}

    void check(XmlOption option) {
        while (!rest_.empty()) {
            if (take("<!--")) {
                skip_comment();
            } else if (rest_.starts_with("<![CDATA[")) {
                require_inside(option);
                skip_past("]]>");
            } else if (take("</")) {
                close_element();
            } else if (take("<")) {
                if (open_.empty()) ++roots_;
                open_element();
            } else {
                skip_text(option);
            }
        }
        if (!open_.empty() || (option == XmlOption::kDocument && roots_ != 1)) refuse();
    }

  private:
    bool take(std::string_view token) {
        if (!rest_.starts_with(token)) return false;
        rest_.remove_prefix(token.size());
        return true;
    }

    void skip_past(std::string_view end) {
        const std::size_t at = rest_.find(end);
        if (at == std::string_view::npos) refuse();
        rest_.remove_prefix(at + end.size());
    }

    void require_inside(XmlOption option) const {
        if (option == XmlOption::kDocument && open_.empty()) refuse();
    }

    void skip_comment() {
        const std::size_t at = rest_.find("--");
        if (at == std::string_view::npos || rest_.substr(at, 3) != "-->") refuse();
        rest_.remove_prefix(at + 3);
    }

    /// At least one blank, or none; true if there was one.
    bool skip_spaces() {
        const std::size_t before = rest_.size();
        while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
        return rest_.size() != before;
    }

    std::string_view take_name() {
        std::size_t end = 0;
        while (end < rest_.size() && is_name(rest_[end])) ++end;
        const std::string_view name = rest_.substr(0, end);
        if (name.empty() || !is_name_start(name.front()) || name.ends_with(':')) refuse();
        const std::size_t colon = name.find(':');
        if (colon != std::string_view::npos && !is_name_start(name[colon + 1])) refuse();
        if (std::ranges::count(name, ':') > 1) refuse();
        rest_.remove_prefix(end);
        return name;
    }

    void open_element() {
        const std::string_view name = take_name();
        std::vector<std::string_view> attributes;
        bool blank = skip_spaces();
        while (!rest_.starts_with("/>") && !rest_.starts_with('>')) {
            if (!blank) refuse();
            attributes.push_back(take_attribute());
            blank = skip_spaces();
        }
        std::ranges::sort(attributes);
        if (std::ranges::adjacent_find(attributes) != attributes.end()) refuse();
        if (!take("/>") && take(">")) open_.push_back(name);
    }

    std::string_view take_attribute() {
        const std::string_view name = take_name();
        skip_spaces();
        if (!take("=")) refuse();
        skip_spaces();
        if (!rest_.starts_with('"') && !rest_.starts_with('\'')) refuse();
        const std::size_t end = rest_.find(rest_.front(), 1);
        if (end == std::string_view::npos) refuse();
        const std::string_view value = rest_.substr(1, end - 1);
        if (value.find('<') != std::string_view::npos) refuse();
        if (name.starts_with("xmlns") && value.empty()) refuse();
        if (name.starts_with("xml") && value.find("www.w3.org") != std::string_view::npos) refuse();
        check_references(value);
        rest_.remove_prefix(end + 1);
        return name;
    }

    void close_element() {
        const std::string_view name = take_name();
        skip_spaces();
        if (!take(">") || open_.empty() || open_.back() != name) refuse();
        open_.pop_back();
    }

    void skip_text(XmlOption option) {
        const std::string_view text = rest_.substr(0, rest_.find('<'));
        if (!std::ranges::all_of(text, is_space)) require_inside(option);
        if (text.find("]]>") != std::string_view::npos) refuse();
        check_references(text);
        rest_.remove_prefix(text.size());
    }

    /// The five entities of XML itself and characters by number.
    static void check_references(std::string_view text) {
        for (std::size_t at = text.find('&'); at != std::string_view::npos; at = text.find('&', at)) {
            const std::size_t end = text.find(';', at);
            if (end == std::string_view::npos) refuse();
            const std::string_view name = text.substr(at + 1, end - at - 1);
            static constexpr std::string_view kEntities[] = {"amp", "apos", "gt", "lt", "quot"};
            if (!std::ranges::binary_search(kEntities, name)) check_number(name);
            at = end;
        }
    }

    static void check_number(std::string_view name) {
        if (!name.starts_with('#')) refuse();
        name.remove_prefix(1);
        const bool hex = name.starts_with('x');
        if (hex) name.remove_prefix(1);
        std::uint32_t code = 0;
        const char* const end = name.data() + name.size();
        const auto parsed = std::from_chars(name.data(), end, code, hex ? 16 : 10);
        const bool control = code < 0x20 && code != 9 && code != 10 && code != 13;
        const bool high = code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF) || code == 0xFFFE ||
                          code == 0xFFFF;
        if (parsed.ec != std::errc() || parsed.ptr != end || control || high) refuse();
    }

    std::string_view rest_;
    std::vector<std::string_view> open_;
    int roots_ = 0;
};

Datum xml_input(Environment& env, const TypeInfo&, std::string_view text, std::int32_t) {
    const bool document = env.value_settings().xml_document;
    require_well_formed(text, document ? XmlOption::kDocument : XmlOption::kContent);
    return Datum::of_text(text);
}

void xml_output(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    append_xml(out, value.as_text());
}

constexpr TypeOps kTypes[] = {
    {oid::kXml, xml_input, xml_output, nullptr, nullptr, false},
};

Datum texttoxml(CallContext& call, std::span<const Datum> args) {
    const std::string& text = args[0].as_text();
    const bool document = call.env.value_settings().xml_document;
    require_well_formed(text, document ? XmlOption::kDocument : XmlOption::kContent);
    return args[0];
}

Datum xmltotext(CallContext&, std::span<const Datum> args) { return args[0]; }

constexpr ScalarRow kScalars[] = {
    {"texttoxml", texttoxml},
    {"xmltotext", xmltotext},
};

}  // namespace

void require_well_formed(std::string_view text, XmlOption option) {
    if (has_bad_character(text)) refuse();
    if (const auto declaration = read_declaration(text)) text.remove_prefix(declaration->size);
    WellFormedness(text).check(option);
}

void append_xml(std::string& out, std::string_view text) {
    const auto declaration = read_declaration(text);
    if (declaration) text.remove_prefix(declaration->size);
    if (declaration && !declaration->standalone.empty()) {
        out += "<?xml version=\"1.0\" standalone=\"";
        out += declaration->standalone;
        out += "\"?>";
    } else if (text.starts_with('\n')) {
        text.remove_prefix(1);  // not to begin with an empty line
    }
    out += text;
}

FunctionTables xml_type_tables() { return {.scalars = kScalars, .types = kTypes}; }

}  // namespace cdcsim::pg
