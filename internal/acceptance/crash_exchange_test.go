//go:build unix

package acceptance_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// codeFate is what must become of a code exchange that was struck at a place.
type codeFate struct {
	done  int   // exchanges that the server has carried out when the processes are gone
	again bool  // the next apply says that a person must authorize again
	count count // of exchanges, replays and requests in the end, for the first code and, if there is one, the second
}

// killedExchange is for a process that dies at the place. A code whose claim is left over counts as sent and is never
// sent again: its tokens would die with the replay (RFC 6749 §4.1.2). A person has to authorize once more.
var killedExchange = map[string]codeFate{
	"before-claim":  {0, false, count{1, 0, 1}},
	"after-claim":   {0, true, count{1, 0, 1}},
	"dial":          {0, true, count{1, 0, 1}},
	"handshake":     {0, true, count{1, 0, 1}},
	"body":          {0, true, count{1, 0, 1}},
	"read":          {0, true, count{1, 0, 1}},
	"held-before":   {0, true, count{1, 0, 2}},
	"sent":          {1, true, count{2, 0, 2}},
	"held-after":    {1, true, count{2, 0, 2}},
	"headers":       {1, true, count{2, 0, 2}},
	"half-reply":    {1, true, count{2, 0, 2}},
	"reply":         {1, true, count{2, 0, 2}},
	"before-commit": {1, true, count{2, 0, 2}},
	"after-commit":  {1, false, count{1, 0, 1}},
}

// killedExchangeRemotely is the same on a token store across a network, where a rescue file holds the reply from before
// the commit on.
var killedExchangeRemotely = map[string]codeFate{
	"before-claim":  {0, false, count{1, 0, 1}},
	"after-claim":   {0, true, count{1, 0, 1}},
	"dial":          {0, true, count{1, 0, 1}},
	"body":          {0, true, count{1, 0, 1}},
	"read":          {0, true, count{1, 0, 1}},
	"held-before":   {0, true, count{1, 0, 2}},
	"sent":          {1, true, count{2, 0, 2}},
	"held-after":    {1, true, count{2, 0, 2}},
	"headers":       {1, true, count{2, 0, 2}},
	"half-reply":    {1, true, count{2, 0, 2}},
	"reply":         {1, true, count{2, 0, 2}},
	"before-commit": {1, false, count{1, 0, 1}},
	"machine-gone":  {1, true, count{2, 0, 2}},
	"after-commit":  {1, false, count{1, 0, 1}},
}

// toldExchange is for a process that is told to end, or whose parent has died.
var toldExchange = map[string]codeFate{
	"before-claim":  {0, false, count{1, 0, 1}},
	"after-claim":   {0, false, count{1, 0, 1}},
	"dial":          {0, false, count{1, 0, 1}},
	"handshake":     {0, false, count{1, 0, 1}},
	"body":          {0, false, count{1, 0, 1}},
	"read":          {1, false, count{1, 0, 1}},
	"held-before":   {1, false, count{1, 0, 1}},
	"sent":          {1, false, count{1, 0, 1}},
	"held-after":    {1, false, count{1, 0, 1}},
	"headers":       {1, false, count{1, 0, 1}},
	"half-reply":    {1, false, count{1, 0, 1}},
	"reply":         {1, false, count{1, 0, 1}},
	"before-commit": {1, false, count{1, 0, 1}},
	"after-commit":  {1, false, count{1, 0, 1}},
}

// heldUpExchange is for a process that stands still for longer than send_by: a code that was not sent by then is sent
// under a new claim.
var heldUpExchange = map[string]codeFate{
	"before-claim":  {1, false, count{1, 0, 1}},
	"after-claim":   {1, false, count{1, 0, 1}},
	"dial":          {1, false, count{1, 0, 1}},
	"handshake":     {1, false, count{1, 0, 1}},
	"body":          {1, false, count{1, 0, 1}},
	"read":          {1, false, count{1, 0, 1}},
	"held-before":   {1, false, count{1, 0, 1}},
	"sent":          {1, false, count{1, 0, 1}},
	"held-after":    {1, false, count{1, 0, 1}},
	"headers":       {1, false, count{1, 0, 1}},
	"half-reply":    {1, false, count{1, 0, 1}},
	"reply":         {1, false, count{1, 0, 1}},
	"before-commit": {1, false, count{1, 0, 1}},
	"after-commit":  {1, false, count{1, 0, 1}},
}

