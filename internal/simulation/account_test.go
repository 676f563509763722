package simulation

import (
	"strconv"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// account is one credential: at the server, and in a store.
type account struct {
	name, key string
	site      *site
	semantics semantics
	client    *client       // nil: nobody counts
	lifetime  time.Duration // of access tokens
	earliest  time.Duration // the server refuses a refresh before
	idle      time.Duration // a refresh token that is not used for so long dies
	refresh   credential.RefreshSettings
	every     time.Duration // how often somebody asks, on average

	families       []*family
	byRecord       map[string]int // families by the names that the engine gives them
	current        int            // the family that the store holds; 0: none
	issued         int
	open           []*refresh // not yet seen in the store
	opens          []*access
	badClientUntil time.Duration
	expiries       int
	refreshes      int // requests with a refresh token that was looked at

	gaveUp  *verdict // a person is wanted
	brought *refresh // what that person has in hand
}

func numbered(what string, n int) string { return what + strconv.Itoa(n) }

func (w *world) newAccount(s *site) *account {
	n := len(w.server.accounts) + 1
	a := &account{
		name: numbered("c", n), byRecord: map[string]int{}, site: s, semantics: w.config.semantics[w.dice.IntN(len(w.config.semantics))],
		lifetime: pick(w.scheduler, 5*time.Minute, 10*time.Minute, 30*time.Minute, time.Hour, time.Hour, 2*time.Hour, 8*time.Hour),
		idle:     100 * 365 * 24 * time.Hour,
		every:    pick(w.scheduler, w.config.every...),
	}
	a.key = credential.PairKey(a.name)
	a.refresh.Strategy = credential.StrategyBeforeExpiry
	switch w.dice.IntN(20) {
	case 0:
		a.refresh.Strategy = credential.StrategyEveryRead
	case 1:
		a.refresh.Strategy = credential.StrategyAtApply
	case 2:
		a.refresh.Strategy = credential.StrategyNever
	case 3, 4: // as Exact Online does
		a.lifetime, a.earliest = 10*time.Minute, 570*time.Second
		if w.chance(0.5) {
			a.refresh.Earliest = a.earliest
		}
	case 5:
		a.idle = 30 * 24 * time.Hour
	}
	if w.chance(0.3) {
		a.refresh.BeforeExpiry = pick(w.scheduler, 5*time.Second, time.Minute)
	}
	w.joinClient(a)
	w.server.accounts = append(w.server.accounts, a)
	w.server.byKey[a.key] = a
	return a
}

// setup is the credential's configuration.
func (a *account) setup() credential.Setup {
	setup := credential.Setup{Refresh: a.refresh, Client: credential.Client{
		ClientID: "app", ClientSecret: secret.New("app-secret"), AuthorizationEndpoint: "https://as.example/authorize",
		TokenEndpoint: "https://as.example/token", Policy: a.semantics.told,
	}}
	if a.client != nil {
		setup.Client.ClientID, setup.Client.Policy.ErrorBudget = a.client.id, a.client.budget
	}
	return setup
}

// inUse is the access token that was issued last in the current family; nil: none.
func (a *account) inUse() *access {
	for i := len(a.opens) - 1; i >= 0; i-- {
		if a.opens[i].family.n == a.current {
			return a.opens[i]
		}
	}
	return nil
}

// margin is how long a token must live for an ask.
func (a *account) margin(ask credential.Ask) time.Duration {
	m := ask.DefaultMargin
	if a.refresh.BeforeExpiry > 0 {
		m = a.refresh.BeforeExpiry
	}
	return max(m, ask.MinValidity)
}

// spends tells whether an ask may lead to a refresh.
func (a *account) spends(ask credential.Ask) bool {
	switch a.refresh.Strategy {
	case credential.StrategyNever:
		return false
	case credential.StrategyAtApply:
		return ask.Asker == credential.AskerApply
	}
	return true
}

// counts tells whether the calls for this account have to be one for each expiry.
func (a *account) counts() bool {
	return a.refresh.Strategy != credential.StrategyEveryRead && a.earliest == 0
}
