package credential

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// TestGoldenValues: what the golden records say is understood as it was meant. These values stand in the files, in words.
func TestGoldenValues(t *testing.T) {
	t.Parallel()
	records := goldenRecords(t, "v1")
	r, err := DecodeRecord(records["pair/full"])
	if err != nil {
		t.Fatal(err)
	}
	aside := r.Aside[0]
	for what, got := range map[string][2]any{
		"access token":         {r.Tokens.Access.Reveal(), "golden-access-token"},
		"refresh token":        {r.Tokens.Refresh.Reveal(), "golden-refresh-token"},
		"id token":             {r.Tokens.ID.Reveal(), "golden-id-token"},
		"proof key":            {r.Tokens.ProofKey.Reveal(), "golden-proof-key"},
		"client secret":        {r.Client.ClientSecret.Reveal(), "golden-client-secret"},
		"private key":          {r.Client.PrivateKey.Reveal(), "golden-private-key"},
		"TLS key":              {r.Client.TLSClientPrivateKey.Reveal(), "golden-tls-key"},
		"token endpoint":       {r.Client.TokenEndpoint, "https://issuer.example/token"},
		"revocation endpoint":  {r.Client.RevocationEndpoint, "https://issuer.example/revoke"},
		"rotation":             {r.Client.Policy.Rotation, RotationSingleUseGrace},
		"reuse":                {r.Client.Policy.OnReuse, ReuseRevokeFamily},
		"grace":                {r.Client.Policy.GracePeriod, time.Minute},
		"idle lifetime":        {r.Client.Policy.IdleLifetime, 720 * time.Hour},
		"absolute lifetime":    {r.Client.Policy.AbsoluteLifetime, 8760 * time.Hour},
		"error budget":         {r.Client.Policy.ErrorBudget, ErrorBudget{Limit: 10, Window: time.Hour}},
		"token calls":          {r.Client.Policy.TokenCalls, CallLimit{Limit: 200, Window: 24 * time.Hour}},
		"strategy":             {r.Refresh.Strategy, StrategyOnRejection},
		"margin":               {r.Refresh.BeforeExpiry, 30 * time.Second},
		"earliest":             {r.Refresh.Earliest, 570 * time.Second},
		"generation":           {r.Generation, int64(7)},
		"family":               {r.Family, "family-1"},
		"issued":               {r.Tokens.IssuedAt, time.Date(2026, 11, 1, 10, 0, 0, 500_000_000, time.UTC)},
		"expires":              {r.Tokens.ExpiresAt, time.Date(2026, 11, 1, 10, 10, 0, 0, time.UTC)},
		"refresh token ends":   {r.Tokens.RefreshTokenExpiresAt, time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)},
		"authorization ends":   {r.Tokens.AuthorizationEndsAt, time.Date(2027, 11, 1, 10, 0, 0, 0, time.UTC)},
		"not before":           {r.NotBefore, time.Date(2026, 11, 1, 10, 5, 0, 0, time.UTC)},
		"first call":           {r.Calls[0], time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)},
		"claim":                {r.Claim.Purpose, PurposeRefresh},
		"claim's base":         {r.Claim.Base, int64(7)},
		"claim's TTL":          {r.Claim.TTL, 2 * time.Minute},
		"verifier":             {r.Pending[0].Verifier.Reveal(), "golden-verifier"},
		"attachment":           {r.Attachment, Attachment{ID: "attachment-1", Attached: true}},
		"former client":        {aside.Client.ClientID, "the-former-client"},
		"former refresh token": {aside.Tokens.Refresh.Reveal(), "golden-former-token"},
	} {
		if got[0] != got[1] {
			t.Errorf("%s is %v and means %v", what, got[0], got[1])
		}
	}
	minted, err := DecodeRecord(records["pair/minted"])
	if err != nil || !minted.Mints() || minted.Grant.Type != oauth.GrantClientCredentials || minted.Grant.Parameters["tenant_id"] != "7" {
		t.Errorf("client credentials as the first versions wrote them: %+v, %v", minted.Grant, err)
	}
	moved, err := DecodeRecord(records["pair/moved"])
	if err != nil || !moved.IsTombstone() || moved.MovedTo != (MovedTo{StoreID: "00112233445566778899aabbccddeeff", Location: "postgres://db.example/tokens"}) {
		t.Errorf("moved: %+v, %v", moved.MovedTo, err)
	}
	reg, err := decodeKind(records["registration/dynamic"], kindRegistration)
	if err != nil || reg.Registered.Dynamic.Token.Reveal() != "golden-registration-token" || !reg.Registered.Dynamic.Refused.Lost {
		t.Errorf("registration: %+v, %v", reg.Registered, err)
	}
	a, reply, err := decodeRescue(records["rescue/attempt-5"])
	if err != nil || a.Purpose != PurposeExchange || a.NewFamily != "family-9" || a.Base != 7 ||
		reply.Body.Reveal() != `{"access_token":"golden-rescued-access","refresh_token":"golden-rescued-refresh","expires_in":600}` {
		t.Errorf("rescue file: %+v, %v", a, err)
	}
}
