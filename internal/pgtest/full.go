package pgtest

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// What a server says when a file cannot grow. On a full disk it is always the first. At a limit of the file size it is the
// first up to PostgreSQL 15 if a part of the page still fitted, and else the second: the system does not call that a
// full disk.
const (
	diskFull      = "53100"
	internalError = "XX000"
)

// limitFiles makes the files of a command end at so many bytes. It needs no privilege, unlike a small file system, and
// PostgreSQL ignores the signal that comes with it.
func limitFiles(cmd *exec.Cmd, bytes int64) {
	if bytes == 0 {
		return
	}
	const inBlocks = `ulimit -f "$0" && exec "$@"`
	cmd.Path = "/bin/sh"
	cmd.Args = append([]string{cmd.Path, "-c", inBlocks, strconv.FormatInt(bytes/512, 10)}, cmd.Args...)
}

// Fill adds rows to the table until not even a small one finds room, and returns the SQLSTATE with which the server refuses
// it. The server has a Config.FileSize. insert adds a row whose content has $1 bytes; with 0 it must have at most 64 bytes in
// all, its header of 24 included. Every larger row, and every new version of one, is refused then. Room comes again
// when rows are deleted and the table is vacuumed.
func (s *Server) Fill(t testing.TB, database, table, insert string) (code string) {
	t.Helper()
	if s.limit == 0 {
		t.Fatal("a server without a limit is never full")
	}
	s.Exec(t, database, "VACUUM "+table) // what is dead is room too
	err := s.with(t, database, func(ctx context.Context, c *pgx.Conn) (err error) {
		// Pages are filled with large rows, and what is left in them with small ones.
		for _, size := range []int{1900, 200, 0} {
			if code, err = fillWith(ctx, c, insert, size); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// fillWith adds rows until the server refuses one, and returns the SQLSTATE of that.
func fillWith(ctx context.Context, c *pgx.Conn, insert string, size int) (string, error) {
	for {
		_, err := c.Exec(ctx, insert, size)
		var refusal *pgconn.PgError
		switch {
		case err == nil:
		case errors.As(err, &refusal) && slices.Contains([]string{diskFull, internalError}, refusal.Code):
			return refusal.Code, nil
		default:
			return "", err
		}
	}
}
