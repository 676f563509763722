//go:build unix

package acceptance_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/oauth2"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/filestore"
)

// The benchmarks measure two things side by side in one run, turn by turn, and report medians, and of their ratio the least, the
// median and the greatest. What starts processes is measured by the CPU time that these used, which other work on the machine
// hardly changes.

// sideBySide runs a and b in turn, and reports and returns the medians of both in seconds, and reports the ratio turn by turn.
func sideBySide(b *testing.B, turns int, nameA string, a func(), nameB string, other func()) (ofA, ofB float64) {
	b.Helper()
	return compare(b, turns, nameA, func() float64 { return timed(a) }, nameB, func() float64 { return timed(other) })
}

// compare is sideBySide for what measures its own seconds.
func compare(b *testing.B, turns int, nameA string, a func() float64, nameB string, other func() float64) (ofA, ofB float64) {
	b.Helper()
	var as, bs, ratios []float64
	if turns > 1 { // the first time is not like the others
		a()
		other()
	}
	for range turns {
		ta, tb := a(), other()
		as, bs, ratios = append(as, ta), append(bs, tb), append(ratios, ta/tb)
	}
	b.ReportMetric(0, "ns/op") // one operation is a whole comparison; its time says nothing
	b.ReportMetric(float64(turns), "turns")
	b.ReportMetric(median(as)*1e3, nameA+"-ms")
	b.ReportMetric(median(bs)*1e3, nameB+"-ms")
	b.ReportMetric((median(as)-median(bs))*1e3, "added-ms")
	b.ReportMetric(slices.Min(ratios), "ratio-min")
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(slices.Max(ratios), "ratio-max")
	return median(as), median(bs)
}

// cpu is the CPU time that a process has used, with all that it has waited for.
func cpu(ended *os.ProcessState) float64 { return (ended.UserTime() + ended.SystemTime()).Seconds() }

func timed(f func()) float64 {
	start := time.Now()
	f()
	return time.Since(start).Seconds()
}

func median(xs []float64) float64 {
	sorted := slices.Sorted(slices.Values(xs))
	return sorted[len(sorted)/2]
}

func sealedStore(b *testing.B, dir string) *seal.Store {
	b.Helper()
	return seal.NewStore(files(b, dir), newKeys(b), randomness{})
}

func files(b *testing.B, dir string) *filestore.Store {
	b.Helper()
	s, err := filestore.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func newKeys(b *testing.B) seal.Keyring {
	b.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		b.Fatal(err)
	}
	keys, err := seal.ParseKeys(secret.New(identity.String()))
	if err != nil {
		b.Fatal(err)
	}
	return keys
}

// randomness is good enough for a benchmark's ids, and costs nothing.
type randomness struct{}

func (randomness) Read(p []byte) (int, error) {
	n := uint64(time.Now().UnixNano())
	for i := range p {
		n = n*6364136223846793005 + 1442695040888963407
		p[i] = byte(n >> 56)
	}
	return len(p), nil
}

// movedClock is the machine's clock, moved.
type movedClock struct {
	credential.Clock
	offset *atomic.Int64
}

func (c movedClock) Now() time.Time { return c.Clock.Now().Add(time.Duration(c.offset.Load())) }

func benchManager(b *testing.B, s *seal.Store, clock credential.Clock) *credential.Manager {
	b.Helper()
	caller, err := oauth.NewCaller(oauth.CallerOptions{})
	if err != nil {
		b.Fatal(err)
	}
	m, err := credential.New(credential.Options{Store: s, Caller: caller, Clock: clock})
	if err != nil {
		b.Fatal(err)
	}
	return m
}

func benchClient(s *server) credential.Client {
	return credential.Client{
		ClientID: clientID, ClientSecret: secret.New(clientSecret), TokenEndpoint: s.base + "/token",
		TokenEndpointAuthMethod: oauth.ClientSecretPost, Policy: credential.RefreshTokenPolicy{Rotation: credential.RotationSingleUse},
	}
}

