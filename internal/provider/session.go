package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

// Deps is what the provider needs of the process it runs in, as the subcommands do.
type Deps = wiring.Deps

// session is a configured provider.
type session struct {
	deps    Deps
	version string
	cli     string // the version of Terraform or OpenTofu, such as 1.11.4

	unknown        []path.Path // provider attributes whose value comes with the apply
	implicit       bool        // neither token_store nor OAUTH_TOKEN_STORE is set
	stateOnly      bool        // token_store = "state"
	sealed         bool
	secretsInState bool
	insecure       bool
	margin         time.Duration
	location       string // of the store; for people

	store   *seal.Store
	manager *credential.Manager
	servers *credential.Directory // nil: a setting of the network is not known yet
	options credential.Options    // for the managers of the state-only mode
	walk    walk

	mu   sync.Mutex
	made map[string]bool // keys of what this process has created

	caller  *oauth.Caller           // nil: a setting of the network is not known yet
	network oauth.CallerOptions     // what caller was made of
	proxies map[string]runningProxy // that run, by their addresses

	passing *credential.Manager // of the tokens that clients get for themselves where there is no store; nil: nobody has asked
}

// create notes that a resource is being made under a store key, and returns an error if this run has made another
// there: the record of that one looks like one that a died apply left behind, and would be adopted.
func (s *session) create(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.made[key] {
		return &credential.Error{Kind: credential.KindAttached}
	}
	if s.made == nil {
		s.made = map[string]bool{}
	}
	s.made[key] = true
	return nil
}

func (p *oauthProvider) newSession(ctx context.Context, c providerModel, diags *diag.Diagnostics) *session {
	s := &session{deps: p.deps, version: p.version, margin: wiring.DefaultMargin, secretsInState: true}
	s.collectUnknown(c)
	if len(s.unknownOfNetwork()) > 0 {
		return s
	}
	s.insecure = c.AllowInsecureHTTP.ValueBool()
	network := wiring.Network{CACertificatePEM: c.CACertificatePEM.ValueString(), AllowInsecureHTTP: s.insecure, Version: p.version}
	if d, err := time.ParseDuration(c.RequestTimeout.ValueString()); err == nil {
		network.RequestTimeout = d
	}
	s.network = s.deps.CallerOptions(network)
	caller, err := oauth.NewCaller(s.network)
	if err != nil {
		diags.AddAttributeError(path.Root("ca_certificate_pem"), "Unable to Use CA Certificates", sentence(err))
		return s
	}
	s.caller, s.servers = caller, credential.NewDirectory(caller)
	if len(s.unknown) > 0 {
		return s
	}
	if !c.SecretsInState.IsNull() {
		s.secretsInState = c.SecretsInState.ValueBool()
	}
	if d, err := time.ParseDuration(c.RefreshBeforeExpiry.ValueString()); err == nil {
		s.margin = d
	}
	keys := s.keys(c, diags)
	inner, kind := s.openStore(c, keys, diags)
	if diags.HasError() {
		return s
	}
	s.sealed = !keys.IsZero()
	s.options = s.deps.Engine(network, caller, s.servers, newLogHandler(ctx))
	if s.stateOnly {
		s.checkStateOnly(diags)
		return s
	}
	s.store, s.options = s.deps.Over(s.options, inner, kind, keys)
	s.location = s.store.Location()
	if s.manager, err = credential.New(s.options); err != nil {
		diags.AddError("Unable to Configure the Provider", sentence(err))
	}
	return s
}

// collectUnknown lists the settings that decide which store is used or what may enter the state.
func (s *session) collectUnknown(c providerModel) {
	for name, unknown := range map[string]bool{
		"token_store": c.TokenStore.IsUnknown(), "token_store_key": c.TokenStoreKey.IsUnknown(),
		"secrets_in_state": c.SecretsInState.IsUnknown(), "refresh_before_expiry": c.RefreshBeforeExpiry.IsUnknown(),
		"request_timeout": c.RequestTimeout.IsUnknown(), "ca_certificate_pem": c.CACertificatePEM.IsUnknown(),
		"allow_insecure_http": c.AllowInsecureHTTP.IsUnknown(),
	} {
		if unknown {
			s.unknown = append(s.unknown, path.Root(name))
		}
	}
	slices.SortFunc(s.unknown, func(a, b path.Path) int { return slices.Compare([]byte(a.String()), []byte(b.String())) })
}

func (s *session) keys(c providerModel, diags *diag.Diagnostics) seal.Keyring {
	text, where := c.TokenStoreKey.ValueString(), "token_store_key"
	if c.TokenStoreKey.IsNull() {
		text, where = s.deps.Getenv(wiring.KeyVariable), wiring.KeyVariable
		if text == "" {
			return seal.Keyring{}
		}
	}
	keys, err := seal.ParseKeys(secret.New(text))
	if err != nil {
		diags.AddAttributeError(path.Root("token_store_key"), "Invalid Token Store Key", where+" cannot be used: "+err.Error()+". Nothing was read, written or sent.")
	}
	return keys
}

