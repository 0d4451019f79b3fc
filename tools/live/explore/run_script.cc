#include "tools/live/explore/run_script.h"

#include <exception>

namespace cdcsim::explore {

namespace {

// What a refusal names, without the values in it.
std::string refusal_of(const scenario::Report& report) { return report.message.substr(0, 120); }

// Whether a transaction block is open, by the statements that went through.
void follow_transaction(const std::string& sql, bool& open) {
    if (sql == "BEGIN" || sql == "START TRANSACTION") open = true;
    if (sql == "COMMIT" || sql == "ROLLBACK") open = false;
}

}  // namespace

ScriptRun run_script(const Statements& script, const Sides& sides) {
    ScriptRun out;
    sides.real.reset();
    sides.simulated.reset();
    bool in_transaction = false;
    for (std::size_t i = 0; i < script.size(); ++i) {
        const std::string sql = render(script[i]);
        scenario::MessageAnswer simulated;
        try {
            simulated = sides.simulated.execute(sql);
        } catch (const std::exception& error) {
            out.difference = Difference{i, sql, {"exception", "", error.what()}};
            return out;
        }
        if (simulated.error && simulated.error->not_simulated) {
            ++out.refused[refusal_of(*simulated.error)];
            if (in_transaction) sides.real.execute("SELECT 1/0");  // that side's transaction has failed, too
            continue;
        }
        const scenario::MessageAnswer real = sides.real.execute(sql);
        ++out.statements;
        if (real.error) out.errors.push_back(real.error->sqlstate);
        follow_transaction(sql, in_transaction);
        if (auto mismatch = compare_answers(real, simulated, sides.days)) {
            out.difference = Difference{i, sql, std::move(*mismatch)};
            return out;
        }
    }
    return out;
}

}  // namespace cdcsim::explore
