//go:build race

package provider

const stride = 3
