package acceptance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/provider"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/filestore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// The environment by which a test steers the provider processes that terraform starts.
const (
	envTimings  = "ACC_TIMINGS"   // credential.Timings as JSON
	envClock    = "ACC_CLOCK"     // a file that holds the offset of the provider's wall clock in nanoseconds
	envStep     = "ACC_STEP"      // stop at this step, once
	envStepDir  = "ACC_STEP_DIR"  // where "reached" is written with the process id, and "go" is waited for
	envCA       = "ACC_CA"        // a PEM file for the stepping transport, which replaces the provider's own
	envRescue   = "ACC_RESCUE"    // folders for rescue files, separated by colons
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
			return storetest.NewFaulty(inner, steps.storeHooks()).Store(), nil
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
	if dirs := os.Getenv(envRescue); dirs != "" {
		deps.RescueDirs = func() []string { return filepath.SplitList(dirs) }
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

// steps stops the process once at a named step. The names are, in the order of a refresh:
//
//	replace-1-before, replace-1-after   around the write of the claim
//	dial                                before the connection is made
//	body                                connected, before the first byte of the body is read
//	read                                the whole body was handed over, and lies in the transport's buffer
//	sent                                the request was written to the connection
//	headers                             the status line and headers arrived
//	reply                               the whole reply was read
//	replace-2-before, replace-2-after   around the commit
//
// Store steps count the writes of token pairs in one process.
type steps struct {
	name, dir string
	mu        sync.Mutex
	replaces  int
}

func newSteps(name, dir string) *steps { return &steps{name: name, dir: dir} }

func (s *steps) wantsTransport() bool { return s.name != "" && !strings.HasPrefix(s.name, "replace-") }

// at stops if this is the step, and no process has stopped there before.
func (s *steps) at(name string) {
	if s.name == "" || name != s.name {
		return
	}
	partial := filepath.Join(s.dir, fmt.Sprintf("partial-%d", os.Getpid()))
	if os.WriteFile(partial, []byte(strconv.Itoa(os.Getpid())), 0o600) != nil {
		return
	}
	err := os.Link(partial, filepath.Join(s.dir, "reached")) // atomic, and only for the first
	_ = os.Remove(partial)
	if err != nil {
		return
	}
	for {
		if _, err := os.Stat(filepath.Join(s.dir, "go")); err == nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (s *steps) storeHooks() storetest.Hooks {
	counts := func(c storetest.Call) bool { return c.Op == storetest.OpReplace && strings.HasPrefix(c.Key, "pair/") }
	return storetest.Hooks{
		Before: func(c storetest.Call) {
			if counts(c) {
				s.mu.Lock()
				s.replaces++
				n := s.replaces
				s.mu.Unlock()
				s.at(fmt.Sprintf("replace-%d-before", n))
			}
		},
		After: func(c storetest.Call) {
			if counts(c) {
				s.mu.Lock()
				n := s.replaces
				s.mu.Unlock()
				s.at(fmt.Sprintf("replace-%d-after", n))
			}
		},
	}
}

// transport is the provider's own, with stops at the steps of a call.
func (s *steps) transport(caFile string) (http.RoundTripper, error) {
	var options oauth.CallerOptions
	if caFile != "" {
		text, err := os.ReadFile(caFile)
		if err != nil {
			return nil, err
		}
		options.CACertificatePEM = string(text)
	}
	inner, err := oauth.NewTransport(options)
	return stepTransport{steps: s, inner: inner}, err
}

type stepTransport struct {
	steps *steps
	inner http.RoundTripper
}

func (t stepTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	t.steps.at("dial")
	ctx := httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{WroteRequest: func(i httptrace.WroteRequestInfo) {
		if i.Err == nil {
			t.steps.at("sent")
		}
	}})
	r = r.WithContext(ctx)
	if r.Body != nil {
		r.Body = &stepBody{steps: t.steps, inner: r.Body}
	}
	resp, err := t.inner.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	t.steps.at("headers")
	resp.Body = &stepReply{steps: t.steps, ReadCloser: resp.Body}
	return resp, nil
}

type stepBody struct {
	steps *steps
	inner io.ReadCloser
	begun bool
}

func (b *stepBody) Read(p []byte) (int, error) {
	if !b.begun {
		b.begun = true
		b.steps.at("body")
	}
	n, err := b.inner.Read(p)
	if err == io.EOF {
		b.steps.at("read")
	}
	return n, err
}

func (b *stepBody) Close() error { return b.inner.Close() }

type stepReply struct {
	steps *steps
	io.ReadCloser
}

func (r *stepReply) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err == io.EOF {
		r.steps.at("reply")
	}
	return n, err
}
