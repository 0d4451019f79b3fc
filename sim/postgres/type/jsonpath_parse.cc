// The parser of jsonpath: recursive descent over the grammar of jsonpath_gram.y.
#include <cstdlib>
#include <utility>

#include "core/base/error.h"
#include "sim/postgres/type/jsonb.h"
#include "sim/postgres/type/jsonpath.h"
#include "sim/postgres/type/jsonpath_lexer.h"
#include "sim/postgres/type/stack_depth.h"

namespace cdcsim::pg {
namespace {

bool is_predicate(const PathItem& item) {
    switch (item.op) {
        case PathOp::kAnd: case PathOp::kOr: case PathOp::kNot: case PathOp::kIsUnknown:
        case PathOp::kEqual: case PathOp::kNotEqual: case PathOp::kLess: case PathOp::kGreater:
        case PathOp::kLessOrEqual: case PathOp::kGreaterOrEqual: case PathOp::kExists:
        case PathOp::kStartsWith: case PathOp::kLikeRegex:
            return item.next == nullptr;
        default: return false;
    }
}

PathItemPtr make(PathOp op, PathItemPtr left = nullptr, PathItemPtr right = nullptr) {
    auto item = std::make_unique<PathItem>(op);
    item->left = std::move(left);
    item->right = std::move(right);
    return item;
}

PathItemPtr make_text(PathOp op, std::string text) {
    auto item = std::make_unique<PathItem>(op);
    item->text = std::move(text);
    return item;
}

class Parser {
  public:
    explicit Parser(std::string_view text) : lexer_(text) { lexer_.advance(); }

    JsonPath run() {
        JsonPath path;
        if (is_word("strict") || is_word("lax")) {
            path.lax = is_word("lax");
            lexer_.advance();
        }
        path.root = any_expression();
        if (kind() != PathToken::kEnd) lexer_.syntax_error();
        return path;
    }

  private:
    PathToken kind() const { return lexer_.token(); }
    bool is(std::string_view symbol) const {
        return kind() == PathToken::kSymbol && lexer_.text() == symbol;
    }
    bool is_word(std::string_view word) const {
        return kind() == PathToken::kWord && lexer_.keyword() == word;
    }
    bool take(std::string_view symbol) { return is(symbol) && (lexer_.advance(), true); }
    bool take_word(std::string_view word) { return is_word(word) && (lexer_.advance(), true); }
    void expect(std::string_view symbol) {
        if (!take(symbol)) lexer_.syntax_error();
    }
    void expect_word(std::string_view word) {
        if (!take_word(word)) lexer_.syntax_error();
    }
    PathItemPtr want(PathItemPtr item, bool predicate) {
        if (is_predicate(*item) != predicate) lexer_.syntax_error();
        return item;
    }

    struct Depth {
        explicit Depth(int& value) : depth(value) {
            if (++depth > kMaxJsonDepth / 4) throw_stack_depth();
        }
        ~Depth() { --depth; }
        int& depth;
    };

    PathItemPtr any_expression() {
        Depth depth(depth_);
        PathItemPtr left = conjunction();
        while (is("||")) {
            left = want(std::move(left), true);
            lexer_.advance();
            left = make(PathOp::kOr, std::move(left), want(conjunction(), true));
        }
        return left;
    }

    PathItemPtr conjunction() {
        PathItemPtr left = comparison();
        while (is("&&")) {
            left = want(std::move(left), true);
            lexer_.advance();
            left = make(PathOp::kAnd, std::move(left), want(comparison(), true));
        }
        return left;
    }

    PathItemPtr comparison() {
        if (take("!")) return make(PathOp::kNot, delimited());
        PathItemPtr left = sum();
        static constexpr std::pair<std::string_view, PathOp> kComparisons[] = {
            {"==", PathOp::kEqual},       {"!=", PathOp::kNotEqual},
            {"<>", PathOp::kNotEqual},    {"<", PathOp::kLess},
            {">", PathOp::kGreater},      {"<=", PathOp::kLessOrEqual},
            {">=", PathOp::kGreaterOrEqual}};
        for (const auto& [symbol, op] : kComparisons) {
            if (!is(symbol)) continue;
            left = want(std::move(left), false);
            lexer_.advance();
            return make(op, std::move(left), want(sum(), false));
        }
        if (is_word("starts") && !is_predicate(*left)) return starts_with(std::move(left));
        if (is_word("like_regex") && !is_predicate(*left)) return like_regex(std::move(left));
        return left;
    }

