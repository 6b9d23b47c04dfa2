//===- Pch.h - Headers that most of the runtime needs -----------*- C++ -*-===//
//
// The precompiled header of the runtime.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>
