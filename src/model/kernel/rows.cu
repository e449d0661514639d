// Sums over rows of attention, and over the same rows with their keys shuffled: what `heads::Window` adds up on the processor,
// by the same permutations.
//
// A block of threads holds ROWS rows of one head in shared memory, the nearest key first. It adds them to its sums as they are,
// then once for each draw, after it has moved their keys. A permutation goes on from the one before it, so that a row is moved
// by one thread, swap by swap, to places that all threads have drawn together. Transforms and sums are in f64, whatever the
// type ITEM of probabilities and scores; each block has sums of its own, which are added in order.

constexpr int PAIRS = ROWS / 2, SPARE = THREADS * PAIRS < 32, BLOCK = SPARE ? 32 : THREADS * PAIRS;
constexpr int TARGETS = LAGS + 8;
// Numbers that transforms are exchanged through; before them, a sum of each row and thread is.
constexpr int EXCHANGED = (PAIRS + SPARE) * 2 * PADDED, TRANSFORMS = EXCHANGED > ROWS * BLOCK ? EXCHANGED : ROWS * BLOCK;

constexpr int octaves(int points) { return points > 1 ? 1 + octaves(points / 2) : 0; }

// Where sums lie; bins of spectra as the transform of two rows at once has them.
constexpr int OCTAVES = octaves(LAGS), COUNT = 0, SINK = 1, PROFILE = 2, SCORES = PROFILE + LAGS, POWER = SCORES + LAGS,
              HAAR = POWER + LAGS, COMPLETE = HAAR + OCTAVES, FULL = COMPLETE + 1, WIDTH = FULL + LAGS;

// Probability and score of one key.
struct __align__(2 * sizeof(ITEM)) Entry {
    ITEM p, s;
};

// Sixteen words of ChaCha with 8 rounds: those of block `number` of the stream of a key.
__device__ __forceinline__ void chacha8(const unsigned* key, unsigned query, unsigned number, unsigned (&words)[16]) {
    const unsigned start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, key[0], key[1], key[2], key[3],
                                key[4],     key[5],     key[6],     query,      number, 0,      0,      0};
#pragma unroll
    for (int n = 0; n < 16; n++) words[n] = start[n];
#pragma unroll
    for (int round = 0; round < 8; round++)
#pragma unroll
        for (int n = 0; n < 4; n++) {
            // Columns in even rounds, diagonals in odd ones.
            const int turn = round % 2;
            unsigned &a = words[n], &b = words[4 + (n + turn) % 4], &c = words[8 + (n + 2 * turn) % 4],
                     &d = words[12 + (n + 3 * turn) % 4];
            a += b, d ^= a, d = __funnelshift_l(d, d, 16);
            c += d, b ^= c, b = __funnelshift_l(b, b, 12);
            a += b, d ^= a, d = __funnelshift_l(d, d, 8);
            c += d, b ^= c, b = __funnelshift_l(b, b, 7);
        }
#pragma unroll
    for (int n = 0; n < 16; n++) words[n] += start[n];
}

// One word of a stream.
__device__ __noinline__ unsigned word(const unsigned* key, unsigned query, unsigned at) {
    unsigned words[16], found = 0;
    chacha8(key, query, at / 16, words);
#pragma unroll
    for (int n = 0; n < 16; n++)
        if (at % 16 == n) found = words[n];
    return found;
}

// Whether a product of a random word and `bound` is one of those that there are too many of.
__device__ __forceinline__ bool rejected(unsigned long long product, unsigned bound) {
    return (unsigned)product < bound && (unsigned)product < (0u - bound) % bound;
}

