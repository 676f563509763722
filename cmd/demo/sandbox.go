package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

// sandbox is the authorization server, as a process.
type sandbox struct {
	cmd    *exec.Cmd
	stdin  io.Closer // the sandbox ends when it closes, so it cannot outlive the demo
	ended  chan struct{}
	client *http.Client

	Issuer       string `json:"issuer"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	RedirectURI  string `json:"redirect_uri"`
	Control      string `json:"control"` // ends in a slash
	CAFile       string `json:"ca_file"`
}

// startSandbox starts the sandbox over TLS and returns when it is ready.
func startSandbox(ctx context.Context, path, caFile string) (*sandbox, error) {
	s := &sandbox{ended: make(chan struct{}), client: &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}}
	s.cmd = program(context.WithoutCancel(ctx), path, "-tls", "-ca-out", caFile, "-exit-with-stdin",
		"-rotation", "single_use", "-on-reuse", "reject", "-access-token-lifetime", shortLife.String())
	ownGroup(s.cmd)
	var complaint bytes.Buffer
	s.cmd.Stderr = &complaint
	stdin, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the sandbox: %w", err)
	}
	s.stdin = stdin
	line, readErr := bufio.NewReader(stdout).ReadBytes('\n') // the only line it prints
	go func() {
		_ = s.cmd.Wait() // nothing hangs on how it ends
		close(s.ended)
	}()
	if readErr != nil {
		err := s.close()
		return nil, errors.Join(fmt.Errorf("the sandbox did not start: %s", strings.TrimSpace(complaint.String())), err)
	}
	if err := json.Unmarshal(line, s); err != nil {
		return nil, errors.Join(fmt.Errorf("the sandbox's first line: %w", err), s.close())
	}
	return s, nil
}

func (s *sandbox) close() error {
	err := s.stdin.Close()
	select {
	case <-s.ended:
	case <-time.After(5 * time.Second):
		err = errors.Join(err, s.cmd.Process.Kill())
		<-s.ended
	}
	s.client.CloseIdleConnections()
	return err
}

// call speaks to the control API. A nil body is a GET.
func (s *sandbox) call(ctx context.Context, method, name string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if body == nil {
		text = nil
	}
	request, err := http.NewRequestWithContext(ctx, method, s.Control+name, bytes.NewReader(text))
	if err != nil {
		return err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return fmt.Errorf("the sandbox's control API: %w", err)
	}
	answer, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return fmt.Errorf("the sandbox's control API: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the sandbox's control API, %s %s: %s", method, name, bytes.TrimSpace(answer))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}

func (s *sandbox) counters(ctx context.Context) (counters, error) {
	var c counters
	return c, s.call(ctx, http.MethodGet, "counters", nil, &c)
}

// approve presses Allow on the consent page, and returns the address at which the browser would end up.
func (s *sandbox) approve(ctx context.Context, authorizationURL string) (string, error) {
	var answer struct {
		CallbackURL string `json:"callback_url"`
	}
	err := s.call(ctx, http.MethodPost, "approve", map[string]string{"authorization_url": authorizationURL}, &answer)
	return answer.CallbackURL, err
}

// setLifetime says how long access tokens live that are issued from now on.
func (s *sandbox) setLifetime(ctx context.Context, d time.Duration) error {
	return s.call(ctx, http.MethodPost, "settings", map[string]string{"access_token_lifetime": d.String()}, nil)
}

// plantFault makes something go wrong, once.
func (s *sandbox) plantFault(ctx context.Context, fault map[string]any) error {
	return s.call(ctx, http.MethodPost, "faults", fault, nil)
}

// release lets go what a fault holds.
func (s *sandbox) release(ctx context.Context) error {
	return s.call(ctx, http.MethodPost, "release", struct{}{}, nil)
}

// heldAt tells whether the sandbox holds something at the stage.
func (s *sandbox) heldAt(ctx context.Context, stage string) (bool, error) {
	var answer struct {
		Held []struct {
			Stage string `json:"stage"`
		} `json:"held"`
	}
	err := s.call(ctx, http.MethodGet, "held", nil, &answer)
	for _, h := range answer.Held {
		if h.Stage == stage {
			return true, nil
		}
	}
	return false, err
}

// authorization is how the server sees one consent and all that came of it.
type authorization struct {
	Generation       int  `json:"generation"` // refresh tokens issued
	LiveRefresh      int  `json:"live_refresh_tokens"`
	LiveAccessTokens int  `json:"live_access_tokens"`
	Revoked          bool `json:"revoked"`
}

// newest returns the last authorization.
func (s *sandbox) newest(ctx context.Context) (authorization, error) {
	var all []authorization
	if err := s.call(ctx, http.MethodGet, "current", nil, &all); err != nil {
		return authorization{}, err
	}
	if len(all) == 0 {
		return authorization{}, &surprise{"The server knows of no authorization."}
	}
	return all[len(all)-1], nil
}

// log returns the server's log as lines for a person.
func (s *sandbox) log(ctx context.Context) ([]string, error) {
	var entries []struct {
		Time   time.Time `json:"time"`
		Method string    `json:"method"`
		Path   string    `json:"path"`
		Grant  string    `json:"grant_type"`
		Status int       `json:"status"`
		Reason string    `json:"reason"`
		Fault  string    `json:"fault"`
	}
	err := s.call(ctx, http.MethodGet, "log", nil, &entries)
	var lines []string
	for _, e := range entries {
		lines = append(lines, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s %d %s %s",
			e.Time.Format(time.TimeOnly), e.Method, e.Path, e.Grant, e.Status, e.Reason, e.Fault)), " "))
	}
	return lines, err
}

// useAPI calls the sandbox's API as an application would, and returns the HTTP status.
func (s *sandbox) useAPI(ctx context.Context, accessToken string) (string, error) {
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		return "", err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := &http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true},
		Timeout:   10 * time.Second,
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Issuer+"/api/me", nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+accessToken)
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	return response.Status, response.Body.Close()
}
