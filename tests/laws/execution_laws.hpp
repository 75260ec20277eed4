// The laws of parallel::Execution, one function template for each, for the policies of the toolkit and for your
// own:
//
//   TEST_CASE("my pool obeys the laws") { MyPool pool(3); laws::execution(pool); }
//
// Needs doctest. That a call allocates nothing is tested where operator new can be replaced:
// parallel/threads_test.cpp.
#pragma once

#include <atomic>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "asterism/parallel/concept.hpp"

#include "laws/law.hpp"

namespace asterism::laws {

/// for_each_task(count, f) has called f once for each of 0 ... count - 1, and nothing else, when it returns.
template <parallel::Execution E>
void every_task_once(E& execution, std::size_t count) {
  const Law law("for_each_task calls once for each task, and for nothing else", model_name<E>());
  std::vector<std::atomic<int>> calls(count + 1);
  std::atomic<int> outside{0};
  execution.for_each_task(count, [&](std::size_t task) { ++(task < count ? calls[task] : outside); });
  for (std::size_t task = 0; task < count; ++task) {
    law.holds(calls[task] == 1, count, " tasks: task ", task, " was called ", calls[task].load(), " times");
  }
  law.holds(outside == 0, count, " tasks: others were called ", outside.load(), " times");
}

/// for_each_range(count, f) has called f for pieces, none of them empty, that cover 0 ... count - 1 once.
template <parallel::Execution E>
void every_task_in_one_range(E& execution, std::size_t count) {
  const Law law("for_each_range calls for pieces, none of them empty, that cover each task once", model_name<E>());
  std::vector<std::atomic<int>> calls(count + 1);
  std::atomic<int> wrong{0};
  execution.for_each_range(count, [&](std::size_t first, std::size_t end) {
    if (first >= end || end > count) ++wrong;
    for (std::size_t task = first; task < end && task < count; ++task) ++calls[task];
  });
  for (std::size_t task = 0; task < count; ++task) {
    law.holds(calls[task] == 1, count, " tasks: task ", task, " was covered ", calls[task].load(), " times");
  }
  law.holds(wrong == 0, count, " tasks: ", wrong.load(), " pieces are empty or go beyond");
}

/// What a task throws arrives at the caller, with its type and message; the next call runs as if nothing had been.
template <parallel::Execution E>
void an_exception_reaches_the_caller(E& execution) {
  const Law law("what a task throws arrives at the caller, with its type and message", model_name<E>());
  for (const std::size_t count : {std::size_t{1}, std::size_t{2}, std::size_t{100}}) {
    for (const std::size_t bad : {std::size_t{0}, count / 2, count - 1}) {
      std::string message = "(nothing)";
      try {
        execution.for_each_task(count, [&](std::size_t task) {
          if (task == bad) throw std::out_of_range("task " + std::to_string(task));
        });
      } catch (const std::out_of_range& error) {
        message = error.what();
      }
      law.holds(message == "task " + std::to_string(bad), count, " tasks, of which ", bad, " throws: ", message,
                " arrived");
      every_task_once(execution, count);
    }
    law.throws<std::runtime_error>(
        [&] { execution.for_each_task(count, [](std::size_t) { throw std::runtime_error("each"); }); }, count,
        " tasks that all throw");
    every_task_once(execution, count);
    law.throws<std::runtime_error>(
        [&] {
          execution.for_each_range(count, [](std::size_t, std::size_t) { throw std::runtime_error("each"); });
        },
        count, " tasks in pieces that all throw");
    every_task_in_one_range(execution, count);
  }
}

/// Calls from two threads at once both do all of their own work and none of the other's.
template <parallel::Execution E>
void calls_from_two_threads_do_not_mix(E& execution) {
  constexpr int rounds = 200;
  constexpr std::size_t tasks = 7;
  const Law law("calls from two threads at once do all of their own work and none of the other's",
                model_name<E>());
  std::vector<int> counts[2] = {std::vector<int>(tasks), std::vector<int>(tasks)};
  const auto work = [&](std::size_t who) {
    for (int round = 0; round < rounds; ++round) {
      const auto count = [&, who](std::size_t task) { ++counts[who][task]; };
      if (round % 2 == 0) {
        execution.for_each_task(tasks, count);
      } else {
        execution.for_each_range(tasks, [&](std::size_t first, std::size_t end) {
          for (std::size_t task = first; task < end; ++task) count(task);
        });
      }
    }
  };
  std::thread other([&] { work(1); });
  work(0);
  other.join();
  for (const std::vector<int>& one : counts) {
    law.holds(
        one == std::vector<int>(tasks, rounds), rounds, " calls of ", tasks, " tasks each: tasks were called ",
        [&] { return some_of(one); }, " times");
  }
}

/// Work that is cut by shape has the bits that a plain loop gives.
template <parallel::Execution E>
void the_same_bits_as_a_loop(E& execution) {
  constexpr std::size_t tasks = 37;
  const Law law("work that is cut by shape has the bits of a plain loop", model_name<E>());
  const auto task_sum = [](std::size_t task) {
    float sum = 0;
    for (int i = 1; i < 200; ++i) sum += std::sin(static_cast<float>(task) * 0.37F) / static_cast<float>(i);
    return sum;
  };
  std::vector<float> expected(tasks);
  for (std::size_t task = 0; task < tasks; ++task) expected[task] = task_sum(task);
  for (int repeat = 0; repeat < 20; ++repeat) {
    std::vector<float> found(tasks, -1.0F);
    execution.for_each_task(tasks, [&](std::size_t task) { found[task] = task_sum(task); });
    law.same_bits(found, expected, tasks, " tasks, call ", repeat);
  }
}

/// All laws.
template <parallel::Execution E>
void execution(E& policy) {
  Law("there is at least one thread", model_name<E>())
      .holds(policy.threads() >= 1, "threads() is ", policy.threads());
  for (std::size_t count = 0; count < 70; ++count) {
    every_task_once(policy, count);
    every_task_in_one_range(policy, count);
  }
  every_task_once(policy, 1000);
  every_task_in_one_range(policy, 1000);
  an_exception_reaches_the_caller(policy);
  calls_from_two_threads_do_not_mix(policy);
  the_same_bits_as_a_loop(policy);
}

}  // namespace asterism::laws
