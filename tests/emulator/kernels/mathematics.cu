// The mathematics that cells and their supporting kernels use, with nvcc's own
// expansions of it.
// nvcc -ptx -arch=sm_75 mathematics.cu -o mathematics.ptx
#include <cuda_bf16.h>
#include <cuda_fp16.h>

extern "C" __global__ void functions(const float *in, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float x = in[i];
  out[0 * n + i] = expf(x);
  out[1 * n + i] = logf(fabsf(x));
  out[2 * n + i] = tanhf(x);
  out[3 * n + i] = x / 3.0f;
  out[4 * n + i] = sqrtf(fabsf(x));
  out[5 * n + i] = log1pf(expf(-fabsf(x)));
  out[6 * n + i] = erff(x);
}

extern "C" __global__ void halves(const float *in, unsigned short *half,
                                  unsigned short *bfloat, float *back, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  __half h = __float2half(in[i]);
  __nv_bfloat16 b = __float2bfloat16(in[i]);
  half[i] = __half_as_ushort(h);
  bfloat[i] = __bfloat16_as_ushort(b);
  back[i] = __half2float(h) + __bfloat162float(b);
}

extern "C" __global__ void doubles(const double *in, double *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    out[i] = fma(in[i], 3.0, 1.0) / sqrt(in[i] * in[i] + 1.0);
}
