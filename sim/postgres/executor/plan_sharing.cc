#include "sim/postgres/executor/plan_sharing.h"

#include <algorithm>
#include <charconv>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

/// More shapes than a program has.
constexpr std::size_t kMaxPlans = 512;
constexpr Oid kVarcharLength = 669;  ///< varchar(varchar, int4, bool)
constexpr std::int32_t kTypmodOffset = 4;

/// The literal itself under the casts around it.
const ConstExpr* literal_under_casts(const Expr& expr) {
    switch (expr.kind) {
        case ExprKind::kConst: return expr.location >= 0 ? &as<ConstExpr>(expr) : nullptr;
        case ExprKind::kRelabel: return literal_under_casts(*as<RelabelExpr>(expr).arg);
        case ExprKind::kCoerceViaIo: return literal_under_casts(*as<CoerceViaIoExpr>(expr).arg);
        case ExprKind::kFunc: {
            const auto& call = as<FuncExpr>(expr);
            bool is_cast = call.form == FuncForm::kImplicitCast || call.form == FuncForm::kExplicitCast;
            if (!is_cast || call.returns_set || call.args.empty()) return nullptr;
            for (std::size_t i = 1; i < call.args.size(); ++i) {
                if (call.args[i]->kind != ExprKind::kConst || call.args[i]->location >= 0) return nullptr;
            }
            return literal_under_casts(*call.args[0]);
        }
        default: return nullptr;
    }
}

ExprPtr with_literal(const ExprPtr& expr, const ConstExpr& literal, const ExprPtr& replacement) {
    if (expr.get() == &literal) return replacement;
    return map_children(expr, [&](const ExprPtr& child) { return with_literal(child, literal, replacement); });
}

ExprPtr parameter_like(const Expr& expr, int number) {
    auto parameter = std::make_shared<ParamExpr>();
    parameter->type = expr.type;
    parameter->typmod = expr.typmod;
    parameter->collation = expr.collation;
    parameter->location = expr.location;
    parameter->number = number;
    return parameter;
}

bool is_column(const Expr& expr) {
    if (expr.kind == ExprKind::kVar) return true;
    if (expr.kind == ExprKind::kRelabel) return is_column(*as<RelabelExpr>(expr).arg);
    if (expr.kind != ExprKind::kFunc) return false;
    const auto& call = as<FuncExpr>(expr);
    return call.form == FuncForm::kImplicitCast && call.args.size() == 1 && is_column(*call.args[0]);
}

/// One value for the casts of one literal.
class OneValue : public ParamSource {
  public:
    explicit OneValue(Datum value) : value_(std::move(value)) {}
    const Datum& param(int) override { return value_; }

  private:
    Datum value_;
};

Datum literal_value(Environment& env, std::string_view text, const Literal& literal, const LiteralRecipe& recipe) {
    std::string_view digits = text.substr(static_cast<std::size_t>(literal.begin), static_cast<std::size_t>(literal.end - literal.begin));
    switch (recipe.kind) {
        case LiteralClass::kString: {
            std::string characters = literal_characters(text, literal);
            bool is_text = recipe.type == oid::kVarchar || recipe.type == oid::kText;
            return is_text ? Datum::of_text(std::move(characters)) : input_text(env, recipe.type, characters, recipe.typmod);
        }
        case LiteralClass::kInt4:
        case LiteralClass::kInt8: {
            std::int64_t value = 0;
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
            return Datum::of_int(recipe.negative ? -value : value);
        }
        case LiteralClass::kNumeric:
            return input_text(env, recipe.type, recipe.negative ? "-" + std::string(digits) : std::string(digits), recipe.typmod);
    }
    return {};
}

/// Replaces the literals of a bound query by parameters, where the whitelist has them.
class Parameterizer {
  public:
    Parameterizer(Backend& backend, std::string_view text, const StatementShape& shape)
        : backend_(backend), text_(text), shape_(shape), recipes_(shape.literals.size()), found_(shape.literals.size()) {}

