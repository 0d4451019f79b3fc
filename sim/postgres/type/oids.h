// PostgreSQL's OIDs of the built-in types that the code names.
#pragma once

#include "core/base/ids.h"

namespace cdcsim::pg::oid {

inline constexpr Oid kBool = 16;
inline constexpr Oid kBytea = 17;
inline constexpr Oid kChar = 18;
inline constexpr Oid kName = 19;
inline constexpr Oid kInt8 = 20;
inline constexpr Oid kInt2 = 21;
inline constexpr Oid kInt2vector = 22;
inline constexpr Oid kInt4 = 23;
inline constexpr Oid kRegproc = 24;
inline constexpr Oid kText = 25;
inline constexpr Oid kOid = 26;
inline constexpr Oid kTid = 27;
inline constexpr Oid kXid = 28;
inline constexpr Oid kCid = 29;
inline constexpr Oid kOidvector = 30;
inline constexpr Oid kJson = 114;
inline constexpr Oid kXml = 142;
inline constexpr Oid kPgLsn = 3220;
inline constexpr Oid kPoint = 600;
inline constexpr Oid kLseg = 601;
inline constexpr Oid kPath = 602;
inline constexpr Oid kBox = 603;
inline constexpr Oid kPolygon = 604;
inline constexpr Oid kLine = 628;
inline constexpr Oid kCircle = 718;
inline constexpr Oid kFloat4 = 700;
inline constexpr Oid kFloat8 = 701;
inline constexpr Oid kUnknown = 705;
inline constexpr Oid kMoney = 790;
inline constexpr Oid kInet = 869;
inline constexpr Oid kCidr = 650;
inline constexpr Oid kMacaddr = 829;
inline constexpr Oid kMacaddr8 = 774;
inline constexpr Oid kBpchar = 1042;
inline constexpr Oid kVarchar = 1043;
inline constexpr Oid kDate = 1082;
inline constexpr Oid kTime = 1083;
inline constexpr Oid kTimestamp = 1114;
inline constexpr Oid kTimestamptz = 1184;
inline constexpr Oid kInterval = 1186;
inline constexpr Oid kTimetz = 1266;
inline constexpr Oid kBit = 1560;
inline constexpr Oid kVarbit = 1562;
inline constexpr Oid kNumeric = 1700;
inline constexpr Oid kRefcursor = 1790;
inline constexpr Oid kUuid = 2950;
inline constexpr Oid kJsonb = 3802;
inline constexpr Oid kJsonpath = 4072;
inline constexpr Oid kRegclass = 2205;
inline constexpr Oid kRegtype = 2206;
inline constexpr Oid kRegnamespace = 4089;
inline constexpr Oid kRegrole = 4096;
inline constexpr Oid kRegprocedure = 2202;
inline constexpr Oid kRegoper = 2203;
inline constexpr Oid kRegoperator = 2204;
inline constexpr Oid kRecord = 2249;
inline constexpr Oid kCstring = 2275;
inline constexpr Oid kAny = 2276;
inline constexpr Oid kAnyarray = 2277;
inline constexpr Oid kVoid = 2278;
inline constexpr Oid kTrigger = 2279;
inline constexpr Oid kEventTrigger = 3838;
inline constexpr Oid kAnyelement = 2283;
inline constexpr Oid kAnynonarray = 2776;
inline constexpr Oid kAnyenum = 3500;
inline constexpr Oid kAnyrange = 3831;
inline constexpr Oid kAnymultirange = 4537;
inline constexpr Oid kAnycompatible = 5077;
inline constexpr Oid kAnycompatiblearray = 5078;
inline constexpr Oid kAnycompatiblenonarray = 5079;
inline constexpr Oid kAnycompatiblerange = 5080;
inline constexpr Oid kInternal = 2281;
inline constexpr Oid kTsvector = 3614;
inline constexpr Oid kTsquery = 3615;
inline constexpr Oid kInt4range = 3904;
inline constexpr Oid kInt8range = 3926;
inline constexpr Oid kNumrange = 3906;
inline constexpr Oid kTsrange = 3908;
inline constexpr Oid kTstzrange = 3910;
inline constexpr Oid kDaterange = 3912;
inline constexpr Oid kBoolArray = 1000;
inline constexpr Oid kByteaArray = 1001;
inline constexpr Oid kInt2Array = 1005;
inline constexpr Oid kInt4Array = 1007;
inline constexpr Oid kInt8Array = 1016;
inline constexpr Oid kTextArray = 1009;
inline constexpr Oid kVarcharArray = 1015;
inline constexpr Oid kBpcharArray = 1014;
inline constexpr Oid kNameArray = 1003;
inline constexpr Oid kOidArray = 1028;
inline constexpr Oid kFloat4Array = 1021;
inline constexpr Oid kFloat8Array = 1022;
inline constexpr Oid kNumericArray = 1231;
inline constexpr Oid kDateArray = 1182;
inline constexpr Oid kTimeArray = 1183;
inline constexpr Oid kTimestampArray = 1115;
inline constexpr Oid kTimestamptzArray = 1185;
inline constexpr Oid kIntervalArray = 1187;
inline constexpr Oid kUuidArray = 2951;
inline constexpr Oid kJsonArray = 199;
inline constexpr Oid kJsonbArray = 3807;
inline constexpr Oid kRecordArray = 2287;
inline constexpr Oid kCstringArray = 1263;
inline constexpr Oid kCharArray = 1002;

/// Collations.
inline constexpr Oid kDefaultCollation = 100;
inline constexpr Oid kCCollation = 950;

}  // namespace cdcsim::pg::oid
