// Command fosite is an authorization server made of a library that others wrote, for the acceptance tests. Everything is in memory, on
// loopback; every authorization request is granted at once for the user "alice". Its only argument is a JSON object, whose members
// fositeOptions in fosite_server_test.go describes. It prints one JSON line {"issuer": …} when it is ready, and ends when its standard
// input does.
//
// What the library decides: PKCE, codes, rotation and the end of the family on reuse, revocation, introspection, client authentication with
// former secrets, assertions. Here is only what connects it to HTTP, its own in-memory storage, and the metadata document.
package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/storage"
	"golang.org/x/crypto/bcrypt"
)

type options struct {
	Clients []struct {
		ID             string              `json:"client_id"`
		Secret         string              `json:"client_secret"`
		RotatedSecrets []string            `json:"rotated_secrets"`
		RedirectURIs   []string            `json:"redirect_uris"`
		GrantTypes     []string            `json:"grant_types"`
		ResponseTypes  []string            `json:"response_types"`
		Scopes         []string            `json:"scopes"`
		Audience       []string            `json:"audience"`
		AuthMethod     string              `json:"token_endpoint_auth_method"`
		SigningAlg     string              `json:"token_endpoint_auth_signing_alg"`
		JWKS           *jose.JSONWebKeySet `json:"jwks"`
	} `json:"clients"`
	// Issuers are trusted to make assertions about a subject (RFC 7523).
	Issuers []struct {
		Issuer  string             `json:"iss"`
		Subject string             `json:"sub"`
		Scopes  []string           `json:"scopes"`
		JWKS    jose.JSONWebKeySet `json:"jwks"`
	} `json:"issuers"`
	AccessTokenTTL int  `json:"access_token_ttl"`
	HideExpiry     bool `json:"hide_expiry"`
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	var o options
	if len(os.Args) > 1 {
		if err := json.Unmarshal([]byte(os.Args[1]), &o); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s, err := newServer("http://"+listener.Addr().String(), o)
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{"issuer": s.issuer}); err != nil {
		return err
	}
	return http.Serve(listener, s.handler())
}

type server struct {
	issuer   string
	store    *storage.MemoryStore
	provider fosite.OAuth2Provider
	hides    bool // expires_in, which RFC 6749 section 5.1 only recommends

	mu       sync.Mutex
	counters map[string]int
	faults   []fault
}

type fault struct {
	path, stage string
}

