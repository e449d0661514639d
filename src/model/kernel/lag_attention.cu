// Causal attention with a term for each lag, forward and backward: the scores of query m and key n are
// scale (q_m k_n + q_m P_{m-n}) + b_{m-n}. No score is ever in device memory.
//
// All is cut into tiles of 64. The lags of a tile of queries and a tile of keys lie in two blocks of 64,
// so q P is a product with a tile, like q k. What stands at a query and a lag belongs at a query and a
// key: in row r of a tile it moves by r columns (a shear). It goes through shared memory, and only the
// warp that has the row reads it. docs/wavelet-attention.md has the formulas.
//
// KERNEL and BIAS say which of P and b there are. HEAD_DIM is a multiple of 16, at most 128. A bias is in
// units of log 2.

constexpr int TILE = 64, STEPS = HEAD_DIM / 16;
constexpr int TILE_SIZE = TILE * HEAD_STRIDE;
// A row of weights in shared memory: eight rows start in eight different groups of banks.
constexpr int WEIGHT_STRIDE = TILE + 8;

extern __shared__ __align__(16) u16 shared[];

#define FOR(i, count) _Pragma("unroll") for (int i = 0; i < (count); i++)

// Elements of this many texts, tokens and heads.
struct Stride {
    int text, token, head;
};

DEVICE const u16* at_head(const u16* x, Stride stride, int text, int head) {
    return x + (i64)text * stride.text + (i64)head * stride.head;
}

DEVICE float widen_element(u16 x) {
#if HALF
    return widen(f16{x});
#else
    return widen(bf16{x});
#endif
}

// 16 rows, by one warp.
DEVICE void copy_own(u16* to, const u16* head, int token_stride, int first, int tokens) {
    constexpr int PIECES = HEAD_DIM / 8;
    for (int at = threadIdx.x % 32; at < 16 * PIECES; at += 32) {
        const int row = at / PIECES, piece = at % PIECES;
        const bool inside = first + row < tokens;
        copy_piece(shared_address(to + row * HEAD_STRIDE + piece * 8),
                   inside ? head + (i64)(first + row) * token_stride + piece * 8 : head, inside);
    }
}

// Left operands: 16 rows from shared memory.
DEVICE void load_left(u32 (&a)[STEPS][4], const u16* rows) {
    const int lane = threadIdx.x % 32;
    FOR(step, STEPS) load_matrices(a[step], shared_address(rows + lane % 16 * HEAD_STRIDE + step * 16 + lane / 16 * 8));
}

// c[r][n] += sum_d a[r][d] rows[n][d], for 16 columns n.
DEVICE void add_dots(float (&left)[4], float (&right)[4], const u32 (&a)[STEPS][4], const u16* rows) {
    const int lane = threadIdx.x % 32;
    FOR(step, STEPS) {
        u32 b[4];
        load_matrices(b, shared_address(rows + (lane % 8 + lane / 16 * 8) * HEAD_STRIDE + step * 16 + lane / 8 % 2 * 8));
        multiply_add(left, a[step], b[0], b[1]);
        multiply_add(right, a[step], b[2], b[3]);
    }
}

// c[r][n] += sum_d a[r][d] rows[n][d], for the columns of a tile.
DEVICE void add_tile(float (&c)[TILE / 8][4], const u32 (&a)[STEPS][4], const u16* rows) {
    const int lane = threadIdx.x % 32;
    FOR(step, STEPS)
    FOR(n, TILE / 16) {
        u32 b[4];
        load_matrices(b, shared_address(rows + (n * 16 + lane % 8 + lane / 16 * 8) * HEAD_STRIDE + step * 16
                                        + lane / 8 % 2 * 8));
        multiply_add(c[2 * n], a[step], b[0], b[1]);
        multiply_add(c[2 * n + 1], a[step], b[2], b[3]);
    }
}

// c[r][d] += sum_n a[r][n] rows[n][d], for 16 rows n.
DEVICE void add_mixed(float (&c)[HEAD_DIM / 8][4], const u32 (&a)[4], const u16* rows) {
    const int lane = threadIdx.x % 32;
    FOR(d, HEAD_DIM / 16) {
        u32 b[4];
        load_matrices_transposed(b, shared_address(rows + lane % 16 * HEAD_STRIDE + d * 16 + lane / 16 * 8));
        multiply_add(c[2 * d], a, b[0], b[1]);
        multiply_add(c[2 * d + 1], a, b[2], b[3]);
    }
}