func brought(b *testing.B, m *credential.Manager, s *server, name string) {
	b.Helper()
	setup := credential.Setup{Client: benchClient(s), Refresh: credential.RefreshSettings{}}
	if _, err := m.Attach(context.Background(), name, "bench", setup); err != nil {
		b.Fatal(err)
	}
	if _, _, err := m.Adopt(context.Background(), name, credential.Brought{Refresh: secret.New(s.issue().RefreshToken)}); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkRotation compares a rotation through the engine with golang.org/x/oauth2, which calls the server and keeps nothing.
func BenchmarkRotation(b *testing.B) {
	for _, kind := range []struct {
		name string
		open func(b *testing.B) *seal.Store
	}{
		{"file", func(b *testing.B) *seal.Store {
			return seal.NewStore(files(b, filepath.Join(b.TempDir(), "store")), seal.Keyring{}, randomness{})
		}},
		{"sealed", func(b *testing.B) *seal.Store { return sealedStore(b, filepath.Join(b.TempDir(), "store")) }},
		{"postgres", func(b *testing.B) *seal.Store { return database(b)() }},
	} {
		b.Run(kind.name, func(b *testing.B) {
			s := newServer(b, nil)
			m := benchManager(b, kind.open(b), nil)
			brought(b, m, s, "rotation")
			engine := func() {
				if r, err := m.Token(context.Background(), "rotation", forced); err != nil || !r.Rotated {
					b.Fatal(r.Rotated, err)
				}
			}
			bare := bareRotation(b, s)
			for b.Loop() {
				sideBySide(b, 20, "engine", tenTimes(engine), "bare", tenTimes(bare))
			}
			b.ReportMetric(fsyncMillis(b), "fsync-ms")
		})
	}
}

// tenTimes makes turns that are less at the mercy of what else the machine does.
func tenTimes(f func()) func() {
	return func() {
		for range 10 {
			f()
		}
	}
}

// bareRotation refreshes with golang.org/x/oauth2, over connections of its own as the engine has them.
func bareRotation(b *testing.B, s *server) func() {
	b.Helper()
	config := oauth2.Config{ClientID: clientID, ClientSecret: clientSecret, Endpoint: oauth2.Endpoint{TokenURL: s.base + "/token", AuthStyle: oauth2.AuthStyleInParams}}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, client)
	token := &oauth2.Token{RefreshToken: s.issue().RefreshToken}
	return func() {
		var err error
		if token, err = config.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token(); err != nil {
			b.Fatal(err)
		}
	}
}

// fsyncMillis tells how fast this disk syncs: a rotation syncs a file and a folder twice, for the claim and for the commit.
func fsyncMillis(b *testing.B) float64 {
	b.Helper()
	var times []float64
	for range 50 {
		f, err := os.CreateTemp(b.TempDir(), "")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := f.WriteString("x"); err != nil {
			b.Fatal(err)
		}
		times = append(times, timed(func() { err = f.Sync() }))
		if err != nil {
			b.Fatal(err)
		}
		_ = f.Close()
	}
	return median(times) * 1e3
}

// BenchmarkRefreshesPerExpiry lets many askers in several managers of one process want the same credential
// each time that it has expired. The limit is 1: one token call for each expiry.
func BenchmarkRefreshesPerExpiry(b *testing.B) {
	const managers, askersEach, expiries = 8, 16, 25
	for b.Loop() {
		s := newServer(b, nil)
		shared := sealedStore(b, filepath.Join(b.TempDir(), "store"))
		clock := movedClock{Clock: credential.SystemClock(), offset: &atomic.Int64{}}
		var all []*credential.Manager
		for range managers {
			all = append(all, benchManager(b, shared, clock))
		}
		brought(b, all[0], s, "shared")
		for range expiries {
			refreshAll(b, all, askersEach)
			clock.offset.Add(int64(time.Hour))
			if _, err := s.AdvanceClock(time.Hour); err != nil {
				b.Fatal(err)
			}
		}
		c := s.Counters()
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(managers*askersEach, "askers")
		b.ReportMetric(expiries, "expiries")
		b.ReportMetric(float64(c.Refreshes)/expiries, "refreshes/expiry")
		b.ReportMetric(float64(c.ReuseDetected), "reuses")
		if c.Refreshes != c.TokenRequests || c.Refreshes != expiries || c.ReuseDetected != 0 {
			b.Errorf("%d token calls, %d refreshes and %d reuses in %d expiries; want one call and one refresh for each, and no reuse",
				c.TokenRequests, c.Refreshes, c.ReuseDetected, expiries)
		}
	}
}

