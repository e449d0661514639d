"""Reference values of elementary functions: `python functions.py > functions.txt`.

mpmath 1.3 or later, 60 significant digits; the arguments are doubles, exactly.
"""
import mpmath

mpmath.mp.dps = 60
print(f"# function, argument (a double), value; mpmath {mpmath.__version__}")
ARGUMENTS = ["0.1", "1.0", "2.5", "6.283185307179586", "44353.0", "103993.0", "1048576.0", "1e-09", "0.7853981633974483"]
for text in ARGUMENTS:
    x = mpmath.mpf(float(text))
    # Not the logarithm of 1, which is exactly 0.
    for name in ("cos", "sin", "sqrt") + (("exp",) if x < 100 else ()) + (("ln",) if x != 1 else ()):
        print(name, text, mpmath.nstr(getattr(mpmath, name)(x), 60, min_fixed=0, max_fixed=0))
for text in ["-0.1", "-30.25"]:
    for name in ("cos", "sin", "exp"):
        print(name, text, mpmath.nstr(getattr(mpmath, name)(mpmath.mpf(float(text))), 60, min_fixed=0, max_fixed=0))
print("pi", "0", mpmath.nstr(mpmath.pi, 60, min_fixed=0, max_fixed=0))
