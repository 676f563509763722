package credential

import (
	"strings"
	"time"
)

// Words says why something was put off or is not done, as a clause that begins in lower case. Where that was set is left to whoever
// knows what it is called there.
func (r Reason) Words() string {
	switch r {
	case ReasonEarliest:
		return "the server refuses an earlier refresh"
	case ReasonNotBefore:
		return "the server asked to wait"
	case ReasonUnknownWaiting, ReasonUnknownFinal, ReasonRejected, ReasonOwnerAlive:
		return "the outcome of an earlier refresh is not known"
	case ReasonBudget:
		return "one more refusal before that would make the server lock the client out"
	case ReasonTokenCalls:
		return "the platform takes no more calls of its token endpoint"
	case ReasonClaimed:
		return "somebody else is refreshing it"
	case ReasonNever:
		return "refresh.strategy is never"
	case ReasonAtApply:
		return "refresh.strategy is at_apply"
	case ReasonGrantRefused:
		return "the server refuses what the grant sends"
	case ReasonNoRefreshToken:
		return "there is no refresh token"
	default:
		return "it must be authorized again"
	}
}

// ShortDuration prints a duration without trailing zero units.
func ShortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
