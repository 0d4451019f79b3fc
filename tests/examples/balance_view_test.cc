// How to unit-test a consumer of change events: no servers, nothing to wait for.
#define CATCH_CONFIG_MAIN
#include <cdcsim/catch2.h>

#include "tests/examples/balance_view.h"

TEST_CASE("an update replaces the old amount, a redelivered event counts once") {
    cdcsim::Pipeline cdc;  // nothing to start, nothing to wait for
    cdc.sql("CREATE TABLE transactions (transaction_id text PRIMARY KEY, amount numeric NOT NULL);"
            "INSERT INTO transactions VALUES ('t1', 103.50)");
    cdc.create_connector("postgres-connector", {{"topic.prefix", "cdc"}, {"decimal.handling.mode", "string"}});
    cdc.sql("UPDATE transactions SET amount = amount + 150");
    auto& topic = cdc.topic("cdc.public.transactions");
    CHECK_THAT(topic.all(), (cdcsim::MatchesAll{"{op: r, before: null}", "{op: u, after: {amount: '253.50'}}"}));
    BalanceView view;  // the consumer under test
    while (auto* record = topic.poll()) view.on_message(record->key, record->value);
    topic.seek(1);  // at least once: Kafka delivers it again
    while (auto* record = topic.poll()) view.on_message(record->key, record->value);
    CHECK(view.total() == "253.50");
}

TEST_CASE("a deleted transaction no longer counts") {
    cdcsim::Pipeline cdc;
    cdc.create_connector("c", {{"topic.prefix", "cdc"}, {"decimal.handling.mode", "string"}});
    cdc.sql("CREATE TABLE transactions (transaction_id text PRIMARY KEY, amount numeric NOT NULL)");
    cdc.sql("INSERT INTO transactions VALUES ('t1', 10), ('t2', 0.25)");
    const auto before = cdc.mark();
    cdc.sql("DELETE FROM transactions WHERE transaction_id = 't1'");
    BalanceView view;
    auto& topic = cdc.topic("cdc.public.transactions");
    for (const auto& record : topic.drain()) view.on_message(record.key, record.value);
    CHECK(view.total() == "0.25");
    cdc.restore(before);  // as if it had never happened
    CHECK(topic.size() == 2);
}