// 16 columns of weights, rounded, as a left operand.
DEVICE void pack_left(u32 (&a)[4], const float (&left)[4], const float (&right)[4]) {
    a[0] = pack(left[0], left[1]), a[1] = pack(left[2], left[3]);
    a[2] = pack(right[0], right[1]), a[3] = pack(right[2], right[3]);
}

// 16 rows times a factor, rounded, from the registers of a warp to memory by way of its shared memory.
DEVICE void store_own(u16* to, int token_stride, int rows, u16* own, const float (&c)[HEAD_DIM / 8][4], float upper,
                      float lower) {
    const int lane = threadIdx.x % 32;
    __syncwarp();
    FOR(d, HEAD_DIM / 8) {
        u16* at = own + lane / 4 * HEAD_STRIDE + d * 8 + lane % 4 * 2;
        *(u32*)at = pack(c[d][0] * upper, c[d][1] * upper);
        *(u32*)(at + 8 * HEAD_STRIDE) = pack(c[d][2] * lower, c[d][3] * lower);
    }
    __syncwarp();
    for (int at = lane; at < 16 * (HEAD_DIM / 8); at += 32) {
        const int row = at / (HEAD_DIM / 8), piece = at % (HEAD_DIM / 8);
        if (row < rows)
            *(uint4*)(to + (i64)row * token_stride + piece * 8) = *(const uint4*)(own + row * HEAD_STRIDE + piece * 8);
    }
}

// The bias at a lag; what is beyond the table is never seen.
DEVICE float bias_at(const float* bias, int lag, int tokens) {
    return __ldg(bias + min(max(lag, 0), tokens - 1));
}

// Rows of queries walk along the keys, and so down the lags.
//
// A row r of a tile, whose keys c = 0 .. 63 are at the lags base + r - c, wants the lags below base for
// c > r, and those from base on for c <= r: the block of lags below base is new with each tile of keys,
// and of the block above only what the tile before left over is needed. Both are in one ring of 64
// places for each row, at place (c - r - 1) mod 64 and turned by `turn`, for which no two lanes meet in a
// bank, in one of the two directions at least.

// Groups of four warps take a tile of queries each.
constexpr int GROUPS = HEAD_DIM <= 64 ? 1 : 2;
constexpr int WALKERS = GROUPS * 4;
// A warp's own shared memory takes its queries, then the ring of its 16 rows, then its results.
constexpr int OWN = 16 * (HEAD_STRIDE > 2 * TILE ? HEAD_STRIDE : 2 * TILE);

struct Ring {
    float* rows;
    // Of this lane's upper row within the tile.
    int row;

    __device__ __forceinline__ static int turn(int row) {
        return (0xe1e1c0c02121000ull >> row % 8 * 8) & 63;
    }
    __device__ __forceinline__ float* place(int half, int column) const {
        const int r = row + 8 * half;
        return rows + (r % 16) * TILE + ((column - r - 1 + turn(r)) & 63);
    }
    // What a block of lags, descending, times the rows of queries gives.
    __device__ __forceinline__ void put(const float (&f)[TILE / 8][4]) const {
        const int pair = threadIdx.x % 4;
        FOR(n, TILE / 8)
        FOR(half, 2) {
            const int r = row + 8 * half;
            float2* to = (float2*)(rows + (r % 16) * TILE + ((n * 8 + pair * 2 + turn(r)) & 63));
            *to = make_float2(f[n][2 * half], f[n][2 * half + 1]);
        }
    }
    // Adds to the scores up to the row's own column, or beyond it.
    __device__ __forceinline__ void add(float (&s)[TILE / 8][4], bool beyond) const {
        const int pair = threadIdx.x % 4, top = row & ~7;
        FOR(n, TILE / 8) {
            // The same for the warp.
            if (beyond ? n * 8 + 7 <= top : n * 8 > top + 15) continue;
            FOR(e, 4) {
                const int column = n * 8 + pair * 2 + e % 2;
                if ((column > row + e / 2 * 8) == beyond) s[n][e] += *place(e / 2, column);
            }
        }
    }
};

