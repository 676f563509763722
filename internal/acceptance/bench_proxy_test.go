//go:build unix

package acceptance_test

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/provider"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/proxy"
)

type benchBuffers struct{ pool sync.Pool }

func (b *benchBuffers) Get() []byte {
	if buffer, ok := b.pool.Get().(*[]byte); ok {
		return *buffer
	}
	return make([]byte, 32<<10)
}

func (b *benchBuffers) Put(buffer []byte) { b.pool.Put(&buffer) }

// BenchmarkProxy compares requests through oauth_api_proxy, with engine and sealed file store, with those through Go's bare
// ReverseProxy, side by side: one after another, 32 at once, and with large bodies.
func BenchmarkProxy(b *testing.B) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/large" {
			chunk := make([]byte, 1<<20)
			for range 64 {
				_, _ = w.Write(chunk)
			}
			return
		}
		_, _ = io.WriteString(w, `{"d":{"results":[]}}`)
	}))
	defer upstream.Close()
	target, err := url.Parse(upstream.URL)
	if err != nil {
		b.Fatal(err)
	}
	transport := func() http.RoundTripper {
		t, err := oauth.NewAPITransport(oauth.CallerOptions{}, target, nil)
		if err != nil {
			b.Fatal(err)
		}
		return t
	}
	// With buffers that are used again, as ours has them: by itself it makes one of 32 KiB for each request, which costs more than all
	// that ours does.
	bare := httptest.NewServer(&httputil.ReverseProxy{Transport: transport(), FlushInterval: -1, BufferPool: &benchBuffers{}, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Header.Set("Authorization", "Bearer fixed")
	}})
	defer bare.Close()

	s := newServer(b, nil)
	m := benchManager(b, sealedStore(b, filepath.Join(b.TempDir(), "store")), nil)
	brought(b, m, s, "proxied")
	caller, err := oauth.NewCaller(oauth.CallerOptions{Now: time.Now, Random: rand.Reader})
	if err != nil {
		b.Fatal(err)
	}
	api := m.API("proxied", credential.Ask{DefaultMargin: 30 * time.Second, Asker: credential.AskerConsumer, Brief: true})
	if _, err := api.Open(context.Background()); err != nil {
		b.Fatal(err)
	}
	ours, err := proxy.Start(proxy.Options{
		Upstream: target, Source: provider.NewSource(api, caller), Transport: transport(), Clock: credential.SystemClock(), Random: rand.Reader,
		MaxReplay: 1 << 20, MaxWait: time.Minute, Explain: func(err error) proxy.Answer { return proxy.Answer{Status: 502, Detail: err.Error()} },
	})
	if err != nil {
		b.Fatal(err)
	}
	defer ours.Close(context.Background())

	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	defer client.CloseIdleConnections()
	call := func(base, method, path string, body int64) {
		r, err := http.NewRequestWithContext(context.Background(), method, base+path, nil)
		if err != nil {
			b.Fatal(err)
		}
		if body > 0 {
			r.Body, r.ContentLength = io.NopCloser(io.LimitReader(randomness{}, body)), body
		}
		r.Header.Set("Authorization", "Bearer "+ours.Bearer().Reveal())
		res, err := client.Do(r)
		if err != nil {
			b.Error(err)
			return
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
			b.Error(res.Status, err)
		}
		_ = res.Body.Close()
	}
	const requests = 480
	one := func(base string) func() {
		return func() {
			for range requests {
				call(base, http.MethodGet, "/", 0)
			}
		}
	}
	many := func(base string) func() {
		return func() {
			var wg sync.WaitGroup
			for range 32 {
				wg.Go(func() {
					for range requests / 32 {
						call(base, http.MethodPost, "/", 2<<10)
					}
				})
			}
			wg.Wait()
		}
	}
	large := func(base string) func() { return func() { call(base, http.MethodGet, "/large", 0) } }
	for _, load := range []struct {
		name string
		each float64 // requests in a turn
		run  func(base string) func()
	}{{"OneByOne", requests, one}, {"AtOnce", requests / 32 * 32, many}, {"Large64MiB", 1, large}} {
		b.Run(load.name, func(b *testing.B) {
			for b.Loop() {
				a, other := sideBySide(b, 41, "proxy", load.run(ours.URL()), "bare", load.run(bare.URL))
				b.ReportMetric((a-other)/load.each*1e6, "added-us/request")
				b.ReportMetric(load.each/a, "proxy-requests/s")
				b.ReportMetric(load.each/other, "bare-requests/s")
			}
		})
	}
	s.expect(1, 0)
}
