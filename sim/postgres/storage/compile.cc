#include "sim/postgres/storage/compile.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "sim/postgres/storage/deparse.h"
#include "sim/postgres/storage/execution.h"

namespace cdcsim::pg {
namespace {

/// Writes the tests of visibility into the text: `<vis r1>` stands for that of r1's version.
std::string with_visibility(const std::string& text, bool concurrent) {
    std::string out;
    std::size_t at = 0;
    for (;;) {
        std::size_t mark = text.find("<vis ", at);
        out.append(text, at, mark - at);
        if (mark == std::string::npos) return out;
        std::size_t end = text.find('>', mark);
        std::string row = text.substr(mark + 5, end - mark - 5) + ".";
        out += concurrent ? "vis(?1," + row + "born," + row + "died," + row + "xmin," + row + "xmax)"
                          : row + "born<=?2 AND " + row + "died>?2";
        at = end + 1;
    }
}

/// How deep parentheses nest; quotes do not occur in what they enclose here.
std::size_t nesting(const std::string& text) {
    std::size_t depth = 0, deepest = 0;
    for (char c : text) {
        if (c == '(') deepest = std::max(deepest, ++depth);
        if (c == ')') --depth;
    }
    return deepest;
}

/// Each takes about five of the hundred places of SQLite's parser.
constexpr std::size_t kMaxNesting = 14;

class SqlitePlan : public SelectPlan {
  public:
    SqlitePlan(SqliteDatabase& database, Program program)
        : database_(database), program_(std::move(program)) {
        idle_[0].emplace_back(database_.handle(), program_.sql);
    }

    void run(Host& host, const Snapshot& snapshot, ParamSource* params, const EvalContext* outer,
             const RowSink& emit, CteScope* ctes) const override {
        database_.set_host(host);
        Execution execution(database_, program_, host, snapshot, params, outer, ctes);
        Use use(*this, snapshot.is_plain() ? 0 : 1);
        execution.bind(use.statement);
        execution.visit_pages();
        if (program_.sort) {
            run_sorted(execution, use.statement, emit);
        } else {
            std::vector<Datum> row(program_.outputs.size());
            while (step(execution, use.statement)) {
                for (std::size_t i = 0; i < row.size(); ++i) {
                    row[i] = use.statement.column(static_cast<int>(i), program_.outputs[i]);
                }
                if (!emit(row)) break;
            }
        }
        if (ctes == nullptr) execution.finish();
    }

  private:
    bool step(Execution& execution, Statement& statement) const {
        int rc = statement.raw_step();
        if (rc == SQLITE_ROW) return true;
        execution.rethrow_error();
        database_.rethrow_collation_error();
        if (rc != SQLITE_DONE) throw_sqlite_error(database_.handle(), program_.sql);
        return false;
    }

    void run_sorted(Execution& execution, Statement& statement, const RowSink& emit) const {
        const CompiledSort& sort = *program_.sort;
        const std::int64_t limit = execution.bound_count(sort.limit);
        if (limit == 0) return;
        RowTable rows{.width = program_.outputs.size(), .values = {}};
        while (step(execution, statement)) {
            for (std::size_t i = 0; i < rows.width; ++i) {
                rows.values.push_back(statement.column(static_cast<int>(i), program_.outputs[i]));
            }
        }
        const std::int64_t offset = std::max<std::int64_t>(execution.bound_count(sort.offset), 0);
        for (std::uint32_t number : sort_rows(execution.host(), sort, rows, limit, offset)) {
            if (!emit(rows.row(number).first(program_.visible))) break;
        }
    }

    /// A prepared statement for one run; the plan may be running already.
    struct Use {
        Use(const SqlitePlan& owner, int variant) : plan(owner), index(variant) {
            auto& idle = plan.idle_[index];
            if (idle.empty()) {
                const Program& program = plan.program_;
                statement = Statement(plan.database_.handle(),
                                      index == 0 ? program.sql : program.sql_concurrent);
            } else {
                statement = std::move(idle.back());
                idle.pop_back();
            }
        }
        ~Use() {
            statement.reset();
            plan.idle_[index].push_back(std::move(statement));
        }
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;

        const SqlitePlan& plan;
        int index;
        Statement statement;
    };

    SqliteDatabase& database_;
    Program program_;
    mutable std::vector<Statement> idle_[2];
};

template <typename Write>
std::shared_ptr<const SelectPlan> compile(std::shared_ptr<const Query> query, Host& host,
                                          Write&& write) {
    auto& database = static_cast<SqliteDatabase&>(host.database());
    database.set_host(host);
    auto make = [&](bool splits_levels) {
        Program program;
        program.query = query;
        Deparser deparser{database, host, program, splits_levels};
        program.sql = write(deparser);
        return program;
    };
    Program program = make(false);
    auto is_deep = [](const SortedStage& stage) { return nesting(stage.sql) > kMaxNesting; };
    if (nesting(program.sql) > kMaxNesting || std::ranges::any_of(program.sorted, is_deep)) program = make(true);
    const std::string text = std::move(program.sql);
    program.sql = with_visibility(text, false);
    program.sql_concurrent = with_visibility(text, true);
    for (SortedStage& stage : program.sorted) {
        stage.sql_concurrent = with_visibility(stage.sql, true);
        stage.sql = with_visibility(stage.sql, false);
    }
    return std::make_shared<SqlitePlan>(database, std::move(program));
}

}  // namespace

std::shared_ptr<const SelectPlan> compile_select(std::shared_ptr<const Query> query, Host& host) {
    const Query& tree = *query;
    return compile(std::move(query), host, [&](Deparser& deparser) {
        for (const TargetEntry& target : tree.targets) {
            if (!target.junk) deparser.program.outputs.push_back(deparser.codec(target.expr->type));
        }
        deparser.program.visible = deparser.program.outputs.size();
        return deparser.query(tree, -1);
    });
}

std::shared_ptr<const SelectPlan> plan_rows(std::shared_ptr<const Query> query,
                                            std::vector<ExprPtr> outputs, Host& host) {
    const Query& tree = *query;
    return compile(std::move(query), host, [&](Deparser& deparser) {
        for (const ExprPtr& output : outputs) {
            deparser.program.outputs.push_back(deparser.codec(output->type));
        }
        return Block(deparser, tree, -1).select_rows(outputs);
    });
}

}  // namespace cdcsim::pg