func refreshAll(b *testing.B, managers []*credential.Manager, each int) {
	b.Helper()
	var wg sync.WaitGroup
	for _, m := range managers {
		for range each {
			wg.Go(func() {
				if _, err := m.Token(context.Background(), "shared", credential.Ask{DefaultMargin: 30 * time.Second}); err != nil {
					b.Error(err)
				}
			})
		}
	}
	wg.Wait()
}

// compiled builds a package as a release does, under the name of a provider.
func compiled(b *testing.B, name, pkg string) string {
	b.Helper()
	out := filepath.Join(b.TempDir(), "terraform-provider-"+name)
	cmd := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%s", pkg, err, text)
	}
	return out
}

// binaries builds the provider that ships and the bare one.
func binaries(b *testing.B) (shipped, bare string) {
	b.Helper()
	return compiled(b, "oauth", "../.."), compiled(b, "bare", "./testdata/bare")
}

// BenchmarkStartUp compares the CPU time from starting the process to its handshake line, the memory that the process has then, and
// the size of the program: with a framework provider that does nothing, and with hashicorp/time, built as ours.
func BenchmarkStartUp(b *testing.B) {
	shipped, bare := binaries(b)
	dir := b.TempDir()
	install := exec.CommandContext(context.Background(), "go", "install", "-trimpath", "-ldflags", "-s -w", "github.com/hashicorp/terraform-provider-time@v0.14.2")
	install.Dir = dir
	install.Env = append(os.Environ(), "CGO_ENABLED=0", "GOBIN="+dir, "GOFLAGS=")
	if text, err := install.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, text)
	}
	for _, other := range []struct{ name, path string }{{"bare", bare}, {"hashicorp_time", filepath.Join(dir, "terraform-provider-time")}} {
		b.Run(other.name, func(b *testing.B) {
			var ours, theirs float64
			for b.Loop() {
				compare(b, 10, "provider", tenStarts(b, shipped, &ours), "bare", tenStarts(b, other.path, &theirs))
			}
			b.ReportMetric(ours, "provider-memory-MB")
			b.ReportMetric(theirs, "bare-memory-MB")
			b.ReportMetric(megabytes(b, shipped), "provider-MB")
			b.ReportMetric(megabytes(b, other.path), "bare-MB")
		})
	}
}

func tenStarts(b *testing.B, path string, memory *float64) func() float64 {
	return func() (seconds float64) {
		for range 10 {
			var one float64
			one, *memory = handshake(b, path)
			seconds += one
		}
		return seconds
	}
}

func megabytes(b *testing.B, path string) float64 {
	b.Helper()
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return float64(info.Size()) / 1e6
}

// handshake starts a provider, waits for its handshake and ends it; it returns the CPU time that this took, and the most memory
// that the process had, in MB.
func handshake(b *testing.B, path string) (seconds, memory float64) {
	b.Helper()
	cmd := exec.CommandContext(context.Background(), path)
	cmd.Env = []string{magicCookie + "=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2", "PLUGIN_PROTOCOL_VERSIONS=5,6", "HOME=" + b.TempDir()}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	memory = peakMemory(b, cmd.Process.Pid)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if err != nil || !strings.Contains(line, "|grpc|") {
		b.Fatalf("%s did not shake hands: %q %v", path, line, err)
	}
	return cpu(cmd.ProcessState), memory
}

