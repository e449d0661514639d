// Turns the first 2 pairs coordinates of each head by the angle of its token, or back, and copies the
// others. x and out are [heads][tokens][dim]; cos and sin are [tokens][pairs]. A thread takes N pairs, or
// 2 N coordinates that are not turned, in two packs.

extern "C" __global__ void turn(const E *x, E *out, const float *cos, const float *sin, long long work, int tokens,
                                int dim, int pairs, float sign) {
    typedef Pack<E, N> P;
    long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= work) return;
    int packs = dim / (2 * N);
    long long row = at / packs;
    int first = at % packs * N;
    long long table = row % tokens * pairs;
    x += row * dim;
    out += row * dim;
    bool turned = first < pairs;
    int one = turned && !INTERLEAVED ? first : 2 * first;
    int other = turned && !INTERLEAVED ? first + pairs : 2 * first + N;
    P a = *(const P *)(x + one), b = *(const P *)(x + other);
    if (turned) {
        typedef Pack<float, N> W;
        W cosines = *(const W *)(cos + table + first), sines = *(const W *)(sin + table + first);
#pragma unroll
        for (int i = 0; i < N; ++i) {
            float c = cosines.at[i], s = sign * sines.at[i];
            // Interleaved, pair i is coordinates 2 i and 2 i + 1 of the two packs laid end to end.
            E &p = !INTERLEAVED ? a.at[i] : 2 * i < N ? a.at[2 * i % N] : b.at[2 * i % N];
            E &q = !INTERLEAVED ? b.at[i] : 2 * i + 1 < N ? a.at[(2 * i + 1) % N] : b.at[(2 * i + 1) % N];
            float before = widen(p), after = widen(q);
            p = narrow<E>(before * c - after * s);
            q = narrow<E>(after * c + before * s);
        }
    }
    *(P *)(out + one) = a;
    *(P *)(out + other) = b;
}