// The places that a row's keys change with, where a word is drawn again: words are taken 64 at a time, and those that
// stand for others follow. Returns how many words were used.
__device__ __noinline__ unsigned draw_again(const unsigned* key, unsigned query, unsigned used, int count, int places,
                                            unsigned short* targets) {
    for (int start = 0; start < places; start += 64) {
        const int some = min(64, places - start);
        unsigned next = used + some;
        for (int n = 0; n < some; n++) {
            const unsigned bound = count - start - n;
            unsigned long long product = (unsigned long long)word(key, query, used + n) * bound;
            while (rejected(product, bound)) product = (unsigned long long)word(key, query, next++) * bound;
            targets[start + n] = start + n + (product >> 32);
        }
        used = next;
    }
    return used;
}

// The rows of a block, in shared memory.
struct Rows {
    Real* transforms;
    unsigned short* targets;
    Entry* items;
    // Of each row: entries, words used, whether one was rejected, whether the row counts.
    int *count, *used, *again, *counts;
    // What its probabilities are multiplied by, and the probability of key 0.
    double *scale, *sink;
    unsigned* key;
    int stride, first;

    __device__ __forceinline__ Rows(const unsigned* keys, int stride) : stride(stride) {
        extern __shared__ __align__(16) unsigned char memory[];
        __shared__ int numbers[4 * ROWS];
        __shared__ double weights[2 * ROWS];
        __shared__ unsigned words[7];
        transforms = reinterpret_cast<Real*>(memory);
        targets = reinterpret_cast<unsigned short*>(transforms + TRANSFORMS);
        items = reinterpret_cast<Entry*>(targets + ROWS * TARGETS);
        count = numbers, used = numbers + ROWS, again = numbers + 2 * ROWS, counts = numbers + 3 * ROWS;
        scale = weights, sink = weights + ROWS, key = words;
        if (threadIdx.x < 7) words[threadIdx.x] = keys[threadIdx.x];
    }

    // Takes the rows of the queries from `first` to `end`; `p` and `s` are those of query `first`. Every row has LAGS
    // entries, zeros if need be. Without the sink, key 0 is left out and the rest made to add up to 1.
    __device__ __forceinline__ void load(const ITEM* p, const ITEM* s, long long columns, double slope, int first, int end,
                                         bool removed) {
        this->first = first;
        __syncthreads();
        for (int row = 0; row < ROWS; row++, p += columns, s += columns) {
            const int query = first + row, entries = query < end ? query + 1 - removed : 0;
            double rest = 0.0;
            for (int n = threadIdx.x; n < max(entries, LAGS); n += BLOCK) {
                Entry entry = {ITEM(0), ITEM(0)};
                if (n < entries) {
                    entry = {p[query - n], s[query - n]};
                    if (slope != 0.0) entry.s = (ITEM)((double)entry.s - slope * n);
                    rest += (double)entry.p;
                }
                items[row * stride + n] = entry;
            }
            transforms[row * BLOCK + threadIdx.x] = rest;
            if (threadIdx.x == 0) count[row] = entries, sink[row] = query < end ? (double)p[0] : 0.0;
        }
        __syncthreads();
        for (int row = threadIdx.x; row < ROWS; row += BLOCK) {
            double rest = 0.0;
            for (int n = 0; n < BLOCK; n++) rest += transforms[row * BLOCK + n];
            // A row that is nothing but its sink is passed over, with its sink.
            const bool is_row = first + row < end && !(removed && rest == 0.0);
            counts[row] = is_row, scale[row] = !is_row ? 0.0 : removed ? 1.0 / rest : 1.0;
            if (!is_row) {
                for (int n = 0; n < max(count[row], LAGS); n++) items[row * stride + n] = {ITEM(0), ITEM(0)};
                count[row] = 0, sink[row] = 0.0;
            }
            used[row] = 0;
        }
        __syncthreads();
    }

