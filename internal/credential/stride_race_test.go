//go:build race

package credential

const stride = 7
