package provider

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// explainUnknown says that nobody knows whether a refresh token is used up, and what follows.
func explainUnknown(about subject, e *credential.Error) []string {
	r := e.Record
	what := fmt.Sprintf("A refresh of %s was sent, or may have been, and its reply never came. The refresh token may be used up.", about)
	if e.Verdict.Status != 0 && e.Reason != credential.ReasonRejected { // then there was a reply, and it told nothing
		what = fmt.Sprintf("A refresh of %s was sent, and the server answered with an error that does not tell what became of it. The refresh token may be used up.", about)
	}
	if r.Unknown != nil && r.Unknown.Behind {
		what = fmt.Sprintf("The state knows of a later refresh of %s than the token store %s, which may have been restored from an older backup. "+
			"The refresh token in it is used up, and the state keeps no other. If a newer copy of the store is left, put it back.", about, about.session.location)
	}
	if e.Reason == credential.ReasonOwnerAlive {
		return []string{
			fmt.Sprintf("A process on this machine has begun to refresh %s, and stands still. It lives, and may have the new refresh token in hand.", about),
			"Nothing was sent: if the old refresh token was used, a second use may end every token of this authorization.",
			"Let that process go on (kill -CONT), then run again; it keeps a lock on a file *.rotating in the token store's folder. If it is ended instead, the token that it may hold is lost with it, and what follows is the rule for a reply that was lost.",
		}
	}
	rule, next := unknownRule(r, e.Reason, e.Until), authorizeAgain(about, r)
	if t := r.Tokens; t.Alive(about.session.now(), 0) && r.Refresh.Strategy != credential.StrategyOnRejection {
		rule = fmt.Sprintf("Its access token works%s. ", until(t)) + rule
	}
	if e.Reason != credential.ReasonUnknownFinal {
		next = "If it is urgent: " + lowerFirst(next)
	}
	return []string{what, rule, next}
}

// until says how long an access token that is alive works, as far as the server has said.
func until(t credential.Tokens) string {
	if t.ExpiresAt.IsZero() {
		return ", as far as is known"
	}
	return " until " + moment(t.ExpiresAt)
}

func lowerFirst(text string) string { return strings.ToLower(text[:1]) + text[1:] }

// unknownRule says what the rotation semantics allow after a lost reply.
func unknownRule(r credential.Record, why credential.Reason, at time.Time) string {
	p, known := r.Client.EffectivePolicy(), !at.IsZero()
	switch {
	case why == credential.ReasonRejected:
		return fmt.Sprintf("It was sent once more and refused. Until %s the process that sent it first may still bring the successor; then authorization is required.", moment(at))
	case why == credential.ReasonUnknownFinal && p.OnReuse == credential.ReuseRevokeClientUser:
		return `It is not sent again: a second use would end every token of this client and user (on_reuse = "revoke_client_user", by refresh_token_policy or by what is known of the platform).`
	case why == credential.ReasonUnknownFinal:
		return "It was sent once more without a reply, and is not sent again."
	case known && why == credential.ReasonUnknownWaiting && p.OnReuse == credential.ReuseReject:
		return fmt.Sprintf("Until %s nothing is sent. The first run after that sends it once more: if the first request never arrived, that saves the credential; if it did, the server refuses, and a person must authorize again.", moment(at))
	case known && why == credential.ReasonUnknownWaiting:
		return fmt.Sprintf("Until %s nothing is sent, because a second use may end every token of this authorization. The first run after that, when nothing is left to lose, sends it once more: if the first request never arrived, that saves the credential; if it did, a person must authorize again.", moment(at))
	default:
		return "The server allows to send it again; the next run does."
	}
}
