package pgstore

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	defaultTable          = "terraform_oauth_store"
	defaultPort           = 5432
	applicationName       = "terraform-provider-oauth"
	defaultConnections    = 4
	defaultConnectTimeout = 10 * time.Second
	// An idle connection is closed before a firewall on the way forgets it.
	defaultIdleTime    = 30 * time.Second
	defaultIdlePeriods = 10 * time.Second
)

// settings is what a URL, the environment and the files they name say.
type settings struct {
	table table
	pool  *pgxpool.Config
}

// table is where the records are. Both names are plain identifiers; schema may be empty.
type table struct{ schema, name string }

// String returns the table as SQL. The quotes keep case, and words that SQL itself uses, from meaning something else.
func (t table) String() string {
	if t.schema == "" {
		return `"` + t.name + `"`
	}
	return `"` + t.schema + `"."` + t.name + `"`
}

// place is the table as the end of a location. It is the same for a table that is named and for one that is the default.
func (t table) place() string {
	switch {
	case t.schema != "":
		return "/" + t.schema + "." + t.name
	case t.name != defaultTable:
		return "/" + t.name
	}
	return ""
}

// maxIdentifier is PostgreSQL's own limit. The expression leaves it out: one that counts is unrolled, at every start of the program.
const maxIdentifier = 63

var (
	identifierPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	hostPattern       = regexp.MustCompile(`^[A-Za-z0-9._:%-]+$`) // names and addresses
)

// parse reads a URL. Nothing that it returns in an error is a piece of it.
func parse(text string) (settings, error) {
	if err := checkParts(text); err != nil {
		return settings{}, err
	}
	// Twice, because the pool takes out what was set of its own.
	given, err := pgx.ParseConfig(text)
	if err != nil {
		return settings{}, parseError(err)
	}
	pool, err := pgxpool.ParseConfig(text)
	if err != nil {
		return settings{}, parseError(err)
	}
	setDefaults(pool, given.RuntimeParams)
	s := settings{pool: pool}
	parameters := pool.ConnConfig.RuntimeParams
	if s.table, err = takeTable(parameters); err != nil {
		return settings{}, err
	}
	if err := takeForeign(parameters); err != nil {
		return settings{}, err
	}
	return s, s.checkPlace()
}

// checkParts refuses a URL in which a password could be taken for something else. One with / or @ in it moves the end of
// the user part, and then there is an @ behind that.
func checkParts(text string) error {
	rest, ok := strings.CutPrefix(text, "postgres://")
	if !ok {
		rest, ok = strings.CutPrefix(text, "postgresql://")
	}
	if !ok {
		return errors.New("it does not begin with postgres:// or postgresql://")
	}
	// The user part ends where libpq and pgx have it end.
	if i := strings.IndexAny(rest, "@/"); i >= 0 && rest[i] == '@' {
		rest = rest[i+1:]
	}
	if strings.Contains(rest, "@") {
		return errors.New("an @ stands behind the user part: in a password, write @ as %40, / as %2F, ? as %3F and # as %23")
	}
	return nil
}

// checkPlace refuses hosts and databases that are none. A & in the place of a ? would put the query, and a password in
// it, into the name of the database, which Location shows.
func (s settings) checkPlace() error {
	if strings.ContainsAny(s.pool.ConnConfig.Database, "&=?@/#") {
		return errors.New("the name of the database has one of & = ? @ / # in it; a query begins with ?, and names schema and table")
	}
	for _, h := range s.hosts() {
		if !isSocketDir(h.name) && !hostPattern.MatchString(h.name) {
			return errors.New("one of its hosts is neither a name nor an address nor the folder of a socket")
		}
	}
	return nil
}

// setDefaults sets what is not in given, the parameters that were set.
func setDefaults(pool *pgxpool.Config, given map[string]string) {
	unset := func(name string) bool { _, ok := given[name]; return !ok }
	if unset("pool_max_conns") {
		pool.MaxConns = defaultConnections
	}
	if unset("pool_max_conn_idle_time") {
		pool.MaxConnIdleTime = defaultIdleTime
	}
	if unset("pool_health_check_period") {
		pool.HealthCheckPeriod = defaultIdlePeriods
	}
	c := pool.ConnConfig
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = defaultConnectTimeout
	}
	if unset("application_name") {
		c.RuntimeParams["application_name"] = applicationName
	}
	// Nothing that a record needs, and room for the rest of the message.
	c.MaxProtocolMessageBodyLen = MaxValue + 64<<10
}

