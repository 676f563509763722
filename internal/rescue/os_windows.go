package rescue

import (
	"io/fs"
	"os"
)

// checkOwner leaves it to Windows: the folders below a user's profile are the user's.
func checkOwner(string, fs.FileInfo) error { return nil }

// checkParent leaves it to Windows too.
func checkParent(string, fs.FileInfo) error { return nil }

// syncDir does nothing: Windows does not sync folders.
func syncDir(string) error { return nil }

// marks is false: a file that is open could not be removed.
const marks = false

// markInUse is not called.
func markInUse(*os.File) {}

// inUse does not know. A file that its own process is about to remove may then be told as recovered.
func inUse(string) bool { return false }

// takeLeft takes nothing: whether its process lives is not known.
func takeLeft(string) *os.File { return nil }
