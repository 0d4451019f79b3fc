#include "sim/postgres/function/extension.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/digest.h"
#include "core/base/error.h"
#include "sim/postgres/type/ascii.h"
#include "sim/postgres/type/oids.h"
#include "sim/postgres/type/uuid.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;
using Hash = std::string (*)(std::string_view);

struct HashRow {
    std::string_view name;
    Hash hash;
    std::size_t block;
};
constexpr HashRow kHashes[] = {{"md5", digest::md5, 64},       {"sha1", digest::sha1, 64},     {"sha224", digest::sha224, 64},
                               {"sha256", digest::sha256, 64}, {"sha384", digest::sha384, 128}, {"sha512", digest::sha512, 128}};
/// Others that OpenSSL has.
constexpr std::string_view kOtherHashes[] = {"blake", "md4", "md5-sha1", "mdc2", "ripemd", "rmd160", "rsa-", "sha3-", "sha512-", "shake", "sm3", "ssl3-", "whirlpool"};

const HashRow& find_hash(const std::string& written) {
    const std::string name = downcase_identifier(written);
    const auto* found = std::ranges::find(kHashes, name, &HashRow::name);
    if (found != std::end(kHashes)) return *found;
    if (std::ranges::any_of(kOtherHashes, [&](std::string_view other) { return name.starts_with(other); })) throw NotSimulated(fmt::format("pgcrypto's hash algorithm {}", name));
    throw SqlError("22023", fmt::format("Cannot use \"{}\": No such hash algorithm", name));
}

Datum pg_digest(CallContext&, Args args) { return Datum::of_text(find_hash(args[1].as_text()).hash(args[0].as_text())); }

/// RFC 2104.
Datum pg_hmac(CallContext&, Args args) {
    const HashRow& row = find_hash(args[2].as_text());
    std::string key = args[1].as_text();
    if (key.size() > row.block) key = row.hash(key);
    key.resize(row.block, '\0');
    const auto masked = [&](char mask) {
        std::string bytes = key;
        for (char& c : bytes) c = static_cast<char>(c ^ mask);
        return bytes;
    };
    return Datum::of_text(row.hash(masked(0x5c) + row.hash(masked(0x36) + args[0].as_text())));
}

std::string random_bytes(CallContext& call, std::size_t count) {
    std::string bytes;
    while (bytes.size() < count) {
        const std::uint64_t bits = call.env.random_bits();
        for (int shift = 56; shift >= 0 && bytes.size() < count; shift -= 8) bytes += static_cast<char>(static_cast<unsigned char>(bits >> shift));
    }
    return bytes;
}

Datum pg_random_bytes(CallContext& call, Args args) {
    const std::int64_t count = args[0].as_int();
    if (count < 1 || count > 1024) throw SqlError("39000", "Length not in range");
    return Datum::of_text(random_bytes(call, static_cast<std::size_t>(count)));
}

/// Sixteen bytes as a UUID of RFC 4122's variant.
Datum versioned(std::string bytes, unsigned version) {
    bytes.resize(16);
    const auto set = [&](std::size_t at, unsigned keep, unsigned value) {
        bytes[at] = static_cast<char>(static_cast<unsigned char>((static_cast<unsigned char>(bytes[at]) & keep) | value));
    };
    set(6, 0x0F, version << 4);
    set(8, 0x3F, 0x80);
    return Datum::of_text(std::move(bytes));
}

template <unsigned version>
Datum random_uuid(CallContext& call, Args) {
    return versioned(random_bytes(call, 16), version);
}

template <unsigned version, Hash hash>
Datum named_uuid(CallContext&, Args args) {
    return versioned(hash(args[0].as_text() + args[1].as_text()), version);
}

/// RFC 4122's name spaces differ in one byte.
template <char byte>
Datum name_space(CallContext&, Args) {
    return Datum::of_text(parse_uuid(fmt::format("6ba7b81{}-9dad-11d1-80b4-00c04fd430c8", byte)));
}

Datum uuid_nil(CallContext&, Args) { return Datum::of_text(std::string(16, '\0')); }

