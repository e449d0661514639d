"""The defining sums of the wavelet transform to 40 digits, made without ropelet: mpmath 1.3.0, Python 3.11.

W(a, b) = a^{-1/2} Σ_t conj(psi((t - b)/a)) z(t), for z(t) = ((t² + 5t) mod 23 - 5)/16 + i ((t² + 3t) mod 19 - 9)/16 on 0..40,
continued in each of four ways, at scales from below Nyquist's to beyond the signal, at both ends and inside. Sums over
all repetitions are taken over the spectrum (Poisson); sums over half-lines of constants are zeta functions for Paul, polylogarithms
for Shannon and the frequency B-spline, and for the others integrals of psihat(w) e^{iwm/a}/(1 - e^{iw/a}) along a ray,
since Σ_{l ≥ m} e^{iwl/a} is a geometric series. Writes exact.json beside itself, 20 digits of each.
"""

import json
from importlib.metadata import version
from pathlib import Path

from mpmath import binomial, conj, cos, e, erfc, exp, expjpi, factorial, gamma, hermite, log, mp, mpc, mpf, pcfu, pi
from mpmath import polylog, sin, sqrt, zeta

mp.dps = 40
J = mpc(0, 1)
N, PLACES = 41, [0, 17, 40]
SCALES = [mpf(0.3), mpf(2), mpf(7.5), mpf(100)]
NORM = pi ** mpf(-0.25)
OMEGA0 = mpf(6)
KAPPA = exp(-OMEGA0**2 / 2)


def ray(spectrum, angle, time, scale=None):
    """(1/2π) ∫_0^∞ spectrum(w) e^{iw·time} dw, with `scale` over 1 - e^{iw/scale}: along e^{i·angle}."""
    turn = exp(J * angle)
    # Where the exponential has fallen, and where the spectrum has.
    end = min(mpf(40), 120 / (abs(time) * sin(angle) + mpf(1) / 100))

    def at(x):
        w = exp(x) * turn
        below = 1 if scale is None else 1 - exp(J * w / scale)
        return spectrum(w) * exp(J * w * time) / below * w

    top = log(end)
    # The trapezoidal rule in ln w: doubly fast, since everything is analytic in a strip of half the angle.
    step = 2 * pi * angle * mpf(0.7) / (mpf(42) * log(10))
    total, k = mpf(0), 0
    size = mpf(0)
    while True:
        term = at(top - k * step)
        total += term
        size += abs(term)
        k += 1
        if abs(term) < size * mpf(10) ** -43 and k > 400 or k > 40000:
            return total * step / (2 * pi)


class Wavelet:
    """psi, psihat, and Σ_{l ≥ m} psi(±l/a)."""

    def __init__(self, name, parameters, psi, psihat, half_sum, reach=None):
        self.name, self.parameters, self.reach = name, parameters, reach
        self.psi, self.psihat, self.half_sum = psi, psihat, half_sum


def summed(psi, left, right):
    """Half sums of what is 0, or below 1e-45, outside of left..right."""

    def half_sum(scale, m, direction):
        last = int((right if direction > 0 else -left) * scale) + 2
        return sum((psi(direction * l / scale) for l in range(m, last + 1)), mpf(0))

    return half_sum


def gaussian_like(name, parameters, psi, psihat, reach=15):
    return Wavelet(name, parameters, psi, psihat, summed(psi, -mpf(reach), mpf(reach)), reach)


def compact(name, parameters, psi, end):
    return Wavelet(name, parameters, psi, None, summed(psi, mpf(0), mpf(end)), end)


def on_a_ray(name, parameters, spectrum, angle, factor=1, psi=None):
    """Of a spectrum that is real on w > 0, times a factor."""

    def value(t):
        sum = ray(spectrum, angle, abs(t))
        return factor * (conj(sum) if t < 0 else sum)

    def half_sum(scale, m, direction):
        sum = ray(spectrum, angle, m / scale, scale)
        return factor * (conj(sum) if direction < 0 else sum)

    return Wavelet(name, parameters, psi or value, lambda w: factor * spectrum(w) if w > 0 else mpf(0), half_sum)


def dog(m, t):
    # (-1)^{m+1} (d/dt)^m e^{-t²/2} = -He_m(t) e^{-t²/2}
    return -hermite(m, t / sqrt(2)) / sqrt(mpf(2)) ** m * exp(-t * t / 2)


