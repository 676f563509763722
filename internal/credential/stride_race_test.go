//go:build race

package credential

const stride = 3
