// SECURITY DEFINER's role and the SET clauses of a function, for the time of a call. Mirrors fmgr_security_definer.
#pragma once

#include <exception>

#include "sim/postgres/executor/backend.h"

namespace cdcsim::pg {

class FunctionScope {
  public:
    FunctionScope(Backend& backend, const Function& function) : backend_(backend), definer_(function.security_definer), role_(backend.current_user()), as_definer_(backend.as_definer) {
        if (!function.settings.empty()) level_ = backend.enter_settings();
        if (definer_) backend.set_current_user(function.owner);
        backend.as_definer = as_definer_ || definer_;
        for (const auto& [name, value] : function.settings) backend.set_setting(name, value, SettingAction::kSave);
    }
    ~FunctionScope() {
        if (definer_) backend_.set_current_user(role_);
        backend_.as_definer = as_definer_;
        if (level_ != 0) backend_.leave_settings(level_, std::uncaught_exceptions() == exceptions_);
    }
    FunctionScope(const FunctionScope&) = delete;
    FunctionScope& operator=(const FunctionScope&) = delete;

  private:
    Backend& backend_;
    bool definer_;
    Oid role_;
    bool as_definer_;
    int level_ = 0;   ///< of the SET clauses; 0: there are none
    int exceptions_ = std::uncaught_exceptions();
};

}  // namespace cdcsim::pg
