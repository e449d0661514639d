// The Fourier transform of LAGS numbers of the type REAL, a power of two from 8 on, by THREADS threads: passes of radix 8, and
// one of 2 or 4 where LAGS is no power of 8, with the signal in registers and an exchange through shared memory between
// passes (Stockham's order: every pass reads with stride LAGS/radix, whatever it writes).

typedef REAL Real;

constexpr int EACH = LAGS <= 4096 ? 8 : 16, THREADS = LAGS / EACH;
constexpr int PASSES_OF_8 = LAGS >= 8 * 8 * 8 * 8 ? 4 : LAGS >= 8 * 8 * 8 ? 3 : LAGS >= 8 * 8 ? 2 : 1;
constexpr int LAST_RADIX = LAGS / (PASSES_OF_8 == 4 ? 4096 : PASSES_OF_8 == 3 ? 512 : PASSES_OF_8 == 2 ? 64 : 8);
constexpr int PADDED = LAGS + LAGS / 8;

struct Complex {
    Real re, im;
};

__device__ __forceinline__ Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
__device__ __forceinline__ Complex operator-(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }
__device__ __forceinline__ Complex operator*(Complex a, Complex b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
// -i a
__device__ __forceinline__ Complex turned(Complex a) { return {a.im, -a.re}; }

template <int STEP> __device__ __forceinline__ void transform2(Complex* z) {
    Complex a = z[0], b = z[STEP];
    z[0] = a + b, z[STEP] = a - b;
}

// In order: bin m at z[m * STEP].
template <int STEP> __device__ __forceinline__ void transform4(Complex* z) {
    Complex a = z[0] + z[2 * STEP], b = z[0] - z[2 * STEP];
    Complex c = z[STEP] + z[3 * STEP], d = turned(z[STEP] - z[3 * STEP]);
    z[0] = a + c, z[STEP] = b + d, z[2 * STEP] = a - c, z[3 * STEP] = b - d;
}

template <int STEP> __device__ __forceinline__ void transform8(Complex* z) {
    constexpr Real H = 0.70710678118654752440;
    Complex even[4] = {z[0], z[2 * STEP], z[4 * STEP], z[6 * STEP]};
    Complex odd[4] = {z[STEP], z[3 * STEP], z[5 * STEP], z[7 * STEP]};
    transform4<1>(even), transform4<1>(odd);
    odd[1] = {H * (odd[1].re + odd[1].im), H * (odd[1].im - odd[1].re)};
    odd[2] = turned(odd[2]);
    odd[3] = {H * (odd[3].im - odd[3].re), -H * (odd[3].re + odd[3].im)};
    for (int m = 0; m < 4; m++) z[m * STEP] = even[m] + odd[m], z[(m + 4) * STEP] = even[m] - odd[m];
}

// e^{-2 pi i b / EACH}, b < EACH/2.
__device__ __forceinline__ Complex root(int b) {
    constexpr Real C[8] = {1.0, 0.92387953251128675613, 0.70710678118654752440, 0.38268343236508977173,
                           0.0, -0.38268343236508977173, -0.70710678118654752440, -0.92387953251128675613};
    constexpr int STEP = 16 / EACH;
    return {C[b * STEP], -C[b * STEP < 4 ? 4 - b * STEP : b * STEP - 4]};
}

// One pass after those of the radices whose product is `before`: EACH / RADIX butterflies, number b in
// z[b], z[b + EACH/RADIX], ... with the twiddle w = e^{-2 pi i k / (RADIX before)}, k = i mod before for
// butterfly i = thread + b THREADS. All of a thread have the same, but in a last pass of radix below
// EACH, where they are 1/EACH of a turn apart.
template <int RADIX, bool APART> __device__ __forceinline__ void pass(Complex (&z)[EACH], const Complex turn, bool first) {
    constexpr int STEP = EACH / RADIX;
#pragma unroll
    for (int b = 0; b < STEP; b++) {
        if (!first) {
            const Complex w = APART && b > 0 ? turn * root(b) : turn, w2 = w * w;
            z[b + STEP] = z[b + STEP] * w;
            if (RADIX > 2) {
                const Complex w3 = w2 * w;
                z[b + 2 % RADIX * STEP] = z[b + 2 % RADIX * STEP] * w2;
                z[b + 3 % RADIX * STEP] = z[b + 3 % RADIX * STEP] * w3;
                if (RADIX > 4) {
                    const Complex w4 = w2 * w2;
                    z[b + 4 % RADIX * STEP] = z[b + 4 % RADIX * STEP] * w4;
                    z[b + 5 % RADIX * STEP] = z[b + 5 % RADIX * STEP] * (w4 * w);
                    z[b + 6 % RADIX * STEP] = z[b + 6 % RADIX * STEP] * (w4 * w2);
                    z[b + 7 % RADIX * STEP] = z[b + 7 % RADIX * STEP] * (w4 * w3);
                }
            }
        }
        if (RADIX == 8) transform8<STEP>(z + b);
        if (RADIX == 4) transform4<STEP>(z + b);
        if (RADIX == 2) transform2<STEP>(z + b);
    }
}

// Where a pass puts bin m of butterfly b of this thread.
template <int RADIX> __device__ __forceinline__ int place(int thread, int b, int m, int before) {
    const int i = thread + b * THREADS, k = i & (before - 1);
    return (i - k) * RADIX + k + m * before;
}

__device__ __forceinline__ int padded(int at) { return at + at / 8; }

// `before` is 1 or a multiple of 8, so that padding is the same for all bins of a butterfly but for
// constants.
template <int RADIX>
__device__ __forceinline__ void exchange(Complex (&z)[EACH], Real* re, int thread, int before) {
    constexpr int STEP = EACH / RADIX;
    Real* im = re + PADDED;
#pragma unroll
    for (int b = 0; b < STEP; b++) {
        const int first = padded(place<RADIX>(thread, b, 0, before));
#pragma unroll
        for (int m = 0; m < RADIX; m++) {
            const int at = first + m * (before + before / 8);
            re[at] = z[b + m * STEP].re, im[at] = z[b + m * STEP].im;
        }
    }
    __syncthreads();
#pragma unroll
    for (int e = 0; e < EACH; e++) {
        const int at = THREADS % 8 == 0 ? padded(thread) + e * padded(THREADS) : padded(thread + e * THREADS);
        z[e] = {re[at], im[at]};
    }
    __syncthreads();
}

// Sine and cosine of so many half turns.
__device__ __forceinline__ void half_turns(float x, float* sin, float* cos) { sincospif(x, sin, cos); }
__device__ __forceinline__ void half_turns(double x, double* sin, double* cos) { sincospi(x, sin, cos); }

__device__ __forceinline__ Complex twiddle(int thread, int before, int radix) {
    Complex w;
    half_turns(Real(-2) * (thread & (before - 1)) / (before * radix), &w.im, &w.re);
    return w;
}

// The forward transform of LAGS points, of which this thread has those at thread + e THREADS.
struct Transform {
    static constexpr int LAST = LAST_RADIX > 1 ? LAST_RADIX : 2;
    Complex turns[PASSES_OF_8], last_turn;
    int thread;

    __device__ __forceinline__ Transform(int thread) : thread(thread) {
#pragma unroll
        for (int n = 1; n < PASSES_OF_8; n++) turns[n] = twiddle(thread, 1 << 3 * n, 8);
        last_turn = twiddle(thread, LAGS / LAST, LAST);
    }

    // Leaves the bins in registers; `re` is the memory of this transform, 2 PADDED numbers, which nobody else may be using.
    __device__ __forceinline__ void of(Complex (&z)[EACH], Real* re) const {
#pragma unroll
        for (int n = 0; n < PASSES_OF_8; n++) {
            // EACH is 16 where the last pass is of another radix only.
            pass<8, false>(z, turns[n], n == 0);
            if (n + 1 < PASSES_OF_8 || LAST_RADIX > 1) exchange<8>(z, re, thread, 1 << 3 * n);
        }
        if (LAST_RADIX > 1) pass<LAST, true>(z, last_turn, false);
    }

    // Puts a number for each bin in the order of the bins.
    __device__ __forceinline__ void put(const Real (&numbers)[EACH], Real* bins) const {
        constexpr int RADIX = LAST_RADIX > 1 ? LAST_RADIX : 8, STEP = EACH / RADIX;
#pragma unroll
        for (int b = 0; b < STEP; b++)
#pragma unroll
            for (int m = 0; m < RADIX; m++) bins[place<RADIX>(thread, b, m, LAGS / RADIX)] = numbers[b + m * STEP];
    }
};
