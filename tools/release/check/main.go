// Command check builds a release without publishing it, and looks at what came out as a registry and a user would: names, checksums,
// signature, SBOMs, binaries, and whether the real command lines install it from the packed archives. It signs with a key of its own,
// which lives as long as it runs. "make release-check" runs it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const project = "terraform-provider-oauth"

// targets are what a release is built for: all that the registry recommends, and more. An ARM binary of Linux is for ARMv6 and later.
func targets() []string {
	return []string{
		"darwin_amd64", "darwin_arm64", "freebsd_386", "freebsd_amd64", "freebsd_arm", "freebsd_arm64",
		"linux_386", "linux_amd64", "linux_arm", "linux_arm64", "windows_386", "windows_amd64", "windows_arm64",
	}
}

// release is a folder of built files.
type release struct {
	root, dist, work string
	version          string
	key              string // fingerprint
}

func main() {
	dist := flag.String("dist", "", "look at what stands in this folder already, build nothing, and sign it anew")
	flag.Parse()
	if err := run(*dist); err != nil {
		fmt.Fprintln(os.Stderr, "release-check:", err)
		os.Exit(1)
	}
}

func run(dist string) error {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return err
	}
	if err := needs("gpg", "git", "go", "goreleaser", "cyclonedx-gomod"); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "release") // short: sockets of gpg-agent lie below it
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	r := &release{root: root, work: work}
	if dist != "" {
		if r.dist, err = filepath.Abs(dist); err != nil {
			return err
		}
	}
	if err := r.makeKey(); err != nil {
		return err
	}
	defer func() { _, _ = r.output(root, "gpgconf", "--kill", "gpg-agent") }()
	if dist == "" {
		r.dist = filepath.Join(root, "dist")
		if err := r.build(); err != nil {
			return err
		}
	} else if err := r.signAgain(); err != nil {
		return err
	}
	for _, step := range []struct {
		what string
		does func() (string, error)
	}{
		{"names as registries expect them", r.names},
		{"checksums", r.checksums},
		{"signature", r.signature},
		{"manifest", r.manifest},
		{"archives", r.archives},
		{"binaries", r.binaries},
		{"SBOMs", r.sboms},
		{"built twice", r.reproducible},
		{"installed by the command lines", r.install},
	} {
		said, err := step.does()
		if err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		fmt.Printf("ok  %-32s %s\n", step.what, said)
	}
	return nil
}

// needs names the programs that are missing.
func needs(programs ...string) error {
	from := map[string]string{"gpg": "apt-get install gnupg", "goreleaser": "make release-check builds it", "cyclonedx-gomod": "make release-check builds it"}
	var missing []error
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, fmt.Errorf("%s is missing: %s", program, from[program]))
		}
	}
	return errors.Join(missing...)
}

// makeKey makes a key to sign with, in a folder of its own. The registry takes RSA, and not what gpg makes by itself.
func (r *release) makeKey() error {
	home := filepath.Join(r.work, "gpg")
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	if err := os.Setenv("GNUPGHOME", home); err != nil {
		return err
	}
	if out, err := r.output(r.root, "gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "release check <nobody@example.invalid>", "rsa3072", "sign", "1d"); err != nil {
		return fmt.Errorf("making a key: %w\n%s", err, out)
	}
	out, err := r.output(r.root, "gpg", "--batch", "--with-colons", "--list-secret-keys")
	if err != nil {
		return err
	}
	for line := range strings.Lines(out) {
		if fields := strings.Split(line, ":"); fields[0] == "fpr" && r.key == "" {
			r.key = fields[9]
		}
	}
	return os.Setenv("GPG_FINGERPRINT", r.key)
}

// build makes a snapshot of everything, and signs it.
func (r *release) build() error {
	for _, args := range [][]string{{"check"}, {"release", "--snapshot", "--clean"}} {
		cmd := exec.Command("goreleaser", args...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = r.root, os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("goreleaser %s: %w", strings.Join(args, " "), err)
		}
	}
	return nil
}

// signAgain puts this run's signature into the place of one whose key is gone.
func (r *release) signAgain() error {
	sums, err := filepath.Glob(filepath.Join(r.dist, project+"_*_SHA256SUMS"))
	for _, path := range sums {
		if out, signErr := r.output(r.root, "gpg", "--batch", "--yes", "--local-user", r.key, "--output", path+".sig", "--detach-sign", path); signErr != nil {
			err = errors.Join(err, fmt.Errorf("signing %s: %w\n%s", path, signErr, out))
		}
	}
	return err
}

func (r *release) output(dir, program string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// file is the path of a file of the release by the end of its name.
func (r *release) file(end string) string {
	return filepath.Join(r.dist, project+"_"+r.version+"_"+end)
}
