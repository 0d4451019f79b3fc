// The public headers need C++17 and the standard library, nothing else.
#define CATCH_CONFIG_MAIN
#include <cdcsim/catch2.h>

TEST_CASE("an installed cdcsim gives records") {
    cdcsim::Pipeline cdc;
    cdc.sql("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')");
    cdc.create_connector("c", {{"topic.prefix", "cdc"}});
    cdc.sql("DELETE FROM t");
    CHECK_THAT(cdc.topic("cdc.public.t").all(), (cdcsim::MatchesAll{"{op: r}", "{op: d, before: {id: 1}}", "null"}));
}
