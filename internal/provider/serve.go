package provider

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// address is where the registry lists the provider.
const address = "registry.terraform.io/seed-55355b43/oauth"

// lingering is how long the process stays after SIGTERM when nothing critical runs any more: long enough for core, which
// got the same signal from a CI runner, to fetch the results of its calls and to end the provider itself.
const lingering = 10 * time.Second

// memoryLimit is where collection becomes eager. It is no limit of what the process may hold.
const memoryLimit = 1 << 30

// parentInterval is how often the process looks whether core still lives.
const parentInterval = 500 * time.Millisecond

// Serve runs the provider as a plugin until core ends it.
func Serve(ctx context.Context, version string, deps Deps, debugging bool) error {
	if os.Getenv("GOGC") == "" {
		// A plan of many pairs allocates per attribute, in the framework, and drops it at once. Collecting at every doubling of a
		// heap of a few MB took two fifths of the time. The SDK keeps some 12 kB of each call until the process ends, so with 10,000
		// pairs laziness alone would take 4 GB; the limit keeps it at one, for a tenth more CPU time.
		debug.SetGCPercent(400)
		if os.Getenv("GOMEMLIMIT") == "" {
			debug.SetMemoryLimit(memoryLimit)
		}
	}
	quietLogs(os.LookupEnv, os.Setenv)
	stop := handleSignals(deps.Section)
	defer stop()
	if !debugging { // else a debugger has started this process, and cores come and go
		defer endWithParent(deps.Section)()
	}
	err := providerserver.Serve(ctx, New(version, deps), providerserver.ServeOpts{Address: address, Debug: debugging})
	// Core has asked the process to end, and kills it after two seconds. What a call has begun is done by now, but a request through
	// oauth_api_proxy may have been given up in the midst of a refresh, which goes on.
	return errors.Join(err, deps.Section.Drain(context.WithoutCancel(ctx)))
}

// quietLogs turns the SDK's own logs off unless somebody asks for logs. It would write several lines for each attribute of
// each call, and core throws them away; with 1,000 token pairs that is a fifth of the time of a plan.
func quietLogs(lookup func(string) (string, bool), set func(string, string) error) {
	sdk := []string{"TF_LOG_SDK", "TF_LOG_SDK_FRAMEWORK", "TF_LOG_SDK_PROTO"}
	for _, name := range append([]string{"TF_LOG", "TF_LOG_PROVIDER", "TF_ACC_LOG_PATH"}, sdk...) {
		if value, _ := lookup(name); value != "" {
			return
		}
	}
	for _, name := range sdk {
		_ = set(name, "off") // or it stays as loud as it was
	}
}

// endWithParent ends the process when core has died without ending it, as soon as no critical section is open. Other
// providers die of SIGPIPE at the next line that they log; this one ignores it, and would stay for ever.
func endWithParent(sections *credential.Sections) (stop func()) {
	parent := os.Getppid()
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		look := time.NewTicker(parentInterval)
		defer look.Stop()
		for !orphaned(parent) {
			select {
			case <-ctx.Done():
				return
			case <-look.C:
			}
		}
		if sections.Drain(ctx) == nil {
			os.Exit(1)
		}
	}()
	return cancel
}

// handleSignals keeps signals from cutting a rotation in two. SIGPIPE and SIGHUP are ignored: the provider goes on
// writing to a core that has died, until its successor is stored. SIGTERM, which CI runners send to the whole process
// group, waits for the critical sections.
func handleSignals(sections *credential.Sections) (stop func()) {
	ignoreSignals()
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		select {
		case <-ctx.Done():
			return
		case <-terminate:
		}
		if sections.Drain(ctx) != nil {
			return
		}
		linger := time.NewTimer(lingering)
		defer linger.Stop()
		select {
		case <-ctx.Done():
		case <-linger.C:
			os.Exit(0)
		}
	}()
	return func() {
		signal.Stop(terminate)
		cancel()
	}
}
