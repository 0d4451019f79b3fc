#include "sim/postgres/parser/node.h"

#include <simdjson.h>

#include <cstring>
#include <type_traits>

#include "core/base/error.h"

namespace cdcsim::pg {

namespace dom = simdjson::dom;
static_assert(sizeof(dom::element) == 16 && std::is_trivially_copyable_v<dom::element>);

namespace {

dom::element element_of(const std::byte (&bytes)[16]) {
    dom::element element;
    std::memcpy(static_cast<void*>(&element), bytes, sizeof element);
    return element;
}

}  // namespace

Node Node::wrap(const void* raw) {
    dom::element element = *static_cast<const dom::element*>(raw);
    Node node;
    node.present_ = true;
    // {"ColumnRef": {...}}: a node whose type varies is wrapped in its tag, which is upper case.
    if (element.is_object()) {
        dom::object object = element.get_object();
        auto first = object.begin();
        if (first != object.end() && first.key()[0] >= 'A' && first.key()[0] <= 'Z') {
            node.tag_ = first.key();
            element = first.value();
        }
    }
    std::memcpy(node.element_, static_cast<const void*>(&element), sizeof element);
    return node;
}

Node Node::operator[](std::string_view field) const {
    if (!present_) return {};
    dom::element value;
    if (element_of(element_).at_key(field).get(value) != simdjson::SUCCESS) return {};
    return wrap(&value);
}

std::vector<Node> Node::items() const {
    std::vector<Node> nodes;
    if (!present_) return nodes;
    if (tag_ == "List") return items("items");
    dom::array array;
    if (element_of(element_).get(array) != simdjson::SUCCESS) return nodes;
    for (dom::element element : array) nodes.push_back(wrap(&element));
    return nodes;
}

std::string_view Node::text(std::string_view field) const {
    std::string_view value;
    if (!present_ || element_of(element_).at_key(field).get(value) != simdjson::SUCCESS) return {};
    return value;
}

std::int64_t Node::integer(std::string_view field) const {
    std::int64_t value = 0;
    if (!present_ || element_of(element_).at_key(field).get(value) != simdjson::SUCCESS) return 0;
    return value;
}

bool Node::flag(std::string_view field) const {
    bool value = false;
    if (!present_ || element_of(element_).at_key(field).get(value) != simdjson::SUCCESS) return false;
    return value;
}

int Node::location() const {
    return static_cast<int>(integer("location"));
}

std::vector<std::string> name_list(const std::vector<Node>& items) {
    std::vector<std::string> names;
    for (const Node& item : items) names.emplace_back(item.string());
    return names;
}

}  // namespace cdcsim::pg
