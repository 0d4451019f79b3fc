// The session's settings (GUCs): one table of rows. Mirrors guc.c.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/postgres/catalog/catalog.h"
#include "sim/postgres/executor/transaction.h"
#include "sim/postgres/function/environment.h"

namespace cdcsim::pg {

/// All settings that are known, at their defaults on the reference server.
SettingValues default_settings();

/// The value as SHOW prints it. Throws SqlError: 42704 unrecognized, 22023 invalid, 55P02 cannot be
/// changed now; NotSimulated for a value that would change behaviour that is not built.
std::string validate_setting(const std::string& name, const std::string& value, Environment& env);

/// Throws 55P02 for what no session can change.
void check_changeable(const std::string& name);
/// Whether only superusers may change it.
bool is_superuser_setting(std::string_view name);

/// With a dot in its name, and no row of the table.
bool is_custom_setting(std::string_view name);

/// Lower case, as the table has it; throws 42704 for a name that is neither known nor custom.
std::string canonical_setting_name(const std::string& name);

ValueSettings parse_value_settings(const SettingValues& settings);

/// The schemas of a search_path setting; pg_temp and pg_catalog are put first where they are not named.
std::vector<Oid> compute_search_path(const std::string& setting, const Catalog& catalog, const std::string& user, Oid temp_schema);

/// pg_settings.
struct SettingRow {
    std::string_view name, default_value;
    char type;                 ///< b bool, i integer, r real, s string, e enum
    std::string_view values;   ///< of an enum, separated by '|'
    std::string_view context;  ///< user, superuser, postmaster, sighup, backend, internal ...
    bool listed = true;        ///< by pg_settings
};
std::span<const SettingRow> setting_rows();

}  // namespace cdcsim::pg
