// Package pgtest starts real PostgreSQL servers, and PgBouncer in front of them, for tests. Start is the entry point of
// one test, Run that of a TestMain which shares one server between the tests of a package.
//
// A server listens on a free port of 127.0.0.1 and on a socket in a folder of its own, and belongs to User, a superuser
// who needs no password. Every other role is asked for one over TCP (scram-sha-256). Nothing survives a test: not the
// server, not its files. If the test process itself is killed, its servers end with it and the files stay.
//
// PostgreSQL refuses to run as root: tests that do run it as the user nobody. Durability is switched off for speed, so a
// server here says nothing about power cuts. The package is for tests alone and knows nothing of what is tested.
package pgtest