struct SourceRow {
    std::string_view source;
    ScalarFunction function;
};
constexpr SourceRow kSources[] = {
    {"pg_digest", pg_digest},
    {"pg_hmac", pg_hmac},
    {"pg_random_bytes", pg_random_bytes},
    {"pg_random_uuid", random_uuid<4>},
    {"uuid_generate_v1", random_uuid<1>},
    {"uuid_generate_v1mc", random_uuid<1>},
    {"uuid_generate_v3", named_uuid<3, digest::md5>},
    {"uuid_generate_v4", random_uuid<4>},
    {"uuid_generate_v5", named_uuid<5, digest::sha1>},
    {"uuid_nil", uuid_nil},
    {"uuid_ns_dns", name_space<'0'>},
    {"uuid_ns_oid", name_space<'2'>},
    {"uuid_ns_url", name_space<'1'>},
    {"uuid_ns_x500", name_space<'4'>},
};
static_assert(std::ranges::is_sorted(kSources, {}, &SourceRow::source));

/// In the order of the extensions' scripts.
const std::vector<KnownExtension>& known_extensions() {
    using namespace oid;
    static const std::vector<KnownExtension> kExtensions = {
        {"pgcrypto", "1.3", "cryptographic functions",
         {
             {"digest", {kText, kText}, kBytea, 'i', "pg_digest"},
             {"digest", {kBytea, kText}, kBytea, 'i', "pg_digest"},
             {"hmac", {kText, kText, kText}, kBytea, 'i', "pg_hmac"},
             {"hmac", {kBytea, kBytea, kText}, kBytea, 'i', "pg_hmac"},
             {"crypt", {kText, kText}, kText, 'i', "pg_crypt"},
             {"gen_salt", {kText}, kText, 'v', "pg_gen_salt"},
             {"gen_salt", {kText, kInt4}, kText, 'v', "pg_gen_salt_rounds"},
             {"encrypt", {kBytea, kBytea, kText}, kBytea, 'i', "pg_encrypt"},
             {"decrypt", {kBytea, kBytea, kText}, kBytea, 'i', "pg_decrypt"},
             {"encrypt_iv", {kBytea, kBytea, kBytea, kText}, kBytea, 'i', "pg_encrypt_iv"},
             {"decrypt_iv", {kBytea, kBytea, kBytea, kText}, kBytea, 'i', "pg_decrypt_iv"},
             {"gen_random_bytes", {kInt4}, kBytea, 'v', "pg_random_bytes"},
             {"gen_random_uuid", {}, kUuid, 'v', "pg_random_uuid", false},
             {"pgp_sym_encrypt", {kText, kText}, kBytea, 'v', "pgp_sym_encrypt_text"},
             {"pgp_sym_encrypt_bytea", {kBytea, kText}, kBytea, 'v', "pgp_sym_encrypt_bytea"},
             {"pgp_sym_encrypt", {kText, kText, kText}, kBytea, 'v', "pgp_sym_encrypt_text"},
             {"pgp_sym_encrypt_bytea", {kBytea, kText, kText}, kBytea, 'v', "pgp_sym_encrypt_bytea"},
             {"pgp_sym_decrypt", {kBytea, kText}, kText, 'i', "pgp_sym_decrypt_text"},
             {"pgp_sym_decrypt_bytea", {kBytea, kText}, kBytea, 'i', "pgp_sym_decrypt_bytea"},
             {"pgp_sym_decrypt", {kBytea, kText, kText}, kText, 'i', "pgp_sym_decrypt_text"},
             {"pgp_sym_decrypt_bytea", {kBytea, kText, kText}, kBytea, 'i', "pgp_sym_decrypt_bytea"},
             {"pgp_pub_encrypt", {kText, kBytea}, kBytea, 'v', "pgp_pub_encrypt_text"},
             {"pgp_pub_encrypt_bytea", {kBytea, kBytea}, kBytea, 'v', "pgp_pub_encrypt_bytea"},
             {"pgp_pub_encrypt", {kText, kBytea, kText}, kBytea, 'v', "pgp_pub_encrypt_text"},
             {"pgp_pub_encrypt_bytea", {kBytea, kBytea, kText}, kBytea, 'v', "pgp_pub_encrypt_bytea"},
             {"pgp_pub_decrypt", {kBytea, kBytea}, kText, 'i', "pgp_pub_decrypt_text"},
             {"pgp_pub_decrypt_bytea", {kBytea, kBytea}, kBytea, 'i', "pgp_pub_decrypt_bytea"},
             {"pgp_pub_decrypt", {kBytea, kBytea, kText}, kText, 'i', "pgp_pub_decrypt_text"},
             {"pgp_pub_decrypt_bytea", {kBytea, kBytea, kText}, kBytea, 'i', "pgp_pub_decrypt_bytea"},
             {"pgp_pub_decrypt", {kBytea, kBytea, kText, kText}, kText, 'i', "pgp_pub_decrypt_text"},
             {"pgp_pub_decrypt_bytea", {kBytea, kBytea, kText, kText}, kBytea, 'i', "pgp_pub_decrypt_bytea"},
             {"pgp_key_id", {kBytea}, kText, 'i', "pgp_key_id_w"},
             {"armor", {kBytea}, kText, 'i', "pg_armor"},
             {"dearmor", {kText}, kBytea, 'i', "pg_dearmor"},
         }},
        {"uuid-ossp", "1.1", "generate universally unique identifiers (UUIDs)",
         {
             {"uuid_nil", {}, kUuid, 'i', "uuid_nil"},
             {"uuid_ns_dns", {}, kUuid, 'i', "uuid_ns_dns"},
             {"uuid_ns_url", {}, kUuid, 'i', "uuid_ns_url"},
             {"uuid_ns_oid", {}, kUuid, 'i', "uuid_ns_oid"},
             {"uuid_ns_x500", {}, kUuid, 'i', "uuid_ns_x500"},
             {"uuid_generate_v1", {}, kUuid, 'v', "uuid_generate_v1"},
             {"uuid_generate_v1mc", {}, kUuid, 'v', "uuid_generate_v1mc"},
             {"uuid_generate_v3", {kUuid, kText}, kUuid, 'i', "uuid_generate_v3", true, {"namespace", "name"}},
             {"uuid_generate_v4", {}, kUuid, 'v', "uuid_generate_v4"},
             {"uuid_generate_v5", {kUuid, kText}, kUuid, 'i', "uuid_generate_v5", true, {"namespace", "name"}},
         }},
    };
    return kExtensions;
}

}  // namespace

