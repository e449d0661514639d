// A block takes the logits of one token, N at a time.

__device__ float block_reduce(float x, bool largest) {
    __shared__ float of_warp[32];
    for (int step = 16; step > 0; step /= 2) {
        float other = __shfl_xor_sync(~0u, x, step);
        x = largest ? fmaxf(x, other) : x + other;
    }
    __syncthreads();
    if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = x;
    __syncthreads();
    float total = of_warp[0];
    for (int warp = 1; warp < blockDim.x / 32; ++warp)
        total = largest ? fmaxf(total, of_warp[warp]) : total + of_warp[warp];
    return total;
}

// ln of the sum of exp(row).
__device__ float log_sum(const Pack<E, N> *row, int vocabulary) {
    float largest = __int_as_float(0xff800000), sum = 0;
    for (int at = threadIdx.x; at < vocabulary / N; at += blockDim.x) {
        Pack<E, N> values = row[at];
#pragma unroll
        for (int i = 0; i < N; ++i) largest = fmaxf(largest, widen(values.at[i]));
    }
    largest = block_reduce(largest, true);
    for (int at = threadIdx.x; at < vocabulary / N; at += blockDim.x) {
        Pack<E, N> values = row[at];
#pragma unroll
        for (int i = 0; i < N; ++i) sum += __expf(widen(values.at[i]) - largest);
    }
    return largest + logf(block_reduce(sum, false));
}

// loss[token] = log_sum - logits[target]; not a number where the vocabulary has no such target.
extern "C" __global__ void forward(const E *logits, const unsigned *targets, float *loss, int vocabulary) {
    const E *row = logits + (long long)blockIdx.x * vocabulary;
    float sum = log_sum((const Pack<E, N> *)row, vocabulary);
    unsigned target = targets[blockIdx.x];
    if (threadIdx.x == 0) loss[blockIdx.x] = target < vocabulary ? sum - widen(row[target]) : __int_as_float(0x7fc00000);
}

// The mean of the losses, by one block.
extern "C" __global__ void mean(const float *loss, float *out, int tokens) {
    float sum = 0;
    for (int at = threadIdx.x; at < tokens; at += blockDim.x) sum += loss[at];
    sum = block_reduce(sum, false);
    if (threadIdx.x == 0) *out = sum / tokens;
}

// (softmax - one at the target) g / tokens.
extern "C" __global__ void backward(const E *logits, const unsigned *targets, const float *g, E *of_logits, int vocabulary,
                                    int tokens) {
    typedef Pack<E, N> P;
    long long start = (long long)blockIdx.x * vocabulary;
    const P *row = (const P *)(logits + start);
    P *to = (P *)(of_logits + start);
    float sum = log_sum(row, vocabulary), scale = *g / tokens;
    int target = targets[blockIdx.x];
    for (int at = threadIdx.x; at < vocabulary / N; at += blockDim.x) {
        P values = row[at];
#pragma unroll
        for (int i = 0; i < N; ++i) {
            float p = __expf(widen(values.at[i]) - sum);
            values.at[i] = narrow<E>(scale * (at * N + i == target ? p - 1 : p));
        }
        to[at] = values;
    }
}
