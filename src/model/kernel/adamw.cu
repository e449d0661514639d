// AdamW without a wait: the norm of all gradients and the factor that clips stay on the device.

__device__ double block_sum(double x) {
    __shared__ double of_warp[32];
    for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(~0u, x, step);
    if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = x;
    __syncthreads();
    double total = 0;
    for (int warp = 0; warp < blockDim.x / 32; ++warp) total += of_warp[warp];
    return total;
}

// parts[block] = the sum of g^2 over the block's share.
extern "C" __global__ void squares(const float *g, long long count, double *parts) {
    float sum = 0;
    for (long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x; at < count; at += (long long)gridDim.x * blockDim.x)
        sum += g[at] * g[at];
    double total = block_sum(sum);
    if (threadIdx.x == 0) parts[blockIdx.x] = total;
}

// norm = the root of the sum of all parts; factor = min(1, clip / (norm + 1e-6)), 1 without a clip.
extern "C" __global__ void total(const double *parts, int count, float clip, float *norm,
                                 float *factor) {
    double sum = 0;
    for (int at = threadIdx.x; at < count; at += blockDim.x) sum += parts[at];
    sum = block_sum(sum);
    if (threadIdx.x == 0) {
        double root = sqrt(sum);
        *norm = root;
        // A norm that is not a number stays one, so that nobody trains on in silence.
        *factor = clip < 0 ? 1 : root + 1e-6 <= clip ? 1 : clip / (root + 1e-6);
    }
}

// One update; rounded, if it is there, gets the weights in bf16.
extern "C" __global__ void update(float *weights, float *first, float *second, const float *g, bf16 *rounded,
                                  const float *factor, long long count, float keep_first, float take_first,
                                  float keep_second, float take_second, float eps, float rate, float root, float kept) {
    long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= count) return;
    float slope = g[at] * *factor;
    float m = keep_first * first[at] + take_first * slope;
    float v = keep_second * second[at] + take_second * slope * slope;
    float weight = weights[at] * kept - rate * m / (sqrtf(v) * root + eps);
    first[at] = m;
    second[at] = v;
    weights[at] = weight;
    if (rounded) rounded[at] = narrow<bf16>(weight);
}