// exchangeGroups are those in which an apply exchanges an authorization code.
func exchangeGroups() []group {
	var groups []group
	for _, g := range []struct {
		blow     blow
		at       behaviour
		fates    map[string]codeFate
		postgres bool
		where    []string
	}{
		{killProvider, revokes, killedExchange, false, everywhere},
		{killGroup, rejects, killedExchange, false, turns},
		{killCore, rejects, toldExchange, false, turns},
		{terminateGroup, revokes, toldExchange, false, turns},
		{holdUp, revokes, heldUpExchange, false, turns},
		{killGroup, rejects, killedExchangeRemotely, true, turns},
	} {
		groups = append(groups, group{"exchange, " + g.blow.name, func(c *site, m *matrix, column string) {
			x := &exchanges{site: c, callbacks: map[string]string{}, codes: map[string][]string{}}
			x.offer(c.placesHere(g.where...))
			g.blow.befall(c)
			for _, p := range c.places {
				g.blow.strike(c.bring(p, "apply", "-auto-approve", "-input=false", "-no-color"))
				if got := x.count(p.name).refreshes; got != rowOf(c.t, g.fates, p.name).done {
					c.t.Errorf("%s: the server has carried out %d exchanges when the processes are gone, want %d", p.name, got, g.fates[p.name].done)
				}
			}
			x.follow(m, column, g.fates)
		}, g.at, g.postgres})
	}
	return groups
}

// exchanges is a site whose pairs are authorized by a person.
type exchanges struct {
	*site
	callbacks map[string]string   // in the configuration
	codes     map[string][]string // by their names in the server's log
}

// offer applies once, and consents to every authorization URL.
func (x *exchanges) offer(places []place) {
	x.t.Helper()
	x.places = places
	x.configure()
	x.w.apply()
	x.w.plan()
	for name, attributes := range x.driver.state(x.site) {
		x.consent(name, attributes["authorization_url"].(string))
	}
	x.configure()
}

func (x *exchanges) consent(name, authorizationURL string) {
	x.t.Helper()
	x.callbacks[name] = x.s.consent(authorizationURL)
	u, err := url.Parse(x.callbacks[name])
	if err != nil {
		x.t.Fatal(err)
	}
	id := sandbox.TokenID(u.Query().Get("code"))
	x.codes[name] = append(x.codes[name], id)
	if x.pairs[name] == nil {
		x.pairs[name] = &pairOnSite{tokenID: id}
	}
}

func (x *exchanges) configure() {
	x.t.Helper()
	var callbacks strings.Builder
	for _, p := range x.places {
		value := "null"
		if u, ok := x.callbacks[p.name]; ok {
			value = fmt.Sprintf("%q", u)
		}
		fmt.Fprintf(&callbacks, "    %q = %s\n", p.name, value)
	}
	x.w.write(x.providerBlock() + fmt.Sprintf(`
resource "oauth_token_pair" "p" {
  for_each = {
%s  }
  name               = "crash-${each.key}"
  client             = %s
  authorization_code = { callback_url = each.value, redirect_uri = %q }
}
`, callbacks.String(), x.s.client(x.b.policy), redirectURI))
}

// count is what the server saw of the codes of a pair: exchanges, replays, requests.
func (x *exchanges) count(name string) count {
	var n count
	for _, e := range x.s.Log() {
		for _, code := range x.codes[name] {
			if e.Path != "/token" || e.TokenID != code {
				continue
			}
			n.requests++
			if e.Processed && e.Error == "" {
				n.refreshes++
			}
			if e.Reason == "code_replayed" {
				n.reuse++
			}
		}
	}
	return n
}

var urlPattern = regexp.MustCompile(`https?://\S+/authorize\?\S+`)

// follow applies; where that says that a person must authorize again, one does, by the URL that was printed.
func (x *exchanges) follow(m *matrix, column string, fates map[string]codeFate) {
	x.t.Helper()
	if x.table != nil {
		x.later(claimTTL) // no lock proves anybody dead
	}
	r, said := x.run("apply", "-auto-approve")
	failed := false
	for _, p := range x.places {
		var refused []printed
		for _, d := range said[x.address(p.name)] {
			if d.Severity == "error" {
				refused = append(refused, d)
			}
		}
		if again := len(refused) == 1 && refused[0].Summary == "Unable to Authorize Token Pair"; again != rowOf(x.t, fates, p.name).again || len(refused) > 1 {
			x.t.Errorf("%s: the apply says %q; to authorize again: want %v", p.name, refused, fates[p.name].again)
		} else if again {
			failed = true
			x.consent(p.name, urlPattern.FindString(refused[0].Detail))
		}
	}
	if (r.code != 0) != failed {
		x.t.Errorf("the apply exited with %d:\n%s\n%s", r.code, r.stdout, r.stderr)
	}
	x.configure()
	x.driver.apply(x.site)
	state := x.driver.state(x.site)
	for _, p := range x.places {
		got := x.count(p.name)
		if got != fates[p.name].count {
			x.t.Errorf("%s: exchanges, replays, requests are %v, want %v", p.name, got, fates[p.name].count)
		}
		m.add(x.site, column, p.name, x.judge(p.name, state[p.name], fates[p.name]), got)
	}
}

// judge asks the server whether the refresh token in the state works.
func (x *exchanges) judge(name string, state values, want codeFate) outcome {
	works := false
	for _, f := range x.s.Current() {
		works = works || f.RefreshToken != "" && f.RefreshToken == state["refresh_token"]
	}
	switch {
	case !works || state["status"] != active:
		return lost
	case want.again:
		return reported
	}
	return kept
}
