//===- IntegerArithmetic.cpp - Integer instructions -----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Section "Integer Arithmetic Instructions" of the PTX ISA.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Lanewise.h"
#include "runtime/emulator/Selection.h"

#include <limits>
#include <type_traits>

using namespace minrnn::emulator;

namespace {

template <typename T> using Unsigned = std::make_unsigned_t<T>;
template <size_t Bytes, bool Signed> struct IntegerOf;
template <> struct IntegerOf<2, false> {
  using Type = uint16_t;
};
template <> struct IntegerOf<2, true> {
  using Type = int16_t;
};
template <> struct IntegerOf<4, false> {
  using Type = uint32_t;
};
template <> struct IntegerOf<4, true> {
  using Type = int32_t;
};
template <> struct IntegerOf<8, false> {
  using Type = uint64_t;
};
template <> struct IntegerOf<8, true> {
  using Type = int64_t;
};
using uint128 = unsigned __int128;
using int128 = __int128;
template <> struct IntegerOf<16, false> {
  using Type = uint128;
};
template <> struct IntegerOf<16, true> {
  using Type = int128;
};
template <typename T>
using Twice = typename IntegerOf<2 * sizeof(T), std::is_signed_v<T>>::Type;

/// Calls `f` with a value of the C++ type of an integer type.
template <typename F> void withInteger(Selection &selection, Type type, F f) {
  // Each branch calls another `f`. NOLINTBEGIN(bugprone-branch-clone)
  switch (type) {
  case Type::U16:
  case Type::B16:
    return f(uint16_t());
  case Type::U32:
  case Type::B32:
    return f(uint32_t());
  case Type::U64:
  case Type::B64:
    return f(uint64_t());
  case Type::S16:
    return f(int16_t());
  case Type::S32:
    return f(int32_t());
  case Type::S64:
    return f(int64_t());
  default:
    selection.wrongType(type);
  }
  // NOLINTEND(bugprone-branch-clone)
}

template <typename T> T wrapAdd(T a, T b) {
  return T(Unsigned<T>(a) + Unsigned<T>(b));
}
template <typename T> T wrapSub(T a, T b) {
  return T(Unsigned<T>(a) - Unsigned<T>(b));
}
template <typename T> T wrapMul(T a, T b) {
  return T(Twice<Unsigned<T>>(Unsigned<T>(a)) * Unsigned<T>(b));
}
template <> uint64_t wrapMul(uint64_t a, uint64_t b) { return a * b; }
template <> int64_t wrapMul(int64_t a, int64_t b) {
  return int64_t(uint64_t(a) * uint64_t(b));
}
template <typename T> T highMul(T a, T b) {
  return T((Twice<T>(a) * Twice<T>(b)) >> (8 * sizeof(T)));
}

void takeOperands(Selection &selection, Type type, unsigned sources) {
  selection.expectOperands(sources + 1);
  selection.instruction.destination[0] = selection.destination(0, type);
  for (unsigned i = 0; i < sources; ++i)
    selection.instruction.source[i] = selection.source(i + 1, type);
}

/// f32, f64 and the half formats share the base name and are chosen elsewhere.
bool passToFloat(Selection &selection, void (*selector)(Selection &)) {
  Selection peek = selection;
  if (!isFloat(peek.takeType()))
    return false;
  selector(selection);
  return true;
}

} // namespace

namespace minrnn::emulator {

void selectFloatArithmetic(Selection &selection);

void selectAddOrSub(Selection &selection) {
  if (passToFloat(selection, selectFloatArithmetic))
    return;
  bool add = selection.base() == "add";
  bool carryOut = selection.take("cc");
  bool saturate = selection.take("sat");
  Type type = selection.takeType();
  takeOperands(selection, type, 2);
  if (carryOut || (saturate && type != Type::S32))
    selection.unsupported(carryOut ? "arithmetic with carry"
                                   : "saturation of this type");
  Handler &handler = selection.instruction.handler;
  if (saturate) {
    auto clamp = [](int64_t value) {
      return int32_t(value > INT32_MAX   ? INT32_MAX
                     : value < INT32_MIN ? INT32_MIN
                                         : value);
    };
    (void)clamp;
    handler =
        add ? lanewise<int32_t, int32_t, int32_t>([](int32_t a, int32_t b) {
          return decltype(clamp){}(int64_t(a) + b);
        })
            : lanewise<int32_t, int32_t, int32_t>([](int32_t a, int32_t b) {
                return decltype(clamp){}(int64_t(a) - b);
              });
    return;
  }
  withInteger(selection, type, [&](auto zero) {
    using T = decltype(zero);
    handler = add ? lanewise<T, T, T>([](T a, T b) { return wrapAdd(a, b); })
                  : lanewise<T, T, T>([](T a, T b) { return wrapSub(a, b); });
  });
}

} // namespace minrnn::emulator

