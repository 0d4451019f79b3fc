// The real server over libpq: results with every field that a client receives.
#include <utility>

#include "core/base/error.h"
#include "tools/live/drive/pg_connection.h"
#include "tools/live/explore/script.h"
#include "tools/live/unavailable.h"

namespace cdcsim::explore {

namespace {

class RealSide : public Side {
  public:
    explicit RealSide(std::string uri) : uri_(std::move(uri)) { open(); }

    void reset() override {
        if (!connection_->is_open()) open();
        for (const char* sql : {"ROLLBACK", "DISCARD ALL", "SET client_min_messages = error", "DROP SCHEMA public CASCADE", "CREATE SCHEMA public", "RESET client_min_messages"}) {
            execute(sql);
        }
    }

    scenario::MessageAnswer execute(std::string_view sql) override {
        try {
            scenario::MessageAnswer out = connection_->execute(std::string(sql));
            if (!connection_->is_open()) throw LiveUnavailable{out.error ? out.error->message : "the connection was lost\n"};
            return out;
        } catch (const live::Unavailable& error) {
            throw LiveUnavailable{error.what()};
        }
    }

  private:
    void open() {
        try {
            connection_ = std::make_unique<live::PgConnection>(live::PgAddress{uri_, "", ""});
        } catch (const SqlError& error) {
            throw LiveUnavailable{error.message() + "\n"};
        }
    }

    std::string uri_;
    std::unique_ptr<live::PgConnection> connection_;
};

}  // namespace

std::unique_ptr<Side> real_side(const std::string& uri) { return std::make_unique<RealSide>(uri); }

}  // namespace cdcsim::explore
