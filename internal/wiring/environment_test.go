package wiring

import (
	"os"
	"testing"
)

// What may be secret is known to this process, and to no program that it starts.
func TestWithholdSecrets(t *testing.T) {
	taken := map[string]string{"OAUTH_TOKEN_STORE_KEY": "key", "OAUTH_TOKEN_STORE": "postgres://user:pass@db/x=y", "TF_VAR_secret": "input", "TF_TOKEN_registry_example_com": "token"}
	left := map[string]string{"DISPLAY": ":0", "TF_LOG": "", "MY_OAUTH_TOKEN": "of somebody else"}
	for _, all := range []map[string]string{taken, left} {
		for name, value := range all {
			t.Setenv(name, value)
		}
	}
	getenv := WithholdSecrets()
	for name, value := range taken {
		if still, ok := os.LookupEnv(name); ok || getenv(name) != value {
			t.Errorf("%s is %q, and %q for others", name, getenv(name), still)
		}
	}
	for name, value := range left {
		if os.Getenv(name) != value || getenv(name) != value {
			t.Errorf("%s is gone", name)
		}
	}
	if getenv("OAUTH_NOT_SET") != "" {
		t.Error("what was not set is set")
	}
}
