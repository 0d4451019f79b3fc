// The connector steps of a scenario on a real Kafka Connect.
#pragma once

#include <map>
#include <string>

#include "core/scenario/target.h"
#include "tools/live/drive/arrivals.h"
#include "tools/live/drive/workspace.h"

namespace cdcsim::live {

class Connectors {
  public:
    Connectors(Workspace& workspace, Arrivals& arrivals, std::string postgres_for_connect);

    scenario::ConnectorAnswer run(const scenario::ConnectorStep& step);
    scenario::ConnectorAnswer state(const std::string& name);
    bool any() const { return !known_.empty(); }

  private:
    struct Known {
        std::string real;  ///< its name in Connect
        std::string slot;
        bool streams = true;   ///< its configuration says so
        bool runs = false;     ///< it was RUNNING, and no step has ended that
    };

    scenario::ConnectorAnswer create(const scenario::ConnectorStep& step);
    scenario::ConnectorAnswer obey(const scenario::ConnectorStep& step);
    ConnectRest::Config config_of(const scenario::ConnectorStep& step);
    void refuse_foreign_topics(const ConnectRest::Config& config) const;
    scenario::ConnectorAnswer wait_for(const std::string& name, const std::string& wanted, const std::string& old_sender);
    /// The process that uses the slot, "" if none does; the one that streams from it.
    std::string user_of(const std::string& slot);
    std::string sender(const std::string& slot);
    std::vector<std::string> streaming_slots();
    void wait_for_release(const std::string& slot);

    Workspace& workspace_;
    Arrivals& arrivals_;
    std::string host_, port_;
    std::map<std::string, Known> known_;
    int configured_ = 0;  ///< so many times was a connector configured
};

}  // namespace cdcsim::live
