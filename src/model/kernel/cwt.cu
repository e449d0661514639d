// The continuous wavelet transform of signals on a circle of POINTS * PHASES samples, a power of two.
//
// Samples PHASES m + d of a row with the bins Z are, for each phase d, an inverse transform of POINTS points,
//
//     y[PHASES m + d] = sum_r e^{2 pi i r m/POINTS} sum_{k = r mod POINTS} Z[k] e^{2 pi i k d/(POINTS PHASES)},
//
// so that one block of threads computes LANES neighbouring phases of one row in registers and shared memory, whatever
// the length of the circle: it multiplies the band of the row with its gains while it reads, and each result is written
// once. A transform is two passes of radix 16 and one of POINTS/256 (Stockham's order: every pass reads with stride
// POINTS/radix, whatever it writes), with 16 points in the registers of each thread. Roots of unity are read from a
// table that was rounded once; a power of one is at most one product of two of its entries.
//
// REAL is the type of numbers, OUTPUT says what is written of a coefficient, KEPT how many of the last pass's LAST
// stretches of 256 PHASES samples may have any that is, WHOLE whether all of these are, EDGES whether the ends of a signal
// continue for ever, RESIDENT how many blocks one multiprocessor should hold.

typedef REAL Real;

constexpr int EACH = 16, WIDTH = POINTS / EACH, THREADS = WIDTH * LANES, LAST = POINTS / 256;
constexpr unsigned CIRCLE = POINTS * PHASES;

struct __align__(2 * sizeof(Real)) Complex {
    Real re, im;
};

template <class T> struct PairOf;
template <> struct PairOf<float> { typedef float2 Pair; };
template <> struct PairOf<double> { typedef double2 Pair; };
typedef PairOf<Real>::Pair Pair;

