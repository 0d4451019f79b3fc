// Any text as SQL: it is answered or refused; it must not crash or throw anything but what execute()
// reports.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sim/pipeline/simulated_clock.h"
#include "sim/postgres/server.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    cdcsim::SimulatedClock clock(cdcsim::UnixMicros{1'704'067'200'123'457});
    cdcsim::pg::ServerOptions options;
    options.clock = &clock;
    auto server = cdcsim::pg::make_server(options);
    auto session = server->open_session("");
    session->execute({reinterpret_cast<const char*>(data), size});
    session->execute("ROLLBACK");
    if (session->execute("SELECT 1").error) __builtin_trap();
    return 0;
}
