//go:build unix

package rescue_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/rescue"
)

const rescueKeyTwo = "AGE-SECRET-KEY-1T4GASQMYV2KLW8H8G88F8S783ZU2922FCRE2NULA7K4GS0A9HKEQ8NJZWJ"

// A process that dies while it saves leaves a file without its name. One that is whole is a reply that nobody else has; of the others
// those go that no key could open.
func TestRescueDirFinishesWhatTheDeadLeft(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{"plain": "", "sealed": rescueKeyOne} {
		t.Run(name, func(t *testing.T) {
			ctx, dir := t.Context(), filepath.Join(t.TempDir(), "rescue")
			saved := func(key, attempt string) (path string, content []byte) {
				t.Helper()
				d := rescue.NewDir([]string{dir}, rescueKeys(t, key), rescueID)
				path, err := d.Save(ctx, "pair/x", attempt, []byte("the reply "+attempt))
				if err != nil {
					t.Fatal(err)
				}
				d.LetGo(path)
				if content, err = os.ReadFile(path); err != nil {
					t.Fatal(err)
				}
				return path, content
			}
			leave := func(path string, content []byte) {
				t.Helper()
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path+".tmp", content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			whole, content := saved(key, "aa")
			leave(whole, content)
			torn, content := saved(key, "bb")
			leave(torn, content[:len(content)-1])
			empty, _ := saved(key, "cc")
			leave(empty, nil)
			foreign, content := saved(rescueKeyTwo, "dd")
			leave(foreign, content)
			written, content := saved(key, "ee")
			leave(written, content[:3])
			writer, err := os.Open(written + ".tmp")
			if err != nil {
				t.Fatal(err)
			}
			defer writer.Close()
			if err := syscall.Flock(int(writer.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
				t.Fatal(err)
			}

			d := rescue.NewDir([]string{dir}, rescueKeys(t, key), rescueID)
			for range 2 {
				if paths, err := d.List(ctx, ""); err != nil || !slices.Equal(paths, []string{whole}) {
					t.Errorf("List = %v, %v", paths, err)
				}
			}
			if text, err := d.Load(ctx, whole); err != nil || string(text) != "the reply aa" {
				t.Errorf("Load = %q, %v", text, err)
			}
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			var left []string
			for _, e := range entries {
				left = append(left, strings.TrimPrefix(e.Name(), rescueStore+"-"))
			}
			if !slices.Equal(left, []string{"aa.rescue", "dd.rescue.tmp", "ee.rescue.tmp"}) {
				t.Errorf("left: %v", left)
			}
		})
	}
}

// Who looks for rescue files while another one saves neither takes its file away nor lets the save fail.
func TestRescueDirSavesBesideWhoLooks(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), filepath.Join(t.TempDir(), "rescue")
	open := func() *rescue.Dir {
		return rescue.NewDir([]string{dir}, rescueKeys(t, ""), rescueID)
	}
	done := make(chan struct{})
	var lookers sync.WaitGroup
	for range 2 {
		d := open()
		lookers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					_, _ = d.List(ctx, "")
				}
			}
		})
	}
	d := open()
	for i := range 50 {
		path, err := d.Save(ctx, "pair/x", fmt.Sprintf("attempt-%d", i), []byte("the reply"))
		if err != nil {
			t.Errorf("%d: %v", i, err)
			break
		}
		if _, err := d.Load(ctx, path); err != nil {
			t.Errorf("%d: %v", i, err)
		}
		if err := d.Remove(ctx, path); err != nil {
			t.Error(err)
		}
	}
	close(done)
	lookers.Wait()
}