const KnownExtension* find_known_extension(std::string_view name) {
    const auto found = std::ranges::find(known_extensions(), name, &KnownExtension::name);
    return found == known_extensions().end() ? nullptr : &*found;
}

bool is_available_extension(std::string_view name) {
    static constexpr std::string_view kNames[] = {
        "adminpack", "amcheck", "autoinc", "bloom", "btree_gin", "btree_gist", "citext", "cube", "dblink", "dict_int", "dict_xsyn",
        "earthdistance", "file_fdw", "fuzzystrmatch", "hstore", "insert_username", "intagg", "intarray", "isn", "lo", "ltree", "moddatetime",
        "old_snapshot", "pageinspect", "pg_buffercache", "pg_freespacemap", "pg_prewarm", "pg_stat_statements", "pg_surgery", "pg_trgm",
        "pg_visibility", "pg_walinspect", "pgcrypto", "pgrowlocks", "pgstattuple", "plpgsql", "postgres_fdw", "refint", "seg", "sslinfo",
        "tablefunc", "tcn", "tsm_system_rows", "tsm_system_time", "unaccent", "uuid-ossp", "xml2"};
    static_assert(std::ranges::is_sorted(kNames));
    return std::ranges::binary_search(kNames, name);
}

ScalarFunction find_extension_function(std::string_view source) {
    const auto* found = std::ranges::find(kSources, source, &SourceRow::source);
    return found == std::end(kSources) ? nullptr : found->function;
}

}  // namespace cdcsim::pg