__device__ __forceinline__ Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
__device__ __forceinline__ Complex operator-(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }
__device__ __forceinline__ Complex operator*(Complex a, Complex b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
// i a
__device__ __forceinline__ Complex turned(Complex a) { return {-a.im, a.re}; }

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

constexpr double H = 0.70710678118654752440, C = 0.92387953251128675613, S = 0.38268343236508977173;

// e^{2 pi i/8} a and e^{6 pi i/8} a
__device__ __forceinline__ Complex turned1(Complex a) { return {Real(H) * (a.re - a.im), Real(H) * (a.re + a.im)}; }
__device__ __forceinline__ Complex turned3(Complex a) { return {-Real(H) * (a.re + a.im), Real(H) * (a.re - a.im)}; }

template <int STEP> __device__ __forceinline__ void transform8(Complex* z) {
    Complex even[4] = {z[0], z[2 * STEP], z[4 * STEP], z[6 * STEP]};
    Complex odd[4] = {z[STEP], z[3 * STEP], z[5 * STEP], z[7 * STEP]};
    transform4<1>(even), transform4<1>(odd);
    odd[1] = turned1(odd[1]), odd[2] = turned(odd[2]), odd[3] = turned3(odd[3]);
#pragma unroll
    for (int m = 0; m < 4; m++) z[m * STEP] = even[m] + odd[m], z[(m + 4) * STEP] = even[m] - odd[m];
}

__device__ __forceinline__ void transform16(Complex* z) {
    const Complex one = {Real(C), Real(S)}, three = {Real(S), Real(C)};
#pragma unroll
    for (int a = 0; a < 4; a++) transform4<4>(z + a);
    z[5] = z[5] * one, z[9] = turned1(z[9]), z[13] = z[13] * three;
    z[6] = turned1(z[6]), z[10] = turned(z[10]), z[14] = turned3(z[14]);
    z[7] = z[7] * three, z[11] = turned3(z[11]);
    z[15] = Complex{Real(0), Real(0)} - z[15] * one;
    Complex t[16];
#pragma unroll
    for (int q = 0; q < 4; q++) {
        transform4<1>(z + 4 * q);
#pragma unroll
        for (int s = 0; s < 4; s++) t[q + 4 * s] = z[4 * q + s];
    }
#pragma unroll
    for (int m = 0; m < 16; m++) z[m] = t[m];
}

// One of a thread's EACH/RADIX butterflies, of every EACH/RADIX-th of its points.
template <int RADIX> __device__ __forceinline__ void butterfly(Complex* z) {
    constexpr int STEP = EACH / RADIX;
    if (RADIX == 2) transform2<STEP>(z);
    if (RADIX == 4) transform4<STEP>(z);
    if (RADIX == 8) transform8<STEP>(z);
    if (RADIX == 16) transform16(z);
}

// One place in 17 is left free, so that neither pass meets a bank twice.
__device__ constexpr int padded(int at) { return at + at / 16; }

constexpr int SECOND = 15 * 16;

// `turns` has e^{2 pi i k m/256} for m from 1 to 15 and k below 16, then e^{2 pi i k m/POINTS} for m from 1 below LAST
// and k below 256.
//
// What a thread knows of its place. The memory of a block holds the first of the turns, then what is exchanged.
struct Thread {
    // Its number among those of one transform, and the phase.
    int place;
    unsigned phase;
    const Complex *second, *last;
    Complex *exchanged;

    __device__ __forceinline__ Thread(const Complex* turns) {
        extern __shared__ __align__(16) unsigned char memory[];
        Complex* shared = reinterpret_cast<Complex*>(memory);
        place = threadIdx.x / LANES, phase = blockIdx.y * LANES + threadIdx.x % LANES;
        for (int at = threadIdx.x; at < SECOND; at += THREADS) shared[at] = turns[at];
        second = shared + place % 16, last = turns + SECOND + place;
        exchanged = shared + SECOND + threadIdx.x % LANES;
        __syncthreads();
    }
};

__device__ __forceinline__ void exchange(Complex (&z)[EACH], Complex* shared, int place, int first, int step) {
#pragma unroll
    for (int m = 0; m < EACH; m++) shared[(first + m * step) * LANES] = z[m];
    __syncthreads();
#pragma unroll
    for (int e = 0; e < EACH; e++) z[e] = shared[(padded(place) + e * padded(WIDTH)) * LANES];
    __syncthreads();
}

// The unscaled inverse transform of the points place + e WIDTH. Result m of butterfly b is in z[b + m EACH/LAST] and
// belongs to place + b WIDTH + 256 m.
__device__ __forceinline__ void inverse_transform(Complex (&z)[EACH], const Thread& thread) {
    const int place = thread.place;
    transform16(z);
    exchange(z, thread.exchanged, place, 17 * place, 1);
#pragma unroll
    for (int e = 1; e < EACH; e++) z[e] = z[e] * thread.second[(e - 1) * 16];
    transform16(z);
    exchange(z, thread.exchanged, place, padded((place & ~15) * 16 + (place & 15)), 17);
#pragma unroll
    for (int b = 0; b < EACH / LAST; b++) {
#pragma unroll
        for (int m = 1; m < LAST; m++)
            z[b + m * (EACH / LAST)] = z[b + m * (EACH / LAST)] * thread.last[b * WIDTH + (m - 1) * 256];
        butterfly<LAST>(z + b);
    }
}

// Sample t of a signal continued beyond its ends: 0 with zeros, 1 periodically, 2 mirrored half a sample beyond each end.
__device__ __forceinline__ Real sample(const Real* signal, long long t, int length, int boundary) {
    if (t < 0 || t >= length) {
        if (boundary == 0) return Real(0);
        const long long period = boundary == 1 ? length : 2ll * length;
        t %= period;
        if (t < 0) t += period;
        if (t >= length) t = period - 1 - t;
    }
    return signal[t];
}

// `signals` is [gridDim.x][length]; `parts` [gridDim.x][PHASES][POINTS] gets the transforms of the samples d,
// d + PHASES, ...: of one phase, the spectrum itself. The circle starts `offset` samples before the signal.
extern "C" __global__ void __launch_bounds__(THREADS)
forward(const Real* signals, const Complex* turns, Complex* parts, int length, int offset, int boundary) {
    const Thread thread(turns);
    signals += (long long)blockIdx.x * length;
    parts += (long long)blockIdx.x * CIRCLE + thread.phase * POINTS;
    Complex z[EACH];
#pragma unroll
    for (int e = 0; e < EACH; e++) {
        const long long t = (long long)(thread.place + e * WIDTH) * PHASES + thread.phase - offset;
        z[e] = {sample(signals, t, length, boundary), Real(0)};
    }
    inverse_transform(z, thread);
    // Of real numbers, the forward transform is the conjugate of the inverse one.
#pragma unroll
    for (int b = 0; b < EACH / LAST; b++)
#pragma unroll
        for (int m = 0; m < LAST; m++) {
            const Complex value = z[b + m * (EACH / LAST)];
            parts[thread.place + b * WIDTH + 256 * m] = {value.re, -value.im};
        }
}

// X[k] = sum_d e^{-2 pi i k d/CIRCLE} A_d[k mod POINTS], summed in f64, and its mirror image.
extern "C" __global__ void combine(const Complex* parts, const Complex* roots, Complex* spectra) {
    const unsigned k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k > CIRCLE / 2) return;
    parts += (long long)blockIdx.y * CIRCLE + k % POINTS;
    spectra += (long long)blockIdx.y * CIRCLE;
    double re = 0.0, im = 0.0;
    for (unsigned d = 0; d < PHASES; d++) {
        const Complex a = parts[(long long)d * POINTS], w = roots[k * d % CIRCLE];
        re += (double)a.re * w.re + (double)a.im * w.im;
        im += (double)a.im * w.re - (double)a.re * w.im;
    }
    spectra[k] = {(Real)re, (Real)im};
    if (k > 0 && k < CIRCLE / 2) spectra[CIRCLE - k] = {(Real)re, (Real)-im};
}

