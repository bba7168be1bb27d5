//===- Embedding.cu - One row of a table for each token -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reduction.cuh"

__device__ inline bool isWord(int token, Size vocabulary) {
  return token >= 0 && token < vocabulary;
}

template <int packed>
__device__ void
copyWords(const int *__restrict__ tokens, const float *__restrict__ table,
          Number *__restrict__ output, Size rows, Size vocabulary, Size width) {
  forEachOfRows<packed>(rows, width, [&](Size row, Size column) {
    const int token = tokens[row];
    Pack<float, packed> word;
    if (isWord(token, vocabulary))
      word = readPack<packed>(table + token * width + column);
    else
      for (float &element : word.at)
        element = float(notANumber());
    Pack<Number, packed> rounded;
    for (int i = 0; i < packed; ++i)
      rounded.at[i] = Number(word.at[i]);
    writePack(rounded, output + row * width + column);
  });
}

/// output[rows, width] = table[tokens[rows], :]; a row of NaN where the token
/// is not in [0, vocabulary), so that the mistake shows in the loss.
/// Grid {width / 128, rows / 8}, block {32, 8}.
extern "C" __global__ void __launch_bounds__(256)
    embeddingForward(const int *__restrict__ tokens,
                     const float *__restrict__ table,
                     Number *__restrict__ output, Size rows, Size vocabulary,
                     Size width) {
  constexpr int packed = elementsOf16Bytes<float>;
  if (width % packed == 0 && areAlignedTo16Bytes(table, output))
    copyWords<packed>(tokens, table, output, rows, vocabulary, width);
  else
    copyWords<1>(tokens, table, output, rows, vocabulary, width);
}

//===----------------------------------------------------------------------===//
// Backward: positions are ordered by their token, as they come where they have
// the same one (a counting sort), and cut into runs of a fixed length, each of
// which a warp adds up. Tokens outside of the vocabulary have no place. The
// rows are split into `chunks` of `rowsOfChunk`.
//===----------------------------------------------------------------------===//

/// counts[chunks, vocabulary]: how often each word is in each chunk.
/// Grid {chunks}, block {256}.
extern "C" __global__ void __launch_bounds__(256)
    embeddingCount(const int *__restrict__ tokens,
                   unsigned long long *__restrict__ counts, Size rows,
                   Size vocabulary, Size chunks, Size rowsOfChunk) {
  for (Size chunk = blockIdx.x; chunk < chunks; chunk += gridDim.x) {
    unsigned long long *own = counts + chunk * vocabulary;
    for (Size word = threadIdx.x; word < vocabulary; word += blockDim.x)
      own[word] = 0;
    __syncthreads();
    const Size first = chunk * rowsOfChunk;
    const Size end = first + rowsOfChunk < rows ? first + rowsOfChunk : rows;
    for (Size row = first + threadIdx.x; row < end; row += blockDim.x)
      if (const int token = tokens[row]; isWord(token, vocabulary))
        atomicAdd(own + token, 1ULL);
  }
}

/// starts[vocabulary + 1]: the places of word w are from starts[w] to before
/// starts[w + 1]. Of those, counts[chunks, vocabulary] becomes the first of
/// each chunk. Grid {1}, block {1024}.
extern "C" __global__ void __launch_bounds__(1024)
    embeddingStarts(Size *__restrict__ counts, Size *__restrict__ starts,
                    Size vocabulary, Size chunks) {
  // Counts that are under way at once.
  constexpr int batch = 8;
  __shared__ Size ofWarps[lanes];
  const int lane = threadIdx.x % lanes;
  const int warp = threadIdx.x / lanes;
  // The places of the words before.
  Size before = 0;
  for (Size begin = 0; begin < vocabulary; begin += blockDim.x) {
    const Size word = begin + threadIdx.x;
    const Size end = word < vocabulary ? chunks : 0;
    Size count = 0;
    for (Size chunk = 0; chunk < end; chunk += batch) {
      Size read[batch] = {};
      for (int k = 0; k < batch; ++k)
        if (chunk + k < end)
          read[k] = counts[(chunk + k) * vocabulary + word];
      for (const Size ofChunk : read)
        count += ofChunk;
    }
    // The sum up to this word, over the warp and then over the block.
    Size upTo = count;
    for (int distance = 1; distance < lanes; distance *= 2) {
      const Size other = __shfl_up_sync(allLanes, upTo, distance);
      if (lane >= distance)
        upTo += other;
    }
    if (lane == lanes - 1)
      ofWarps[warp] = upTo;
    __syncthreads();
    Size all = 0;
    for (int other = 0; other < blockDim.x / lanes; ++other) {
      if (other == warp)
        upTo += all;
      all += ofWarps[other];
    }
    Size place = before + upTo - count;
    if (word < vocabulary)
      starts[word] = place;
    for (Size chunk = 0; chunk < end; chunk += batch) {
      Size read[batch] = {};
      for (int k = 0; k < batch; ++k)
        if (chunk + k < end)
          read[k] = counts[(chunk + k) * vocabulary + word];
      for (int k = 0; k < batch; ++k)
        if (chunk + k < end) {
          counts[(chunk + k) * vocabulary + word] = place;
          place += read[k];
        }
    }
    before += all;
    // The next words write there again.
    __syncthreads();
  }
  if (threadIdx.x == 0)
    starts[vocabulary] = before;
}

