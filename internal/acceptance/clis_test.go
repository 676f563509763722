//go:build unix

package acceptance_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// terraform115 finds the Terraform for what needs 1.14 or later: actions and lists. A test makes its workspace drive it by setting w.tf.
func terraform115(t testing.TB) string {
	t.Helper()
	path := os.Getenv("TF_ACC_TERRAFORM_115")
	if path == "" {
		path = filepath.Join("..", "..", ".bin", "clis", "terraform")
	}
	path, err := filepath.Abs(path)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("this test needs a Terraform of 1.14 or later; \"make clis\" builds one, or name one in TF_ACC_TERRAFORM_115: %v", err)
	}
	return path
}

// The newer Terraform does with resources what the one on the PATH does, and imports by identity.
func TestNewerTerraform(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.tf = terraform115(t)
	config := s.pair("newer", s.issue().RefreshToken, strict, "")
	w.write(config)
	w.apply().mustSay(t, "1 added, 0 changed, 0 destroyed")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	other := w.sibling()
	other.tf = w.tf
	other.write(config + "import {\n  to = " + this + "\n  identity = { name = \"newer\" }\n}\n")
	other.apply().mustSay(t, "1 imported, 0 added, 1 changed")
	s.later(time.Hour, w, other)
	other.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.apply().mustSay(t, "0 added, 0 changed, 0 destroyed")
	w.expectLive(s, 3)
	s.expect(2, 0)
}
