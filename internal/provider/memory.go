package provider

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// verdict is what Read has decided an apply must do. ModifyPlan runs twice, in two processes, and may not ask clock or
// store; it only reads this.
type verdict string

const (
	verdictNone      verdict = ""
	verdictRotate    verdict = "rotate"    // due, and only an apply may do it
	verdictSeed      verdict = "seed"      // the store does not hold the record
	verdictAuthorize verdict = "authorize" // a tombstone stands where the record was, or an apply has something to ask for or to collect
	verdictUnread    verdict = "unread"    // the provider's settings were not known yet; the apply does what Read could not
	verdictOffer     verdict = "offer"     // a person must authorize, and the request has to be pushed (anew)
	verdictOfferMore verdict = "offer_too" // likewise, of a pair that works
	verdictClient    verdict = "client"    // there is no token because of the client; a changed one may get it
)

// authorizes tells whether consumers must wait for the apply, whatever it changes.
func (v verdict) authorizes() bool {
	return v != verdictNone && v != verdictClient && v != verdictOfferMore
}

// memory is what a resource keeps in Terraform's private state.
type memory struct {
	Family     string          `json:"family,omitempty"`
	Attachment string          `json:"attachment,omitempty"`
	StoreID    string          `json:"store_id,omitempty"`
	Verdict    verdict         `json:"verdict,omitempty"`
	Aside      []string        `json:"aside,omitempty"`      // client_ids whose tokens wait in the record; a return to one replaces nothing
	Spent      []string        `json:"spent,omitempty"`      // hashes of what configurations have brought: another store has never seen it
	Generation int64           `json:"generation,omitempty"` // of an app registration's record, as last seen
	Registered bool            `json:"registered,omitempty"` // of an app registration: this resource has registered the client
	Record     json.RawMessage `json:"record,omitempty"`     // only with token_store = "state": the whole record

	rest map[string]json.RawMessage // what a newer version keeps here, and gets back
}

const memoryKey = "credential"

type privateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

type privateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// readMemory reads the private state; there is none on create and after an import.
func readMemory(ctx context.Context, p privateReader, diags *diag.Diagnostics) memory {
	var m memory
	text, d := p.GetKey(ctx, memoryKey)
	diags.Append(d...)
	if len(text) == 0 {
		return m
	}
	err := json.Unmarshal(text, &m)
	if err == nil {
		err = json.Unmarshal(text, &m.rest)
		maps.DeleteFunc(m.rest, isOwnMember)
	}
	if err != nil {
		// The error may quote a piece of the text, which can hold tokens.
		diags.AddError("Unable to Read Private State", "The private state of the resource is not valid. Nothing was read from the store or sent.")
	}
	return m
}

// encoded is m as JSON, with what a newer version has put there. A member of m that is empty is gone.
func (m memory) encoded() ([]byte, error) {
	own, err := json.Marshal(m)
	if err != nil || len(m.rest) == 0 {
		return own, err
	}
	all := maps.Clone(m.rest)
	if err := json.Unmarshal(own, &all); err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

// isOwnMember tells whether this version knows a member of the private state.
func isOwnMember(name string, _ json.RawMessage) bool {
	return slices.Contains([]string{"family", "attachment", "store_id", "verdict", "aside", "spent", "generation", "registered", "record"}, name)
}

func writeMemory(ctx context.Context, p privateWriter, m memory, diags *diag.Diagnostics) {
	text, err := m.encoded()
	if err != nil {
		diags.AddError("Unable to Write Private State", "The private state of the resource cannot be encoded.")
		return
	}
	diags.Append(p.SetKey(ctx, memoryKey, text)...)
}

// noteUnread makes an apply look at what a plan could not. The settings are known by then, and its own plan would find no
// difference.
func noteUnread(ctx context.Context, from privateReader, to privateWriter, diags *diag.Diagnostics) {
	m := readMemory(ctx, from, diags)
	if diags.HasError() {
		return
	}
	m.Verdict = verdictUnread
	writeMemory(ctx, to, m, diags)
}

// newAttachment returns the random id that ties a record to its resource.
func newAttachment(random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("reading randomness: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}