    /// False: some literal stands elsewhere. Then `query` may be changed in part.
    bool run(Query& query) {
        // How tables are joined may depend on the very constants.
        bool is_join = query.command != CommandKind::kInsert && query.range_table.size() > 1;
        if (is_join || !query.ctes.empty() || has_partial_index(query)) return false;
        switch (query.command) {
            case CommandKind::kInsert: insert(query); break;
            case CommandKind::kUpdate:
                for (TargetEntry& target : query.targets) replace_value(target.expr);
                replace_comparisons(query.where);
                break;
            case CommandKind::kDelete: replace_comparisons(query.where); break;
            case CommandKind::kSelect: replace_comparisons(query.where); break;
            default: return false;
        }
        return std::ranges::all_of(found_, [](bool found) { return found; });
    }

    std::vector<LiteralRecipe> take_recipes() { return std::move(recipes_); }

  private:
    /// A constant may be the one in the predicate.
    static bool has_partial_index(const Query& query) {
        return query.command != CommandKind::kInsert && std::ranges::any_of(query.range_table, [](const RangeTableEntry& entry) {
            return entry.relation && std::ranges::any_of(entry.relation->indexes, [](const Index& index) { return index.predicate.has_value(); });
        });
    }

    /// LIKE: how many rows match is judged by the pattern.
    static bool is_pattern_operator(Oid op) {
        const OperatorRow* row = find_builtin_operator(op);
        return row != nullptr && (row->name.ends_with("~~") || row->name.ends_with("~~*"));
    }

    void insert(Query& query) {
        for (auto& row : query.values) {
            for (ExprPtr& expr : row) replace_value(expr);
        }
        if (!query.on_conflict) return;
        for (TargetEntry& target : query.on_conflict->set) replace_value(target.expr);
    }

    void replace_comparisons(ExprPtr& expr) {
        if (!expr) return;
        if (expr->kind == ExprKind::kBool) {
            expr = map_children(expr, [&](const ExprPtr& child) {
                ExprPtr replaced = child;
                replace_comparisons(replaced);
                return replaced;
            });
            return;
        }
        if (expr->kind != ExprKind::kFunc) return;
        const auto& call = as<FuncExpr>(*expr);
        if (call.form != FuncForm::kOperator || call.args.size() != 2 || call.returns_set || is_pattern_operator(call.op)) return;
        auto node = std::make_shared<FuncExpr>(call);
        bool changed = false;
        if (is_column(*call.args[0])) changed = replace_literal(node->args[1]);
        if (is_column(*call.args[1])) changed = replace_literal(node->args[0]);
        if (changed) expr = node;
    }

    /// A literal, or `column operator literal`.
    void replace_value(ExprPtr& expr) {
        if (expr && !replace_literal(expr)) replace_comparisons(expr);
    }

    bool replace_literal(ExprPtr& expr) {
        const ConstExpr* constant = literal_under_casts(*expr);
        if (constant == nullptr) return false;
        LiteralRecipe recipe;
        std::size_t number = 0;
        if (!find_literal(*constant, recipe, number)) return false;
        recipe.type = constant->type;
        recipe.typmod = constant->typmod;
        if (!literal_value(backend_, text_, shape_.literals[number], recipe).identical(constant->value)) return false;
        if (expr->kind != ExprKind::kConst) {
            // Casts that the planner does not fold are not computed before the statement runs.
            ExprPtr folded = fold_constants(expr, backend_);
            if (folded->kind != ExprKind::kConst) return false;
            recipe.casts = with_literal(expr, *constant, parameter_like(*constant, 1));
            recipe.max_characters = checked_length(*recipe.casts);
        }
        expr = parameter_like(*expr, static_cast<int>(number) + 1);
        recipes_[number] = std::move(recipe);
        found_[number] = true;
        return true;
    }

    bool find_literal(const ConstExpr& constant, LiteralRecipe& recipe, std::size_t& number) const {
        for (std::size_t i = 0; i < shape_.literals.size(); ++i) {
            const Literal& literal = shape_.literals[i];
            if (literal.begin < constant.location) continue;
            recipe.kind = literal.kind;
            recipe.negative = literal.begin > constant.location;
            if (recipe.negative && !is_sign(constant.location, literal)) return false;
            number = i;
            return !found_[i];
        }
        return false;
    }

    /// Between the constant's place and the literal's there is a minus and blanks.
    bool is_sign(int location, const Literal& literal) const {
        if (literal.kind == LiteralClass::kString || text_[static_cast<std::size_t>(location)] != '-') return false;
        std::string_view between = text_.substr(static_cast<std::size_t>(location) + 1, static_cast<std::size_t>(literal.begin - location) - 1);
        return between.find_first_not_of(" \t\n\r\f") == std::string_view::npos;
    }

