// Package pgstore is the store that several machines share: one table in a PostgreSQL database, version 13 or later.
// Open is the entry point.
//
// # URL
//
// A URL is what libpq takes, postgres:// or postgresql://, and what it leaves out comes from the PG… environment variables,
// the service file and the password file. Besides, its query may hold
//
//	schema          the schema of the table; without it the role's search_path decides
//	table           the name of the table, terraform_oauth_store
//	pool_max_conns  the most connections at a time, 4
//
// An @ in it that does not end the user part is written %40; so a password that was not percent-encoded is refused and
// never taken for a host or a database.
//
// # Statements
//
// Each operation is one statement in one round trip, and a transaction by itself. It leaves nothing in the session, so
// PgBouncer may stand between in transaction mode. A revision is a random UUID of the server, and the age of an entry is
// measured by the server's clock. A write that returned nil is on the server's disk, even where synchronous_commit is off
// for the role or the database.
//
// # Table and grants
//
// The first Create makes the table, and the schema if the URL names one; reading makes nothing. To keep the right to make
// tables from the role that runs Terraform, an owner makes it before:
//
//	CREATE SCHEMA oauth;
//	CREATE TABLE oauth.terraform_oauth_store (
//	  key text COLLATE "C" PRIMARY KEY,
//	  revision uuid NOT NULL,
//	  changed_at timestamptz NOT NULL,
//	  value bytea NOT NULL
//	);
//	GRANT USAGE ON SCHEMA oauth TO runner;
//	GRANT SELECT, INSERT, UPDATE, DELETE ON oauth.terraform_oauth_store TO runner;
//
// On a standby, or with a role that may only SELECT, reads work and writes return store.ErrNotDone.
//
// # Limits
//
// The URL must lead to the primary: a standby, or a pooler that sends reads to one, serves what was true a while ago. A
// write by what was read there is refused (store.ErrConflict).
//
// The package does not encrypt, and proves nobody dead (no store.Holder). Values have at most MaxValue bytes. It trusts the
// server to be durable: an UNLOGGED table or fsync = off is the owner's choice. Row-level security that hides rows looks
// like absence.
package pgstore
