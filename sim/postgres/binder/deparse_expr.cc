// pg_get_expr: a bound expression as PostgreSQL prints it back. Mirrors ruleutils.c's
// get_rule_expr, with all parentheses or (pretty printing) only those that are needed.
#include <algorithm>

#include <array>

#include <fmt/format.h>

#include "sim/postgres/binder/parse_state.h"
#include "sim/postgres/parser/parse.h"
#include "sim/postgres/type/format_type.h"

namespace cdcsim::pg {
namespace {

/// Functions that SQL spells in a way of its own.
struct SyntaxRow {
    std::string_view function;
    std::size_t arguments;
    std::string_view text;
    bool by_pattern = false;  ///< SUBSTRING(x SIMILAR y ESCAPE z)
};
constexpr auto kSyntax = std::to_array<SyntaxRow>({
    {"btrim", 1, "TRIM(BOTH FROM 0)"},
    {"btrim", 2, "TRIM(BOTH 1 FROM 0)"},
    {"extract", 2, "EXTRACT('0 FROM 1)"},
    {"is_normalized", 1, "(0 IS NORMALIZED)"},
    {"is_normalized", 2, "(0 IS '1 NORMALIZED)"},
    {"ltrim", 1, "TRIM(LEADING FROM 0)"},
    {"ltrim", 2, "TRIM(LEADING 1 FROM 0)"},
    {"normalize", 1, "NORMALIZE(0)"},
    {"normalize", 2, "NORMALIZE(0, '1)"},
    {"overlaps", 4, "((0, 1) OVERLAPS (2, 3))"},
    {"overlay", 3, "OVERLAY(0 PLACING 1 FROM 2)"},
    {"overlay", 4, "OVERLAY(0 PLACING 1 FROM 2 FOR 3)"},
    {"position", 2, "POSITION((1) IN (0))"},
    {"rtrim", 1, "TRIM(TRAILING FROM 0)"},
    {"rtrim", 2, "TRIM(TRAILING 1 FROM 0)"},
    {"substring", 2, "SUBSTRING(0 FROM 1)"},
    {"substring", 3, "SUBSTRING(0 FROM 1 FOR 2)"},
    {"substring", 3, "SUBSTRING(0 SIMILAR 1 ESCAPE 2)", true},
    {"timezone", 2, "(1 AT TIME ZONE 0)"},
});


std::string quote_identifier(const std::string& name) {
    bool plain = !name.empty() && ((name[0] >= 'a' && name[0] <= 'z') || name[0] == '_') &&
                 std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
    if (plain) {
        // A keyword that cannot be a column name needs quotes.
        std::vector<Token> tokens = scan_sql(name);
        plain = tokens.size() == 1 && (tokens[0].keyword == 0 || tokens[0].keyword == 1);
    }
    if (plain) return name;
    std::string quoted = "\"";
    for (char c : name) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + "\"";
}

std::string quote_literal(const std::string& text) {
    // A backslash makes it an escape string only where standard_conforming_strings is off.
    std::string quoted = "'";
    for (char c : text) {
        if (c == '\'') quoted += '\'';
        quoted += c;
    }
    return quoted + "'";
}

/// PostgreSQL prints an argument of a binary operator that is itself an operator in parentheses, and
/// every operator expression at the top too: each node adds its own.
class Deparser {
  public:
    Deparser(CatalogContext& context, const Relation* relation, Parentheses parentheses)
        : context_(context), relation_(relation), is_pretty_(parentheses == Parentheses::kNeeded) {}

