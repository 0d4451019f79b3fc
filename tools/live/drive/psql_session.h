// One psql against the real server: a connection, the files beside the scenario, and the knowledge
// whether a statement waits for a lock.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/scenario/loader.h"
#include "tools/live/drive/pg_connection.h"

namespace cdcsim::live {

class PsqlSession : public scenario::PsqlHost {
  public:
    struct Setup {
        PgAddress address;
        PgConnection& admin;           ///< asks whom the session waits for
        scenario::FileReader& files;
        std::string folder;            ///< where the paths of \i begin
        std::function<void(const std::string&)> before;  ///< called with each message before it is sent
    };
    /// Throws SqlError if it cannot connect.
    explicit PsqlSession(Setup setup);

    scenario::MessageAnswer execute(std::string_view sql, const CopyIn& copy_in) override;
    scenario::MessageAnswer resume() override;
    void reconnect(const std::string& user) override;
    const std::string& database() const override { return setup_.address.database; }
    const std::string& user() const override { return setup_.address.user; }
    std::optional<std::string> read_file(const std::string& path) override;

  private:
    scenario::MessageAnswer await();
    std::string blockers();

    Setup setup_;
    std::unique_ptr<PgConnection> connection_;
    std::string sql_;
    bool has_timeout_ = false;  ///< a lock_timeout or statement_timeout is set: it ends its waiting itself
};

}  // namespace cdcsim::live
