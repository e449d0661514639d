// A block takes one row. E is the type of elements, N how many are read at once.
//
// sum = x + delta if there is a delta (rounded, as the residual stream holds it), else x;
// normed = (sum - mean) / sqrt(mean square + eps) * weight + bias, with mean = 0 for an RMS norm.

__device__ float block_sum(float x) {
    __shared__ float of_warp[32];
    for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(~0u, x, step);
    __syncthreads();
    if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = x;
    __syncthreads();
    float total = 0;
    for (int warp = 0; warp < blockDim.x / 32; ++warp) total += of_warp[warp];
    return total;
}

extern "C" __global__ void norm_rows(const E *x, const E *delta, E *sum, E *normed, const float *weight,
                                     const float *bias, int columns, float eps, int centred) {
    typedef Pack<E, N> P;
    long long row = (long long)blockIdx.x * columns;
    const P *from = (const P *)(x + row);
    float total = 0, squares = 0;
    for (int at = threadIdx.x; at < columns / N; at += blockDim.x) {
        P values = from[at];
        if (delta) {
            P more = ((const P *)(delta + row))[at];
#pragma unroll
            for (int i = 0; i < N; ++i) values.at[i] = narrow<E>(widen(values.at[i]) + widen(more.at[i]));
            ((P *)(sum + row))[at] = values;
        }
#pragma unroll
        for (int i = 0; i < N; ++i) {
            float value = widen(values.at[i]);
            total += value;
            squares += value * value;
        }
    }
    // What a thread wrote it reads again itself, so no barrier is needed.
    if (delta) from = (const P *)(sum + row);
    float mean = 0;
    if (centred) {
        mean = block_sum(total) / columns;
        squares = 0;
        for (int at = threadIdx.x; at < columns / N; at += blockDim.x) {
            P values = from[at];
#pragma unroll
            for (int i = 0; i < N; ++i) {
                float value = widen(values.at[i]) - mean;
                squares += value * value;
            }
        }
    }
    float scale = 1 / sqrtf(block_sum(squares) / columns + eps);
    for (int at = threadIdx.x; at < columns / N; at += blockDim.x) {
        P values = from[at];
#pragma unroll
        for (int i = 0; i < N; ++i) {
            int column = at * N + i;
            float value = (widen(values.at[i]) - mean) * scale;
            if (weight) value *= weight[column];
            if (bias) value += bias[column];
            values.at[i] = narrow<E>(value);
        }
        ((P *)(normed + row))[at] = values;
    }
}
