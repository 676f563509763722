package credential

import (
	"fmt"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func TestConsumedHashesAreBounded(t *testing.T) {
	t.Parallel()
	var r Record
	r.consume(secret.String{}, true)
	if len(r.Consumed) != 0 {
		t.Error("nothing was consumed, and it is remembered")
	}
	r.consume(secret.New("brought"), true)
	for i := range 5000 {
		r.consume(secret.New(fmt.Sprint(i)), false)
	}
	if len(r.Consumed) != 4096 || !r.HasConsumed(secret.New("brought")) || !r.HasConsumed(secret.New("4999")) || r.HasConsumed(secret.New("0")) {
		t.Errorf("%d hashes, and not the input and the latest", len(r.Consumed))
	}
	r.consume(secret.New("4999"), true)
	if len(r.Consumed) != 4096 || !r.Consumed[4095].Input {
		t.Error("a hash became an input's, and was not marked so")
	}
	r.unconsume(secret.New("4999"))
	if len(r.Consumed) != 4095 || r.HasConsumed(secret.New("4999")) {
		t.Error("a code that was not sent still counts as used")
	}
	r = Record{Input: secret.New("brought").SHA256()}
	r.consume(secret.New("brought"), false)
	if !r.Consumed[0].Input {
		t.Error("the token that a configuration brought is not marked as an input")
	}
}

func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	var r Record
	for i := range 60 {
		r.note(Event{Generation: int64(i)})
	}
	if len(r.History) != 50 || r.History[0].Generation != 10 || r.History[49].Generation != 59 {
		t.Errorf("%d lines from %d", len(r.History), r.History[0].Generation)
	}
}

func TestCloneSharesNothing(t *testing.T) {
	t.Parallel()
	r := fullRecord(t)
	text, err := EncodeRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	c := r.clone()
	c.Claim.Attempt, c.Unknown.Resends, c.Tokens.Scopes[0], c.Pending[0].State = "changed", 77, "changed", "changed"
	c.Consumed[0].SHA256, c.History[0].Verdict, c.Client.PlatformParameters["k"] = "changed", "changed", "changed"
	c.Tokens.Extra["k"] = secret.New("changed")
	if after, err := EncodeRecord(r); err != nil || string(after) != string(text) {
		t.Errorf("changing a clone changed the record: %v", err)
	}
}