// The gains of one row: `count` blocks of POINTS from `start` on, of which the first is for the bins from POINTS `first`
// on, which may be negative. Of each block only the runs of WIDTH bins matter whose bit is set.
struct Band {
    int first, count;
    unsigned runs, start;
};

// Points place + e WIDTH of the inverse transforms of a row.
__device__ __forceinline__ void read(Complex (&z)[EACH], const Complex* spectrum, const Complex* gains, const Band band,
                                     const Complex* roots, const Complex (&steps)[EACH], const Thread& thread) {
#pragma unroll
    for (int e = 0; e < EACH; e++) z[e] = {Real(0), Real(0)};
    gains += (long long)band.start * POINTS + thread.place;
    spectrum += thread.place;
    for (int block = 0; block < (PHASES == 1 ? 1 : band.count); block++) {
        // The bins k = q POINTS + r of one block turn by e^{2 pi i q d/PHASES}, and all of them by e^{2 pi i r d/CIRCLE}.
        const unsigned q = (unsigned)(band.first + block) % PHASES;
        const Complex turn = PHASES == 1 ? Complex{Real(1), Real(0)} : roots[q * thread.phase % PHASES * POINTS];
        const Complex *x = spectrum + q * POINTS, *gain = gains + (long long)block * POINTS;
#pragma unroll
        for (int e = 0; e < EACH; e++) {
            Complex of_bin = {Real(0), Real(0)}, of_row = {Real(0), Real(0)};
            if (band.runs >> e & 1) of_bin = x[e * WIDTH], of_row = gain[e * WIDTH];
            const Complex product = of_bin * of_row;
            z[e] = PHASES == 1 ? product : z[e] + product * turn;
        }
    }
    if (PHASES > 1) {
#pragma unroll
        for (int e = 0; e < EACH; e++) z[e] = z[e] * steps[e];
    }
}

// The sum of the values of all threads, in thread 0.
__device__ __forceinline__ double total(double value, double* shared) {
    for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(0xffffffffu, value, step);
    if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = value;
    __syncthreads();
    double sum = 0.0;
    if (threadIdx.x == 0)
        for (int warp = 0; warp < blockDim.x / 32; warp++) sum += shared[warp];
    __syncthreads();
    return sum;
}

// What the ends of a signal add at one scale: where the sums for its first and for its last sample start, and how many places
// from there on each reaches.
struct Edge {
    unsigned left, left_count, right, right_count;
};

enum { COMPLEX, REAL_PART, POWER, ENERGY, REAL_POWER, REAL_ENERGY };

