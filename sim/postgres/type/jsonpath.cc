#include "sim/postgres/type/jsonpath.h"

#include "core/base/error.h"
#include "sim/postgres/function/environment.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/jsonb.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

struct OpName {
    PathOp op;
    std::string_view name;
};
constexpr OpName kOpNames[] = {
    {PathOp::kAnd, "&&"},          {PathOp::kOr, "||"},
    {PathOp::kEqual, "=="},        {PathOp::kNotEqual, "!="},
    {PathOp::kLess, "<"},          {PathOp::kGreater, ">"},
    {PathOp::kLessOrEqual, "<="},  {PathOp::kGreaterOrEqual, ">="},
    {PathOp::kAdd, "+"},           {PathOp::kPlus, "+"},
    {PathOp::kSub, "-"},           {PathOp::kMinus, "-"},
    {PathOp::kMul, "*"},           {PathOp::kDiv, "/"},
    {PathOp::kMod, "%"},           {PathOp::kStartsWith, "starts with"},
    {PathOp::kLikeRegex, "like_regex"}, {PathOp::kType, "type"},
    {PathOp::kSize, "size"},       {PathOp::kKeyValue, "keyvalue"},
    {PathOp::kDouble, "double"},   {PathOp::kAbs, "abs"},
    {PathOp::kFloor, "floor"},     {PathOp::kCeiling, "ceiling"},
    {PathOp::kDatetime, "datetime"},
};

int priority(PathOp op) {
    switch (op) {
        case PathOp::kOr: return 0;
        case PathOp::kAnd: return 1;
        case PathOp::kEqual: case PathOp::kNotEqual: case PathOp::kLess: case PathOp::kGreater:
        case PathOp::kLessOrEqual: case PathOp::kGreaterOrEqual: case PathOp::kStartsWith:
            return 2;
        case PathOp::kAdd: case PathOp::kSub: return 3;
        case PathOp::kMul: case PathOp::kDiv: case PathOp::kMod: return 4;
        case PathOp::kPlus: case PathOp::kMinus: return 5;
        default: return 6;
    }
}

class Printer {
  public:
    void print(const PathItem& item, bool in_key, bool brackets) {
        print_item(item, in_key, brackets);
        if (item.next) print(*item.next, true, true);
    }
    std::string out;

  private:
    void operand(const PathItem& item, const PathItem& parent) {
        print(item, false, priority(item.op) <= priority(parent.op));
    }
    void open(bool brackets) {
        if (brackets) out += '(';
    }
    void close(bool brackets) {
        if (brackets) out += ')';
    }

    void print_item(const PathItem& item, bool in_key, bool brackets) {
        switch (item.op) {
            case PathOp::kNull: out += "null"; break;
            case PathOp::kBool: out += item.text; break;
            case PathOp::kString: append_json_string(item.text, out); break;
            case PathOp::kNumeric:
                open(item.next != nullptr);
                out += item.text;
                close(item.next != nullptr);
                break;
            case PathOp::kVariable: out += '$'; append_json_string(item.text, out); break;
            case PathOp::kKey: dot(in_key); append_json_string(item.text, out); break;
            case PathOp::kAnyKey: dot(in_key); out += '*'; break;
            case PathOp::kAnyArray: out += "[*]"; break;
            case PathOp::kRoot: out += '$'; break;
            case PathOp::kCurrent: out += '@'; break;
            case PathOp::kLast: out += "last"; break;
            case PathOp::kAny: dot(in_key); any(item); break;
            case PathOp::kIndexArray: subscripts(item); break;
            case PathOp::kFilter: wrapped("?(", *item.left, ")"); break;
            case PathOp::kNot: wrapped("!(", *item.left, ")"); break;
            case PathOp::kIsUnknown: wrapped("(", *item.left, ") is unknown"); break;
            case PathOp::kExists: wrapped("exists (", *item.left, ")"); break;
            case PathOp::kPlus: case PathOp::kMinus:
                open(brackets);
                out += path_op_name(item.op);
                operand(*item.left, item);
                close(brackets);
                break;
            case PathOp::kLikeRegex: regex(item, brackets); break;
            default:
                if (item.right) binary(item, brackets);
                else method(item);
        }
    }