// The tiles that a block of queries reads, and the place of each in shared memory.
template <int LAG_BLOCKS> struct Walk {
    u16 *stages, *blocks;
    const u16 *k, *v, *p;
    int k_token, v_token, p_token, tokens;

    __device__ __forceinline__ u16* keys(int tile) const { return stages + tile % 2 * 2 * TILE_SIZE; }
    __device__ __forceinline__ u16* values(int tile) const { return keys(tile) + TILE_SIZE; }
    __device__ __forceinline__ u16* lags(int block) const { return blocks + block % LAG_BLOCKS * TILE_SIZE; }

    __device__ __forceinline__ void copy(int tile) const {
        copy_rows<TILE, WALKERS * 32>(keys(tile), k, k_token, tile * TILE, tokens);
        copy_rows<TILE, WALKERS * 32>(values(tile), v, v_token, tile * TILE, tokens);
    }
    // The lags of a block, from the last down.
    __device__ __forceinline__ void copy_lags(int block) const {
        constexpr int PIECES = HEAD_DIM / 8;
        if (block < 0) return;
        u16* to = lags(block);
        for (int at = threadIdx.x; at < TILE * PIECES; at += WALKERS * 32) {
            const int row = at / PIECES, piece = at % PIECES, lag = block * TILE + TILE - 1 - row;
            const bool inside = lag < tokens;
            copy_piece(shared_address(to + row * HEAD_STRIDE + piece * 8),
                       inside ? p + (i64)lag * p_token + piece * 8 : p, inside);
        }
    }
};

extern "C" __global__ void __launch_bounds__(WALKERS * 32)
lag_attend(const u16* q, const u16* k, const u16* v, const u16* p, const float* bias, u16* mixed, float* log_sums,
           int q_text, int q_token, int q_head, int k_text, int k_token, int k_head, int v_text, int v_token, int v_head,
           int p_head, int p_token, int bias_head, int tokens, int heads, int shared_by, float scale) {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, group = warp / 4;
    const int head = blockIdx.x, text = blockIdx.z;
    // Late queries see the most keys and go first, those of all heads.
    const int first = (gridDim.y - 1 - blockIdx.y) * GROUPS * TILE, own_first = first + warp * 16;
    u16* own_memory = shared + warp * OWN;
    q = at_head(q, {q_text, q_token, q_head}, text, head);
    k = at_head(k, {k_text, k_token, k_head}, text, head / shared_by);
    v = at_head(v, {v_text, v_token, v_head}, text, head / shared_by);
    u16* stages = shared + WALKERS * OWN;
    const Walk<GROUPS + 1> walk = {stages, stages + 4 * TILE_SIZE, k, v, p + (i64)head * p_head,
                                   k_token, v_token, p_token, tokens};
    bias += (i64)head * bias_head;
    const Ring ring = {(float*)own_memory, warp % 4 * 16 + lane / 4};
    // The tile of keys on the diagonal of this group, which is also its first block of lags.
    const int diagonal = first / TILE + group;
    const int tiles = min(first / TILE + GROUPS, (tokens + TILE - 1) / TILE);

    copy_own(own_memory, q, q_token, own_first, tokens);
    walk.copy(0);
#if KERNEL
    for (int block = first / TILE + GROUPS - 1; block >= first / TILE - 1; block--) walk.copy_lags(block);
#endif
    copies_commit();
    copies_wait();
    __syncthreads();
    u32 own[STEPS][4];
    load_left(own, own_memory);
#if KERNEL
    __syncwarp();
    {
        float f[TILE / 8][4] = {};
        add_tile(f, own, walk.lags(diagonal));
        ring.put(f);
        __syncwarp();
    }
#endif

    float mix[HEAD_DIM / 8][4] = {};
    float most[2] = {-1e30f, -1e30f}, sum[2] = {};
    const float to_log2 = scale * LOG2_E;
    for (int tile = 0; tile < tiles; tile++) {
        copies_wait();
        __syncthreads();
        if (tile + 1 < tiles) {
            walk.copy(tile + 1);
#if KERNEL
            walk.copy_lags(first / TILE - 2 - tile);
#endif
            copies_commit();
        }
        if (tile > diagonal) continue;

        float s[TILE / 8][4] = {};
        add_tile(s, own, walk.keys(tile));
#if KERNEL
        ring.add(s, false);
        if (tile < diagonal) {
            float f[TILE / 8][4] = {};
            add_tile(f, own, walk.lags(diagonal - 1 - tile));
            __syncwarp();
            ring.put(f);
            __syncwarp();
            ring.add(s, true);
        }
#endif
        const int base = (diagonal - tile) * TILE + ring.row - lane % 4 * 2;
        FOR(n, TILE / 8)
        FOR(e, 4) {
            const int lag = base + e / 2 * 8 - n * 8 - e % 2;
#if BIAS
            s[n][e] = s[n][e] * to_log2 + bias_at(bias, lag, tokens);
#else
            s[n][e] *= to_log2;
#endif
            if (tile == diagonal && lag < 0) s[n][e] = __int_as_float(0xff800000);
        }
        FOR(half, 2) {
            float top = most[half];
            FOR(n, TILE / 8) top = fmaxf(top, fmaxf(s[n][2 * half], s[n][2 * half + 1]));
            top = fmaxf(top, __shfl_xor_sync(~0u, top, 1));
            top = fmaxf(top, __shfl_xor_sync(~0u, top, 2));
            const float shrink = exp2_fast(most[half] - top);
            most[half] = top;
            float more = 0.0f;
            FOR(n, TILE / 8)
            FOR(e, 2) more += s[n][2 * half + e] = exp2_fast(s[n][2 * half + e] - top);
            sum[half] = sum[half] * shrink + more;
            // The maximum of a row settles soon.
            if (__any_sync(~0u, shrink != 1.0f))
                FOR(d, HEAD_DIM / 8) mix[d][2 * half] *= shrink, mix[d][2 * half + 1] *= shrink;
        }
        FOR(step, TILE / 16) {
            u32 a[4];
            pack_left(a, s[2 * step], s[2 * step + 1]);
            add_mixed(mix, a, walk.values(tile) + step * 16 * HEAD_STRIDE);
        }
    }

    FOR(half, 2) {
        sum[half] += __shfl_xor_sync(~0u, sum[half], 1);
        sum[half] += __shfl_xor_sync(~0u, sum[half], 2);
        const int row = own_first + half * 8 + lane / 4;
        if (lane % 4 == 0 && row < tokens)
            log_sums[((i64)text * heads + head) * tokens + row] = most[half] + log2_fast(sum[half]);
    }
    store_own(mixed + (((i64)text * tokens + own_first) * heads + head) * HEAD_DIM, heads * HEAD_DIM,
              tokens - own_first, own_memory, mix, 1.0f / sum[0], 1.0f / sum[1]);
}

