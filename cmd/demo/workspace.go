package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
)

// workspace is the temporary folder with all that the demo makes.
type workspace struct {
	dir     string
	work    string // the configuration of examples/demo and its state
	watch   string // the one that looks on
	sandbox string // the program
	caFile  string
	env     []string // of terraform and all that it starts
}

const providerVersion = "0.0.1"

// newWorkspace makes the folder. What it returns beside an error must be removed, too.
func newWorkspace(t tools, environ []string) (*workspace, error) {
	// A short name: terraform makes Unix sockets in it, whose paths may have about a hundred characters.
	dir, err := os.MkdirTemp(valueOf(environ, "TMPDIR"), "oauth-")
	if err != nil {
		return nil, err
	}
	w := &workspace{
		dir: dir, work: filepath.Join(dir, "work"), watch: filepath.Join(dir, "watch"),
		sandbox: filepath.Join(dir, "sandbox"), caFile: filepath.Join(dir, "ca.pem"),
	}
	for _, name := range []string{"home", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			return w, err
		}
	}
	for from, to := range map[string]string{"demo": w.work, filepath.Join("demo", "watch"): w.watch} {
		if err := copyConfiguration(filepath.Join(t.root, "examples", from), to); err != nil {
			return w, err
		}
	}
	if err := w.writeCLIConfig(); err != nil {
		return w, err
	}
	return w, w.setEnvironment(environ)
}

func copyConfiguration(from, to string) error {
	files, err := filepath.Glob(filepath.Join(from, "*.tf"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s holds no configuration: run the demo in a checkout of the provider", from)
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(file)), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// mirror is where terraform finds the provider, and the only place where it looks.
func (w *workspace) mirror() string { return filepath.Join(w.dir, "mirror") }

func (w *workspace) cliConfig() string { return filepath.Join(w.dir, "terraformrc") }

func (w *workspace) writeCLIConfig() error {
	text := fmt.Sprintf("disable_checkpoint = true\n\nprovider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", w.mirror())
	return os.WriteFile(w.cliConfig(), []byte(text), 0o600)
}

// setEnvironment lets nothing of the person's own Terraform and credentials in.
func (w *workspace) setEnvironment(environ []string) error {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	store := url.URL{Scheme: "file", Path: filepath.Join(w.dir, "token-store")}
	w.env = append(without(environ, "TF_", "OAUTH_", "XDG_", "HOME=", "TMPDIR="),
		"HOME="+filepath.Join(w.dir, "home"),
		"XDG_STATE_HOME="+filepath.Join(w.dir, "home", "state"),
		"TMPDIR="+filepath.Join(w.dir, "tmp"),
		"TF_CLI_CONFIG_FILE="+w.cliConfig(),
		"TF_IN_AUTOMATION=1",
		"CHECKPOINT_DISABLE=1",
		"OAUTH_TOKEN_STORE="+store.String(),
		"OAUTH_TOKEN_STORE_KEY="+key.String(),
	)
	return nil
}

// build builds the provider into the mirror and the sandbox beside it, for the platform that the terraform at hand was
// built for: another one's providers it would not look at.
func (w *workspace) build(ctx context.Context, t tools, environ []string) error {
	goos, goarch, _ := strings.Cut(t.cli.platform, "_")
	plugin := filepath.Join(w.mirror(), t.cli.registry(), "seed-55355b43", "oauth", providerVersion, t.cli.platform,
		pluginName+"_v"+providerVersion)
	for target, from := range map[string]string{plugin: ".", w.sandbox: "./cmd/sandbox"} {
		cmd := program(ctx, t.goCommand, "build", "-trimpath", "-o", target, from)
		cmd.Dir = t.root
		cmd.Env = append(slices.Clone(environ), "GOOS="+goos, "GOARCH="+goarch)
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // so that it removes its own folder
		cmd.WaitDelay = 10 * time.Second
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", from, err, text)
		}
	}
	return nil
}

// setVariables gives values to variables of the configuration, as a person would in a file.
func (w *workspace) setVariables(name string, values map[string]string) error {
	text, err := json.MarshalIndent(values, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(w.work, name+".auto.tfvars.json"), text, 0o600)
}

// writeEnvironment leaves the environment for a person who looks around in a folder that was kept.
func (w *workspace) writeEnvironment() error {
	var text strings.Builder
	for _, entry := range w.env {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "TF_") || strings.HasPrefix(name, "OAUTH_") || name == "XDG_STATE_HOME" {
			fmt.Fprintf(&text, "export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
		}
	}
	return os.WriteFile(filepath.Join(w.dir, "env.sh"), []byte(text.String()), 0o600)
}

// remove tries again for a while: what was killed a moment ago may still be writing.
func (w *workspace) remove(ctx context.Context) error {
	for tries := 1; ; tries++ {
		err := os.RemoveAll(w.dir)
		if err == nil || tries == 20 {
			return err
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}
