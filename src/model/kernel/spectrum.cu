// Sums of the power spectra of rows of N = LAGS numbers.
//
// Two rows are one complex signal z = x + i y, for which |X(k)|^2 + |Y(k)|^2 = (|Z(k)|^2 + |Z(N-k)|^2)/2:
// sums of powers need no more than the powers of Z, and the order of its bins is sorted out once, at
// the end. fourier.cuh has the transform.

constexpr int PAIRS = 32;
constexpr int TOGETHER = THREADS >= 256 ? 1 : 256 / THREADS < PAIRS ? 256 / THREADS : PAIRS;

// `rows` is [series][count][LAGS], of which the first `lags` of each row count and the others are zero.
// Block (x, series) adds the powers of PAIRS pairs of rows from 2 PAIRS x on; `powers` is [series][gridDim.x][LAGS].
extern "C" __global__ void __launch_bounds__(THREADS * TOGETHER) spectrum(const float* rows, float* powers, int count, int lags) {
    extern __shared__ __align__(16) float exchanged[];
    const int thread = threadIdx.x % THREADS, which = threadIdx.x / THREADS;
    float* re = exchanged + which * 2 * PADDED;
    rows += (long long)blockIdx.y * count * LAGS;

    const Transform transform(thread);

    float sums[EACH] = {};
    for (int turn = 0; turn < PAIRS; turn += TOGETHER) {
        if (2 * ((int)blockIdx.x * PAIRS + turn) >= count) break;
        const int row = 2 * (blockIdx.x * PAIRS + turn + which);
        const float* one = rows + (long long)row * LAGS;
        Complex z[EACH];
#pragma unroll
        for (int e = 0; e < EACH; e++) {
            const int lag = thread + e * THREADS;
            z[e].re = row < count && lag < lags ? one[lag] : 0.0f;
            z[e].im = row + 1 < count && lag < lags ? one[LAGS + lag] : 0.0f;
        }
        transform.of(z, re);
#pragma unroll
        for (int e = 0; e < EACH; e++) sums[e] += z[e].re * z[e].re + z[e].im * z[e].im;
    }

    // What the transforms beside each other have found, added in order.
    __syncthreads();
    transform.put(sums, re);
    __syncthreads();
    powers += ((long long)blockIdx.y * gridDim.x + blockIdx.x) * LAGS;
    for (int k = threadIdx.x; k < LAGS; k += THREADS * TOGETHER) {
        float sum = 0.0f;
        for (int other = 0; other < TOGETHER; other++) sum += exchanged[other * 2 * PADDED + k];
        powers[k] = sum;
    }
}

// Bins 0..=N/2 of the sum of all rows' power spectra, divided by N, in f64 and in a fixed order.
// `powers` is [texts][gridDim.y][blocks][LAGS], `out` [texts][heads][LAGS/2 + 1].
extern "C" __global__ void gather_powers(const float* powers, double* out, int blocks, int heads, int first_head) {
    const int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k > LAGS / 2) return;
    powers += ((long long)blockIdx.z * gridDim.y + blockIdx.y) * blocks * LAGS;
    double sum = 0.0;
    for (int block = 0; block < blocks; block++) {
        const float* of_block = powers + (long long)block * LAGS;
        sum += (double)of_block[k] + (double)of_block[(LAGS - k) % LAGS];
    }
    out[((long long)blockIdx.z * heads + first_head + blockIdx.y) * (LAGS / 2 + 1) + k] = sum / (2.0 * LAGS);
}
