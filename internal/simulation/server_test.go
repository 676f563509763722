package simulation

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// server is the authorization server. It shares no type with the engine.
type server struct {
	world    *world
	accounts []*account
	byKey    map[string]*account
	tokens   map[string]*refresh
	opens    map[string]*access
	codes    map[string]*account // that were not used
	made     int
	clients  int
}

// family is what one login began.
type family struct {
	account *account
	n       int
	dead    string     // why; empty: alive
	lost    string     // what had become of the reply that a reuse came after
	tokens  []*refresh // the newest ones
	stored  bool       // one of its tokens has been in the store
}

// refresh is a refresh token.
type refresh struct {
	value      string
	family     *family
	n          int       // in the order of issue, over all families of the account
	by         *exchange // that made it; nil: a login
	parent     *refresh
	access     *access // issued beside it
	issued     time.Duration
	uses       []use
	superseded bool // a successor was used
	stored     bool // it has been in the store
}

type use struct {
	at time.Duration
	by *exchange
}

type access struct {
	value   string
	family  *family
	expires time.Duration
	by      *exchange // nil: a login
	due     bool      // somebody has found it too old
}

// exchange is one request that left its process.
type exchange struct {
	process   *process
	machine   *machine // with the rescue file
	sent      time.Duration
	ahead     time.Duration // the clock that it went by, at most
	presented *refresh
	next      *refresh // what it brought, if it brought one
	fate      string
	arrived   bool // the process has the successor
	kept      bool // and it has been in a rescue file
	bold      bool // the process went to a store across a network before it had tried to keep the successor
	tried     bool // it has tried to
	failed    bool // and could not
}

const (
	requestLost = "request lost"
	replyLost   = "reply lost"
)

func newServer(w *world) *server {
	return &server{
		world: w, byKey: map[string]*account{}, tokens: map[string]*refresh{}, opens: map[string]*access{}, codes: map[string]*account{},
	}
}

// answer is the token endpoint. fate is what happens to the request there, or behind it.
func (s *server) answer(x *exchange, form url.Values, fate string) answer {
	if fate == "busy" {
		return answer{status: 503, body: "<html>busy</html>", cut: -1}
	}
	c := s.clientOf(form)
	if c == nil {
		return s.look(x, form, fate)
	}
	if s.world.now < c.locked {
		return answer{status: 403, body: `{"error":"locked_out"}`, cut: -1}
	}
	a := s.look(x, form, fate)
	s.world.counted(c, x, a.status)
	return a
}

// look answers a request that was let through.
func (s *server) look(x *exchange, form url.Values, fate string) answer {
	switch fate {
	case "too many":
		return answer{status: 429, body: "{}", cut: -1, header: http.Header{"Retry-After": {"90"}}}
	case "bad client":
		return answer{status: 401, body: `{"error":"invalid_client"}`, cut: -1}
	}
	s.world.figures.calls++
	a := answer{cut: -1}
	a.status, a.body = s.process(x, form)
	switch {
	case a.status != 200:
	case fate == "broken":
		x.fate = replyLost
		return answer{status: 502, body: "<html>bad gateway</html>", cut: -1}
	case fate == "cut":
		a.cut = strings.Index(a.body, `"scope"`)
		if s.world.chance(0.5) {
			a.cut = strings.Index(a.body, `"token_type"`)
			x.fate = replyLost
		}
	}
	return a
}

func (s *server) process(x *exchange, form url.Values) (status int, body string) {
	w := s.world
	if code := form.Get("code"); code != "" {
		a := s.codes[code]
		if a == nil {
			w.fail("", "the code %s came twice", code)
			return refuse("invalid_grant")
		}
		delete(s.codes, code)
		x.next = s.login(a)
		x.next.by = x
		x.next.access.by = x
		w.note(a.key, "  server: %s logs in with a code, %s", a.name, x.next.value)
		return 200, s.reply(x.next.access, x.next)
	}
	t := s.tokens[form.Get("refresh_token")]
	if t == nil {
		w.fail("", "%s sends a refresh token that nobody has", x.process.name)
		return refuse("invalid_grant")
	}
	x.presented = t
	a := t.family.account
	switch {
	case w.now < a.badClientUntil, a.client != nil && w.now < a.client.wrongUntil:
		return 401, `{"error":"invalid_client"}`
	case t.family.dead != "":
		w.note(a.key, "  server: %s comes, and its family is dead", t.value)
		return refuse("invalid_grant")
	case a.earliest > 0 && len(t.uses) == 0 && w.now < t.issued+a.earliest:
		w.note(a.key, "  server: %s comes too early", t.value)
		return refuse("too_early")
	case w.now > t.issued+a.idle:
		s.revoke(t.family, "expired", x)
		return refuse("invalid_grant")
	}
	a.refreshes++
	if a.counts() {
		w.figures.refreshes++
	}
	if len(t.uses) > 0 {
		w.comesAgain(a, t, x)
	}
	reused := a.semantics.reused(t, w.now)
	t.uses = append(t.uses, use{w.now, x})
	if reused {
		s.punish(a, t, x)
		return refuse("invalid_grant")
	}
	return 200, s.rotate(a, t, x)
}

