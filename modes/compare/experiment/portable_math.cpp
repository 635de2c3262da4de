#include "modes/compare/experiment/portable_math.hpp"

#include <cmath>
#include <span>

namespace interswarm::compare {

namespace {

// ln 2 in two parts: whole multiples of the first one have no rounding (Tang, "Table-driven
// implementation of the exponential function", 1989).
constexpr double ln2_high = 6.93147180369123816490e-01;
constexpr double ln2_low = 1.90821492927058770002e-10;
constexpr double root_half = 0.70710678118654752440;

/// Coefficients from the highest power down.
double polynomial(std::span<const double> coefficients, double x) {
  double out = 0;
  for (const auto c : coefficients) out = out * x + c;
  return out;
}

} // namespace

double natural_log(double x) {
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent); // in [0.5, 1)
  if (mantissa < root_half) {
    mantissa *= 2;
    --exponent;
  }
  // ln m = 2 artanh s, |s| <= 0.1716: the terms after the eleventh are below 1e-18 of the first.
  const double s = (mantissa - 1) / (mantissa + 1);
  const double square = s * s;
  double series = 0;
  for (int k = 23; k >= 3; k -= 2) series = (series + 1.0 / k) * square;
  return exponent * ln2_high + (exponent * ln2_low + (2 * s * series + 2 * s));
}

double exponential(double x) {
  const double k = std::floor(x / (ln2_high + ln2_low) + 0.5);
  const double rest = (x - k * ln2_high) - k * ln2_low; // within 0.35
  double series = 1;
  for (int n = 15; n >= 1; --n) series = 1 + series * rest / n;
  return std::ldexp(series, static_cast<int>(k));
}

double power(double x, double y) { return exponential(y * natural_log(x)); }

double normal_quantile(double p) {
  static constexpr double a[] = {2.50908092873012267270e3, 3.34305755835881281050e4,
                                 6.72657709270087008530e4, 4.59219539315498714570e4,
                                 1.37316937655094611250e4, 1.97159095030655144270e3,
                                 1.33141667891784377450e2, 3.38713287279636660800e0};
  static constexpr double b[] = {5.22649527885285456100e3, 2.87290857357219426740e4,
                                 3.93078958000927106100e4, 2.12137943015865958670e4,
                                 5.39419602142475110770e3, 6.87187007492057908300e2,
                                 4.23133307016009112520e1, 1.0};
  static constexpr double c[] = {7.74545014278341407640e-4, 2.27238449892691845833e-2,
                                 2.41780725177450611770e-1, 1.27045825245236838258e0,
                                 3.64784832476320460504e0,  5.76949722146069140550e0,
                                 4.63033784615654529590e0,  1.42343711074968357734e0};
  static constexpr double d[] = {1.05075007164441684324e-9, 5.47593808499534494600e-4,
                                 1.51986665636164571966e-2, 1.48103976427480074590e-1,
                                 6.89767334985100004550e-1, 1.67638483018380384940e0,
                                 2.05319162663775882187e0,  1.0};
  static constexpr double e[] = {2.01033439929228813265e-7, 2.71155556874348757815e-5,
                                 1.24266094738807843860e-3, 2.65321895265761230930e-2,
                                 2.96560571828504891230e-1, 1.78482653991729133580e0,
                                 5.46378491116411436990e0,  6.65790464350110377720e0};
  static constexpr double f[] = {2.04426310338993978564e-15, 1.42151175831644588870e-7,
                                 1.84631831751005468180e-5,  7.86869131145613259100e-4,
                                 1.48753612908506148525e-2,  1.36929880922735805310e-1,
                                 5.99832206555887937690e-1,  1.0};
  const double q = p - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(a, r) / polynomial(b, r);
  }
  const double r = std::sqrt(-natural_log(q < 0 ? p : 1 - p));
  const double out = r <= 5 ? polynomial(c, r - 1.6) / polynomial(d, r - 1.6)
                            : polynomial(e, r - 5) / polynomial(f, r - 5);
  return q < 0 ? -out : out;
}

} // namespace interswarm::compare
