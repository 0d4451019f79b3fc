#include "sim/pipeline/simulation.h"

#include <algorithm>
#include <array>
#include <utility>

namespace cdcsim {

namespace {

struct Variant {
    std::int64_t start;
    std::uint64_t lsn;
    std::uint32_t xid;
    Oid oid;
};

// 2024-01-01 00:00:00.123457 (Monday), 2031-05-17 13:47:29.861934 (Saturday),
// 2027-11-24 09:16:52.405218 (Wednesday)
constexpr std::array<Variant, 3> kVariants = {{
    {1'704'067'200'123'457, 0x1500000, 730, 16384},
    {1'936'792'049'861'934, 0x3A7C8E8, 191'402, 23'871},
    {1'827'047'812'405'218, 0x92B4D150, 5'082'613, 48'119},
}};

int characters_from_one(std::string_view text, int byte_offset) {
    if (byte_offset < 0) return 0;
    const std::string_view before = text.substr(0, static_cast<std::size_t>(byte_offset));
    return 1 + static_cast<int>(std::count_if(before.begin(), before.end(), [](char c) {
               return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
           }));
}

scenario::MessageAnswer answer_of(pg::MessageResult result, std::string_view sql) {
    scenario::MessageAnswer out;
    out.waiting = result.waiting;
    out.waits_for = std::move(result.waits_for);
    const auto notices_of = [&](const std::vector<pg::Notice>& notices) {
        std::vector<scenario::Report> reports;
        for (const pg::Notice& notice : notices) reports.push_back(report_of(notice.report, notice.severity, sql));
        return reports;
    };
    for (pg::StatementResult& statement : result.statements) {
        scenario::StatementAnswer& answer = out.answers.emplace_back();
        answer.notices = notices_of(statement.notices);
        answer.result = std::move(statement.result);
        answer.returns_rows = statement.returns_rows;
        answer.copy_out = std::move(statement.copy_out);
        answer.order_unspecified = statement.order_unspecified;
        answer.wal_end = statement.wal_end.value;
    }
    out.error_notices = notices_of(result.error_notices);
    if (result.error) out.error = report_of(*result.error, "ERROR", sql);
    return out;
}

}  // namespace

SimulationOptions volatile_variant(SimulationOptions options, int run) {
    if (run == 0) return options;
    const Variant& variant = kVariants[static_cast<std::size_t>(run)];
    options.seed += static_cast<std::uint64_t>(run) * 0x5DEECE66DULL;
    options.start = UnixMicros{variant.start};
    options.base_lsn = Lsn{variant.lsn};
    options.base_xid = Xid{variant.xid};
    options.base_oid = variant.oid;
    return options;
}

Simulation::Simulation(const SimulationOptions& options)
    : options_(options), clock_(options.start), random_(options.seed ^ 0xC2B2AE3D27D4EB4FULL) {
    pg::ServerOptions server;
    server.database = options.database;
    server.user = options.user;
    server.seed = options.seed;
    server.base_lsn = options.base_lsn;
    server.base_xid = options.base_xid;
    server.base_oid = options.base_oid;
    server.plan_sharing = options.plan_sharing;
    server.clock = &clock_;
    server_ = pg::make_server(server);
    worker_ = std::make_unique<connect::Worker>(connect::Worker::Services{*server_, clock_, random_});
}

Simulation::~Simulation() = default;

scenario::MessageAnswer Simulation::execute(pg::Session& session, std::string_view sql, const std::function<std::string()>& copy_in) {
    clock_.begin_statement();
    return answer_of(session.execute(sql, copy_in), sql);
}

scenario::MessageAnswer Simulation::resume(pg::Session& session, std::string_view sql) { return answer_of(session.resume(), sql); }

connect::ConnectorSettings Simulation::connector_defaults() const {
    return {{"connector.class", "io.debezium.connector.postgresql.PostgresConnector"},
            {"plugin.name", "pgoutput"},
            {"topic.prefix", "cdc"}};
}

void Simulation::set_connection(connect::ConnectorSettings& settings) const {
    settings["database.hostname"] = "localhost";
    settings["database.port"] = "5432";
    settings["database.user"] = "postgres";
    settings["database.password"] = "postgres";
    settings["database.dbname"] = options_.database;
}

scenario::Report report_of(const SqlError& error, std::string_view severity, std::string_view sql) {
    scenario::Report out;
    out.severity = severity;
    out.sqlstate = error.sqlstate();
    out.message = error.message();
    out.detail = error.detail();
    out.hint = error.hint();
    out.context = error.context();
    out.internal_query = error.internal_query();
    out.position = characters_from_one(sql, error.position());
    out.internal_position = characters_from_one(error.internal_query(), error.internal_position());
    out.not_simulated = error.is_not_simulated();
    return out;
}

}  // namespace cdcsim
