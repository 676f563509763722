package pgstore

import (
	"context"
	"slices"
)

// makeTable makes the table, and the schema if the URL names one and it is not there.
func (s *Store) makeTable(ctx context.Context) error {
	t := s.settings.table
	table := "CREATE TABLE IF NOT EXISTS " + t.String() + ` (
  key text COLLATE "C" PRIMARY KEY,
  revision uuid NOT NULL,
  changed_at timestamptz NOT NULL,
  value bytea NOT NULL
)`
	err := s.make(ctx, table)
	// Not the schema first: IF NOT EXISTS asks for the right to make one even where it exists.
	if t.schema != "" && code(err) == invalidSchemaName {
		if err = s.make(ctx, `CREATE SCHEMA IF NOT EXISTS "`+t.schema+`"`); err == nil {
			err = s.make(ctx, table)
		}
	}
	return err
}

// make runs a statement that makes something, and returns nil if it is there afterwards. Of several that make it at the
// same time, IF NOT EXISTS spares some; the others are refused by what they would make twice, once the first has
// committed.
func (s *Store) make(ctx context.Context, sql string) error {
	_, err := s.run(ctx, statement{sql: sql})
	if slices.Contains([]string{duplicateSchema, duplicateTable, duplicateObject, uniqueViolation}, code(err)) {
		return nil
	}
	return err
}