    /// Behind `!`: a predicate in parentheses, or exists(...).
    PathItemPtr delimited() {
        if (take_word("exists")) return exists();
        expect("(");
        PathItemPtr item = want(any_expression(), true);
        expect(")");
        return item;
    }

    PathItemPtr exists() {
        expect("(");
        PathItemPtr item = want(sum(), false);
        expect(")");
        return make(PathOp::kExists, std::move(item));
    }

    PathItemPtr starts_with(PathItemPtr left) {
        lexer_.advance();
        expect_word("with");
        bool variable = kind() == PathToken::kVariable;
        if (!variable && kind() != PathToken::kString) lexer_.syntax_error();
        PathItemPtr initial =
            make_text(variable ? PathOp::kVariable : PathOp::kString, lexer_.text());
        lexer_.advance();
        return make(PathOp::kStartsWith, std::move(left), std::move(initial));
    }

    PathItemPtr like_regex(PathItemPtr left) {
        lexer_.advance();
        if (kind() != PathToken::kString) lexer_.syntax_error();
        PathItemPtr item = make_text(PathOp::kLikeRegex, lexer_.text());
        item->left = std::move(left);
        lexer_.advance();
        if (take_word("flag")) {
            if (kind() != PathToken::kString) lexer_.syntax_error();
            item->flags = regex_flags(lexer_.text());
            lexer_.advance();
        }
        return item;
    }

    static std::string regex_flags(const std::string& given) {
        static constexpr std::string_view kKnown = "ismxq";
        for (std::size_t i = 0; i < given.size(); ++i) {
            if (kKnown.find(given[i]) != std::string_view::npos) continue;
            auto byte = static_cast<unsigned char>(given[i]);
            std::size_t size = byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
            throw SqlError("42601", "invalid input syntax for type jsonpath")
                .detail("Unrecognized flag character \"" + given.substr(i, size) +
                        "\" in LIKE_REGEX predicate.");
        }
        std::string flags;
        for (char c : kKnown)
            if (given.find(c) != std::string::npos) flags += c;
        return flags;
    }

    PathItemPtr sum() {
        PathItemPtr left = product();
        while (is("+") || is("-")) {
            PathOp op = is("+") ? PathOp::kAdd : PathOp::kSub;
            left = want(std::move(left), false);
            lexer_.advance();
            left = make(op, std::move(left), want(product(), false));
        }
        return left;
    }

    PathItemPtr product() {
        PathItemPtr left = unary();
        while (is("*") || is("/") || is("%")) {
            PathOp op = is("*") ? PathOp::kMul : is("/") ? PathOp::kDiv : PathOp::kMod;
            left = want(std::move(left), false);
            lexer_.advance();
            left = make(op, std::move(left), want(unary(), false));
        }
        return left;
    }

    PathItemPtr unary() {
        if (is_word("exists")) return primary();  // takes no accessor without parentheses
        if (!is("+") && !is("-")) return accessors(primary());
        Depth depth(depth_);
        bool minus = is("-");
        lexer_.advance();
        PathItemPtr item = want(unary(), false);
        if (item->op != PathOp::kNumeric || item->next != nullptr)
            return make(minus ? PathOp::kMinus : PathOp::kPlus, std::move(item));
        if (minus && item->text.starts_with('-')) item->text.erase(0, 1);
        else if (minus && item->text.find_first_of("123456789") != std::string::npos)
            item->text.insert(0, 1, '-');
        return item;
    }

    PathItemPtr primary() {
        std::string text = lexer_.text();
        switch (kind()) {
            case PathToken::kString: return leaf(PathOp::kString, std::move(text));
            case PathToken::kVariable: return leaf(PathOp::kVariable, std::move(text));
            case PathToken::kNumeric: case PathToken::kInteger: {
                std::string number;
                append_jsonb_number(readable(text), number);
                return leaf(PathOp::kNumeric, std::move(number));
            }
            case PathToken::kWord: return word();
            default: break;
        }
        if (take("$")) return make(PathOp::kRoot);
        if (take("@")) return make(PathOp::kCurrent);
        if (take("(")) return parenthesized();
        lexer_.syntax_error();
    }

    PathItemPtr leaf(PathOp op, std::string text) {
        lexer_.advance();
        return make_text(op, std::move(text));
    }

    /// ".5" and "1." as JSON would have them.
    static std::string readable(std::string text) {
        if (text.starts_with('.')) text.insert(0, 1, '0');
        std::size_t point = text.find('.');
        bool bare = point != std::string::npos &&
                    (point + 1 == text.size() || text[point + 1] == 'e' || text[point + 1] == 'E');
        if (bare) text.erase(point, 1);
        return text;
    }

