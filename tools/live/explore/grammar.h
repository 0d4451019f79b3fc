// The explorer's grammar as tables of rows: types with their constants, expressions by result type,
// trigger functions. Placeholders in braces are filled by generate.cc.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace cdcsim::explore {

/// A column type: how it is declared, and which family of expressions has its values.
struct TypeRow {
    std::string_view declared;
    std::string_view family;
    unsigned weight;
    bool may_be_key;  ///< has a btree order, and equal values look the same
};
std::span<const TypeRow> column_types();

/// Constants of a family, separated by '|', as the inside of a quoted literal.
struct ConstantRow {
    std::string_view family;
    std::string_view plain;    ///< what rows usually hold
    std::string_view extreme;  ///< limits and odd forms
    std::string_view wrong;    ///< what its input function refuses
};
std::span<const ConstantRow> constants();

/// An expression: `{family}` is an operand; anything else is literal text.
struct ExpressionRow {
    std::string_view family;  ///< of its value
    std::string_view text;
};
std::span<const ExpressionRow> expressions();

/// A trigger of table {t}: {k} a key column, {c} any column, {n} the table's trigger number.
struct TriggerRow {
    std::string_view function;
    std::string_view trigger;
    bool needs_audit;        ///< writes into the table `audit`
    std::string_view adds;   ///< a column that the table must have, or ""
};
std::span<const TriggerRow> triggers();

/// An option of the connector: its values, separated by '|', and how often it is given.
struct OptionRow {
    std::string_view name;
    std::string_view values;
    unsigned percent;
};
std::span<const OptionRow> connector_options();
std::span<const OptionRow> unwrap_options();  ///< of the transform ExtractNewRecordState
/// Chains of transforms that hold for every table: `name=value` lines.
std::span<const std::string_view> transform_chains();

/// The parts of a text between '|'.
std::vector<std::string_view> split_values(std::string_view text);

}  // namespace cdcsim::explore
