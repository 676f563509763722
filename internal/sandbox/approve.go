package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Approve does what a person with a browser does who opens authorizationURL and presses Allow. It returns the
// callback URL that the browser would land on, which carries an error if the request was wrong. What the person would
// see as an error page instead is returned as an error.
func (s *Server) Approve(authorizationURL string) (callbackURL string, err error) {
	return s.visit(authorizationURL, decisionAllow)
}

// ApprovePosted is Approve where the answer goes to the redirect URI by HTTP POST. It returns what is posted, as whoever runs that
// address would see it.
func (s *Server) ApprovePosted(authorizationURL string) (url.Values, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer, err := s.decideAt(authorizationURL, decisionAllow)
	if err == nil && answer.posted == nil {
		err = fmt.Errorf("nothing is posted: %d %s", answer.status, answer.error)
	}
	return answer.posted, err
}

// Deny is Approve by a person who presses Deny.
func (s *Server) Deny(authorizationURL string) (callbackURL string, err error) {
	return s.visit(authorizationURL, decisionDeny)
}

func (s *Server) visit(authorizationURL, decision string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer, err := s.decideAt(authorizationURL, decision)
	if err != nil {
		return "", err
	}
	if answer.status == http.StatusOK {
		return "", errors.New("the answer went to the redirect URI by HTTP POST: no address shows it")
	}
	if answer.status != http.StatusFound {
		return "", fmt.Errorf("the authorization request was refused: %s: %s", answer.error, answer.text)
	}
	if answer.error == "" || decision == decisionDeny && answer.error == "access_denied" {
		s.counters.AuthorizeViews++ // the page was there to be answered
	}
	return answer.header.Get("Location"), nil
}

// decideAt carries a person's decision out, with its line in the log. Server.mu is held.
func (s *Server) decideAt(authorizationURL, decision string) (reply, error) {
	params, issuer, err := s.readAuthorizationURL(authorizationURL)
	if err != nil {
		return reply{}, err
	}
	entry := s.record(&Entry{Method: http.MethodPost, Path: pathAuthorize, Processed: true})
	entry.ClientID = params.Get("client_id")
	answer := s.decide(params, issuer, decision, entry)
	entry.Status, entry.Error = answer.status, answer.error
	s.countError(answer.error)
	return answer, nil
}

// readAuthorizationURL makes sure that a browser would have come to the server of this issuer. A bare http.Handler
// has no issuer of its own and takes the URL's.
func (s *Server) readAuthorizationURL(text string) (url.Values, string, error) {
	issuer := s.issuer
	u, err := url.Parse(text)
	if err != nil {
		return nil, "", fmt.Errorf("authorization URL: %w", err)
	}
	if issuer == "" {
		issuer = u.Scheme + "://" + u.Host
	}
	base, _, _ := strings.Cut(text, "?")
	if path := strings.TrimPrefix(base, issuer); base != issuer+pathAuthorize && s.manners.paths[path] != pathAuthorize {
		return nil, "", fmt.Errorf("the authorization URL does not lead to %s", issuer+pathAuthorize)
	}
	params, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, "", fmt.Errorf("authorization URL: %w", err)
	}
	return params, issuer, nil
}
