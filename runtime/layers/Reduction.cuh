//===- Reduction.cuh - What the kernels share -------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rules of every kernel here: it includes nothing of a CUDA installation;
// every parameter of an entry is one 64-bit word; sizes and offsets have 64
// bits; any grid is allowed, since blocks go on by the size of the grid, and
// an entry states its largest block, so that registers suffice for it. No sum
// depends on the order in which blocks or warps run, so results are the same
// from run to run.
//
//===----------------------------------------------------------------------===//

#pragma once

using Size = long long;

/// bf16: the upper half of an f32, to nearest, ties to even. It is for storage;
/// arithmetic is f32's.
struct BFloat16 {
  unsigned short bits;

  BFloat16() = default;
  __device__ explicit BFloat16(float number) {
#if __CUDA_ARCH__ >= 800
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(number));
#else
    const unsigned word = __float_as_uint(number);
    bits = isnan(number) ? 0x7FFF : (word + 0x7FFF + (word >> 16 & 1)) >> 16;
#endif
  }
  __device__ operator float() const {
    return __uint_as_float(unsigned(bits) << 16);
  }
};

/// What sequences are stored as. A source that says `Number` is compiled for
/// each.
#ifdef MINRNN_BF16
using Number = BFloat16;
#else
using Number = float;
#endif

/// Elements side by side that one instruction reads or writes: 1, or those of
/// 8 or 16 bytes.
template <typename Element, int count>
struct alignas(count * sizeof(Element)) Pack {
  Element at[count];
};

template <int count, typename Element>
__device__ Pack<Element, count> readPack(const Element *from) {
  return *reinterpret_cast<const Pack<Element, count> *>(from);
}
/// To global memory. NVVM may take a store of several elements apart, so these
/// are written out.
template <typename Element, int count>
__device__ void writePack(const Pack<Element, count> &pack, Element *to) {
  constexpr int words = sizeof(pack) / 4;
  if constexpr (words < 2) {
    *reinterpret_cast<Pack<Element, count> *>(to) = pack;
  } else {
    unsigned word[words];
    memcpy(word, &pack, sizeof(pack));
    const auto place = __cvta_generic_to_global(to);
    if constexpr (words == 2)
      asm volatile("st.global.v2.b32 [%0], {%1, %2};" ::"l"(place),
                   "r"(word[0]), "r"(word[1])
                   : "memory");
    else
      for (int i = 0; i < words; i += 4)
        asm volatile(
            "st.global.v4.b32 [%0], {%1, %2, %3, %4};" ::"l"(place + i * 4),
            "r"(word[i]), "r"(word[i + 1]), "r"(word[i + 2]), "r"(word[i + 3])
            : "memory");
  }
}

/// As writePack, to shared memory.
template <int count>
__device__ void keepPack(const Pack<float, count> &pack, float *to) {
  if constexpr (count % 4 == 0)
    for (int i = 0; i < count; i += 4)
      asm volatile("st.shared.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(
                       __cvta_generic_to_shared(to + i)),
                   "f"(pack.at[i]), "f"(pack.at[i + 1]), "f"(pack.at[i + 2]),
                   "f"(pack.at[i + 3])
                   : "memory");
  else
    for (int i = 0; i < count; ++i)
      to[i] = pack.at[i];
}

/// As many elements as 16 bytes have.
template <typename Element>
constexpr int elementsOf16Bytes = 16 / sizeof(Element);

/// Whether packs of 16 bytes begin at each of `addresses` (null ones count for
/// nothing).
template <typename... Addresses>
__device__ bool areAlignedTo16Bytes(Addresses... addresses) {
  return ((Size(addresses) | ...) & 15) == 0;
}

/// A sum in f32, and beside it what rounding took from it (Knuth's TwoSum): as
/// good as a sum in f64, without the f64 operations of which many GPUs do one
/// where they do 32 of f32.
struct CompensatedSum {
  float sum;
  float error;

  __device__ void add(float x) {
    const float both = sum + x;
    const float ofX = both - sum;
    error += (sum - (both - ofX)) + (x - ofX);
    sum = both;
  }
  __device__ void addProduct(float a, float b) {
    const float product = __fmul_rn(a, b);
    add(product);
    error += fmaf(a, b, -product);
  }
  __device__ double value() const {
    return isfinite(sum) ? double(sum) + double(error) : double(sum);
  }
};

constexpr int lanes = 32;
constexpr unsigned allLanes = 0xFFFFFFFF;

/// Entries on flat arrays: this thread's first element, and the way to its
/// next. Block {256}.
__device__ inline Size firstElement() {
  return Size(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ inline Size elementStride() { return Size(gridDim.x) * blockDim.x; }

/// Entries on rows and columns: grid {columns / 128, rows / 8}, both rounded
/// up, block {32, 8}. A warp takes 128 columns of a row, its lanes along them,
/// and calls `visit(row, column)` for each `packed` of them.
template <int packed = 1, typename Visit>
__device__ void forEachOfRows(Size rows, Size columns, Visit visit) {
  constexpr Size tile = 128;
  for (Size row = Size(blockIdx.y) * blockDim.y + threadIdx.y; row < rows;
       row += Size(gridDim.y) * blockDim.y)
    for (Size begin = blockIdx.x * tile; begin < columns;
         begin += gridDim.x * tile)
      for (Size column = begin + threadIdx.x * packed;
           column < columns && column < begin + tile; column += lanes * packed)
        visit(row, column);
}

/// The sum over a warp, the same in every lane.
template <typename Float> __device__ Float warpSum(Float x) {
  for (int distance = lanes / 2; distance > 0; distance /= 2)
    x += __shfl_xor_sync(allLanes, x, distance);
  return x;
}

__device__ inline float warpMaximum(float x) {
  for (int distance = lanes / 2; distance > 0; distance /= 2)
    x = fmaxf(x, __shfl_xor_sync(allLanes, x, distance));
  return x;
}

/// Replaces each of `sums` by its sum over the block, in every thread. For
/// blocks along x of whole warps; all threads must call it.
template <int count> __device__ void blockSums(double (&sums)[count]) {
  __shared__ double ofWarps[count][lanes];
  const int lane = threadIdx.x % lanes;
  for (int i = 0; i < count; ++i) {
    const double sum = warpSum(sums[i]);
    if (lane == 0)
      ofWarps[i][threadIdx.x / lanes] = sum;
  }
  __syncthreads();
  for (int i = 0; i < count; ++i)
    sums[i] = warpSum(lane < blockDim.x / lanes ? ofWarps[i][lane] : 0.0);
  // The next call writes there again.
  __syncthreads();
}

__device__ inline double blockSum(double x) {
  double sums[1] = {x};
  blockSums(sums);
  return sums[0];
}

/// As `blockSum`, of the largest; a NaN counts for nothing.
__device__ inline float blockMaximum(float x) {
  __shared__ float ofWarps[lanes];
  const int lane = threadIdx.x % lanes;
  x = warpMaximum(x);
  if (lane == 0)
    ofWarps[threadIdx.x / lanes] = x;
  __syncthreads();
  x = warpMaximum(lane < blockDim.x / lanes ? ofWarps[lane] : ofWarps[0]);
  __syncthreads();
  return x;
}

__device__ inline double notANumber() {
  return __longlong_as_double(0x7FF8000000000000);
}
