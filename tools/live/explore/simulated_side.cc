#include "sim/pipeline/simulation.h"
#include "tools/live/explore/script.h"

namespace cdcsim::explore {

namespace {

class SimulatedSide : public Side {
  public:
    void reset() override {
        session_.reset();
        SimulationOptions options;
        options.start = UnixMicros{1'936'792'049'861'934};  // 2031-05-17: no constant of the grammar is of that day
        simulation_ = std::make_unique<Simulation>(options);
        session_ = simulation_->server().open_session("");
    }
    scenario::MessageAnswer execute(std::string_view sql) override { return simulation_->execute(*session_, sql); }

  private:
    std::unique_ptr<Simulation> simulation_;
    std::unique_ptr<pg::Session> session_;
};

}  // namespace

std::unique_ptr<Side> simulated_side() { return std::make_unique<SimulatedSide>(); }

}  // namespace cdcsim::explore