    void dot(bool in_key) {
        if (in_key) out += '.';
    }
    void wrapped(std::string_view before, const PathItem& item, std::string_view after) {
        out += before;
        print(item, false, false);
        out += after;
    }
    void binary(const PathItem& item, bool brackets) {
        open(brackets);
        operand(*item.left, item);
        out.append(" ").append(path_op_name(item.op)).append(" ");
        operand(*item.right, item);
        close(brackets);
    }
    void regex(const PathItem& item, bool brackets) {
        open(brackets);
        operand(*item.left, item);
        out += " like_regex ";
        append_json_string(item.text, out);
        if (!item.flags.empty()) out += " flag \"" + item.flags + '"';
        close(brackets);
    }
    void method(const PathItem& item) {
        out.append(".").append(path_op_name(item.op)).append("(");
        if (item.left) print(*item.left, false, false);
        out += ')';
    }
    static std::string level(std::uint32_t value) {
        return value == kPathLast ? "last" : std::to_string(value);
    }
    void any(const PathItem& item) {
        out += "**";
        if (item.first == 0 && item.last == kPathLast) return;
        out += '{' + level(item.first);
        if (item.first != item.last) out += " to " + level(item.last);
        out += '}';
    }
    void subscripts(const PathItem& item) {
        out += '[';
        for (std::size_t i = 0; i < item.subscripts.size(); ++i) {
            if (i > 0) out += ',';
            print(*item.subscripts[i].from, false, false);
            if (!item.subscripts[i].to) continue;
            out += " to ";
            print(*item.subscripts[i].to, false, false);
        }
        out += ']';
    }
};

/// like_regex's patterns are compiled when the path is read.
void check_patterns(Environment& env, const PathItem* item) {
    for (; item != nullptr; item = item->next.get()) {
        check_patterns(env, item->left.get());
        check_patterns(env, item->right.get());
        for (const PathItem::Subscript& range : item->subscripts) {
            check_patterns(env, range.from.get());
            check_patterns(env, range.to.get());
        }
        if (item->op != PathOp::kLikeRegex) continue;
        constexpr Oid kTextRegexEq = 1254;
        ScalarFunction matches = find_scalar_function(kTextRegexEq);
        if (matches == nullptr) throw NotSimulated("like_regex of jsonpath");
        const Oid types[] = {oid::kText, oid::kText};
        const Datum args[] = {Datum::of_text(""),
                              Datum::of_text(path_regex(item->text, item->flags))};
        CallContext call{env, oid::kBool, types, oid::kDefaultCollation, false, kTextRegexEq};
        matches(call, {args, 2});
    }
}

Datum jsonpath_input(Environment& env, const TypeInfo&, std::string_view text, std::int32_t) {
    JsonPath path = parse_jsonpath(text);
    check_patterns(env, path.root.get());
    return Datum::of_text(format_jsonpath(path));
}

void jsonpath_output(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    out += value.as_text();
}

/// Its bytes on disk are not written: nobody stores paths, and a wrong length would be silent.
void jsonpath_to_disk(Environment&, const TypeInfo&, const Datum&, std::string&) {
    throw NotSimulated("storing a value of type jsonpath");
}

constexpr TypeOps kTypes[] = {
    {oid::kJsonpath, jsonpath_input, jsonpath_output, nullptr, jsonpath_to_disk, false}};

}  // namespace

std::string_view path_op_name(PathOp op) {
    for (const OpName& row : kOpNames)
        if (row.op == op) return row.name;
    return "";
}

std::string path_regex(const std::string& pattern, const std::string& flags) {
    auto has = [&](char c) { return flags.find(c) != std::string::npos; };
    std::string options = has('i') ? "i" : "";
    if (has('q')) return "***:(?" + options + "q)" + pattern;
    if (has('x'))
        throw SqlError("0A000",
                       "XQuery \"x\" flag (expanded regular expressions) is not implemented");
    // Without s a dot does not match a line feed; with m the anchors match at lines.
    options += has('s') ? (has('m') ? "w" : "s") : (has('m') ? "n" : "p");
    return "***:(?" + options + ")" + pattern;
}

std::string format_jsonpath(const JsonPath& path) {
    Printer printer;
    if (!path.lax) printer.out = "strict ";
    printer.print(*path.root, false, true);
    return std::move(printer.out);
}

FunctionTables jsonpath_type_tables() { return {.types = kTypes}; }

}  // namespace cdcsim::pg
