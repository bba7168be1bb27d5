//===- Attributes.cpp - The interval attribute ----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/MinRNN.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace minrnn::dialect;

/// An end of an interval: a float, `inf` or `-inf`.
static ParseResult parseEnd(AsmParser &parser, double &end) {
  bool negative = succeeded(parser.parseOptionalMinus());
  if (succeeded(parser.parseOptionalKeyword("inf"))) {
    end = std::numeric_limits<double>::infinity();
  } else {
    // Whole numbers are welcome too: `(0, 1]` reads as mathematics does.
    int64_t whole;
    OptionalParseResult asInteger = parser.parseOptionalInteger(whole);
    if (asInteger.has_value()) {
      if (failed(*asInteger))
        return failure();
      end = static_cast<double>(whole);
    } else if (parser.parseFloat(end)) {
      return failure();
    }
  }
  if (negative)
    end = -end;
  return success();
}

Attribute IntervalAttr::parse(AsmParser &parser, Type) {
  double lower;
  double upper;
  bool lowerOpen = false;
  bool upperOpen = false;
  if (parser.parseLess())
    return {};
  if (succeeded(parser.parseOptionalLParen()))
    lowerOpen = true;
  else if (parser.parseLSquare())
    return {};
  if (parseEnd(parser, lower) || parser.parseComma() || parseEnd(parser, upper))
    return {};
  if (succeeded(parser.parseOptionalRParen()))
    upperOpen = true;
  else if (parser.parseRSquare())
    return {};
  if (parser.parseGreater())
    return {};
  return parser.getChecked<IntervalAttr>(parser.getContext(), APFloat(lower),
                                         APFloat(upper), lowerOpen, upperOpen);
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
  printer << '<' << str() << '>';
}

// The generated declaration takes the ends by value.
// NOLINTBEGIN(performance-unnecessary-value-param)
LogicalResult IntervalAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   APFloat lowerEnd, APFloat upperEnd,
                                   bool lowerOpen, bool upperOpen) {
  // NOLINTEND(performance-unnecessary-value-param)
  double lower = lowerEnd.convertToDouble();
  double upper = upperEnd.convertToDouble();
  if (std::isnan(lower) || std::isnan(upper) || lower > upper)
    return emitError()
           << "expects an interval whose lower end is not above its upper end";
  if ((std::isinf(lower) && !lowerOpen) || (std::isinf(upper) && !upperOpen))
    return emitError() << "expects an infinite end to be open: '(' or ')'";
  return success();
}
