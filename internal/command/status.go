package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

const statusHelp = `Tell what a token store holds: a table of its credentials, and one of its app registrations. It reads only: nothing is sent,
refreshed or written, and no secret is printed.

  terraform-provider-oauth status [--store URL] [--name NAME …] [--check [--warn-within DURATION]] [--json] [--key-file PATH]

` + openingHelp + `  --name NAME      this credential, in full and with its history; may be given several times
  --json           print all of it as JSON; the guide "Command line" lists the members
  --check          for monitoring: tell by the exit code whether a person is needed
  --warn-within DURATION
                   how long before its end a credential counts as one that needs somebody soon: 7d, 36h. Default: 7d

The columns: STATUS as in Terraform, or moved, or unreadable. GEN counts the tokens of one authorization. TOKEN is how long the
access token still works; when that is over, the next run refreshes it. DEADLINE is what comes first: idle (the refresh token dies
unless it is used by then), absolute (a person must authorize again by then) or token (there is no refresh token, and the access
token ends). CLAIM is who works on the credential now. NEEDS is soon or now where a person has to do something. Times are UTC.

` + secretsHelp + `
Exit codes: 0 done; 1 the store, or something in it, could not be read; 2 wrong usage. With --check also 3 if a person is needed now
(one must authorize, nobody can read a record, a move is not finished, the successor of a token waits in a file that cannot be read),
else 4 if one is needed before long.

Examples:
  terraform-provider-oauth status
  terraform-provider-oauth status --name exact-prod --store postgres://db.example.com/oauth
  terraform-provider-oauth status --check --warn-within 14d >/dev/null || notify-somebody
  terraform-provider-oauth status --json | jq -r '.credentials[] | select(.needs != "nothing") | .name'
`

// statusOptions is a command line that was understood.
type statusOptions struct {
	opening
	names       names
	json, check bool
	within      days
}

// days is a flag with a duration that may be in whole days.
type days time.Duration

func (d *days) String() string { return "" }

func (d *days) Set(text string) error {
	if number, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 || n > 36500 {
			return errors.New("it is no number of days")
		}
		*d = days(n) * days(24*time.Hour)
		return nil
	}
	parsed, err := time.ParseDuration(text)
	if err != nil || parsed < 0 {
		return errors.New("it is no duration")
	}
	*d = days(parsed)
	return nil
}

const defaultWarnWithin = days(7 * 24 * time.Hour)

func parseStatus(args []string) (statusOptions, error) {
	o := statusOptions{within: defaultWarnWithin}
	flags := flag.NewFlagSet("status", flag.ContinueOnError)
	o.define(flags)
	flags.Var(&o.names, "name", "")
	flags.BoolVar(&o.json, "json", false, "")
	flags.BoolVar(&o.check, "check", false, "")
	flags.Var(&o.within, "warn-within", "")
	if err := parse(flags, args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, errors.New("there is an argument behind the options; each name needs its own --name")
	}
	return o, o.names.check()
}

func runStatus(ctx context.Context, deps Deps, args []string) int {
	o, err := parseStatus(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(deps.Stdout, statusHelp)
		return exitDone
	}
	var s *tokenStore
	if err == nil {
		s, err = deps.open(o.opening)
	}
	if err != nil {
		return deps.usage("status", err)
	}
	defer s.close()
	report, err := readStatus(ctx, s, deps.Hostname, o)
	if err != nil {
		deps.fail(reason(err))
		return exitFailed
	}
	switch {
	case o.json:
		err = printJSON(deps.Stdout, report)
	case len(o.names) > 0:
		err = report.printDetails(deps.Stdout)
	default:
		err = report.printTables(deps.Stdout)
	}
	for _, line := range report.failures() {
		deps.fail(line)
	}
	if err != nil { // a pipe that was closed
		fmt.Fprintf(deps.Stderr, "error: the output could not be written: %v\n", err)
		return exitFailed
	}
	return report.exitCode(o.check)
}

// failures says what is not there, or could not be read.
func (r *statusReport) failures() []string {
	var lines []string
	for _, name := range r.absent {
		lines = append(lines, fmt.Sprintf("the token store %s has no credential %s", r.StoreLocation, name))
	}
	for _, c := range r.Credentials {
		if c.Status == statusUnreadable {
			lines = append(lines, fmt.Sprintf("credential %s cannot be read: %s", c.Name, c.Error))
		}
	}
	for _, g := range r.Registrations {
		if g.Status == statusUnreadable {
			lines = append(lines, fmt.Sprintf("registration %s cannot be read: %s", g.Name, g.Error))
		}
	}
	for _, f := range r.RescueFiles {
		if f.Error != "" {
			lines = append(lines, fmt.Sprintf("the rescue file %s cannot be read: %s", f.Path, f.Error))
		}
	}
	return lines
}

// exitCode is what the report comes to.
func (r *statusReport) exitCode(check bool) int {
	worst := needsNothing
	for _, c := range r.Credentials {
		worst = worst.or(c.Needs)
	}
	for _, g := range r.Registrations {
		worst = worst.or(g.Needs)
	}
	for _, f := range r.RescueFiles {
		worst = worst.or(f.Needs)
	}
	switch {
	case check && (worst == needsNow || len(r.absent) > 0):
		return exitPerson
	case check && worst == needsSoon:
		return exitSoon
	case len(r.failures()) > 0:
		return exitFailed
	}
	return exitDone
}

// readStatus reads all that there is to tell.
func readStatus(ctx context.Context, s *tokenStore, host string, o statusOptions) (*statusReport, error) {
	if err := s.mustExist(ctx); err != nil {
		return nil, err
	}
	report := &statusReport{StoreLocation: s.Location(), Credentials: []credentialStatus{}, Registrations: []registrationStatus{}}
	var err error
	if report.StoreID, err = s.ID(ctx); err != nil {
		return nil, err
	}
	all, err := s.manager.Names(ctx)
	if err != nil {
		return nil, err
	}
	wanted := all
	if len(o.names) > 0 {
		wanted = o.names
	}
	records, failures := readAll(ctx, wanted, s.manager.Peek)
	var registered []string
	var registrations []credential.Registration
	var failed []error
	if len(o.names) == 0 {
		if registered, err = s.manager.RegistrationNames(ctx); err != nil {
			return nil, err
		}
		registrations, failed = readAll(ctx, registered, s.manager.Registration)
	}
	if err := ctx.Err(); err != nil {
		return nil, errors.New("stopped before all was read")
	}
	j := judge{now: s.manager.Now(), within: time.Duration(o.within), host: host}
	report.At = j.now.UTC().Truncate(time.Second)
	for i, name := range wanted {
		switch gone := records[i].IsTombstone() && !records[i].IsMoved(); {
		case len(o.names) > 0 && (gone || credential.IsKind(failures[i], credential.KindNotFound)):
			report.absent = append(report.absent, name)
		case gone || credential.IsKind(failures[i], credential.KindNotFound):
		default:
			report.Credentials = append(report.Credentials, j.credential(name, records[i], failures[i], len(o.names) > 0))
		}
	}
	for i, name := range registered {
		if !credential.IsKind(failed[i], credential.KindNotFound) {
			report.Registrations = append(report.Registrations, j.registration(name, registrations[i], failed[i]))
		}
	}
	report.RescueFiles, err = rescues(ctx, s, o.names)
	return report, err
}