// peakMemory is the most that a process has held, in MB. (What the kernel tells of a process that has ended counts its parent in.)
func peakMemory(b *testing.B, pid int) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	var kibibytes float64 // the kernel's "kB"
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	if _, err := fmt.Sscan(rest, &kibibytes); err != nil {
		b.Fatal(err)
	}
	return kibibytes * 1024 / 1e6
}

// BenchmarkPlan compares terraform plan with many token pairs, file-backed and sealed, with as many resources of the bare provider
// that do nothing, fresh ones that were applied before and new ones: small ones (an id and a name), and wide ones with the attributes
// of a token pair. The first ratio is what a user feels; the second leaves out what core and framework spend on attributes.
func BenchmarkPlan(b *testing.B) {
	const small = `name = "thing-${count.index}"`
	wide := benchPair("${count.index}")
	b.Run("1000_fresh", func(b *testing.B) {
		pairs := manyPairs(b, 1000)
		pairs.apply()
		for _, other := range []struct{ name, kind, arguments string }{{"small", "bare_thing", small}, {"wide", "bare_wide", wide}} {
			b.Run(other.name, func(b *testing.B) {
				things := manyThings(b, 1000, other.kind, other.arguments)
				things.apply()
				planBoth(b, 3, pairs, things, "No changes.")
			})
		}
	})
	b.Run("1000_new", func(b *testing.B) {
		planBoth(b, 3, manyPairs(b, 1000), manyThings(b, 1000, "bare_wide", wide), "will be created")
	})
	// To apply so many first would take half an hour, and one turn takes minutes.
	b.Run("10000_new", func(b *testing.B) {
		planBoth(b, 1, manyPairs(b, 10000), manyThings(b, 10000, "bare_wide", wide), "will be created")
	})
}

// manyPairs is a configuration of token pairs.
func manyPairs(b *testing.B, number int) *workspace {
	b.Helper()
	w := asUsers(newWorkspace(b))
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		b.Fatal(err)
	}
	w.env["OAUTH_TOKEN_STORE_KEY"] = identity.String()
	w.override(filepath.Dir(compiled(b, "oauth", "../..")), "oauth")
	w.write(many("oauth_token_pair", number, benchPair("${count.index}")))
	return w
}

func manyThings(b *testing.B, number int, kind, arguments string) *workspace {
	b.Helper()
	w := asUsers(newWorkspace(b))
	w.override(filepath.Dir(compiled(b, "bare", "./testdata/bare")), "bare")
	writeFile(b, filepath.Join(w.dir, "main.tf"), `
terraform {
  required_providers {
    bare = { source = "seed-55355b43/bare" }
  }
}
`+many(kind, number, arguments))
	return w
}

func many(kind string, number int, arguments string) string {
	return fmt.Sprintf("resource %q \"this\" {\n  count = %d\n  %s\n}\n", kind, number, arguments)
}

// planBoth compares the CPU time of terraform and provider for a plan of both.
func planBoth(b *testing.B, turns int, pairs, things *workspace, want string) {
	b.Helper()
	plan := func(w *workspace) func() float64 {
		return func() float64 {
			r := w.start(planArgs()...)
			if got := r.wait(); got.code != 0 || !strings.Contains(got.stdout, want) {
				b.Fatalf("exit code %d, and %q is not said: %.500s", got.code, want, got.stderr)
			}
			return cpu(r.cmd.ProcessState)
		}
	}
	for b.Loop() {
		compare(b, turns, "token-pairs", plan(pairs), "no-op", plan(things))
	}
}

// asUsers takes away what makes tests cheaper.
func asUsers(w *workspace) *workspace {
	for _, name := range []string{envNoTLS, "GOGC", "GOMEMLIMIT"} {
		delete(w.env, name)
	}
	w.patience = time.Hour
	return w
}