// openStore finds the store.
func (s *session) openStore(c providerModel, keys seal.Keyring, diags *diag.Diagnostics) (store.Store, wiring.StoreKind) {
	text, where := c.TokenStore.ValueString(), "token_store"
	if c.TokenStore.IsNull() {
		text, where = s.deps.Getenv(wiring.StoreVariable), wiring.StoreVariable
	}
	if text == wiring.StateStore {
		s.stateOnly = true
		s.location = wiring.StateStore
		return nil, wiring.StoreKind{}
	}
	var err error
	if text == "" && c.TokenStore.IsNull() {
		s.implicit = true
		text, err = s.deps.DefaultStore()
	}
	var st store.Store
	var kind wiring.StoreKind
	if err == nil {
		st, kind, err = s.deps.OpenStore(text, wiring.StateStore)
	}
	if err != nil {
		diags.AddAttributeError(path.Root("token_store"), "Invalid Token Store", where+" cannot be used: "+err.Error()+". Nothing was read, written or sent.")
		return nil, wiring.StoreKind{}
	}
	if kind.NeedsKey && keys.IsZero() && !diags.HasError() {
		diags.AddAttributeError(path.Root("token_store_key"), "Missing Token Store Key",
			fmt.Sprintf("The token store %s is read by others than you: administrators, backups and replicas. What it holds must be sealed, and there is no key. "+
				"Set token_store_key or OAUTH_TOKEN_STORE_KEY to an age key; age-keygen makes one. Keep it apart from the store's backups. Nothing was read, written or sent.", st.Location()))
	}
	return st, kind
}

func (s *session) checkStateOnly(diags *diag.Diagnostics) {
	if !s.secretsInState {
		diags.AddAttributeError(path.Root("secrets_in_state"), "Contradicting Provider Settings",
			`token_store = "state" keeps the tokens in the state and nowhere else, so secrets_in_state cannot be false. Set token_store to a folder, or remove secrets_in_state.`)
	}
}

// isUnknown tells whether a setting is known only at apply.
func (s *session) isUnknown() bool { return len(s.unknown) > 0 }

// ask is what a caller of this session wants of a token.
func (s *session) ask(asker credential.Asker) credential.Ask {
	return credential.Ask{DefaultMargin: s.margin, Asker: asker}
}

// now is the time that credentials are judged by.
func (s *session) now() time.Time {
	if s.manager == nil { // the state is the store, and has no clock
		return s.deps.Clock.Now()
	}
	return s.manager.Now()
}

// storeID returns the id of the store, and "" for one that was never written to.
func (s *session) storeID(ctx context.Context) (string, error) {
	if s.stateOnly {
		return wiring.StateStore, nil
	}
	id, err := s.store.ID(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return id, err
}

// needSettings reports settings that are not known yet. It returns false then.
func (s *session) needSettings(what string, diags *diag.Diagnostics) bool {
	return needKnown(s.unknown, what, diags)
}

// needNetwork is needSettings for what asks servers, and no store.
func (s *session) needNetwork(what string, diags *diag.Diagnostics) bool {
	return needKnown(s.unknownOfNetwork(), what, diags)
}

func needKnown(unknown []path.Path, what string, diags *diag.Diagnostics) bool {
	for _, p := range unknown {
		diags.AddError("Provider Configuration Not Known Yet",
			fmt.Sprintf("%s needs the provider's %s, which is known only after apply. Nothing was read or sent. Give the provider a value that is known at plan time.", what, p))
	}
	return len(unknown) == 0
}

// unknownOfNetwork are the unknown settings by which servers are asked.
func (s *session) unknownOfNetwork() []path.Path {
	return slices.DeleteFunc(slices.Clone(s.unknown), func(p path.Path) bool {
		return !slices.Contains([]string{"request_timeout", "ca_certificate_pem", "allow_insecure_http"}, p.String())
	})
}

// needStore reports what cannot work without a store or before the settings are known. It returns false then.
// instead says what else can be done where there is no store.
func (s *session) needStore(what, instead string, diags *diag.Diagnostics) bool {
	if !s.needSettings(what, diags) {
		return false
	}
	if s.stateOnly {
		diags.AddError("No Token Store",
			what+` looks tokens up by name in a token store, and token_store = "state" has none. `+instead)
		return false
	}
	return true
}

// onCI tells whether the environment is that of a CI job.
func (s *session) onCI() bool {
	for _, name := range []string{"CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "JENKINS_URL", "TEAMCITY_VERSION", "BUILDKITE", "CIRCLECI"} {
		if v := s.deps.Getenv(name); v != "" && v != "false" && v != "0" {
			return true
		}
	}
	return false
}