// The gradient g of the mixed values o times o, of each row: what a row's gradients of scores are short of.
extern "C" __global__ void lag_dots(const u16* o, const u16* g, float* dots, int o_text, int o_token, int o_head,
                                    int g_text, int g_token, int g_head, int tokens, int heads) {
    const int lane = threadIdx.x % 32, row = blockIdx.y * 8 + threadIdx.x / 32;
    const int head = blockIdx.x, text = blockIdx.z;
    if (row >= tokens) return;
    const u16* left = at_head(o, {o_text, o_token, o_head}, text, head) + (i64)row * o_token;
    const u16* right = at_head(g, {g_text, g_token, g_head}, text, head) + (i64)row * g_token;
    float sum = 0.0f;
    for (int d = lane; d < HEAD_DIM; d += 32) sum += widen_element(left[d]) * widen_element(right[d]);
    for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(~0u, sum, step);
    if (lane == 0) dots[((i64)text * heads + head) * tokens + row] = sum;
}

// The gradient of the queries: scale (dS k + dS P), the second by lag. dS goes through a ring like the
// other, from keys to lags, and a block of lags is multiplied when the tile of keys that ends it is done.
extern "C" __global__ void __launch_bounds__(WALKERS * 32)
lag_queries(const u16* q, const u16* k, const u16* v, const u16* p, const float* bias, const u16* g,
            const float* log_sums, const float* dots, u16* of_q, int q_text, int q_token, int q_head, int k_text,
            int k_token, int k_head, int v_text, int v_token, int v_head, int g_text, int g_token, int g_head,
            int p_head, int p_token, int bias_head, int tokens, int heads, int shared_by, float scale) {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, group = warp / 4;
    const int head = blockIdx.x, text = blockIdx.z;
    const int first = (gridDim.y - 1 - blockIdx.y) * GROUPS * TILE, own_first = first + warp * 16;
    u16* own_memory = shared + warp * (OWN + 16 * WEIGHT_STRIDE);
    u16* weights = own_memory + OWN;
    q = at_head(q, {q_text, q_token, q_head}, text, head);
    k = at_head(k, {k_text, k_token, k_head}, text, head / shared_by);
    v = at_head(v, {v_text, v_token, v_head}, text, head / shared_by);
    g = at_head(g, {g_text, g_token, g_head}, text, head);
    u16* stages = shared + WALKERS * (OWN + 16 * WEIGHT_STRIDE);
    const Walk<GROUPS + 2> walk = {stages, stages + 4 * TILE_SIZE, k, v, p + (i64)head * p_head,
                                   k_token, v_token, p_token, tokens};
    bias += (i64)head * bias_head;
    const Ring ring = {(float*)own_memory, warp % 4 * 16 + lane / 4};
    const int diagonal = first / TILE + group;
    const int tiles = min(first / TILE + GROUPS, (tokens + TILE - 1) / TILE);

    u32 own[STEPS][4], own_gradient[STEPS][4];
    copy_own(own_memory, q, q_token, own_first, tokens);
    copies_commit();
    copies_wait();
    __syncwarp();
    load_left(own, own_memory);
    __syncwarp();
    copy_own(own_memory, g, g_token, own_first, tokens);
    walk.copy(0);
#if KERNEL
    for (int block = first / TILE + GROUPS - 1; block >= first / TILE - 1; block--) walk.copy_lags(block);
    for (int at = lane; at < 16 * WEIGHT_STRIDE; at += 32) weights[at] = 0;
#endif
    copies_commit();
    copies_wait();
    __syncthreads();
    load_left(own_gradient, own_memory);
#if KERNEL
    __syncwarp();
    {
        float f[TILE / 8][4] = {};
        add_tile(f, own, walk.lags(diagonal));
        ring.put(f);
        __syncwarp();
    }
#endif
    float log_sum[2], dot[2];
    FOR(half, 2) {
        const int row = own_first + half * 8 + lane / 4;
        const i64 at = ((i64)text * heads + head) * tokens + min(row, tokens - 1);
        log_sum[half] = log_sums[at], dot[half] = dots[at];
    }

    float of_own[HEAD_DIM / 8][4] = {};
    const float to_log2 = scale * LOG2_E;
    for (int tile = 0; tile < tiles; tile++) {
        copies_wait();
        __syncthreads();
        if (tile + 1 < tiles) {
            walk.copy(tile + 1);
#if KERNEL
            walk.copy_lags(first / TILE - 2 - tile);
#endif
            copies_commit();
        }
        if (tile > diagonal) continue;

        float s[TILE / 8][4] = {};
        add_tile(s, own, walk.keys(tile));
#if KERNEL
        ring.add(s, false);
        if (tile < diagonal) {
            float f[TILE / 8][4] = {};
            add_tile(f, own, walk.lags(diagonal - 1 - tile));
            __syncwarp();
            ring.put(f);
            __syncwarp();
            ring.add(s, true);
        }
#endif
        float t[TILE / 8][4] = {};
        add_tile(t, own_gradient, walk.values(tile));
        const int base = (diagonal - tile) * TILE + ring.row - lane % 4 * 2;
        FOR(n, TILE / 8)
        FOR(e, 4) {
            const int lag = base + e / 2 * 8 - n * 8 - e % 2;
            float score = s[n][e] * to_log2 - log_sum[e / 2];
#if BIAS
            score += bias_at(bias, lag, tokens);
#endif
            s[n][e] = lag < 0 ? 0.0f : exp2_fast(score) * (t[n][e] - dot[e / 2]);
        }
        FOR(step, TILE / 16) {
            u32 a[4];
            pack_left(a, s[2 * step], s[2 * step + 1]);
            add_mixed(of_own, a, walk.keys(tile) + step * 16 * HEAD_STRIDE);
        }
#if KERNEL
        const int top = ring.row & ~7;
        auto put_weights = [&](bool beyond) {
            FOR(n, TILE / 8) {
                if (beyond ? n * 8 + 7 <= top : n * 8 > top + 15) continue;
                FOR(e, 4) {
                    const int row = ring.row + e / 2 * 8, column = n * 8 + lane % 4 * 2 + e % 2;
                    if ((column > row) == beyond)
                        weights[row % 16 * WEIGHT_STRIDE + ((column - row - 1) & 63)] = (u16)pack(s[n][e], 0.0f);
                }
            }
        };
        put_weights(false);
        __syncwarp();
        FOR(step, TILE / 16) {
            u32 a[4];
            load_matrices(a, shared_address(weights + lane % 16 * WEIGHT_STRIDE + step * 16 + lane / 16 * 8));
            add_mixed(of_own, a, walk.lags(diagonal - tile) + step * 16 * HEAD_STRIDE);
        }
        __syncwarp();
        put_weights(true);
#endif
    }
    store_own(of_q + (((i64)text * heads + head) * tokens + own_first) * HEAD_DIM, HEAD_DIM, tokens - own_first,
              own_memory, of_own, scale, scale);
}

