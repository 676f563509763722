//go:build unix

package acceptance_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// steps stops a provider process once at each of some named steps. The names are, in the order of a refresh:
//
//	sleep                               before the engine waits for somebody else, or before it tries again
//	budget-1-before, budget-1-after     around the booking in the error budget, of a client that has one
//	replace-1-before, replace-1-after   around the write of the claim
//	dial                                before the connection is made
//	body                                connected, before the first byte of the body is read
//	read                                the whole body was handed over, and lies in the transport's buffer
//	sent                                the request was written to the connection
//	headers                             the status line and headers arrived
//	reply                               the whole reply was read
//	replace-2-before, replace-2-after   around the commit
//	budget-2-before, budget-2-after     around the settling of what was booked
//
// Store steps count the writes of token pairs and registrations, or of budgets, in one process.
type steps struct {
	names    []string
	dir      string
	replaces atomic.Int64
	budgets  atomic.Int64
}

func newSteps(names, dir string) *steps {
	s := &steps{dir: dir}
	if names != "" {
		s.names = strings.Split(names, ",")
	}
	return s
}

// wantsTransport tells whether a step lies inside the call. The provider's own transport is left alone otherwise.
func (s *steps) wantsTransport() bool {
	return slices.ContainsFunc(s.names, func(name string) bool {
		return name != "sleep" && !strings.HasPrefix(name, "replace-") && !strings.HasPrefix(name, "budget-")
	})
}

// at stops if this is a step, and no process has stopped there before.
func (s *steps) at(name string) {
	if !slices.Contains(s.names, name) {
		return
	}
	partial := fmt.Sprintf("standing-%s-%d", name, os.Getpid())
	s.tell(partial)
	// Linking is atomic, and succeeds only for the first.
	if os.Link(filepath.Join(s.dir, partial), filepath.Join(s.dir, "reached-"+name)) != nil {
		return
	}
	for {
		if limit, err := os.ReadFile(filepath.Join(s.dir, "go-"+name)); err == nil {
			if len(limit) == 0 {
				return
			}
			if err := limitFiles(string(limit)); err != nil {
				panic(err)
			}
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// tell leaves a file with the process id for the test.
func (s *steps) tell(name string) {
	path := filepath.Join(s.dir, name)
	partial := fmt.Sprintf("%s-%d", path, os.Getpid())
	if os.WriteFile(partial, []byte(strconv.Itoa(os.Getpid())), 0o600) == nil {
		_ = os.Rename(partial, path) // in one piece
	}
}

// wrap puts the steps of a store around inner.
func (s *steps) wrap(inner store.Store) store.Store {
	wrapped := storetest.NewFaulty(inner, s.storeHooks()).Store()
	if s.dir != "" {
		return watchedStore{wrapped, s}
	}
	return wrapped
}

func (s *steps) storeHooks() storetest.Hooks {
	counter := func(c storetest.Call) (name string, n *atomic.Int64) {
		switch {
		case c.Op == storetest.OpReplace && (strings.HasPrefix(c.Key, "pair/") || strings.HasPrefix(c.Key, "registration/")):
			return "replace", &s.replaces
		case (c.Op == storetest.OpCreate || c.Op == storetest.OpReplace) && strings.HasPrefix(c.Key, "budget/"):
			return "budget", &s.budgets
		}
		return "", nil
	}
	return storetest.Hooks{
		Before: func(c storetest.Call) {
			if name, n := counter(c); n != nil {
				s.at(fmt.Sprintf("%s-%d-before", name, n.Add(1)))
			}
		},
		After: func(c storetest.Call) {
			if name, n := counter(c); n != nil {
				s.at(fmt.Sprintf("%s-%d-after", name, n.Load()))
			}
		},
	}
}

// watchedStore tells the test which process claims, and when the RPC that does so is cancelled: of all that a claim
// does, only the taking of the lock sees the RPC's own context. A store that has no lock says so, as sealing does for it.
type watchedStore struct {
	store.Store
	steps *steps
}

func (w watchedStore) Hold(ctx context.Context, key string) (release func(), err error) {
	context.AfterFunc(ctx, func() { w.steps.tell("cancelled") })
	err = store.ErrNoHold
	if holder, ok := w.Store.(store.Holder); ok {
		release, err = holder.Hold(ctx, key)
	}
	if err == nil || errors.Is(err, store.ErrNoHold) {
		w.steps.tell("claimer")
	}
	return release, err
}

func (w watchedStore) Remote() bool {
	remote, ok := w.Store.(store.Remote)
	return ok && remote.Remote()
}

// stepClock stops where the engine would sleep.
type stepClock struct {
	credential.Clock
	steps *steps
}

func (c stepClock) Sleep(ctx context.Context, d time.Duration) error {
	c.steps.at("sleep")
	return c.Clock.Sleep(ctx, d)
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
	if err != nil {
		return nil, err
	}
	t := &stepTransport{steps: s, inner: inner}
	// httptrace tells of a written request before its last byte has left the buffer. The connection knows better.
	plain, ok := reflect.ValueOf(inner).FieldByName("Transport").Interface().(*http.Transport)
	if !ok {
		return nil, fmt.Errorf("%T holds no *http.Transport", inner)
	}
	plain.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &stepConn{Conn: conn, transport: t}, nil
	}
	return t, nil
}

type stepTransport struct {
	steps *steps
	inner http.RoundTripper
	read  atomic.Bool // the body of the call under way was handed over
}

func (t *stepTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	t.read.Store(false)
	t.steps.at("dial")
	if r.Body != nil {
		r = r.Clone(r.Context())
		r.Body = &stepBody{transport: t, inner: r.Body}
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
	transport *stepTransport
	inner     io.ReadCloser
	begun     bool
}

func (b *stepBody) Read(p []byte) (int, error) {
	if !b.begun {
		b.begun = true
		b.transport.steps.at("body")
	}
	n, err := b.inner.Read(p)
	if err == io.EOF {
		b.transport.steps.at("read")
		b.transport.read.Store(true)
	}
	return n, err
}

func (b *stepBody) Close() error { return b.inner.Close() }

// stepConn stops after the write that carries the request. What the server says meanwhile waits.
type stepConn struct {
	net.Conn
	transport *stepTransport
	turn      sync.Mutex
}

func (c *stepConn) Write(p []byte) (int, error) {
	c.turn.Lock()
	defer c.turn.Unlock()
	n, err := c.Conn.Write(p)
	if err == nil && c.transport.read.Load() {
		c.transport.steps.at("sent")
	}
	return n, err
}

func (c *stepConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.turn.Lock()
	defer c.turn.Unlock()
	return n, err
}

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
