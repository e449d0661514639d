// Sums of one head's attention along its diagonals: by lag, without any row of it in memory.
//
// A tile is 128 queries by 128 keys. A block of threads walks along one diagonal of tiles, computes
// the scores again and adds them up: thread t of 128 takes from row r of a tile the key column
// (r - t) mod 128, so that all threads are busy, read shared memory in order, and keep one lag below
// the diagonal of the tile (row >= t) and one above it (row < t):
//
//     below: lag 128 walk + t          above: lag 128 (walk - 1) + t
//
// Sums of 32 rows are added to running sums in a fixed order; `gather` adds those of the blocks.
// The entropy of a row is the sum of -p log2 p, and log2 p is at hand.

constexpr int TILE = 128, THREADS = 256, SIDE = TILE / 32;
// Rows of scores start 8 banks apart: what four rows of a fragment write falls into different banks.
constexpr int SCORE_STRIDE = TILE + 8;

#if SINGLE
// Coordinates of a head that are in shared memory at once.
constexpr int SLICE = 32, ROW_STRIDE = SLICE + 1;
#else
constexpr int ROW_STRIDE = HEAD_STRIDE;
#endif

template <bool VALUE> struct Flag {
    static constexpr bool value = VALUE;
};

struct Sums {
    float p, s, s2, h;
};

