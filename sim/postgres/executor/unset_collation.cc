#include "sim/postgres/executor/unset_collation.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.h"
#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

struct Asks {
    std::string_view source;  ///< prosrc
    std::string_view what;
};
constexpr std::string_view kComparison = "string comparison", kRegex = "regular expression", kHashing = "string hashing";

constexpr Asks kAsks[] = {
    {"bpchar_larger", kComparison},
    {"bpchar_smaller", kComparison},
    {"bpcharcmp", kComparison},
    {"bpchareq", kComparison},
    {"bpcharge", kComparison},
    {"bpchargt", kComparison},
    {"bpcharle", kComparison},
    {"bpcharlt", kComparison},
    {"bpcharne", kComparison},
    {"btnamecmp", kComparison},
    {"btnametextcmp", kComparison},
    {"bttextcmp", kComparison},
    {"bttextnamecmp", kComparison},
    {"hashbpchar", kHashing},
    {"hashbpcharextended", kHashing},
    {"hashtext", kHashing},
    {"hashtextextended", kHashing},
    {"initcap", "initcap() function"},
    {"lower", "lower() function"},
    {"nameeq", kComparison},
    {"nameeqtext", kComparison},
    {"namege", kComparison},
    {"namegetext", kComparison},
    {"namegt", kComparison},
    {"namegttext", kComparison},
    {"nameiclike", "ILIKE"},
    {"nameicnlike", "ILIKE"},
    {"nameicregexeq", kRegex},
    {"nameicregexne", kRegex},
    {"namele", kComparison},
    {"nameletext", kComparison},
    {"namelt", kComparison},
    {"namelttext", kComparison},
    {"namene", kComparison},
    {"namenetext", kComparison},
    {"nameregexeq", kRegex},
    {"nameregexne", kRegex},
    {"regexp_count_no_flags", kRegex},
    {"regexp_count_no_start", kRegex},
    {"regexp_instr_no_endoption", kRegex},
    {"regexp_instr_no_flags", kRegex},
    {"regexp_instr_no_n", kRegex},
    {"regexp_instr_no_start", kRegex},
    {"regexp_like_no_flags", kRegex},
    {"regexp_match_no_flags", kRegex},
    {"regexp_split_to_array_no_flags", kRegex},
    {"regexp_substr_no_flags", kRegex},
    {"regexp_substr_no_n", kRegex},
    {"regexp_substr_no_start", kRegex},
    {"replace_text", kComparison},
    {"split_part", kComparison},
    {"text_ge", kComparison},
    {"text_gt", kComparison},
    {"text_larger", kComparison},
    {"text_le", kComparison},
    {"text_lt", kComparison},
    {"text_smaller", kComparison},
    {"text_starts_with", kComparison},
    {"text_to_array", kComparison},
    {"text_to_array_null", kComparison},
    {"texteq", kComparison},
    {"texteqname", kComparison},
    {"textgename", kComparison},
    {"textgtname", kComparison},
    {"texticlike", "ILIKE"},
    {"texticnlike", "ILIKE"},
    {"texticregexeq", kRegex},
    {"texticregexne", kRegex},
    {"textlename", kComparison},
    {"textltname", kComparison},
    {"textne", kComparison},
    {"textnename", kComparison},
    {"textpos", kComparison},
    {"textregexeq", kRegex},
    {"textregexne", kRegex},
    {"textregexreplace_extended_no_flags", kRegex},
    {"textregexreplace_extended_no_n", kRegex},
    {"textregexreplace_noopt", kRegex},
    {"textregexsubstr", kRegex},
    {"upper", "upper() function"},
};
static_assert(std::ranges::is_sorted(kAsks, {}, &Asks::source));

/// Where one argument is empty, these are done before they ask.
constexpr std::string_view kMayBeDone[] = {"replace_text", "split_part", "text_to_array", "text_to_array_null", "textpos"};

constexpr Oid kAnyArray = 2277, kAnyCompatibleArray = 5078;

bool is_text(Oid type) { return type == oid::kText || type == oid::kVarchar || type == oid::kBpchar || type == oid::kName; }

bool is_empty(const ExprPtr& arg) {
    if (arg->kind != ExprKind::kConst || as<ConstExpr>(*arg).value.kind() != Datum::Kind::kText) return false;
    return as<ConstExpr>(*arg).value.as_text().empty();
}

bool is_null(const ExprPtr& arg) { return arg->kind == ExprKind::kConst && as<ConstExpr>(*arg).value.is_null(); }

[[noreturn]] void throw_unset(std::string_view what) {
    throw SqlError("42P22", fmt::format("could not determine which collation to use for {}", what))
        .hint("Use the COLLATE clause to set the collation explicitly.");
}

}  // namespace

void require_no_collation(Oid function, std::span<const ExprPtr> args) {
    const ProcRow* proc = find_builtin_proc(function);
    if (proc == nullptr || std::ranges::any_of(args, is_null)) return;
    const auto row = std::ranges::lower_bound(kAsks, proc->prosrc, {}, &Asks::source);
    if (row != std::end(kAsks) && row->source == proc->prosrc) {
        const bool may_be_done = std::ranges::find(kMayBeDone, proc->prosrc) != std::end(kMayBeDone);
        if (!may_be_done || std::ranges::none_of(args, is_empty)) throw_unset(row->what);
        return;
    }
    const bool compares_elements = std::ranges::any_of(proc->args, [](Oid type) { return type == kAnyArray || type == kAnyCompatibleArray; });
    const auto holds_text = [](const ExprPtr& arg) {
        const TypeRow* type = find_builtin_type(arg->type);
        return type != nullptr && is_text(type->element) && type->category == 'A';
    };
    constexpr std::string_view kPlain[] = {"array_append", "array_cat", "array_dims", "array_length", "array_lower", "array_ndims",
                                           "array_prepend", "array_to_text", "array_to_text_null", "array_upper", "array_cardinality", "trim_array"};
    if (!compares_elements || std::ranges::find(kPlain, proc->prosrc) != std::end(kPlain)) return;
    if (std::ranges::any_of(args, holds_text)) throw NotSimulated("a generation expression that compares elements of constant arrays of text");
}

void require_no_collation(const Expr& min_max) {
    const auto& args = as<MinMaxExpr>(min_max).args;
    if (is_text(min_max.type) && std::ranges::count_if(args, [](const ExprPtr& arg) { return !is_null(arg); }) > 1) throw_unset(kComparison);
}

}  // namespace cdcsim::pg
