// Control flow: loops of different lengths, nested divergence, early exit,
// switches. nvcc -ptx -arch=sm_75 control.cu -o control.ptx

extern "C" __global__ void collatz(const unsigned *in, unsigned *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  unsigned value = in[i], steps = 0;
  while (value != 1) {
    if (value & 1) {
      if (value > 1000000)
        break;
      value = 3 * value + 1;
    } else {
      value /= 2;
    }
    ++steps;
  }
  out[i] = steps;
}

__device__ __forceinline__ int fold(int kind, int a, int b) {
  switch (kind) {
  case 0:
    return a + b;
  case 1:
    return a - b;
  case 2:
    return a * b;
  case 3:
    return b ? a / b : 0;
  case 4:
    return b ? a % b : 0;
  case 5:
    return a & b;
  case 6:
    return a ^ b;
  default:
    return a > b ? a : b;
  }
}

__device__ __forceinline__ int twice(int kind, int a, int b) {
  if (a < 0)
    return fold(kind, -a, b);
  return fold(kind, fold(kind, a, b), b);
}

extern "C" __global__ void foldAll(const int *kinds, const int *a, const int *b,
                                   int *out) {
  int i = threadIdx.x;
  int result = 0;
  if (i % 3)
    result = twice(kinds[i], a[i], b[i]);
  else if (i % 2)
    result = fold(kinds[i], a[i], b[i]);
  out[i] = result;
}

// Lanes of one warp take a lock in turn: needs independent thread scheduling.
extern "C" __global__ void locked(int *lock, int *counter) {
  while (atomicCAS(lock, 0, 1) != 0)
    ;
  __threadfence();
  *(volatile int *)counter += 1;
  __threadfence();
  atomicExch(lock, 0);
}
