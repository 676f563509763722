package credential

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// ErrorBudget is what a token endpoint forgives: Limit refusals (4xx) within Window lock the client out. The zero value
// stands for no such limit.
type ErrorBudget struct {
	Limit  int // at least 2
	Window time.Duration
}

// spare is how many refusals may stand before one more would lock the client out.
func (b ErrorBudget) spare() int { return b.Limit - 1 }

// ledger is the record of one budget: the refusals of its window, and the requests whose answer is still to come. Those
// count as well, or runners that all see the last one left would all use it.
type ledger struct {
	Format        int    `json:"format"`
	Kind          string `json:"kind"`
	TokenEndpoint string `json:"token_endpoint"` // for people who read it; the key is only a hash
	ClientID      string `json:"client_id"`
	// Window is the longest that anybody counts by: what one configuration has no use for, another one may need.
	Window   time.Duration `json:"window,omitempty"`
	Refusals []Spent       `json:"refusals,omitempty"`
	UnderWay []seat        `json:"under_way,omitempty"`

	Rest *Rest `json:"-"`
}

const (
	kindBudget = "budget"
	noAnswer   = "no answer is known"
)

// Spent is one call that an error budget was charged for.
type Spent struct {
	ID   string    `json:"id,omitempty"` // of the request
	At   time.Time `json:"at"`
	Host string    `json:"host,omitempty"`
	Key  string    `json:"key"`              // of the credential
	Code string    `json:"code,omitempty"`   // what the server said (RFC 6749 §5.2), or that nobody knows
	HTTP int       `json:"status,omitempty"` // 0: not known

	Rest *Rest `json:"-"`
}

// seat is a request under way.
type seat struct {
	Spent               // what it becomes if nobody ever says how it ended
	TTL   time.Duration `json:"ttl"`
}

// BudgetError says that one more refusal would lock the client out.
type BudgetError struct {
	Budget ErrorBudget
	Left   int // of it for calls that nobody can see
	Client string
	Until  time.Time // when the oldest of Spent leaves the window
	Spent  []Spent   // oldest first
}

// Error names the calls that spent the budget. It holds no secret.
func (e *BudgetError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d refusals within %s lock the client %s out", e.Budget.Limit, inWords(e.Budget.Window), e.Client)
	if e.Left > 0 {
		fmt.Fprintf(&text, ", %d of them are left to what other runs may have under way", e.Left)
	}
	text.WriteString(", and these stand already:")
	for _, s := range e.Spent {
		fmt.Fprintf(&text, "\n  %s  %s  %s  %s", s.At.UTC().Format("2006-01-02 15:04:05 UTC"), cmp.Or(s.Host, "?"), s.Key, s.answer())
	}
	return text.String()
}

// inWords is a duration without the zeros at its end.
func inWords(d time.Duration) string {
	text := d.String()
	if short, ok := strings.CutSuffix(text, "m0s"); ok {
		text = short + "m"
	}
	if short, ok := strings.CutSuffix(text, "h0m"); ok {
		text = short + "h"
	}
	return text
}

