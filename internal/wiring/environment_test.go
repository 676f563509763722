package wiring

import (
	"context"
	"os"
	"testing"
)

// What may be secret is known to this process, and to no program that it starts.
func TestWithholdSecrets(t *testing.T) {
	taken := map[string]string{
		"OAUTH_TOKEN_STORE_KEY": "key", "OAUTH_TOKEN_STORE": "postgres://user:pass@db/x=y",
		// Terraform's and OpenTofu's own
		"TF_VAR_secret": "input", "TF_TOKEN_registry_example_com": "token", "TF_ENCRYPTION": `key_provider "pbkdf2" "x" { passphrase = "p" }`,
		"TF_HTTP_PASSWORD": "http", "TF_HTTP_CLIENT_PRIVATE_KEY_PEM": "pem", "TF_CLI_ARGS": "-var=secret=x", "TF_CLI_ARGS_plan": "-backend-config=password=x",
		// and what their backends and key providers read
		"PG_CONN_STR": "postgres://user:pass@db", "AWS_SECRET_ACCESS_KEY": "s3", "AWS_SESSION_TOKEN": "s3", "AWS_SSE_CUSTOMER_KEY": "s3", "ARM_ACCESS_KEY": "azure",
		"ARM_CLIENT_SECRET": "azure", "ARM_CLIENT_CERTIFICATE": "azure", "ARM_CLIENT_CERTIFICATE_PASSWORD": "azure", "ARM_SAS_TOKEN": "azure", "GOOGLE_CREDENTIALS": "gcs",
		"GOOGLE_BACKEND_CREDENTIALS": "gcs", "GOOGLE_ENCRYPTION_KEY": "gcs", "CONSUL_HTTP_TOKEN": "consul", "CONSUL_HTTP_AUTH": "user:pass", "KUBE_PASSWORD": "kubernetes",
		"KUBE_CLIENT_KEY_DATA": "kubernetes", "ALICLOUD_ACCESS_KEY_SECRET": "oss", "TENCENTCLOUD_SECRET_KEY": "cos", "VAULT_TOKEN": "vault", "BAO_TOKEN": "openbao",
		// and other providers
		"GITHUB_TOKEN": "github", "EXAMPLE_API_PASSWORD": "example", "XDG_EXAMPLE_SECRET": "example",
	}
	left := map[string]string{
		"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0", "XDG_ACTIVATION_TOKEN": "of the window", "XDG_RUNTIME_DIR": "/run/user/1", "XAUTHORITY": "/home/u/.Xauthority",
		"DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1/bus", "BROWSER": "firefox", "SSH_AUTH_SOCK": "/run/agent", "HTTPS_PROXY": "http://proxy", "GNOME_KEYRING_CONTROL": "/run/keyring",
		// This process reads these later: its logs, the handshake with Terraform, its store.
		"TF_LOG": "", "TF_LOG_PROVIDER": "", "TF_ACC_LOG_PATH": "", "TF_PLUGIN_MAGIC_COOKIE": "cookie", "PLUGIN_CLIENT_CERT": "public", "PGPASSWORD": "password",
	}
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

// The store has read its passwords by the time that a browser is started.
func TestWithoutPasswords(t *testing.T) {
	for _, name := range []string{"PGPASSWORD", "PGSSLPASSWORD"} {
		t.Setenv(name, "password")
	}
	var opened string
	open := WithoutPasswords(func(_ context.Context, url string) error {
		for _, name := range []string{"PGPASSWORD", "PGSSLPASSWORD"} {
			if _, ok := os.LookupEnv(name); ok {
				t.Errorf("a browser gets %s", name)
			}
		}
		opened = url
		return nil
	})
	if os.Getenv("PGPASSWORD") == "" {
		t.Error("a password is gone before the store can have read it")
	}
	if err := open(context.Background(), "https://example.com"); err != nil || opened != "https://example.com" {
		t.Errorf("%q was opened: %v", opened, err)
	}
}