// Queries walk along a tile that stays: of 64 keys, for their gradients, or of 64 lags.
//
// The map from a query and a key to a query and a lag is its own inverse, n = m - t and t = m - n, so the
// two are one kernel with keys and lags in each other's place: one product is direct, with the tile that
// stays, and the others are with rows that go along with the queries, and are sheared. A warp has 16
// queries, of which column c wants the row base + r - c of those that go along: 80 of them.
constexpr int BAND = 80, BAND_STRIDE = 88;
// A warp's own shared memory takes its band, then its probabilities and gradients of scores, then its results.
constexpr int STAY_OWN_BAND = 16 * BAND_STRIDE * 2;
constexpr int STAY_OWN = STAY_OWN_BAND > 16 * HEAD_STRIDE ? STAY_OWN_BAND : 16 * HEAD_STRIDE;

// c[r][c] += sum_d a[r][d] row[base + r - c][d], of the rows of two tiles.
DEVICE void add_band(float (&c)[TILE / 8][4], const u32 (&a)[STEPS][4], const u16* before, const u16* after, float* own) {
    const int lane = threadIdx.x % 32, group = lane / 4, pair = lane % 4, warp = threadIdx.x / 32;
    __syncwarp();
    FOR(x, BAND / 16) {
        float f[2][4] = {};
        const int row = warp * 16 + x * 16;
        add_dots(f[0], f[1], a, (row < TILE ? before : after) + row % TILE * HEAD_STRIDE);
        FOR(n, 2)
        FOR(half, 2) {
            float2* to = (float2*)(own + (group + 8 * half) * BAND_STRIDE + x * 16 + n * 8 + pair * 2);
            *to = make_float2(f[n][2 * half], f[n][2 * half + 1]);
        }
    }
    __syncwarp();
    FOR(n, TILE / 8)
    FOR(e, 4) {
        const int r = group + e / 2 * 8;
        c[n][e] += own[r * BAND_STRIDE + r + TILE - n * 8 - pair * 2 - e % 2];
    }
}

