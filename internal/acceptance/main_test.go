//go:build unix

package acceptance_test

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/command"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/login"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/provider"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/filestore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/pgstore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

// The environment by which a test steers the provider processes that terraform starts.
const (
	envTimings  = "ACC_TIMINGS"  // credential.Timings as JSON
	envPresets  = "ACC_PRESETS"  // an origin that stands in for every server that presets name
	envHosts    = "ACC_HOSTS"    // likewise, and the paths of the presets stay
	envClock    = "ACC_CLOCK"    // a file that holds the offset of the provider's wall clock in nanoseconds
	envStep     = "ACC_STEP"     // stop at these steps, once at each; separated by commas
	envStepDir  = "ACC_STEP_DIR" // where "reached-STEP" is written with the process id, and "go-STEP" is waited for
	envCA       = "ACC_CA"       // a PEM file for the stepping transport, which replaces the provider's own
	envRescue   = "ACC_RESCUE"   // folders for rescue files, separated by colons
	envNoSpace  = "ACC_NO_SPACE" // a limit of the size of files, as on a full disk
	envFrozen   = "ACC_FROZEN"   // with ACC_CLOCK: the wall clock stands still but for that offset, and sleeping adds to it
	envSkew     = "ACC_SKEW"     // how far this process's wall clock is ahead of everybody else's
	envGate     = "ACC_GATE"     // a folder: where "ready-PID" is written, and "go" is waited for before a store opens
	envEngine   = "ACC_ENGINE"   // no provider: "ask" asks the engine for the credentials that the arguments name, "walk" is a client of the store
	magicCookie = "TF_PLUGIN_MAGIC_COOKIE"
	envNoTLS    = "TF_DISABLE_PLUGIN_TLS" // core's own, for tests of providers: no TLS between core and provider
)

func TestMain(m *testing.M) {
	if run := otherPart(); run != nil {
		if err := run(); err != nil {
			log.Fatal(err)
		}
		return
	}
	code := m.Run()
	removeBuilt()
	removeFosite()
	if err := closePostgres(); err != nil {
		log.Print(err)
		code = 1
	}
	os.Exit(code)
}

// releasedName is what terraform init installs: the provider, and the command line beside it.
const releasedName = "terraform-provider-oauth_v0.1.0"

// runSubcommand is the shipped command line, with the clock of the test.
func runSubcommand() error {
	deps, err := dependencies()
	if err != nil {
		return err
	}
	code, _ := command.Run(context.Background(), command.Deps{Deps: deps, Version: "test", Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}, os.Args[1:])
	os.Exit(code)
	return nil
}

// otherPart is what this binary does if it was not started to test; nil: it was.
func otherPart() func() error {
	other, isOther := standIns()[filepath.Base(os.Args[0])]
	switch {
	case os.Getenv(magicCookie) != "" && isOther:
		return other.serve
	case os.Getenv(magicCookie) != "":
		return serve
	case filepath.Base(os.Args[0]) == releasedName:
		return runSubcommand
	case os.Getenv(envEngine) == "walk":
		return func() error { return runWalk(os.Args[1]) }
	case os.Getenv(envEngine) != "":
		return func() error { return runEngine(os.Args[1:]) }
	}
	return nil
}

// serve runs the provider that ships, with steps.
func serve() error {
	deps, err := dependencies()
	if err != nil {
		return err
	}
	return provider.Serve(context.Background(), "test", deps, false)
}

// dependencies are those of the provider that ships, with what the environment asks for.
func dependencies() (wiring.Deps, error) {
	steps := newSteps(os.Getenv(envStep), os.Getenv(envStepDir))
	deps := wiring.System(stores(steps), func(location string) store.Store { return memstore.New(location) })
	deps.Getenv = wiring.WithholdSecrets()
	deps.Browser = wiring.WithoutPasswords(login.Browser())
	if text := os.Getenv(envTimings); text != "" {
		if err := json.Unmarshal([]byte(text), &deps.Timings); err != nil {
			return deps, err
		}
	}
	if base := os.Getenv(envPresets); base != "" {
		deps.Presets = presetsAt(base)
	}
	if base := os.Getenv(envHosts); base != "" {
		deps.Presets = hostedAt(base)
	}
	if path := os.Getenv(envClock); path != "" && os.Getenv(envFrozen) != "" {
		deps.Clock, deps.Hostname = newClockFile(deps.Clock, path), "runner"
	} else if path != "" {
		deps.Clock = offsetClock{Clock: deps.Clock, path: path}
	}
	if text := os.Getenv(envSkew); text != "" {
		skew, err := time.ParseDuration(text)
		if err != nil {
			return deps, err
		}
		deps.Clock = skewedClock{Clock: deps.Clock, skew: skew}
	}
	deps.Clock = stepClock{Clock: deps.Clock, steps: steps}
	if dirs := os.Getenv(envRescue); dirs != "" {
		deps.RescueDirs = func() []string { return filepath.SplitList(dirs) }
	}
	if limit := os.Getenv(envNoSpace); limit != "" {
		if err := limitFiles(limit); err != nil {
			return deps, err
		}
	}
	if steps.wantsTransport() {
		t, err := steps.transport(os.Getenv(envCA))
		if err != nil {
			return deps, err
		}
		deps.Transport = t
	}
	return deps, nil
}

// stores are the token stores by URL scheme, as in main, with steps. They open when the gate does.
func stores(steps *steps) map[string]wiring.StoreKind {
	opened := func(inner store.Store, err error) (store.Store, error) {
		if err == nil {
			err = waitAtGate(os.Getenv(envGate))
		}
		if err != nil {
			return nil, err
		}
		return steps.wrap(inner), nil
	}
	postgres := wiring.StoreKind{NeedsKey: true, Open: func(url string) (store.Store, error) {
		inner, err := pgstore.Open(url)
		return opened(movedStore{inner, os.Getenv(envClock)}, err)
	}}
	return map[string]wiring.StoreKind{
		"file": {Open: func(url string) (store.Store, error) {
			dir, err := wiring.FilePath(url)
			if err != nil {
				return nil, err
			}
			return opened(filestore.Open(dir))
		}},
		"postgres": postgres, "postgresql": postgres,
	}
}

// offsetClock moves the wall clock. The file is read every time, so that a test can move it while a process runs.
type offsetClock struct {
	credential.Clock
	path string
}

func (c offsetClock) Now() time.Time { return c.Clock.Now().Add(offsetIn(c.path)) }

// offsetIn reads an offset in nanoseconds; what is not there is none.
func offsetIn(path string) time.Duration {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(n)
}

// skewedClock is that of a machine whose wall clock is wrong.
type skewedClock struct {
	credential.Clock
	skew time.Duration
}

func (c skewedClock) Now() time.Time { return c.Clock.Now().Add(c.skew) }
