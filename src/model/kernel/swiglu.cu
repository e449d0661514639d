// Rows of gate_up are [gate | up], 2 width long; a thread takes N columns of one row.

__device__ __forceinline__ float sigmoid(float x) { return 1 / (1 + __expf(-x)); }

extern "C" __global__ void forward(const E *gate_up, E *out, int width, long long packs) {
    typedef Pack<E, N> P;
    long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= packs) return;
    long long row = at / (width / N);
    int column = at % (width / N);
    const P *from = (const P *)(gate_up + row * 2 * width);
    P gate = from[column], up = from[column + width / N];
#pragma unroll
    for (int i = 0; i < N; ++i) {
        float x = widen(gate.at[i]);
        gate.at[i] = narrow<E>(x * sigmoid(x) * widen(up.at[i]));
    }
    ((P *)out)[at] = gate;
}

// With out = gate s up, s = sigmoid(gate): gate has g up s (1 + gate (1 - s)), up has g gate s.
extern "C" __global__ void backward(const E *gate_up, const E *g, E *of_both, int width, long long packs) {
    typedef Pack<E, N> P;
    long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= packs) return;
    long long row = at / (width / N);
    int column = at % (width / N);
    const P *from = (const P *)(gate_up + row * 2 * width);
    P *to = (P *)(of_both + row * 2 * width);
    P gate = from[column], up = from[column + width / N], slope = ((const P *)g)[at];
#pragma unroll
    for (int i = 0; i < N; ++i) {
        float x = widen(gate.at[i]), y = widen(up.at[i]), slope_at = widen(slope.at[i]), s = sigmoid(x);
        gate.at[i] = narrow<E>(slope_at * y * s * (1 + x * (1 - s)));
        up.at[i] = narrow<E>(slope_at * x * s);
    }
    to[column] = gate;
    to[column + width / N] = up;
}
