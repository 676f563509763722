package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/login"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// authorizeRun has a person authorize one credential.
type authorizeRun struct {
	deps    Deps
	options authorizeOptions
	store   *tokenStore
	about   words
	input   *bufio.Reader
}

// authorizeReport is the outcome as --json prints it. The guide "Command line" lists the members.
type authorizeReport struct {
	Name          string   `json:"name"`
	StoreLocation string   `json:"store_location"`
	Outcome       string   `json:"outcome"` // authorized, or why not
	Generation    int64    `json:"generation,omitempty"`
	Scopes        []string `json:"scopes,omitempty"`
	ExpiresAt     string   `json:"expires_at,omitempty"`
	Managed       *bool    `json:"managed,omitempty"`
	Error         []string `json:"error,omitempty"`
}

func (a *authorizeRun) run(ctx context.Context, request login.Request) int {
	o := login.Options{Manager: a.store.manager, Clock: a.deps.Clock, Paste: a.paste, Say: func(text string) { fmt.Fprintln(a.deps.Stderr, text) }}
	if !a.options.noBrowser && login.HasBrowser(a.deps.Getenv) {
		o.Open = a.deps.Browser
	}
	out, err := login.Authorize(ctx, o, request)
	for _, n := range out.Notices {
		a.deps.warn(a.about.notice(n))
	}
	report := authorizeReport{Name: a.options.name, StoreLocation: a.store.Location(), Outcome: "authorized"}
	if err != nil {
		var code int
		report.Outcome, report.Error, code = a.failure(err)
		a.deps.fail(report.Error...)
		return a.print(report, "", code)
	}
	r, managed := out.Record, !out.Record.Reserved()
	report.Generation, report.Scopes, report.Managed = r.Generation, r.Tokens.Scopes, &managed
	text := fmt.Sprintf("%s is authorized", a.about.credential())
	if !r.Tokens.ExpiresAt.IsZero() {
		report.ExpiresAt = r.Tokens.ExpiresAt.UTC().Format(time.RFC3339)
		text += fmt.Sprintf("; its access token expires at %s", stamp(r.Tokens.ExpiresAt))
	}
	if granted := out.Granted(); granted != "" {
		text += "; granted: " + granted
	}
	text += ".\n"
	if !managed {
		text += "An oauth_token_pair of this name, with the same client, takes it over when it is created.\n"
	}
	return a.print(report, text, exitDone)
}

func (a *authorizeRun) print(report authorizeReport, text string, code int) int {
	var err error
	if a.options.json {
		err = printJSON(a.deps.Stdout, report)
	} else {
		_, err = io.WriteString(a.deps.Stdout, text)
	}
	if err != nil { // a pipe that was closed
		fmt.Fprintf(a.deps.Stderr, "error: the output could not be written: %v\n", err)
		return exitFailed
	}
	return code
}

// failure says why nobody has authorized: by a word, in lines for people, and by an exit code.
func (a *authorizeRun) failure(err error) (outcome string, lines []string, code int) {
	if e := (*login.Error)(nil); errors.As(err, &e) {
		lines = e.Parts()
		switch e.Reason {
		case login.ReasonTime, login.ReasonExpired, login.ReasonLost, login.ReasonTries:
			return string(e.Reason), lines, exitPerson
		case login.ReasonNothingOffered:
			lines[len(lines)-1] = "Say it with --device, or with --redirect-uri and --scope; or apply its oauth_token_pair, which offers one."
			return string(e.Reason), lines, exitUsage
		case login.ReasonNoPerson:
			return string(e.Reason), lines, exitUsage
		}
		return string(e.Reason), lines, exitFailed
	}
	e := credential.AsError(err)
	outcome, code = string(e.Kind), exitFailed
	again := "Run it again: it shows where to authorize, and waits."
	unchanged := "What the store holds is unchanged."
	switch pair := a.about.credential(); {
	case e.Kind == credential.KindDenied:
		lines, code = []string{fmt.Sprintf("the person, or the authorization server, has refused the access for %s: %s.", pair, deniedBy(e)), unchanged, again}, exitPerson
	case e.Kind == credential.KindAttached:
		lines, code = []string{fmt.Sprintf("%s belongs to another client_id or token endpoint, and a resource manages it.", pair), "It was left alone and still works.",
			"Leave the options of the client out, or give those of its oauth_token_pair. For another app choose another name."}, exitUsage
	case e.Kind == credential.KindNotFound:
		lines, code = []string{fmt.Sprintf("the token store %s holds no %s.", a.about.location, pair), nothing,
			"Give its client, beginning with --client-id, and it is made; or give the store that Terraform uses by --store or OAUTH_TOKEN_STORE."}, exitUsage
	case e.Kind == credential.KindState:
		lines = []string{fmt.Sprintf("the answer for %s was not used: %v.", pair, e.Err), nothing + " " + unchanged, "Check --issuer: it must be the one that the server names. " + again}
	case e.Kind == credential.KindAuthorize, e.Kind == credential.KindUnknown && e.Verdict.Class != "":
		lines = []string{fmt.Sprintf("the authorization server gave no tokens for %s, or its reply was lost.", pair), unchanged + " What was sent is not sent again.", "Check the client and its redirect URI. " + again}
	case (e.Kind == credential.KindConfiguration || e.Kind == credential.KindBadClient) && a.options.ofClient:
		lines = []string{fmt.Sprintf("the authorization server takes no request for %s: %s.", pair, deniedBy(e)), unchanged, "Check the client: its id, its secret, its endpoints and what it may ask for. " + again}
	default:
		return outcome, a.about.failure(err), code
	}
	if said := e.Verdict.Words(); e.Verdict.Class != "" && said != "" {
		lines = append(lines, "The server's own words: "+said)
	}
	return outcome, lines, code
}

// deniedBy is why a server says no, as far as it says so.
func deniedBy(e *credential.Error) string {
	v := e.Verdict
	switch {
	case v.Code != "" && v.Description != "":
		return v.Code + ", " + strings.TrimSuffix(v.Description, ".")
	case v.Code+v.Description != "":
		return v.Code + v.Description
	case e.Err != nil:
		return e.Err.Error()
	}
	return "it says no more"
}

// maxPasted bounds a line of input.
const maxPasted = 64 << 10

// paste reads one line of standard input. One that is not there yet when ctx ends is left to whoever reads next.
func (a *authorizeRun) paste(ctx context.Context) (secret.String, error) {
	if a.input == nil {
		a.input = bufio.NewReaderSize(a.deps.Stdin, maxPasted)
	}
	type line struct {
		text []byte
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := a.input.ReadSlice('\n')
		read <- line{append([]byte(nil), text...), err}
	}()
	select {
	case <-ctx.Done():
		return secret.String{}, ctx.Err()
	case l := <-read:
		if len(l.text) == 0 && l.err != nil {
			if errors.Is(l.err, io.EOF) {
				return secret.String{}, errors.New("it has ended")
			}
			return secret.String{}, l.err
		}
		return secret.New(strings.TrimSpace(string(l.text))), nil
	}
}
