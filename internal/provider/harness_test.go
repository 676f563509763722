package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/platform"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

// errOutOfBounds is what everything answers that a plan or a validation must not ask.
var errOutOfBounds = errors.New("nobody may ask this now")

// world is the store, network, clock and randomness of a provider. All of them fail, and write down that they were asked.
type world struct {
	mu    sync.Mutex
	asked []string
}

func (w *world) note(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, what)
}

// mustBeUntouched fails the test if anything was asked since the last call.
func (w *world) mustBeUntouched(t testing.TB) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.asked) > 0 {
		t.Errorf("store, network, clock or randomness were asked: %v", w.asked)
	}
	w.asked = nil
}

func (w *world) Get(_ context.Context, key string) (store.Entry, error) {
	w.note("get " + key)
	return store.Entry{}, errOutOfBounds
}

func (w *world) Create(_ context.Context, key string, _ []byte) (store.Revision, error) {
	w.note("create " + key)
	return "", errOutOfBounds
}

func (w *world) Replace(_ context.Context, key string, _ store.Revision, _ []byte) (store.Revision, error) {
	w.note("replace " + key)
	return "", errOutOfBounds
}

func (w *world) Delete(_ context.Context, key string, _ store.Revision) error {
	w.note("delete " + key)
	return errOutOfBounds
}

func (w *world) List(_ context.Context, kind string) ([]string, error) {
	w.note("list " + kind)
	return nil, errOutOfBounds
}

func (w *world) Location() string { return "file:///untouched" }

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.note("request to " + r.URL.Host)
	return nil, errOutOfBounds
}

func (w *world) Now() time.Time {
	w.note("now")
	return time.Unix(0, 0)
}

func (w *world) Monotonic() time.Duration {
	w.note("monotonic")
	return 0
}

func (w *world) Sleep(context.Context, time.Duration) error {
	w.note("sleep")
	return errOutOfBounds
}

func (w *world) Read([]byte) (int, error) {
	w.note("randomness")
	return 0, errOutOfBounds
}

// untouchedDeps are the dependencies of a provider that may ask nothing.
func untouchedDeps(w *world, env map[string]string) Deps {
	open := func(url string) (store.Store, error) { // as main does
		_, err := wiring.FilePath(url)
		return w, err
	}
	return Deps{
		Stores:     map[string]wiring.StoreKind{"file": {Open: open}},
		NewMemory:  func(string) store.Store { return w },
		DefaultDir: func() (string, error) { return "/default", nil },
		RescueDirs: func() []string { return nil },
		Getenv:     func(name string) string { return env[name] },
		Hostname:   "host",
		Clock:      w,
		Random:     io.Reader(w),
		Transport:  w,
		Timings:    credential.DefaultTimings(),
		Section:    &credential.Sections{},
		Presets:    platform.Presets(),
	}
}

// object is a configuration or a state, by attribute. A missing member is null.
type object = map[string]any

type unknownMark struct{}

// unknown stands for a value that is known after apply.
var unknown = unknownMark{}

// peer speaks the plugin protocol with a provider, as core does.
type peer struct {
	t       testing.TB
	server  tfprotov6.ProviderServer
	schemas *tfprotov6.GetProviderSchemaResponse
	world   *world
}

func newPeer(t testing.TB, env map[string]string) *peer {
	t.Helper()
	w := &world{}
	p := newPeerWith(t, untouchedDeps(w, env))
	p.world = w
	return p
}

func newPeerWith(t testing.TB, deps Deps) *peer {
	t.Helper()
	server, err := providerserver.NewProtocol6WithError(New("test", deps)())()
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return &peer{t: t, server: server, schemas: schemas}
}

func (p *peer) encode(s *tfprotov6.Schema, o object) *tfprotov6.DynamicValue {
	p.t.Helper()
	typ := s.ValueType()
	var v tftypes.Value
	if o == nil {
		v = tftypes.NewValue(typ, nil)
	} else {
		v = toValue(p.t, typ, o)
	}
	d, err := tfprotov6.NewDynamicValue(typ, v)
	if err != nil {
		p.t.Fatal(err)
	}
	return &d
}