    // Moves a drawn selection of each row's keys to its first `most` places, as `heads::random::permute`.
    __device__ __forceinline__ void permute(int most) {
        if (threadIdx.x < ROWS) again[threadIdx.x] = 0;
        __syncthreads();
        const int blocks = most / 16 + 2;
        for (int at = threadIdx.x; at < ROWS * blocks; at += BLOCK) {
            const int row = at / blocks, entries = count[row], places = min(most, entries - 1), begin = used[row];
            const int block = begin / 16 + at % blocks;
            if (block * 16 >= begin + places) continue;
            unsigned words[16];
            chacha8(key, first + row, block, words);
#pragma unroll
            for (int n = 0; n < 16; n++) {
                const int place = block * 16 + n - begin;
                if (place < 0 || place >= places) continue;
                const unsigned bound = entries - place;
                const unsigned long long product = (unsigned long long)words[n] * bound;
                if (rejected(product, bound)) again[row] = 1;
                targets[row * TARGETS + place] = place + (unsigned)(product >> 32);
            }
        }
        __syncthreads();
        for (int row = threadIdx.x; row < ROWS; row += BLOCK) {
            const int places = min(most, count[row] - 1);
            unsigned short* of_row = targets + row * TARGETS;
            if (places > 0)
                used[row] = again[row] ? draw_again(key, first + row, used[row], count[row], places, of_row) : used[row] + places;
            Entry* entries = items + row * stride;
            for (int place = 0; place < places; place += 8) {
                // Eight at once, so that no swap waits for where it goes.
                const Pack<unsigned short, 8> some = *reinterpret_cast<const Pack<unsigned short, 8>*>(of_row + place);
#pragma unroll
                for (int n = 0; n < 8; n++) {
                    if (place + n >= places) break;
                    const Entry here = entries[place + n], there = entries[some.at[n]];
                    entries[place + n] = there, entries[some.at[n]] = here;
                }
            }
        }
        __syncthreads();
    }
};

// Energies of the Haar details of two rows, by octave, of which this thread has the means of 8 neighbours: adds to `energies`
// what is left for it to add. `means` has room for a number of each thread and row.
__device__ __forceinline__ void haar_of_means(double (&mean)[2], double (&energies)[OCTAVES], int thread, Real* means) {
    constexpr int WARP = THREADS < 32 ? THREADS : 32;
#pragma unroll
    for (int level = 0; 1 << level < WARP; level++)
#pragma unroll
        for (int row = 0; row < 2; row++) {
            const double other = __shfl_xor_sync(0xffffffffu, mean[row], 1 << level), apart = mean[row] - other;
            if (thread % (2 << level) == 0) energies[3 + level] += apart * apart;
            mean[row] += other;
        }
    if (THREADS <= 32) return;
    if (thread % 32 == 0) means[thread / 32] = mean[0], means[PADDED + thread / 32] = mean[1];
    __syncthreads();
    if (thread > 0) return;
    int octave = 8;
#pragma unroll
    for (int left = THREADS / 32; left > 1; left /= 2, octave++)
        for (int row = 0; row < 2; row++)
            for (int n = 0; n < left / 2; n++) {
                const double one = means[row * PADDED + 2 * n], other = means[row * PADDED + 2 * n + 1];
                energies[octave] += (one - other) * (one - other), means[row * PADDED + n] = one + other;
            }
}

