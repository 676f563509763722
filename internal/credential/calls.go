package credential

import (
	"slices"
	"time"
)

// CallLimit is how many calls of its token endpoint a platform takes for one credential within Window, whatever it answers.
// The zero value stands for no such limit. Platforms count by user and client, of which the credential is all that is known
// here; where two of them are of one user, the server says so (429), and that is waited for.
type CallLimit struct {
	Limit  int
	Window time.Duration
}

// free is when the next call may be made after those of calls; zero: now.
func (l CallLimit) free(calls []time.Time, now time.Time) time.Time {
	if len(calls) < l.Limit || l.Limit <= 0 {
		return time.Time{}
	}
	count := l.within(calls, now)
	if len(count) < l.Limit {
		return time.Time{}
	}
	return count[len(count)-l.Limit].Add(l.Window)
}

// within are the calls that count at now, oldest first. What lies ahead of now was written by a clock that was set back since; far
// ahead it would block everybody until then, and does not count.
func (l CallLimit) within(calls []time.Time, now time.Time) []time.Time {
	var count []time.Time
	for _, at := range calls {
		if now.Before(at.Add(l.Window)) && !at.After(now.Add(clockSlack)) {
			count = append(count, at)
		}
	}
	slices.SortFunc(count, time.Time.Compare)
	return count
}

// counts makes a claim write down its call, and takes it back with it. The call counts from when it is sent at the latest,
// rounded up to a second: nobody here may forget it before the server does.
func (l CallLimit) counts(x extra, now time.Time, sendBy time.Duration) extra {
	if l.Limit <= 0 {
		return x
	}
	at := now.Add(sendBy + time.Second - 1).Truncate(time.Second).UTC()
	do, undo := x.do, x.undo
	x.do = func(r *Record) {
		if do != nil {
			do(r)
		}
		r.Calls = append(l.within(r.Calls, now), at)
		// More than the limit is kept: a call that is taken back must not have pushed another one out.
		r.Calls = slices.Delete(r.Calls, 0, max(0, len(r.Calls)-2*l.Limit))
	}
	x.undo = func(r *Record) {
		if undo != nil {
			undo(r)
		}
		if i := slices.IndexFunc(r.Calls, at.Equal); i >= 0 {
			r.Calls = slices.Delete(r.Calls, i, i+1)
		}
	}
	return x
}