func newServer(issuer string, o options) (*server, error) {
	s := &server{issuer: issuer, store: storage.NewMemoryStore(), counters: map[string]int{}, hides: o.HideExpiry}
	for _, c := range o.Clients {
		client := &fosite.DefaultClient{
			ID: c.ID, RedirectURIs: c.RedirectURIs, GrantTypes: c.GrantTypes, ResponseTypes: c.ResponseTypes, Scopes: c.Scopes, Audience: c.Audience,
			Public: c.AuthMethod == "none",
		}
		var err error
		if client.Secret, err = hash(c.Secret); err != nil {
			return nil, err
		}
		for _, former := range c.RotatedSecrets {
			hashed, err := hash(former)
			if err != nil {
				return nil, err
			}
			client.RotatedSecrets = append(client.RotatedSecrets, hashed)
		}
		s.store.Clients[c.ID] = client
		if c.AuthMethod != "" {
			s.store.Clients[c.ID] = &fosite.DefaultOpenIDConnectClient{
				DefaultClient: client, JSONWebKeys: c.JWKS, TokenEndpointAuthMethod: c.AuthMethod, TokenEndpointAuthSigningAlgorithm: c.SigningAlg,
			}
		}
	}
	for _, issuer := range o.Issuers {
		keys := map[string]storage.PublicKeyScopes{}
		for _, key := range issuer.JWKS.Keys {
			keys[key.KeyID] = storage.PublicKeyScopes{Key: &key, Scopes: issuer.Scopes}
		}
		s.store.IssuerPublicKeys[issuer.Issuer] = storage.IssuerPublicKeys{
			Issuer: issuer.Issuer, KeysBySub: map[string]storage.SubjectPublicKeys{issuer.Subject: {Subject: issuer.Subject, Keys: keys}},
		}
	}
	s.store.Users["alice"] = storage.MemoryUserRelation{Username: "alice", Password: "pässword of alice/+%"}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	config := &fosite.Config{
		AccessTokenLifespan:  time.Duration(o.AccessTokenTTL) * time.Second,
		RefreshTokenLifespan: time.Hour,
		GlobalSecret:         secret,
		HashCost:             bcrypt.MinCost,
		EnforcePKCE:          true,
		RefreshTokenScopes:   []string{}, // every client with the grant type gets one
		TokenURL:             issuer + "/token",
		AccessTokenIssuer:    issuer,
		ScopeStrategy:        fosite.ExactScopeStrategy,
	}
	s.provider = compose.Compose(config, s.store, &compose.CommonStrategy{CoreStrategy: compose.NewOAuth2HMACStrategy(config)},
		compose.OAuth2AuthorizeExplicitFactory, compose.OAuth2AuthorizeImplicitFactory, compose.OAuth2PKCEFactory,
		compose.OAuth2RefreshTokenGrantFactory, compose.OAuth2ClientCredentialsGrantFactory,
		compose.OAuth2ResourceOwnerPasswordCredentialsFactory, compose.RFC7523AssertionGrantFactory,
		compose.OAuth2TokenRevocationFactory, compose.OAuth2TokenIntrospectionFactory, compose.PushedAuthorizeHandlerFactory)
	return s, nil
}

func hash(secret string) ([]byte, error) {
	return bcrypt.GenerateFromPassword([]byte(secret), bcrypt.MinCost)
}