def morlet_spectrum(w):
    return NORM * sqrt(2 * pi) * (exp(-((w - OMEGA0) ** 2) / 2) - KAPPA * exp(-w * w / 2))


def gabor_spectrum(w):
    return NORM * sqrt(2 * pi) * exp(-((w - OMEGA0) ** 2) / 2)


def analytic(t, corrected):
    """The positive frequencies of Morlet: (1/2π) ∫_0^∞ e^{-(w-c)²/2 + iwt} dw in error functions."""

    def half(c):
        # With w = c + it + v: e^{ict - t²/2} ∫_{-c-it}^∞ e^{-v²/2} dv
        return exp(J * c * t - t * t / 2) * sqrt(pi / 2) * erfc(-(c + J * t) / sqrt(mpf(2)))

    return NORM * sqrt(2 * pi) / (2 * pi) * (half(OMEGA0) - (KAPPA * half(mpf(0)) if corrected else 0))


def paul(m):
    c = mpf(2) ** m * factorial(m) / sqrt(pi * factorial(2 * m))

    def half_sum(scale, first, direction):
        # Σ (1 - il/a)^{-(m+1)} = (-i/a)^{-(m+1)} ζ(m+1, first + ia)
        sum = c * (-J / scale) ** -(m + 1) * zeta(m + 1, first + J * scale)
        return J**m * (conj(sum) if direction < 0 else sum)

    psi = lambda t: c * J**m * (1 - J * t) ** -(m + 1)
    psihat = lambda w: J**m * 2 * pi * c / factorial(m) * w**m * exp(-w) if w > 0 else mpf(0)
    return Wavelet("paul", {"order": m}, psi, psihat, half_sum)


def fbsp(name, parameters, order, band, centre):
    def sinc(x):
        return mpf(1) if x == 0 else sin(pi * x) / (pi * x)

    def spline(x):
        # Truncated powers; in the middle of a jump half of it.
        sum = mpf(0)
        for j in range(order + 1):
            d = x + mpf(order) / 2 - j
            assert order > 1 or d != 0
            if d > 0:
                sum += (-1) ** j * binomial(order, j) * d ** (order - 1)
        return sum / factorial(order - 1)

    psi = lambda t: sqrt(band) * sinc(band * t / order) ** order * exp(2 * pi * J * centre * t)
    psihat = lambda w: order / sqrt(band) * spline((w / (2 * pi) - centre) * order / band)

    def half_sum(scale, first, direction):
        total = mpf(0)
        for j in range(order + 1):
            z = expjpi(2 * (centre + band * (mpf(1) / 2 - mpf(j) / order)) / scale)
            tail = polylog(order, z) - sum(z**l / mpf(l) ** order for l in range(1, first))
            total += (-1) ** j * binomial(order, j) * tail
        total *= sqrt(band) * (order * scale / (2 * pi * J * band)) ** order
        return conj(total) if direction < 0 else total

    return Wavelet(name, parameters, psi, psihat, half_sum)


def box(t, half=mpf(1) / 2):
    return mpf(1) if 0 <= t < half else mpf(-1) if half <= t < 1 else mpf(0)


def pair(t, prime):
    f = 2 * pi * (t % 1)
    if not 0 <= t < 2:
        return mpf(0)
    first, second = (sin(f), cos(f)) if prime else (cos(f), -sin(f))
    return first if t < 1 else second


def analytic_dog(m):
    factor = (-1) ** (m + 1) * J**m
    spectrum = lambda w: 2 * w**m * sqrt(2 * pi) * exp(-w * w / 2)
    # ∫_0^∞ w^m e^{-w²/2 + iwt} dw is a parabolic cylinder function.
    psi = lambda t: factor * 2 / sqrt(2 * pi) * gamma(m + 1) * exp(-t * t / 4) * pcfu(m + mpf(1) / 2, -J * t)
    return on_a_ray("analytic-dog", {"order": m}, spectrum, pi / 16, factor, psi)


