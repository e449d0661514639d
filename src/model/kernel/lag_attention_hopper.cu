// The forward pass of lag_attention.cu for Hopper's tensor cores, of which one instruction takes 64 rows:
// a group of four warps has a tile of queries, and multiplies it from registers with tiles that another
// group brings to shared memory. HEAD_DIM is 64 or 128; not 64 without KERNEL, where ptxas 13.0 gives
// queries and probabilities the same registers.
//
// Two groups have neighbouring tiles of queries. They read the same keys and values at their own pace,
// and the same blocks of lags one tile apart.

typedef unsigned long long u64;

constexpr int TILE = 64, STEPS = HEAD_DIM / 16, PIECES = HEAD_DIM / 8;
// Bytes of a tile: in halves of 64 coordinates, each with rows of 128 bytes.
constexpr u32 HALF_TILE = TILE * 128, TILE_BYTES = HALF_TILE * HEAD_DIM / 64;
// Keys and values, and blocks of lags, that are in shared memory at once.
constexpr int STAGES = 3, BLOCKS = 4;
constexpr int GROUPS = 2, THREADS = GROUPS * 128 + 128;

#if HALF
#define TYPE "f16"
#else
#define TYPE "bf16"
#endif
#define FOR(i, count) _Pragma("unroll") for (int i = 0; i < (count); i++)

extern __shared__ __align__(1024) unsigned char shared[];