// Block (head, part of a walk, text).
extern "C" __global__ void __launch_bounds__(THREADS, HEAD_DIM <= 64 ? 2 : 1)
diagonals(const Element* q, const Element* k, const float* log_sums, const float* slopes, float* by_lag, float* by_row, float* rows_out,
          int q_text, int q_token, int q_head, int k_text, int k_token, int k_head,
          int lag_low, int lag_high, int tokens, int heads, int shared_by, float scale, float cap,
          int first_head, int first_row, int first_walk, int parts, int spectrum_row, int spectrum_lags) {
    extern __shared__ __align__(16) Element shared[];
    Element* queries = shared;
    Element* keys = queries + TILE * ROW_STRIDE;
    float* scores = (float*)(keys + TILE * ROW_STRIDE);
    float* row_logs = scores + TILE * SCORE_STRIDE;

    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int walk = first_walk + (int)blockIdx.y / parts, part = blockIdx.y % parts;
    const int head = first_head + blockIdx.x, text = blockIdx.z;
    const int tiles = (tokens + TILE - 1) / TILE;
    const int length = (tiles + parts - 1) / parts;
    // Tile rows of this part of the walk; the key tile is `walk` before.
    const int start = max(max(walk, 0), max(first_row / TILE, part * length));
    const int end = min(min(tiles, tiles + walk), (part + 1) * length);

    q += (i64)text * q_text + (i64)head * q_head;
    k += (i64)text * k_text + (i64)(head / shared_by) * k_head;
    log_sums += ((i64)text * heads + head) * tokens;

    // This thread's lags, and whether any query sees so far.
    const int t = threadIdx.x % TILE, upper = threadIdx.x / TILE;
    const int lag_below = walk * TILE + t, lag_above = lag_below - TILE;
    const bool below_seen = lag_below >= lag_low && lag_below < lag_high;
    const bool above_seen = lag_above >= lag_low && lag_above < lag_high;
#if ALIBI
    const float slope = slopes[head] * LOG2_E;
    const float bias_below = slope * lag_below, bias_above = slope * lag_above;
#else
    const float bias_below = 0.0f, bias_above = 0.0f;
#endif
#if SOFT_CAP
    const float to_log2 = LOG2_E;
#else
    const float to_log2 = scale * LOG2_E;
#endif
#if SPECTRA
    const bool store_below = below_seen && lag_below >= 0 && lag_below < spectrum_lags;
    const bool store_above = above_seen && lag_above >= 0 && lag_above < spectrum_lags;
    rows_out += ((i64)text * gridDim.x + blockIdx.x) * (tokens - spectrum_row) * spectrum_lags;
    const bool any_stored = (walk - 1) * TILE < spectrum_lags;
#else
    const bool store_below = false, store_above = false, any_stored = false;
#endif

    Sums below = {}, above = {};
    float sink = 0.0f;

    // The whole head in the background; in f32 slices are copied as they are used.
    auto copy_tile = [&](int row_tile) {
#if !SINGLE
        copy_rows<TILE, THREADS>(queries, q, q_token, row_tile * TILE, tokens);
        copy_rows<TILE, THREADS>(keys, k, k_token, (row_tile - walk) * TILE, tokens);
        copies_commit();
#endif
    };
    if (start < end) copy_tile(start);

    for (int row_tile = start; row_tile < end; row_tile++) {
        const int first = row_tile * TILE, first_key = (row_tile - walk) * TILE;
        copies_wait();
        __syncthreads();
        if (threadIdx.x < TILE) row_logs[threadIdx.x] = first + threadIdx.x < tokens ? log_sums[first + threadIdx.x] : 0.0f;

#if SINGLE
        // A thread has rows y, y + 16, ... and columns x, x + 16, ...
        {
            const int x = threadIdx.x % 16, y = threadIdx.x / 16;
            float c[8][8] = {};
            for (int slice = 0; slice < HEAD_DIM; slice += SLICE) {
                __syncthreads();
                for (int at = threadIdx.x; at < TILE * SLICE; at += THREADS) {
                    const int row = at / SLICE, d = slice + at % SLICE;
                    const bool in_head = d < HEAD_DIM;
                    queries[row * ROW_STRIDE + at % SLICE] = in_head && first + row < tokens ? q[(i64)(first + row) * q_token + d] : 0.0f;
                    keys[row * ROW_STRIDE + at % SLICE] = in_head && first_key + row < tokens ? k[(i64)(first_key + row) * k_token + d] : 0.0f;
                }
                __syncthreads();
                for (int d = 0; d < SLICE; d++) {
                    float a[8], b[8];
#pragma unroll
                    for (int i = 0; i < 8; i++) a[i] = queries[(y + 16 * i) * ROW_STRIDE + d], b[i] = keys[(x + 16 * i) * ROW_STRIDE + d];
#pragma unroll
                    for (int i = 0; i < 8; i++)
#pragma unroll
                        for (int j = 0; j < 8; j++) c[i][j] += a[i] * b[j];
                }
            }
#pragma unroll
            for (int i = 0; i < 8; i++)
#pragma unroll
                for (int j = 0; j < 8; j++) {
#if SOFT_CAP
                    c[i][j] = soft_cap(c[i][j] * scale, cap);
#endif
                    scores[(y + 16 * i) * SCORE_STRIDE + x + 16 * j] = c[i][j];
                }
        }
#else
        // Warps in four rows and two columns, each 32 queries by 64 keys.
        {
            const int band = warp / 2 * 32, column = warp % 2 * 64;
            float c[2][8][4] = {};
#pragma unroll
            for (int step = 0; step < HEAD_PADDED / 16; step++) {
                u32 a[2][4];
#pragma unroll
                for (int m = 0; m < 2; m++)
                    load_matrices(a[m], shared_address(queries + (band + m * 16 + lane % 16) * HEAD_STRIDE
                                                       + step * 16 + lane / 16 * 8));
#pragma unroll
                for (int n = 0; n < 4; n++) {
                    u32 b[4];
                    load_matrices(b, shared_address(keys + (column + n * 16 + lane % 8 + lane / 16 * 8) * HEAD_STRIDE
                                                    + step * 16 + lane / 8 % 2 * 8));
#pragma unroll
                    for (int m = 0; m < 2; m++) {
                        multiply_add(c[m][2 * n], a[m], b[0], b[1]);
                        multiply_add(c[m][2 * n + 1], a[m], b[2], b[3]);
                    }
                }
            }
#pragma unroll
            for (int m = 0; m < 2; m++)
#pragma unroll
                for (int n = 0; n < 8; n++)
#pragma unroll
                    for (int half = 0; half < 2; half++) {
                        float2 pair = {c[m][n][2 * half], c[m][n][2 * half + 1]};
#if SOFT_CAP
                        pair.x = soft_cap(pair.x * scale, cap), pair.y = soft_cap(pair.y * scale, cap);
#endif
                        *(float2*)(scores + (band + m * 16 + half * 8 + lane / 4) * SCORE_STRIDE + column + n * 8 + lane % 4 * 2) = pair;
                    }
        }
#endif
        __syncthreads();
        if (row_tile + 1 < end) copy_tile(row_tile + 1);

        const int low = max(first_row - first, 0), high = min(tokens - first, TILE);
        const int columns = min(tokens - first_key, TILE);
        // Where nothing is stored, what stores is left out of the compiled loops.
        const bool storing = SPECTRA && any_stored && first >= spectrum_row;
        const bool cut = SPECTRA && any_stored && first < spectrum_row && first + TILE > spectrum_row;
        const bool whole = low == 0 && high == TILE && columns == TILE;

        // What a row is given to the spectra, at the lag of this thread.
        const i64 row_place = (i64)(first - spectrum_row) * spectrum_lags;
        float* to_below = rows_out + row_place + lag_below;
        float* to_above = rows_out + row_place + lag_above;
        // 32 rows from `block` on, into one of the two lags.
        auto add_block = [&](auto stored, int block, Sums& sums, int column_shift, float bias, float* to, bool store) {
            const float* from = scores + block * 32 * SCORE_STRIDE + block * 32 - t + column_shift;
            to += (i64)block * 32 * spectrum_lags;
            Sums local = {};
            float4 logs;
#pragma unroll
            for (int r = 0; r < 32; r++) {
                if (r % 4 == 0) logs = *(const float4*)(row_logs + block * 32 + r);
                const float x = from[r * (SCORE_STRIDE + 1)];
                const float log = r % 4 == 0 ? logs.x : r % 4 == 1 ? logs.y : r % 4 == 2 ? logs.z : logs.w;
                const float l = x * to_log2 - (ALIBI ? log + bias : log);
                const float p = exp2_fast(l);
                local.p += p, local.s += x, local.s2 += x * x, local.h += p * l;
                if (stored.value) {
                    if (store) *to = p;
                    to += spectrum_lags;
                }
            }
            sums.p += local.p, sums.s += local.s, sums.s2 += local.s2, sums.h += local.h;
        };
        // The same where the rows below and above meet: row r of the block is below for the lanes up to r.
        auto add_turning = [&](auto stored, int block) {
            const float* from = scores + block * 32 * SCORE_STRIDE + block * 32 - t;
            i64 down = (i64)block * 32 * spectrum_lags;
            Sums one = {}, other = {};
            float4 logs;
#pragma unroll
            for (int r = 0; r < 32; r++) {
                if (r % 4 == 0) logs = *(const float4*)(row_logs + block * 32 + r);
                const bool is_below = r >= lane;
                const float x = from[r * (SCORE_STRIDE + 1) + (is_below ? 0 : TILE)];
                const float log = r % 4 == 0 ? logs.x : r % 4 == 1 ? logs.y : r % 4 == 2 ? logs.z : logs.w;
                const float l = x * to_log2 - (ALIBI ? log + (is_below ? bias_below : bias_above) : log);
                const float p = exp2_fast(l);
                if (is_below) one.p += p, one.s += x, one.s2 += x * x, one.h += p * l;
                else other.p += p, other.s += x, other.s2 += x * x, other.h += p * l;
                if (stored.value) {
                    if (is_below ? store_below : store_above) (is_below ? to_below : to_above)[down] = p;
                    down += spectrum_lags;
                }
            }
            below.p += one.p, below.s += one.s, below.s2 += one.s2, below.h += one.h;
            above.p += other.p, above.s += other.s, above.s2 += other.s2, above.h += other.h;
        };
        // The same in a tile of which some rows or columns do not count, or some rows have no spectrum.
        auto add_some = [&](int block) {
            Sums one = {}, other = {};
#pragma unroll 1
            for (int row = max(low, block * 32); row < min(high, block * 32 + 32); row++) {
                const bool is_below = row >= t;
                const int column = is_below ? row - t : row - t + TILE;
                if (column >= columns) continue;
                const float x = scores[row * SCORE_STRIDE + column];
                const float l = x * to_log2 - (row_logs[row] + (is_below ? bias_below : bias_above));
                const float p = exp2_fast(l);
                if (is_below) one.p += p, one.s += x, one.s2 += x * x, one.h += p * l;
                else other.p += p, other.s += x, other.s2 += x * x, other.h += p * l;
                if (first + row >= spectrum_row && (is_below ? store_below : store_above))
                    (is_below ? to_below : to_above)[(i64)row * spectrum_lags] = p;
            }
            below.p += one.p, below.s += one.s, below.s2 += one.s2, below.h += one.h;
            above.p += other.p, above.s += other.s, above.s2 += other.s2, above.h += other.h;
        };
        auto add = [&](auto stored, int block, int turning) {
            if (block == turning) add_turning(stored, block);
            else if (block > turning) add_block(stored, block, below, 0, bias_below, to_below, store_below);
            else add_block(stored, block, above, TILE, bias_above, to_above, store_above);
        };
        const int turning = t / 32;
#pragma unroll 1
        for (int block = upper * (SIDE / 2); block < (upper + 1) * (SIDE / 2); block++) {
            if (!whole || cut) add_some(block);
            else if (storing) add(Flag<true>(), block, turning);
            else add(Flag<false>(), block, turning);
        }

        // Key 0 is in the first tile of a walk along or below the diagonal.
        if (first_key == 0 && warp == 0) {
            for (int row = lane; row < TILE; row += 32) {
                const int lag = first + row;
                if (row < low || row >= high || lag < lag_low || lag >= lag_high) continue;
                float l = scores[row * SCORE_STRIDE] * to_log2 - row_logs[row];
#if ALIBI
                l -= slope * lag;
#endif
                sink += exp2_fast(l);
            }
        }
        __syncthreads();
    }

    // The two halves of the rows, then the entropies of all threads.
    Sums* halves = (Sums*)scores;
    if (upper) halves[2 * t] = below, halves[2 * t + 1] = above;
    __syncthreads();
    const i64 place = ((i64)text * gridDim.x + blockIdx.x) * gridDim.y + blockIdx.y;
    float entropy = 0.0f;
    if (!upper) {
        const Sums b = halves[2 * t], a = halves[2 * t + 1];
        below.p += b.p, below.s += b.s, below.s2 += b.s2, below.h += b.h;
        above.p += a.p, above.s += a.s, above.s2 += a.s2, above.h += a.h;
        float* to = by_lag + place * 6 * TILE + t;
        to[0] = below.p, to[TILE] = below.s, to[2 * TILE] = below.s2;
        to[3 * TILE] = above.p, to[4 * TILE] = above.s, to[5 * TILE] = above.s2;
        entropy = (below_seen ? below.h : 0.0f) + (above_seen ? above.h : 0.0f);
    }
    for (int step = 16; step > 0; step /= 2) {
        entropy += __shfl_xor_sync(~0u, entropy, step);
        sink += __shfl_xor_sync(~0u, sink, step);
    }
    float* warps = row_logs;
    if (lane == 0) warps[warp] = entropy;
    __syncthreads();
    if (threadIdx.x == 0) {
        by_row[place * 2] = -(warps[0] + warps[1] + warps[2] + warps[3]) / LOG2_E;
        by_row[place * 2 + 1] = sink;
    }
}

