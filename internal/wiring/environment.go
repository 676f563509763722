package wiring

import (
	"os"
	"runtime"
	"strings"
)

// withheld are how the names of variables begin that are, or may be, secret, and that no other program needs: this program's own,
// the values of Terraform's input variables, and its tokens for registries.
var withheld = []string{"OAUTH_", "TF_VAR_", "TF_TOKEN_"}

// WithholdSecrets takes what may be secret out of the environment of this process, which every program that it starts gets to see,
// a browser above all. It returns what os.Getenv would have said of them. PGPASSWORD stays: PostgreSQL's own rules say when it is
// read, and that is later.
func WithholdSecrets() (getenv func(string) string) {
	taken := map[string]string{}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		for _, prefix := range withheld {
			if strings.HasPrefix(variable(name), prefix) && os.Unsetenv(name) == nil {
				taken[variable(name)] = value
			}
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