    std::string text(const Expr& expr, bool show_implicit_cast = true) {
        switch (expr.kind) {
            case ExprKind::kConst: return constant(as<ConstExpr>(expr), 0);
            case ExprKind::kVar: return variable(as<VarExpr>(expr));
            case ExprKind::kFunc: return function(as<FuncExpr>(expr), show_implicit_cast);
            case ExprKind::kScalarArrayOp: {
                const auto& node = as<ScalarArrayOpExpr>(expr);
                return fmt::format("({} {} {} ({}))", text(*node.left), find_builtin_operator(node.op)->name, node.use_or ? "ANY" : "ALL", text(*node.right));
            }
            case ExprKind::kBool: return boolean(as<BoolExpr>(expr));
            case ExprKind::kNullTest: {
                const auto& node = as<NullTestExpr>(expr);
                return outer(fmt::format("{} IS {}NULL", part(*node.arg, expr), node.is_null ? "" : "NOT "));
            }
            case ExprKind::kBooleanTest: return boolean_test(as<BooleanTestExpr>(expr));
            case ExprKind::kCase: return case_expr(as<CaseExpr>(expr));
            case ExprKind::kCoalesce: return "COALESCE(" + list(as<CoalesceExpr>(expr).args) + ")";
            case ExprKind::kMinMax: return (as<MinMaxExpr>(expr).greatest ? "GREATEST(" : "LEAST(") + list(as<MinMaxExpr>(expr).args) + ")";
            case ExprKind::kArray: return array(as<ArrayExpr>(expr));
            case ExprKind::kRow: return "ROW(" + list(as<RowExpr>(expr).fields) + ")";
            case ExprKind::kRelabel: return cast(*as<RelabelExpr>(expr).arg, expr, as<RelabelExpr>(expr).is_explicit, show_implicit_cast);
            case ExprKind::kCoerceViaIo: return cast(*as<CoerceViaIoExpr>(expr).arg, expr, as<CoerceViaIoExpr>(expr).is_explicit, show_implicit_cast);
            case ExprKind::kArrayCoerce: return cast(*as<ArrayCoerceExpr>(expr).arg, expr, as<ArrayCoerceExpr>(expr).is_explicit, show_implicit_cast);
            case ExprKind::kCoerceToDomain: return cast(*as<CoerceToDomainExpr>(expr).arg, expr, as<CoerceToDomainExpr>(expr).is_explicit, show_implicit_cast);
            case ExprKind::kDomainValue: return "VALUE";
            case ExprKind::kCollate: return text(*as<CollateExpr>(expr).arg);
            case ExprKind::kSqlValue: return sql_value(as<SqlValueExpr>(expr));
            case ExprKind::kFieldSelect: return field(as<FieldSelectExpr>(expr));
            case ExprKind::kSubscript: return subscripts(as<SubscriptExpr>(expr));
            case ExprKind::kWholeRow: return relation_ ? relation_->name + ".*" : "ROW";
            default: throw NotSimulated("the text of this expression", expr.location);
        }
    }

  private:
    /// What has parentheses of its own, except in pretty printing.
    std::string outer(std::string text) const { return is_pretty_ ? text : "(" + text + ")"; }

    /// A part of `parent`: pretty printing puts parentheses here instead (get_rule_expr_paren).
    std::string part(const Expr& expr, const Expr& parent, bool show_implicit_cast = true) {
        const std::string inner = text(expr, show_implicit_cast);
        return is_pretty_ && !is_simple(expr, parent) ? "(" + inner + ")" : inner;
    }

    static bool is_operator(const Expr& expr) { return expr.kind == ExprKind::kFunc && as<FuncExpr>(expr).form == FuncForm::kOperator; }

    /// How tightly an arithmetic operator binds; 0: another one.
    static int priority(const Expr& expr) {
        const OperatorRow* row = find_builtin_operator(as<FuncExpr>(expr).op);
        if (row == nullptr || row->name.size() != 1) return 0;
        return row->name == "+" || row->name == "-" ? 1 : row->name == "*" || row->name == "/" || row->name == "%" ? 2 : 0;
    }

    /// isSimpleNode.
    static bool is_simple(const Expr& expr, const Expr& parent) {
        switch (expr.kind) {
            case ExprKind::kRelabel: return is_simple(*as<RelabelExpr>(expr).arg, expr);
            case ExprKind::kCoerceViaIo: return is_simple(*as<CoerceViaIoExpr>(expr).arg, expr);
            case ExprKind::kArrayCoerce: return is_simple(*as<ArrayCoerceExpr>(expr).arg, expr);
            case ExprKind::kCoerceToDomain: return is_simple(*as<CoerceToDomainExpr>(expr).arg, expr);
            case ExprKind::kNullTest: case ExprKind::kBooleanTest: case ExprKind::kScalarArrayOp: return parent.kind == ExprKind::kBool;
            case ExprKind::kBool: {
                if (parent.kind != ExprKind::kBool || as<BoolExpr>(parent).op == BoolOp::kNot) return false;
                return as<BoolExpr>(expr).op != BoolOp::kOr || as<BoolExpr>(parent).op == BoolOp::kOr;
            }
            default: break;
        }
        if (!is_operator(expr)) return true;
        if (!is_operator(parent)) return parent.kind == ExprKind::kBool;
        const int own = priority(expr), around = priority(parent);
        return own > 0 && around > 0 && (own > around || (own == around && as<FuncExpr>(parent).args.front().get() == &expr));
    }

    std::string type_of(const Expr& expr) { return format_type_extended(context_.host(), expr.type, expr.typmod, TypmodKnown::kYes); }

