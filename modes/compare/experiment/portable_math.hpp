#pragma once

namespace interswarm::compare {

// The C library's functions may differ in the last bit from machine to machine, which IEEE 754
// allows, and with it would the times of a plan. These use nothing but what IEEE 754 defines to the
// bit: + - * /, square root and scaling by powers of two.

/// Natural logarithm of a positive finite number, within 2 units in the last place.
double natural_log(double x);
/// e to the power x, from -700 to 700, within 2 units in the last place.
double exponential(double x);
/// x to the power y, for positive x.
double power(double x, double y);
/// The x below which a standard normal variable is with probability p, which is in (0, 1): Wichura,
/// "Algorithm AS 241", Applied Statistics 37 (1988), PPND16. Relative error about 1e-15.
double normal_quantile(double p);

} // namespace interswarm::compare