    PathItemPtr word() {
        if (take_word("null")) return make(PathOp::kNull);
        if (take_word("true")) return make_text(PathOp::kBool, "true");
        if (take_word("false")) return make_text(PathOp::kBool, "false");
        if (take_word("last")) return make(PathOp::kLast);
        if (take_word("exists")) return exists();
        lexer_.syntax_error();
    }

    PathItemPtr parenthesized() {
        PathItemPtr item = any_expression();
        expect(")");
        if (is_word("is") && is_predicate(*item)) {
            lexer_.advance();
            expect_word("unknown");
            return make(PathOp::kIsUnknown, std::move(item));
        }
        return item;
    }

    PathItemPtr accessors(PathItemPtr item) {
        PathItem* last = item.get();
        while (last->next) last = last->next.get();
        while (is(".") || is("[") || is("?")) {
            last->next = accessor();
            last = last->next.get();
        }
        return item;
    }

    PathItemPtr accessor() {
        if (take("[")) return subscript();
        if (take("?")) {
            expect("(");
            PathItemPtr condition = want(any_expression(), true);
            expect(")");
            return make(PathOp::kFilter, std::move(condition));
        }
        lexer_.advance();
        if (take("*")) return make(PathOp::kAnyKey);
        if (take("**")) return any_path();
        if (kind() == PathToken::kString) return leaf(PathOp::kKey, lexer_.text());
        if (kind() != PathToken::kWord) lexer_.syntax_error();
        std::string name = lexer_.text(), keyword(lexer_.keyword());
        lexer_.advance();
        if (!is("(")) return make_text(PathOp::kKey, std::move(name));
        return method(keyword);
    }

    PathItemPtr method(const std::string& name) {
        static constexpr PathOp kMethods[] = {PathOp::kAbs,     PathOp::kSize,     PathOp::kType,
                                              PathOp::kFloor,   PathOp::kDouble,   PathOp::kCeiling,
                                              PathOp::kKeyValue, PathOp::kDatetime};
        for (PathOp op : kMethods) {
            if (path_op_name(op) != name) continue;
            expect("(");
            PathItemPtr item = make(op);
            if (op == PathOp::kDatetime && kind() == PathToken::kString)
                item->left = leaf(PathOp::kString, lexer_.text());
            expect(")");
            return item;
        }
        lexer_.syntax_error();
    }

    PathItemPtr subscript() {
        if (take("*")) {
            expect("]");
            return make(PathOp::kAnyArray);
        }
        PathItemPtr item = make(PathOp::kIndexArray);
        do {
            PathItem::Subscript& range = item->subscripts.emplace_back();
            range.from = want(sum(), false);
            if (take_word("to")) range.to = want(sum(), false);
        } while (take(","));
        expect("]");
        return item;
    }

    std::uint32_t level() {
        if (take_word("last")) return kPathLast;
        if (kind() != PathToken::kInteger) lexer_.syntax_error();
        auto value = static_cast<std::uint32_t>(std::atoi(lexer_.text().c_str()));
        lexer_.advance();
        return value;
    }

    PathItemPtr any_path() {
        PathItemPtr item = make(PathOp::kAny);
        item->last = kPathLast;
        if (!take("{")) return item;
        item->first = item->last = level();
        if (take_word("to")) item->last = level();
        expect("}");
        return item;
    }

    PathLexer lexer_;
    int depth_ = 0;
};

/// Where @ and last may stand.
void check_places(const PathItem* item, int filters, bool in_subscript) {
    for (; item != nullptr; item = item->next.get()) {
        if (item->op == PathOp::kCurrent && filters == 0)
            throw SqlError("42601", "@ is not allowed in root expressions");
        if (item->op == PathOp::kLast && !in_subscript)
            throw SqlError("42601", "LAST is allowed only in array subscripts");
        int inner = filters + (item->op == PathOp::kFilter);
        check_places(item->left.get(), inner, in_subscript);
        check_places(item->right.get(), inner, in_subscript);
        for (const PathItem::Subscript& range : item->subscripts) {
            check_places(range.from.get(), filters, true);
            check_places(range.to.get(), filters, true);
        }
    }
}

}  // namespace

JsonPath parse_jsonpath(std::string_view text) {
    if (text.find_first_not_of(" \t\n\r\f") == std::string_view::npos)
        throw SqlError("22P02", "invalid input syntax for type jsonpath: \"" + std::string(text) +
                                    "\"");
    JsonPath path = Parser(text).run();
    check_places(path.root.get(), 0, false);
    return path;
}

}  // namespace cdcsim::pg