    static int checked_length(const Expr& casts) {
        if (casts.kind != ExprKind::kFunc) return -1;
        const auto& call = as<FuncExpr>(casts);
        bool plain = call.function == kVarcharLength && call.form == FuncForm::kImplicitCast && call.args[0]->kind == ExprKind::kParam;
        if (!plain) return -1;
        return static_cast<int>(as<ConstExpr>(*call.args[1]).value.as_int() - kTypmodOffset);
    }

    Backend& backend_;
    std::string_view text_;
    const StatementShape& shape_;
    std::vector<LiteralRecipe> recipes_;
    std::vector<bool> found_;
};

}  // namespace

bool PlanCache::read(std::string_view text) {
    text_ = text;
    if (text.size() > kMaxStatementBytes) return false;
    if (shape_.read_alike(text)) return true;
    last_ = nullptr;
    return shape_.read(text);
}

void PlanCache::forget_if_stale() {
    const std::vector<Oid>& path = backend_.search_path();
    bool same = catalog_ == backend_.catalog_ptr() && settings_.shares_with(backend_.setting_values()) && role_ == backend_.current_user() &&
                path_ == path;
    if (same && plans_.size() < kMaxPlans) return;
    plans_.clear();
    last_ = nullptr;
    catalog_ = backend_.catalog_ptr();
    settings_ = backend_.setting_values();
    role_ = backend_.current_user();
    path_ = path;
}

SharedPlan* PlanCache::look_up() {
    forget_if_stale();
    if (last_ == nullptr) {
        auto it = plans_.find(shape_.key);
        if (it == plans_.end() || it->second == nullptr) return nullptr;
        last_ = it->second.get();
    }
    if (!backend_.transaction().active) backend_.start_transaction();
    if (!set_values(last_->recipes)) return nullptr;
    SharedPlan* found = last_;
    return take_locks(found->locks) ? found : nullptr;
}

bool PlanCache::take_locks(const std::vector<TableLock>& locks) {
    for (const TableLock& lock : locks) {
        if (backend_.lock_relation(lock.relation, lock.mode, lock.location) != lock.relation) return false;
    }
    return true;
}

/// False if the statement must be bound with its own literals: then errors have their place.
bool PlanCache::set_values(const std::vector<LiteralRecipe>& recipes) {
    std::vector<Datum>& values = values_.values();
    values.resize(recipes.size());
    try {
        for (std::size_t i = 0; i < recipes.size(); ++i) {
            const LiteralRecipe& recipe = recipes[i];
            Datum value = literal_value(backend_, text_, shape_.literals[i], recipe);
            bool fits = recipe.max_characters >= 0 && value.as_text().size() <= static_cast<std::size_t>(recipe.max_characters);
            if (recipe.casts && !fits) {
                OneValue params(std::move(value));
                Snapshot snapshot;
                EvalContext context{.host = backend_, .snapshot = snapshot, .params = &params};
                value = evaluate(*recipe.casts, context);
            }
            values[i] = std::move(value);
        }
    } catch (const SqlError&) {
        return false;
    }
    return true;
}

void PlanCache::learn(Command& command) {
    forget_if_stale();
    auto shared = std::make_unique<SharedPlan>();
    {
        Backend::LockRecorder recorder(backend_, shared->locks);
        command.query = bind_query(command.node, backend_.bind_options());
    }
    forget_if_stale();  // a lock that was waited for may have brought another catalog
    try {
        Parameterizer parameterizer(backend_, text_, shape_);
        // Nobody else has seen the tree yet.
        if (parameterizer.run(const_cast<Query&>(*command.query))) {
            shared->recipes = parameterizer.take_recipes();
            if (set_values(shared->recipes)) shared->query = command.query;
        } else {
            plans_.emplace(shape_.key, nullptr);
        }
    } catch (const SqlError&) {
        // The statement's own way finds it again, in its place.
    }
    if (!shared->query) {
        if (!shape_.literals.empty()) command.query = bind_query(command.node, backend_.bind_options());
        return;
    }
    command.plan = shared->plan = plan_statement(command.query, backend_);
    command.params = &values_;
    last_ = nullptr;
    plans_.insert_or_assign(shape_.key, std::move(shared));
}

}  // namespace cdcsim::pg
