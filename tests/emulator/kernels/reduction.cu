// Sums and scans as a user writes them: vector loads, shuffles, shared memory,
// and a single-pass scan whose blocks wait for each other (decoupled look-back).
// nvcc -ptx -arch=sm_75 reduction.cu -o reduction.ptx

extern "C" __global__ void sumRows(const float4 *in, float *out, int vectors) {
  __shared__ float partial[32];
  float sum = 0;
  for (int i = threadIdx.x; i < vectors; i += blockDim.x) {
    float4 v = in[(long)blockIdx.x * vectors + i];
    sum += (v.x + v.y) + (v.z + v.w);
  }
  for (int step = 16; step; step /= 2)
    sum += __shfl_down_sync(~0u, sum, step);
  if (threadIdx.x % 32 == 0)
    partial[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x < 32) {
    sum = threadIdx.x < blockDim.x / 32 ? partial[threadIdx.x] : 0;
    for (int step = 16; step; step /= 2)
      sum += __shfl_xor_sync(~0u, sum, step);
    if (threadIdx.x == 0)
      out[blockIdx.x] = sum;
  }
}

// state[tile]: 0 nothing, 1 own sum in `value`, 2 sum of all before as well.
extern "C" __global__ void prefixSums(const int *in, int *out, int *state,
                                      int *aggregate, int *prefix,
                                      int *ticket) {
  __shared__ int data[256];
  __shared__ int tile, before;
  if (threadIdx.x == 0)
    tile = atomicAdd(ticket, 1);
  __syncthreads();
  data[threadIdx.x] = in[tile * 256 + threadIdx.x];
  __syncthreads();
  for (int step = 1; step < 256; step *= 2) {
    int value = data[threadIdx.x];
    if (threadIdx.x >= step)
      value += data[threadIdx.x - step];
    __syncthreads();
    data[threadIdx.x] = value;
    __syncthreads();
  }
  if (threadIdx.x == 0) {
    int sum = 0;
    if (tile) {
      atomicExch(&aggregate[tile], data[255]);
      __threadfence();
      atomicExch(&state[tile], 1);
      for (int look = tile - 1;;) {
        int seen = *(volatile int *)&state[look];
        __threadfence();
        if (seen == 2) {
          sum += *(volatile int *)&prefix[look];
          break;
        }
        if (seen == 1) {
          sum += *(volatile int *)&aggregate[look];
          --look;
        }
      }
    }
    atomicExch(&prefix[tile], sum + data[255]);
    __threadfence();
    atomicExch(&state[tile], 2);
    before = sum;
  }
  __syncthreads();
  out[tile * 256 + threadIdx.x] = data[threadIdx.x] + before;
}

extern "C" __global__ void histogram(const unsigned char *in, unsigned *out,
                                     int count) {
  __shared__ unsigned bins[64];
  if (threadIdx.x < 64)
    bins[threadIdx.x] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count;
       i += gridDim.x * blockDim.x)
    atomicAdd(&bins[in[i] & 63], 1u);
  __syncthreads();
  if (threadIdx.x < 64 && bins[threadIdx.x])
    atomicAdd(&out[threadIdx.x], bins[threadIdx.x]);
}