// Sums over the rows of the queries `from` to `to`, LAGS or later, of each pair of text and head. `probabilities` and `scores` are
// [pairs][rows][columns], of the queries from `first` on; `slopes` [heads] or null, `taper` [LAGS] or null, `keys` [pairs][7].
// Block (part, pair) adds to sums[pair][part], which is [1 + draws][WIDTH].
extern "C" __global__ void __launch_bounds__(BLOCK)
near(const ITEM* probabilities, const ITEM* scores, const double* slopes, const double* taper, const unsigned* keys, double* sums,
     int first, int rows, int columns, int heads, int from, int to, int stride, int draws, int removed) {
    const long long pair = blockIdx.y;
    const int which = min((int)threadIdx.x / THREADS, PAIRS), thread = threadIdx.x % THREADS;
    const bool spare = threadIdx.x >= THREADS * PAIRS;
    const double slope = slopes ? slopes[pair % heads] : 0.0;
    probabilities += pair * rows * columns, scores += pair * rows * columns, keys += pair * 7;
    sums += (pair * gridDim.x + blockIdx.x) * (1 + draws) * WIDTH;
    Rows block(keys, stride);
    const Transform transform(thread);
    Real* re = block.transforms + which * 2 * PADDED;
    __shared__ double of_warps[(BLOCK + 31) / 32 * OCTAVES];
    double window[EACH];
#pragma unroll
    for (int e = 0; e < EACH; e++) window[e] = taper ? taper[thread + e * THREADS] : 1.0;

    for (int start = from + blockIdx.x * ROWS; start < to; start += gridDim.x * ROWS) {
        const long long skipped = (long long)(start - first) * columns;
        block.load(probabilities + skipped, scores + skipped, columns, slope, start, to, removed);
        for (int draw = 0; draw <= draws; draw++) {
            double* of_draw = sums + (long long)draw * WIDTH;
            if (draw > 0) block.permute(removed ? LAGS : LAGS + 1);
            Complex z[EACH];
            const int one = spare ? 0 : 2 * which;
#pragma unroll
            for (int e = 0; e < EACH; e++) {
                const int lag = thread + e * THREADS;
                z[e].re = block.scale[one] * (double)block.items[one * stride + lag].p;
                z[e].im = block.scale[one + 1] * (double)block.items[(one + 1) * stride + lag].p;
                if (spare) z[e] = {0.0, 0.0};
                re[padded(lag)] = z[e].re, re[PADDED + padded(lag)] = z[e].im;
            }
            __syncthreads();
            for (int lag = threadIdx.x; lag < LAGS; lag += BLOCK) {
                double p = 0.0, s = 0.0;
                for (int row = 0; row < ROWS; row++) {
                    p += block.transforms[row * PADDED + padded(lag)];
                    s += (double)block.items[row * stride + lag].s;
                }
                of_draw[PROFILE + lag] += p, of_draw[SCORES + lag] += s;
            }
            if (threadIdx.x == 0) {
                double sink = 0.0, counted = 0.0;
                for (int row = 0; row < ROWS; row++) {
                    if (!block.counts[row]) continue;
                    // Key 0 moves with the others unless it is removed.
                    sink += draw > 0 && !removed ? (double)block.items[row * stride + LAGS].p : block.sink[row];
                    counted += 1.0;
                }
                of_draw[COUNT] += counted, of_draw[SINK] += sink;
            }

            // Means that are not divided: at octave j they are 2^(j/2) times as large, their squares 2^j.
            double energies[OCTAVES] = {}, mean[2];
#pragma unroll
            for (int row = 0; row < 2; row++) {
                double x[8];
#pragma unroll
                for (int n = 0; n < 8; n++) x[n] = re[row * PADDED + padded(8 * thread + n)];
#pragma unroll
                for (int octave = 0; octave < 3; octave++)
#pragma unroll
                    for (int n = 0; n < 4 >> octave; n++) {
                        const double apart = x[2 * n] - x[2 * n + 1];
                        energies[octave] += apart * apart, x[n] = x[2 * n] + x[2 * n + 1];
                    }
                mean[row] = x[0];
            }
            __syncthreads();
            haar_of_means(mean, energies, thread, re);
#pragma unroll
            for (int octave = 0; octave < OCTAVES; octave++) {
                double energy = energies[octave];
#pragma unroll
                for (int step = 16; step > 0; step /= 2) energy += __shfl_xor_sync(0xffffffffu, energy, step);
                if (threadIdx.x % 32 == 0) of_warps[threadIdx.x / 32 * OCTAVES + octave] = energy;
            }
            __syncthreads();
            for (int octave = threadIdx.x; octave < OCTAVES; octave += BLOCK) {
                double energy = 0.0;
                for (int warp = 0; warp < BLOCK / 32; warp++) energy += of_warps[warp * OCTAVES + octave];
                of_draw[HAAR + octave] += energy / (double)(2ll << octave);
            }

#pragma unroll
            for (int e = 0; e < EACH; e++) z[e] = {window[e] * z[e].re, window[e] * z[e].im};
            transform.of(z, re);
            double powers[EACH];
#pragma unroll
            for (int e = 0; e < EACH; e++) powers[e] = z[e].re * z[e].re + z[e].im * z[e].im;
            transform.put(powers, re);
            __syncthreads();
            for (int k = threadIdx.x; k < LAGS; k += BLOCK) {
                double power = 0.0;
                for (int other = 0; other < PAIRS; other++) power += block.transforms[other * 2 * PADDED + k];
                of_draw[POWER + k] += power;
            }
            __syncthreads();
        }
    }
}