template <bool TABLES>
DEVICE void stay(const u16* q, const u16* k, const u16* v, const u16* p, const float* bias, const u16* g,
                 const float* log_sums, const float* dots, u16* of_k, u16* of_v, float* of_p, float* of_bias,
                 Stride q_stride, Stride k_stride, Stride v_stride, Stride g_stride, int p_head, int p_token,
                 int bias_head, int tokens, int heads, int shared_by, float scale) {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int text = blockIdx.z, first_tile = blockIdx.y, first = first_tile * TILE;
    const int first_head = TABLES ? blockIdx.x : blockIdx.x * shared_by;
    k = at_head(k, k_stride, text, first_head / shared_by);
    v = at_head(v, v_stride, text, first_head / shared_by);
    u16* own_memory = shared + warp * STAY_OWN;
    u16* direct = shared + 4 * STAY_OWN;
    // Keys: theirs and their values. Lags: theirs.
    u16* direct_values = direct + TILE_SIZE;
    u16* stages = direct + (TABLES ? 1 : 2) * TILE_SIZE;
    u16* along = stages + 4 * TILE_SIZE;
    u16* along_values = along + 3 * TILE_SIZE;

    if (TABLES) {
#if KERNEL
        copy_rows<TILE, 128>(direct, p + (i64)first_head * p_head, p_token, first, tokens);
#endif
    } else {
        copy_rows<TILE, 128>(direct, k, k_stride.token, first, tokens);
        copy_rows<TILE, 128>(direct_values, v, v_stride.token, first, tokens);
    }
    const int count = (tokens + TILE - 1) / TILE - first_tile;
    const int turns = count * (TABLES ? 1 : shared_by);
    auto copy = [&](int turn) {
        const int head = first_head + turn / count, step = turn % count, query = (first_tile + step) * TILE;
        u16* stage = stages + turn % 2 * 2 * TILE_SIZE;
        copy_rows<TILE, 128>(stage, at_head(q, q_stride, text, head), q_stride.token, query, tokens);
        copy_rows<TILE, 128>(stage + TILE_SIZE, at_head(g, g_stride, text, head), g_stride.token, query, tokens);
        if (TABLES) {
            copy_rows<TILE, 128>(along + turn % 3 * TILE_SIZE, k, k_stride.token, step * TILE, tokens);
            copy_rows<TILE, 128>(along_values + turn % 3 * TILE_SIZE, v, v_stride.token, step * TILE, tokens);
        } else {
#if KERNEL
            copy_rows<TILE, 128>(along + turn % 3 * TILE_SIZE, p + (i64)head * p_head, p_token, step * TILE, tokens);
#endif
        }
        copies_commit();
    };
    copy(0);

    float of_direct[HEAD_DIM / 8][4] = {}, of_values[TABLES ? 1 : HEAD_DIM / 8][4] = {};
    float of_columns[TABLES ? TILE / 8 : 1][2] = {};
    const float to_log2 = scale * LOG2_E;
    for (int turn = 0; turn < turns; turn++) {
        copies_wait();
        __syncthreads();
        if (turn + 1 < turns) copy(turn + 1);
        const int head = first_head + turn / count, step = turn % count;
        const u16* queries = stages + turn % 2 * 2 * TILE_SIZE;
        const u16* gradients = queries + TILE_SIZE;
        // Before the first of a head is nothing that is seen.
        const int after = turn % 3 * TILE_SIZE, before = (turn + 2) % 3 * TILE_SIZE;

        u32 own[STEPS][4];
        load_left(own, queries + warp * 16 * HEAD_STRIDE);
        float s[TILE / 8][4] = {};
        if (KERNEL || !TABLES) add_tile(s, own, direct);
        if (KERNEL || TABLES) add_band(s, own, along + before, along + after, (float*)own_memory);
        load_left(own, gradients + warp * 16 * HEAD_STRIDE);
        float t[TILE / 8][4] = {};
        if (TABLES) {
            add_band(t, own, along_values + before, along_values + after, (float*)own_memory);
        } else {
            add_tile(t, own, direct_values);
        }

        float log_sum[2], dot[2];
        FOR(half, 2) {
            const int row = (first_tile + step) * TILE + warp * 16 + half * 8 + lane / 4;
            const i64 at = ((i64)text * heads + head) * tokens + min(row, tokens - 1);
            // A row that is not there has no probability.
            log_sum[half] = row < tokens ? log_sums[at] : 1e30f, dot[half] = dots[at];
        }
        __syncwarp();
        // The key for a lag, or the lag for a key.
        const int base = step * TILE + warp * 16 + lane / 4 - lane % 4 * 2;
        u16* probabilities = own_memory;
        u16* of_scores = own_memory + 16 * WEIGHT_STRIDE;
        FOR(n, TILE / 8)
        FOR(half, 2) {
            float weight[2], change[2];
            FOR(e, 2) {
                const int other = base + half * 8 - n * 8 - e;
                float score = s[n][2 * half + e] * to_log2 - log_sum[half];
#if BIAS
                const int lag = TABLES ? first + n * 8 + lane % 4 * 2 + e : other;
                score += bias_at(bias + (i64)head * bias_head, lag, tokens);
#endif
                weight[e] = other < 0 ? 0.0f : exp2_fast(score);
                change[e] = other < 0 ? 0.0f : weight[e] * (t[n][2 * half + e] - dot[half]);
                if (TABLES) of_columns[TABLES ? n : 0][e] += change[e];
            }
            const int at = (half * 8 + lane / 4) * WEIGHT_STRIDE + n * 8 + lane % 4 * 2;
            if (!TABLES) *(u32*)(probabilities + at) = pack(weight[0], weight[1]);
            *(u32*)(of_scores + at) = pack(change[0], change[1]);
        }
        __syncthreads();
        // 16 columns of the tile that stays, over 16 queries of each warp.
        FOR(from, 4) {
            const u16* theirs = shared + from * STAY_OWN + (lane % 8 + lane / 16 * 8) * WEIGHT_STRIDE + warp * 16
                                + lane / 8 % 2 * 8;
            u32 a[4];
            load_matrices_transposed(a, shared_address(theirs + 16 * WEIGHT_STRIDE));
            add_mixed(of_direct, a, queries + from * 16 * HEAD_STRIDE);
            if constexpr (!TABLES) {
                load_matrices_transposed(a, shared_address(theirs));
                add_mixed(of_values, a, gradients + from * 16 * HEAD_STRIDE);
            }
        }
    }

    const int own_first = first + warp * 16, rows = tokens - own_first;
    __syncthreads();
    if constexpr (!TABLES) {
        const i64 at = (((i64)text * (heads / shared_by) + blockIdx.x) * tokens + own_first) * HEAD_DIM;
        store_own(of_k + at, HEAD_DIM, rows, own_memory, of_direct, scale, scale);
        store_own(of_v + at, HEAD_DIM, rows, own_memory, of_values, 1.0f, 1.0f);
    } else {
        const i64 at = ((i64)text * heads + first_head) * tokens;
#if KERNEL
        FOR(d, HEAD_DIM / 8)
        FOR(half, 2) {
            const int row = half * 8 + lane / 4;
            if (of_p && row < rows)
                *(float2*)(of_p + (at + own_first + row) * HEAD_DIM + d * 8 + lane % 4 * 2)
                    = make_float2(of_direct[d][2 * half] * scale, of_direct[d][2 * half + 1] * scale);
        }
#endif
        // The four warps' sums, one after the other.
        float* sums = (float*)shared;
        FOR(n, TILE / 8)
        FOR(e, 2) {
            float sum = of_columns[n][e];
            for (int step = 4; step < 32; step *= 2) sum += __shfl_xor_sync(~0u, sum, step);
            if (lane < 4) sums[warp * TILE + n * 8 + lane * 2 + e] = sum;
        }
        __syncthreads();
        if (of_bias && threadIdx.x < TILE && first + threadIdx.x < tokens) {
            float sum = 0.0f;
            FOR(from, 4) sum += sums[from * TILE + threadIdx.x];
            of_bias[at + first + threadIdx.x] = sum;
        }
    }
}