// `signals` is [signals][length] where there are EDGES. `rows` is [signals][scales][length], of Pair or of Real; with either energy, [signals][scales][gridDim.y] in f64 of sums of
// squares. Block (x, y) computes LANES phases of at most `each` rows from x % groups * each on, of signal x / groups.
extern "C" __global__ void __launch_bounds__(THREADS, RESIDENT)
inverse(const Complex* spectra, const Complex* gains, const Band* bands, const Complex* roots, const Complex* turns,
        const Real* signals, const Edge* edges, const Complex* edge_sums, void* rows, int scales, int each, int length, int offset) {
    const int groups = (scales + each - 1) / each, signal = blockIdx.x / groups;
    const int from = blockIdx.x % groups * each, to = min(from + each, scales);
    const Thread thread(turns);
    const Complex* spectrum = spectra + (long long)signal * CIRCLE;
    Complex steps[EACH];
    if (PHASES > 1) {
#pragma unroll
        for (int e = 0; e < EACH; e++) steps[e] = roots[(thread.place + e * WIDTH) * thread.phase % CIRCLE];
    }
    const Real start = EDGES ? signals[(long long)signal * length] : Real(0);
    const Real end = EDGES ? signals[(long long)signal * length + length - 1] : Real(0);
    // Of the first result of this thread; others follow after WIDTH and 256 places.
    const int first = thread.place * PHASES + (int)thread.phase - offset;
    for (int scale = from; scale < to; scale++) {
        Complex z[EACH];
        read(z, spectrum, gains, bands[scale], roots, steps, thread);
        inverse_transform(z, thread);
        const long long row = (long long)signal * scales + scale;
        double squares = 0.0;
        Pair* pairs = reinterpret_cast<Pair*>(rows) + row * length + first;
        Real* reals = reinterpret_cast<Real*>(rows) + row * length + first;
#pragma unroll
        for (int b = 0; b < EACH / LAST; b++)
#pragma unroll
            for (int m = 0; m < KEPT; m++) {
                Complex value = z[b + m * (EACH / LAST)];
                const int later = (b * WIDTH + 256 * m) * PHASES;
                if (!WHOLE && (unsigned)(first + later) >= (unsigned)length) continue;
                if (EDGES) {
                    const Edge edge = edges[scale];
                    const unsigned at = first + later, back = length - 1 - at;
                    if (at < edge.left_count) value = value + Complex{start, Real(0)} * edge_sums[edge.left + at];
                    if (back < edge.right_count) value = value + Complex{end, Real(0)} * edge_sums[edge.right + back];
                }
                // The imaginary parts of a real row are rounding alone.
                const Real im = OUTPUT >= REAL_POWER ? Real(0) : value.im, power = value.re * value.re + im * im;
                if (OUTPUT == COMPLEX) __stcs(pairs + later, (Pair{value.re, value.im}));
                if (OUTPUT == REAL_PART) __stcs(reals + later, value.re);
                if (OUTPUT == POWER || OUTPUT == REAL_POWER) __stcs(reals + later, power);
                if (OUTPUT == ENERGY || OUTPUT == REAL_ENERGY) squares += power;
            }
        if (OUTPUT == ENERGY || OUTPUT == REAL_ENERGY) {
            squares = total(squares, reinterpret_cast<double*>(thread.exchanged - threadIdx.x % LANES));
            if (threadIdx.x == 0) reinterpret_cast<double*>(rows)[row * gridDim.y + blockIdx.y] = squares;
        }
    }
}

// By Parseval's formula, the sum of the squares of all coefficients of a row on the circle, in f64: block (scale, signal)
// of `energies` [signals][scales].
extern "C" __global__ void energy(const Complex* spectra, const Complex* gains, const Band* bands, double* energies) {
    __shared__ double shared[32];
    const Band band = bands[blockIdx.x];
    const Complex* spectrum = spectra + (long long)blockIdx.y * CIRCLE;
    gains += (long long)band.start * POINTS;
    double sum = 0.0;
    for (int j = threadIdx.x; j < band.count * POINTS; j += blockDim.x) {
        if (!(band.runs >> j % POINTS / WIDTH & 1)) continue;
        const Complex x = spectrum[(unsigned)(band.first * POINTS + j) % CIRCLE], g = gains[j];
        sum += (double)(x.re * x.re + x.im * x.im) * (double)(g.re * g.re + g.im * g.im);
    }
    sum = total(sum, shared);
    if (threadIdx.x == 0) energies[(long long)blockIdx.y * gridDim.x + blockIdx.x] = CIRCLE * sum;
}
