// A warp takes a row of `columns`, N elements at a time. E is the type of x and of its derivative.

__device__ __forceinline__ float warp_sum(float x) {
    for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(~0u, x, step);
    return x;
}

// 1 / sqrt(mean x^2 + eps) of a row.
__device__ __forceinline__ float row_scale(const Pack<E, N> *x, int columns, float eps) {
    float squares = 0;
    for (int at = threadIdx.x % 32; at < columns / N; at += 32) {
        Pack<E, N> values = x[at];
#pragma unroll
        for (int i = 0; i < N; ++i) squares += widen(values.at[i]) * widen(values.at[i]);
    }
    return 1 / sqrtf(warp_sum(squares) / columns + eps);
}

// out = x scale weight. A block takes as many rows as it has warps.
extern "C" __global__ void forward(const E *x, const float *weight, E *out, int rows, int columns, float eps) {
    typedef Pack<E, N> P;
    typedef Pack<float, N> W;
    int row = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
    if (row >= rows) return;
    const P *from = (const P *)(x + (long long)row * columns);
    P *to = (P *)(out + (long long)row * columns);
    float scale = row_scale(from, columns, eps);
    for (int at = threadIdx.x % 32; at < columns / N; at += 32) {
        P values = from[at];
        W factors = ((const W *)weight)[at];
#pragma unroll
        for (int i = 0; i < N; ++i) values.at[i] = narrow<E>(widen(values.at[i]) * scale * factors.at[i]);
        to[at] = values;
    }
}

// of_x = scale (h - n mean(h n)) with n = x scale and h = g weight, and more besides if there is any; of_weight[block] = the sum of g n over
// the block's rows. Which rows a warp takes depends on the grid alone, and every sum has one order.
extern "C" __global__ void backward(const E *x, const float *weight, const E *g, const E *more, E *of_x, float *of_weight, int rows,
                                    int columns, float eps) {
    typedef Pack<E, N> P;
    typedef Pack<float, N> W;
    extern __shared__ float sums[];
    int warps = blockDim.x / 32, lane = threadIdx.x % 32;
    float *own = sums + threadIdx.x / 32 * columns;
    for (int at = lane; at < columns; at += 32) own[at] = 0;
    __syncwarp();
    for (int row = blockIdx.x * warps + threadIdx.x / 32; row < rows; row += gridDim.x * warps) {
        const P *from = (const P *)(x + (long long)row * columns), *back = (const P *)(g + (long long)row * columns);
        P *to = (P *)(of_x + (long long)row * columns);
        float scale = row_scale(from, columns, eps), mean = 0;
        for (int at = lane; at < columns / N; at += 32) {
            P values = from[at], slopes = back[at];
            W factors = ((const W *)weight)[at];
#pragma unroll
            for (int i = 0; i < N; ++i) {
                float slope = widen(slopes.at[i]) * widen(values.at[i]) * scale;
                // Element i of every pack together, so that lanes meet different banks.
                own[i * (columns / N) + at] += slope;
                mean += slope * factors.at[i];
            }
        }
        mean = warp_sum(mean) / columns;
        for (int at = lane; at < columns / N; at += 32) {
            P values = from[at], slopes = back[at], others;
            W factors = ((const W *)weight)[at];
            if (more) others = ((const P *)(more + (long long)row * columns))[at];
#pragma unroll
            for (int i = 0; i < N; ++i) {
                float h = widen(slopes.at[i]) * factors.at[i];
                float slope = scale * (h - widen(values.at[i]) * scale * mean);
                values.at[i] = narrow<E>(more ? slope + widen(others.at[i]) : slope);
            }
            to[at] = values;
        }
    }
    __syncthreads();
    for (int at = threadIdx.x; at < columns; at += blockDim.x) {
        float sum = 0;
        int place = at % N * (columns / N) + at / N;
        for (int warp = 0; warp < warps; ++warp) sum += sums[warp * columns + place];
        of_weight[(long long)blockIdx.x * columns + at] = sum;
    }
}

// out[column] = the sum of parts[part][column]. A block of 32 x 32 threads takes 32 columns.
extern "C" __global__ void add_parts(const float *parts, float *out, int count, int columns) {
    __shared__ float sums[32][33];
    int lane = threadIdx.x % 32, group = threadIdx.x / 32, column = blockIdx.x * 32 + lane;
    float sum = 0;
    if (column < columns)
        for (int part = group; part < count; part += 32) sum += parts[(long long)part * columns + column];
    sums[group][lane] = sum;
    __syncthreads();
    if (group == 0 && column < columns) {
        for (int other = 1; other < 32; ++other) sum += sums[other][lane];
        out[column] = sum;
    }
}
