#include <array>

#include "tools/live/explore/grammar.h"

namespace cdcsim::explore {

namespace {

constexpr auto kExpressions = std::to_array<ExpressionRow>({
    // bool
    {"bool", "({int4} = {int4})"}, {"bool", "({int4} < {int8})"}, {"bool", "({numeric} >= {int4})"},
    {"bool", "({numeric} <> {numeric})"}, {"bool", "({float8} > {numeric})"}, {"bool", "({text} = {text})"},
    {"bool", "({text} < {varchar})"}, {"bool", "({bpchar} = {bpchar})"}, {"bool", "({bpchar} = {text})"},
    {"bool", "({text} LIKE 'a%')"}, {"bool", "({text} ILIKE '%B%')"}, {"bool", "({varchar} NOT LIKE '_b%')"},
    {"bool", "({text} ~ '^[a-c]+')"}, {"bool", "({text} ~* 'B.')"}, {"bool", "({text} SIMILAR TO '(a|b)%')"},
    {"bool", "({date} < {date})"}, {"bool", "({date} <= {timestamp})"}, {"bool", "({timestamp} > {timestamptz})"},
    {"bool", "({time} < {time})"}, {"bool", "({timetz} < {timetz})"}, {"bool", "({interval} > {interval})"},
    {"bool", "({uuid} = {uuid})"}, {"bool", "({uuid} < {uuid})"}, {"bool", "({bytea} < {bytea})"},
    {"bool", "({mood} < {mood})"}, {"bool", "({mood} = 'ok')"}, {"bool", "({jsonb} @> {jsonb})"},
    {"bool", "({jsonb} ? 'a')"}, {"bool", "({jsonb} ?| array['a','b'])"}, {"bool", "({jsonb} = {jsonb})"},
    {"bool", "({jsonb} < {jsonb})"}, {"bool", "({jsonb} @? '$.a')"}, {"bool", "({int4[]} @> {int4[]})"},
    {"bool", "({int4[]} && {int4[]})"}, {"bool", "({int4[]} = {int4[]})"}, {"bool", "({text[]} < {text[]})"},
    {"bool", "({int4} = ANY ({int4[]}))"}, {"bool", "({text} = ALL ({text[]}))"}, {"bool", "({int4} IN (1, 2, {int4}))"},
    {"bool", "({text} NOT IN ('a', {text}))"}, {"bool", "({int4} BETWEEN {int4} AND {int4})"},
    {"bool", "({numeric} NOT BETWEEN SYMMETRIC {numeric} AND 5)"}, {"bool", "({bool} AND {bool})"},
    {"bool", "({bool} OR {bool})"}, {"bool", "(NOT {bool})"}, {"bool", "({bool} IS TRUE)"}, {"bool", "({bool} IS NOT FALSE)"},
    {"bool", "({bool} IS UNKNOWN)"}, {"bool", "({text} IS NULL)"}, {"bool", "({jsonb} IS NOT NULL)"},
    {"bool", "({int4} IS DISTINCT FROM {int4})"}, {"bool", "({text} IS NOT DISTINCT FROM {text})"},
    {"bool", "({jsonb} IS DISTINCT FROM {jsonb})"}, {"bool", "({int4}, {text}) = ({int4}, {text})"},
    {"bool", "(({int4}, {text}) < ({int4}, {text}))"}, {"bool", "(ROW({int4}, {date}) IS NULL)"}, {"bool", "{int4}::bool"},
    {"bool", "{text}::bool"}, {"bool", "coalesce({bool}, {bool})"}, {"bool", "starts_with({text}, 'a')"},
    {"bool", "isfinite({date})"}, {"bool", "isfinite({timestamp})"}, {"bool", "({date}, {date}) OVERLAPS ({date}, {date})"},
    {"bool", "jsonb_exists({jsonb}, 'a')"}, {"bool", "({float4} = {float8})"}, {"bool", "({float4} < {numeric})"},
    {"bool", "({int4range} @> {int4})"}, {"bool", "({int4range} && {int4range})"}, {"bool", "({inet} << {inet})"},
    {"bool", "({money} > {money})"}, {"bool", "({bit} = {bit})"}, {"bool", "CASE WHEN {bool} THEN {bool} END"},
    {"bool", "regexp_like({text}, 'a+')"}, {"bool", "({int2} = {numeric})"}, {"bool", "({name} = {text})"},
    {"bool", "({pair} = {pair})"}, {"bool", "({macaddr} < {macaddr})"}, {"bool", "({cidr} >>= {inet})"}, {"bool", "({daterange} @> {date})"},
    {"bool", "({tsrange} && {tsrange})"}, {"bool", "({numrange} -|- {numrange})"}, {"bool", "({tstzrange} < {tstzrange})"}, {"bool", "({uuid} = ANY ({uuid[]}))"},
    {"bool", "({date[]} @> {date[]})"}, {"bool", "({bit1} = {bit1})"}, {"bool", "isempty({int8range})"}, {"bool", "({mood[]} < {mood[]})"}, {"bool", "({macaddr8} = {macaddr8})"},
    {"int4", "({pair}).x"}, {"int4", "cardinality({uuid[]})"}, {"int4", "array_length({bytea[]}, 1)"}, {"int8", "({int8[]})[1]"}, {"int8", "{oid}::int8"}, {"int2", "({int2[]})[1]"},
    {"numeric", "upper({numrange})"}, {"float8", "({float8[]})[2]"}, {"text", "({pair}).y"}, {"text", "{pair}::text"}, {"text", "{xml}::text"}, {"text", "{tstzrange}::text"},
    {"text", "{numrange}::text"}, {"text", "{bool[]}::text"}, {"text", "{jsonb[]}::text"}, {"text", "{timestamptz[]}::text"}, {"text", "{bytea[]}::text"}, {"text", "{interval[]}::text"},
    {"text", "{macaddr8}::text"}, {"text", "{cidr}::text"}, {"text", "{oid}::text"}, {"text", "{varchar[]}::text"}, {"text", "{inet[]}::text"}, {"text", "to_json({time[]})::text"},
    // int4
    {"int4", "({int4} + {int4})"}, {"int4", "({int4} - {int4})"}, {"int4", "({int4} * {int4})"}, {"int4", "({int4} / {int4})"},
    {"int4", "({int4} % {int4})"}, {"int4", "(- {int4})"}, {"int4", "({int2} + {int4})"}, {"int4", "abs({int4})"},
    {"int4", "length({text})"}, {"int4", "char_length({varchar})"}, {"int4", "length({bpchar})"}, {"int4", "octet_length({text})"},
    {"int4", "length({bytea})"}, {"int4", "bit_length({text})"}, {"int4", "position({text} in {text})"}, {"int4", "strpos({text}, {text})"},
    {"int4", "ascii({text})"}, {"int4", "({int4} & {int4})"}, {"int4", "({int4} | 5)"}, {"int4", "({int4} # {int4})"},
    {"int4", "(~ {int4})"}, {"int4", "({int4} << 2)"}, {"int4", "({int4} >> 1)"}, {"int4", "({date} - {date})"},
    {"int4", "array_length({int4[]}, 1)"}, {"int4", "array_upper({text[]}, 1)"}, {"int4", "array_ndims({int4[]})"}, {"int4", "cardinality({text[]})"},
    {"int4", "array_position({int4[]}, {int4})"}, {"int4", "({int4[]})[1]"}, {"int4", "({int4[]})[{int4}]"}, {"int4", "({jsonb} ->> 'a')::int"},
    {"int4", "extract(year from {date})::int"}, {"int4", "extract(dow from {timestamp})::int"}, {"int4", "coalesce({int4}, {int4})"},
    {"int4", "nullif({int4}, {int4})"}, {"int4", "CASE WHEN {bool} THEN {int4} ELSE {int4} END"}, {"int4", "CASE {int4} WHEN 1 THEN {int4} WHEN {int4} THEN 2 END"},
    {"int4", "greatest({int4}, {int4}, 3)"}, {"int4", "least({int4}, {int4})"}, {"int4", "{numeric}::int"}, {"int4", "{float8}::int"}, {"int4", "{text}::int"},
    {"int4", "{bool}::int"}, {"int4", "{int8}::int"}, {"int4", "mod({int4}, {int4})"}, {"int4", "gcd({int4}, {int4})"}, {"int4", "lcm({int4}, {int4})"},
    {"int4", "jsonb_array_length({jsonb})"}, {"int4", "width_bucket({numeric}, 0, 10, 5)"}, {"int4", "num_nonnulls({int4}, {text}, {jsonb})"},
    {"int4", "num_nulls({int4}, {bool})"}, {"int4", "{bit}::int"}, {"int4", "lower({int4range})"}, {"int4", "upper({int4range})"},
    {"int4", "masklen({inet})"}, {"int4", "hashtext({text})"}, {"int4", "date_part('month', {date})::int"}, {"int4", "json_array_length({json})"},
    {"int4", "regexp_count({text}, 'a')"}, {"int4", "regexp_instr({text}, 'b')"}, {"int4", "get_byte({bytea}, 0)"},
    {"int4", "sign({int4})::int"}, {"int4", "array_lower({int4[]}, 1)"},
    // int8
    {"int8", "({int8} + {int4})"}, {"int8", "({int8} * {int2})"}, {"int8", "({int8} - {int8})"}, {"int8", "({int8} / {int4})"}, {"int8", "({int4} % {int8})"},
    {"int8", "abs({int8})"}, {"int8", "{int4}::bigint"}, {"int8", "{numeric}::bigint"}, {"int8", "{float8}::int8"}, {"int8", "{text}::int8"}, {"int8", "factorial({int4})::int8"},
    {"int8", "coalesce({int8}, {int4})"}, {"int8", "extract(epoch from {timestamp})::bigint"}, {"int8", "div({numeric}, 3)::int8"}, {"int8", "({int8} & 255)"},
    {"int8", "greatest({int8}, {int4})"}, {"int8", "hashtextextended({text}, 0)"},
    // int2
    {"int2", "({int2} + {int2})"}, {"int2", "({int2} * {int2})"}, {"int2", "{int4}::smallint"}, {"int2", "{numeric}::int2"}, {"int2", "(- {int2})"}, {"int2", "abs({int2})"},
    {"int2", "({int2} / {int2})"}, {"int2", "coalesce({int2}, 3::int2)"},
    // numeric
    {"numeric", "({numeric} + {numeric})"}, {"numeric", "({numeric} - {int4})"}, {"numeric", "({numeric} * {numeric})"}, {"numeric", "({numeric} / {numeric})"},
    {"numeric", "({numeric} / {int4})"}, {"numeric", "({numeric} % {numeric})"}, {"numeric", "({int4} / {numeric})"}, {"numeric", "({numeric} ^ {int2})"}, {"numeric", "(- {numeric})"},
    {"numeric", "round({numeric}, 2)"}, {"numeric", "round({numeric})"}, {"numeric", "round({numeric}, -1)"}, {"numeric", "trunc({numeric}, 1)"}, {"numeric", "ceil({numeric})"},
    {"numeric", "floor({numeric})"}, {"numeric", "abs({numeric})"}, {"numeric", "sign({numeric})"}, {"numeric", "sqrt({numeric})"}, {"numeric", "exp({numeric})"}, {"numeric", "ln({numeric})"},
    {"numeric", "log({numeric})"}, {"numeric", "log(2, {numeric})"}, {"numeric", "power({numeric}, {numeric})"}, {"numeric", "mod({numeric}, {numeric})"}, {"numeric", "div({numeric}, {numeric})"},
    {"numeric", "{int4}::numeric"}, {"numeric", "{float8}::numeric"}, {"numeric", "{float4}::numeric"}, {"numeric", "{text}::numeric"}, {"numeric", "{numeric}::numeric(5,1)"}, {"numeric", "({jsonb} -> 'a')::numeric"},
    {"numeric", "({jsonb} ->> 'a')::numeric"}, {"numeric", "extract(epoch from {interval})"}, {"numeric", "extract(second from {time})"}, {"numeric", "extract(day from {timestamptz})"},
    {"numeric", "coalesce({numeric}, 0)"}, {"numeric", "nullif({numeric}, 0)"}, {"numeric", "greatest({numeric}, {int4})"}, {"numeric", "CASE WHEN {bool} THEN {numeric} ELSE {int4} END"},
    {"numeric", "trim_scale({numeric})"}, {"numeric", "({numeric[]})[1]"}, {"numeric", "scale({numeric})::numeric"}, {"numeric", "extract(quarter from {date})"}, {"numeric", "extract(week from {date})"},
    {"numeric", "extract(isodow from {timestamp})"}, {"numeric", "extract(doy from {date})"}, {"numeric", "extract(julian from {date})"}, {"numeric", "extract(century from {timestamp})"},
    {"numeric", "extract(milliseconds from {time})"}, {"numeric", "extract(timezone from {timestamptz})"}, {"numeric", "{money}::numeric"}, {"numeric", "to_number({text}, '999D99')"}, {"numeric", "cbrt({float8})::numeric"},
    // float
    {"float8", "({float8} + {float8})"}, {"float8", "({float8} * {numeric})"}, {"float8", "({float8} / {float8})"}, {"float8", "({float4} - {float8})"}, {"float8", "sqrt({float8})"}, {"float8", "round({float8})"},
    {"float8", "{numeric}::float8"}, {"float8", "{float4}::float8"}, {"float8", "{int8}::float8"}, {"float8", "{text}::float8"}, {"float8", "abs({float8})"}, {"float8", "trunc({float8})"}, {"float8", "power({float8}, 2)"},
    {"float8", "ln({float8})"}, {"float8", "exp({float8})"}, {"float8", "sin({float8})"}, {"float8", "degrees({float8})"}, {"float8", "ceil({float8})"}, {"float8", "coalesce({float8}, {int4})"}, {"float8", "date_part('epoch', {timestamp})"},
    {"float8", "atan2({float8}, {float8})"}, {"float8", "cbrt({float8})"}, {"float8", "({jsonb} ->> 'a')::float8"}, {"float8", "pi()"}, {"float8", "date_part('hour', {interval})"},
    {"float4", "({float4} + {float4})"}, {"float4", "({float4} * {float4})"}, {"float4", "{float8}::real"}, {"float4", "{numeric}::real"}, {"float4", "{int4}::float4"}, {"float4", "(- {float4})"}, {"float4", "abs({float4})"},
    // text
    {"text", "({text} || {text})"}, {"text", "({text} || {int4})"}, {"text", "({varchar} || {bpchar})"}, {"text", "({date} || {text})"}, {"text", "upper({text})"}, {"text", "lower({varchar})"}, {"text", "initcap({text})"},
    {"text", "trim({text})"}, {"text", "ltrim({text}, 'a')"}, {"text", "rtrim({bpchar})"}, {"text", "substring({text} from 2 for 2)"}, {"text", "substr({text}, {int4})"}, {"text", "substring({text} from 'a(.)')"}, {"text", "left({text}, {int4})"},
    {"text", "right({text}, 2)"}, {"text", "reverse({text})"}, {"text", "repeat({text}, 3)"}, {"text", "replace({text}, 'a', {text})"}, {"text", "lpad({text}, 5, '*')"}, {"text", "rpad({text}, 6)"}, {"text", "split_part({text}, ' ', 1)"},
    {"text", "concat({text}, {int4}, {bool}, {numeric})"}, {"text", "concat_ws('-', {text}, {date}, {int4})"}, {"text", "format('%s/%s', {text}, {int4})"}, {"text", "format('%I %L %%', {text}, {text})"}, {"text", "format('%5s|%-4s|', {text}, {int4})"},
    {"text", "quote_literal({text})"}, {"text", "quote_ident({text})"}, {"text", "quote_nullable({text})"}, {"text", "md5({text})"}, {"text", "translate({text}, 'abc', 'xy')"}, {"text", "overlay({text} placing 'ZZ' from 2 for 1)"},
    {"text", "regexp_replace({text}, '[aeiou]', '*', 'g')"}, {"text", "regexp_replace({text}, '(.)b', '\\1-')"}, {"text", "regexp_substr({text}, 'b.*')"}, {"text", "btrim({text}, ' ax')"}, {"text", "chr({int4} + 65)"},
    {"text", "to_char({numeric}, 'FM999,990.00')"}, {"text", "to_char({int4}, '99999')"}, {"text", "to_char({int4}, 'S000')"}, {"text", "to_char({timestamp}, 'YYYY-MM-DD HH24:MI:SS.US')"}, {"text", "to_char({date}, 'Day, DD Mon YYYY')"},
    {"text", "to_char({timestamptz}, 'HH12:MI AM TZ')"}, {"text", "to_char({interval}, 'HH24:MI:SS')"}, {"text", "to_char({float8}, '9.99EEEE')"}, {"text", "to_char({date}, 'IYYY-IW-ID Q DDD')"}, {"text", "to_char({timestamp}, 'FMMonth FMDDth')"},
    {"text", "encode({bytea}, 'hex')"}, {"text", "encode({bytea}, 'base64')"}, {"text", "encode({bytea}, 'escape')"}, {"text", "({jsonb} ->> 'a')"}, {"text", "({jsonb} #>> '{a,b}')"}, {"text", "({json} ->> 'a')"}, {"text", "({json} -> 'a')::text"}, {"text", "({jsonb} ->> 0)"},
    {"text", "jsonb_typeof({jsonb})"}, {"text", "json_typeof({json})"}, {"text", "jsonb_pretty({jsonb})"}, {"text", "{int4}::text"}, {"text", "{numeric}::text"}, {"text", "{float8}::text"}, {"text", "{float4}::text"}, {"text", "{bool}::text"}, {"text", "{date}::text"},
    {"text", "{timestamp}::text"}, {"text", "{timestamptz}::text"}, {"text", "{interval}::text"}, {"text", "{jsonb}::text"}, {"text", "{json}::text"}, {"text", "{uuid}::text"}, {"text", "{mood}::text"}, {"text", "{int4[]}::text"}, {"text", "{text[]}::text"}, {"text", "{bytea}::text"},
    {"text", "{bpchar}::text"}, {"text", "{varchar}::text"}, {"text", "{time}::text"}, {"text", "{timetz}::text"}, {"text", "{money}::text"}, {"text", "{inet}::text"}, {"text", "{int4range}::text"}, {"text", "host({inet})"}, {"text", "array_to_string({text[]}, ',', '*')"},
    {"text", "array_to_string({int4[]}, '-')"}, {"text", "array_dims({int4[]})"}, {"text", "({text[]})[2]"}, {"text", "coalesce({text}, {varchar}, 'none')"}, {"text", "nullif({text}, '')"}, {"text", "CASE WHEN {bool} THEN {text} ELSE 'other' END"},
    {"text", "greatest({text}, {text})"}, {"text", "least({text}, {varchar})"}, {"text", "pg_typeof({numeric} + {int4})::text"}, {"text", "ROW({int4}, {text}, {bool})::text"}, {"text", "ROW({numeric}, {timestamp}, {text[]})::text"}, {"text", "to_hex({int4})"},
    {"text", "string_to_array({text}, ' ')::text"}, {"text", "CAST({numeric} AS varchar(4))"}, {"text", "{text}::varchar(3)"}, {"text", "{text}::char(6) || '|'"}, {"text", "unistr({text})"}, {"text", "{name}::text"}, {"text", "{varbit}::text"},
    {"text", "sha256({bytea})::text"}, {"text", "quote_literal({int4})"}, {"text", "to_json({text})::text"}, {"text", "string_to_array({text}, NULL)::text"}, {"text", "jsonb_path_query_array({jsonb}, '$.*')::text"},
    {"varchar", "{text}::varchar(10)"}, {"varchar", "{int4}::varchar"}, {"varchar", "upper({varchar})::varchar"}, {"varchar", "coalesce({varchar}, 'none')"}, {"varchar", "({varchar} || 'x')::varchar(8)"},
    {"bpchar", "{text}::char(4)"}, {"bpchar", "{varchar}::bpchar"}, {"bpchar", "{int4}::char(3)"}, {"name", "{text}::name"},
    // bytea, uuid
    {"bytea", "({bytea} || {bytea})"}, {"bytea", "decode({text}, 'hex')"}, {"bytea", "decode('YWJj', 'base64')"}, {"bytea", "substring({bytea} from 1 for 2)"}, {"bytea", "convert_to({text}, 'UTF8')"}, {"bytea", "{text}::bytea"}, {"bytea", "set_byte({bytea}, 0, 65)"}, {"bytea", "sha256({bytea})"},
    {"uuid", "md5({text})::uuid"}, {"uuid", "coalesce({uuid}, {uuid})"}, {"uuid", "{text}::uuid"}, {"uuid", "CASE WHEN {bool} THEN {uuid} END"},
    // dates and times
    {"date", "({date} + {int4})"}, {"date", "({date} - 7)"}, {"date", "{timestamp}::date"}, {"date", "{timestamptz}::date"}, {"date", "{text}::date"}, {"date", "make_date(2024, {int4}, 1)"}, {"date", "to_date('20240131', 'YYYYMMDD')"}, {"date", "({date} + {interval})::date"}, {"date", "greatest({date}, {date})"},
    {"date", "coalesce({date}, '2020-01-01')"}, {"date", "date_trunc('month', {timestamp})::date"}, {"date", "to_date({text}, 'YYYY-MM-DD')"},
    {"time", "{timestamp}::time"}, {"time", "({time} + {interval})"}, {"time", "({time} - {interval})"}, {"time", "{interval}::time"}, {"time", "make_time(8, {int4}, 23.5)"}, {"time", "{timetz}::time"}, {"time", "{time}::time(1)"}, {"timetz", "{time}::timetz"}, {"timetz", "{timestamptz}::timetz"}, {"timetz", "({timetz} + {interval})"}, {"timetz", "({timetz} AT TIME ZONE 'UTC')"},
    {"timestamp", "({timestamp} + {interval})"}, {"timestamp", "({timestamp} - {interval})"}, {"timestamp", "({date} + {time})"}, {"timestamp", "({date} + {interval})"}, {"timestamp", "date_trunc('hour', {timestamp})"}, {"timestamp", "date_trunc('week', {timestamp})"}, {"timestamp", "{date}::timestamp"}, {"timestamp", "{timestamptz}::timestamp"},
    {"timestamp", "({timestamptz} AT TIME ZONE 'Europe/Berlin')"}, {"timestamp", "make_timestamp(2024, {int4}, 15, 1, 2, 3.5)"}, {"timestamp", "{text}::timestamp"}, {"timestamp", "to_timestamp('2024-01-31 10:11', 'YYYY-MM-DD HH24:MI')::timestamp"}, {"timestamp", "{timestamp}::timestamp(2)"}, {"timestamp", "date_bin('15 minutes', {timestamp}, '2001-01-01')"}, {"timestamp", "greatest({timestamp}, {date})"},
    {"timestamptz", "({timestamptz} + {interval})"}, {"timestamptz", "({timestamptz} - {interval})"}, {"timestamptz", "{timestamp}::timestamptz"}, {"timestamptz", "({timestamp} AT TIME ZONE 'America/New_York')"}, {"timestamptz", "to_timestamp({float8})"}, {"timestamptz", "date_trunc('day', {timestamptz})"}, {"timestamptz", "date_trunc('month', {timestamptz}, 'Asia/Tokyo')"}, {"timestamptz", "{date}::timestamptz"}, {"timestamptz", "coalesce({timestamptz}, {timestamp})"},
    {"interval", "({interval} + {interval})"}, {"interval", "({interval} * {float8})"}, {"interval", "({interval} / {int4})"}, {"interval", "({timestamp} - {timestamp})"}, {"interval", "({timestamptz} - {timestamptz})"}, {"interval", "({time} - {time})"}, {"interval", "age({timestamp}, {timestamp})"}, {"interval", "justify_hours({interval})"}, {"interval", "justify_interval({interval})"},
    {"interval", "make_interval(days => {int4})"}, {"interval", "(- {interval})"}, {"interval", "({int4} || ' days')::interval"}, {"interval", "{time}::interval"}, {"interval", "date_trunc('day', {interval})"}, {"interval", "({date} - {timestamp})"}, {"interval", "({int4} * interval '1 hour')"}, {"interval", "{interval}::interval(2)"}, {"interval", "{interval}::interval hour to minute"},
    // json
    {"jsonb", "({jsonb} || {jsonb})"}, {"jsonb", "({jsonb} - 'a')"}, {"jsonb", "({jsonb} - 0)"}, {"jsonb", "({jsonb} #- '{a,b}')"}, {"jsonb", "({jsonb} -> 'a')"}, {"jsonb", "({jsonb} -> 0)"}, {"jsonb", "({jsonb} #> '{a,b,0}')"}, {"jsonb", "jsonb_set({jsonb}, '{a}', {jsonb})"}, {"jsonb", "jsonb_set({jsonb}, '{x,y}', '1', false)"}, {"jsonb", "jsonb_insert({jsonb}, '{z}', {jsonb})"},
    {"jsonb", "jsonb_insert({jsonb}, '{a}', '2')"}, {"jsonb", "jsonb_build_object('k', {int4}, {text}, {numeric})"}, {"jsonb", "jsonb_build_object('t', {timestamp}, 'd', {date})"}, {"jsonb", "jsonb_build_array({int4}, {text}, {bool}, {float8})"}, {"jsonb", "to_jsonb({text})"}, {"jsonb", "to_jsonb({numeric})"}, {"jsonb", "to_jsonb({timestamptz})"}, {"jsonb", "to_jsonb({int4[]})"}, {"jsonb", "to_jsonb({interval})"}, {"jsonb", "to_jsonb({mood})"}, {"jsonb", "to_jsonb({bytea})"}, {"jsonb", "to_jsonb({float8})"}, {"jsonb", "to_jsonb(ROW({int4}, {text}))"},
    {"jsonb", "{json}::jsonb"}, {"jsonb", "{text}::jsonb"}, {"jsonb", "jsonb_strip_nulls({jsonb})"}, {"jsonb", "jsonb_object(array['a', {text}], array['1', {text}])"}, {"jsonb", "jsonb_path_query_first({jsonb}, '$.a')"}, {"jsonb", "coalesce({jsonb}, '{}')"}, {"jsonb", "({jsonb})['a']"}, {"jsonb", "({jsonb} - array['a','c'])"}, {"jsonb", "jsonb_path_query_array({jsonb}, '$[*] ? (@ > 1)')"}, {"jsonb", "jsonb_set_lax({jsonb}, '{a}', NULL, true, 'delete_key')"},
    {"json", "json_build_object('k', {int4}, 'v', {text})"}, {"json", "json_build_array({numeric}, {date}, NULL)"}, {"json", "to_json({text})"}, {"json", "row_to_json(ROW({int4}, {text}))"}, {"json", "{jsonb}::json"}, {"json", "{text}::json"}, {"json", "({json} -> 'a')"}, {"json", "({json} #> '{a,b}')"}, {"json", "array_to_json({int4[]})"}, {"json", "json_strip_nulls({json})"}, {"json", "json_object({text[]})"},
    // others
    {"mood", "coalesce({mood}, 'ok')"}, {"mood", "{text}::mood"}, {"mood", "CASE WHEN {bool} THEN {mood} ELSE 'sad' END"}, {"mood", "greatest({mood}, 'ok')"}, {"mood", "enum_first({mood})"}, {"mood", "(enum_range(NULL::mood))[{int4}]"},
    {"int4[]", "({int4[]} || {int4})"}, {"int4[]", "({int4} || {int4[]})"}, {"int4[]", "({int4[]} || {int4[]})"}, {"int4[]", "array_append({int4[]}, {int4})"}, {"int4[]", "array_remove({int4[]}, 1)"}, {"int4[]", "array_replace({int4[]}, 1, {int4})"}, {"int4[]", "({int4[]})[1:2]"}, {"int4[]", "array[{int4}, {int4}]"}, {"int4[]", "array_prepend({int4}, {int4[]})"}, {"int4[]", "array_cat({int4[]}, {int4[]})"}, {"int4[]", "array_fill({int4}, array[2])"}, {"int4[]", "{text[]}::int[]"}, {"int4[]", "array_positions({int4[]}, 1)"}, {"int4[]", "trim_array({int4[]}, 1)"}, {"int4[]", "{text}::int[]"},
    {"text[]", "({text[]} || {text})"}, {"text[]", "string_to_array({text}, ' ')"}, {"text[]", "array[{text}, {text}, NULL]"}, {"text[]", "array_cat({text[]}, {text[]})"}, {"text[]", "{int4[]}::text[]"}, {"text[]", "regexp_split_to_array({text}, '\\s')"}, {"text[]", "regexp_match({text}, '(a)(.)')"}, {"text[]", "({text[]})[2:]"}, {"text[]", "array_remove({text[]}, NULL)"}, {"text[]", "array[{text}, {int4}::text]"}, {"text[]", "enum_range({mood}, NULL)::text[]"},
    {"numeric[]", "array[{numeric}, {int4}]"}, {"numeric[]", "{int4[]}::numeric[]"}, {"numeric[]", "({numeric[]} || {numeric})"},
    {"money", "({money} + {money})"}, {"money", "({money} * {int4})"}, {"money", "{numeric}::money"}, {"money", "({money} / 2)"}, {"inet", "({inet} + 1)"}, {"inet", "{text}::inet"}, {"bit", "{int4}::bit(4)"}, {"bit", "({bit} & {bit})"}, {"varbit", "({varbit} || {bit})"}, {"varbit", "{text}::varbit"}, {"int4range", "int4range({int4}, {int4})"}, {"int4range", "({int4range} * {int4range})"}, {"int4range", "({int4range} + {int4range})"},
});

}  // namespace

std::span<const ExpressionRow> expressions() { return kExpressions; }

}  // namespace cdcsim::explore
