#include "sim/postgres/binder/recursion.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string>

#include <fmt/format.h>

#include "core/base/error.h"

namespace cdcsim::pg {
namespace {

/// Where a walk is: what is wrong with a reference there. Empty: nothing.
using Context = std::string_view;
constexpr Context kNonRecursiveTerm = "its non-recursive term", kSubquery = "a subquery", kOuterJoin = "an outer join",
                  kIntersect = "INTERSECT", kExcept = "EXCEPT";

/// The fields under which a query, an expression or a FROM item may have others, in the order of a
/// SELECT's clauses. A WITH is not among them.
constexpr std::string_view kFields[] = {
    "distinctClause", "relation", "cols", "targetList", "fromClause", "usingClause", "sourceRelation", "joinCondition", "whereClause", "groupClause",
    "havingClause", "windowClause", "valuesLists", "selectStmt", "onConflictClause", "mergeWhenClauses", "returningList", "sortClause", "limitOffset",
    "limitCount", "lockingClause", "larg", "rarg", "val", "node", "subquery", "functions", "arg", "args", "lexpr", "rexpr", "expr", "result", "defresult",
    "whenClauses", "condition", "values", "elements", "content", "indirection", "lidx", "uidx", "agg_order", "agg_filter", "over", "partitionClause",
    "orderClause", "startOffset", "endOffset", "source",
};

/// Visits each table name that no inner WITH captures.
class TableNames {
  public:
    using Visit = std::function<void(const std::string& name, int location, Context context)>;
    explicit TableNames(Visit visit) : visit_(std::move(visit)) {}

    void walk(const Node& node, Context context) {
        if (!node) return;
        if (node.has("relname")) {
            table(node, context);
        } else if (node.has("withClause")) {
            inside_with(node, context);
        } else if (node.is("JoinExpr")) {
            join(node, context);
        } else if (node.is("SubLink")) {
            walk(node["subselect"], kSubquery);
            walk(node["testexpr"], context);
        } else {
            parts(node, context);
        }
    }

  private:
    void table(const Node& node, Context context) {
        if (node.has("schemaname")) return;
        std::string name(node.text("relname"));
        for (const auto& names : captured_) {
            if (names.contains(name)) return;
        }
        visit_(name, node.location(), context);
    }

    void inside_with(const Node& node, Context context) {
        Node with = node["withClause"];
        const bool recursive = with.flag("recursive");
        captured_.emplace_back();
        if (recursive) {
            for (const Node& item : with.items("ctes")) captured_.back().insert(std::string(item.text("ctename")));
        }
        for (const Node& item : with.items("ctes")) {
            walk(item["ctequery"], context);
            captured_.back().insert(std::string(item.text("ctename")));
        }
        parts(node, context);
        captured_.pop_back();
    }

    /// Everything below but the WITH.
    void parts(const Node& node, Context context) {
        std::string_view op = node.text("op");
        const bool all = node.flag("all");
        for (std::string_view name : kFields) {
            Node field = node[name];
            if (!field) continue;
            Context here = context;
            if (context.empty() && (name == "larg" || name == "rarg")) {
                if (op == "SETOP_INTERSECT" && all) here = kIntersect;
                if (op == "SETOP_EXCEPT" && (all || name == "rarg")) here = kExcept;
            }
            walk_field(field, here);
        }
    }
    void walk_field(const Node& field, Context context) {
        std::vector<Node> items = field.items();
        if (items.empty()) return walk(field, context);
        for (const Node& item : items) walk_field(item, context);
    }

    void join(const Node& node, Context context) {
        std::string_view type = node.text("jointype");
        auto side = [&](std::string_view field, bool nullable) { walk(node[field], context.empty() && nullable ? kOuterJoin : context); };
        side("larg", type == "JOIN_FULL" || type == "JOIN_RIGHT");
        side("rarg", type == "JOIN_FULL" || type == "JOIN_LEFT");
        walk(node["quals"], context);
    }

    Visit visit_;
    std::vector<std::set<std::string>> captured_;
};

int first_location(const Node& node) {
    int least = node.has("location") ? node.location() : -1;
    auto take = [&](const Node& below) {
        int location = first_location(below);
        if (location >= 0 && (least < 0 || location < least)) least = location;
    };
    for (const Node& item : node.items()) take(item);
    for (std::string_view name : kFields) {
        if (Node field = node[name]) take(field);
    }
    return least;
}

struct Decoration {
    std::string_view field, name;
};
constexpr Decoration kDecorations[] = {{"sortClause", "ORDER BY"}, {"limitOffset", "OFFSET"}, {"limitCount", "LIMIT"}, {"lockingClause", "FOR UPDATE/SHARE"}};

/// A query that reads itself.
void check_recursive(const Node& query) {
    std::string name(query.text("ctename"));
    Node body = query["ctequery"];
    if (!body.is("SelectStmt")) {
        throw SqlError("42P19", fmt::format("recursive query \"{}\" must not contain data-modifying statements", name)).at(query.location());
    }
    if (body.text("op") != "SETOP_UNION") {
        throw SqlError("42P19", fmt::format("recursive query \"{}\" does not have the form non-recursive-term UNION [ALL] recursive-term", name))
            .at(query.location());
    }
    int references = 0;
    TableNames names([&](const std::string& table, int location, Context context) {
        if (table != name) return;
        if (!context.empty()) {
            throw SqlError("42P19", fmt::format("recursive reference to query \"{}\" must not appear within {}", name, context)).at(location);
        }
        if (++references > 1) throw SqlError("42P19", fmt::format("recursive reference to query \"{}\" must not appear more than once", name)).at(location);
    });
    for (const Node& item : body["withClause"].items("ctes")) names.walk(item["ctequery"], kSubquery);
    for (const Decoration& decoration : kDecorations) {
        if (!body.has(decoration.field)) continue;
        throw SqlError("0A000", fmt::format("{} in a recursive query is not implemented", decoration.name)).at(first_location(body[decoration.field]));
    }
    names.walk(body["larg"], kNonRecursiveTerm);
    names.walk(body["rarg"], {});
}

struct Item {
    Node query;
    std::set<std::string> reads;
    bool recursive = false;
};

}  // namespace

std::vector<Node> order_recursive_queries(const std::vector<Node>& queries) {
    std::set<std::string> known;
    for (const Node& query : queries) known.insert(std::string(query.text("ctename")));
    std::vector<Item> items;
    for (const Node& query : queries) {
        Item item;
        item.query = query;
        TableNames names([&](const std::string& table, int, Context) {
            if (table == query.text("ctename")) item.recursive = true;
            else if (known.contains(table)) item.reads.insert(table);
        });
        names.walk(query["ctequery"], {});
        items.push_back(std::move(item));
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
        auto free = std::find_if(items.begin() + static_cast<std::ptrdiff_t>(i), items.end(), [](const Item& item) { return item.reads.empty(); });
        if (free == items.end()) throw SqlError("0A000", "mutual recursion between WITH items is not implemented").at(items[i].query.location());
        std::swap(items[i], *free);
        for (std::size_t j = i + 1; j < items.size(); ++j) items[j].reads.erase(std::string(items[i].query.text("ctename")));
    }
    std::vector<Node> ordered;
    for (const Item& item : items) {
        if (item.recursive) check_recursive(item.query);
        ordered.push_back(item.query);
    }
    return ordered;
}

}  // namespace cdcsim::pg
