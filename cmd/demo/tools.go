package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// tools are the programs that must be there already.
type tools struct {
	goCommand string
	cli       cli
	root      string // of the repository
}

// cli is the terraform or tofu program.
type cli struct {
	path     string
	product  string // Terraform or OpenTofu
	version  string
	platform string // such as linux_amd64: the one whose providers it starts
}

// findTools looks for everything before it complains, so that a person learns at once what is missing.
func findTools(ctx context.Context, opts options, environ []string) (tools, error) {
	if runtime.GOOS == "windows" {
		return tools{}, errors.New("the demo kills processes in the way of Unix: on Windows, run it in WSL")
	}
	var found tools
	var missing []string
	if path, err := exec.LookPath("go"); err == nil {
		found.goCommand = path
	} else {
		missing = append(missing, "missing: Go, of the version in go.mod or later\n    get it: from go.dev/dl")
	}
	path, err := findCLI(opts, environ)
	if err != nil {
		missing = append(missing, err.Error())
	} else if found.cli, err = askVersion(ctx, path, environ); err != nil {
		missing = append(missing, err.Error())
	}
	if len(missing) > 0 {
		return tools{}, errors.New(strings.Join(missing, "\n"))
	}
	found.root, err = findRoot(ctx, found.goCommand)
	return found, err
}

func findCLI(opts options, environ []string) (string, error) {
	candidates := []string{"terraform", "tofu"}
	if named := valueOf(environ, "TF_ACC_TERRAFORM_PATH"); named != "" {
		candidates = []string{named}
	}
	if opts.terraform != "" {
		candidates = []string{opts.terraform}
	}
	for _, name := range candidates {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", fmt.Errorf("missing: %s\n    get it: Terraform 1.8 or later from developer.hashicorp.com/terraform/install,\n"+
		"            or OpenTofu 1.8 or later from opentofu.org/docs/intro/install;\n"+
		"            or name a program with -terraform", strings.Join(candidates, " or "))
}

// askVersion runs the program in the environment in which the demo will, but for a home of its own.
func askVersion(ctx context.Context, path string, environ []string) (cli, error) {
	cmd := program(ctx, path, "version")
	cmd.Env = append(without(environ, "TF_"), "CHECKPOINT_DISABLE=1")
	text, err := cmd.Output()
	if err != nil {
		return cli{}, fmt.Errorf("missing: a terraform or tofu that runs (%s version: %w)\n"+
			"    get it: name another program with -terraform", path, err)
	}
	found, err := parseVersion(string(text))
	found.path = path
	return found, err
}

var versionPattern = regexp.MustCompile(`(?s)^(Terraform|OpenTofu) v((\d+)\.(\d+)[^\s]*)\s+on (\w+)`)

// parseVersion reads what "terraform version" says, and refuses what is too old.
func parseVersion(text string) (cli, error) {
	match := versionPattern.FindStringSubmatch(text)
	if match == nil {
		return cli{}, fmt.Errorf("not a terraform or tofu: its version is %q", strings.TrimSpace(text))
	}
	found := cli{product: match[1], version: match[2], platform: match[5]}
	major, _ := strconv.Atoi(match[3]) // digits, by the pattern
	minor, _ := strconv.Atoi(match[4])
	if major < 1 || major == 1 && minor < 8 {
		return cli{}, fmt.Errorf("missing: %s 1.8 or later; this is %s\n    get it: upgrade it, or name another program with -terraform",
			found.product, found.version)
	}
	return found, nil
}

// registry is the host under which the program looks for a provider that names none.
func (c cli) registry() string {
	if c.product == "OpenTofu" {
		return "registry.opentofu.org"
	}
	return "registry.terraform.io"
}

// findRoot finds the repository from anywhere inside it.
func findRoot(ctx context.Context, goCommand string) (string, error) {
	text, err := program(ctx, goCommand, "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	file := strings.TrimSpace(string(text))
	if filepath.Base(file) != "go.mod" {
		return "", errors.New("run the demo in a checkout of the provider")
	}
	return filepath.Dir(file), nil
}

// program is how everything is started here.
func program(ctx context.Context, path string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, path, args...) //nolint:gosec // to start what it found or built is what the demo does
}

func valueOf(environ []string, name string) string {
	for _, entry := range slices.Backward(environ) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// without drops the variables whose names begin with one of the prefixes.
func without(environ []string, prefixes ...string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(entry, p) })
	})
}
