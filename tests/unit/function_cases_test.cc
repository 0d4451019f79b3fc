// Calls of built-in functions whose answers were recorded from a real PostgreSQL 15 server:
// cases/*.tsv. One case a line, fields separated by tabs, `\n \t \r \\` escaped, \N for NULL:
//   kind oid result variadic types arguments... => expected
// kind: i input and output of the first type; f scalar function; s set-returning function; a
// aggregate (arguments row by row); r, q function with a column definition list (the row type
// `result`), one row or a set. T declares a type of the recording database.
// expected: V:text, N (NULL), S and rows (\x1e before each row, \x1f between columns, <N> NULL),
// E:sqlstate|message|detail|hint|context.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "sim/postgres/type/oids.h"
#include "test_environment.h"

using namespace cdcsim;
using namespace cdcsim::pg;

namespace {

class CaseEnvironment : public TestEnvironment {
  public:
    std::map<Oid, TypeInfo> declared;
    const TypeInfo* find_type(Oid oid) override {
        auto it = declared.find(oid);
        return it != declared.end() ? &it->second : TestEnvironment::find_type(oid);
    }
    Datum check_domain(Oid, Datum value) override { return value; }
};

std::string unescape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            out += text[i];
            continue;
        }
        char c = text[++i];
        out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
    }
    return out;
}

std::vector<std::string> split(const std::string& line, char separator) {
    std::vector<std::string> fields;
    std::size_t from = 0;
    for (std::size_t to; (to = line.find(separator, from)) != std::string::npos; from = to + 1)
        fields.push_back(line.substr(from, to - from));
    fields.push_back(line.substr(from));
    return fields;
}

/// T oid name typtype category element array base base_typmod (name type typmod)...; an enum's
/// triples are label, oid, sort order.
void declare_type(CaseEnvironment& env, const std::vector<std::string>& f) {
    TypeInfo type;
    auto number = [&](std::size_t i) { return static_cast<Oid>(std::stoul(f[i])); };
    type.oid = number(1);
    type.name = f[2];
    type.schema = "public";
    type.typtype = f[3][0];
    type.category = f[4][0];
    type.element = number(5);
    type.array = number(6);
    type.base = number(7);
    type.base_typmod = std::stoi(f[8]);
    for (std::size_t i = 9; i + 2 < f.size(); i += 3) {
        if (type.typtype == 'e')
            type.labels.push_back({number(i + 1), std::stod(f[i + 2]), unescape(f[i])});
        else
            type.attributes.push_back(
                {unescape(f[i]), number(i + 1), std::stoi(f[i + 2]), number(i + 1) == 0});
    }
    type.ops = type.typtype == 'c'   ? shared_type_ops('C')
               : type.typtype == 'e' ? shared_type_ops('E')
               : type.typtype == 'd' ? env.type(type.base).ops
                                     : shared_type_ops('A');
    env.declared[type.oid] = std::move(type);
}

struct Call {
    std::string kind;
    Oid oid, result;
    bool variadic;
    std::vector<Oid> types;
    std::vector<Datum> args;
    bool has_null = false;
};

std::string shown(Environment& env, Oid type, const Datum& value) {
    return value.is_null() ? "N" : "V:" + output_text(env, type, value);
}

std::string run_set(CallContext& context, const Call& call, const ProcRow& proc) {
    std::vector<Oid> columns;
    for (std::size_t i = 0; i < proc.all_args.size(); ++i)
        if (proc.arg_modes[i] == 'o') columns.push_back(proc.all_args.begin()[i]);
    if (columns.empty()) columns.push_back(call.result);
    std::string out = "S";
    if (proc.strict && call.has_null) return out;
    find_set_function(call.oid)(context, call.args, [&](std::span<const Datum> row) {
        out += '\x1e';
        if (context.row_type != nullptr) {
            Datum record = make_row(context.env, oid::kRecord, *context.row_type, row);
            out += output_text(context.env, oid::kRecord, record);
            return true;
        }
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (i > 0) out += '\x1f';
            out += row[i].is_null() ? "<N>" : output_text(context.env, columns[i], row[i]);
        }
        return true;
    });
    return out;
}

std::string run_aggregate(CallContext& context, const Call& call) {
    const AggregateRow* row = find_aggregate(call.oid);
    auto state = row->make();
    std::size_t width = call.types.size();
    for (std::size_t i = 0; i < call.args.size(); i += width) {
        auto args = std::span(call.args).subspan(i, width);
        bool skip = row->skips_nulls && std::ranges::any_of(args, &Datum::is_null);
        if (!skip) state->step(context, args);
    }
    return shown(context.env, call.result, state->result(context));
}

std::string run(CaseEnvironment& env, const std::vector<std::string>& f) {
    Call call{f[0], static_cast<Oid>(std::stoul(f[1])), static_cast<Oid>(std::stoul(f[2])),
              f[3] == "1", {}, {}};
    for (const std::string& type : split(f[4], ','))
        call.types.push_back(static_cast<Oid>(std::stoul(type)));
    for (std::size_t i = 5; i < f.size(); ++i) {
        Oid type = call.types[(i - 5) % call.types.size()];
        call.has_null |= f[i] == "\\N";
        call.args.push_back(f[i] == "\\N" ? Datum() : input_text(env, type, unescape(f[i])));
    }
    if (call.kind == "i") return shown(env, call.types[0], call.args[0]);
    const ProcRow& proc = *find_builtin_proc(call.oid);
    CallContext context{.env = env, .result_type = call.result, .arg_types = call.types,
                        .variadic = call.variadic, .function = call.oid};
    RowType columns;
    if (call.kind == "r") {
        columns = env.type(call.result).attributes;
        context.row_type = &columns;
        context.result_type = call.result = oid::kRecord;
    }
    if (call.kind == "a") return run_aggregate(context, call);
    if (proc.returns_set) return run_set(context, call, proc);
    if (proc.strict && call.has_null) return "N";
    return shown(env, call.result, find_scalar_function(call.oid)(context, call.args));
}

std::string answer(CaseEnvironment& env, const std::vector<std::string>& fields) {
    try {
        return run(env, fields);
    } catch (const SqlError& e) {
        return "E:" + e.sqlstate() + "|" + e.message() + "|" + e.detail() + "|" + e.hint() + "|" +
               e.context();
    }
}

}  // namespace

TEST_CASE("functions answer as the real server did") {
    for (const auto& file :
         std::filesystem::directory_iterator(CDCSIM_TEST_DIR "/unit/cases")) {
        std::ifstream in(file.path());
        CaseEnvironment env;
        int number = 0;
        for (std::string line; std::getline(in, line);) {
            ++number;
            if (line.empty() || line[0] == '#') continue;
            if (line[0] == 'T') {
                declare_type(env, split(line, '\t'));
                continue;
            }
            std::size_t arrow = line.find("\t=>\t");
            REQUIRE(arrow != std::string::npos);
            INFO(file.path().filename().string() << ":" << number << ": " << line);
            CHECK(answer(env, split(line.substr(0, arrow), '\t')) ==
                  unescape(std::string_view(line).substr(arrow + 4)));
        }
    }
}