// takeTable takes the parameters of this package out of those that go to the server.
func takeTable(parameters map[string]string) (table, error) {
	t := table{name: defaultTable}
	for name, to := range map[string]*string{"schema": &t.schema, "table": &t.name} {
		value, ok := parameters[name]
		if !ok {
			continue
		}
		if len(value) > maxIdentifier || !identifierPattern.MatchString(value) {
			return table{}, fmt.Errorf("its parameter %s is not a plain name: a letter or _, then letters, digits and _, 63 at most", name)
		}
		*to = value
		delete(parameters, name)
	}
	return t, nil
}

// takeForeign takes out what libpq knows, pgx does not, and a server would refuse: tuning that may be left out, and the
// default of a name.
func takeForeign(parameters map[string]string) error {
	if name, ok := parameters["fallback_application_name"]; ok && parameters["application_name"] == applicationName {
		parameters["application_name"] = name
	}
	if mode := parameters["gssencmode"]; mode == "require" {
		return errors.New("gssencmode=require is not supported")
	}
	for _, name := range []string{
		"fallback_application_name", "gssencmode", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
		"tcp_user_timeout", "sslcompression",
	} {
		delete(parameters, name)
	}
	return nil
}

// parseError says in our own words what pgx found wrong: its words quote the URL.
func parseError(err error) error {
	words := err.Error()
	words = words[strings.LastIndex(words, "`: ")+1:]
	var file *fs.PathError
	switch {
	case errors.As(err, &file):
		return fmt.Errorf("a file named by sslrootcert, sslcert or sslkey cannot be read: %w", file.Err)
	case strings.Contains(words, "failed to parse as URL"):
		return errors.New("it is not a well-formed URL; in its parts, characters like / : ? # % and space are percent-encoded")
	case strings.Contains(words, "failed to read service"):
		return errors.New("its service is not in the service file, or there is no such file")
	case strings.Contains(words, "failed to configure TLS"):
		return errors.New("its sslmode is unknown, or sslrootcert, sslcert or sslkey is not what it should be")
	case strings.Contains(words, "invalid port"), strings.Contains(words, "port numbers"):
		return errors.New("its port is not a number from 1 to 65535, or there is not one for each host")
	}
	for _, name := range []string{
		"connect_timeout", "target_session_attrs", "sslcertmode", "channel_binding", "require_auth", "min_protocol_version",
		"max_protocol_version", "default_query_exec_mode", "statement_cache_capacity", "description_cache_capacity",
		"pool_max_conns", "pool_min_conns", "pool_min_idle_conns", "pool_max_conn_lifetime_jitter", "pool_max_conn_lifetime",
		"pool_max_conn_idle_time", "pool_health_check_period", "pool_ping_timeout",
	} {
		if strings.Contains(words, name) {
			return fmt.Errorf("its parameter %s has a value that is not understood", name)
		}
	}
	return errors.New("a parameter in it, in the PG environment variables or in the service file is not understood")
}

// host is one place to try. With a folder for a name it is a socket there.
type host struct {
	name string
	port uint16
}

// isSocketDir tells what pgx takes for the folder of a socket.
func isSocketDir(name string) bool {
	network, _ := pgconn.NetworkAddress(name, 1)
	return network == "unix"
}

func (h host) String() string {
	_, address := pgconn.NetworkAddress(h.name, h.port)
	return address
}

// hosts are the places to try, each once: pgx lists one with and without TLS.
func (s settings) hosts() []host {
	c := s.pool.ConnConfig
	all := []host{{c.Host, c.Port}}
	for _, f := range c.Fallbacks {
		if h := (host{f.Host, f.Port}); !slices.Contains(all, h) {
			all = append(all, h)
		}
	}
	return all
}

// location returns the hosts, the database and the table as a URL, without ports and a table that are the default.
func (s settings) location() string {
	var hosts []string
	for _, h := range s.hosts() {
		name := url.PathEscape(h.name)
		if strings.Contains(h.name, ":") && !isSocketDir(h.name) {
			name = "[" + name + "]"
		}
		if h.port != defaultPort {
			name += ":" + strconv.Itoa(int(h.port))
		}
		hosts = append(hosts, name)
	}
	return "postgres://" + strings.Join(hosts, ",") + "/" + url.PathEscape(s.pool.ConnConfig.Database) + s.table.place()
}
