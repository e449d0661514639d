// Lowers *lowest to mark if an element of x is not finite. N elements are read at once.

extern "C" __global__ void watch(const E *x, long long count, unsigned *lowest, unsigned mark) {
    typedef Pack<E, N> P;
    // Stays 0 until something that is not finite turns it into NaN.
    float poison = 0;
    for (long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x; at < count / N;
         at += (long long)gridDim.x * blockDim.x) {
        P values = ((const P *)x)[at];
#pragma unroll
        for (int i = 0; i < N; ++i) poison += widen(values.at[i]) * 0.0f;
    }
    if (poison != 0) atomicMin(lowest, mark);
}
