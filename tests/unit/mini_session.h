// SQL for tests of the executor before there is a session, and beside it: the real parser, binder,
// planner and storage under a host that knows CREATE TABLE (columns, PRIMARY KEY), INSERT and
// SELECT. Everything commits at once; nothing is checked that a constraint would check.
#pragma once

#include <string>
#include <vector>

#include "sim/postgres/binder/catalog_context.h"
#include "sim/postgres/executor/select.h"
#include "sim/postgres/parser/parse.h"
#include "tests/unit/test_host.h"

namespace cdcsim::pg {

class MiniSession : public TestHost, public CatalogContext {
  public:
    std::shared_ptr<Catalog> catalog_version =
        std::make_shared<Catalog>(*Catalog::bootstrap("postgres"));
    std::vector<Oid> path{schema_oid::kPgCatalog, schema_oid::kPublic};
    Oid next_oid = kFirstNormalOid;

    const Catalog& catalog() override { return *catalog_version; }
    const std::vector<Oid>& search_path() override { return path; }
    Host& host() override { return *this; }
    std::optional<RowType> transition_table(const std::string&) override { return std::nullopt; }
    bool may_use_schema(Oid) override { return true; }
    RelationPtr lock_relation(const RelationPtr& relation, std::string_view, int) override {
        return relation;
    }
    const TypeInfo* find_type(Oid oid) override {
        if (auto type = builtin_type_info(oid)) return type.get();
        auto type = catalog_version->find_type(oid);
        return type.get();
    }

    /// The rows of a SELECT as psql -A -t prints them, "ERROR:  message" or "not simulated: ...".
    std::string execute(const std::string& sql) {
        try {
            ParseTree tree = parse_sql(sql);
            std::string out;
            for (const RawStatement& statement : tree.statements()) out += run(statement.node);
            return out;
        } catch (const NotSimulated& error) {
            return error.message() + "\n";
        } catch (const SqlError& error) {
            std::string out = "ERROR:  " + error.message() + "\n";
            if (!error.detail().empty()) out += "DETAIL:  " + error.detail() + "\n";
            if (!error.hint().empty()) out += "HINT:  " + error.hint() + "\n";
            return out;
        }
    }

  private:
    std::string run(const Node& node) {
        if (node.is("CreateStmt")) return create(node), "";
        BindOptions options{*this};
        auto query = bind_query(node, options);
        if (query->command == CommandKind::kInsert) return insert(*query), "";
        return select(query);
    }

    void create(const Node& node) {
        auto relation = std::make_shared<Relation>();
        relation->oid = next_oid++;
        relation->schema = schema_oid::kPublic;
        relation->schema_name = "public";
        relation->name = node["relation"].text("relname");
        relation->file_node = relation->oid;
        auto row_type = std::make_shared<TypeInfo>();
        row_type->oid = next_oid++;
        row_type->schema = "public";
        row_type->name = relation->name;
        row_type->typtype = 'c';
        row_type->category = 'C';
        row_type->relation = relation->oid;
        row_type->ops = shared_type_ops('C');
        relation->row_type = row_type->oid;
        BindOptions options{*this};
        std::vector<int> key;
        for (const Node& item : node.items("tableElts")) {
            Column column;
            column.name = item.text("colname");
            column.attno = static_cast<int>(relation->columns.size()) + 1;
            TypeRef type = bind_type_name(item["typeName"], options);
            column.type = type.type;
            column.typmod = type.typmod;
            const TypeInfo* info = find_type(type.type);
            column.collation = info->collation;
            column.storage = info->storage;
            for (const Node& constraint : item.items("constraints")) {
                if (constraint.text("contype") == "CONSTR_PRIMARY") key.push_back(column.attno);
            }
            row_type->attributes.push_back({column.name, column.type, column.typmod, false});
            relation->columns.push_back(std::move(column));
        }
        database().create_table(*relation);
        if (!key.empty()) {
            Index index;
            index.oid = next_oid++;
            index.name = relation->name + "_pkey";
            index.unique = index.primary = true;
            index.keys.push_back({.attno = key[0], .expr = {}, .label = {}, .descending = false, .nulls_first = false});
            Constraint constraint;
            constraint.oid = next_oid++;
            constraint.name = index.name;
            constraint.kind = ConstraintKind::kPrimary;
            constraint.columns = key;
            constraint.index = index.oid;
            relation->indexes.push_back(index);
            relation->constraints.push_back(constraint);
            database().create_index(*relation, index.oid, key);
        }
        catalog_version->put_type(row_type);
        catalog_version->put_relation(relation);
    }

    void insert(const Query& query) {
        const Relation& relation =
            *query.range_table[static_cast<std::size_t>(query.result_relation - 1)].relation;
        std::vector<std::vector<Datum>> rows;
        Snapshot snapshot = take_snapshot();
        auto append = [&](std::span<const Datum> values) {
            std::vector<Datum>& row = rows.emplace_back(relation.columns.size());
            for (std::size_t i = 0; i < query.insert_columns.size(); ++i) {
                row[static_cast<std::size_t>(query.insert_columns[i] - 1)] = values[i];
            }
            return true;
        };
        auto coerce_and_append = [&](std::span<const Datum> values) {
            EvalRow source{.columns = values};
            EvalContext context{.host = *this, .snapshot = snapshot, .rows = {&source, 1}};
            std::vector<Datum> coerced;
            for (const ExprPtr& expr : query.insert_select_coercions) {
                coerced.push_back(evaluate(*expr, context));
            }
            return append(coerced);
        };
        if (query.insert_select) {
            plan_select(query.insert_select, *this)
                ->run(*this, snapshot, nullptr, nullptr, coerce_and_append);
        }
        EvalContext context{.host = *this, .snapshot = snapshot};
        for (const auto& exprs : query.values) {
            std::vector<Datum> values;
            for (const ExprPtr& expr : exprs) values.push_back(evaluate(*expr, context));
            append(values);
        }
        ++command;
        for (const auto& row : rows) {
            database().insert(*this, relation,
                              {.columns = row, .born = command, .xmin = Xid{1}, .assigned = {}});
        }
    }

    std::string select(const std::shared_ptr<const Query>& query) {
        auto plan = plan_select(query, *this);
        std::string out;
        plan->run(*this, take_snapshot(), nullptr, nullptr, [&](std::span<const Datum> row) {
            std::size_t i = 0;
            std::string line;
            for (const TargetEntry& target : query->targets) {
                if (target.junk) continue;
                if (i > 0) line += '|';
                line += row[i].is_null() ? "<NULL>" : output_text(*this, target.expr->type, row[i]);
                ++i;
            }
            out += line + '\n';
            return true;
        });
        return out;
    }
};

}  // namespace cdcsim::pg
