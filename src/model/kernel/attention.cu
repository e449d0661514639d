// Attention of one block of queries of one head: softmax over the keys that they see, times values.
//
// Keys and values come in blocks through two stages of shared memory. Products run on tensor cores
// with f32 sums; a running maximum and sum per row make one pass enough. Probabilities are rounded
// to the inputs' type before they meet the values; their sum is not.

#if HEAD_DIM <= 64
constexpr int WARPS = 4, BANDS = 2;
#else
constexpr int WARPS = 8, BANDS = 1;
#endif
constexpr int QUERIES = WARPS * BANDS * 16, KEYS = 64;
// Registers hold the queries of a warp while there is room.
constexpr bool QUERIES_STAY = HEAD_DIM <= 128;

extern "C" __global__ void __launch_bounds__(WARPS * 32)
attend(const u16* q, const u16* k, const u16* v, u16* mixed, float* log_sums, const float* slopes,
       int q_text, int q_token, int q_head, int k_text, int k_token, int k_head, int v_text, int v_token, int v_head,
       int lag_low, int lag_high, int tokens, int heads, int shared_by, float scale, float cap) {
    extern __shared__ __align__(16) u16 shared[];
    u16* queries = shared;
    u16* stages = shared + QUERIES * HEAD_STRIDE;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int group = lane / 4, pair = lane % 4;
    const int head = blockIdx.x, text = blockIdx.z;
    // Late queries see the most keys and go first, those of all heads.
    const int first = (gridDim.y - 1 - blockIdx.y) * QUERIES;
    const int last = min(first + QUERIES, tokens) - 1;

    q += (i64)text * q_text + (i64)head * q_head;
    k += (i64)text * k_text + (i64)(head / shared_by) * k_head;
    v += (i64)text * v_text + (i64)(head / shared_by) * v_head;

    const int key_start = max(0, first - lag_high + 1) / KEYS * KEYS;
    const int key_end = min(tokens, last - lag_low + 1);

    copy_rows<QUERIES, WARPS * 32>(queries, q, q_token, first, tokens);
    auto copy_stage = [&](int stage, int key) {
        u16* to = stages + stage * 2 * KEYS * HEAD_STRIDE;
        copy_rows<KEYS, WARPS * 32>(to, k, k_token, key, tokens);
        copy_rows<KEYS, WARPS * 32>(to + KEYS * HEAD_STRIDE, v, v_token, key, tokens);
        copies_commit();
    };
    copy_stage(0, key_start);

    float mix[BANDS][HEAD_PADDED / 8][4] = {};
    float most[BANDS][2], sum[BANDS][2];
#pragma unroll
    for (int band = 0; band < BANDS; band++)
#pragma unroll
        for (int half = 0; half < 2; half++) most[band][half] = -1e30f, sum[band][half] = 0.0f;
    u32 own[BANDS][QUERIES_STAY ? HEAD_PADDED / 16 : 1][4];
    u16* own_rows = queries + warp * BANDS * 16 * HEAD_STRIDE;
    auto query_address = [&](int band, int step) {
        return shared_address(own_rows + (band * 16 + lane % 16) * HEAD_STRIDE + step * 16 + lane / 16 * 8);
    };
#if ALIBI
    const float slope = slopes[head] * LOG2_E;
#endif
#if ALIBI || SOFT_CAP
    const float to_log2 = 1.0f;
#else
    const float to_log2 = scale * LOG2_E;
#endif

    int stage = 0;
    for (int key = key_start; key < key_end; key += KEYS, stage ^= 1) {
        copies_wait();
        __syncthreads();
        if (QUERIES_STAY && key == key_start) {
#pragma unroll
            for (int band = 0; band < BANDS; band++)
#pragma unroll
                for (int step = 0; step < HEAD_PADDED / 16; step++)
                    load_matrices(own[band][QUERIES_STAY ? step : 0], query_address(band, step));
        }
        if (key + KEYS < key_end) copy_stage(stage ^ 1, key + KEYS);
        const u16* keys = stages + stage * 2 * KEYS * HEAD_STRIDE;
        const u16* values = keys + KEYS * HEAD_STRIDE;

        float s[BANDS][KEYS / 8][4] = {};
#pragma unroll
        for (int step = 0; step < HEAD_PADDED / 16; step++) {
            if (!QUERIES_STAY)
#pragma unroll
                for (int band = 0; band < BANDS; band++) load_matrices(own[band][0], query_address(band, step));
#pragma unroll
            for (int n = 0; n < KEYS / 16; n++) {
                u32 b[4];
                load_matrices(b, shared_address(keys + (n * 16 + lane % 8 + lane / 16 * 8) * HEAD_STRIDE
                                                + step * 16 + lane / 8 % 2 * 8));
#pragma unroll
                for (int band = 0; band < BANDS; band++) {
                    const u32 (&a)[4] = own[band][QUERIES_STAY ? step : 0];
                    multiply_add(s[band][2 * n], a, b[0], b[1]);
                    multiply_add(s[band][2 * n + 1], a, b[2], b[3]);
                }
            }
        }

        const bool all_seen = first - (key + KEYS - 1) >= lag_low && first + QUERIES - 1 - key < lag_high
                              && key + KEYS <= tokens;
        auto each_score = [&](auto change) {
#pragma unroll
            for (int band = 0; band < BANDS; band++)
#pragma unroll
                for (int n = 0; n < KEYS / 8; n++)
#pragma unroll
                    for (int e = 0; e < 4; e++) {
                        const int column = key + n * 8 + pair * 2 + e % 2;
                        change(s[band][n][e], first + (warp * BANDS + band) * 16 + e / 2 * 8 + group - column, column);
                    }
        };
#if ALIBI || SOFT_CAP
        each_score([&](float& x, int lag, int column) {
#if SOFT_CAP
            x = soft_cap(x * scale, cap) * LOG2_E;
#else
            x *= scale * LOG2_E;
#endif
#if ALIBI
            x -= slope * (float)lag;
#endif
        });
#endif
        if (!all_seen)
            each_score([&](float& x, int lag, int column) {
                if (lag < lag_low || lag >= lag_high || column >= tokens) x = __int_as_float(0xff800000);
            });
#pragma unroll
        for (int band = 0; band < BANDS; band++) {
#pragma unroll
            for (int half = 0; half < 2; half++) {
                float top = most[band][half];
#pragma unroll
                for (int n = 0; n < KEYS / 8; n++)
                    top = fmaxf(top, fmaxf(s[band][n][2 * half], s[band][n][2 * half + 1]));
                top = fmaxf(top, __shfl_xor_sync(~0u, top, 1));
                top = fmaxf(top, __shfl_xor_sync(~0u, top, 2));
                const float shrink = exp2_fast((most[band][half] - top) * to_log2);
                most[band][half] = top;
                const float origin = top * to_log2;
                float more = 0.0f;
#pragma unroll
                for (int n = 0; n < KEYS / 8; n++)
#pragma unroll
                    for (int e = 2 * half; e < 2 * half + 2; e++) {
                        s[band][n][e] = exp2_fast(s[band][n][e] * to_log2 - origin);
                        more += s[band][n][e];
                    }
                sum[band][half] = sum[band][half] * shrink + more;
                // The maximum of a row settles soon.
                if (__any_sync(~0u, shrink != 1.0f))
#pragma unroll
                    for (int d = 0; d < HEAD_PADDED / 8; d++) mix[band][d][2 * half] *= shrink, mix[band][d][2 * half + 1] *= shrink;
            }
        }

#pragma unroll
        for (int step = 0; step < KEYS / 16; step++) {
            u32 a[BANDS][4];
#pragma unroll
            for (int band = 0; band < BANDS; band++) {
                const float (&left)[4] = s[band][2 * step], (&right)[4] = s[band][2 * step + 1];
                a[band][0] = pack(left[0], left[1]), a[band][1] = pack(left[2], left[3]);
                a[band][2] = pack(right[0], right[1]), a[band][3] = pack(right[2], right[3]);
            }
#pragma unroll
            for (int d = 0; d < HEAD_PADDED / 16; d++) {
                u32 b[4];
                load_matrices_transposed(b, shared_address(values + (step * 16 + lane % 16) * HEAD_STRIDE
                                                           + d * 16 + lane / 16 * 8));
#pragma unroll
                for (int band = 0; band < BANDS; band++) {
                    multiply_add(mix[band][2 * d], a[band], b[0], b[1]);
                    multiply_add(mix[band][2 * d + 1], a[band], b[2], b[3]);
                }
            }
        }
    }

    // A warp's own rows of the queries are read by itself alone, and now take its results.
    __syncwarp();
#pragma unroll
    for (int band = 0; band < BANDS; band++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float total = sum[band][half];
            total += __shfl_xor_sync(~0u, total, 1);
            total += __shfl_xor_sync(~0u, total, 2);
            const int local = band * 16 + half * 8 + group;
            const int row = first + warp * BANDS * 16 + local;
            const float share = 1.0f / total;
#pragma unroll
            for (int d = 0; d < HEAD_PADDED / 8; d++)
                *(u32*)(own_rows + local * HEAD_STRIDE + d * 8 + pair * 2)
                    = pack(mix[band][d][2 * half] * share, mix[band][d][2 * half + 1] * share);
            if (pair == 0 && row < tokens)
                log_sums[((i64)text * heads + head) * tokens + row] = most[band][half] * to_log2 + log2_fast(total);
        }
    __syncwarp();
    for (int at = lane; at < BANDS * 16 * (HEAD_DIM / 8); at += 32) {
        const int local = at / (HEAD_DIM / 8), piece = at % (HEAD_DIM / 8);
        const int row = first + warp * BANDS * 16 + local;
        if (row < tokens)
            *(uint4*)(mixed + (((i64)text * tokens + row) * heads + head) * HEAD_DIM + piece * 8)
                = *(const uint4*)(own_rows + local * HEAD_STRIDE + piece * 8);
    }
}
