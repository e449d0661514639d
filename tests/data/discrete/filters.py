"""The low-pass filters of all 105 discrete wavelets to 30 digits, from the equations that define them.

Daubechies, symlets and the biorthogonal pairs are spectral factors of the half-band polynomial, by polynomial
roots; which roots go where is decided by which product is nearest to PyWavelets' table, rounded as that is.
Coiflets are solutions of the equation for orthonormality among the filters with the moments that vanish,
by Newton's iteration at 2K frequencies, and are held against PyWavelets' taps. Meyer's taps are
integrals. Nothing of ropelet is used.

Made with Python 3.11, mpmath 1.3.0, PyWavelets 1.8.0.

python tests/data/discrete/filters.py > tests/data/discrete/filters.json
"""

import itertools
import json

import mpmath
import pywt
from mpmath import binomial, conj, cos, matrix, lu_solve, mp, mpf, nstr, pi, polyroots, quad, sqrt

mp.dps = 120


def half_band_roots(order):
    """Zeros z inside the unit circle, in groups that belong together, of P_N((2 - z - 1/z)/4)."""
    if order == 1:
        return []
    coefficients = [binomial(order - 1 + k, k) for k in range(order)][::-1]
    roots = polyroots(coefficients, maxsteps=800, extraprec=800)
    groups = []
    for y in roots:
        if mp.im(y) < -mpf(10) ** -60:
            continue
        # z² - (2 - 4y) z + 1 = 0
        b = 1 - 2 * y
        z = b - sqrt(b * b - 1)
        z = z if abs(z) < 1 else 1 / z
        groups.append([mp.re(z)] if abs(mp.im(y)) < mpf(10) ** -60 else [z, conj(z)])
    return groups


def expand(zeros, at_minus_one):
    """Product of (1 - zero/z) and of (1 + 1/z), with the sum √2."""
    taps = [mpf(1)]
    for zero in [-1] * at_minus_one + zeros:
        taps = [a - zero * b for a, b in zip(taps + [0], [0] + taps)]
    taps = [mp.re(t) for t in taps]
    total = sum(taps)
    return [t * sqrt(mpf(2)) / total for t in taps]


def distance(taps, table):
    return max(abs(a - mpf(b)) for a, b in zip(taps, table))


def orthogonal(order, table, all_inside):
    groups = half_band_roots(order)
    choices = [()] if all_inside else itertools.product((False, True), repeat=len(groups))
    best = None
    # In double precision first: a thousand products at full precision take minutes.
    for choice in choices:
        zeros = [1 / z if choice and choice[g] else z for g, group in enumerate(groups) for z in group]
        with mp.workdps(30):
            apart = distance(expand(zeros, order), table)
        if best is None or apart < best[0]:
            best = (apart, zeros)
    taps = expand(best[1], order)
    if distance(taps[::-1], table) < distance(taps, table):
        taps = taps[::-1]
    return taps


def stripped(table):
    first = next(i for i, t in enumerate(table) if t != 0)
    last = max(i for i, t in enumerate(table) if t != 0)
    return first, list(table[first : last + 1])


def biorthogonal(rec_table, dec_table):
    (rec_first, rec), (dec_first, dec) = stripped(rec_table), stripped(dec_table)
    order = (len(rec) + len(dec)) // 4
    groups = half_band_roots(order)
    best = None
    # A symmetric filter has with each zero its inverse; what zeros at -1 are left over is its length's.
    for choice in itertools.product((False, True), repeat=len(groups)):
        parts = []
        for side, length in ((True, len(rec)), (False, len(dec))):
            zeros = [w for g, group in enumerate(groups) if choice[g] == side for z in group for w in (z, 1 / z)]
            parts.append((zeros, length - 1 - len(zeros)))
        if min(part[1] for part in parts) < 0 or parts[0][1] + parts[1][1] != 2 * order:
            continue
        rec_taps, dec_taps = (expand(*part) for part in parts)
        apart = distance(rec_taps, rec) + distance(dec_taps, dec)
        if best is None or apart < best[0]:
            best = (apart, rec_taps, dec_taps)
    padded = lambda taps, first, table: [mpf(0)] * first + taps + [mpf(0)] * (len(table) - first - len(taps))
    return padded(best[1], rec_first, rec_table), padded(best[2], dec_first, dec_table)


def convolve(a, b):
    product = [mpf(0)] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for k, y in enumerate(b):
            product[i + k] += x * y
    return product


def power(taps, exponent):
    result = [mpf(1)]
    for _ in range(exponent):
        result = convolve(result, taps)
    return result


