//go:build unix

package acceptance_test

import (
	"context"
	"encoding/json"
	"log"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/provider"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/filestore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
)

// The environment by which a test steers the provider processes that terraform starts.
const (
	envTimings  = "ACC_TIMINGS"  // credential.Timings as JSON
	envClock    = "ACC_CLOCK"    // a file that holds the offset of the provider's wall clock in nanoseconds
	envStep     = "ACC_STEP"     // stop at these steps, once at each; separated by commas
	envStepDir  = "ACC_STEP_DIR" // where "reached-STEP" is written with the process id, and "go-STEP" is waited for
	envCA       = "ACC_CA"       // a PEM file for the stepping transport, which replaces the provider's own
	envRescue   = "ACC_RESCUE"   // folders for rescue files, separated by colons
	envNoSpace  = "ACC_NO_SPACE" // no file can grow, as on a full disk
	magicCookie = "TF_PLUGIN_MAGIC_COOKIE"
)

func TestMain(m *testing.M) {
	if os.Getenv(magicCookie) != "" {
		if err := serve(); err != nil {
			log.Fatal(err)
		}
		return
	}
	code := m.Run()
	removeBuilt()
	os.Exit(code)
}

// serve runs the provider that ships, with steps.
func serve() error {
	steps := newSteps(os.Getenv(envStep), os.Getenv(envStepDir))
	deps := provider.SystemDeps(map[string]func(*url.URL) (store.Store, error){
		"file": func(u *url.URL) (store.Store, error) {
			dir, err := provider.FilePath(u)
			if err != nil {
				return nil, err
			}
			inner, err := filestore.Open(dir)
			if err != nil {
				return nil, err
			}
			return steps.wrap(inner), nil
		},
	}, func(location string) store.Store { return memstore.New(location) })
	if text := os.Getenv(envTimings); text != "" {
		if err := json.Unmarshal([]byte(text), &deps.Timings); err != nil {
			return err
		}
	}
	if path := os.Getenv(envClock); path != "" {
		deps.Clock = offsetClock{Clock: deps.Clock, path: path}
	}
	deps.Clock = stepClock{Clock: deps.Clock, steps: steps}
	if dirs := os.Getenv(envRescue); dirs != "" {
		deps.RescueDirs = func() []string { return filepath.SplitList(dirs) }
	}
	if os.Getenv(envNoSpace) != "" {
		if err := keepFilesFromGrowing(); err != nil {
			return err
		}
	}
	if steps.wantsTransport() {
		t, err := steps.transport(os.Getenv(envCA))
		if err != nil {
			return err
		}
		deps.Transport = t
	}
	return provider.Serve(context.Background(), "test", deps, false)
}

// offsetClock moves the wall clock. The file is read every time, so that a test can move it while a process runs.
type offsetClock struct {
	credential.Clock
	path string
}

func (c offsetClock) Now() time.Time {
	text, err := os.ReadFile(c.path)
	if err != nil {
		return c.Clock.Now()
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return c.Clock.Now()
	}
	return c.Clock.Now().Add(time.Duration(n))
}
