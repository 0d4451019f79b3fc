// Running SQL from functions. Mirrors spi.c; a plan is bound again when what it depends on (tables,
// functions, domains) or the search_path has changed since. The row type of a variable is not among
// that: `r.*` keeps the columns that it had.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/backend.h"
#include "sim/postgres/executor/utility.h"

namespace cdcsim::pg {

namespace {

bool contains_sublink(const Expr& expr) {
    if (expr.kind == ExprKind::kSubLink) return true;
    bool found = false;
    for_each_child(expr, [&](const ExprPtr& child) { found = found || contains_sublink(*child); });
    return found;
}

/// Whether what plancache.c would watch for `query` is the same in both catalogs.
class SameDependencies {
  public:
    SameDependencies(const Catalog& before, Backend& backend) : before_(before), now_(backend.catalog()), backend_(backend) {}

    bool of(const Query& query) {
        for (const RangeTableEntry& entry : query.range_table) {
            if (entry.kind == RteKind::kTransition) return false;  // its columns are those of some table
            if (entry.relation && before_.find_relation(entry.relation->oid) != now_.find_relation(entry.relation->oid)) return false;
            if (entry.kind == RteKind::kTransition && !same_columns(entry)) return false;
        }
        bool same = true;
        for_each_expression(query, [&](const ExprPtr& expr) { same = same && of(expr); }, [&](const Query& below) { same = same && of(below); });
        return same;
    }

  private:
    /// The trigger's table has the columns that the transition table had.
    bool same_columns(const RangeTableEntry& entry) {
        const auto now = backend_.transition_table(entry.transition_table);
        return now && std::ranges::equal(*now, entry.columns, [](const Attribute& a, const Attribute& b) {
                   return a.name == b.name && a.type == b.type && a.typmod == b.typmod && a.dropped == b.dropped;
               });
    }

    bool of(const ExprPtr& expr) {
        return !any_expression(expr, [&](const Expr& e) {
            if (e.kind == ExprKind::kSubLink && !of(*as<SubLinkExpr>(e).query)) return true;
            const Function* user = e.kind == ExprKind::kFunc ? as<FuncExpr>(e).user.get() : e.kind == ExprKind::kScalarArrayOp ? as<ScalarArrayOpExpr>(e).user.get() : nullptr;
            if (user != nullptr && before_.find_function(user->oid) != now_.find_function(user->oid)) return true;
            TypePtr type = before_.find_type(e.type);
            return type && type->typtype == 'd' && type != now_.find_type(e.type);
        });
    }

    const Catalog& before_;
    const Catalog& now_;
    Backend& backend_;
};

}  // namespace

class SpiPlanImpl : public SpiPlan {
  public:
    SpiPlanImpl(Backend& backend, const std::string& text, NameHook* hook, const TypeRef* target)
        : backend_(backend), text_(text), hook_(hook), tree_(parse_sql(text_)) {
        if (target != nullptr) target_ = *target;
        if (tree_.statements().size() > 1) {
            throw SqlError("42601", "cannot insert multiple commands into a prepared statement");
        }
        if (!tree_.statements().empty()) node_ = tree_.statements()[0].node;
        is_query_ = is_plannable(node_) && !node_.is("MergeStmt");
    }

    std::string_view command() const override {
        if (node_.is("SelectStmt")) return "SELECT";
        if (node_.is("InsertStmt")) return "INSERT";
        if (node_.is("UpdateStmt")) return "UPDATE";
        if (node_.is("DeleteStmt")) return "DELETE";
        return node_.tag();
    }

    std::optional<RowType> columns() override {
        if (!is_query_) return std::nullopt;
        bind();
        const auto& targets = query_->command == CommandKind::kSelect ? query_->targets : query_->returning;
        if (query_->command != CommandKind::kSelect && !query_->has_returning) return std::nullopt;
        RowType row;
        for (const TargetEntry& target : targets) {
            if (!target.junk) row.push_back({target.name, target.expr->type, target.expr->typmod, false});
        }
        return row;
    }

    bool is_empty() const override { return !node_; }
    void ready() override {
        if (!is_query_) return;
        bind();
        if (!simple_) plan();
    }
    bool is_invalid() override { return query_ && has_changed(*query_); }
    bool is_simple() const override { return simple_ != nullptr && !has_sublink_; }
    ExprPtr simple() const override { return simple_; }
    int bare_parameter() const override { return simple_ != nullptr && simple_->kind == ExprKind::kParam ? as<ParamExpr>(*simple_).number : 0; }

    bool has_changed(const Query& query) {
        bool changed = path_ != backend_.search_path();
        for (const RangeTableEntry& entry : query.range_table) {
            changed = changed || (entry.relation && backend_.catalog().find_relation(entry.relation->oid) != entry.relation) ||
                      (entry.subquery && has_changed(*entry.subquery));
        }
        return changed || (query.insert_select && has_changed(*query.insert_select));
    }

    /// Binds the query if it was not, or the catalog is another one now.
    void bind() {
        backend_.on_stack_for(tree_, [this] { bind_here(); });
    }

