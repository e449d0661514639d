// out[a][c][b][d] = x[a][b][c][d], both of any strides but the last; a thread takes N of d.

extern "C" __global__ void swap_middle(const E *x, E *out, int packs, int b, int c, int d, long long stride_a,
                                       int stride_b, int stride_c, long long to_a, int to_b, int to_c) {
    typedef Pack<E, N> P;
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= packs) return;
    int columns = d / N, column = at % columns * N, row = at / columns;
    int from_b = row % b, from_c = row / b % c, from_a = row / b / c;
    x += from_a * stride_a + (long long)from_b * stride_b + (long long)from_c * stride_c + column;
    out += from_a * to_a + (long long)from_b * to_b + (long long)from_c * to_c + column;
    *(P *)out = *(const P *)x;
}
