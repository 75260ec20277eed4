// A type-erased execution policy, for code that is compiled once for all of them.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>

#include "asterism/parallel/concept.hpp"

namespace asterism::parallel {

/// A reference to an execution policy, which must outlive it; costs one indirect call per task. Models Execution.
class ExecutionRef {
 public:
  template <Execution E>
    requires(!std::same_as<E, ExecutionRef>)
  explicit ExecutionRef(E& execution)
      : execution_(&execution),
        threads_([](const void* policy) -> std::size_t { return static_cast<const E*>(policy)->threads(); }),
        tasks_([](void* policy, std::size_t count, Task task, void* body) {
          static_cast<E*>(policy)->for_each_task(count, [=](std::size_t i) { task(body, i); });
        }),
        ranges_([](void* policy, std::size_t count, Range range, void* body) {
          static_cast<E*>(policy)->for_each_range(
              count, [=](std::size_t first, std::size_t end) { range(body, first, end); });
        }) {}

  std::size_t threads() const { return threads_(execution_); }

  template <class F>
  void for_each_task(std::size_t count, F&& f) const {
    using Body = std::remove_reference_t<F>;
    tasks_(
        execution_, count, [](void* body, std::size_t i) { (*static_cast<Body*>(body))(i); }, address(f));
  }

  template <class F>
  void for_each_range(std::size_t count, F&& f) const {
    using Body = std::remove_reference_t<F>;
    ranges_(
        execution_, count,
        [](void* body, std::size_t first, std::size_t end) { (*static_cast<Body*>(body))(first, end); },
        address(f));
  }

 private:
  using Task = void (*)(void* body, std::size_t task);
  using Range = void (*)(void* body, std::size_t first, std::size_t end);

  template <class F>
  static void* address(F& f) {
    return const_cast<void*>(static_cast<const void*>(std::addressof(f)));
  }

  void* execution_;
  std::size_t (*threads_)(const void* policy);
  void (*tasks_)(void* policy, std::size_t count, Task task, void* body);
  void (*ranges_)(void* policy, std::size_t count, Range range, void* body);
};

}  // namespace asterism::parallel
