package credential

import "slices"

// maxAside bounds how many clients a record remembers the tokens of.
const maxAside = 3

// holding returns what belongs to the client of r and to no other: its tokens, and where they stand.
func (r Record) holding() Record {
	return Record{
		Family: r.Family, Generation: r.Generation, Status: r.Status, Client: r.Client, Tokens: r.Tokens,
		AuthorizedAt: r.AuthorizedAt, LastRotatedAt: r.LastRotatedAt, NotBefore: r.NotBefore, LastAttempt: r.LastAttempt,
		Input: r.Input, Claim: r.Claim, Unknown: r.Unknown,
	}
}

// with returns r holding h. History, inputs and attachment stay those of r.
func (r Record) with(h Record) Record {
	r.Family, r.Generation, r.Status, r.Client, r.Tokens = h.Family, h.Generation, h.Status, h.Client, h.Tokens
	r.AuthorizedAt, r.LastRotatedAt, r.NotBefore, r.LastAttempt = h.AuthorizedAt, h.LastRotatedAt, h.NotBefore, h.LastAttempt
	r.Input, r.Claim, r.Unknown = h.Input, h.Claim, h.Unknown
	return r
}

// switchClient returns r for another client_id. The tokens would be refused to that one, and revoking them would take a
// good credential from whoever changes the client_id back: they are set aside, and return with their client_id.
func (r Record) switchClient(clientID string) Record {
	r = r.clone()
	if r.Generation > 0 {
		r.consume(r.Tokens.Refresh, false) // an input of the old client is none of the new one
		r.Aside = append(r.Aside, r.holding())
	}
	next := Record{Status: StatusAuthorizationRequired}
	if i := slices.IndexFunc(r.Aside, func(h Record) bool { return h.Client.ClientID == clientID }); i >= 0 {
		next = r.Aside[i]
		r.Aside = slices.Delete(r.Aside, i, i+1)
		r.unconsume(next.Tokens.Refresh)
	}
	if extra := len(r.Aside) - maxAside; extra > 0 {
		r.Aside = slices.Delete(r.Aside, 0, extra)
	}
	r.Pending = nil // offered for another client; an answer to one would go to the wrong server
	return r.with(next)
}

// of runs f on what attempt a belongs to, which may have been set aside since, and returns the whole record.
func of[T any](cur Record, a Attempt, f func(Record) (Record, T)) (Record, T) {
	i := slices.IndexFunc(cur.Aside, func(h Record) bool { return h.Family == a.Family })
	if cur.Family == a.Family || i < 0 {
		return f(cur)
	}
	next, v := f(cur.swapped(i))
	return next.swapped(i), v
}

// swapped exchanges what r holds for what it has set aside at i.
func (r Record) swapped(i int) Record {
	h := r.Aside[i]
	r.Aside = slices.Clone(r.Aside)
	r.Aside[i] = r.holding()
	return r.with(h)
}