namespace {

void selectMul(Selection &selection) {
  if (passToFloat(selection, selectFloatArithmetic))
    return;
  int part = selection.takeOneOf({"lo", "hi", "wide"});
  Type type = selection.takeType();
  if (part < 0)
    selection.fail("expected .lo, .hi or .wide");
  Instruction &instruction = selection.instruction;
  if (part < 2) {
    takeOperands(selection, type, 2);
    withInteger(selection, type, [&](auto zero) {
      using T = decltype(zero);
      instruction.handler =
          part == 0 ? lanewise<T, T, T>([](T a, T b) { return wrapMul(a, b); })
                    : lanewise<T, T, T>([](T a, T b) { return highMul(a, b); });
    });
    return;
  }
  selection.expectOperands(3);
  Type wide = byteWidth(type) == 2 ? Type::B32 : Type::B64;
  instruction.destination[0] = selection.destination(0, wide);
  instruction.source[0] = selection.source(1, type);
  instruction.source[1] = selection.source(2, type);
  withInteger(selection, type, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (sizeof(T) == 8)
      selection.wrongType(type);
    else
      instruction.handler = lanewise<Twice<T>, T, T>(
          [](T a, T b) { return Twice<T>(Twice<T>(a) * Twice<T>(b)); });
  });
}

void selectMad(Selection &selection) {
  if (passToFloat(selection, selectFloatArithmetic))
    return;
  int part = selection.takeOneOf({"lo", "hi", "wide"});
  if (selection.take("cc") || selection.take("sat"))
    selection.unsupported("multiply-add with carry or saturation");
  Type type = selection.takeType();
  if (part < 0)
    selection.fail("expected .lo, .hi or .wide");
  Instruction &instruction = selection.instruction;
  if (part < 2) {
    takeOperands(selection, type, 3);
    withInteger(selection, type, [&](auto zero) {
      using T = decltype(zero);
      instruction.handler = part == 0 ? lanewise<T, T, T, T>([](T a, T b, T c) {
        return wrapAdd(wrapMul(a, b), c);
      })
                                      : lanewise<T, T, T, T>([](T a, T b, T c) {
                                          return wrapAdd(highMul(a, b), c);
                                        });
    });
    return;
  }
  selection.expectOperands(4);
  Type wide = byteWidth(type) == 2 ? Type::B32 : Type::B64;
  instruction.destination[0] = selection.destination(0, wide);
  instruction.source[0] = selection.source(1, type);
  instruction.source[1] = selection.source(2, type);
  instruction.source[2] = selection.source(3, wide);
  withInteger(selection, type, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (sizeof(T) == 8)
      selection.wrongType(type);
    else
      instruction.handler =
          lanewise<Twice<T>, T, T, Twice<T>>([](T a, T b, Twice<T> c) {
            return wrapAdd(Twice<T>(Twice<T>(a) * Twice<T>(b)), c);
          });
  });
}

/// Division by zero is unspecified; the hardware gives all ones, and as the
/// remainder the dividend.
template <typename T> T quotient(T a, T b) {
  if (b == 0)
    return T(~T(0));
  if (std::is_signed_v<T> && b == T(-1))
    return wrapSub(T(0), a);
  return T(a / b);
}
template <typename T> T remainder(T a, T b) {
  if (b == 0)
    return a;
  if (std::is_signed_v<T> && b == T(-1))
    return 0;
  return T(a % b);
}

void selectDivision(Selection &selection) {
  if (passToFloat(selection, selectFloatArithmetic))
    return;
  bool divide = selection.base() == "div";
  Type type = selection.takeType();
  takeOperands(selection, type, 2);
  withInteger(selection, type, [&](auto zero) {
    using T = decltype(zero);
    selection.instruction.handler =
        divide ? lanewise<T, T, T>([](T a, T b) { return quotient(a, b); })
               : lanewise<T, T, T>([](T a, T b) { return remainder(a, b); });
  });
}

void selectMinOrMax(Selection &selection) {
  if (passToFloat(selection, selectFloatArithmetic))
    return;
  bool min = selection.base() == "min";
  bool relu = selection.take("relu");
  Type type = selection.takeType();
  takeOperands(selection, type, 2);
  if (relu)
    selection.unsupported("'.relu' on integers");
  withInteger(selection, type, [&](auto zero) {
    using T = decltype(zero);
    selection.instruction.handler =
        min ? lanewise<T, T, T>([](T a, T b) { return a < b ? a : b; })
            : lanewise<T, T, T>([](T a, T b) { return a > b ? a : b; });
  });
}

void selectAbsOrNeg(Selection &selection) {
  if (passToFloat(selection, selectFloatArithmetic))
    return;
  bool abs = selection.base() == "abs";
  Type type = selection.takeType();
  takeOperands(selection, type, 1);
  if (!isSigned(type))
    selection.wrongType(type);
  withInteger(selection, type, [&](auto zero) {
    using T = decltype(zero);
    selection.instruction.handler =
        abs ? lanewise<T, T>([](T a) { return a < 0 ? wrapSub(T(0), a) : a; })
            : lanewise<T, T>([](T a) { return wrapSub(T(0), a); });
  });
}

} // namespace

void minrnn::emulator::addIntegerInstructions(SelectorTable &table) {
  table["add"] = table["sub"] = selectAddOrSub;
  table["mul"] = selectMul;
  table["mad"] = selectMad;
  table["div"] = table["rem"] = selectDivision;
  table["min"] = table["max"] = selectMinOrMax;
  table["abs"] = table["neg"] = selectAbsOrNeg;
}
