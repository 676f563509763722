package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// install lets each command line that is here install the packed archives from a mirror, check what uses the provider, and lock other
// platforms: what TF_ACC_CLIS names (separated by colons), or else terraform and tofu on the PATH.
func (r *release) install() (string, error) {
	var clis []string
	for _, name := range strings.FieldsFunc(os.Getenv("TF_ACC_CLIS"), func(c rune) bool { return c == ':' || c == ',' || c == ' ' }) {
		clis = append(clis, name)
	}
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); len(clis) < 2 && err == nil {
			clis = append(clis, path)
		}
	}
	if len(clis) == 0 {
		return "", errors.New("neither terraform nor tofu is on the PATH")
	}
	mirror := filepath.Join(r.work, "mirror")
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		dir := filepath.Join(mirror, host, "seed-55355b43", "oauth")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", err
		}
		for _, target := range targets() {
			if err := os.Link(r.file(target+".zip"), filepath.Join(dir, filepath.Base(r.file(target+".zip")))); err != nil {
				if err := copyFile(r.file(target+".zip"), filepath.Join(dir, filepath.Base(r.file(target+".zip")))); err != nil {
					return "", err
				}
			}
		}
	}
	var used []string
	for i, cli := range clis {
		version, err := r.installBy(cli, mirror, filepath.Join(r.work, fmt.Sprintf("install%d", i)))
		if err != nil {
			return "", fmt.Errorf("%s: %w", cli, err)
		}
		used = append(used, version)
	}
	return strings.Join(used, ", ") + ": init, validate, providers lock", nil
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600)
}

func (r *release) installBy(cli, mirror, dir string) (version string, err error) {
	config := fmt.Sprintf(`terraform {
  required_providers {
    oauth = { source = "seed-55355b43/oauth", version = %q }
  }
}
resource "oauth_token_pair" "this" {
  name   = "this"
  client = { client_id = "c", token_endpoint = "https://id.example.com/token", authorization_endpoint = "https://id.example.com/authorize" }
  authorization_code = { redirect_uri = "https://app.example.com/" }
}
`, r.version)
	rc := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror)
	err = errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, "main.tf"), []byte(config), 0o600), os.WriteFile(filepath.Join(dir, "rc"), []byte(rc), 0o600))
	if err != nil {
		return "", err
	}
	run := func(args ...string) (string, error) {
		cmd := exec.Command(cli, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(dir, "rc"), "HOME="+dir, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
		}
		return string(out), nil
	}
	for _, args := range [][]string{
		{"init", "-input=false", "-no-color"},
		{"validate", "-no-color"},
		{"providers", "lock", "-no-color", "-fs-mirror=" + mirror, "-platform=linux_amd64", "-platform=darwin_arm64", "-platform=windows_amd64"},
	} {
		if _, err := run(args...); err != nil {
			return "", err
		}
	}
	lock, err := os.ReadFile(filepath.Join(dir, ".terraform.lock.hcl"))
	if err != nil {
		return "", err
	}
	for _, target := range []string{"linux_amd64", "darwin_arm64", "windows_amd64"} {
		sum, err := contentHash(r.file(target + ".zip"))
		if err != nil {
			return "", err
		}
		if !bytes.Contains(lock, []byte(sum)) {
			return "", fmt.Errorf("the lock file has not the hash %s of %s:\n%s", sum, target, lock)
		}
	}
	out, err := run("version")
	version, _, _ = strings.Cut(out, "\n")
	return strings.TrimSpace(version), err
}

// contentHash is the hash that lock files hold of an archive's content (h1: that of golang.org/x/mod/sumdb/dirhash).
func contentHash(path string) (string, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = z.Close() }()
	var lines []string
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			return "", err
		}
		sum := sha256.New()
		_, err = io.Copy(sum, in)
		if err := errors.Join(err, in.Close()); err != nil {
			return "", err
		}
		lines = append(lines, fmt.Sprintf("%x  %s\n", sum.Sum(nil), f.Name))
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[66:], b[66:]) })
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return "h1:" + base64.StdEncoding.EncodeToString(sum[:]), nil
}
