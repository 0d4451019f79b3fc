// The digits of a Numeric: a vector of int32 that keeps small numbers in place, because nearly all
// numerics of tables have less than 64 decimal digits.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace cdcsim::pg {

class DigitBuffer {
  public:
    DigitBuffer() = default;
    explicit DigitBuffer(int size) { resize(size); }
    DigitBuffer(const DigitBuffer& other) { assign(other.data(), other.size_); }
    DigitBuffer(DigitBuffer&& other) noexcept
        : size_(other.size_), capacity_(other.capacity_), heap_(std::move(other.heap_)) {
        if (heap_ == nullptr) std::copy_n(other.inline_, size_, inline_);
        other.size_ = 0;
        other.capacity_ = kInline;
    }
    DigitBuffer& operator=(const DigitBuffer& other) {
        if (this != &other) assign(other.data(), other.size_);
        return *this;
    }
    DigitBuffer& operator=(DigitBuffer&& other) noexcept {
        if (this == &other) return *this;
        size_ = other.size_;
        if (other.heap_ != nullptr) {
            heap_ = std::move(other.heap_);
            capacity_ = other.capacity_;
        } else {
            std::copy_n(other.inline_, size_, data());
        }
        other.size_ = 0;
        other.capacity_ = kInline;
        return *this;
    }
    ~DigitBuffer() = default;

    int size() const { return size_; }
    bool empty() const { return size_ == 0; }
    std::int32_t* data() { return heap_ != nullptr ? heap_.get() : inline_; }
    const std::int32_t* data() const { return heap_ != nullptr ? heap_.get() : inline_; }
    std::int32_t& operator[](int i) { return data()[i]; }
    std::int32_t operator[](int i) const { return data()[i]; }
    std::int32_t back() const { return data()[size_ - 1]; }

    /// New digits are 0.
    void resize(int size) {
        reserve(size);
        if (size > size_) std::fill(data() + size_, data() + size, 0);
        size_ = size;
    }
    void clear() { size_ = 0; }
    void push_back(std::int32_t digit) {
        reserve(size_ + 1);
        data()[size_++] = digit;
    }
    void erase_front(int count) {
        std::copy(data() + count, data() + size_, data());
        size_ -= count;
    }
    void insert_front(std::int32_t digit) {
        reserve(size_ + 1);
        std::copy_backward(data(), data() + size_, data() + size_ + 1);
        data()[0] = digit;
        ++size_;
    }

  private:
    static constexpr int kInline = 16;

    void assign(const std::int32_t* digits, int size) {
        size_ = 0;
        reserve(size);
        std::copy_n(digits, size, data());
        size_ = size;
    }
    void reserve(int wanted) {
        if (wanted <= capacity_) return;
        const int capacity = std::max(wanted, capacity_ * 2);
        auto grown = std::make_unique<std::int32_t[]>(static_cast<std::size_t>(capacity));
        std::copy_n(data(), size_, grown.get());
        heap_ = std::move(grown);
        capacity_ = capacity;
    }

    int size_ = 0;
    int capacity_ = kInline;
    std::unique_ptr<std::int32_t[]> heap_;
    std::int32_t inline_[kInline];
};

}  // namespace cdcsim::pg
