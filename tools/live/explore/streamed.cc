#include "tools/live/explore/streamed.h"

#include "core/diff/json.h"
#include "tools/live/explore/generate_internal.h"

namespace cdcsim::explore {

namespace {

void draw(Random& random, std::span<const OptionRow> rows, ConnectorOptions& out) {
    for (const OptionRow& row : rows) {
        const bool given = random.percent(row.percent);
        const auto values = split_values(row.values);
        const std::string_view value = random.pick(values);
        if (given) out.emplace_back(row.name, value);
    }
}

/// `name=value` lines.
void add_chain(std::string_view lines, ConnectorOptions& out) {
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        const std::size_t equals = line.find('=');
        out.emplace_back(line.substr(0, equals), line.substr(equals + 1));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    }
}

bool gives(const ConnectorOptions& options, std::string_view name) {
    return std::any_of(options.begin(), options.end(), [&](const auto& one) { return one.first == name; });
}

void append_sql_step(std::string& out, const Streamed& member, const Statements& statements, bool first) {
    out += "  - sql: |\n";
    const auto line = [&](const std::string& sql) { out += "      " + sql + ";\n"; };
    if (!member.schema.empty() && first) line("CREATE SCHEMA " + member.schema);
    if (!member.schema.empty()) line("SET search_path = " + member.schema);
    for (const Piece& statement : statements) line(render(statement));
    const auto& errors = first ? member.errors_before : member.errors_after;
    if (errors.empty()) return;
    out += "    error: [";
    for (std::size_t i = 0; i < errors.size(); ++i) out += (i == 0 ? "\"" : ", \"") + errors[i] + "\"";
    out += "]\n";
}

}  // namespace

Streamed generate_streamed(std::uint64_t seed, std::uint64_t index) {
    Streamed out = Generator(Random(seed ^ 0x5354524541ULL, index), Generator::Kind::kStreamed).run_streamed();
    out.schema = "s" + std::to_string(index);
    return out;
}

ConnectorOptions draw_connector(std::uint64_t seed, std::uint64_t batch) {
    Random random(seed ^ 0x434F4E4EULL, batch);
    ConnectorOptions out;
    if (random.percent(15)) return out;
    draw(random, connector_options(), out);
    if (random.percent(15)) {
        add_chain(random.pick(transform_chains()), out);
    } else if (random.percent(30)) {
        out.emplace_back("transforms", "unwrap");
        out.emplace_back("transforms.unwrap.type", "io.debezium.transforms.ExtractNewRecordState");
        draw(random, unwrap_options(), out);
    }
    // Of these the connector takes one.
    const auto only_one = [&](const char* kept, const char* dropped) {
        if (gives(out, kept)) std::erase_if(out, [&](const auto& one) { return one.first == dropped; });
    };
    only_one("table.include.list", "table.exclude.list");
    only_one("column.include.list", "column.exclude.list");
    return out;
}

std::string streamed_text(const std::string& name, const ConnectorOptions& connector, const std::vector<Streamed>& members) {
    std::string out = "scenario: " + name + "\nsteps:\n";
    const auto ends_as = [&](Streamed::Fate fate) { return std::any_of(members.begin(), members.end(), [&](const Streamed& member) { return member.connector == fate; }); };
    const bool fails_at_start = ends_as(Streamed::Fate::kFailsAtStart), fails = fails_at_start || ends_as(Streamed::Fate::kFailsLater);
    for (const Streamed& member : members) append_sql_step(out, member, member.before, true);
    out += "  - connector:\n      name: c\n      config: {topic.prefix: cdc";
    for (const auto& [option, value] : connector) out += ", " + option + ": " + diff::quote_json(value);
    out += fails_at_start ? "}\n      state: FAILED\n" : "}\n";
    for (const Streamed& member : members) append_sql_step(out, member, member.after, false);
    out += std::string("  - expect: {connector: c, state: ") + (fails ? "FAILED" : "RUNNING") + "}\n";
    return out;
}

std::size_t member_of_step(int step, std::size_t members) {
    const auto at = static_cast<std::size_t>(step);
    if (at == 0 || at == members + 1 || at > 2 * members + 1) return members;
    return at <= members ? at - 1 : at - members - 2;
}

}  // namespace cdcsim::explore
