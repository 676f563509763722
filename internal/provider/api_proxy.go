package provider

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/proxy"
)

// startProxy gets the first token and starts a proxy that goes on until stopProxy; nil: diags say why there is none.
func (s *session) startProxy(ctx context.Context, m *apiProxyModel, diags *diag.Diagnostics) *proxy.Proxy {
	at := path.Root("upstream")
	upstream, err := proxy.ParseUpstream(m.Upstream.ValueString())
	if err == nil {
		err = oauth.CheckEndpoint(upstream.String(), s.insecure)
	}
	if err != nil {
		diags.AddAttributeError(at, "Invalid Upstream", "upstream cannot be used: "+clause(err)+" Nothing was sent.")
		return nil
	}
	ask := s.ask(credential.AskerConsumer)
	ask.Brief = true
	use := s.use(&m.tokenAsk, ask, diags)
	if use == nil {
		return nil
	}
	first, ok := use.open(ctx, false, diags)
	if !ok {
		return nil
	}
	transport, err := oauth.NewAPITransport(s.network, upstream, use.api.Certificate(ctx, first.Record))
	if err != nil {
		diags.AddError("Unable to Start the API Proxy", sentence(err))
		return nil
	}
	wait, replay := maxWaitDefault, int64(maxReplayDefault)
	if !m.MaxWait.IsNull() {
		wait = durationOf(m.MaxWait)
	}
	if !m.MaxReplay.IsNull() {
		replay = m.MaxReplay.ValueInt64()
	}
	running, err := proxy.Start(proxy.Options{
		Upstream: upstream, Source: NewSource(use.api, s.caller), Transport: transport, Clock: s.deps.Clock, Random: s.deps.Random, Log: s.options.Log,
		MaxReplay: replay, MaxWait: wait, Explain: func(err error) proxy.Answer { return proxyAnswer(use.about, err) },
	})
	if err != nil {
		diags.AddError("Unable to Start the API Proxy", sentence(err)+" The credential was not used up and still works. Check that programs may listen on 127.0.0.1, then run again.")
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proxies == nil {
		s.proxies = map[string]runningProxy{}
	}
	s.proxies[running.URL()] = runningProxy{running, use}
	return running
}

// runningProxy is one that was started and not yet stopped.
type runningProxy struct {
	*proxy.Proxy
	use *tokenUse
}

// stopProxy ends a proxy, and tells what its callers could only have found in the answers that they got.
func (s *session) stopProxy(ctx context.Context, url string, diags *diag.Diagnostics) {
	s.mu.Lock()
	running, ok := s.proxies[url]
	delete(s.proxies, url)
	s.mu.Unlock()
	if !ok {
		return
	}
	running.Close(ctx)
	running.use.api.Settle() // core ends this process when the last call has returned
	notices, err := running.use.api.Told()
	warnUse(running.use, credential.Result{Notices: notices}, diags)
	if err != nil {
		diags.AddWarning("Requests Without an Access Token", "Requests through oauth_api_proxy were answered by the proxy itself, for want of an access token.\n\n"+engineDetail(running.use.about, err))
	}
}

// apiSource gives a proxy its tokens.
type apiSource struct {
	api    *credential.API
	caller *oauth.Caller
}

// NewSource returns what gives a proxy the tokens of api, presented by caller.
func NewSource(api *credential.API, caller *oauth.Caller) proxy.Source { return apiSource{api, caller} }

// Token implements proxy.Source.
func (s apiSource) Token(ctx context.Context, rejected string) (proxy.Token, error) {
	b, err := s.api.Token(ctx, rejected)
	return proxy.Token{
		ID:     b.ID,
		Attach: func(r *http.Request) error { return s.caller.Present(r, s.api.Access(b, r.URL.String())) },
		Enter:  func(ctx context.Context) (func(bool, int), error) { return s.api.Enter(ctx, b) },
	}, err
}

// Heard implements proxy.Source.
func (s apiSource) Heard(r *http.Response) (again bool) {
	return s.api.Heard(r.Request.URL.String(), r.StatusCode, r.Header)
}

// Helped implements proxy.Source.
func (s apiSource) Helped(t proxy.Token, helped bool) { s.api.Helped(t.ID, helped) }

// proxyAnswer is what a caller of the API gets instead of an answer, where there is no token for its request.
func proxyAnswer(about subject, err error) proxy.Answer {
	a := proxy.Answer{Status: http.StatusBadGateway, Title: "Unable to Get Access Token", Detail: engineDetail(about, err)}
	e := (*credential.Error)(nil)
	if !errors.As(err, &e) {
		return a
	}
	if e.Until.After(time.Time{}) {
		a.Again = e.Until
	}
	switch {
	case e.Reason == credential.ReasonBudget:
		a.Status, a.Title = http.StatusTooManyRequests, "Error Budget Spent"
	case e.Kind == credential.KindLater, e.Kind == credential.KindNotSent, e.Kind == credential.KindStore, e.Kind == credential.KindShuttingDown:
		a.Status = http.StatusServiceUnavailable
	}
	return a
}