    std::string list(const std::vector<ExprPtr>& items, bool last_is_variadic = false) {
        std::string out;
        for (const ExprPtr& item : items) {
            if (!out.empty()) out += ", ";
            if (last_is_variadic && item == items.back()) out += "VARIADIC ";
            out += text(*item);
        }
        return out;
    }

    /// showtype: -1 never, 0 if needed, 1 always.
    std::string constant(const ConstExpr& expr, int show_type) {
        if (expr.value.is_null()) return show_type < 0 ? "NULL" : "NULL::" + type_of(expr);
        std::string value = output_text(context_.host(), expr.type, expr.value);
        bool needs_label = true;
        std::string out;
        switch (expr.type) {
            case oid::kInt4:
                // A negative number is quoted so that it does not read as an operator.
                needs_label = value[0] == '-';
                out = needs_label ? "'" + value + "'" : value;
                break;
            case oid::kNumeric: {
                bool number = value.find_first_not_of("0123456789+-eE.") == std::string::npos && value[0] != '-' && value[0] != '+';
                out = number ? value : "'" + value + "'";
                bool integer_like = number && value.find_first_of("eE.") == std::string::npos;
                needs_label = !number || integer_like || expr.typmod >= 0;
                if (integer_like) out = "'" + value + "'";
                break;
            }
            case oid::kUnknown:
                out = quote_literal(value);
                needs_label = false;
                break;
            case oid::kBool:
                out = value == "t" ? "true" : "false";
                needs_label = false;
                break;
            default: out = quote_literal(value);
        }
        if (show_type < 0 || (!needs_label && show_type == 0)) return out;
        return out + "::" + type_of(expr);
    }

    std::string variable(const VarExpr& var) {
        CDCSIM_CHECK(relation_ != nullptr);
        if (var.attno <= 0) throw NotSimulated("the text of a system column");
        return quote_identifier(relation_->columns[static_cast<std::size_t>(var.attno - 1)].name);
    }

    std::string cast(const Expr& arg, const Expr& result, bool is_explicit, bool show_implicit_cast) {
        if (!is_explicit && !show_implicit_cast) return text(arg, false);
        if (arg.kind == ExprKind::kConst && arg.type == result.type) return constant(as<ConstExpr>(arg), -1) + "::" + type_of(result);
        // An implicit cast of an argument is shown like an explicit one; one below a cast is not.
        return (is_pretty_ ? part(arg, result, false) : "(" + text(arg, false) + ")") + "::" + type_of(result);
    }

    std::string function(const FuncExpr& call, bool show_implicit_cast) {
        switch (call.form) {
            case FuncForm::kOperator: return op(call);
            case FuncForm::kDistinct: return outer(fmt::format("{} IS DISTINCT FROM {}", part(*call.args[0], call), part(*call.args[1], call)));
            case FuncForm::kNullIf: return fmt::format("NULLIF({})", list(call.args));
            case FuncForm::kImplicitCast:
                if (!show_implicit_cast) return text(*call.args[0], false);
                [[fallthrough]];
            case FuncForm::kExplicitCast: {
                // A length coercion shows its typmod.
                const Expr& arg = *call.args[0];
                std::string inner = arg.kind == ExprKind::kConst && arg.type == call.type ? constant(as<ConstExpr>(arg), -1)
                                    : is_pretty_                                                  ? part(arg, call, false)
                                                                                                  : "(" + text(arg, false) + ")";
                return inner + "::" + type_of(call);
            }
            case FuncForm::kSqlSyntax:
                if (const std::string_view syntax = sql_syntax(call); !syntax.empty()) return in_syntax(syntax, call);
                break;
            case FuncForm::kCall: break;
        }
        std::string name;
        if (call.user) {
            const FunctionPtr renamed = context_.catalog().find_function(call.user->oid);
            const Function& user = renamed ? *renamed : *call.user;
            bool visible = false;
            for (Oid schema : context_.search_path()) {
                visible = visible || (schema == user.schema && !context_.catalog().find_functions(schema, user.name).empty());
            }
            name = quote_identifier(user.name);
            if (!visible) name = quote_identifier(context_.catalog().find_schema(user.schema)->name) + "." + name;
        } else {
            name = quote_identifier(std::string(find_builtin_proc(call.function)->name));
        }
        return fmt::format("{}({})", name, list(call.args, call.variadic));
    }

