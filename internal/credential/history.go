package credential

import (
	"slices"
	"time"
)

const maxHistory = 50

// Event is one line of a record's history. It holds no secret.
type Event struct {
	At         time.Time
	Host       string
	Attempt    string
	Generation int64
	Verdict    string

	Rest *Rest
}

func (r *Record) note(e Event) {
	r.History = append(r.History, e)
	r.trimHistory()
}

func (r *Record) trimHistory() {
	if extra := len(r.History) - maxHistory; extra > 0 {
		r.History = slices.Delete(r.History, 0, extra)
	}
}

// recall takes over what former, in whose place r comes, remembers of the name: hashes, and lines of history before its own.
func (r *Record) recall(former Record) {
	r.Consumed = append(slices.DeleteFunc(slices.Clone(former.Consumed), func(c Consumed) bool {
		return slices.ContainsFunc(r.Consumed, func(own Consumed) bool { return own.SHA256 == c.SHA256 })
	}), r.Consumed...)
	r.History = append(slices.DeleteFunc(slices.Clone(former.History), func(e Event) bool {
		return slices.ContainsFunc(r.History, e.same)
	}), r.History...)
	r.trimHistory()
}

func (e Event) same(other Event) bool {
	at := e.At
	e.At, e.Rest = other.At, other.Rest // of one line that was read twice, these are two copies
	return at.Equal(other.At) && e == other
}