// The gradients of keys and values.
extern "C" __global__ void __launch_bounds__(128)
lag_keys(const u16* q, const u16* k, const u16* v, const u16* p, const float* bias, const u16* g, const float* log_sums,
         const float* dots, u16* of_k, u16* of_v, int q_text, int q_token, int q_head, int k_text, int k_token,
         int k_head, int v_text, int v_token, int v_head, int g_text, int g_token, int g_head, int p_head, int p_token,
         int bias_head, int tokens, int heads, int shared_by, float scale) {
    stay<false>(q, k, v, p, bias, g, log_sums, dots, of_k, of_v, 0, 0, {q_text, q_token, q_head},
                {k_text, k_token, k_head}, {v_text, v_token, v_head}, {g_text, g_token, g_head}, p_head, p_token,
                bias_head, tokens, heads, shared_by, scale);
}

// The gradients of P and b by text and head, in f32; null for one that is not wanted.
extern "C" __global__ void __launch_bounds__(128)
lag_tables(const u16* q, const u16* k, const u16* v, const u16* p, const float* bias, const u16* g,
           const float* log_sums, const float* dots, float* of_p, float* of_bias, int q_text, int q_token, int q_head,
           int k_text, int k_token, int k_head, int v_text, int v_token, int v_head, int g_text, int g_token,
           int g_head, int p_head, int p_token, int bias_head, int tokens, int heads, int shared_by, float scale) {
    stay<true>(q, k, v, p, bias, g, log_sums, dots, 0, 0, of_p, of_bias, {q_text, q_token, q_head},
               {k_text, k_token, k_head}, {v_text, v_token, v_head}, {g_text, g_token, g_head}, p_head, p_token,
               bias_head, tokens, heads, shared_by, scale);
}
