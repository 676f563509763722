package credential

import (
	"slices"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// maxAside bounds how many former tokens a record keeps.
const maxAside = 3

// holding returns what belongs to the client of r and to no other: its tokens, and where they stand.
func (r Record) holding() Record {
	return Record{
		Family: r.Family, Generation: r.Generation, Status: r.Status, Client: r.Client, Tokens: r.Tokens,
		AuthorizedAt: r.AuthorizedAt, LastRotatedAt: r.LastRotatedAt, NotBefore: r.NotBefore, LastAttempt: r.LastAttempt,
		Input: r.Input, Claim: r.Claim, Unknown: r.Unknown, Calls: r.Calls, Grant: r.Grant, Rest: r.Rest,
	}
}

// with returns r holding h. History, inputs and attachment stay those of r.
func (r Record) with(h Record) Record {
	r.Family, r.Generation, r.Status, r.Client, r.Tokens = h.Family, h.Generation, h.Status, h.Client, h.Tokens
	r.AuthorizedAt, r.LastRotatedAt, r.NotBefore, r.LastAttempt = h.AuthorizedAt, h.LastRotatedAt, h.NotBefore, h.LastAttempt
	r.Input, r.Claim, r.Unknown, r.Calls, r.Grant, r.Rest = h.Input, h.Claim, h.Unknown, h.Calls, h.Grant, h.Rest
	return r
}

// switchClient returns r for another client_id. The tokens would be refused to that one, and revoking them would take a
// good credential from whoever changes the client_id back: they are set aside, and return with their client_id.
func (r Record) switchClient(clientID string) Record {
	r = r.clone()
	next := Record{Status: StatusAuthorizationRequired}
	if i := r.asideOf(clientID); i >= 0 {
		next = r.takeAside(i)
	}
	r.setAside(r.holding())
	r.LookUpAfter = time.Time{}
	r.Pending, r.Device = nil, nil // offered for another client; an answer to one would go to the wrong server
	return r.with(next)
}

// switchEndpoint returns r for the same client_id at another token endpoint. The tokens go along, as the server may only
// have moved; a copy waits with the former endpoint, in case that the new one was mistyped and refuses them. They come
// back with that endpoint.
func (r Record) switchEndpoint(to Client) Record {
	r = r.clone()
	r.LookUpAfter = time.Time{}
	r.Pending, r.Device = nil, nil // offered for another server; a code must not go to this one
	token := r.Tokens.Refresh
	i := lastIndex(r.Aside, func(h Record) bool { return h.Client.SameApp(to) })
	switch {
	case i >= 0 && !token.IsEmpty() && r.Aside[i].Tokens.Refresh.Equal(token):
		// The same tokens come back to where they were. What has become of them since, a refresh whose outcome is unknown for
		// one, goes along.
		r.takeAside(i)
	case i >= 0 && r.Status.Ended():
		return r.with(r.takeAside(i))
	case i < 0 && !token.IsEmpty():
		r.setAside(r.holding())
		r.unconsume(token) // it is in use
	}
	return r
}

func lastIndex(all []Record, is func(Record) bool) int {
	for i := len(all) - 1; i >= 0; i-- {
		if is(all[i]) {
			return i
		}
	}
	return -1
}

// dropCopies forgets the copies of a refresh token that wait with another token endpoint, or with this one alone.
func (r *Record) dropCopies(token secret.String, sameApp bool) {
	r.Aside = slices.DeleteFunc(slices.Clone(r.Aside), func(h Record) bool {
		return !token.IsEmpty() && h.Tokens.Refresh.Equal(token) && (!sameApp || h.Client.SameApp(r.Client))
	})
}

// setAside keeps what r held, if there is anything to keep. Its token is no input for what comes next.
func (r *Record) setAside(h Record) {
	if h.Generation == 0 || h.Mints() {
		return
	}
	r.consume(h.Tokens.Refresh, false)
	if len(r.Aside) >= maxAside { // a copy is worth less than what another client_id left
		r.dropCopies(h.Tokens.Refresh, false)
	}
	r.Aside = append(slices.Clone(r.Aside), h)
	if extra := len(r.Aside) - maxAside; extra > 0 {
		r.Aside = slices.Delete(r.Aside, 0, extra)
	}
}

// asideOf returns where the tokens of a client_id are, those set aside last; -1: nowhere.
func (r Record) asideOf(clientID string) int {
	return lastIndex(r.Aside, func(h Record) bool { return h.Client.ClientID == clientID })
}

// formerOf returns where the tokens are that brought ones have replaced, at the same token endpoint; -1: nowhere.
func (r Record) formerOf() int {
	return lastIndex(r.Aside, func(h Record) bool {
		return h.Client.SameApp(r.Client) && !h.Tokens.Refresh.Equal(r.Tokens.Refresh)
	})
}

// takeAside takes out what was set aside at i, to be used again.
func (r *Record) takeAside(i int) Record {
	h := r.Aside[i]
	r.Aside = slices.Delete(r.Aside, i, i+1)
	r.unconsume(h.Tokens.Refresh)
	return h
}

// AsideClients lists the client_ids whose tokens were set aside.
func (r Record) AsideClients() []string {
	var ids []string
	for _, h := range r.Aside {
		if !slices.Contains(ids, h.Client.ClientID) {
			ids = append(ids, h.Client.ClientID)
		}
	}
	return ids
}

// made tells whether h is what attempt a belongs to, before its commit or after it.
func (a Attempt) made(h Record) bool {
	return h.LastAttempt == a.ID || h.Family != "" && h.Family == a.Family
}

// homeless tells whether the first tokens of a client have come after the record was switched away from that client, or from
// tokens that a person authorizes.
func (a Attempt) homeless(cur Record) bool {
	away := a.ClientID != cur.Client.ClientID || cur.Mints()
	return (a.Purpose == PurposeExchange || a.Purpose == PurposeDevice) && a.ClientID != "" && away && !cur.IsTombstone() &&
		!a.made(cur) && !slices.ContainsFunc(cur.Aside, a.made)
}

// home is where the tokens of a homeless attempt go.
func (a Attempt) home(cur Record) Record {
	h := Record{Client: Client{ClientID: a.ClientID}, Family: a.Family}
	if a.ClientID == cur.Client.ClientID {
		h.Client = cur.Client
	}
	return h
}

// of runs f on what attempt a belongs to, which may have been set aside since, and returns the whole record.
func of[T any](cur Record, a Attempt, f func(Record) (Record, T)) (Record, T) {
	i := lastIndex(cur.Aside, a.made)
	if a.made(cur) || i < 0 {
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
