package main

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
)

// binaries looks into each: how it was built, what it links, whether a path of this machine is in it. This machine's own is run.
func (r *release) binaries() (string, error) {
	paths, err := r.localPaths()
	if err != nil {
		return "", err
	}
	for _, target := range targets() {
		if err := r.lookInto(target, paths); err != nil {
			return "", fmt.Errorf("%s: %w", target, err)
		}
	}
	out, err := r.output(r.work, r.binary(runtime.GOOS+"_"+runtime.GOARCH), "version")
	if err != nil || !strings.Contains(out, r.version) {
		return "", fmt.Errorf("version prints %q, %w", out, err)
	}
	return "static, without paths of this machine; version prints " + strings.TrimSpace(out), nil
}

// localPaths are folders of this machine that a build could leave in a binary.
func (r *release) localPaths() ([]string, error) {
	paths := []string{r.root}
	out, err := r.output(r.root, "go", "env", "GOMODCACHE", "GOCACHE", "GOROOT")
	if err != nil {
		return nil, err
	}
	return append(paths, strings.Fields(out)...), nil
}

func (r *release) lookInto(target string, paths []string) error {
	path := r.binary(target)
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return err
	}
	goos, goarch, _ := strings.Cut(target, "_")
	for name, want := range map[string]string{"GOOS": goos, "GOARCH": goarch, "CGO_ENABLED": "0", "-trimpath": "true"} {
		if got := setting(info, name); got != want {
			return fmt.Errorf("it was built with %s=%q, not %q", name, got, want)
		}
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, local := range paths {
		if bytes.Contains(content, []byte(local+"/")) {
			return fmt.Errorf("the path %s is in it", local)
		}
	}
	if goos != "linux" && goos != "freebsd" {
		return nil // these always link the system's own library
	}
	f, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return err
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			return errors.New("it is linked dynamically")
		}
	}
	return nil
}

func setting(info *debug.BuildInfo, name string) string {
	for _, s := range info.Settings {
		if s.Key == name {
			return s.Value
		}
	}
	return ""
}

// sboms holds each SBOM against the modules that the binary itself names.
func (r *release) sboms() (string, error) {
	most := 0
	for _, target := range targets() {
		text, err := os.ReadFile(r.file(target + ".cdx.json"))
		if err != nil {
			return "", err
		}
		var bom struct {
			Format   string `json:"bomFormat"`
			Spec     string `json:"specVersion"`
			Metadata struct {
				Component struct{ Name, Version string } `json:"component"`
				Timestamp string                         `json:"timestamp"`
			} `json:"metadata"`
			Components []struct{ Name, Version, PURL string } `json:"components"`
		}
		if err := json.Unmarshal(text, &bom); err != nil {
			return "", fmt.Errorf("%s: %w", target, err)
		}
		info, err := buildinfo.ReadFile(r.binary(target))
		if err != nil {
			return "", err
		}
		switch c := bom.Metadata.Component; {
		case bom.Format != "CycloneDX" || bom.Spec != "1.6":
			return "", fmt.Errorf("%s: it is %s %s", target, bom.Format, bom.Spec)
		case c.Name != info.Main.Path || c.Version != "v"+r.version:
			return "", fmt.Errorf("%s: it is of %s %s", target, c.Name, c.Version)
		case bom.Metadata.Timestamp != "":
			return "", fmt.Errorf("%s: its time of %s makes each build another", target, bom.Metadata.Timestamp)
		case len(info.Deps) < 30:
			return "", fmt.Errorf("%s: the binary names %d modules only", target, len(info.Deps))
		}
		listed := map[string]bool{}
		for _, c := range bom.Components {
			listed[c.Name+" "+c.Version] = strings.HasPrefix(c.PURL, "pkg:golang/")
		}
		for _, m := range info.Deps {
			if !listed[m.Path+" "+m.Version] {
				return "", fmt.Errorf("%s: %s %s is in the binary and not in it", target, m.Path, m.Version)
			}
		}
		most = max(most, len(info.Deps))
	}
	return fmt.Sprintf("%d, CycloneDX, with all modules of their binaries (up to %d)", len(targets()), most), nil
}

// reproducible builds one target again from a copy of the sources elsewhere, as a user is told to.
func (r *release) reproducible() (string, error) {
	const target = "linux_amd64"
	source := filepath.Join(r.work, "elsewhere", "source")
	out, err := r.output(r.root, "git", "ls-files", "-z", "--", "*.go", "go.mod", "go.sum", "internal")
	if err != nil {
		return "", fmt.Errorf("git ls-files: %w\n%s", err, out)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		content, err := os.ReadFile(filepath.Join(r.root, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		to := filepath.Join(source, name)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(to), 0o700)
		}
		if err == nil {
			err = os.WriteFile(to, content, 0o600)
		}
		if err != nil {
			return "", err
		}
	}
	again := filepath.Join(r.work, "again")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.version="+r.version, "-o", again, ".")
	cmd.Dir, cmd.Env = source, append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=-mod=readonly")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building again: %w\n%s", err, out)
	}
	same, err := sameContent(again, r.binary(target))
	if err != nil || !same {
		return "", fmt.Errorf("%s is another one when it is built in another folder: %w", target, err)
	}
	return target + ", in another folder: the same bytes", nil
}

func sameContent(a, b string) (bool, error) {
	left, errA := os.ReadFile(a)
	right, errB := os.ReadFile(b)
	return bytes.Equal(left, right), errors.Join(errA, errB)
}