BETA, GAMMA = mpf(20), mpf(3)
MORSE = lambda w: 2 * (e * GAMMA / BETA) ** (BETA / GAMMA) * w**BETA * exp(-(w**GAMMA))
RT = sqrt(2 * pi)
WAVELETS = [
    compact("haar", {}, box, 1),
    gaussian_like("ricker", {}, lambda t: (1 - t * t) * exp(-t * t / 2), lambda w: RT * w * w * exp(-w * w / 2)),
    gaussian_like("morlet", {"omega0": 6}, lambda t: NORM * (exp(J * OMEGA0 * t) - KAPPA) * exp(-t * t / 2), morlet_spectrum),
    gaussian_like("morlet-uncorrected", {"omega0": 6}, lambda t: NORM * exp(J * OMEGA0 * t - t * t / 2), gabor_spectrum),
    on_a_ray("analytic-morlet", {"omega0": 6}, morlet_spectrum, mpf(1) / 6, psi=lambda t: analytic(t, True)),
    # Its half sums diverge; its spectrum counts as 0 at 0.
    on_a_ray("analytic-morlet-uncorrected", {"omega0": 6}, gabor_spectrum, mpf(1) / 6, psi=lambda t: analytic(t, False)),
    gaussian_like("gaussian", {}, lambda t: exp(-t * t), lambda w: sqrt(pi) * exp(-w * w / 4)),
    gaussian_like("dog", {"order": 5}, lambda t: dog(5, t), lambda w: (J * w) ** 5 * RT * exp(-w * w / 2)),
    analytic_dog(3),
    paul(4),
    on_a_ray("morse", {"order": 20, "gamma": 3}, MORSE, pi / 24),
    fbsp("shannon", {"bandwidth": 1.5, "centre": 1}, 1, mpf(1.5), mpf(1)),
    fbsp("fbsp", {"order": 2, "bandwidth": 1.5, "centre": 1}, 2, mpf(1.5), mpf(1)),
    compact("haar-like", {"cycles": 1}, lambda t: pair(t, False), 2),
    compact("haar-like-prime", {"cycles": 1}, lambda t: pair(t, True), 2),
]

SIGNAL = [mpc((t * t + 5 * t) % 23 - 5, (t * t + 3 * t) % 19 - 9) / 16 for t in range(N)]


def around(wavelet, period, scale, b):
    """The sum over an endless signal of this period."""
    p = len(period)
    if wavelet.psihat is None:
        reach = int(wavelet.reach * scale) + p + 2
        return sum(conj(wavelet.psi((t - b) / scale)) * period[t % p] for t in range(b - 2, b + reach))
    # Beyond these frequencies every spectrum is below 1e-45.
    highest = 130 if wavelet.name == "paul" else 24
    total, last = mpf(0), int(p * highest / (2 * pi * scale)) + 2
    root = [expjpi(2 * mpf(k) / p) for k in range(p)]
    spectrum = [sum(period[t] * conj(root[k * t % p]) for t in range(p)) for k in range(p)]
    for k in range(-last, last + 1):
        gain = wavelet.psihat(2 * pi * k * scale / p)
        if gain:
            total += conj(gain) * spectrum[k % p] * root[k * b % p]
    return total * scale / p


def digits(z):
    return [mp.nstr(z.real, 20), mp.nstr(z.imag, 20)]


def main():
    document = {
        "made_with": f"tests/data/cwt/exact.py: mpmath {version('mpmath')}, {mp.dps} digits",
        "places": PLACES,
        "scales": [float(a) for a in SCALES],
        "wavelets": [],
    }
    for wavelet in WAVELETS:
        rows = {}
        for scale in SCALES:
            psi = {lag: wavelet.psi(lag / scale) for lag in range(1 - N, N)}
            for b in PLACES:
                zero = sum(conj(psi[t - b]) * SIGNAL[t] for t in range(N))
                values = {
                    "zero": zero,
                    "periodic": around(wavelet, SIGNAL, scale, b),
                    "reflect": around(wavelet, SIGNAL + SIGNAL[::-1], scale, b),
                }
                if wavelet.name != "analytic-morlet-uncorrected":
                    left = wavelet.half_sum(scale, b + 1, -1)
                    right = wavelet.half_sum(scale, N - b, 1)
                    values["constant"] = zero + conj(left) * SIGNAL[0] + conj(right) * SIGNAL[-1]
                for boundary, value in values.items():
                    rows.setdefault(boundary, []).append(digits(mpc(value) / sqrt(scale)))
        document["wavelets"].append({"name": wavelet.name, "parameters": wavelet.parameters, "rows": rows})
        print(wavelet.name, flush=True)
    path = Path(__file__).with_name("exact.json")
    path.write_text(json.dumps(document, separators=(",", ":")).replace('},{"name"', '},\n{"name"') + "\n")
    print(path.stat().st_size)


if __name__ == "__main__":
    main()
