//===- TiledCrossEntropy.cu - The loss of a softmax of few classes --------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A warp reads a tile of rows, which stand side by side, into shared memory,
// some lanes take each of them, and the warp writes the tile's gradient. Warps
// never wait for one another. For rows of which four fit (CrossEntropy.cpp says
// which); CrossEntropy.cu has the others.
//
//===----------------------------------------------------------------------===//

#include "Reduction.cuh"

extern __shared__ float4 dynamicShared[];

/// Copies `count` floats to or from shared memory, by 16 bytes where both
/// addresses allow it, and with several under way at once.
template <bool toShared>
__device__ void copyFloats(const float *from, float *to, int count) {
  constexpr int packed = 4;
  constexpr int batch = 4;
  constexpr int step = lanes * packed;
  const int lane = threadIdx.x % lanes;
  const int whole = areAlignedTo16Bytes(from, to) ? count / packed * packed : 0;
  for (int begin = lane * packed; begin < whole; begin += batch * step) {
    Pack<float, packed> read[batch];
    for (int k = 0; k < batch; ++k)
      if (const int i = begin + k * step; i < whole)
        read[k] = readPack<packed>(from + i);
    for (int k = 0; k < batch; ++k)
      if (const int i = begin + k * step; i < whole) {
        if (toShared)
          keepPack(read[k], to + i);
        else
          writePack(read[k], to + i);
      }
  }
#pragma unroll 4
  for (int i = whole + lane; i < count; i += lanes)
    to[i] = from[i];
}

/// Calls `visit(element)` for the lane's elements of its row of `classes`,
/// which has `group` lanes. With several rows a warp, they begin where no two
/// lanes meet in a bank of shared memory.
template <int group, typename Visit>
__device__ void forEachOfLane(float *row, int classes, Visit visit) {
  const int first = threadIdx.x % group;
  if constexpr (group == lanes) {
#pragma unroll 4
    for (int at = first; at < classes; at += group)
      visit(row[at]);
  } else {
    constexpr int banks = 32;
    const int count = (classes - first + group - 1) / group;
    if (count <= 0)
      return;
    const int shift =
        threadIdx.x % lanes / group * (group - classes) & (banks - 1);
    int at = (first + shift) % classes;
#pragma unroll 4
    for (int k = 0; k < count; ++k) {
      visit(row[at]);
      at += group;
      if (at >= classes)
        at -= classes;
    }
  }
}

/// The first `count` rows of a tile, of 32 / `group`.
template <int group>
__device__ void takeTile(const float *logits, const int *__restrict__ targets,
                         const float *__restrict__ weights, float share,
                         float *dLogits, double *__restrict__ losses, int count,
                         int classes, float *kept) {
  const int lane = threadIdx.x % lanes;
  const int row = lane / group;
  const bool exists = row < count;
  const float weight =
      weights == nullptr ? share : (exists ? weights[row] : 0.0F);
  const bool matters = exists && (weights == nullptr || weight != 0);
  if (weights == nullptr)
    copyFloats<true>(logits, kept, count * classes);
  else
    for (int other = 0; other < count; ++other)
      if (weights[other] != 0)
        copyFloats<true>(logits + Size(other) * classes, kept + other * classes,
                         classes);
  __syncwarp();
  float *own = kept + row * classes;
  const int target = matters ? targets[row] : 0;
  const bool known = matters && target >= 0 && target < classes;
  const float atTarget = known ? own[target] : float(notANumber());
  float largest = -__int_as_float(0x7F800000);
  if (matters)
    forEachOfLane<group>(own, classes,
                         [&](float &x) { largest = fmaxf(largest, x); });
  for (int distance = group / 2; distance > 0; distance /= 2)
    largest = fmaxf(largest, __shfl_xor_sync(allLanes, largest, distance));
  // Every lane has read its target.
  __syncwarp();
  // From 1 on, which no exponential exceeds, rounding takes what three
  // operations say (Dekker's FastTwoSum).
  float upTo = 1;
  float error = 0;
  if (matters)
    forEachOfLane<group>(own, classes, [&](float &x) {
      x = expf(x - largest);
      const float next = upTo + x;
      error += x - (next - upTo);
      upTo = next;
    });
  double sum = double(upTo) - 1 + double(error);
  for (int distance = group / 2; distance > 0; distance /= 2)
    sum += __shfl_xor_sync(allLanes, sum, distance);
  // The logarithm of the rounded sum, and what rounding took: far cheaper than
  // one in f64, and right where the sum is hardly more than 1.
  const float rounded = float(sum);
  const double loss = double(logf(rounded)) +
                      double(float(sum - double(rounded)) / rounded) -
                      double(atTarget - largest);
  if (exists && lane % group == 0)
    losses[row] = !matters             ? 0.0
                  : weights == nullptr ? loss
                                       : double(weight) * loss;
  if (dLogits != nullptr) {
    // A loss that is infinite must not leave a gradient that looks sound.
    const float scale = isfinite(loss) ? weight / rounded : float(notANumber());
    if (exists)
      forEachOfLane<group>(own, classes,
                           [&](float &x) { x = matters ? x * scale : 0.0F; });
    __syncwarp();
    if (known && lane % group == 0)
      own[target] -= weight;
    __syncwarp();
    copyFloats<false>(kept, dLogits, count * classes);
  }
  // The next tile is read to the same place.
  __syncwarp();
}

template <int group>
__device__ void takeTiles(const float *logits, const int *__restrict__ targets,
                          const float *__restrict__ weights, float *dLogits,
                          double *__restrict__ losses, Size rows, int classes) {
  constexpr int rowsOfTile = lanes / group;
  const int warp = threadIdx.x / lanes;
  const int warps = blockDim.x / lanes;
  float *kept = reinterpret_cast<float *>(dynamicShared) +
                warp * ((rowsOfTile * classes + 3) / 4 * 4);
  const float share = 1.0F / float(rows);
  for (Size first = (Size(blockIdx.x) * warps + warp) * rowsOfTile;
       first < rows; first += Size(gridDim.x) * warps * rowsOfTile) {
    const int count =
        int(rows - first < rowsOfTile ? rows - first : rowsOfTile);
    takeTile<group>(logits + first * classes, targets + first,
                    weights == nullptr ? nullptr : weights + first, share,
                    dLogits == nullptr ? nullptr : dLogits + first * classes,
                    losses + first, count, classes, kept);
  }
}

/// As crossEntropyRows (CrossEntropy.cu). rowsOfTile is 8 or 1; each warp takes
/// one tile at a time. Block {any whole warps up to 256}, shared for each warp
/// 4 bytes a class and row of a tile, rounded up to 16.
extern "C" __global__ void __launch_bounds__(256)
    crossEntropyTiles(const float *logits, const int *__restrict__ targets,
                      const float *__restrict__ weights, float *dLogits,
                      double *__restrict__ losses, Size rows, Size classes,
                      Size rowsOfTile) {
  if (rowsOfTile == 1)
    takeTiles<lanes>(logits, targets, weights, dLogits, losses, rows,
                     int(classes));
  else
    takeTiles<lanes / 8>(logits, targets, weights, dLogits, losses, rows,
                         int(classes));
}
