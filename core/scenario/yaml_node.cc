#include "core/scenario/yaml_node.h"

#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <utility>

namespace cdcsim::scenario {

namespace {

constexpr std::size_t kMaxNodes = 1'000'000;  // aliases may not multiply a file beyond this
constexpr int kMaxDepth = 200;
constexpr std::size_t kMaxKeys = 5'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// One pass over libyaml's events.
class Reader {
  public:
    Reader(const std::string& file, std::string_view text) : file_(file), text_(text) {
        yaml_parser_initialize(&parser_);
        yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                     text.size());
    }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader() {
        yaml_event_delete(&event_);
        yaml_parser_delete(&parser_);
    }

    Node read() {
        next();  // stream start
        next();
        if (event_.type == YAML_STREAM_END_EVENT) fail(1, 1, "the file is empty");
        next();
        Node root = read_node(0);
        next();  // document end
        next();
        if (event_.type != YAML_STREAM_END_EVENT) fail_here("a scenario file holds one document");
        return root;
    }

  private:
    [[noreturn]] void fail(int line, int column, const std::string& message) const {
        throw ScenarioError(file_, line, column, message);
    }
    [[noreturn]] void fail_here(const std::string& message) const {
        fail(line_of(event_.start_mark), column_of(event_.start_mark), message);
    }
    static int line_of(const yaml_mark_t& mark) { return static_cast<int>(mark.line) + 1; }
    static int column_of(const yaml_mark_t& mark) { return static_cast<int>(mark.column) + 1; }

    void next() {
        yaml_event_delete(&event_);
        if (!yaml_parser_parse(&parser_, &event_)) fail_in_parser();
    }

    [[noreturn]] void fail_in_parser() const {
        if (parser_.error == YAML_READER_ERROR) {
            const std::string_view before = text_.substr(0, std::min(parser_.problem_offset, text_.size()));
            const auto line = std::count(before.begin(), before.end(), '\n');
            fail(static_cast<int>(line) + 1,
                 static_cast<int>(before.size() - (before.rfind('\n') + 1)) + 1,
                 fmt::format("not valid YAML: {}", parser_.problem));
        }
        std::string message = fmt::format("not valid YAML: {}", parser_.problem ? parser_.problem : "out of memory");
        if (parser_.context) message += fmt::format(" {}", parser_.context);
        const int line = line_of(parser_.problem_mark);
        if (line_at(line).find("${") != std::string_view::npos) message += " (in flow style ${name} must be quoted)";
        if (line_at(line).find('<') != std::string_view::npos && line_at(line).find('{') != std::string_view::npos) {
            message += " (in flow style a matcher that holds , [ ] { } must be quoted)";
        }
        fail(line, column_of(parser_.problem_mark), message);
    }

    std::string_view line_at(int number) const {
        std::size_t begin = 0;
        for (int i = 1; i < number && begin < text_.size(); ++i) begin = text_.find('\n', begin) + 1;
        return text_.substr(begin, text_.find('\n', begin) - begin);
    }

    void count(std::size_t nodes) {
        nodes_ += nodes;
        if (nodes_ > kMaxNodes) fail_here("the file is too large");
    }

    /// Reads the node that the current event begins; afterwards its last event is current.
    Node read_node(int depth) {
        if (depth > kMaxDepth) fail_here("nested too deeply");
        count(1);
        Node node;
        node.line = line_of(event_.start_mark);
        node.column = column_of(event_.start_mark);
        const char* anchor = nullptr;
        switch (event_.type) {
            case YAML_SCALAR_EVENT:
                anchor = reinterpret_cast<const char*>(event_.data.scalar.anchor);
                read_scalar(node);
                if (anchor) anchors_[anchor] = node;
                return node;
            case YAML_ALIAS_EVENT:
                return read_alias();
            case YAML_SEQUENCE_START_EVENT:
                return read_collection(std::move(node), depth, event_.data.sequence_start.anchor);
            case YAML_MAPPING_START_EVENT:
                return read_collection(std::move(node), depth, event_.data.mapping_start.anchor);
            default:
                fail_here("unexpected end");
        }
    }

    Node read_alias() {
        const std::string name = reinterpret_cast<const char*>(event_.data.alias.anchor);
        auto found = anchors_.find(name);
        if (found == anchors_.end()) fail_here(fmt::format("unknown anchor *{}", name));
        count(size_of(found->second));
        Node node = found->second;
        node.line = line_of(event_.start_mark);
        node.column = column_of(event_.start_mark);
        return node;
    }

    static std::size_t size_of(const Node& node) {
        std::size_t size = 1;
        for (const Node& item : node.items) size += size_of(item);
        for (const auto& entry : node.entries) size += size_of(entry.value);
        return size;
    }

