package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
)

// program returns the path of a program. Debian keeps those of the server off the PATH.
func program(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	paths, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil {
		return "", err
	}
	slices.Sort(paths)
	paths = append(paths, "/usr/sbin/"+name)
	slices.Reverse(paths)
	for _, path := range paths[1:] {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	if _, err := os.Stat(paths[0]); err == nil {
		return paths[0], nil
	}
	return "", fmt.Errorf("%s is missing: apt-get install postgresql pgbouncer", name)
}

// account is the user that a server runs as: the one who runs the tests, unless that is root.
type account struct {
	uid, gid int // -1: the user who runs the tests
}

func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{-1, -1}, nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return account{}, fmt.Errorf("a server does not run as root: %w", err)
	}
	uid, err := strconv.Atoi(nobody.Uid)
	if err != nil {
		return account{}, err
	}
	gid, err := strconv.Atoi(nobody.Gid)
	return account{uid, gid}, err
}

// own gives path to the account.
func (a account) own(path string) error {
	if a.uid < 0 {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}

// command returns a command that will run as the account in dir. Its process is the program's own, so that a signal
// reaches it.
func (a account) command(dir, name string, args ...string) (*exec.Cmd, error) {
	path, err := program(name)
	if err != nil {
		return nil, err
	}
	line := append([]string{path}, args...)
	if a.uid >= 0 {
		setpriv, err := program("setpriv")
		if err != nil {
			return nil, errors.New("setpriv is missing, which runs a server as another user than root: apt-get install util-linux")
		}
		line = append([]string{setpriv, "--reuid=" + strconv.Itoa(a.uid), "--regid=" + strconv.Itoa(a.gid), "--clear-groups"}, line...)
	}
	// Not bound to a context: a server ends by Stop or Kill.
	cmd := exec.CommandContext(context.Background(), line[0], line[1:]...) // #nosec G204 -- the programs of a test
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C", "TZ=UTC"}
	return cmd, nil
}

// run runs a program to its end.
func (a account) run(dir, name string, args ...string) error {
	cmd, err := a.command(dir, name, args...)
	if err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}
