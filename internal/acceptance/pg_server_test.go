//go:build unix

package acceptance_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/pgtest"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/pgstore"
)

// postgres is the server of all tests that leave it as it is. The first of them starts it.
var postgres struct {
	sync.Mutex
	server *pgtest.Server
}

func sharedPostgres(t testing.TB) *pgtest.Server {
	t.Helper()
	postgres.Lock()
	defer postgres.Unlock()
	if postgres.server == nil {
		s, err := pgtest.Run(pgtest.Config{Settings: map[string]string{"max_connections": "400"}})
		if err != nil {
			t.Fatal(err)
		}
		postgres.server = s
	}
	return postgres.server
}

func closePostgres() error {
	if postgres.server == nil {
		return nil
	}
	return postgres.server.Close()
}

// pgTable is a token store of its own in a server.
type pgTable struct {
	server *pgtest.Server
	schema string
	url    string
}

// onPostgres gives the workspace a new token store in the server, and a key for it.
func (w *workspace) onPostgres(server *pgtest.Server) *pgTable {
	w.t.Helper()
	schema := "s_" + strings.ToLower(rand.Text())
	p := &pgTable{server: server, schema: schema, url: server.URL("postgres") + "&pool_max_conns=2&schema=" + schema}
	w.env["OAUTH_TOKEN_STORE"] = p.url
	w.env["OAUTH_TOKEN_STORE_KEY"] = newKey(w.t)
	return p
}

// later makes everything in the table older, as the server's clock would.
func (p *pgTable) later(t testing.TB, d time.Duration) {
	t.Helper()
	p.server.Exec(t, "postgres", fmt.Sprintf("UPDATE %s.terraform_oauth_store SET changed_at = changed_at - interval '%d microseconds'", p.schema, d.Microseconds()))
}

// movedStore shows the clock of the server moved as that of every process is.
type movedStore struct {
	*pgstore.Store
	path string // of the file with the offset
}

func (m movedStore) Get(ctx context.Context, key string) (store.Entry, error) {
	e, err := m.Store.Get(ctx, key)
	if err == nil && !e.Now.IsZero() {
		e.Now = e.Now.Add(offsetIn(m.path))
	}
	return e, err
}
