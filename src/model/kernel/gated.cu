// out[row][column] = activation(gate[row][column]) * up[row][column]; the activation alone without an up.
// Rows of gate and up are `stride` elements apart, rows of out `width`; N elements are taken at once.

__device__ __forceinline__ float activate(float x, int kind, float c) {
    switch (kind) {
    case 0: return x / (1 + expf(-x));
    case 1: return 0.5f * x * (1 + erff(x * 0.70710678118654752f));
    case 2: return 0.5f * x * (1 + tanhf(c * x * (1 + 0.044715f * x * x)));
    default: return x < 0 ? 0 : x;
    }
}

extern "C" __global__ void gate_rows(const E *gate, const E *up, E *out, int width, int stride, int rows, float c) {
    typedef Pack<E, N> P;
    int at = (blockIdx.x * blockDim.x + threadIdx.x) * N;
    if (at >= width) return;
    for (long long row = blockIdx.y; row < rows; row += gridDim.y) {
        P values = *(const P *)(gate + row * stride + at);
        P others;
        if (up) others = *(const P *)(up + row * stride + at);
#pragma unroll
        for (int i = 0; i < N; ++i) {
            float value = activate(widen(values.at[i]), KIND, c);
            values.at[i] = narrow<E>(up ? value * widen(others.at[i]) : value);
        }
        *(P *)(out + row * width + at) = values;
    }
}
