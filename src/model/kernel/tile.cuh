// Tiles of queries, keys and values in shared memory, and their products on tensor cores.
// SINGLE is 1 for f32. Otherwise HALF is 1 for f16 and 0 for bf16, and HEAD_DIM and every stride are
// multiples of 8.
//
// In every kernel query i sees key j when lag_low <= i - j < lag_high and j < tokens.

typedef unsigned int u32;
typedef unsigned short u16;
typedef long long i64;
#if SINGLE
typedef float Element;
#else
typedef u16 Element;
#endif

#define DEVICE static __device__ __forceinline__

constexpr int HEAD_PADDED = (HEAD_DIM + 15) / 16 * 16;
// One more 16-byte piece than the head: eight rows then start in eight different groups of banks.
constexpr int HEAD_STRIDE = HEAD_PADDED + 8;
constexpr float LOG2_E = 1.4426950408889634f;

DEVICE u32 shared_address(const void* pointer) {
    return (u32)__cvta_generic_to_shared(pointer);
}

DEVICE void load_matrices(u32 (&r)[4], u32 address) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(address) : "memory");
}

DEVICE void load_matrices_transposed(u32 (&r)[4], u32 address) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(address) : "memory");
}

// c += a b, 16 x 16 by 16 x 8.
DEVICE void multiply_add(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) {
#if HALF
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
#else
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
#endif
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Two numbers rounded to the type of the inputs, the first in the low half.
DEVICE u32 pack(float low, float high) {
    u32 packed;
#if HALF
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
#else
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
#endif
    return packed;
}

DEVICE float exp2_fast(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

DEVICE float log2_fast(float x) {
    float y;
    asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

// cap tanh(x/cap).
DEVICE float soft_cap(float x, float cap) {
    float e = exp2_fast(x * (2.0f * LOG2_E / cap));
    return cap - cap * (2.0f / (e + 1.0f));
}

// 16 bytes to shared memory in the background, or 16 zero bytes.
DEVICE void copy_piece(u32 to, const void* from, bool inside) {
    int bytes = inside ? 16 : 0;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(bytes) : "memory");
}

DEVICE void copies_commit() {
    asm volatile("cp.async.commit_group;" ::: "memory");
}

DEVICE void copies_wait() {
    asm volatile("cp.async.wait_group 0;" ::: "memory");
}

// Rows first .. first + ROWS of a head into shared memory; rows from `tokens` on are zero, and so are
// the coordinates that pad the head.
template <int ROWS, int THREADS>
DEVICE void copy_rows(u16* to, const u16* head, int token_stride, int first, int tokens) {
    constexpr int PIECES = HEAD_PADDED / 8;
#pragma unroll
    for (int at = threadIdx.x; at < ROWS * PIECES; at += THREADS) {
        int row = at / PIECES, piece = at % PIECES;
        bool inside = first + row < tokens && piece < HEAD_DIM / 8;
        const u16* from = inside ? head + (i64)(first + row) * token_stride + piece * 8 : head;
        copy_piece(shared_address(to + row * HEAD_STRIDE + piece * 8), from, inside);
    }
}
