package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const controlPrefix = "/_sandbox/"

// ControlHelp describes the control API to a person.
const ControlHelp = `Control API of the sandbox (JSON in, JSON out; errors are 400 {"error": "…"}):

  GET    clock            the server's time
  POST   clock            {"advance": "1h"}
  GET    settings         the behaviour in force
  POST   settings         the members to change, such as {"rotation": "none", "access_token_lifetime": "30s"}
  GET    counters         what happened since the last reset
  POST   reset_counters
  GET    log              every request, in order; ?since=N leaves out the first N
  GET    current          every authorization and how it stands
  GET    secrets          every secret ever issued or configured
  POST   approve          {"authorization_url": "…", "deny": false} → {"callback_url": "…"}
  POST   device           {"user_code": "…", "deny": false}, as a person who enters it would
  POST   polls            {"answers": ["authorization_pending", "slow_down", "access_denied", "expired_token", ""]},
                          for the next polls of a device code; "" is whatever is true
  POST   issue            {"client_id": "…", "scopes": ["…"]} → a token pair made outside of any flow
  POST   revoke_family    {"refresh_token": "…"} or {"family": "…"} or {"all": true}, as an administrator would;
                          with "only": "refresh_tokens" or "access_tokens" just those
  GET    faults           what is planned to go wrong
  POST   faults           {"action": "drop", "when": "after", "count": 1, "path": "/token",
                           "grant_type": "refresh_token", …}
  DELETE faults           forget them all
  GET    registrations    the clients that have registered themselves, and their metadata
  POST   registration     {"client_id": "…", "set": {"client_name": "x"}, "remove": ["logo_uri"]} as somebody else would change
                          it; or "delete": true, or "revoke_token": true
  GET    held             what a hold or stall fault holds now
  POST   release          let it go

Actions: drop, status, delay, hold, garbage, html, empty, truncate, truncate_clean, chunked_drop, half_then_hold,
oversize, redirect, mutate, error_in_200, stall_accept, stall_handshake.
`

func (s *Server) controlMux() *http.ServeMux {
	mux := http.NewServeMux()
	handle := func(method, name string, handler http.HandlerFunc) {
		mux.HandleFunc(method+" "+controlPrefix+name, handler)
	}
	handle("GET", "{$}", func(w http.ResponseWriter, _ *http.Request) { plainReply(http.StatusOK, ControlHelp).send(w) })
	handle("GET", "clock", show(s.clockNow))
	handle("POST", "clock", run(s.controlClock))
	handle("GET", "settings", show(s.Settings))
	handle("POST", "settings", run(s.controlSettings))
	handle("GET", "counters", show(s.Counters))
	handle("POST", "reset_counters", run(func(struct{}) (any, error) { s.ResetCounters(); return done{}, nil }))
	handle("GET", "log", s.controlLog)
	handle("GET", "current", show(s.Current))
	handle("GET", "secrets", show(func() any { return map[string][]Secret{"secrets": s.Secrets()} }))
	handle("POST", "approve", run(s.controlApprove))
	handle("POST", "device", run(s.controlDevice))
	handle("POST", "polls", run(s.controlPolls))
	handle("POST", "issue", run(s.controlIssue))
	handle("POST", "revoke_family", run(s.controlRevoke))
	handle("GET", "faults", show(s.Faults))
	handle("POST", "faults", run(s.controlFault))
	handle("DELETE", "faults", run(func(struct{}) (any, error) { s.ClearFaults(); return done{}, nil }))
	handle("GET", "registrations", show(s.Registrations))
	handle("POST", "registration", run(func(in RegistrationChange) (any, error) { return done{}, s.ChangeRegistration(in) }))
	handle("GET", "held", show(s.controlHeld))
	handle("POST", "release", run(func(struct{}) (any, error) { return map[string]int{"released": s.Release()}, nil }))
	return mux
}

type done struct{}

// show serves what view returns.
func show[Out any](view func() Out) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { writeControl(w, http.StatusOK, view()) }
}

// run decodes the body, which may be empty, and serves what act returns.
func run[In any](act func(In) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		err := decodeControl(http.MaxBytesReader(w, r.Body, maxBody), &in)
		var out any
		if err == nil {
			out, err = act(in)
		}
		if err != nil {
			writeControl(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		writeControl(w, http.StatusOK, out)
	}
}

// decodeControl decodes one JSON value into in, strictly: a misspelt member must not make a test pass by accident.
func decodeControl(body io.Reader, in any) error {
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(in)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("request body: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("request body: more than one JSON value")
	}
	return nil
}

func writeControl(w http.ResponseWriter, status int, out any) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // so that a person can copy a URL
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(out); err != nil {
		plainReply(http.StatusInternalServerError, err.Error()+"\n").send(w)
		return
	}
	reply{status: status, body: body.Bytes(), header: http.Header{
		"Content-Type": {"application/json"}, "Cache-Control": {"no-store"},
	}}.send(w)
}

type clockView struct {
	Now    time.Time `json:"now"`
	Offset string    `json:"offset"`
}

func (s *Server) clockNow() clockView {
	return clockView{Now: s.Now().UTC(), Offset: time.Duration(s.offset.Load()).String()}
}

func (s *Server) controlClock(in struct {
	Advance jsonDuration `json:"advance"`
}) (any, error) {
	_, err := s.AdvanceClock(time.Duration(in.Advance))
	return s.clockNow(), err
}

func (s *Server) controlSettings(in json.RawMessage) (any, error) {
	var decodeErr error
	err := s.UpdateSettings(func(settings *Settings) { decodeErr = json.Unmarshal(in, settings) })
	return s.Settings(), errors.Join(decodeErr, err)
}

func (s *Server) controlLog(w http.ResponseWriter, r *http.Request) {
	entries := s.Log()
	if text := r.URL.Query().Get("since"); text != "" {
		since, err := strconv.Atoi(text)
		if err != nil || since < 0 {
			writeControl(w, http.StatusBadRequest, map[string]string{"error": "since is not a number"})
			return
		}
		entries = entries[min(since, len(entries)):]
	}
	writeControl(w, http.StatusOK, entries)
}

func (s *Server) controlApprove(in struct {
	AuthorizationURL string `json:"authorization_url"`
	Deny             bool   `json:"deny"`
}) (any, error) {
	visit := s.Approve
	if in.Deny {
		visit = s.Deny
	}
	callback, err := visit(in.AuthorizationURL)
	return map[string]string{"callback_url": callback}, err
}

func (s *Server) controlDevice(in struct {
	UserCode string `json:"user_code"`
	Deny     bool   `json:"deny"`
}) (any, error) {
	decide := s.ConfirmDevice
	if in.Deny {
		decide = s.RefuseDevice
	}
	return done{}, decide(in.UserCode)
}

func (s *Server) controlPolls(in struct {
	Answers []string `json:"answers"`
}) (any, error) {
	s.PlanPolls(in.Answers...)
	return done{}, nil
}

func (s *Server) controlIssue(in struct {
	ClientID string   `json:"client_id"`
	Scopes   []string `json:"scopes"`
}) (any, error) {
	return s.Issue(in.ClientID, in.Scopes...)
}

func (s *Server) controlRevoke(in Revocation) (any, error) {
	n, err := s.RevokeFamily(in)
	return map[string]int{"families": n}, err
}

func (s *Server) controlFault(in Fault) (any, error) {
	id, err := s.AddFault(in)
	return map[string]int{"id": id}, err
}

func (s *Server) controlHeld() any {
	held := s.Held()
	return struct {
		Count int    `json:"count"`
		Held  []Held `json:"held"`
	}{len(held), held}
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