/// order[places] = the rows in their order; `firsts` are the counts that
/// embeddingStarts has changed. Grid {chunks}, block {256}.
extern "C" __global__ void __launch_bounds__(256)
    embeddingOrder(const int *__restrict__ tokens, Size *__restrict__ firsts,
                   Size *__restrict__ order, Size rows, Size vocabulary,
                   Size chunks, Size rowsOfChunk) {
  constexpr int tile = 256;
  __shared__ int ofTile[tile];
  for (Size chunk = blockIdx.x; chunk < chunks; chunk += gridDim.x) {
    Size *own = firsts + chunk * vocabulary;
    const Size first = chunk * rowsOfChunk;
    const Size end = first + rowsOfChunk < rows ? first + rowsOfChunk : rows;
    for (Size begin = first; begin < end; begin += tile) {
      const Size row = begin + threadIdx.x;
      const int token = row < end ? tokens[row] : -1;
      const bool known = isWord(token, vocabulary);
      ofTile[threadIdx.x] = token;
      __syncthreads();
      int before = 0;
      int after = 0;
      for (int other = 0; other < tile; ++other) {
        const bool same = ofTile[other] == token;
        before += same && other < threadIdx.x;
        after += same && other > threadIdx.x;
      }
      Size place = 0;
      if (known) {
        place = own[token] + before;
        order[place] = row;
      }
      __syncthreads();
      // The tile's last of a word says where the next tile goes on.
      if (known && after == 0)
        own[token] = place + 1;
      __syncthreads();
    }
  }
}

/// partials[runs, 2, 2, width]: of the word that began before the run, and of
/// the one that goes on behind it, the sums and then their errors.
template <typename Float>
__device__ Float *placeOfPartial(Float *partials, Size run, bool goesOn,
                                 Size width) {
  return partials + (4 * run + (goesOn ? 2 : 0)) * width;
}

/// The sum of each word of a run, where the run has all of its rows, goes to
/// dTable; the others to `partials`.
template <int packed>
__device__ void
sumRun(Size run, Size column, const int *__restrict__ tokens,
       const Number *__restrict__ dOutput, float *__restrict__ dTable,
       const Size *__restrict__ starts, const Size *__restrict__ order,
       float *__restrict__ partials, Size width, Size rowsOfRun, Size places) {
  constexpr int batch = packed == 1 ? 16 : 32 / packed;
  const int lane = threadIdx.x;
  const Size begin = run * rowsOfRun;
  const Size end = begin + rowsOfRun < places ? begin + rowsOfRun : places;
  const bool inside = column < width;
  CompensatedSum sums[packed] = {};
  int word = -1;
  const auto finish = [&] {
    if (word < 0)
      return;
    const Size start = starts[word];
    Pack<float, packed> sum;
    Pack<float, packed> error;
    for (int i = 0; i < packed; ++i) {
      sum.at[i] = sums[i].sum;
      error.at[i] = sums[i].error;
    }
    if (inside && start >= begin && starts[word + 1] <= begin + rowsOfRun) {
      for (int i = 0; i < packed; ++i)
        sum.at[i] = float(sums[i].value());
      writePack(sum, dTable + word * width + column);
    } else if (inside) {
      float *to = placeOfPartial(partials, run, start >= begin, width) + column;
      writePack(sum, to);
      writePack(error, to + width);
    }
    for (CompensatedSum &sum : sums)
      sum = {};
  };
  for (Size first = begin; first < end; first += lanes) {
    // Each lane looks one row up.
    const Size ofLane = first + lane < end ? order[first + lane] : 0;
    const int wordOfLane = first + lane < end ? tokens[ofLane] : -1;
    const int count = int(end - first < lanes ? end - first : lanes);
    for (int next = 0; next < count; next += batch) {
      Pack<Number, packed> read[batch] = {};
      for (int k = 0; k < batch; ++k) {
        const Size row = __shfl_sync(allLanes, ofLane, next + k);
        if (next + k < count && inside)
          read[k] = readPack<packed>(dOutput + row * width + column);
      }
      for (int k = 0; k < batch; ++k) {
        const int other = __shfl_sync(allLanes, wordOfLane, next + k);
        if (next + k < count && other != word) {
          finish();
          word = other;
        }
        for (int i = 0; i < packed; ++i)
          sums[i].add(read[k].at[i]);
      }
    }
  }
  finish();
}

