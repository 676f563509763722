package sandbox

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	pathAuthorize  = "/authorize"
	pathToken      = "/token"
	pathDeviceAuth = "/device_authorization"
	pathDevice     = "/device"
	pathRevoke     = "/revoke"
	pathPush       = "/par"
	pathIntrospect = "/introspect"
	pathMetadata   = "/.well-known/oauth-authorization-server"
	pathOpenID     = "/.well-known/openid-configuration"
	pathMe         = "/api/me"
	pathCallback   = "/callback"
	pathRedirected = "/redirected"
	pathRegister   = "/register"
	pathRegistered = "/register/" // followed by the client id

	maxBody = 1 << 20
)

// endpoint is one path of the server. serve runs with Server.mu held, so every request is carried out as a whole.
type endpoint struct {
	methods []string
	serve   func(*Server, *call) reply
}

func (s *Server) endpointAt(path string) (endpoint, bool) {
	get, post := []string{http.MethodGet}, []string{http.MethodPost}
	switch path {
	case pathAuthorize:
		return endpoint{[]string{http.MethodGet, http.MethodPost}, (*Server).serveAuthorize}, true
	case pathToken:
		return endpoint{post, (*Server).serveToken}, true
	case pathDeviceAuth:
		return endpoint{post, (*Server).serveDeviceAuthorization}, true
	case pathDevice:
		return endpoint{[]string{http.MethodGet, http.MethodPost}, (*Server).serveDevice}, true
	case pathRevoke:
		return endpoint{post, (*Server).serveRevoke}, true
	case pathPush:
		return endpoint{post, (*Server).servePush}, true
	case pathIntrospect:
		return endpoint{post, (*Server).serveIntrospect}, true
	case pathMetadata, pathOpenID:
		return endpoint{get, (*Server).serveMetadata}, true
	case pathMe:
		return endpoint{get, (*Server).serveMe}, true
	case pathCallback:
		return endpoint{get, (*Server).serveCallback}, true
	case pathRedirected:
		return endpoint{[]string{http.MethodGet, http.MethodPost}, (*Server).serveRedirected}, true
	case pathRegister:
		return endpoint{post, (*Server).serveRegister}, s.registers()
	default:
		if strings.HasPrefix(path, pathRegistered) {
			return endpoint{[]string{http.MethodGet, http.MethodPut, http.MethodDelete}, (*Server).serveRegistered}, s.registers()
		}
		_, known := s.manners.resources[path]
		return endpoint{get, (*Server).serveResource}, known
	}
}

// call is one request on its way through the server.
type call struct {
	r       *http.Request
	body    []byte
	params  url.Values // of the body for POST, else of the query
	badForm error      // why params may be incomplete
	issuer  string
	entry   *Entry // guarded by Server.mu
	proof   proof  // of a token request
}

// serveEndpoint takes one request through its stages: arrival, body, fault before, processing, fault after, reply.
func (s *Server) serveEndpoint(w http.ResponseWriter, r *http.Request) {
	if standard, ok := s.manners.paths[r.URL.Path]; ok {
		r = r.Clone(r.Context())
		r.URL.Path = standard
	}
	if r.URL.Path == pathToken {
		s.mu.Lock()
		s.counters.TokenArrivals++
		s.mu.Unlock()
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		// Nothing is processed, and no fault is used up.
		s.mu.Lock()
		s.record(&Entry{Method: r.Method, Path: r.URL.Path, Status: http.StatusBadRequest, Reason: "body_incomplete"})
		s.mu.Unlock()
		http.Error(w, "the request body did not arrive completely, or is too long", http.StatusBadRequest)
		return
	}
	c := s.accept(r, body)
	if f := s.takeFault(c, Before, reply{}); f != nil && s.strikeBefore(w, c, *f) {
		return
	}
	answer := s.process(c)
	if f := s.takeFault(c, After, answer); f != nil {
		s.strikeAfter(w, c, answer, *f)
		return
	}
	s.send(w, c, answer)
}

