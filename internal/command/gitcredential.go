package command

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// defaultUsername goes with a token where the URL names nobody: GitLab wants it, and most others take anything.
const defaultUsername = "oauth2"

// gitAsked is what git tells a credential helper (git-credential(1), "Input/output format").
type gitAsked struct {
	protocol, host, username string
	password                 secret.String
}

// maxGitInput is far beyond what git writes.
const maxGitInput = 64 << 10

// readGit reads name=value lines up to an empty one or the end. What is not known is passed over, as git wants it.
func readGit(r io.Reader) (gitAsked, error) {
	var asked gitAsked
	lines := bufio.NewScanner(io.LimitReader(r, maxGitInput))
	lines.Buffer(nil, maxGitInput)
	lines.Split(splitLines)
	for lines.Scan() && lines.Text() != "" {
		name, value, ok := strings.Cut(lines.Text(), "=")
		if !ok {
			return gitAsked{}, errors.New("standard input has a line that is not of the form name=value; git calls this, not a person")
		}
		switch name {
		case "protocol":
			asked.protocol = value
		case "host":
			asked.host = value
		case "username":
			asked.username = value
		case "password":
			asked.password = secret.New(value)
		}
	}
	if lines.Err() != nil {
		return gitAsked{}, errors.New("standard input cannot be read")
	}
	return asked, nil
}

// awaitGit is readGit for as long as ctx lasts. What comes later is read by nobody.
func awaitGit(ctx context.Context, r io.Reader) (gitAsked, error) {
	type outcome struct {
		asked gitAsked
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		asked, err := readGit(r)
		done <- outcome{asked, err}
	}()
	select {
	case <-ctx.Done():
		return gitAsked{}, ctx.Err()
	case o := <-done:
		return o.asked, o.err
	}
}

// splitLines ends lines at a line feed alone. bufio.ScanLines takes a carriage return away before it, by which the host of
// https://git.example.com%0d/ would be another one than git talks to.
func splitLines(data []byte, end bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if end && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// git returns how the answer to an operation is printed; nil: there is nothing to answer, and another helper may know better.
func (o tokenOptions) git(asked gitAsked) printer {
	if !o.serves(asked) {
		return nil
	}
	switch o.operation {
	case "get":
		return func(w io.Writer, _ func(string) string, _ string, r credential.Record) error {
			return o.answer(w, asked, r)
		}
	case "erase":
		return func(io.Writer, func(string) string, string, credential.Record) error { return nil }
	}
	return nil // there is nothing to store; and git may learn new operations (gitcredentials(7))
}

// serves tells whether the token may go to the host that git talks to: one of --host, and not in clear text over a network.
func (o tokenOptions) serves(asked gitAsked) bool {
	if asked.protocol != "https" && (asked.protocol != "http" || !isLoopback(asked.host)) {
		return false
	}
	for _, host := range o.hosts {
		if asked.host != "" && strings.EqualFold(host, asked.host) {
			return true
		}
	}
	return false
}

func isLoopback(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	ip := net.ParseIP(strings.Trim(name, "[]"))
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

// freshFor is how long an access token counts as fresh. If a server does not take a fresh one, another refresh will not help.
const freshFor = time.Minute

// replaceable tells whether the token that a server has not taken is to be replaced by a refresh: it is the one in use, and not fresh.
func (a gitAsked) replaceable(r credential.Record, now time.Time) bool {
	return !a.password.IsEmpty() && a.password.Equal(r.Tokens.Access) && now.Sub(r.Tokens.IssuedAt) >= freshFor
}

func (o tokenOptions) answer(w io.Writer, asked gitAsked, r credential.Record) error {
	token, err := bare(r)
	if err != nil {
		return err
	}
	var out strings.Builder
	username := o.username
	if asked.username != "" {
		username = asked.username
	}
	fmt.Fprintf(&out, "username=%s\npassword=%s\n", username, token)
	if at := r.Tokens.ExpiresAt; !at.IsZero() {
		fmt.Fprintf(&out, "password_expiry_utc=%d\n", at.Unix()) // git 2.40 and newer; older ones pass over it
	}
	return write(w, out.String())
}
