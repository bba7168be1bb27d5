//===- Attributes.cpp - The interval attribute ----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/MinRNN.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace minrnn::dialect;

/// An end of an interval: a number, `inf` or `-inf`.
static bool readEnd(StringRef text, double &end) {
  text = text.trim();
  bool negative = text.consume_front("-");
  if (text == "inf")
    end = std::numeric_limits<double>::infinity();
  // No sign, name or hexadecimal form after the sign.
  else if (text.empty() || !(llvm::isDigit(text.front()) || text[0] == '.') ||
           text.getAsDouble(end))
    return false;
  if (negative)
    end = -end;
  return true;
}

/// Reads what `str` writes.
static IntervalAttr readInterval(StringRef text,
                                 function_ref<InFlightDiagnostic()> emitError,
                                 MLIRContext *context) {
  text = text.trim();
  double lower;
  double upper;
  bool isBracketed = text.size() > 2 &&
                     StringRef("([").contains(text.front()) &&
                     StringRef(")]").contains(text.back());
  auto [first, second] =
      text.drop_front(isBracketed).drop_back(isBracketed).split(',');
  if (!isBracketed || !readEnd(first, lower) || !readEnd(second, upper)) { // I1
    emitError() << "expects an interval as in \"(0, 1]\", with inf for an "
                   "unbounded end; found \""
                << text << "\"";
    return {};
  }
  return IntervalAttr::getChecked(emitError, context, lower, upper,
                                  text.front() == '(', text.back() == ')');
}

Attribute IntervalAttr::parse(AsmParser &parser, Type) {
  SMLoc location;
  std::string text;
  if (parser.parseLess() || parser.getCurrentLocation(&location) ||
      parser.parseString(&text) || parser.parseGreater())
    return {};
  return readInterval(
      text, [&] { return parser.emitError(location); }, parser.getContext());
}

IntervalAttr IntervalAttr::parseBare(AsmParser &parser) {
  SMLoc location = parser.getCurrentLocation();
  auto end = [&](double &value) -> ParseResult {
    bool negative = succeeded(parser.parseOptionalMinus());
    if (succeeded(parser.parseOptionalKeyword("inf"))) {
      value = std::numeric_limits<double>::infinity();
    } else {
      // Whole numbers are welcome too: `(0, 1]` reads as mathematics does.
      APInt whole;
      OptionalParseResult asInteger = parser.parseOptionalInteger(whole);
      if (!asInteger.has_value()) {
        if (parser.parseFloat(value))
          return failure();
      } else if (failed(*asInteger)) {
        return failure();
      } else {
        value = whole.signedRoundToDouble();
      }
    }
    if (negative)
      value = -value;
    return success();
  };
  double lower;
  double upper;
  bool lowerOpen = succeeded(parser.parseOptionalLParen());
  if ((!lowerOpen && parser.parseLSquare()) || end(lower) ||
      parser.parseComma() || end(upper))
    return {};
  bool upperOpen = succeeded(parser.parseOptionalRParen());
  if (!upperOpen && parser.parseRSquare())
    return {};
  return getChecked([&] { return parser.emitError(location); },
                    parser.getContext(), lower, upper, lowerOpen, upperOpen);
}

/// The shortest decimal that reads back as the same double, and always with a
/// point or an exponent unless it is a whole number.
static void printEnd(llvm::raw_ostream &os, double end) {
  if (std::isinf(end)) {
    os << (end < 0 ? "-inf" : "inf");
    return;
  }
  if (end == std::trunc(end) && std::fabs(end) < 1e15) {
    os << static_cast<int64_t>(end);
    return;
  }
  std::string text;
  for (int digits = 6; digits <= 17; ++digits) {
    text.clear();
    llvm::raw_string_ostream(text) << llvm::format("%.*e", digits - 1, end);
    if (std::strtod(text.c_str(), nullptr) == end)
      break;
  }
  os << text;
}

std::string IntervalAttr::str() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << (getLowerOpen() ? '(' : '[');
  printEnd(os, getLower());
  os << ", ";
  printEnd(os, getUpper());
  os << (getUpperOpen() ? ')' : ']');
  return text;
}

void IntervalAttr::print(AsmPrinter &printer) const {
  printer << "<\"" << str() << "\">";
}

// The generated declaration takes the ends by value.
// NOLINTBEGIN(performance-unnecessary-value-param)
LogicalResult IntervalAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   APFloat lowerEnd, APFloat upperEnd,
                                   bool lowerOpen, bool upperOpen) {
  // NOLINTEND(performance-unnecessary-value-param)
  double lower = lowerEnd.convertToDouble();
  double upper = upperEnd.convertToDouble();
  if (!(lower < upper) && !(lower == upper && !lowerOpen && !upperOpen)) // I2
    return emitError() << "expects an interval with a number in it: its lower "
                          "end below its upper end, or both closed and equal";
  if ((std::isinf(lower) && !lowerOpen) ||
      (std::isinf(upper) && !upperOpen)) // I3
    return emitError() << "expects an infinite end to be open: '(' or ')'";
  return success();
}
