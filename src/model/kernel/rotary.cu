// Turns the first 2 * pairs coordinates of each head by the angle of its token and copies the others.
//
// x is [texts][tokens][heads][dim] with strides of its own, out the same without gaps; a block takes one
// token of one text. cos and sin are [tokens][pairs]. A thread takes N pairs, or 2 N coordinates that
// are not turned, in two packs.

extern "C" __global__ void rotate(const E *x, E *out, const float *cos, const float *sin, int tokens, int heads,
                                  int dim, int pairs, long long text_stride, int token_stride, int head_stride) {
    typedef Pack<E, N> P;
    int token = blockIdx.x, text = blockIdx.y;
    x += text * text_stride + (long long)token * token_stride;
    out += ((long long)text * tokens + token) * heads * dim;
    cos += (long long)token * pairs;
    sin += (long long)token * pairs;
    int packs = dim / (2 * N);
    for (int at = threadIdx.x; at < heads * packs; at += blockDim.x) {
        int head = at / packs, first = at % packs * N;
        const E *from = x + (long long)head * head_stride;
        E *to = out + head * dim;
        bool turned = first < pairs;
        int one = turned && !INTERLEAVED ? first : 2 * first;
        int other = turned && !INTERLEAVED ? first + pairs : 2 * first + N;
        P a = *(const P *)(from + one), b = *(const P *)(from + other);
        if (turned) {
#pragma unroll
            for (int i = 0; i < N; ++i) {
                float c = cos[first + i], s = sin[first + i];
                // Interleaved, pair i is coordinates 2 i and 2 i + 1 of the two packs laid end to end.
                E &p = !INTERLEAVED ? a.at[i] : 2 * i < N ? a.at[2 * i % N] : b.at[2 * i % N];
                E &q = !INTERLEAVED ? b.at[i] : 2 * i + 1 < N ? a.at[(2 * i + 1) % N] : b.at[(2 * i + 1) % N];
                float before = widen(p), after = widen(q);
                p = narrow<E>(before * c - after * s);
                q = narrow<E>(after * c + before * s);
            }
        }
        *(P *)(to + one) = a;
        *(P *)(to + other) = b;
    }
}
