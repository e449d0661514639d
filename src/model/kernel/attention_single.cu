// Attention of one block of queries of one head in f32, without tensor cores: what attention.cu
// computes, with products in true f32. A thread has rows y, y + 16, ... and columns x, x + 16, ... of
// the scores and of the result; 16 neighbouring threads share their rows.

constexpr int QUERIES = 64, KEYS = 64, THREADS = 256;
// Odd: the same coordinate of neighbouring rows is in different banks.
constexpr int STRIDE = HEAD_DIM + 1, SCORE_STRIDE = KEYS + 1;
constexpr int COLUMNS = (HEAD_DIM + 15) / 16;

DEVICE void copy_head(float* to, const float* head, int token_stride, int first, int tokens) {
    for (int at = threadIdx.x; at < QUERIES * HEAD_DIM; at += THREADS) {
        const int row = at / HEAD_DIM, d = at % HEAD_DIM;
        to[row * STRIDE + d] = first + row < tokens ? head[(i64)(first + row) * token_stride + d] : 0.0f;
    }
}

extern "C" __global__ void __launch_bounds__(THREADS)
attend(const float* q, const float* k, const float* v, float* mixed, float* log_sums, const float* slopes,
       int q_text, int q_token, int q_head, int k_text, int k_token, int k_head, int v_text, int v_token, int v_head,
       int lag_low, int lag_high, int tokens, int heads, int shared_by, float scale, float cap) {
    extern __shared__ __align__(16) float shared[];
    float* queries = shared;
    float* keys = queries + QUERIES * STRIDE;
    float* values = keys + KEYS * STRIDE;
    float* scores = values + KEYS * STRIDE;
    const int x = threadIdx.x % 16, y = threadIdx.x / 16;
    const int head = blockIdx.x, text = blockIdx.z;
    const int first = (gridDim.y - 1 - blockIdx.y) * QUERIES;
    const int last = min(first + QUERIES, tokens) - 1;
    q += (i64)text * q_text + (i64)head * q_head;
    k += (i64)text * k_text + (i64)(head / shared_by) * k_head;
    v += (i64)text * v_text + (i64)(head / shared_by) * v_head;
#if ALIBI
    const float slope = slopes[head] * LOG2_E;
#endif

    copy_head(queries, q, q_token, first, tokens);
    float mix[4][COLUMNS] = {}, most[4], sum[4] = {};
#pragma unroll
    for (int i = 0; i < 4; i++) most[i] = -1e30f;
    const int key_end = min(tokens, last - lag_low + 1);
    for (int key = max(0, first - lag_high + 1) / KEYS * KEYS; key < key_end; key += KEYS) {
        __syncthreads();
        copy_head(keys, k, k_token, key, tokens);
        copy_head(values, v, v_token, key, tokens);
        __syncthreads();
        float s[4][4] = {};
        for (int d = 0; d < HEAD_DIM; d++) {
            float a[4], b[4];
#pragma unroll
            for (int i = 0; i < 4; i++) a[i] = queries[(y + 16 * i) * STRIDE + d], b[i] = keys[(x + 16 * i) * STRIDE + d];
#pragma unroll
            for (int i = 0; i < 4; i++)
#pragma unroll
                for (int j = 0; j < 4; j++) s[i][j] += a[i] * b[j];
        }
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float top = most[i];
#pragma unroll
            for (int j = 0; j < 4; j++) {
                const int column = key + x + 16 * j, lag = first + y + 16 * i - column;
#if SOFT_CAP
                s[i][j] = soft_cap(s[i][j] * scale, cap) * LOG2_E;
#else
                s[i][j] *= scale * LOG2_E;
#endif
#if ALIBI
                s[i][j] -= slope * (float)lag;
#endif
                if (lag < lag_low || lag >= lag_high || column >= tokens) s[i][j] = __int_as_float(0xff800000);
                top = fmaxf(top, s[i][j]);
            }
            for (int step = 8; step > 0; step /= 2) top = fmaxf(top, __shfl_xor_sync(~0u, top, step));
            const float shrink = exp2_fast(most[i] - top);
            most[i] = top;
            sum[i] *= shrink;
#pragma unroll
            for (int j = 0; j < 4; j++) {
                const float p = exp2_fast(s[i][j] - top);
                sum[i] += p;
                scores[(y + 16 * i) * SCORE_STRIDE + x + 16 * j] = p;
            }
#pragma unroll
            for (int c = 0; c < COLUMNS; c++) mix[i][c] *= shrink;
        }
        // The 16 threads that share these rows are in one warp.
        __syncwarp();
        for (int j = 0; j < KEYS; j++) {
            float p[4];
#pragma unroll
            for (int i = 0; i < 4; i++) p[i] = scores[(y + 16 * i) * SCORE_STRIDE + j];
#pragma unroll
            for (int c = 0; c < COLUMNS; c++) {
                const int d = x + 16 * c;
                const float value = d < HEAD_DIM ? values[j * STRIDE + d] : 0.0f;
#pragma unroll
                for (int i = 0; i < 4; i++) mix[i][c] += p[i] * value;
            }
        }
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
        float total = sum[i];
        for (int step = 8; step > 0; step /= 2) total += __shfl_xor_sync(~0u, total, step);
        const int row = first + y + 16 * i;
        if (row >= tokens) continue;
#pragma unroll
        for (int c = 0; c < COLUMNS; c++) {
            const int d = x + 16 * c;
            if (d < HEAD_DIM) mixed[(((i64)text * tokens + row) * heads + head) * HEAD_DIM + d] = mix[i][c] / total;
        }
        if (x == 0) log_sums[((i64)text * heads + head) * tokens + row] = most[i] + log2_fast(total);
    }
}
