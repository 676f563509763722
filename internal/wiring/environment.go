package wiring

import (
	"context"
	"os"
	"runtime"
	"slices"
	"strings"
)

// withheld tells by its name whether a variable is, or may be, secret: this program's own, all of Terraform's and OpenTofu's (input
// variables, arguments, passphrases, passwords of backends), and whatever is called a secret, as what backends and other providers read is.
func withheld(name string) bool {
	name = strings.ToUpper(name)
	switch {
	case strings.HasPrefix(name, "OAUTH_"):
		return true
	case strings.HasPrefix(name, "TF_"):
		return !readLater(name)
	}
	switch name {
	case "XDG_ACTIVATION_TOKEN": // a desktop's: it lets a window come to the front
		return false
	case "PG_CONN_STR", "CONSUL_HTTP_AUTH", "ARM_CLIENT_CERTIFICATE": // of backends, with a secret that their names do not tell of
		return true
	}
	return slices.ContainsFunc(strings.Split(name, "_"), func(word string) bool {
		return slices.Contains([]string{"SECRET", "TOKEN", "PASSWORD", "PASSPHRASE", "CREDENTIALS", "KEY"}, word)
	})
}

// readLater tells whether libraries of this process read a variable of Terraform's: for logs, and to know that Terraform has started it.
// None is secret.
func readLater(name string) bool {
	return strings.HasPrefix(name, "TF_LOG") || name == "TF_ACC_LOG_PATH" || name == "TF_PLUGIN_MAGIC_COOKIE"
}

// WithholdSecrets takes what may be secret out of the environment of this process, which every program that it starts gets to see,
// a browser above all. It returns what os.Getenv would have said of them. PGPASSWORD stays, for WithoutPasswords: PostgreSQL's own
// rules say when it is read, and that is later.
func WithholdSecrets() (getenv func(string) string) {
	taken := map[string]string{}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		if withheld(name) && os.Unsetenv(name) == nil {
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

// WithoutPasswords returns open so that what it starts gets no password of a PostgreSQL. Whoever has a browser to open has opened the
// store before, so they have been read, if this process opens no other later.
func WithoutPasswords(open func(ctx context.Context, url string) error) func(ctx context.Context, url string) error {
	return func(ctx context.Context, url string) error {
		for _, name := range []string{"PGPASSWORD", "PGSSLPASSWORD"} {
			if err := os.Unsetenv(name); err != nil {
				return err
			}
		}
		return open(ctx, url)
	}
}

// variable is the one name of a variable whose case does not matter.
func variable(name string) string {
	if runtime.GOOS == "windows" {
		return strings.ToUpper(name)
	}
	return name
}
