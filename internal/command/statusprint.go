package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// stamp is a time for people.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// span is a duration for people, in one unit.
func span(d time.Duration) string {
	d = max(d, -d)
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%dm", d/time.Minute)
	default:
		return fmt.Sprintf("%ds", d/time.Second)
	}
}

// plain makes a text fit for a terminal: what a server said may hold characters that move the cursor, or that turn the direction of
// writing.
func plain(text string) string {
	var out strings.Builder
	for _, r := range strings.ToValidUTF8(text, "\uFFFD") {
		if r == ' ' || unicode.IsGraphic(r) && !unicode.IsSpace(r) {
			out.WriteRune(r)
		} else {
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

// sentence is plain for what may hold several errors, a line each.
func sentence(text string) string { return plain(strings.ReplaceAll(text, "\n", "; ")) }

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return plain(text)
}

// printJSON writes a document in which no character can do anything to a terminal.
func printJSON(w io.Writer, document any) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(document); err != nil {
		return err
	}
	var out strings.Builder
	for _, r := range text.String() { // outside of strings all is ASCII
		switch {
		case r == '\n' || r >= ' ' && r < 0x7f || r > 0x7f && unicode.IsGraphic(r):
			out.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&out, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// token is how long the access token still works.
func (r *statusReport) token(c credentialStatus) string {
	switch {
	case c.ExpiresAt == nil:
		return "-"
	case !c.ExpiresAt.After(r.At):
		return "over"
	}
	return span(c.ExpiresAt.Sub(r.At))
}

// deadline is which end comes first, and when.
func (r *statusReport) deadline(c credentialStatus) string {
	if c.DeadlineAt == nil {
		return "-"
	}
	left := c.DeadlineAt.Sub(r.At)
	text := c.Deadline + " " + span(left)
	if left <= 0 {
		text = c.Deadline + " over"
	}
	return text + " (" + c.DeadlineAt.Format(time.DateOnly) + ")"
}

// claim is who works on the credential, at what, and for how long.
func (r *statusReport) claim(c credentialStatus) string {
	if c.ClaimedAt == nil {
		return "-"
	}
	return fmt.Sprintf("%s by %s, %s", c.ClaimedFor, dash(c.ClaimedBy), span(r.At.Sub(*c.ClaimedAt)))
}

func (r *statusReport) printTables(w io.Writer) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "Token store %s, at %s\n", plain(r.StoreLocation), stamp(r.At))
	var notes []string
	claimed := false
	for _, c := range r.Credentials {
		claimed = claimed || c.ClaimedAt != nil
	}
	if len(r.Credentials) == 0 {
		fmt.Fprintln(&out, "\nNo credentials.")
	} else {
		rows := [][]string{{"CREDENTIAL", "STATUS", "GEN", "TOKEN", "DEADLINE", "NEEDS", "SERVER", "CLAIM"}}
		for _, c := range r.Credentials {
			rows = append(rows, []string{c.Name, c.Status, fmt.Sprint(c.Generation), r.token(c), r.deadline(c), quiet(c.Needs), dash(c.server), r.claim(c)})
			for _, n := range c.Notes {
				notes = append(notes, c.Name+": "+n)
			}
		}
		printTable(&out, rows, claimed)
	}
	if len(r.Registrations) > 0 {
		rows := [][]string{{"REGISTRATION", "STATUS", "CLIENT_ID", "SECRET", "MADE", "NEEDS", "SERVER"}}
		for _, g := range r.Registrations {
			rows = append(rows, []string{g.Name, g.Status, dash(g.ClientID), r.secretEnd(g), g.made(), quiet(g.Needs), dash(g.server)})
			for _, n := range g.Notes {
				notes = append(notes, "registration "+g.Name+": "+n)
			}
		}
		printTable(&out, rows, true)
	}
	notes = append(notes, r.rescueNotes()...)
	if len(notes) > 0 {
		fmt.Fprintln(&out, "\nNotes:")
		for _, n := range notes {
			fmt.Fprintf(&out, "  %s\n", plain(n))
		}
	}
	_, err := w.Write(out.Bytes())
	return err
}

// quiet is what a table shows of needs.
func quiet(n needs) string {
	if n == needsNothing {
		return "-"
	}
	return string(n)
}

// printTable aligns rows. last tells whether the last column is shown.
func printTable(w io.Writer, rows [][]string, last bool) {
	fmt.Fprintln(w)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if !last {
			row = row[:len(row)-1]
		}
		cells := make([]string, len(row))
		for i, text := range row {
			cells[i] = plain(text) // names too: who can write to a database chooses them
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	_ = table.Flush() // into memory
}

func (r *statusReport) secretEnd(g registrationStatus) string {
	switch at := g.ClientSecretExpiresAt; {
	case at == nil:
		return "-"
	case !at.After(r.At):
		return "expired"
	default:
		return span(at.Sub(r.At)) + " (" + at.Format(time.DateOnly) + ")"
	}
}

// made says who has made a client.
func (g registrationStatus) made() string {
	switch {
	case g.Status == statusUnreadable || g.Status == statusMoved:
		return "-"
	case g.Managed:
		return "here, managed"
	case g.Registered:
		return "here"
	}
	return "elsewhere"
}

func (r *statusReport) rescueNotes() []string {
	var notes []string
	for _, f := range r.RescueFiles {
		what := "a reply of the server waits in " + f.Path
		if f.Name != "" {
			what = fmt.Sprintf("%s %s: %s", f.Kind, f.Name, what)
		}
		switch {
		case f.Error != "":
			what += " and cannot be read (" + f.Error + "). Do not delete it: it may hold the newest refresh token"
		case f.InUse:
			what += "; a run that is under way puts it into the store"
		default:
			what += "; the next run on this machine, by the same user, puts it into the store. Let one run here before any other machine " +
				"refreshes the credential"
		}
		notes = append(notes, what)
	}
	return notes
}

func (r *statusReport) printDetails(w io.Writer) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "Token store %s, at %s\n", plain(r.StoreLocation), stamp(r.At))
	for _, c := range r.Credentials {
		fmt.Fprintf(&out, "\n%s\n", c.Name)
		table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
		line := func(name, value string) {
			if value != "" && value != "-" {
				fmt.Fprintf(table, "  %s\t%s\n", name, plain(value))
			}
		}
		at := func(name string, t *time.Time) {
			if t != nil {
				line(name, r.both(*t))
			}
		}
		line("status", c.Status)
		line("needs", string(c.Needs))
		line("generation", fmt.Sprint(c.Generation))
		line("platform", c.Platform)
		line("issuer", c.Issuer)
		line("client_id", c.ClientID)
		line("grant", c.Grant)
		line("strategy", c.Strategy)
		line("scopes", strings.Join(c.Scopes, " "))
		at("issued_at", c.IssuedAt)
		at("expires_at", c.ExpiresAt)
		at("refresh_token_expires_at", c.RefreshTokenExpiresAt)
		at("reauthorize_by", c.ReauthorizeBy)
		at("last_rotated_at", c.LastRotatedAt)
		at("next_attempt_at", c.NextAttemptAt)
		line("claim", r.claim(c))
		line("authorization_url", c.AuthorizationURL)
		at("authorization_url_expires_at", c.AuthorizationURLExpiresAt)
		line("user_code", c.UserCode)
		line("verification_uri", c.VerificationURI)
		for _, n := range c.Notes {
			line("note", n)
		}
		_ = table.Flush() // into memory
		c.printHistory(&out)
	}
	for _, n := range r.rescueNotes() {
		fmt.Fprintf(&out, "\nNote: %s\n", plain(n))
	}
	_, err := w.Write(out.Bytes())
	return err
}

// both is a time, and how far away it is.
func (r *statusReport) both(t time.Time) string {
	if t.After(r.At) {
		return stamp(t) + " (in " + span(t.Sub(r.At)) + ")"
	}
	return stamp(t) + " (" + span(r.At.Sub(t)) + " ago)"
}

func (c credentialStatus) printHistory(w io.Writer) {
	if len(c.History) == 0 {
		return
	}
	fmt.Fprintln(w, "  history")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, e := range c.History {
		fmt.Fprintf(table, "    %s\t%d\t%s\t%s\n", stamp(e.At), e.Generation, dash(e.Host), plain(e.Verdict))
	}
	_ = table.Flush() // into memory
}
