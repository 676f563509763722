package wiring

import (
	"os"
	"runtime"
	"strings"
)

// withheld tells by its name whether a variable is, or may be, secret, and no other program needs it: this program's own, the values of
// Terraform's input variables, and its tokens for registries.
func withheld(name string) bool {
	return strings.HasPrefix(name, "OAUTH_") || strings.HasPrefix(name, "TF_VAR_") || strings.HasPrefix(name, "TF_TOKEN_")
}

// WithholdSecrets takes what may be secret out of the environment of this process, which every program that it starts gets to see,
// a browser above all. It returns what os.Getenv would have said of them. PGPASSWORD stays: PostgreSQL's own rules say when it is
// read, and that is later.
func WithholdSecrets() (getenv func(string) string) {
	taken := map[string]string{}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		if withheld(variable(name)) && os.Unsetenv(name) == nil {
			taken[variable(name)] = value
		}
	}
	return func(name string) string {
		if value, ok := taken[variable(name)]; ok {
			return value
		}
		return os.Getenv(name)
	}
}

// variable is the one name of a variable whose case does not matter.
func variable(name string) string {
	if runtime.GOOS == "windows" {
		return strings.ToUpper(name)
	}
	return name
}