func (s Spent) answer() string {
	if s.HTTP == 0 {
		return s.Code
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", s.HTTP, s.Code))
}

// budgetKey is the store key of the budget of a client at a token endpoint. All credentials of that client share it.
func budgetKey(c Client) string {
	sum := sha256.Sum256([]byte(c.TokenEndpoint + "\x00" + c.ClientID))
	return kindBudget + "/" + hex.EncodeToString(sum[:])
}

// clean moves what has ended by itself: refusals leave the window, and a request that nobody came back from counts as
// refused, since it may have been.
func (l ledger) clean(b ErrorBudget, now time.Time) ledger {
	l.Refusals, l.UnderWay = slices.Clone(l.Refusals), slices.Clone(l.UnderWay)
	// What lies ahead was written by a clock that was set back since. It must not lock anybody out until then.
	for i := range l.UnderWay {
		l.UnderWay[i].At = earlier(l.UnderWay[i].At, now)
	}
	for i := range l.Refusals {
		l.Refusals[i].At = earlier(l.Refusals[i].At, now)
	}
	l.UnderWay = slices.DeleteFunc(l.UnderWay, func(s seat) bool {
		end := s.At.Add(s.TTL)
		over := !now.Before(end)
		if over { // a refusal may have come as late as that
			s.Code, s.At = noAnswer, end
			l.Refusals = append(l.Refusals, s.Spent)
		}
		return over
	})
	l.Window = max(l.Window, b.Window)
	l.Refusals = slices.DeleteFunc(l.Refusals, func(s Spent) bool { return !now.Before(s.At.Add(l.Window)) })
	if len(l.Refusals) == 0 && len(l.UnderWay) == 0 {
		l.Window = b.Window
	}
	slices.SortStableFunc(l.Refusals, func(x, y Spent) int { return x.At.Compare(y.At) })
	return l
}

// take books a request. errBusy means that requests under way have the rest of the budget: wait for them.
func (l ledger) take(b ErrorBudget, s seat, beside unseen) (ledger, error) {
	l = l.clean(b, s.At)
	count := slices.DeleteFunc(slices.Clone(l.Refusals), func(old Spent) bool { return !s.At.Before(old.At.Add(b.Window)) })
	spare := b.spare() - beside.others
	switch free := spare - len(count); {
	case free <= 0:
		return l, &BudgetError{Budget: b, Left: beside.others, Client: l.ClientID, Spent: count, Until: count[len(count)-spare].At.Add(b.Window)}
	case free <= len(l.UnderWay)+beside.own:
		return l, errBusy
	}
	l.UnderWay = append(l.UnderWay, s)
	return l, nil
}

// settle ends a request. It is charged for a refusal (4xx), and for an answer that never came and may have been one. What
// was taken for refused meanwhile, because its process stood still, is put right.
func (l ledger) settle(b ErrorBudget, s Spent, v oauth.Verdict) ledger {
	same := func(old Spent) bool { return old.ID == s.ID }
	l.UnderWay = slices.DeleteFunc(slices.Clone(l.UnderWay), func(old seat) bool { return same(old.Spent) })
	l.Refusals = slices.DeleteFunc(slices.Clone(l.Refusals), same)
	switch {
	case v.Class == oauth.OutcomeUnknown && v.Status == 0:
		s.Code = noAnswer
		l.Refusals = append(l.Refusals, s)
	case v.Status >= 400 && v.Status < 500:
		s.HTTP, s.Code = v.Status, v.Code
		l.Refusals = append(l.Refusals, s)
	}
	return l.clean(b, s.At) // the server counts from its answer, not from the request
}

// join adds what another store has noted for the same client, by a clock that is so far behind this one's. It returns false
// if there is nothing new in it. What was joined while it was under way may have been settled since.
func (l ledger) join(other ledger, behind time.Duration) (joined ledger, news bool) {
	l.Refusals, l.UnderWay = slices.Clone(l.Refusals), slices.Clone(l.UnderWay)
	refused := func(id string) bool {
		return slices.ContainsFunc(l.Refusals, func(s Spent) bool { return s.ID == id })
	}
	underWay := func(id string) int { return slices.IndexFunc(l.UnderWay, func(s seat) bool { return s.ID == id }) }
	for _, s := range other.Refusals {
		if refused(s.ID) {
			continue
		}
		if i := underWay(s.ID); i >= 0 {
			l.UnderWay = slices.Delete(l.UnderWay, i, i+1)
		}
		s.At = s.At.Add(behind)
		l.Refusals, news = append(l.Refusals, s), true
	}
	for _, s := range other.UnderWay {
		if refused(s.ID) || underWay(s.ID) >= 0 {
			continue
		}
		s.At = s.At.Add(behind)
		l.UnderWay, news = append(l.UnderWay, s), true
	}
	l.Window = max(l.Window, other.Window)
	return l, news
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// decided is an answer that trying again would only repeat.
type decided struct{ error }

func (d decided) Unwrap() error { return d.error }
