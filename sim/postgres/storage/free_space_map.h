// Which pages an insert that does not fit is sent to. Mirrors the bottom level of a relation's free
// space map (freespace.c, fsmpage.c): without VACUUM nothing else of it is ever filled, and it knows
// only pages that an insert has found too full.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace cdcsim::pg {

class FreeSpaceMap {
  public:
    /// Notes that `page` has `available` bytes and finds a page with `needed`.
    std::optional<std::uint32_t> record_and_search(std::uint32_t page, int available, int needed);

  private:
    static constexpr int kNonLeafNodes = 4095, kNodes = 8164;
    void set(int slot, std::uint8_t category);
    std::optional<std::uint32_t> search(std::uint8_t category);

    std::vector<std::uint8_t> nodes_;  ///< a heap: the root is 0; empty until the first record
    int next_slot_ = 0;
};

}  // namespace cdcsim::pg
