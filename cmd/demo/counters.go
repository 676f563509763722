package main

import (
	"fmt"
	"strconv"
)

// counters are the sandbox's, as far as the demo speaks of them.
type counters struct {
	Connections   int `json:"connections"`
	TokenArrivals int `json:"token_arrivals"` // headers came
	TokenRequests int `json:"token_requests"` // the body came completely, too

	Consents        int `json:"consents"`
	Exchanges       int `json:"exchanges"`
	ExchangeErrors  int `json:"exchange_errors"`
	Refreshes       int `json:"refreshes"`
	RefreshErrors   int `json:"refresh_errors"`
	ReuseDetected   int `json:"reuse_detected"`
	CodeReplays     int `json:"code_replays"`
	FamiliesRevoked int `json:"families_revoked"`
	APIOK           int `json:"api_ok"`
}

// counted is one counter and what it is called on the screen.
type counted struct {
	name string
	n    int
}

// list is every counter that the demo checks, in words. Connections are not among them: a connection is no request.
func (c counters) list() []counted {
	return []counted{
		{"token requests", c.TokenRequests},
		{"consents", c.Consents},
		{"codes exchanged", c.Exchanges},
		{"codes refused", c.ExchangeErrors},
		{"refreshes", c.Refreshes},
		{"refreshes refused", c.RefreshErrors},
		{"spent refresh tokens that were sent again", c.ReuseDetected},
		{"used codes that were sent again", c.CodeReplays},
		{"authorizations revoked", c.FamiliesRevoked},
		{"calls of the API that succeeded", c.APIOK},
	}
}

// minus is what was counted since before.
func (c counters) minus(before counters) counters {
	return counters{
		Connections:     c.Connections - before.Connections,
		TokenArrivals:   c.TokenArrivals - before.TokenArrivals,
		TokenRequests:   c.TokenRequests - before.TokenRequests,
		Consents:        c.Consents - before.Consents,
		Exchanges:       c.Exchanges - before.Exchanges,
		ExchangeErrors:  c.ExchangeErrors - before.ExchangeErrors,
		Refreshes:       c.Refreshes - before.Refreshes,
		RefreshErrors:   c.RefreshErrors - before.RefreshErrors,
		ReuseDetected:   c.ReuseDetected - before.ReuseDetected,
		CodeReplays:     c.CodeReplays - before.CodeReplays,
		FamiliesRevoked: c.FamiliesRevoked - before.FamiliesRevoked,
		APIOK:           c.APIOK - before.APIOK,
	}
}

// differences says in words where got is not what it should be.
func differences(got, want counters) []string {
	var wrong []string
	wanted := want.list()
	for i, c := range got.list() {
		if c.n != wanted[i].n {
			wrong = append(wrong, fmt.Sprintf("%s: %d, and not %d", c.name, c.n, wanted[i].n))
		}
	}
	return wrong
}

// cells are the columns of the table at the end.
func (c counters) cells(label string, runs int) []string {
	cells := []string{label}
	for _, n := range []int{runs, c.Consents, c.TokenRequests, c.Refreshes, c.ReuseDetected} {
		cells = append(cells, strconv.Itoa(n))
	}
	return cells
}

// plural is a number with its noun.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