func refuse(code string) (int, string) { return 400, `{"error":"` + code + `"}` }

// punish is what reuse leads to.
func (s *server) punish(a *account, t *refresh, x *exchange) {
	switch a.semantics.reuse {
	case "revoke_family":
		s.revoke(t.family, "reuse", x)
	case "revoke_client_user":
		for _, f := range a.families {
			s.revoke(f, "reuse", x)
		}
	}
}

func (s *server) revoke(f *family, why string, x *exchange) {
	if f.dead == "" {
		f.dead = why
		if why == "reuse" {
			f.lost = s.world.beforeResend(f.account, x)
		}
		s.world.note(f.account.key, "  server: family %d of %s is dead: %s", f.n, f.account.name, why)
	}
}

// rotate answers a good refresh token.
func (s *server) rotate(a *account, t *refresh, x *exchange) string {
	if t.parent != nil {
		t.parent.superseded = true
	}
	opens := s.issueAccess(t.family, x)
	if !a.semantics.rotates(s.world) {
		t.access, t.issued = opens, s.world.now
		s.world.note(a.key, "  server: %s stays, %s", t.value, opens.value)
		return s.reply(opens, nil)
	}
	x.next = s.issue(t.family, x)
	x.next.parent, x.next.access = t, opens
	s.world.note(a.key, "  server: %s becomes %s", t.value, x.next.value)
	return s.reply(opens, x.next)
}

func (s *server) reply(opens *access, next *refresh) string {
	refreshToken := ""
	if next != nil {
		refreshToken = `"refresh_token":"` + next.value + `",`
	}
	lifetime := (opens.expires - s.world.now) / time.Second
	return fmt.Sprintf(`{"access_token":"%s","expires_in":%d,"token_type":"Bearer",%s"scope":"api"}`, opens.value, lifetime, refreshToken)
}

// login begins a family, as a person does.
func (s *server) login(a *account) *refresh {
	f := &family{account: a, n: len(a.families) + 1}
	a.families = append(a.families, f)
	t := s.issue(f, nil)
	t.access = s.issueAccess(f, nil)
	return t
}

func (s *server) code(a *account) string {
	s.made++
	code := numbered("code-", s.made)
	s.codes[code] = a
	return code
}

// remembered is how many tokens of a family the server remembers.
const remembered = 100

func (s *server) issue(f *family, x *exchange) *refresh {
	a := f.account
	a.issued++
	t := &refresh{value: a.name + "-r" + strconv.Itoa(f.n) + "." + strconv.Itoa(a.issued) + "-", family: f, n: a.issued, by: x, issued: s.world.now}
	s.tokens[t.value] = t
	f.tokens = append(f.tokens, t)
	if len(f.tokens) > remembered {
		old := f.tokens[0]
		delete(s.tokens, old.value)
		f.tokens = f.tokens[1:]
		f.tokens[0].parent = nil
	}
	a.open = append(a.open, t)
	if len(a.open) > remembered {
		a.open = a.open[1:]
	}
	return t
}

func (s *server) issueAccess(f *family, x *exchange) *access {
	a := f.account
	a.issued++
	opens := &access{value: a.name + "-a" + strconv.Itoa(a.issued), family: f, expires: s.world.now + a.lifetime, by: x}
	s.opens[opens.value] = opens
	a.opens = append(a.opens, opens)
	if len(a.opens) > remembered {
		delete(s.opens, a.opens[0].value)
		a.opens = a.opens[1:]
	}
	return opens
}

// honours tells whether t would be taken now.
func (s *server) honours(t *refresh) bool {
	a := t.family.account
	return t.family.dead == "" && !a.semantics.reused(t, s.world.now) && s.world.now <= t.issued+a.idle
}

// seen notes which tokens a write has brought into the store.
func (s *server) seen(key string, value []byte) {
	a := s.byKey[key]
	if a == nil {
		return
	}
	rest := a.open[:0]
	for _, t := range a.open {
		if !bytes.Contains(value, []byte(`"`+t.value+`"`)) {
			rest = append(rest, t)
			continue
		}
		t.stored = true
		if f := t.family; !f.stored {
			f.stored = true
			a.byRecord[familyIn(value)] = f.n
		}
	}
	clear(a.open[len(rest):])
	a.open = rest
	if n := a.byRecord[familyIn(value)]; n > 0 { // an older one, if a person has brought tokens that were no good
		a.current = n
	}
}

// familyIn is how the record in value calls its family. It does not decode the record, which would take as long as all the rest.
func familyIn(value []byte) string {
	_, rest, _ := bytes.Cut(value, []byte(`"family":"`))
	name, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(name)
}