// The same of the rows of the queries `from` to `to`, before LAGS, of which every key is within reach: their sum by key, and of
// query LAGS - 1 the row itself in `last` [pairs][1 + draws][LAGS].
extern "C" __global__ void __launch_bounds__(BLOCK)
complete(const ITEM* probabilities, const ITEM* scores, const unsigned* keys, double* sums, double* last, int first, int rows,
         int columns, int from, int to, int stride, int draws, int removed) {
    const long long pair = blockIdx.y;
    probabilities += pair * rows * columns, scores += pair * rows * columns, keys += pair * 7;
    sums += (pair * gridDim.x + blockIdx.x) * (1 + draws) * WIDTH, last += pair * (1 + draws) * LAGS;
    Rows block(keys, stride);
    for (int start = from + blockIdx.x * ROWS; start < to; start += gridDim.x * ROWS) {
        const long long skipped = (long long)(start - first) * columns;
        block.load(probabilities + skipped, scores + skipped, columns, 0.0, start, to, removed);
        for (int draw = 0; draw <= draws; draw++) {
            double* of_draw = sums + (long long)draw * WIDTH;
            if (draw > 0) block.permute(LAGS);
            for (int t = threadIdx.x; t < LAGS; t += BLOCK) {
                double sum = 0.0;
                for (int row = 0; row < ROWS; row++) {
                    // Key 0 has nothing where it is removed.
                    const int entries = block.count[row], at = t - removed;
                    if (at < 0 || at >= entries) continue;
                    const Entry entry = block.items[row * stride + (draw == 0 ? entries - 1 - at : at)];
                    const double p = block.scale[row] * (double)entry.p;
                    sum += p;
                    if (start + row == LAGS - 1) last[(long long)draw * LAGS + t] = p;
                }
                of_draw[FULL + t] += sum;
            }
            if (threadIdx.x == 0)
                for (int row = 0; row < ROWS; row++) of_draw[COMPLETE] += block.counts[row];
            __syncthreads();
        }
    }
}

// Adds the sums of all parts, [gridDim.z][parts][gridDim.y][WIDTH], to `out` [gridDim.z][gridDim.y][WIDTH - LAGS/2 + 1], where
// spectra have their bins from 0 to LAGS/2 alone.
extern "C" __global__ void gather(const double* sums, double* out, int parts) {
    constexpr int OUT = WIDTH - LAGS / 2 + 1;
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= OUT) return;
    sums += ((long long)blockIdx.z * parts * gridDim.y + blockIdx.y) * WIDTH;
    const int k = at - POWER;
    const bool is_power = k >= 0 && k <= LAGS / 2;
    double sum = 0.0;
    for (int part = 0; part < parts; part++, sums += (long long)gridDim.y * WIDTH)
        sum += is_power ? (sums[POWER + k] + sums[POWER + (LAGS - k) % LAGS]) / (2 * LAGS)
                        : sums[k > LAGS / 2 ? at + LAGS / 2 - 1 : at];
    out[((long long)blockIdx.z * gridDim.y + blockIdx.y) * OUT + at] += sum;
}
