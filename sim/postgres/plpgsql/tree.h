// A compiled PL/pgSQL function: its variables, name spaces and statements. Mirrors plpgsql.h.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/postgres/catalog/objects.h"
#include "sim/postgres/executor/portal.h"
#include "sim/postgres/executor/spi.h"

namespace cdcsim::pg::plpgsql {

class Interpreter;

/// The names that are visible at one place: a chain from the innermost block outwards.
struct Namespace {
    std::shared_ptr<const Namespace> outer;
    std::string label;                        ///< of the block, or the function's name
    bool is_loop = false;
    std::map<std::string, int> names;         ///< to Variable numbers
};
using NamespacePtr = std::shared_ptr<const Namespace>;

enum class ExprMode : std::uint8_t { kExpression, kAssignment, kStatement };

/// An embedded expression or statement. The plan is made when it is first reached.
struct PlExpr {
    std::string text;           ///< as messages show it: "x > 1", "x := 1", "INSERT ..."
    std::string sql;            ///< what is parsed: "SELECT x > 1"
    int shift = 0;              ///< position in `sql` minus position in `text`
    ExprMode mode = ExprMode::kExpression;
    NamespacePtr names;
    int source_offset = 0;      ///< where `text` begins in the body, for CREATE's syntax check
    // What executing keeps.
    std::unique_ptr<NameHook> hook;
    std::unique_ptr<SpiPlan> plan;
    bool in_use = false;        ///< is being evaluated, by a call further out
    TypeRef target;             ///< what the plan's value is coerced to
    /// The RECORDs and fields of records that it was bound to, with the shape that the record had.
    struct BoundField {
        int variable = 0;
        unsigned version = 0;
        std::string name = {};  ///< "": there was no such field
        Oid type = kInvalidOid;
        std::size_t place = 0;  ///< among the record's columns
        bool is_whole = false;  ///< the record itself, which had this type
    };
    std::vector<BoundField> bound_fields;
};
using PlExprPtr = std::shared_ptr<PlExpr>;

struct Variable {
    std::string name;
    int line = 0;
    bool is_record = false;     ///< RECORD or a composite type
    Oid type = kInvalidOid;
    std::int32_t typmod = -1;
    bool constant = false, not_null = false;
    PlExprPtr default_value;
    // CURSOR variables.
    PlExprPtr cursor_query;
    std::vector<int> cursor_args;
    int scroll = 0;             ///< -1 NO SCROLL, 1 SCROLL
};

/// One step into a variable: `.field` or `[subscript]`.
struct AccessStep {
    std::string field;
    PlExprPtr lower, upper;     ///< a plain subscript is `upper`
    bool is_slice = false;
};

/// What an assignment or INTO writes to: a variable, or a part of it.
struct Target {
    int variable = 0;
    std::vector<AccessStep> path;
};

struct PlStatement;
using Body = std::vector<std::unique_ptr<PlStatement>>;

enum class PlKind : std::uint8_t {
    kBlock, kAssign, kIf, kCase, kLoop, kWhile, kForInteger, kForQuery, kForExecute, kForCursor, kForeach, kExit, kContinue,
    kReturn, kReturnNext, kReturnQuery, kRaise, kAssert, kSql, kPerform, kExecute, kGetDiagnostics, kGetStacked, kNull, kCommit,
    kRollback, kCall, kDo, kOpen, kFetch, kMove, kClose,
};

struct Branch {
    PlExprPtr condition;
    Body body;
};

struct Handler {
    std::vector<std::string> sqlstates;       ///< "others" or five characters; classes end in 000
    Body body;
    int sqlstate_variable = 0, sqlerrm_variable = 0;
};

struct DiagnosticsItem {
    Target target;
    std::string item;
};

struct PlStatement {
    PlKind kind = PlKind::kNull;
    int line = 0;
    std::string label;
    PlExprPtr expr, expr2, expr3;             ///< by kind: condition, bounds, source, query
    Target target;
    std::vector<Target> into;
    bool has_into = false, strict = false, reverse = false, has_else = false, has_message = false, chain = false;
    Body body, else_body;
    std::vector<Branch> branches;
    std::vector<int> variables;               ///< of a block: to be initialised at entry
    std::vector<Handler> handlers;
    bool has_handlers = false;
    std::vector<PlExprPtr> params;            ///< USING, RAISE's arguments, a cursor's arguments
    std::vector<std::pair<std::string, PlExprPtr>> options;  ///< RAISE ... USING
    std::string level, message, condition;    ///< RAISE
    std::vector<DiagnosticsItem> diagnostics;
    int loop_variable = 0;
    int slice = 0;
    int case_variable = -1;
    int cursor = -1;                          ///< OPEN, FETCH, MOVE, CLOSE, FOR over a cursor
    int scroll = 0;
    FetchDirection direction = FetchDirection::kForward;
    std::int64_t how_many = 1;
    int result_variable = -1;                 ///< RETURN and RETURN NEXT of a variable
};

enum class VariableConflict : std::uint8_t { kSetting, kError, kUseVariable, kUseColumn };

struct PlFunction {
    std::shared_ptr<const Function> function;
    std::string signature;                    ///< "f(integer)", "inline_code_block"
    std::vector<Variable> variables;
    std::unique_ptr<PlStatement> body;
    int found_variable = 0;
    int new_variable = -1, old_variable = -1;
    std::vector<int> argument_variables;
    std::vector<int> out_variables;
    Oid result = kInvalidOid;
    bool returns_set = false, is_trigger = false, is_procedure = false;
    VariableConflict conflict = VariableConflict::kSetting;
    bool print_strict_params = false;
    RelationPtr relation;                     ///< of a trigger
    RowType out_columns;
    Interpreter* running = nullptr;           ///< the innermost call of this function
    unsigned shapes = 0;                      ///< counts changes of RECORDs' columns
    /// The columns that a RECORD had last, in this call or an earlier one, with their count.
    struct Shape {
        RowType row_type;
        unsigned version = 0;
    };
    std::map<int, Shape> last_shapes;
    /// Casts that values have needed, as the catalog had them.
    std::map<std::tuple<Oid, std::int32_t, Oid, std::int32_t>, ExprPtr> casts;
    CatalogPtr casts_catalog;
};

}  // namespace cdcsim::pg::plpgsql
