// Package fuzzing holds no code, only the tests of scripts/fuzz: that it runs what it is asked to run, and what it keeps. It fuzzes nothing;
// "make fuzz" does.
package fuzzing
