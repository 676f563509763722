package wiring

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/platform"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// System returns what the shipped binary uses of its process, but for the stores, which main wires.
func System(stores map[string]StoreKind, newMemory func(string) store.Store) Deps {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return Deps{
		Stores:     stores,
		NewMemory:  newMemory,
		DefaultDir: func() (string, error) { return defaultDir(os.Getenv) },
		RescueDirs: func() []string { return rescueDirs(os.Getenv, os.Getuid()) },
		Getenv:     os.Getenv,
		Hostname:   host,
		Clock:      credential.SystemClock(),
		Random:     rand.Reader,
		Timings:    credential.DefaultTimings(),
		Section:    &credential.Sections{},
		Presets:    platform.Presets(),
	}
}

// defaultDir is where this user's programs keep their state: XDG_STATE_HOME, ~/.local/state or %LocalAppData%.
func defaultDir(getenv func(string) string) (string, error) {
	const name = "terraform-provider-oauth"
	if runtime.GOOS == "windows" {
		if dir := getenv("LocalAppData"); filepath.IsAbs(dir) {
			return filepath.Join(dir, name), nil
		}
		return "", errors.New("%LocalAppData% is not set")
	}
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) { // the XDG specification ignores relative ones
		return filepath.Join(dir, name), nil
	}
	if home := getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", name), nil
	}
	return "", errors.New("neither XDG_STATE_HOME nor HOME is set")
}

// rescueDirs are folders for replies that no store took: beside the default store, and in the temporary folder for
// when that disk is full.
func rescueDirs(getenv func(string) string, uid int) []string {
	var dirs []string
	if dir, err := defaultDir(getenv); err == nil {
		dirs = append(dirs, filepath.Join(dir, "rescue"))
	}
	return append(dirs, filepath.Join(os.TempDir(), fmt.Sprintf("terraform-provider-oauth-%d", uid), "rescue"))
}