// c = a b, 64 x 16 by 16 x 64; b has a row for each column of c.
DEVICE void multiply_first(float (&c)[8][4], const u32 (&a)[4], u64 b) {
    asm volatile(
                "wgmma.mma_async.sync.aligned.m64n64k16.f32." TYPE "." TYPE " "
        "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, "
        "%22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "
        "{%32, %33, %34, %35}, %36, 0, 1, 1, 0;"
        : "=f"(c[0][0]), "=f"(c[0][1]), "=f"(c[0][2]), "=f"(c[0][3]), "=f"(c[1][0]), "=f"(c[1][1]), "=f"(c[1][2]),
          "=f"(c[1][3]), "=f"(c[2][0]), "=f"(c[2][1]), "=f"(c[2][2]), "=f"(c[2][3]), "=f"(c[3][0]), "=f"(c[3][1]),
          "=f"(c[3][2]), "=f"(c[3][3]), "=f"(c[4][0]), "=f"(c[4][1]), "=f"(c[4][2]), "=f"(c[4][3]), "=f"(c[5][0]),
          "=f"(c[5][1]), "=f"(c[5][2]), "=f"(c[5][3]), "=f"(c[6][0]), "=f"(c[6][1]), "=f"(c[6][2]), "=f"(c[6][3]),
          "=f"(c[7][0]), "=f"(c[7][1]), "=f"(c[7][2]), "=f"(c[7][3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}

// c += a b, 64 x 16 by 16 x 64; b has a row for each column of c, or if TRANSPOSED for each of a.
template <int TRANSPOSED> DEVICE void multiply(float (&c)[8][4], const u32 (&a)[4], u64 b) {
    asm volatile(
                "wgmma.mma_async.sync.aligned.m64n64k16.f32." TYPE "." TYPE " "
        "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, "
        "%22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "
        "{%32, %33, %34, %35}, %36, 1, 1, 1, %37;"
        : "+f"(c[0][0]), "+f"(c[0][1]), "+f"(c[0][2]), "+f"(c[0][3]), "+f"(c[1][0]), "+f"(c[1][1]), "+f"(c[1][2]),
          "+f"(c[1][3]), "+f"(c[2][0]), "+f"(c[2][1]), "+f"(c[2][2]), "+f"(c[2][3]), "+f"(c[3][0]), "+f"(c[3][1]),
          "+f"(c[3][2]), "+f"(c[3][3]), "+f"(c[4][0]), "+f"(c[4][1]), "+f"(c[4][2]), "+f"(c[4][3]), "+f"(c[5][0]),
          "+f"(c[5][1]), "+f"(c[5][2]), "+f"(c[5][3]), "+f"(c[6][0]), "+f"(c[6][1]), "+f"(c[6][2]), "+f"(c[6][3]),
          "+f"(c[7][0]), "+f"(c[7][1]), "+f"(c[7][2]), "+f"(c[7][3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "n"(TRANSPOSED));
}

// The same for 128 columns.
template <int TRANSPOSED> DEVICE void multiply(float (&c)[16][4], const u32 (&a)[4], u64 b) {
    asm volatile(
                "wgmma.mma_async.sync.aligned.m64n128k16.f32." TYPE "." TYPE " "
        "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, "
        "%22, %23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, "
        "%42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, "
        "%62, %63}, "
        "{%64, %65, %66, %67}, %68, 1, 1, 1, %69;"
        : "+f"(c[0][0]), "+f"(c[0][1]), "+f"(c[0][2]), "+f"(c[0][3]), "+f"(c[1][0]), "+f"(c[1][1]), "+f"(c[1][2]),
          "+f"(c[1][3]), "+f"(c[2][0]), "+f"(c[2][1]), "+f"(c[2][2]), "+f"(c[2][3]), "+f"(c[3][0]), "+f"(c[3][1]),
          "+f"(c[3][2]), "+f"(c[3][3]), "+f"(c[4][0]), "+f"(c[4][1]), "+f"(c[4][2]), "+f"(c[4][3]), "+f"(c[5][0]),
          "+f"(c[5][1]), "+f"(c[5][2]), "+f"(c[5][3]), "+f"(c[6][0]), "+f"(c[6][1]), "+f"(c[6][2]), "+f"(c[6][3]),
          "+f"(c[7][0]), "+f"(c[7][1]), "+f"(c[7][2]), "+f"(c[7][3]), "+f"(c[8][0]), "+f"(c[8][1]), "+f"(c[8][2]),
          "+f"(c[8][3]), "+f"(c[9][0]), "+f"(c[9][1]), "+f"(c[9][2]), "+f"(c[9][3]), "+f"(c[10][0]), "+f"(c[10][1]),
          "+f"(c[10][2]), "+f"(c[10][3]), "+f"(c[11][0]), "+f"(c[11][1]), "+f"(c[11][2]), "+f"(c[11][3]),
          "+f"(c[12][0]), "+f"(c[12][1]), "+f"(c[12][2]), "+f"(c[12][3]), "+f"(c[13][0]), "+f"(c[13][1]),
          "+f"(c[13][2]), "+f"(c[13][3]), "+f"(c[14][0]), "+f"(c[14][1]), "+f"(c[14][2]), "+f"(c[14][3]),
          "+f"(c[15][0]), "+f"(c[15][1]), "+f"(c[15][2]), "+f"(c[15][3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "n"(TRANSPOSED));
}

// What a product is told of a tile: its address, and how far eight rows are from the next eight, which is
// 1024 bytes; each eight are permuted by 16-byte pieces. Of values, the other half is HALF_TILE away.
DEVICE u64 described(u32 address) {
    return (u64)(address >> 4) | (u64)(HALF_TILE >> 4) << 16 | (u64)(1024 >> 4) << 32 | (u64)1 << 62;
}

DEVICE void products_begin() {
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

DEVICE void products_commit() {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

// All but the last LEFT of the groups of products are done.
template <int LEFT> DEVICE void products_wait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(LEFT) : "memory");
}

// Registers that products write are not read before this.
template <int N> DEVICE void settle(float (&c)[N][4]) {
    FOR(n, N) FOR(e, 4) asm volatile("" : "+f"(c[n][e])::"memory");
}

DEVICE void barrier_init(u32 barrier, int count) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(count) : "memory");
}

// When this thread's copies so far are done.
DEVICE void barrier_arrive_copied(u32 barrier) {
    asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(barrier) : "memory");
}

DEVICE void barrier_arrive(u32 barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}

// Until the phase of this parity is over.
DEVICE void barrier_wait(u32 barrier, int parity) {
    asm volatile(
        "{\n.reg .pred done;\nagain:\nmbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
        "@!done bra again;\n}\n" ::"r"(barrier), "r"(parity) : "memory");
}

// A ring of tiles in shared memory that one group fills and the others read: item n is at n mod SIZE.
template <int SIZE> struct Pipe {
    u32 tiles, bytes, barriers;

    __device__ __forceinline__ u32 tile(int item) const { return tiles + item % SIZE * bytes; }
    __device__ __forceinline__ u32 full(int item) const { return barriers + item % SIZE * 16; }
    __device__ __forceinline__ u32 empty(int item) const { return full(item) + 8; }
    __device__ __forceinline__ void init() const {
        for (int item = 0; item < SIZE; item++) barrier_init(full(item), 128), barrier_init(empty(item), GROUPS * 4);
    }
    // To write.
    __device__ __forceinline__ void acquire(int item) const {
        if (item >= SIZE) barrier_wait(empty(item), (item / SIZE - 1) & 1);
    }
    // To read.
    __device__ __forceinline__ void wait(int item) const {
        barrier_wait(full(item), item / SIZE & 1);
        // Copies wrote, and products read in another way.
        asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    }
    // By each warp that has read.
    __device__ __forceinline__ void release(int item) const {
        if (threadIdx.x % 32 == 0) barrier_arrive(empty(item));
    }
};

// A tile, row by row, as products want it; row_of says which row of memory each is. A row that is not
// there is the last one, which has no weight.
template <typename Rows> DEVICE void bring(u32 tile, const u16* head, int token_stride, int tokens, Rows row_of) {
    constexpr int ROWS = 128 / PIECES;
    const int thread = threadIdx.x - GROUPS * 128, row = thread / PIECES, piece = thread % PIECES;
    const u32 to = tile + piece / 8 * HALF_TILE + row * 128 + ((piece % 8) ^ (row % 8)) * 16;
    head += piece * 8;
    FOR(turn, TILE / ROWS)
    copy_piece(to + turn * ROWS * 128, head + (i64)min(row_of(turn * ROWS, row), tokens - 1) * token_stride, true);
}

// Within a block of lags, which goes down from the last, the lag of row at + row of the tile; at is a
// multiple of 8. A lane of products so gets four lags in a row of each 16, and its writes to the ring
// meet no other lane's bank.
DEVICE int lag_of(int at, int row) {
    return TILE - 1 - (at / 16 * 16 + at / 8 % 2 * 2) - (row / 2 % 4 * 4 + row / 8 * 2 + row % 2);
}

// The compiler leaves loops of these instructions as they are, and registers have no index: hence recursion.
template <int STEP = 1> DEVICE void dots_from(float (&c)[TILE / 8][4], const u32 (&a)[STEPS][4], u32 tile) {
    if constexpr (STEP < STEPS) {
        multiply<0>(c, a[STEP], described(tile) + (STEP / 4 * HALF_TILE + STEP % 4 * 32) / 16);
        dots_from<STEP + 1>(c, a, tile);
    }
}

// c = a rowsᵀ.
DEVICE void dots(float (&c)[TILE / 8][4], const u32 (&a)[STEPS][4], u32 tile) {
    multiply_first(c, a[0], described(tile));
    dots_from(c, a, tile);
    products_commit();
}

// c += a rows.
template <int STEP = 0> DEVICE void mix_in(float (&c)[HEAD_DIM / 8][4], const u32 (&a)[TILE / 16][4], u32 tile) {
    if constexpr (STEP < TILE / 16) {
        multiply<1>(c, a[STEP], described(tile) + STEP * 2048 / 16);
        mix_in<STEP + 1>(c, a, tile);
    } else {
        products_commit();
    }
}

// As in lag_attention.cu, with room for two blocks of lags, of which tiles write one in turn: what a row
// wants is at (column - row - 1) from the start of the new one, backwards into the one before.
struct Ring {
    // Of this lane's upper row, and where its place 0 is, turned.
    unsigned char* upper;
    int row, turned;

    static constexpr int WIDTH = 2 * TILE;

    __device__ __forceinline__ Ring(unsigned char* own, int lane, int warp) {
        upper = own + lane / 4 * WIDTH * 4;
        row = warp % 4 * 16 + lane / 4;
        turned = 4 * (0xe1e1c0c02121000ull >> lane / 4 * 8 & 63);
    }
    __device__ __forceinline__ void put(const float (&f)[TILE / 8][4], int tile) const {
        const int from = turned + tile % 2 * TILE * 4 + threadIdx.x % 4 * 16;
        FOR(n, TILE / 8) {
            unsigned char* to = upper + ((from + n / 2 * 64 + n % 2 * 8) & (WIDTH * 4 - 1));
            *(float2*)to = make_float2(f[n][0], f[n][1]);
            *(float2*)(to + 8 * WIDTH * 4) = make_float2(f[n][2], f[n][3]);
        }
    }
    __device__ __forceinline__ void add(float (&s)[TILE / 8][4], int tile) const {
        const int from = turned + tile % 2 * TILE * 4 + (threadIdx.x % 4 * 2 - row - 1) * 4;
        FOR(n, TILE / 8)
        FOR(e, 4)
        s[n][e] += *(const float*)(upper + e / 2 * 8 * WIDTH * 4
                                   + ((from + (n * 8 + e % 2 - e / 2 * 8) * 4) & (WIDTH * 4 - 1)));
    }
};

extern "C" __global__ void __launch_bounds__(THREADS, 1)
lag_attend(const u16* q, const u16* k, const u16* v, const u16* p, const float* bias, u16* mixed, float* log_sums,
           int q_text, int q_token, int q_head, int k_text, int k_token, int k_head, int v_text, int v_token, int v_head,
           int p_head, int p_token, int bias_head, int tokens, int heads, int shared_by, float scale) {
    // Told to the compiler to be the same for a warp.
    const int warp = __shfl_sync(~0u, threadIdx.x / 32, 0), group = warp / 4, lane = threadIdx.x % 32;
    const int head = blockIdx.x, text = blockIdx.z;
    // Late queries see the most keys and go first, those of all heads.
    const int first_tile = (gridDim.y - 1 - blockIdx.y) * GROUPS, first = first_tile * TILE;
    const int tiles = min(first_tile + GROUPS, (tokens + TILE - 1) / TILE);
    // Block of lags `item` has those from 64 (first_tile + 1 - item) on.
    const int blocks = KERNEL ? first_tile + GROUPS : 0;

    // Tiles are permuted by address, and so start at a multiple of 1024.
    const u32 offset = -shared_address(shared) & 1023, start = shared_address(shared) + offset;
    constexpr u32 LAGS_START = STAGES * 2 * TILE_BYTES;
    constexpr u32 RINGS_START = LAGS_START + (KERNEL ? BLOCKS * TILE_BYTES : 0);
    constexpr u32 BARRIERS_START = RINGS_START + (KERNEL ? GROUPS * TILE * Ring::WIDTH * 4 : 0);
    const Pipe<STAGES> stages = {start, 2 * TILE_BYTES, start + BARRIERS_START};
    const Pipe<BLOCKS> lags = {start + LAGS_START, TILE_BYTES, start + BARRIERS_START + STAGES * 16};
    if (threadIdx.x == 0) {
        stages.init();
        lags.init();
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    __syncthreads();

    if (group == GROUPS) {
        asm volatile("setmaxnreg.dec.sync.aligned.u32 40;");
        k += (i64)text * k_text + (i64)(head / shared_by) * k_head;
        v += (i64)text * v_text + (i64)(head / shared_by) * v_head;
        p += (i64)head * p_head;
        auto bring_lags = [&](int item) {
            if (item >= blocks) return;
            lags.acquire(item);
            const int block = (first_tile + 1 - item) * TILE;
            bring(lags.tile(item), p, p_token, tokens, [&](int at, int row) { return block + lag_of(at, row); });
            barrier_arrive_copied(lags.full(item));
        };
        bring_lags(0);
        bring_lags(1);
        // With each tile of keys and values comes the block of lags that is wanted with it.
        for (int tile = 0; tile < tiles; tile++) {
            stages.acquire(tile);
            const u32 keys = stages.tile(tile);
            auto row_of = [&](int at, int row) { return tile * TILE + at + row; };
            bring(keys, k, k_token, tokens, row_of);
            bring(keys + TILE_BYTES, v, v_token, tokens, row_of);
            barrier_arrive_copied(stages.full(tile));
            bring_lags(tile + 2);
        }
        asm volatile("cp.async.wait_all;" ::: "memory");
    } else {
        asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
        q += (i64)text * q_text + (i64)head * q_head;
        bias += (i64)head * bias_head;
        const int own_first = first + warp * 16, pair = lane % 4;
        u32 own[STEPS][4];
        FOR(half, 2) {
            const int row = own_first + half * 8 + lane / 4;
            const u16* from = q + (i64)min(row, tokens - 1) * q_token + pair * 2;
            FOR(step, STEPS) {
                own[step][half] = *(const u32*)(from + step * 16);
                own[step][2 + half] = *(const u32*)(from + step * 16 + 8);
            }
        }
        const Ring ring(shared + offset + RINGS_START + warp * 16 * Ring::WIDTH * 4, lane, warp);
        // The tile of keys on the diagonal of this group, which is also its first block of lags.
        const int diagonal = first_tile + group, own_tiles = min(diagonal + 1, tiles);

        float s[TILE / 8][4], f[TILE / 8][4], mix[HEAD_DIM / 8][4] = {};
        float most[2] = {-1e30f, -1e30f}, sum[2] = {};
        const float to_log2 = scale * LOG2_E;
        // Item of the block of lags that a tile of keys newly wants.
        const int item = GROUPS - group;
#if KERNEL
        if (group == 0) lags.release(0);
        lags.wait(item - 1);
        products_begin();
        dots(f, own, lags.tile(item - 1));
        products_wait<0>();
        settle(f);
        lags.release(item - 1);
        ring.put(f, 1);
#endif
        for (int tile = 0; tile < own_tiles; tile++) {
            stages.wait(tile);
            products_begin();
            dots(s, own, stages.tile(tile));
#if KERNEL
            // On the diagonal nothing is wanted, and what comes is not used.
            if (tile < diagonal) lags.wait(tile + item);
            dots(f, own, tile < diagonal ? lags.tile(tile + item) : stages.tile(tile));
#endif
            // With these, the products with the values of the tile before.
            products_wait<0>();
            settle(s);
            settle(mix);
#if KERNEL
            settle(f);
            if (tile < diagonal) lags.release(tile + item);
            __syncwarp();
            ring.put(f, tile);
            __syncwarp();
            ring.add(s, tile);
#endif
            if (tile > 0) stages.release(tile - 1);

            const int base = (diagonal - tile) * TILE + ring.row - pair * 2;
#if BIAS
            FOR(n, TILE / 8)
            FOR(e, 4) {
                const int lag = base + e / 2 * 8 - n * 8 - e % 2;
                s[n][e] = s[n][e] * to_log2 + __ldg(bias + min(max(lag, 0), tokens - 1));
            }
            const float factor = 1.0f;
#else
            const float factor = to_log2;
#endif
            if (tile == diagonal)
                FOR(n, TILE / 8)
                FOR(e, 4) if (base + e / 2 * 8 - n * 8 - e % 2 < 0) s[n][e] = __int_as_float(0xff800000);
            float shrinks[2];
            FOR(half, 2) {
                float top = most[half];
                FOR(n, TILE / 8) top = fmaxf(top, fmaxf(s[n][2 * half], s[n][2 * half + 1]));
                top = fmaxf(top, __shfl_xor_sync(~0u, top, 1));
                top = fmaxf(top, __shfl_xor_sync(~0u, top, 2));
                const float shrink = exp2_fast((most[half] - top) * factor), origin = top * factor;
                most[half] = top;
                float more = 0.0f;
                FOR(n, TILE / 8)
                FOR(e, 2) more += s[n][2 * half + e] = exp2_fast(s[n][2 * half + e] * factor - origin);
                sum[half] = sum[half] * shrink + more;
                shrinks[half] = shrink;
            }
            // The maximum of a row settles soon.
            if (__any_sync(~0u, shrinks[0] != 1.0f || shrinks[1] != 1.0f))
                FOR(d, HEAD_DIM / 8)
                FOR(e, 4) mix[d][e] *= shrinks[e / 2];
            u32 weights[TILE / 16][4];
            FOR(step, TILE / 16) {
                const float (&left)[4] = s[2 * step], (&right)[4] = s[2 * step + 1];
                weights[step][0] = pack(left[0], left[1]), weights[step][1] = pack(left[2], left[3]);
                weights[step][2] = pack(right[0], right[1]), weights[step][3] = pack(right[2], right[3]);
            }
            settle(mix);
            products_begin();
            mix_in(mix, weights, stages.tile(tile) + TILE_BYTES);
        }
        products_wait<0>();
        settle(mix);

        FOR(half, 2) {
            sum[half] += __shfl_xor_sync(~0u, sum[half], 1);
            sum[half] += __shfl_xor_sync(~0u, sum[half], 2);
            const int row = own_first + half * 8 + lane / 4;
            if (row >= tokens) continue;
#if BIAS
            const float origin = most[half];
#else
            const float origin = most[half] * to_log2;
#endif
            if (pair == 0) log_sums[((i64)text * heads + head) * tokens + row] = origin + log2_fast(sum[half]);
            const float share = 1.0f / sum[half];
            u16* to = mixed + (((i64)text * tokens + row) * heads + head) * HEAD_DIM + pair * 2;
            FOR(d, HEAD_DIM / 8) *(u32*)(to + d * 8) = pack(mix[d][2 * half] * share, mix[d][2 * half + 1] * share);
        }
    }
}