/// Each warp takes one run of `rowsOfRun` places, and 32 times as many columns
/// as it reads at once. Grid {runs / 4, width / 128}, block {32, 4}. (Left
/// alone, ptxas wants more blocks a multiprocessor, and spills.)
extern "C" __global__ void __launch_bounds__(256, 2)
    embeddingRuns(const int *__restrict__ tokens,
                  const Number *__restrict__ dOutput,
                  float *__restrict__ dTable, const Size *__restrict__ starts,
                  const Size *__restrict__ order, float *__restrict__ partials,
                  Size vocabulary, Size width, Size rowsOfRun) {
  constexpr int packed = elementsOf16Bytes<Number>;
  const bool aligned =
      width % packed == 0 && areAlignedTo16Bytes(dOutput, dTable);
  const Size columns = aligned ? lanes * packed : lanes;
  const Size places = starts[vocabulary];
  for (Size run = Size(blockIdx.x) * blockDim.y + threadIdx.y;
       run * rowsOfRun < places; run += Size(gridDim.x) * blockDim.y)
    for (Size begin = blockIdx.y * columns; begin < width;
         begin += gridDim.y * columns)
      if (aligned)
        sumRun<packed>(run, begin + threadIdx.x * packed, tokens, dOutput,
                       dTable, starts, order, partials, width, rowsOfRun,
                       places);
      else
        sumRun<1>(run, begin + threadIdx.x, tokens, dOutput, dTable, starts,
                  order, partials, width, rowsOfRun, places);
}

template <int packed>
__device__ void sumWords(const float *__restrict__ partials,
                         const Size *__restrict__ starts,
                         float *__restrict__ dTable, Size vocabulary,
                         Size width, Size rowsOfRun) {
  forEachOfRows<packed>(vocabulary, width, [&](Size word, Size column) {
    const Size start = starts[word];
    const Size end = starts[word + 1];
    Pack<float, packed> result = {};
    if (start != end) {
      const Size first = start / rowsOfRun;
      const Size last = (end - 1) / rowsOfRun;
      // The run itself has written it.
      if (first == last)
        return;
      double sums[packed] = {};
#pragma unroll 4
      for (Size run = first; run <= last; ++run) {
        const float *from =
            placeOfPartial(partials, run, run == first, width) + column;
        const auto sum = readPack<packed>(from);
        const auto error = readPack<packed>(from + width);
        for (int i = 0; i < packed; ++i)
          sums[i] += CompensatedSum{sum.at[i], error.at[i]}.value();
      }
      for (int i = 0; i < packed; ++i)
        result.at[i] = float(sums[i]);
    }
    writePack(result, dTable + word * width + column);
  });
}

/// The words that are in no run or in several. Grid {width / 128,
/// vocabulary / 8}, block {32, 8}.
extern "C" __global__ void __launch_bounds__(256, 3)
    embeddingSums(const float *__restrict__ partials,
                  const Size *__restrict__ starts, float *__restrict__ dTable,
                  Size vocabulary, Size width, Size rowsOfRun) {
  constexpr int packed = elementsOf16Bytes<float>;
  if (width % packed == 0 && areAlignedTo16Bytes(partials, dTable))
    sumWords<packed>(partials, starts, dTable, vocabulary, width, rowsOfRun);
  else
    sumWords<1>(partials, starts, dTable, vocabulary, width, rowsOfRun);
}