    void read_scalar(Node& node) const {
        const auto& scalar = event_.data.scalar;
        node.value.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
        node.plain = scalar.style == YAML_PLAIN_SCALAR_STYLE;
        node.block = scalar.style == YAML_LITERAL_SCALAR_STYLE || scalar.style == YAML_FOLDED_SCALAR_STYLE;
        if (!scalar.tag) return;
        const std::string_view tag = reinterpret_cast<const char*>(scalar.tag);
        if (tag != "!" && tag != YAML_STR_TAG) fail_here(fmt::format("the tag {} has no meaning here", tag));
        node.plain = false;
    }

    Node read_collection(Node node, int depth, const yaml_char_t* anchor_text) {
        const std::string anchor = anchor_text ? reinterpret_cast<const char*>(anchor_text) : "";
        const bool mapping = event_.type == YAML_MAPPING_START_EVENT;
        node.kind = mapping ? Node::Kind::kMapping : Node::Kind::kSequence;
        const auto end = mapping ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
        for (next(); event_.type != end; next()) {
            if (mapping) {
                read_entry(node, depth);
            } else {
                node.items.push_back(read_node(depth + 1));
            }
        }
        if (!anchor.empty()) anchors_[anchor] = node;
        return node;
    }

    void read_entry(Node& mapping, int depth) {
        const Node key = read_node(depth + 1);
        if (!key.is_scalar()) fail(key.line, key.column, "a key must be a scalar");
        if (key.plain && key.value == "<<") fail(key.line, key.column, "merge keys (<<) are not part of a scenario file");
        if (mapping.entries.size() >= kMaxKeys) fail(key.line, key.column, "too many keys");
        if (mapping.find(key.value)) {
            fail(key.line, key.column, fmt::format("duplicate key \"{}\"", key.value));
        }
        next();
        mapping.entries.push_back({key.value, key.line, key.column, read_node(depth + 1)});
    }

    const std::string& file_;
    std::string_view text_;
    yaml_parser_t parser_{};
    yaml_event_t event_{};
    std::map<std::string, Node> anchors_;
    std::size_t nodes_ = 0;
};

std::string_view strip_sign(std::string_view text) {
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
    return text;
}

/// 0x and 0o as decimal digits; "" if the text is none or has more than 64 bits.
std::string based_number(std::string_view text) {
    const int base = text.starts_with("0x") ? 16 : text.starts_with("0o") ? 8 : 0;
    if (base == 0 || text.size() < 3) return "";
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data() + 2, end, value, base);
    return result.ec == std::errc() && result.ptr == end ? std::to_string(value) : "";
}

}  // namespace

ScenarioError::ScenarioError(const std::string& file, int line, int column, const std::string& message)
    : std::runtime_error(fmt::format("{}:{}:{}: {}", file, line, column, message)),
      line_(line),
      column_(column) {}

const Node* Node::find(std::string_view key) const {
    for (const Entry& entry : entries) {
        if (entry.key == key) return &entry.value;
    }
    return nullptr;
}

ScalarType scalar_type(const Node& node) {
    if (!node.plain) return ScalarType::kString;
    const std::string& text = node.value;
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
        return ScalarType::kNull;
    }
    if (text == "true" || text == "True" || text == "TRUE" || text == "false" || text == "False" ||
        text == "FALSE") {
        return ScalarType::kBool;
    }
    return canonical_number(text).empty() ? ScalarType::kString : ScalarType::kNumber;
}

std::string canonical_number(std::string_view text) {
    const bool negative = text.starts_with('-');
    std::string based = text.starts_with('0') ? based_number(text) : "";
    std::string_view rest = based.empty() ? strip_sign(text) : std::string_view(based);
    std::string digits;
    std::int64_t exponent = 0;
    bool any = false;
    for (bool after_point = false; !rest.empty(); rest.remove_prefix(1)) {
        if (rest[0] == '.' && !after_point) {
            after_point = true;
        } else if (is_digit(rest[0])) {
            any = true;
            if (!digits.empty() || rest[0] != '0') digits += rest[0];
            if (after_point) --exponent;
        } else {
            break;
        }
    }
    if (!any) return "";
    if (!rest.empty()) {
        if (rest[0] != 'e' && rest[0] != 'E') return "";
        rest.remove_prefix(1);
        const bool down = rest.starts_with('-');
        rest = strip_sign(rest);
        std::int32_t given = 0;
        const auto result = std::from_chars(rest.data(), rest.data() + rest.size(), given);
        if (rest.empty() || !is_digit(rest[0]) || result.ec != std::errc() ||
            result.ptr != rest.data() + rest.size()) {
            return "";
        }
        exponent += down ? -given : given;
    }
    while (!digits.empty() && digits.back() == '0') {
        digits.pop_back();
        ++exponent;
    }
    if (digits.empty()) return "0";
    return fmt::format("{}{}e{}", negative ? "-" : "", digits, exponent);
}

Node parse_yaml(const std::string& file, std::string_view text) { return Reader(file, text).read(); }

}  // namespace cdcsim::scenario