// send sends the whole reply, logging it first: who has read a reply finds its status in the log.
func (s *Server) send(w http.ResponseWriter, c *call, r reply) {
	s.logStatus(c, r.status)
	r.header.Set("Date", s.Now().UTC().Format(http.TimeFormat)) // the server has a clock of its own
	r.send(w)
}

func (s *Server) logStatus(c *call, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.entry.Status = status
}

// asked is the path as it was sent, where another one stands for it.
func asked(r *http.Request) string {
	if sent, _, _ := strings.Cut(r.RequestURI, "?"); sent != r.URL.Path {
		return sent
	}
	return ""
}

// accept counts a request that arrived completely, enters it into the log and decodes it.
func (s *Server) accept(r *http.Request, body []byte) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == pathToken {
		s.counters.TokenRequests++
	}
	encoded := r.URL.RawQuery
	if r.Method == http.MethodPost {
		encoded = string(body)
	}
	c := &call{r: r, body: body, issuer: s.issuerFor(r), entry: s.record(&Entry{Method: r.Method, Path: r.URL.Path, Asked: asked(r)})}
	c.params, c.badForm = url.ParseQuery(encoded)
	for name, values := range c.params {
		// RFC 6749 §3.1, §3.2: parameters sent without a value must be treated as if they were omitted.
		if len(values) == 1 && values[0] == "" {
			delete(c.params, name)
		}
	}
	c.entry.GrantType = c.params.Get("grant_type")
	c.entry.Resource, c.entry.Audience = strings.Join(c.params["resource"], " "), strings.Join(c.params["audience"], " ")
	c.entry.ClientID = c.params.Get("client_id")
	if strings.HasPrefix(r.URL.Path, pathRegister) {
		c.params = url.Values{}
		c.entry.TokenID = TokenID(c.bearer())
		c.entry.ClientID = strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, pathRegister), "/")
	}
	for _, name := range presentedAt(r.URL.Path) {
		if c.entry.TokenID == "" {
			c.entry.TokenID = TokenID(c.params.Get(name))
		}
	}
	return c
}

// presentedAt names the parameters of a path that hold a code or token.
func presentedAt(path string) []string {
	switch path {
	case pathToken, pathRedirected:
		return []string{"code", "refresh_token", "device_code"}
	case pathRevoke, pathIntrospect:
		return []string{"token"}
	default:
		return nil
	}
}

// mayRepeat tells whether a parameter may come more than once (RFC 8707 §2, RFC 8693 §2.1).
func mayRepeat(name string) bool { return name == "resource" || name == "audience" }

// process carries the request out.
func (s *Server) process(c *call) reply {
	point, known := s.endpointAt(c.r.URL.Path)
	if !known {
		return plainReply(http.StatusNotFound, "no such page\n")
	}
	if !slices.Contains(point.methods, c.r.Method) {
		allowed := strings.Join(point.methods, ", ")
		r := plainReply(http.StatusMethodNotAllowed, "this address takes "+allowed+"\n")
		r.header.Set("Allow", allowed)
		return r
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := point.serve(s, c)
	c.entry.Processed = true
	c.entry.Error, c.entry.Reason = answer.error, string(answer.reason)
	s.countError(answer.error)
	return answer
}

func plainReply(status int, text string) reply {
	return reply{status: status, body: []byte(text), header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}}
}

// checkForm checks the form of a request to /token, /revoke or /introspect (RFC 6749 §3.2, §2.3.1, appendix B).
func (c *call) checkForm() reason {
	mediaType, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if errors.Join(err, c.badForm) != nil || mediaType != "application/x-www-form-urlencoded" {
		return badBody
	}
	if c.r.URL.RawQuery != "" {
		return badQuery
	}
	for name, values := range c.params {
		if len(values) > 1 && !mayRepeat(name) {
			return repeated
		}
	}
	return ""
}