func newSession() *openid.DefaultSession {
	session := openid.NewDefaultSession()
	session.Subject, session.Username = "alice", "alice"
	return session
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", s.authorize)
	mux.HandleFunc("POST /par", s.push)
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("POST /revoke", s.revoke)
	mux.HandleFunc("POST /introspect", s.introspect)
	mux.HandleFunc("GET /.well-known/oauth-authorization-server", s.metadata)
	mux.HandleFunc("GET /control/{what}", s.control)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch s.strikes(r.URL.Path) {
		case "before":
			hangUp(w)
		case "after":
			mux.ServeHTTP(&lost{header: http.Header{}}, r)
			hangUp(w)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// lost is a reply that never leaves.
type lost struct{ header http.Header }

func (l *lost) Header() http.Header         { return l.header }
func (l *lost) Write(b []byte) (int, error) { return len(b), nil }
func (l *lost) WriteHeader(int)             {}

func hangUp(w http.ResponseWriter) {
	if hijacker, ok := w.(http.Hijacker); ok {
		if conn, _, err := hijacker.Hijack(); err == nil {
			_ = conn.Close()
		}
	}
}

func (s *server) strikes(path string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.path == path {
			s.faults = append(s.faults[:i], s.faults[i+1:]...)
			return f.stage
		}
	}
	return ""
}

func (s *server) count(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counters[name]++
}

func (s *server) authorize(w http.ResponseWriter, r *http.Request) {
	request, err := s.provider.NewAuthorizeRequest(r.Context(), r)
	if err != nil {
		s.provider.WriteAuthorizeError(r.Context(), w, request, err)
		return
	}
	for _, scope := range request.GetRequestedScopes() {
		request.GrantScope(scope)
	}
	for _, audience := range request.GetRequestedAudience() {
		request.GrantAudience(audience)
	}
	response, err := s.provider.NewAuthorizeResponse(r.Context(), request, newSession())
	if err != nil {
		s.provider.WriteAuthorizeError(r.Context(), w, request, err)
		return
	}
	s.provider.WriteAuthorizeResponse(r.Context(), w, request, response)
}

func (s *server) push(w http.ResponseWriter, r *http.Request) {
	request, err := s.provider.NewPushedAuthorizeRequest(r.Context(), r)
	if err != nil {
		s.provider.WritePushedAuthorizeError(r.Context(), w, request, err)
		return
	}
	response, err := s.provider.NewPushedAuthorizeResponse(r.Context(), request, newSession())
	if err != nil {
		s.provider.WritePushedAuthorizeError(r.Context(), w, request, err)
		return
	}
	s.count("pushed")
	s.provider.WritePushedAuthorizeResponse(r.Context(), w, request, response)
}

func (s *server) token(w http.ResponseWriter, r *http.Request) {
	request, err := s.provider.NewAccessRequest(r.Context(), r, newSession())
	if err == nil {
		if request.GetGrantTypes().ExactOne("client_credentials") || request.GetGrantTypes().ExactOne("password") {
			for _, scope := range request.GetRequestedScopes() {
				request.GrantScope(scope)
			}
		}
		var response fosite.AccessResponder
		if response, err = s.provider.NewAccessResponse(r.Context(), request); err == nil {
			s.count("token")
			if request.GetGrantTypes().ExactOne("refresh_token") {
				s.count("refresh")
			}
			if told, ok := response.(*fosite.AccessResponse); ok && s.hides {
				delete(told.Extra, "expires_in")
			}
			s.provider.WriteAccessResponse(r.Context(), w, request, response)
			return
		}
	}
	s.count("refused")
	var told *fosite.RFC6749Error
	if errors.As(err, &told) && strings.Contains(told.HintField, "already") {
		s.count("reused")
	}
	s.provider.WriteAccessError(r.Context(), w, request, err)
}

func (s *server) revoke(w http.ResponseWriter, r *http.Request) {
	err := s.provider.NewRevocationRequest(r.Context(), r)
	if err == nil {
		s.count("revoked")
	}
	s.provider.WriteRevocationResponse(r.Context(), w, err)
}

func (s *server) introspect(w http.ResponseWriter, r *http.Request) {
	response, err := s.provider.NewIntrospectionRequest(r.Context(), r, newSession())
	if err != nil {
		s.provider.WriteIntrospectionError(r.Context(), w, err)
		return
	}
	s.count("introspected")
	s.provider.WriteIntrospectionResponse(r.Context(), w, response)
}

func (s *server) metadata(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{
		"issuer": s.issuer, "authorization_endpoint": s.issuer + "/authorize", "token_endpoint": s.issuer + "/token",
		"revocation_endpoint": s.issuer + "/revoke", "introspection_endpoint": s.issuer + "/introspect",
		"pushed_authorization_request_endpoint": s.issuer + "/par", "response_types_supported": []string{"code", "token"},
		"code_challenge_methods_supported": []string{"S256"},
	})
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

// control is for the tests; nothing of it is OAuth.
func (s *server) control(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	query := r.URL.Query()
	switch r.PathValue("what") {
	case "counters":
		answer(w, s.counters)
	case "fault":
		s.faults = append(s.faults, fault{path: query.Get("path"), stage: query.Get("stage")})
		answer(w, nil)
	case "secret": // a new one; the former is taken too, until "forget"
		client, err := s.plainClient(query.Get("client_id"))
		if err == nil {
			var hashed []byte
			if hashed, err = hash(query.Get("client_secret")); err == nil {
				client.RotatedSecrets, client.Secret = [][]byte{client.Secret}, hashed
			}
		}
		finish(w, err)
	case "forget":
		client, err := s.plainClient(query.Get("client_id"))
		if err == nil {
			client.RotatedSecrets = nil
		}
		finish(w, err)
	default:
		http.NotFound(w, r)
	}
}

func (s *server) plainClient(id string) (*fosite.DefaultClient, error) {
	client, ok := s.store.Clients[id].(*fosite.DefaultClient)
	if !ok {
		return nil, fmt.Errorf("no client %q without token_endpoint_auth_method", id)
	}
	return client, nil
}

func finish(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer(w, nil)
}
