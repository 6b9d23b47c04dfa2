//===- Pch.cpp - The one file that makes the precompiled header -----------===//

#include "Pch.h"