// The sums of all walks, added in f64 in a fixed order: one thread for each lag, one more for the rows.
// Block (x, head, text); out_lags is [text][head][3][lags], out_rows [text][head][2].
extern "C" __global__ void gather(const float* by_lag, const float* by_row, double* out_lags, double* out_rows,
                                  int lag_low, int lag_high, int first_lag, int lags, int heads, int first_head,
                                  int first_walk, int walks, int parts, float scale) {
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    const i64 place = (i64)blockIdx.z * gridDim.y + blockIdx.y;
    const i64 out = (i64)blockIdx.z * heads + first_head + blockIdx.y;
    by_lag += place * walks * parts * 6 * TILE;
    by_row += place * walks * parts * 2;
    if (at < lags) {
        const int lag = first_lag + at;
        const int slot = lag >= 0 ? lag / TILE : -((TILE - 1 - lag) / TILE), t = lag - slot * TILE;
        double p = 0.0, s = 0.0, s2 = 0.0;
        if (lag >= lag_low && lag < lag_high)
            for (int half = 0; half < 2; half++) {
                const int walk = slot + half - first_walk;
                if (walk < 0 || walk >= walks) continue;
                for (int part = 0; part < parts; part++) {
                    const float* from = by_lag + ((i64)walk * parts + part) * 6 * TILE + 3 * half * TILE + t;
                    p += from[0], s += from[TILE], s2 += from[2 * TILE];
                }
            }
        out_lags[(3 * out + 0) * lags + at] = p;
        out_lags[(3 * out + 1) * lags + at] = s * scale;
        out_lags[(3 * out + 2) * lags + at] = s2 * scale * scale;
    } else if (at == lags) {
        double entropy = 0.0, sink = 0.0;
        for (int block = 0; block < walks * parts; block++) entropy += by_row[2 * block], sink += by_row[2 * block + 1];
        out_rows[2 * out] = entropy;
        out_rows[2 * out + 1] = sink;
    }
}