func toValue(t testing.TB, typ tftypes.Type, v any) tftypes.Value {
	t.Helper()
	switch v {
	case nil:
		return tftypes.NewValue(typ, nil)
	case unknown:
		return tftypes.NewValue(typ, tftypes.UnknownValue)
	}
	switch typ := typ.(type) {
	case tftypes.Object:
		given, members := v.(object), map[string]tftypes.Value{}
		for name, member := range typ.AttributeTypes {
			members[name] = toValue(t, member, given[name])
		}
		for name := range given {
			if _, ok := members[name]; !ok {
				t.Fatalf("there is no attribute %q", name)
			}
		}
		return tftypes.NewValue(typ, members)
	case tftypes.Map:
		elements := map[string]tftypes.Value{}
		for key, element := range v.(object) {
			elements[key] = toValue(t, typ.ElementType, element)
		}
		return tftypes.NewValue(typ, elements)
	case tftypes.List:
		return tftypes.NewValue(typ, toValues(t, typ.ElementType, v))
	case tftypes.Set:
		return tftypes.NewValue(typ, toValues(t, typ.ElementType, v))
	}
	return tftypes.NewValue(typ, v)
}

func toValues(t testing.TB, element tftypes.Type, v any) []tftypes.Value {
	t.Helper()
	var values []tftypes.Value
	for _, e := range v.([]any) {
		values = append(values, toValue(t, element, e))
	}
	return values
}

// fromValue is the reverse of toValue, without null members.
func fromValue(t testing.TB, v tftypes.Value) any {
	t.Helper()
	switch {
	case v.IsNull():
		return nil
	case !v.IsKnown():
		return unknown
	}
	switch {
	case v.Type().Is(tftypes.String):
		var s string
		must(t, v.As(&s))
		return s
	case v.Type().Is(tftypes.Bool):
		var b bool
		must(t, v.As(&b))
		return b
	case v.Type().Is(tftypes.List{}), v.Type().Is(tftypes.Set{}):
		var values []tftypes.Value
		must(t, v.As(&values))
		var elements []any
		for _, e := range values {
			elements = append(elements, fromValue(t, e))
		}
		return elements
	case v.Type().Is(tftypes.Object{}), v.Type().Is(tftypes.Map{}):
		var values map[string]tftypes.Value
		must(t, v.As(&values))
		o := object{}
		for name, e := range values {
			if member := fromValue(t, e); member != nil {
				o[name] = member
			}
		}
		return o
	}
	return v.String() // numbers
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// with returns a copy of o in which the member at the dotted path is v.
func with(o object, path string, v any) object {
	name, rest, deeper := strings.Cut(path, ".")
	c := object{}
	for k, member := range o {
		c[k] = member
	}
	if !deeper {
		c[name] = v
		return c
	}
	inner, _ := c[name].(object)
	c[name] = with(inner, rest, v)
	return c
}

// problem is one diagnostic in a form that tables can hold.
type problem struct {
	error bool
	path  string // dotted; empty: of the whole
	text  string // summary and detail
}

func (p problem) String() string {
	kind := "warning"
	if p.error {
		kind = "error"
	}
	return fmt.Sprintf("%s at %q: %s", kind, p.path, p.text)
}

func problems(diagnostics []*tfprotov6.Diagnostic) []problem {
	var all []problem
	for _, d := range diagnostics {
		all = append(all, problem{error: d.Severity == tfprotov6.DiagnosticSeverityError, path: dotted(d.Attribute), text: d.Summary + "\n" + d.Detail})
	}
	slices.SortFunc(all, func(a, b problem) int { return strings.Compare(a.path+a.text, b.path+b.text) })
	return all
}

func errorsOf(all []problem) []problem {
	return slices.DeleteFunc(slices.Clone(all), func(p problem) bool { return !p.error })
}

func dotted(p *tftypes.AttributePath) string {
	var b strings.Builder
	for _, step := range p.Steps() {
		switch s := step.(type) {
		case tftypes.AttributeName:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(string(s))
		case tftypes.ElementKeyString:
			fmt.Fprintf(&b, "[%q]", string(s))
		case tftypes.ElementKeyInt:
			fmt.Fprintf(&b, "[%d]", int64(s))
		default:
			b.WriteString("[*]")
		}
	}
	return b.String()
}
