//go:build !race

package credential

// stride is how far apart the faults and the seeds are that are tried: all of them, and under the race detector, which makes each cost
// ten times as much, every seventh. What they show does not depend on it, so the suite runs both ways.
const stride = 1
