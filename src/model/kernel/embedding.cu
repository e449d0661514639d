// Rows of a table, and the sum of what comes back for each row.

// out[token] = table[ids[token]]; not numbers where the table has no such row.
extern "C" __global__ void forward(const E *table, const unsigned *ids, E *out, long long packs, int dim, int vocabulary) {
    typedef Pack<E, N> P;
    long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= packs) return;
    long long token = at / (dim / N);
    unsigned id = ids[token];
    P values;
    if (id < vocabulary) {
        values = ((const P *)table)[(long long)id * (dim / N) + at % (dim / N)];
    } else {
#pragma unroll
        for (int i = 0; i < N; ++i) values.at[i] = narrow<E>(__int_as_float(0x7fc00000));
    }
    ((P *)out)[at] = values;
}

// of_table[row] = the sum of g over the tokens with this id, in their order. A block of TILE / 4 threads
// takes a row: it looks at TILE ids at a time, lists those that match, and adds them.
constexpr int TILE = 1024;

extern "C" __global__ void __launch_bounds__(TILE / 4)
    backward(const unsigned *ids, const E *g, float *of_table, int tokens, int dim) {
    __shared__ int found[TILE], of_warp[TILE / 128];
    float *row = of_table + (long long)blockIdx.x * dim;
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    for (int column = threadIdx.x; column < dim; column += TILE / 4) row[column] = 0;
    for (int first = 0; first < tokens; first += TILE) {
        int at = first + 4 * threadIdx.x, count = 0;
        bool match[4];
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            match[i] = at + i < tokens && ids[at + i] == blockIdx.x;
            count += match[i];
        }
        if (!__syncthreads_or(count)) continue;
        int before = count;
        for (int step = 1; step < 32; step *= 2) {
            int other = __shfl_up_sync(~0u, before, step);
            if (lane >= step) before += other;
        }
        if (lane == 31) of_warp[warp] = before;
        __syncthreads();
        int total = 0;
        before -= count;
        for (int other = 0; other < TILE / 128; ++other) {
            if (other < warp) before += of_warp[other];
            total += of_warp[other];
        }
#pragma unroll
        for (int i = 0; i < 4; ++i)
            if (match[i]) found[before++] = at + i;
        __syncthreads();
        for (int column = threadIdx.x; column < dim; column += TILE / 4) {
            float sum = row[column];
#pragma unroll 8
            for (int i = 0; i < total; ++i) sum += widen(g[(long long)found[i] * dim + column]);
            row[column] = sum;
        }
    }
}
