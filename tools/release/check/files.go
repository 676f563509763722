package main

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// names finds the version in the names, and holds all that is published against
// https://developer.hashicorp.com/terraform/registry/providers/publishing; the OpenTofu registry reads the same.
func (r *release) names() (string, error) {
	sums, err := filepath.Glob(filepath.Join(r.dist, project+"_*_SHA256SUMS"))
	if err != nil || len(sums) != 1 {
		return "", fmt.Errorf("%d files of checksums: %w", len(sums), err)
	}
	r.version = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(sums[0]), project+"_"), "_SHA256SUMS")
	if !regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`).MatchString(r.version) {
		return "", fmt.Errorf("%q is no semantic version", r.version)
	}
	want := []string{"SHA256SUMS", "SHA256SUMS.sig"}
	for _, target := range targets() {
		want = append(want, target+".zip", target+".cdx.json")
	}
	all, err := filepath.Glob(r.file("*"))
	var got []string
	for _, path := range all {
		got = append(got, strings.TrimPrefix(filepath.Base(path), project+"_"+r.version+"_"))
	}
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		return "", fmt.Errorf("the folder has\n%q\nand should have\n%q", got, want)
	}
	return r.version, nil
}

// published lists the files that the checksums are of: by name where they lie.
func (r *release) published() map[string]string {
	files := map[string]string{project + "_" + r.version + "_manifest.json": filepath.Join(r.root, "terraform-registry-manifest.json")}
	for _, target := range targets() {
		for _, end := range []string{target + ".zip", target + ".cdx.json"} {
			files[filepath.Base(r.file(end))] = r.file(end)
		}
	}
	return files
}

func (r *release) checksums() (string, error) {
	text, err := os.ReadFile(r.file("SHA256SUMS"))
	if err != nil {
		return "", err
	}
	listed := map[string]string{}
	for line := range strings.Lines(string(text)) {
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !ok {
			return "", fmt.Errorf("the line %q", line)
		}
		listed[name] = sum
	}
	for name, path := range r.published() {
		content, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(content)); listed[name] != got {
			return "", fmt.Errorf("%s is listed with %q and has %s", name, listed[name], got)
		}
		delete(listed, name)
	}
	if len(listed) > 0 {
		return "", fmt.Errorf("listed and not there: %q", slices.Collect(maps.Keys(listed)))
	}
	return fmt.Sprintf("%d files, archives, SBOMs and manifest", len(r.published())), nil
}

// signature holds the signature against the key: binary, detached, over the checksums as they are.
func (r *release) signature() (string, error) {
	sig, sums := r.file("SHA256SUMS.sig"), r.file("SHA256SUMS")
	content, err := os.ReadFile(sig)
	if err != nil {
		return "", err
	}
	if len(content) == 0 || content[0]&0x80 == 0 { // RFC 9580 §4.2: the first bit of a packet
		return "", errors.New("it is not binary: registries refuse an armoured one")
	}
	out, err := r.output(r.root, "gpg", "--batch", "--status-fd", "1", "--verify", sig, sums)
	if err != nil || !strings.Contains(out, "[GNUPG:] VALIDSIG "+r.key) {
		return "", fmt.Errorf("gpg does not verify it: %w\n%s", err, out)
	}
	text, err := os.ReadFile(sums)
	if err != nil {
		return "", err
	}
	other := filepath.Join(r.work, "tampered")
	if err := os.WriteFile(other, append(text, '\n'), 0o600); err != nil {
		return "", err
	}
	if out, err := r.output(r.root, "gpg", "--batch", "--verify", sig, other); err == nil {
		return "", fmt.Errorf("it fits other checksums too:\n%s", out)
	}
	return "detached, binary, RSA; it fits these checksums and no others", nil
}

func (r *release) manifest() (string, error) {
	text, err := os.ReadFile(filepath.Join(r.root, "terraform-registry-manifest.json"))
	if err != nil {
		return "", err
	}
	var m struct {
		Version  int `json:"version"`
		Metadata struct {
			ProtocolVersions []string `json:"protocol_versions"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return "", err
	}
	if m.Version != 1 || !slices.Equal(m.Metadata.ProtocolVersions, []string{"6.0"}) {
		return "", fmt.Errorf("it says %+v", m)
	}
	return "protocol 6.0", nil
}

// archives unpacks each, and holds what is in it against what belongs there.
func (r *release) archives() (string, error) {
	for _, target := range targets() {
		z, err := zip.OpenReader(r.file(target + ".zip"))
		if err != nil {
			return "", err
		}
		binary := r.binaryName(target)
		want := []string{"CHANGELOG.md", "LICENSE", "README.md", "THIRD_PARTY_LICENSES", binary}
		var got []string
		for _, f := range z.File {
			got = append(got, f.Name)
			if f.Name == binary {
				if f.Mode()&0o111 == 0 {
					return "", fmt.Errorf("%s: the binary is not executable", target)
				}
				if err := unpack(f, filepath.Join(r.work, "bin", target, binary)); err != nil {
					return "", err
				}
			}
		}
		if err := z.Close(); err != nil {
			return "", err
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			return "", fmt.Errorf("%s holds %q and should hold %q", target, got, want)
		}
	}
	return fmt.Sprintf("%d, each with %s", len(targets()), r.binaryName("linux_amd64")), nil
}

func (r *release) binaryName(target string) string {
	name := project + "_v" + r.version
	if strings.HasPrefix(target, "windows_") {
		name += ".exe"
	}
	return name
}

// binary is where archives has put a binary.
func (r *release) binary(target string) string {
	return filepath.Join(r.work, "bin", target, r.binaryName(target))
}

func unpack(f *zip.File, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o700)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
