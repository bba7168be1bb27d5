//===- SupportKernels.h - The blocks on a device ----------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions of minrnn/blocks.h and minrnn/optimizer.h as launches of the
// kernels in runtime/kernels. Pointers are addresses in the device's memory;
// the host never follows them. Shapes and meanings are those of the functions
// of the same name on the host, and so is what they throw, except that a token
// or a target that is out of range is not an error here: it gives NaN.
//
// A function with a `workspace` needs room for so many doubles as the function
// of that name says; what is in it does not matter before or after. Results are
// the same from run to run.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_NN_SUPPORTKERNELS_H
#define MINRNN_RUNTIME_NN_SUPPORTKERNELS_H

#include "minrnn/blocks.h"
#include "minrnn/optimizer.h"
#include "runtime/device/KernelLauncher.h"

#include <array>
#include <cstdint>

namespace minrnn {

/// Elements of `columns` adjacent columns of `rows` rows.
struct RowsShape {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
};

class SupportKernels {
public:
  /// `launcher` lives as long as this object.
  explicit SupportKernels(KernelLauncher &launcher) : launcher(launcher) {}

  //===--------------------------------------------------------------------===//
  // Embedding
  //===--------------------------------------------------------------------===//

  /// The row of a foreign token is NaN.
  void embeddingForward(const EmbeddingShape &shape, const std::int32_t *tokens,
                        const float *table, float *output) const;
  /// A foreign token counts for nothing.
  void embeddingBackward(const EmbeddingShape &shape,
                         const std::int32_t *tokens, const float *dOutput,
                         float *dTable) const;

  //===--------------------------------------------------------------------===//
  // Rows: what linear layers, residual connections and states need
  //===--------------------------------------------------------------------===//

  /// output[rows, columns] += bias[columns].
  void biasAdd(const RowsShape &shape, const float *bias, float *output) const;
  /// sums[columns] = column sums of input[rows, columns], in double, rounded
  /// once. No workspace is needed, and it may be null, for up to 256 rows.
  void columnSums(const RowsShape &shape, const float *input, float *sums,
                  double *workspace) const;
  static std::int64_t columnSumsWorkspace(const RowsShape &shape);
  /// output[count] = a[count] + b[count]; any of them may be the same array.
  void add(std::int64_t count, const float *a, const float *b,
           float *output) const;
  /// Copies rows that begin `sourceStride` elements apart to where they begin
  /// `destinationStride` apart. A source stride of 0 repeats one row.
  void copyRows(const RowsShape &shape, const float *source,
                std::int64_t sourceStride, float *destination,
                std::int64_t destinationStride) const;

  //===--------------------------------------------------------------------===//
  // Normalisation
  //===--------------------------------------------------------------------===//

  void rmsNormForward(const RmsNormShape &shape, const float *input,
                      const float *scale, float *output,
                      float *inverseRms) const;
  void rmsNormBackward(const RmsNormShape &shape, const float *input,
                       const float *scale, const float *inverseRms,
                       const float *dOutput, float *dInput, float *dScale,
                       double *workspace, Store store = Store::Overwrite) const;
  static std::int64_t rmsNormBackwardWorkspace(const RmsNormShape &shape);

  void layerNormForward(const LayerNormShape &shape, const float *input,
                        const float *scale, const float *bias, float *output,
                        float *mean, float *inverseDeviation) const;
  void layerNormBackward(const LayerNormShape &shape, const float *input,
                         const float *scale, const float *mean,
                         const float *inverseDeviation, const float *dOutput,
                         float *dInput, float *dScale, float *dBias,
                         double *workspace,
                         Store store = Store::Overwrite) const;
  static std::int64_t layerNormBackwardWorkspace(const LayerNormShape &shape);

  //===--------------------------------------------------------------------===//
  // Activations, convolution, dropout
  //===--------------------------------------------------------------------===//

  void activationForward(Activation activation, std::int64_t count,
                         const float *input, float *output) const;
  void activationBackward(Activation activation, std::int64_t count,
                          const float *input, const float *dOutput,
                          float *dInput) const;

  void causalConvolutionForward(const CausalConvolutionShape &shape,
                                const float *input, const float *weight,
                                const float *bias, float *output) const;
  void causalConvolutionBackward(const CausalConvolutionShape &shape,
                                 const float *input, const float *weight,
                                 const float *dOutput, float *dInput,
                                 float *dWeight, float *dBias,
                                 double *workspace) const;
  static std::int64_t
  causalConvolutionBackwardWorkspace(const CausalConvolutionShape &shape);

  /// The mask's step is read from `step[1]` on the device, so that a captured
  /// graph can be replayed; `mask.step` counts for nothing.
  void dropout(const DropoutMask &mask, const std::uint64_t *step,
               const float *input, float *output) const;

  //===--------------------------------------------------------------------===//
  // Cross-entropy
  //===--------------------------------------------------------------------===//

  /// loss[1] = the mean; where a target is foreign, it and that row of dLogits
  /// are NaN.
  void crossEntropy(const CrossEntropyShape &shape, const float *logits,
                    const std::int32_t *targets, float *dLogits, double *loss,
                    double *workspace) const;
  static std::int64_t crossEntropyWorkspace(const CrossEntropyShape &shape);

  //===--------------------------------------------------------------------===//
  // Training
  //===--------------------------------------------------------------------===//

  /// norm[1] = the Euclidean norm of gradients[count], by a sum in double;
  /// scale[1] = the factor that makes it at most `limit`, which may be
  /// infinite: 1 or limit / norm, or NaN where the norm is not finite.
  void gradientNorm(std::int64_t count, const float *gradients, double limit,
                    double *norm, float *scale, double *workspace) const;
  static std::int64_t gradientNormWorkspace(std::int64_t count);
  /// One step of AdamW with gradients[count] times scale[1], such as of
  /// `gradientNorm`; where that is NaN, nothing changes. `decays[count]` is the
  /// weight decay of each parameter, factors[3] what `adamWFactors`
  /// (minrnn/device_blocks.h) gives.
  void adamW(const AdamWOptions &options, std::int64_t count, float *parameters,
             const float *gradients, float *firstMoment, float *secondMoment,
             const float *decays, const float *factors,
             const float *scale) const;

private:
  void sumPartials(const double *partials, float *sums, std::int64_t rows,
                   std::int64_t stride, std::int64_t columns) const;

  KernelLauncher &launcher;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_NN_SUPPORTKERNELS_H