    void bind_here() {
        if (query_ && path_ == backend_.search_path()) {
            if (catalog_ == backend_.catalog_ptr()) return;
            const bool same = SameDependencies(*catalog_, backend_).of(*query_);
            if (same) catalog_ = backend_.catalog_ptr();
            if (same) return;
        }
        query_ = target_ ? bind_assignment(node_, backend_.bind_options(hook_), *target_) : bind_query(node_, backend_.bind_options(hook_));
        plan_ = {};
        is_planned_ = false;
        simple_ = nullptr;
        catalog_ = backend_.catalog_ptr();
        path_ = backend_.search_path();
        if (query_->command != CommandKind::kSelect) return;
        const Query& q = *query_;
        bool simple = q.range_table.empty() && q.ctes.empty() && q.targets.size() == 1 && !q.where && !q.has_aggregates && !q.has_windows &&
                      !q.has_target_srfs && !q.limit && !q.offset && !q.distinct && !q.set_operations && !q.having;
        if (simple) simple_ = fold_constants(q.targets[0].expr, backend_);
        has_sublink_ = simple && contains_sublink(*q.targets[0].expr);
    }

    const StatementPlan& plan() {
        bind();
        // A SELECT keeps its plan as PostgreSQL's functions do.
        bool keeps = is_planned_ && (query_->command == CommandKind::kSelect || plan_.is_current(backend_.database()));
        if (!keeps) plan_ = plan_statement(query_, backend_);
        is_planned_ = true;
        return plan_;
    }

    Backend& backend_;
    std::string text_;
    NameHook* hook_;
    ParseTree tree_;
    Node node_;
    bool is_query_ = false;
    std::optional<TypeRef> target_;
    std::shared_ptr<const Query> query_;
    StatementPlan plan_;
    bool is_planned_ = false;
    ExprPtr simple_;   ///< SELECT of one expression without FROM
    bool has_sublink_ = false;
    CatalogPtr catalog_;
    std::vector<Oid> path_;
};

std::unique_ptr<SpiPlan> Backend::prepare(const std::string& text, NameHook* hook, const TypeRef* target) {
    return std::make_unique<SpiPlanImpl>(*this, text, hook, target);
}

namespace {

/// A trigger queue for one SPI statement, dropped if the statement fails.
class QueueScope {
  public:
    explicit QueueScope(Backend& backend) : backend_(backend) { backend.push_trigger_queue(); }
    ~QueueScope() {
        if (!fired_) backend_.discard_trigger_queue();
    }
    void fire() {
        fired_ = true;
        backend_.fire_after_triggers();
    }

  private:
    Backend& backend_;
    bool fired_ = false;
};

}  // namespace

SpiResult Backend::execute(SpiPlan& spi_plan, const SpiOptions& options) {
    auto& plan = static_cast<SpiPlanImpl&>(spi_plan);
    return on_stack_for(plan.tree_, [&] { return execute(plan, options); });
}

SpiResult Backend::execute(SpiPlanImpl& plan, const SpiOptions& options) {
    SpiResult result;
    result.command = plan.command();
    if (plan.is_empty()) return result;
    auto sink = [&](std::span<const Datum> row) {
        result.rows.emplace_back(row.begin(), row.end());
        return options.max_rows == 0 || result.rows.size() < options.max_rows;
    };
    if (plan.is_query_) {
        plan.bind();
        if (lock_tables(*plan.query_)) plan.bind();  // after a wait the tables may be other ones
    }
    bool writes = plan.is_query_ ? plan.query_->command != CommandKind::kSelect : true;
    if (options.read_only && writes) {
        throw SqlError("0A000", fmt::format("{} is not allowed in a non-volatile function", statement_name(plan.node_)));
    }
    // A plan may be bound again or dropped while it runs (recursion): keep what runs.
    std::shared_ptr<const Query> query = plan.query_;
    StatementPlan planned = plan.is_query_ ? plan.plan() : StatementPlan();
    StackScope running(running_queries);
    QueueScope queue(*this);
    ExecResult done;
    if (plan.is_query_) {
        done = run_query(query, planned, options.params, sink);
    } else {
        Command statement;
        statement.node = plan.node_;
        statement.text = plan.text_;
        statement.params = options.params;
        statement.hook = plan.hook_;
        statement.top_level = false;
        done = run(statement, sink);
    }
    queue.fire();
    result.returns_rows = done.returns_rows;
    result.columns = std::move(done.columns);
    result.query = std::move(query);
    result.processed = done.processed;
    if (!done.command.empty()) result.command = done.command;
    return result;
}

Datum Backend::evaluate(SpiPlan& spi_plan, const SpiOptions& options, Oid* type, std::int32_t* typmod) {
    auto& plan = static_cast<SpiPlanImpl&>(spi_plan);
    return on_stack_for(plan.tree_, [&] { return evaluate(plan, options, type, typmod); });
}

Datum Backend::evaluate(SpiPlanImpl& plan, const SpiOptions& options, Oid* type, std::int32_t* typmod) {
    plan.bind();
    if (plan.simple_) {
        ExprPtr expr = plan.simple_;
        if (type != nullptr) *type = expr->type;
        if (typmod != nullptr) *typmod = expr->typmod;
        Snapshot snapshot = take_snapshot();
        EvalContext context{.host = *this, .snapshot = snapshot, .params = options.params};
        return pg::evaluate(*expr, context);
    }
    SpiOptions limited = options;
    limited.max_rows = 2;
    SpiResult result = execute(plan, limited);
    if (result.columns.size() != 1) {
        throw SqlError("42601", fmt::format("query returned {} columns", result.columns.size()));
    }
    if (type != nullptr) *type = result.columns[0].type;
    if (typmod != nullptr) *typmod = result.columns[0].typmod;
    if (result.rows.empty()) return {};
    if (result.rows.size() > 1) throw SqlError("21000", "query returned more than one row");
    return std::move(result.rows[0][0]);
}

}  // namespace cdcsim::pg
