// One planted fault in each kernel, for the emulator to find.
// nvcc -ptx -arch=sm_75 faults.cu -o faults.ptx

extern "C" __global__ void outOfBounds(float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i <= n) // Should be <.
    out[i] = i;
}

extern "C" __global__ void missingBarrier(const float *in, float *out) {
  __shared__ float tile[128];
  tile[threadIdx.x] = in[threadIdx.x];
  // __syncthreads();
  out[threadIdx.x] = tile[127 - threadIdx.x];
}

extern "C" __global__ void writeRace(float *out) {
  __shared__ float winner;
  winner = threadIdx.x;
  __syncthreads();
  out[threadIdx.x] = winner;
}

// The barrier at the end of each round is missing.
extern "C" __global__ void loopRace(float *data, int rounds) {
  __shared__ float tile[128];
  float value = data[threadIdx.x];
  for (int i = 0; i < rounds; ++i) {
    tile[threadIdx.x] = value;
    __syncthreads();
    value += tile[(threadIdx.x + 32) % 128];
  }
  data[threadIdx.x] = value;
}

extern "C" __global__ void divergentBarrier(float *data) {
  __shared__ float tile[64];
  tile[threadIdx.x] = data[threadIdx.x];
  if (threadIdx.x < 16) {
    __syncthreads();
    data[threadIdx.x] = tile[63 - threadIdx.x];
  }
}

extern "C" __global__ void missingWarp(float *data) {
  __shared__ float tile[64];
  if (threadIdx.x >= 32)
    return;
  tile[threadIdx.x] = data[threadIdx.x];
  __syncthreads();
  data[threadIdx.x] = tile[31 - threadIdx.x];
}

extern "C" __global__ void misaligned(const float *in, float *out, int offset) {
  float4 v = *(const float4 *)(in + offset);
  out[threadIdx.x] = v.x + v.w;
}

extern "C" __global__ void uninitialisedGlobal(const float *in, float *out) {
  out[threadIdx.x] = in[threadIdx.x] * 2;
}

extern "C" __global__ void uninitialisedShared(float *out) {
  __shared__ float tile[64];
  if (threadIdx.x != 5)
    tile[threadIdx.x] = 1;
  __syncthreads();
  out[threadIdx.x] = tile[63 - threadIdx.x];
}

extern "C" __global__ void deadlock(int *flags) {
  if (threadIdx.x == 0) {
    int other = 1 - blockIdx.x;
    while (*(volatile int *)&flags[other] == 0)
      ;
    *(volatile int *)&flags[blockIdx.x] = 1;
  }
}

extern "C" __global__ void trapped(const int *in) {
  if (in[threadIdx.x] < 0)
    __trap();
}

extern "C" __global__ void nullPointer(float *out) { *out = 1; }