def coiflet(order, table):
    """Every filter with the moments is √2 (A + sin^{2K} g), A = cos^{2K}(w/2) P_K(sin²(w/2)), with 2K numbers g."""
    quarter = mpf(1) / 4
    count, flat = 6 * order, [mpf(0)] * (2 * order - 1)
    for k in range(order):
        term = convolve(power([-quarter, 2 * quarter, -quarter], k), [binomial(order - 1 + k, k)])
        middle = order - 1 - k
        flat[middle : middle + len(term)] = [a + b for a, b in zip(flat[middle : middle + len(term)], term)]
    flat = convolve(flat, power([quarter, 2 * quarter, quarter], order))
    fixed = [mpf(0)] + flat + [mpf(0)] * (count - 1 - len(flat))
    sine = power([-quarter, mpf(0), 2 * quarter, mpf(0), -quarter], order)
    shifted = matrix(count, 2 * order)
    for n in range(2 * order):
        for k, tap in enumerate(sine):
            shifted[n + k, n] = tap
    # Half of |m(w)|² + |m(w + π)|² = 1 over sin^{2K} w: at 2K frequencies it is at all.
    angles = [mp.acos(cos(pi * (2 * i + 1) / (4 * order))) / 2 for i in range(2 * order)]
    half_band = lambda y: sum(binomial(order - 1 + k, k) * y**k for k in range(order))
    g = matrix([mpf(4) ** -order] + [0] * (2 * order - 1))
    for _ in range(40):
        rows, values = [], []
        for w in angles:
            y = mp.sin(w / 2) ** 2
            weight, power_of_sine = [mpf(1), 2 * (1 - y) ** order * half_band(y) - 1], mp.sin(w) ** (2 * order)
            waves = [mp.expj(n * w) for n in range(2 * order)]
            parts = [sum(g[n] * waves[n] for n in range(p, 2 * order, 2)) for p in (0, 1)]
            values.append(
                sum(weight[p] * mp.re(parts[p]) + power_of_sine * abs(parts[p]) ** 2 for p in (0, 1))
                - mpf(4) ** -order * half_band(y) * half_band(1 - y)
            )
            slope = lambda n: weight[n % 2] * mp.re(waves[n]) + 2 * power_of_sine * mp.re(conj(parts[n % 2]) * waves[n])
            rows.append([slope(n) for n in range(2 * order)])
        step = lu_solve(matrix(rows), matrix(values))
        g -= step
        if max(abs(x) for x in step) < mpf(10) ** -60:
            break
    h = [sqrt(mpf(2)) * (a + b) for a, b in zip(fixed, shifted * g)]
    for shift in range(count // 2):
        assert abs(sum(h[k] * h[k + 2 * shift] for k in range(count - 2 * shift)) - (shift == 0)) < mpf(10) ** -45
    h = h[::-1] if distance(h[::-1], table) < distance(h, table) else h
    assert distance(h, table) < 1e-15, order
    return h


def meyer():
    with mp.workdps(40):
        nu = lambda x: x**4 * (35 - 84 * x + 70 * x**2 - 20 * x**3)
        third = pi / 3
        flat = lambda n: mp.sin(n * third) / n if n else third
        slope = lambda n: quad(lambda w: cos(pi / 2 * nu(w / third - 1)) * cos(n * w), [third + third * k / 8 for k in range(9)])
        side = [sqrt(mpf(2)) / pi * (flat(n) + slope(n)) for n in range(31)]
        taps = side[:0:-1] + side
        total = sum(taps)
        return [t * sqrt(mpf(2)) / total for t in taps] + [mpf(0)]


filters = {}
digits = lambda taps: [nstr(t, 30) if t else "0" for t in taps]
for name in pywt.wavelist(kind="discrete"):
    w = pywt.Wavelet(name)
    if name.startswith("db"):
        filters[name] = {"rec_lo": digits(orthogonal(int(name[2:]), w.rec_lo, True))}
    elif name.startswith("sym"):
        filters[name] = {"rec_lo": digits(orthogonal(int(name[3:]), w.rec_lo, False))}
    elif name.startswith("coif"):
        filters[name] = {"rec_lo": digits(coiflet(int(name[4:]), w.rec_lo))}
    elif name == "dmey":
        filters[name] = {"rec_lo": digits(meyer())}
    elif name.startswith("bior"):
        rec, dec = biorthogonal(w.rec_lo, w.dec_lo)
        filters[name] = {"rec_lo": digits(rec), "dec_lo": digits(dec)}
        filters["rbio" + name[4:]] = {"rec_lo": digits(dec[::-1]), "dec_lo": digits(rec[::-1])}

print(json.dumps({
    "made_with": f"tests/data/discrete/filters.py: mpmath {mpmath.__version__}, PyWavelets {pywt.__version__}",
    "filters": dict(sorted(filters.items())),
}, separators=(",", ":")))
