#include "sim/postgres/type/canonical.h"

#include <charconv>
#include <utility>

#include "sim/postgres/type/array.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

/// The session, but with the settings of the stored form.
class CanonicalEnvironment final : public Environment {
  public:
    explicit CanonicalEnvironment(Environment& session) : session_(session) {}
    const ValueSettings& value_settings() override {
        static const ValueSettings canonical;
        return canonical;
    }
    const TypeInfo* find_type(Oid oid) override { return session_.find_type(oid); }
    bool type_is_visible(const TypeInfo& type) override { return session_.type_is_visible(type); }
    std::int64_t transaction_timestamp() override { return session_.transaction_timestamp(); }
    std::int64_t statement_timestamp() override { return session_.statement_timestamp(); }
    std::int64_t clock_timestamp() override { return session_.clock_timestamp(); }
    std::uint64_t random_bits() override { return session_.random_bits(); }
    double random() override { return session_.random(); }
    void set_random_seed(double seed) override { session_.set_random_seed(seed); }
    int register_row_type(const RowType& row) override { return session_.register_row_type(row); }
    const RowType& row_type(int number) override { return session_.row_type(number); }
    Datum check_domain(Oid domain, Datum value) override {
        return session_.check_domain(domain, std::move(value));
    }
    void notice(std::string_view severity, const std::string& message) override {
        session_.notice(severity, message);
    }

  private:
    Environment& session_;
};

/// Values whose representation is the stored text itself.
bool is_stored_text(const TypeInfo& type) {
    switch (type.oid) {
        case oid::kText: case oid::kVarchar: case oid::kBpchar: case oid::kName: case oid::kJson:
        case oid::kJsonb: case oid::kNumeric: case oid::kRecord: case oid::kRecordArray: case oid::kUnknown:
            return true;
        default:
            return type.ops == &kArrayOps || type.typtype == 'c';
    }
}

/// Timestamps among them: rounding to their precision may go past what their input takes. The names of
/// catalog objects (regclass and its kin) are numbers: their texts are the session's.
bool is_plain_integer(Oid type) {
    switch (type) {
        case oid::kInt4: case oid::kInt8: case oid::kInt2: case oid::kTimestamp: case oid::kTimestamptz:
        case oid::kRegproc: case oid::kRegprocedure: case oid::kRegclass: case oid::kRegtype:
        case oid::kRegrole: case oid::kRegnamespace:
            return true;
        default:
            return false;
    }
}

}  // namespace

const TypeInfo& base_type(Environment& env, const TypeInfo& type) {
    const TypeInfo* base = &type;
    while (base->typtype == 'd') base = &env.type(base->base);
    return *base;
}

void write_canonical(Environment& env, const TypeInfo& declared, const Datum& value,
                     std::string& out) {
    const TypeInfo& type = base_type(env, declared);
    if (is_stored_text(type)) {
        out += value.as_text();
        return;
    }
    if (is_plain_integer(type.oid)) {
        char buffer[24];
        out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value.as_int()).ptr);
        return;
    }
    if (type.typtype == 'e') {
        // Not the label, which RENAME VALUE changes.
        char buffer[32];
        out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value.as_float()).ptr);
        return;
    }
    if (type.ops == nullptr) throw NotSimulated("type " + format_type(env, type.oid));
    CanonicalEnvironment canonical(env);
    type.ops->output(canonical, type, value, out);
}

Datum read_canonical(Environment& env, const TypeInfo& declared, std::string_view text) {
    const TypeInfo& type = base_type(env, declared);
    if (is_stored_text(type)) return Datum::of_text(text);
    if (is_plain_integer(type.oid)) {
        std::int64_t value = 0;
        std::from_chars(text.data(), text.data() + text.size(), value);
        return Datum::of_int(value);
    }
    if (type.typtype == 'e') {
        double value = 0;
        std::from_chars(text.data(), text.data() + text.size(), value);
        return Datum::of_float(value);
    }
    if (type.ops == nullptr) throw NotSimulated("type " + format_type(env, type.oid));
    CanonicalEnvironment canonical(env);
    return type.ops->input(canonical, type, text, -1);
}

bool prints_as_stored(Environment& env, const TypeInfo& declared) {
    const TypeInfo& type = base_type(env, declared);
    switch (type.oid) {
        case oid::kText: case oid::kVarchar: case oid::kBpchar: case oid::kName: case oid::kJson:
        case oid::kJsonb: case oid::kNumeric: case oid::kInt2: case oid::kInt4: case oid::kInt8:
        case oid::kBool: case oid::kUuid: case oid::kOid: case oid::kTime:
            return true;
        default:
            return false;
    }
}

}  // namespace cdcsim::pg
