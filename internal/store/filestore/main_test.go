package filestore

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// childEnv makes the test binary do the named work of a child process instead of the tests.
const childEnv = "FILESTORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if work := os.Getenv(childEnv); work != "" {
		os.Exit(runChild(work, os.Args[1:]))
	}
	goleak.VerifyTestMain(m)
}