    /// get_func_sql_syntax: "" if that spelling is that of a plain call.
    static std::string_view sql_syntax(const FuncExpr& call) {
        const std::string_view name = find_builtin_proc(call.function)->name;
        const bool by_pattern = name == "substring" && call.arg_types.size() > 1 && call.arg_types[1] != oid::kInt4;
        for (const SyntaxRow& row : kSyntax) {
            if (row.function == name && row.arguments == call.args.size() && row.by_pattern == by_pattern) return row.text;
        }
        return "";
    }

    /// `0` is the first argument, `'0` the same as a bare word.
    std::string in_syntax(std::string_view syntax, const FuncExpr& call) {
        std::string out;
        for (std::size_t i = 0; i < syntax.size(); ++i) {
            const bool bare = syntax[i] == '\'';
            const char c = syntax[bare ? ++i : i];
            if (c < '0' || c > '9') {
                out += c;
                continue;
            }
            const Expr& arg = *call.args.at(static_cast<std::size_t>(c - '0'));
            out += bare && arg.kind == ExprKind::kConst ? output_text(context_.host(), arg.type, as<ConstExpr>(arg).value) : text(arg, false);
        }
        return out;
    }

    std::string op(const FuncExpr& call) {
        const OperatorRow* row = find_builtin_operator(call.op);
        if (call.args.size() == 1) return outer(fmt::format("{} {}", row->name, part(*call.args[0], call)));
        return outer(fmt::format("{} {} {}", part(*call.args[0], call), row->name, part(*call.args[1], call)));
    }

    std::string boolean(const BoolExpr& expr) {
        if (expr.op == BoolOp::kNot) return outer("NOT " + part(*expr.args[0], expr));
        std::string out;
        for (const ExprPtr& arg : expr.args) {
            if (!out.empty()) out += expr.op == BoolOp::kAnd ? " AND " : " OR ";
            out += part(*arg, expr);
        }
        return outer(out);
    }

    std::string boolean_test(const BooleanTestExpr& expr) {
        constexpr std::string_view kNames[] = {"IS TRUE", "IS NOT TRUE", "IS FALSE", "IS NOT FALSE", "IS UNKNOWN", "IS NOT UNKNOWN"};
        return outer(fmt::format("{} {}", part(*expr.arg, expr), kNames[static_cast<int>(expr.test)]));
    }

    std::string case_expr(const CaseExpr& expr) {
        if (is_pretty_) throw NotSimulated("CASE, printed pretty");
        std::string out = "\nCASE";
        if (expr.arg) out += " " + text(*expr.arg);
        for (const auto& when : expr.whens) {
            const Expr* condition = when.condition.get();
            if (expr.arg && condition->kind == ExprKind::kFunc) condition = as<FuncExpr>(*condition).args[1].get();
            out += "\n    WHEN " + text(*condition) + " THEN " + text(*when.result);
        }
        return out + "\n    ELSE " + text(*expr.default_result) + "\nEND";
    }

    std::string array(const ArrayExpr& expr) {
        std::string out = "ARRAY[" + list(expr.elements) + "]";
        return expr.elements.empty() ? out + "::" + type_of(expr) : out;
    }

    std::string sql_value(const SqlValueExpr& expr) {
        constexpr std::string_view kNames[] = {"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP", "CURRENT_ROLE",
                                               "CURRENT_USER", "USER", "SESSION_USER", "CURRENT_CATALOG", "CURRENT_SCHEMA"};
        std::string out(kNames[static_cast<int>(expr.value)]);
        return expr.typmod >= 0 ? fmt::format("{}({})", out, expr.typmod) : out;
    }

    std::string field(const FieldSelectExpr& expr) {
        const TypeInfo& type = context_.host().type(expr.arg->type);
        return fmt::format("({}).{}", text(*expr.arg), quote_identifier(type.attributes.at(static_cast<std::size_t>(expr.field)).name));
    }

    std::string subscripts(const SubscriptExpr& expr) {
        std::string out = text(*expr.container);
        if (expr.container->kind != ExprKind::kVar) out = "(" + out + ")";
        for (const auto& index : expr.indexes) {
            out += "[";
            if (index.is_slice) out += (index.lower ? text(*index.lower) : "") + ":";
            out += (index.upper ? text(*index.upper) : "") + "]";
        }
        return out;
    }

    CatalogContext& context_;
    const Relation* relation_;
    bool is_pretty_;
};

}  // namespace

std::string deparse_expression(const Expr& expr, CatalogContext& context, const Relation* relation, Parentheses parentheses) {
    // The outermost implicit cast is the column's assignment: it is not shown.
    return Deparser(context, relation, parentheses).text(expr, false);
}

}  // namespace cdcsim::pg
